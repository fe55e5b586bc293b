/* Clocks that follow real time by counting instructions: the auto rate, align=on, the apparent TSC. */
#include <string.h>

#include "tests/unit/clock_fixture.h"
#include "timekeep/state.h"

/* --- the auto rate -------------------------------------------------------------------------------- */

typedef void controller(uint64_t insns);

static void ours(uint64_t insns)
{
	tk_tick(&tk, insns);
}

/* QEMU's icount_adjust, every 100 ms of virtual or 1 s of host time: the shift moves by one,
 * wobble 100 ms. */
static int64_t qemu_last_delta, qemu_next_virtual, qemu_next_host;

static void qemu(uint64_t insns)
{
	struct timekeep *s = tk.state;
	int64_t ns = tk_clock_ns(&tk, TK_MONOTONIC, insns);
	int64_t delta = ns - script.ns;
	unsigned shift = (unsigned)__builtin_ctzll(s->line.num);

	if (ns < qemu_next_virtual && script.ns < qemu_next_host)
		return;
	qemu_next_virtual = ns + 100000000;
	qemu_next_host = script.ns + 1000000000;
	if (delta > 0 && qemu_last_delta + 100000000 < delta * 2 && shift > 0)
		shift--;
	if (delta < 0 && qemu_last_delta - 100000000 > delta * 2 && shift < TK_MAX_SHIFT)
		shift++;
	qemu_last_delta = delta;
	line_set(s, line_at(insns, (uint64_t)ns, UINT64_C(1) << shift, 1));
}

struct load {
	uint64_t insns;
	int64_t largest; /* |virtual - real| after the first 5 s */
};

/* Runs `mips` for `seconds` in slices of at most a millisecond and a budget; the value never
 * jumps at a tick. */
static void run_load(struct load *load, uint64_t mips, int seconds, controller *control)
{
	int64_t start = script.ns;

	load->largest = 0;
	while (script.ns - start < seconds * INT64_C(1000000000)) {
		uint64_t slice = control == ours ? tk_budget(&tk, load->insns) : TK_MAX_BUDGET;
		int64_t before, drift;

		slice = slice > mips * 1000 ? mips * 1000 : slice < mips ? mips : slice;
		load->insns += slice;
		script.ns += (int64_t)(slice * 1000 / mips);
		before = tk_clock_ns(&tk, TK_MONOTONIC, load->insns);
		control(load->insns);
		MUST(tk_clock_ns(&tk, TK_MONOTONIC, load->insns) == before);
		drift = before - script.ns;
		drift = drift < 0 ? -drift : drift;
		if (script.ns - start >= INT64_C(5000000000) && drift > load->largest)
			load->largest = drift;
	}
}

static const uint64_t speeds[] = { 1, 2, 7, 50, 125, 1000, 3000, 5000 };

static void create_auto(void)
{
	struct tk_config config = tk_config_default();

	config.mode = TK_ICOUNT;
	config.rate = TK_RATE_AUTO;
	create(config);
}

START_TEST(auto_settles)
{
	struct load load = { 0 };

	create_auto();
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 1000), 8000); /* it starts at shift 3 */
	run_load(&load, speeds[_i], 12, ours);
	ck_assert_msg(load.largest < 10000000, "%llu MIPS: off by %lld ns", (unsigned long long)speeds[_i], (long long)load.largest);
}
END_TEST

START_TEST(auto_settles_after_any_change)
{
	struct load load = { 0 };

	create_auto();
	for (unsigned from = 0; from < 8; from++) {
		run_load(&load, speeds[from], 6, ours);
		ck_assert_int_lt(load.largest, 10000000);
		run_load(&load, speeds[(from * 5 + 3) % 8], 6, ours);
		ck_assert_int_lt(load.largest, 10000000);
	}
}
END_TEST

START_TEST(the_rule_of_qemu_does_not)
{
	struct load load = { 0 };
	unsigned unsettled = 0;

	for (unsigned i = 0; i < 8; i++) {
		tear_down();
		set_up();
		create_auto();
		qemu_last_delta = qemu_next_virtual = qemu_next_host = 0;
		load.insns = 0;
		run_load(&load, speeds[i], 12, qemu);
		unsettled += load.largest >= 10000000;
	}
	ck_assert_uint_ge(unsettled, 6);
}
END_TEST

/* Blocked half of the time: the measured speed is that of the running half, and a wait ends at real time. */
START_TEST(auto_does_not_count_idle_time_as_slowness)
{
	uint64_t insns = 0;
	int64_t wait;

	create_auto();
	for (int i = 0; i < 2000; i++) {
		insns += 500000;
		script.ns += 5000000; /* 100 MIPS */
		tk_tick(&tk, insns);
		tk_arm(&tk, 1, tk_clock_ns(&tk, TK_MONOTONIC, insns) + 5000000);
		ck_assert_int_eq(tk_idle_begin(&tk, insns, false, &wait), TK_IDLE_WAIT);
		script.ns += wait;
		tk_idle_end(&tk, insns, TK_WAKE_TIMER);
		ck_assert_int_ge(tk_clock_ns(&tk, TK_MONOTONIC, insns), tk_next_deadline(&tk));
		if (i > 500) {
			ck_assert_int_lt(llabs(tk_drift(&tk, insns)), 10000000);
			ck_assert_int_le(llabs((int64_t)tk_ns_per_insn(&tk) - (INT64_C(10) << 32)), INT64_C(5) << 32);
		}
	}
}
END_TEST

START_TEST(auto_idles_up_to_real_time_only)
{
	int64_t wait;

	create_auto();
	script.ns = 1000; /* virtual time is 8000 */
	tk_arm(&tk, 1, 10000);
	ck_assert_int_eq(tk_idle_begin(&tk, 1000, false, &wait), TK_IDLE_WAIT);
	ck_assert_int_eq(wait, 9000);
	script.ns += 6000;
	tk_idle_end(&tk, 1000, TK_WAKE_EXTERNAL);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 1000), 8000);
	ck_assert_int_eq(tk_idle_begin(&tk, 1000, false, &wait), TK_IDLE_WAIT);
	script.ns += wait;
	tk_idle_end(&tk, 1000, TK_WAKE_TIMER);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 1000), 10000);
	ck_assert_int_eq(script.ns, 10000);
}
END_TEST

START_TEST(stopped_time_is_no_real_time)
{
	int64_t wait;

	create_auto();
	tk_arm(&tk, 1, 1000000);
	tk_idle_begin(&tk, 0, false, &wait);
	script.ns += 400000;
	tk_stop(&tk, 0);
	script.ns += 1000000000;
	tk_cont(&tk, 0);
	tk_idle_end(&tk, 0, TK_WAKE_EXTERNAL);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 0), 400000);
	ck_assert_int_eq(tk_drift(&tk, 0), 0);
}
END_TEST

START_TEST(align_waits_when_over_3_ms_ahead)
{
	struct tk_config config = tk_config_default();

	config.mode = TK_ICOUNT;
	config.rate = TK_RATE_SHIFT;
	config.align = true;
	create(config);
	script.ns = 0;
	ck_assert_int_eq(tk_tick(&tk, 375000), 0); /* 3 ms */
	ck_assert_int_eq(tk_tick(&tk, 375001), 3000008);
	script.ns = 3000000;
	ck_assert_int_eq(tk_tick(&tk, 375001), 0);
}
END_TEST

/* --- the apparent TSC ----------------------------------------------------------------------------- */

START_TEST(apparent_stays_near_and_never_steps_back)
{
	struct tk_config config = tk_config_default();
	uint64_t insns = 0, last = 0, looks;

	config.policy = TK_POLICY_APPARENT;
	config.guest_khz = 1000000;
	config.host_khz = 2000000;
	script.tsc = 123456789;
	create(config);
	for (int i = 0; i < 20000; i++) {
		uint64_t mips = i < 10000 ? 800 : 90; /* the machine slows down on the way */
		uint64_t tsc;

		looks = script.looks;
		for (int read = 0; read < 5; read++) {
			insns += mips * 20;
			tsc = tk_rdtsc(&tk, 0, insns);
			MUST(tsc >= last);
			last = tsc;
		}
		MUST(script.looks == looks); /* between events no host clock is read */
		script.tsc += 200000;
		tk_tick(&tk, insns);
		MUST(tk_rdtsc(&tk, 0, insns) == last);
		if (i % 10000 > 1000)
			MUST(llabs((int64_t)(last - (script.tsc - 123456789) / 2)) < 2000000);
	}
}
END_TEST

START_TEST(apparent_moves_at_half_to_twice_the_rate)
{
	struct tk_config config = tk_config_default();
	uint64_t insns = 0, before, after;

	config.policy = TK_POLICY_APPARENT;
	config.guest_khz = config.host_khz = 1000000;
	create(config);
	/* 1 tick for each instruction, but for a leap of the host every 1000 */
	for (int i = 0; i < 10000; i++) {
		script.tsc += i % 1000 == 999 ? 100000000 : 1000000;
		insns += 1000000;
		tk_tick(&tk, insns);
		before = tk_rdtsc(&tk, 0, insns);
		after = tk_rdtsc(&tk, 0, insns + 1000000);
		if (i % 1000 > 2 && i % 1000 < 999) {
			MUST(after - before >= 499999);
			MUST(after - before <= 2000001);
		}
	}
}
END_TEST

START_TEST(apparent_follows_the_host_when_idle)
{
	struct tk_config config = tk_config_default();
	int64_t wait;

	config.policy = TK_POLICY_APPARENT;
	config.guest_khz = config.host_khz = 1000000;
	create(config);
	tk_arm(&tk, 1, 50000000);
	for (int i = 0; i < 10 && tk_next_deadline(&tk) > tk_clock_ns(&tk, TK_MONOTONIC, 0); i++) {
		ck_assert_int_eq(tk_idle_begin(&tk, 0, false, &wait), TK_IDLE_WAIT);
		script.tsc += (uint64_t)wait;
		tk_idle_end(&tk, 0, TK_WAKE_TIMER);
	}
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 0), 50000000);
}
END_TEST

int main(void)
{
	TCase *tcase = clock_case("rates");

	tcase_add_loop_test(tcase, auto_settles, 0, sizeof(speeds) / sizeof(speeds[0]));
	tcase_add_test(tcase, auto_settles_after_any_change);
	tcase_add_test(tcase, the_rule_of_qemu_does_not);
	tcase_add_test(tcase, auto_does_not_count_idle_time_as_slowness);
	tcase_add_test(tcase, auto_idles_up_to_real_time_only);
	tcase_add_test(tcase, stopped_time_is_no_real_time);
	tcase_add_test(tcase, align_waits_when_over_3_ms_ahead);
	tcase_add_test(tcase, apparent_stays_near_and_never_steps_back);
	tcase_add_test(tcase, apparent_moves_at_half_to_twice_the_rate);
	tcase_add_test(tcase, apparent_follows_the_host_when_idle);
	return run_suite("clock rates", tcase);
}
