/* What tk_create accepts, refuses and decides. */
#include <string.h>

#include "tests/unit/clock_fixture.h"

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

int main(void)
{
	TCase *tests = clock_case("configurations");

	tcase_add_loop_test(tests, illegal_combinations_are_refused, 0, RULES);
	tcase_add_test(tests, default_policy_is_native_where_that_is_safe);
	return run_suite("config", tests);
}
