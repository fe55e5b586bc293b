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
	script.tsc = 2000000; /* 1 ms later: nobody asks */
	unseen_ns = 1;
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 3000000);
	ck_assert_int_eq(asked_gap_ns, 0);
	script.tsc += 20000000; /* 10 ms, 9 of them stopped */
	unseen_ns = 9000000;
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 6000000);
	ck_assert_int_eq(asked_gap_ns, 10000000);
	ck_assert_int_eq(tk_clock_ns(&tk, TK_MONOTONIC, 0), 2000000);
	script.tsc += 20000000; /* never back, whatever the host says */
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

/* Each row breaks one rule of a configuration that is legal otherwise, by ID. */
enum rule {
	SHIFT_11, ALIGN_SLEEP_OFF, ALIGN_DEFAULT, ALIGN_AUTO, AUTO_SLEEP_OFF, FRACTION_0,
	FRACTION_LARGE, ICOUNT_GUARD, ICOUNT_APPARENT, ICOUNT_NATIVE, OFFSET_UNKNOWN_KHZ,
	OFFSET_ALIGN, OFFSET_SLEEP_OFF, OFFSET_SHIFT, NO_VCPU, MANY_VCPUS, LARGE_KHZ, LARGE_RATIO,
	UNSCALED, NATIVE_KHZ, NATIVE_EMULATED, NATIVE_START, NATIVE_GUARD, EMULATED_TABLE, RATE_0,
	TABLE_WITHOUT_GUARD, TABLE_LONG, HOST_SCALED, HOST_START, HOST_GUARD, HOST_RATE, NO_MODE,
	RULES
};

static const struct {
	enum tk_mode mode;
	const char *word; /* that the message must hold */
} rules[RULES] = {
	[SHIFT_11] = { TK_ICOUNT, "0 to 10" },
	[ALIGN_SLEEP_OFF] = { TK_ICOUNT, "sleep=off" },
	[ALIGN_DEFAULT] = { TK_ICOUNT, "shift" },
	[ALIGN_AUTO] = { TK_ICOUNT, "auto" },
	[AUTO_SLEEP_OFF] = { TK_ICOUNT, "auto" },
	[FRACTION_0] = { TK_ICOUNT, "ns-per-insn" },
	[FRACTION_LARGE] = { TK_ICOUNT, "ns-per-insn" },
	[ICOUNT_GUARD] = { TK_ICOUNT, "guard" },
	[ICOUNT_APPARENT] = { TK_ICOUNT, "apparent" },
	[ICOUNT_NATIVE] = { TK_ICOUNT, "offsetting" },
	[OFFSET_UNKNOWN_KHZ] = { TK_OFFSET, "not known" },
	[OFFSET_ALIGN] = { TK_OFFSET, "align" },
	[OFFSET_SLEEP_OFF] = { TK_OFFSET, "sleep=off" },
	[OFFSET_SHIFT] = { TK_OFFSET, "shift" },
	[NO_VCPU] = { TK_OFFSET, "1 to 64" },
	[MANY_VCPUS] = { TK_OFFSET, "1 to 64" },
	[LARGE_KHZ] = { TK_OFFSET, "4294967295" },
	[LARGE_RATIO] = { TK_OFFSET, "32767" },
	[UNSCALED] = { TK_OFFSET, "3000000" },
	[NATIVE_KHZ] = { TK_OFFSET, "frequency" },
	[NATIVE_EMULATED] = { TK_OFFSET, "policy" },
	[NATIVE_START] = { TK_OFFSET, "start" },
	[NATIVE_GUARD] = { TK_OFFSET, "guard" },
	[EMULATED_TABLE] = { TK_OFFSET, "always-emulate" },
	[RATE_0] = { TK_OFFSET, "rate" },
	[TABLE_WITHOUT_GUARD] = { TK_OFFSET, "guard=table" },
	[TABLE_LONG] = { TK_OFFSET, "1024" },
	[HOST_SCALED] = { TK_HOST, "scale" },
	[HOST_START] = { TK_HOST, "start" },
	[HOST_GUARD] = { TK_HOST, "guard" },
	[HOST_RATE] = { TK_HOST, "rate" },
	[NO_MODE] = { (enum tk_mode)9, "mode" },
};

static void break_icount(struct tk_config *config, enum rule rule)
{
	static const enum tk_rate rates[RULES + 1] = {
		[SHIFT_11] = TK_RATE_SHIFT,	 [ALIGN_SLEEP_OFF] = TK_RATE_SHIFT,
		[ALIGN_AUTO] = TK_RATE_AUTO,	 [AUTO_SLEEP_OFF] = TK_RATE_AUTO,
		[FRACTION_0] = TK_RATE_FRACTION, [FRACTION_LARGE] = TK_RATE_FRACTION,
	};

	config->rate = rates[rule];
	config->shift = rule == SHIFT_11 ? 11 : 3;
	config->align = rule == ALIGN_SLEEP_OFF || rule == ALIGN_DEFAULT || rule == ALIGN_AUTO;
	config->sleep_off = rule == ALIGN_SLEEP_OFF || rule == AUTO_SLEEP_OFF;
	config->ns_num = rule == FRACTION_LARGE ? UINT64_C(1) << 32 : 1;
	config->ns_den = rule == FRACTION_0 ? 0 : 1;
	if (rule == ICOUNT_GUARD)
		config->guard = TK_GUARD_CLAMP;
	if (rule == ICOUNT_APPARENT)
		config->policy = TK_POLICY_APPARENT;
	if (rule == ICOUNT_NATIVE)
		config->traps &= ~TK_OFFSETTING;
}

static void break_offset(struct tk_config *config, enum rule rule)
{
	static const int64_t table[1];

	config->host_khz = rule == OFFSET_UNKNOWN_KHZ ? 0 : rule == LARGE_RATIO ? 1000 : 3000000;
	config->guest_khz = rule == LARGE_KHZ ? UINT64_C(1) << 32 : rule == LARGE_RATIO ? UINT32_MAX :
			    rule == UNSCALED || rule == NATIVE_KHZ ? 1000000 : 0;
	config->align = rule == OFFSET_ALIGN;
	config->sleep_off = rule == OFFSET_SLEEP_OFF;
	config->rate = rule == OFFSET_SHIFT ? TK_RATE_SHIFT : TK_RATE_DEFAULT;
	config->vcpus = rule == NO_VCPU ? 0 : rule == MANY_VCPUS ? 65 : 1;
	config->rate_num = rule == RATE_0 ? 0 : 1;
	config->tsc_start = rule == NATIVE_START;
	if (rule == UNSCALED)
		config->traps &= ~TK_SCALING;
	if (rule >= NATIVE_KHZ && rule <= NATIVE_GUARD)
		config->traps &= ~TK_OFFSETTING;
	if (rule == NATIVE_EMULATED || rule == EMULATED_TABLE)
		config->policy = TK_POLICY_ALWAYS_EMULATE;
	config->guard = rule == EMULATED_TABLE || rule == TABLE_LONG ? TK_GUARD_TABLE :
			rule == NATIVE_GUARD ? TK_GUARD_CLAMP : TK_GUARD_NONE;
	config->table = rule == TABLE_WITHOUT_GUARD || rule == TABLE_LONG ? table : NULL;
	config->table_length = rule == TABLE_LONG ? 1025 : 0;
}

static void break_host(struct tk_config *config, enum rule rule)
{
	config->host_khz = 1000000;
	config->guest_khz = rule == HOST_SCALED ? 2000000 : 0;
	config->tsc_start = rule == HOST_START;
	config->guard = rule == HOST_GUARD ? TK_GUARD_STRICT : TK_GUARD_NONE;
	config->rate_num = rule == HOST_RATE ? 2 : 1;
}

static struct tk_config broken(enum tk_mode mode, enum rule rule)
{
	struct tk_config config = tk_config_default();

	config.mode = mode;
	config.host_khz = 1000000;
	if (mode == TK_ICOUNT)
		break_icount(&config, rule);
	if (mode == TK_OFFSET)
		break_offset(&config, rule);
	if (mode == TK_HOST)
		break_host(&config, rule);
	return config;
}

START_TEST(illegal_combinations_are_refused)
{
	struct tk_config config = broken(rules[_i].mode, (enum rule)_i);

	error[0] = '\0';
	ck_assert_int_eq(tk_create(&tk, &config, error, sizeof(error)), -1);
	ck_assert_msg(strstr(error, rules[_i].word), "'%s' should speak of '%s'", error, rules[_i].word);
	if (_i != NO_MODE)
		create(broken(rules[_i].mode, RULES)); /* without the broken rule it is legal */
}
END_TEST

START_TEST(default_policy_is_native_where_that_is_safe)
{
	struct tk_config config = tk_config_default();

	config.policy = TK_POLICY_DEFAULT;
	config.host_khz = 2000000;
	config.guest_khz = 3000000;
	create(config);
	ck_assert_uint_eq(tk_guest_khz(&tk), 3000000);
	config.traps &= ~TK_SCALING;
	create(config);
	ck_assert_uint_eq(tk_guest_khz(&tk), 1000000);
	config.guest_khz = 2000000;
	create(config);
	ck_assert_uint_eq(tk_guest_khz(&tk), 2000000);
	script.unstable = true;
	create(config);
	ck_assert_uint_eq(tk_guest_khz(&tk), 1000000);
	script.ns += 5;
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 5);
	ck_assert_uint_eq(tk_rdtsc(&tk, 0, 0), 6);
	ck_assert_uint_eq(tk_stats(&tk).exits, 2);
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

START_TEST(pages_and_addresses)
{
	static const uint32_t addresses[] = { 0x11, 0x12, 0x4b564d00, 0x4b564d01 };
	struct tk_config config = icount(0);
	struct tk_pvclock page;
	struct tk_pvwall wall;
	uint64_t value, ns;

	config.vcpus = 2;
	config.epoch_ns = 5000000007;
	create(config);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(tk_wrmsr(&tk, 0, 0, addresses[i], 0x1000 * (i % 2 + 1)), TK_OK);
		ck_assert_int_eq(tk_rdmsr(&tk, 0, 0, addresses[i], &value), TK_OK);
		ck_assert_uint_eq(value, 0x1000 * (i % 2 + 1));
	}
	ck_assert_int_eq(tk_rdmsr(&tk, 1, 0, 0x12, &value), TK_OK);
	ck_assert_uint_eq(value, 0); /* one for each vCPU */
	tk_pvwall_refresh(&tk, 3, &wall);
	ck_assert_uint_eq(wall.sec, 5);
	ck_assert_uint_eq(wall.nsec, 7);
	ck_assert_uint_eq(wall.version, 2);
	tk_pvclock_refresh(&tk, 0, 100, &page);
	ck_assert_uint_eq(page.flags, 1);
	ck_assert(tk_pvclock_read(&page, tk_rdtsc(&tk, 0, 150), &ns));
	ck_assert_uint_eq(ns, 150);
	tk_wrmsr(&tk, 1, 150, 0x10, 7);
	tk_pvclock_refresh(&tk, 0, 200, &page);
	ck_assert_uint_eq(page.flags, 0); /* the TSCs no longer agree */
	page.version++;
	ck_assert(!tk_pvclock_read(&page, 200, &ns));
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
	free(image);
}
END_TEST

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
	memset(image, 0, 8);
	ck_assert_int_eq(tk_restore(&tk, image, tk_size(), &how, 0, error, sizeof(error)), -1);
	ck_assert_ptr_nonnull(strstr(error, "image"));
	free(image);
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
	tcase_add_test(tcase, an_unseen_stop_takes_no_time);
	tcase_add_test(tcase, an_unseen_stop_is_no_real_time);
	tcase_add_test(tcase, without_offsetting_a_stop_changes_nothing);
	tcase_add_loop_test(tcase, illegal_combinations_are_refused, 0, RULES);
	tcase_add_test(tcase, default_policy_is_native_where_that_is_safe);
	tcase_add_test(tcase, a_fault_ends_the_fast_path);
	tcase_add_test(tcase, a_tsc_value_has_a_moment);
	tcase_add_test(tcase, pages_and_addresses);
	tcase_add_test(tcase, an_image_carries_everything);
	tcase_add_test(tcase, an_image_may_not_fit_the_host);
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
