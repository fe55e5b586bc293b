/* The library's interface: creating, refusing, reading, timers, idle, MSRs, CPUID. */
#include <check.h>
#include <string.h>

#include "tests/timekeep_model.h"

static struct script script;
static struct tk_host host;
static struct tk tk;
static char error[200];

static void set_up(void)
{
	script = (struct script){ 0 };
	host = script_host(&script);
	tk = (struct tk){ calloc(1, tk_size()), &host };
}

static void tear_down(void)
{
	free(tk.state);
}

static struct tk_config icount(unsigned shift)
{
	struct tk_config config = tk_config_default();

	config.mode = TK_ICOUNT;
	config.rate = TK_RATE_SHIFT;
	config.shift = shift;
	return config;
}

static void create(struct tk_config config)
{
	ck_assert_msg(tk_create(&tk, &config, error, sizeof(error)) == 0, "%s", error);
}

static void refused(struct tk_config config, const char *word)
{
	error[0] = '\0';
	ck_assert_int_eq(tk_create(&tk, &config, error, sizeof(error)), -1);
	ck_assert_msg(strstr(error, word), "'%s' should speak of '%s'", error, word);
}

START_TEST(icount_reads_no_host_clock)
{
	struct tk_config config = icount(3);

	config.sleep_off = true;
	config.guest_khz = 2500000;
	create(config);
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 1000), 20000);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_BOOTTIME, 2000), 16000);
	tk_arm(&tk, 7, 20001);
	ck_assert_uint_eq(tk_budget(&tk, 2000), 501);
	tk_tick(&tk, 2000);
	ck_assert_uint_eq(script.looks, 0);
}
END_TEST

START_TEST(a_fraction_is_exact)
{
	struct tk_config config = icount(0);

	config.rate = TK_RATE_FRACTION;
	config.ns_num = 7;
	config.ns_den = 3;
	create(config);
	for (uint64_t n = 0; n < 1000; n++)
		ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, n), (int64_t)(n * 7 / 3));
	for (int64_t deadline = 1; deadline < 1000; deadline++) {
		uint64_t budget;

		tk_arm(&tk, 1, deadline);
		budget = tk_budget(&tk, 0);
		ck_assert_int_ge(tk_clock_ns(&tk, TK_MONOTONIC, budget), deadline);
		ck_assert_int_lt(tk_clock_ns(&tk, TK_MONOTONIC, budget - 1), deadline);
	}
}
END_TEST

START_TEST(timers_come_in_order)
{
	uint64_t id;
	int64_t deadline;

	create(icount(0));
	for (uint64_t i = 0; i < TK_MAX_TIMERS; i++)
		ck_assert_int_eq(tk_arm(&tk, i, i % 2 ? 10 : 5), 0);
	ck_assert_int_eq(tk_arm(&tk, TK_MAX_TIMERS, 1), -1);
	ck_assert_int_eq(tk_arm(&tk, 0, 5), 0); /* armed again: now the last of its time */
	ck_assert(tk_disarm(&tk, 2));
	ck_assert(!tk_disarm(&tk, 2));
	ck_assert_int_eq(tk_arm(&tk, 4, TK_NEVER), 0);
	ck_assert(!tk_pop_expired(&tk, 4, &id, &deadline));
	for (uint64_t i = 6; i < TK_MAX_TIMERS; i += 2) {
		ck_assert(tk_pop_expired(&tk, 5, &id, &deadline));
		ck_assert_uint_eq(id, i);
		ck_assert_int_eq(deadline, 5);
	}
	ck_assert(tk_pop_expired(&tk, 5, &id, &deadline));
	ck_assert_uint_eq(id, 0);
	ck_assert(!tk_pop_expired(&tk, 5, &id, &deadline));
	ck_assert_int_eq(tk_next_deadline(&tk), 10);
}
END_TEST

START_TEST(idle_sleeps_or_jumps)
{
	struct tk_config config = icount(3);
	int64_t wait;

	create(config);
	ck_assert_int_eq(tk_idle_begin(&tk, 1000, false, &wait), TK_IDLE_DEADLOCK);
	ck_assert_int_eq(tk_idle_begin(&tk, 1000, true, &wait), TK_IDLE_FOREVER);
	tk_idle_end(&tk, 1000, TK_WAKE_EXTERNAL);
	tk_arm(&tk, 1, 1008000);
	ck_assert_int_eq(tk_idle_begin(&tk, 1000, false, &wait), TK_IDLE_WAIT);
	ck_assert_int_eq(wait, 1000000);
	script.ns = 1250000;
	tk_idle_end(&tk, 1000, TK_WAKE_TIMER);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 1000), 1258000);

	config.sleep_off = true;
	create(config);
	tk_arm(&tk, 1, 1008000);
	ck_assert_int_eq(tk_idle_begin(&tk, 1000, true, &wait), TK_IDLE_WAIT);
	ck_assert_int_eq(wait, 0);
	tk_idle_end(&tk, 1000, TK_WAKE_EXTERNAL);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 1000), 8000);
	tk_idle_begin(&tk, 1000, true, &wait);
	tk_idle_end(&tk, 1000, TK_WAKE_TIMER);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 1000), 1008000);
}
END_TEST

START_TEST(offset_mode_scales_and_stops)
{
	struct tk_config config = tk_config_default();

	config.guest_khz = 3000000;
	config.host_khz = 2000000;
	config.tsc_start = 100;
	config.epoch_ns = 1000000000000000000;
	script.tsc = 10000000;
	create(config);
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 100);
	script.tsc += 2000;
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 3100);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 0), 1000);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_REALTIME, 0), 1000000000000001000);
	tk_stop(&tk, 0);
	script.tsc += 1000000;
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 0), 1000);
	tk_cont(&tk, 0);
	script.tsc += 2000;
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 6100);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 0), 2000);
	ck_assert_int_eq(tk_set_host_khz(&tk, 1000000, 0), 0);
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 6100);
	script.tsc += 1000;
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 9100);
}
END_TEST

START_TEST(illegal_combinations_are_refused)
{
	struct tk_config config;

	refused(icount(11), "0 to 10");
	config = icount(3);
	config.align = config.sleep_off = true;
	refused(config, "sleep=off");
	config = icount(3);
	config.align = true;
	config.rate = TK_RATE_DEFAULT;
	refused(config, "shift");
	config.rate = TK_RATE_AUTO;
	refused(config, "auto");
	config.align = false;
	config.sleep_off = true;
	refused(config, "sleep=off");
	config = icount(3);
	config.rate = TK_RATE_FRACTION;
	config.ns_den = 0;
	refused(config, "ns-per-insn");
	config = icount(3);
	config.guard = TK_GUARD_CLAMP;
	refused(config, "offset");
	config.guard = TK_GUARD_NONE;
	config.policy = TK_POLICY_APPARENT;
	refused(config, "offset");

	config = tk_config_default();
	refused(config, "frequency");
	config.host_khz = 1000000;
	config.align = true;
	refused(config, "icount");
	config.align = false;
	config.sleep_off = true;
	refused(config, "icount");
	config.sleep_off = false;
	config.rate = TK_RATE_SHIFT;
	refused(config, "icount");
	config.rate = TK_RATE_DEFAULT;
	config.vcpus = 0;
	refused(config, "vCPU");
	config.vcpus = 65;
	refused(config, "vCPU");
	config.vcpus = 1;
	config.guest_khz = UINT32_MAX;
	config.host_khz = 1000;
	refused(config, "32767");
	config.host_khz = 3000000;
	config.traps &= ~TK_SCALING;
	refused(config, "3000000");
	config.traps &= ~TK_OFFSETTING;
	refused(config, "offsetting");
	config = tk_config_default();
	config.host_khz = 1000000;
	config.policy = TK_POLICY_ALWAYS_EMULATE;
	config.guard = TK_GUARD_TABLE;
	refused(config, "always-emulate");
	config.policy = TK_POLICY_NEVER_EMULATE;
	config.rate_num = 0;
	refused(config, "rate");

	config = tk_config_default();
	config.mode = TK_HOST;
	config.host_khz = 1000000;
	config.guest_khz = 2000000;
	refused(config, "scale");
	config.guest_khz = 0;
	config.tsc_start = 1;
	refused(config, "start");
	config.tsc_start = 0;
	config.guard = TK_GUARD_STRICT;
	refused(config, "offset");
	config.guard = TK_GUARD_NONE;
	create(config);
}
END_TEST

START_TEST(msrs)
{
	struct tk_config config = icount(0);
	struct tk_stats stats;
	uint64_t value, id;
	int64_t deadline;

	config.vcpus = 2;
	config.guest_khz = 2400000;
	create(config);
	ck_assert_int_eq(tk_rdmsr(&tk, 2, 0, 0x10, &value), TK_EVCPU);
	ck_assert_int_eq(tk_rdmsr(&tk, 0, 0, 0x1234, &value), TK_EMSR);
	ck_assert_int_eq(tk_wrmsr(&tk, 0, 0, 0xce, 0), TK_EWRITE);
	ck_assert_int_eq(tk_wrmsr(&tk, 0, 0, 0xc0000103, UINT64_C(1) << 32), TK_EVALUE);
	ck_assert_int_eq(tk_rdmsr(&tk, 0, 0, 0xce, &value), TK_OK);
	ck_assert_uint_eq(value, 24 << 8);
	ck_assert_int_eq(tk_rdmsr(&tk, 1, 0, 0xc0000103, &value), TK_OK);
	ck_assert_uint_eq(value, 1);
	ck_assert_int_eq(tk_wrmsr(&tk, 1, 1000, 0xe7, 5), TK_OK);
	ck_assert_int_eq(tk_rdmsr(&tk, 1, 2000, 0xe7, &value), TK_OK);
	ck_assert_uint_eq(value, 2405);
	ck_assert_int_eq(tk_rdmsr(&tk, 1, 2000, 0xe8, &value), TK_OK);
	ck_assert_uint_eq(value, 4800);

	/* the deadline follows a write of the TSC, fires once, and reads 0 afterwards */
	ck_assert_int_eq(tk_wrmsr(&tk, 1, 2000, 0x6e0, 4801), TK_OK);
	ck_assert_int_eq(tk_next_deadline(&tk), 2001);
	ck_assert_int_eq(tk_wrmsr(&tk, 1, 2000, 0x10, 0), TK_OK);
	ck_assert_int_eq(tk_next_deadline(&tk), 4001);
	ck_assert(!tk_pop_expired(&tk, 4000, &id, &deadline));
	ck_assert(tk_pop_expired(&tk, 4001, &id, &deadline));
	ck_assert_uint_eq(id, TK_TIMER_TSC_DEADLINE(1));
	ck_assert_int_eq(tk_rdmsr(&tk, 1, 4001, 0x6e0, &value), TK_OK);
	ck_assert_uint_eq(value, 0);
	ck_assert_int_eq(tk_wrmsr(&tk, 1, 4001, 0x6e0, UINT64_MAX / 4), TK_OK);
	ck_assert_int_eq(tk_wrmsr(&tk, 1, 4001, 0x6e0, 0), TK_OK);
	ck_assert_int_eq(tk_next_deadline(&tk), TK_NEVER);
	stats = tk_stats(&tk);
	ck_assert_uint_eq(stats.backsteps, 0);
}
END_TEST

START_TEST(cpuid_agrees_with_the_frequency)
{
	struct tk_config config = icount(0);
	uint32_t regs[4] = { 0 };

	config.guest_khz = 2399999;
	config.traps &= ~TK_RDTSCP;
	create(config);
	ck_assert(tk_cpuid(&tk, 0x15, 0, regs));
	ck_assert_uint_eq(regs[0], 1);
	ck_assert_uint_eq((uint64_t)regs[2] * regs[1], UINT64_C(2399999000));
	ck_assert(tk_cpuid(&tk, 0x16, 0, regs));
	ck_assert_uint_eq(regs[0], 2400);
	ck_assert(tk_cpuid(&tk, 0x40000010, 0, regs));
	ck_assert_uint_eq(regs[0], 2399999);
	regs[3] = 0;
	ck_assert(tk_cpuid(&tk, 0x80000007, 0, regs));
	ck_assert_uint_eq(regs[3], 1 << 8);
	regs[3] = UINT32_MAX;
	ck_assert(tk_cpuid(&tk, 0x80000001, 0, regs));
	ck_assert_uint_eq(regs[3], ~(UINT32_C(1) << 27));
	regs[2] = UINT32_MAX;
	ck_assert(tk_cpuid(&tk, 7, 0, regs));
	ck_assert_uint_eq(regs[2], ~(UINT32_C(1) << 22));
	ck_assert(!tk_has_rdtscp(&tk));
	ck_assert(!tk_cpuid(&tk, 7, 1, regs));
	ck_assert(!tk_cpuid(&tk, 2, 0, regs));
}
END_TEST

START_TEST(mode_host_is_the_hosts)
{
	struct tk_config config = tk_config_default();
	const struct tk_host *real = tk_host_linux();
	struct tk here = { tk.state, real };
	uint64_t before, tsc, after;
	uint32_t cpu;

	config.mode = TK_HOST;
	ck_assert_msg(tk_create(&here, &config, error, sizeof(error)) == 0, "%s", error);
	ck_assert_uint_gt(tk_guest_khz(&here), 100000);
	before = real->tsc(NULL, &cpu);
	tsc = tk_rdtsc(&here, 0, 0);
	after = real->tsc(NULL, &cpu);
	ck_assert(before <= tsc && tsc <= after);
	ck_assert_int_eq(tk_wrmsr(&here, 0, 0, 0x10, 1), TK_EMODE);
	ck_assert_int_eq(tk_wrmsr(&here, 0, 0, 0x3b, 1), TK_EMODE);
	ck_assert_int_eq(tk_set_wall(&here, 1, 0), TK_EMODE);
	ck_assert_int_eq(tk_inject_jump(&here, 1, 0), -1);
	ck_assert(strstr(tk_strerror(TK_EMODE), "host"));
}
END_TEST

START_TEST(the_law_holds_on_this_machine)
{
	struct tk_config config = tk_config_default();
	struct tk here = { tk.state, tk_host_linux() };
	uint64_t tsc, khz;
	int64_t ns, between;

	config.guest_khz = 1234567;
	ck_assert_msg(tk_create(&here, &config, error, sizeof(error)) == 0, "%s", error);
	khz = tk_guest_khz(&here);
	for (int i = 0; i < 1000; i++) {
		tsc = tk_rdtsc(&here, 0, 0);
		ns = tk_clock_ns(&here, TK_MONOTONIC, 0);
		between = ns - (int64_t)(tsc * 1000000 / khz);
		ck_assert_int_ge(between, -1);
		ck_assert_int_lt(between, 50000000); /* other programs run too */
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("timekeep");
	TCase *tcase = tcase_create("interface");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, icount_reads_no_host_clock);
	tcase_add_test(tcase, a_fraction_is_exact);
	tcase_add_test(tcase, timers_come_in_order);
	tcase_add_test(tcase, idle_sleeps_or_jumps);
	tcase_add_test(tcase, offset_mode_scales_and_stops);
	tcase_add_test(tcase, illegal_combinations_are_refused);
	tcase_add_test(tcase, msrs);
	tcase_add_test(tcase, cpuid_agrees_with_the_frequency);
	tcase_add_test(tcase, mode_host_is_the_hosts);
	tcase_add_test(tcase, the_law_holds_on_this_machine);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
