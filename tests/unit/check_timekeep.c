/* The library's interface: reading, timers, idle, stops, faults, images, this host. */
#include <string.h>

#include "tests/unit/clock_fixture.h"

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
	ck_assert_int_eq(tk_drift(&tk, 2000), 0);
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

/* The fast path multiplies in 64 bits; these do not fit. */
START_TEST(large_rates_are_exact)
{
	struct tk_config config = icount(0);

	config.rate = TK_RATE_FRACTION;
	config.ns_num = UINT64_C(1) << 31;
	config.guest_khz = UINT64_C(1) << 19;
	config.rate_num = 1 << 14;
	create(config);
	for (uint64_t n = 0; n < 100; n++) {
		ck_assert_uint_eq(tk_rdtsc(&tk, 0, n), (uint64_t)((unsigned __int128)n * (UINT64_C(1) << 45) * config.guest_khz / 1000000));
		ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, n), (int64_t)(n << 45));
	}
	config = icount(3);
	config.rate_num = TK_MAX_RATE; /* the host's frequency has no effect */
	create(config);
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 5), 5 * 8 * TK_MAX_RATE);
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
	ck_assert_int_eq(tk_arm(&tk, 0, 5), 0); /* armed again: now the last one of its time */
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
	ck_assert_int_eq(tk_set_host_khz(&tk, 0, 0), -1);
	ck_assert_int_eq(tk_set_host_khz(&tk, 1000000, 0), 0);
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 6100);
	script.tsc += 1000;
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 9100);
}
END_TEST

/* The host stopped the process for as long as the script says. */
static int64_t unseen_ns, asked_gap_ns;

static int64_t stopped_unseen(void *ctx, int64_t gap_ns)
{
	(void)ctx;
	asked_gap_ns = gap_ns;
	return unseen_ns;
}

START_TEST(an_unseen_stop_takes_no_time)
{
	struct tk_config config = tk_config_default();

	host.stopped = stopped_unseen;
	config.guest_khz = 3000000;
	config.host_khz = 2000000;
	create(config);
	script.tsc = 2000000; /* 1 ms later: the host is not asked */
	unseen_ns = 1;
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 3000000);
	ck_assert_int_eq(asked_gap_ns, 0);
	script.tsc += 20000000; /* 10 ms, 9 of them stopped */
	unseen_ns = 9000000;
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 6000000);
	ck_assert_int_eq(asked_gap_ns, 10000000);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 0), 2000000);
	script.tsc += 20000000; /* never back, whatever the host returns */
	unseen_ns = INT64_MAX;
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 6000000);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_REALTIME, 0), 2000000);
}
END_TEST

START_TEST(an_unseen_stop_is_no_real_time)
{
	struct tk_config config = icount(3);
	int64_t wait;

	host.stopped = stopped_unseen;
	create(config);
	tk_arm(&tk, 1, 10000000);
	ck_assert_int_eq(tk_idle_begin(&tk, 0, false, &wait), TK_IDLE_WAIT);
	ck_assert_int_eq(wait, 10000000);
	script.ns += 10000000;
	unseen_ns = 4000000;
	tk_idle_end(&tk, 0, TK_WAKE_EXTERNAL);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 0), 6000000);
	ck_assert_int_eq(tk_drift(&tk, 0), 0);
}
END_TEST

START_TEST(without_offsetting_a_stop_changes_nothing)
{
	struct tk_config config = tk_config_default();

	config.traps = TK_RDTSCP;
	config.guest_khz = config.host_khz = 1000000;
	script.tsc = 5000;
	create(config);
	tk_stop(&tk, 0);
	script.tsc = 9000;
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 9000);
	tk_cont(&tk, 0);
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 9000);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 0), 4000);
}
END_TEST

START_TEST(a_fault_ends_the_fast_path)
{
	create(icount(0));
	tk_inject_jump(&tk, 1000, 77);
	tk_inject_wall_step(&tk, 500, -3);
	for (uint64_t n = 0; n < 2000; n++)
		ck_assert_uint_eq(tk_rdtsc(&tk, 0, n), n < 1000 ? n : n + 77);
	ck_assert_uint_eq(tk_wall_generation(&tk), 1);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_REALTIME, 2000), 2074);
	ck_assert_int_eq(tk_inject_skew(&tk, 1, 0, 0), TK_EVCPU);
	ck_assert_int_eq(tk_inject_skew(&tk, 0, 0, 1000001), TK_EVALUE);
	ck_assert_int_eq(tk_inject_skew(&tk, 0, -7, -500000), TK_OK);
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 1923), 2000 - 7 - 1000);
	for (unsigned i = 0; i < TK_MAX_INJECTIONS; i++)
		ck_assert_int_eq(tk_inject_jump(&tk, 10000, 1), 0);
	ck_assert_int_eq(tk_inject_jump(&tk, 10000, 1), -1);
}
END_TEST

START_TEST(a_tsc_value_has_a_moment)
{
	struct tk_config config = tk_config_default();

	config.guest_khz = config.host_khz = 3000000;
	script.tsc = 1000;
	create(config);
	script.tsc += 1;
	ck_assert_int_eq(tk_when_tsc(&tk, 0, 1, 0), 0);
	ck_assert_int_eq(tk_when_tsc(&tk, 0, 4, 0), 2);
	ck_assert_int_eq(tk_when_tsc(&tk, 0, 6, 0), 2);
	ck_assert_int_eq(tk_when_tsc(&tk, 0, UINT64_C(1) << 62, 0), 1537228672809129302);
	ck_assert_int_eq(tk_when_tsc(&tk, 0, INT64_MAX, 0), 3074457345618258603);
	config = icount(0);
	config.guest_khz = 1000;
	create(config);
	ck_assert_int_eq(tk_when_tsc(&tk, 0, INT64_MAX, 0), TK_NEVER);
	config = tk_config_default();
	config.mode = TK_HOST;
	config.host_khz = 2000000;
	script.ns = 500;
	create(config);
	ck_assert_int_eq(tk_when_tsc(&tk, 0, script.tsc + 200, 0), 600);
}
END_TEST

START_TEST(an_image_carries_everything)
{
	struct tk_config config = icount(3);
	struct tk_restore how = { .policy = TK_ADVANCE };
	void *image = malloc(tk_size());
	uint64_t value;

	config.vcpus = 3;
	config.epoch_ns = 1000;
	script.wall = 70000;
	create(config);
	tk_wrmsr(&tk, 2, 0, 0xc0000103, 0x2002);
	tk_wrmsr(&tk, 2, 0, 0xe8, 9);
	tk_arm(&tk, 4, 99);
	tk_save(&tk, 10, image);
	memset(tk.state, 0xee, tk_size());
	script.wall += 500;
	how.away_ns = tk_away(&host, image);
	ck_assert_int_eq(how.away_ns, 500);
	ck_assert_int_eq(tk_restore(&tk, image, tk_size(), &how, 1000, error, sizeof(error)), 0);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 1000), 580);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_REALTIME, 1000), 1580);
	ck_assert_uint_eq(tk_aux(&tk, 2), 0x2002);
	ck_assert_int_eq(tk_rdmsr(&tk, 2, 1000, 0xe8, &value), TK_OK);
	ck_assert_uint_eq(value, 589);
	ck_assert_int_eq(tk_next_deadline(&tk), 99);
	ck_assert_uint_eq(tk_incarnation(&tk), 1);
	script.wall = 0; /* a host whose clock is wrong */
	ck_assert_int_eq(tk_away(&host, image), 0);
	config.sleep_off = true;
	script.wall = 70000;
	create(config);
	tk_save(&tk, 10, image);
	script.wall += 500;
	ck_assert_int_eq(tk_away(&host, image), 500);
	free(image);
}
END_TEST

static unsigned image_field(const char *wanted)
{
	const char *name;
	unsigned count;

	for (unsigned field = 0; (name = tk_image_field(field, &count)); field++)
		if (!strcmp(name, wanted))
			return field;
	ck_abort_msg("no field %s", wanted);
}

START_TEST(an_image_may_not_fit_the_host)
{
	struct tk_config config = tk_config_default();
	struct tk_restore how = { .host_khz = 1000000 };
	void *image = malloc(tk_size());

	config.host_khz = config.guest_khz = 3000000;
	config.traps &= ~TK_SCALING;
	create(config);
	tk_save(&tk, 0, image);
	ck_assert_int_eq(tk_restore(&tk, image, tk_size(), &how, 0, error, sizeof(error)), -1);
	ck_assert_ptr_nonnull(strstr(error, "scaling"));
	how.host_khz = 10;
	ck_assert_int_eq(tk_restore(&tk, image, tk_size(), &how, 0, error, sizeof(error)), -1);
	ck_assert_ptr_nonnull(strstr(error, "cannot be scaled"));
	how.host_khz = 0;
	ck_assert(tk_image_set(image, image_field("vcpu.pv.tsc_shift"), 5, 64));
	ck_assert_int_eq(tk_restore(&tk, image, tk_size(), &how, 0, error, sizeof(error)), -1);
	ck_assert_ptr_nonnull(strstr(error, "not the image"));
	tk_image_set(image, image_field("vcpu.pv.tsc_shift"), 5, 63);
	ck_assert_int_eq(tk_restore(&tk, image, tk_size(), &how, 0, error, sizeof(error)), 0);
	ck_assert_int_eq(tk_restore(&tk, image, tk_size() - 1, &how, 0, error, sizeof(error)), -1);
	ck_assert_ptr_nonnull(strstr(error, "not the image"));
	memset(image, 0, tk_size());
	ck_assert_int_eq(tk_restore(&tk, image, tk_size(), &how, 0, error, sizeof(error)), -1);
	ck_assert_ptr_nonnull(strstr(error, "not the image"));
	free(image);
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
	int64_t ns, between, shortest = INT64_MAX;

	config.guest_khz = 1234567;
	ck_assert_msg(tk_create(&here, &config, error, sizeof(error)) == 0, "%s", error);
	khz = tk_guest_khz(&here);
	for (int i = 0; i < 1000; i++) {
		tsc = tk_rdtsc(&here, 0, 0);
		ns = tk_clock_ns(&here, TK_MONOTONIC, 0);
		between = ns - (int64_t)(tsc * 1000000 / khz);
		ck_assert_int_ge(between, -1);
		shortest = between < shortest ? between : shortest; /* other programs run too */
	}
	ck_assert_int_lt(shortest, 1000000);
}
END_TEST

int main(void)
{
	TCase *tcase = clock_case("interface");

	tcase_add_test(tcase, icount_reads_no_host_clock);
	tcase_add_test(tcase, a_fraction_is_exact);
	tcase_add_test(tcase, large_rates_are_exact);
	tcase_add_test(tcase, timers_come_in_order);
	tcase_add_test(tcase, idle_sleeps_or_jumps);
	tcase_add_test(tcase, offset_mode_scales_and_stops);
	tcase_add_test(tcase, an_unseen_stop_takes_no_time);
	tcase_add_test(tcase, an_unseen_stop_is_no_real_time);
	tcase_add_test(tcase, without_offsetting_a_stop_changes_nothing);
	tcase_add_test(tcase, a_fault_ends_the_fast_path);
	tcase_add_test(tcase, a_tsc_value_has_a_moment);
	tcase_add_test(tcase, an_image_carries_everything);
	tcase_add_test(tcase, an_image_may_not_fit_the_host);
	tcase_add_test(tcase, mode_host_is_the_hosts);
	tcase_add_test(tcase, the_law_holds_on_this_machine);
	return run_suite("timekeep", tcase);
}
