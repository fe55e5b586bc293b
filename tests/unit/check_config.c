/* What tk_create accepts, refuses and decides. */
#include <string.h>

#include "tests/unit/clock_fixture.h"

/* A legal configuration of each mode. */
static struct tk_config legal(enum tk_mode mode)
{
	struct tk_config config = mode == TK_ICOUNT ? icount(3) : tk_config_default();

	config.mode = mode;
	config.host_khz = mode == TK_OFFSET ? 3000000 : 1000000;
	return config;
}

/* Each row: the rule's name, the mode, a word of the message, and what breaks the rule in a legal configuration `c`. */
#define RULE_LIST(RULE)                                                                                                    \
	RULE(SHIFT_11, TK_ICOUNT, "0 to 10", c->shift = 11)                                                                \
	RULE(ALIGN_SLEEP_OFF, TK_ICOUNT, "sleep=off", c->align = c->sleep_off = true)                                      \
	RULE(ALIGN_DEFAULT, TK_ICOUNT, "shift", c->align = true; c->rate = TK_RATE_DEFAULT)                                \
	RULE(ALIGN_AUTO, TK_ICOUNT, "auto", c->align = true; c->rate = TK_RATE_AUTO)                                       \
	RULE(AUTO_SLEEP_OFF, TK_ICOUNT, "auto", c->sleep_off = true; c->rate = TK_RATE_AUTO)                               \
	RULE(FRACTION_0, TK_ICOUNT, "ns-per-insn", c->rate = TK_RATE_FRACTION; c->ns_den = 0)                              \
	RULE(FRACTION_LARGE, TK_ICOUNT, "ns-per-insn", c->rate = TK_RATE_FRACTION; c->ns_num = UINT64_C(1) << 32)          \
	RULE(ICOUNT_GUARD, TK_ICOUNT, "guard", c->guard = TK_GUARD_CLAMP)                                                  \
	RULE(ICOUNT_APPARENT, TK_ICOUNT, "apparent", c->policy = TK_POLICY_APPARENT)                                       \
	RULE(ICOUNT_NATIVE, TK_ICOUNT, "offsetting", c->traps &= ~TK_OFFSETTING)                                           \
	RULE(OFFSET_UNKNOWN_KHZ, TK_OFFSET, "not known", c->host_khz = 0)                                                  \
	RULE(OFFSET_ALIGN, TK_OFFSET, "align", c->align = true)                                                            \
	RULE(OFFSET_SLEEP_OFF, TK_OFFSET, "sleep=off", c->sleep_off = true)                                                \
	RULE(OFFSET_SHIFT, TK_OFFSET, "shift", c->rate = TK_RATE_SHIFT)                                                    \
	RULE(NO_VCPU, TK_OFFSET, "1 to 64", c->vcpus = 0)                                                                  \
	RULE(MANY_VCPUS, TK_OFFSET, "1 to 64", c->vcpus = 65)                                                              \
	RULE(LARGE_KHZ, TK_OFFSET, "4294967295", c->guest_khz = UINT64_C(1) << 32)                                         \
	RULE(LARGE_RATIO, TK_OFFSET, "32767", c->host_khz = 1000; c->guest_khz = UINT32_MAX)                               \
	RULE(UNSCALED, TK_OFFSET, "3000000", c->guest_khz = 1000000; c->traps &= ~TK_SCALING)                              \
	RULE(NATIVE_KHZ, TK_OFFSET, "frequency", c->guest_khz = 1000000; c->traps &= ~TK_OFFSETTING)                       \
	RULE(NATIVE_EMULATED, TK_OFFSET, "policy", c->policy = TK_POLICY_ALWAYS_EMULATE; c->traps &= ~TK_OFFSETTING)       \
	RULE(NATIVE_START, TK_OFFSET, "start", c->tsc_start = 1; c->traps &= ~TK_OFFSETTING)                               \
	RULE(NATIVE_GUARD, TK_OFFSET, "guard", c->guard = TK_GUARD_CLAMP; c->traps &= ~TK_OFFSETTING)                      \
	RULE(EMULATED_TABLE, TK_OFFSET, "always-emulate", c->policy = TK_POLICY_ALWAYS_EMULATE; c->guard = TK_GUARD_TABLE) \
	RULE(RATE_0, TK_OFFSET, "rate", c->rate_num = 0)                                                                   \
	RULE(TABLE_WITHOUT_GUARD, TK_OFFSET, "guard=table", c->table = no_table)                                           \
	RULE(TABLE_LONG, TK_OFFSET, "1024", c->guard = TK_GUARD_TABLE; c->table = no_table; c->table_length = 1025)        \
	RULE(HOST_SCALED, TK_HOST, "scale", c->guest_khz = 2000000)                                                        \
	RULE(HOST_START, TK_HOST, "start", c->tsc_start = 1)                                                               \
	RULE(HOST_GUARD, TK_HOST, "guard", c->guard = TK_GUARD_STRICT)                                                     \
	RULE(HOST_RATE, TK_HOST, "rate", c->rate_num = 2)                                                                  \
	RULE(NO_MODE, TK_OFFSET, "mode", c->mode = (enum tk_mode)9)

static const int64_t no_table[1];

#define RULE(NAME, MODE, WORD, CHANGE)        \
	static void NAME(struct tk_config *c) \
	{                                     \
		CHANGE;                       \
	}
RULE_LIST(RULE)
#undef RULE

#define RULE(NAME, MODE, WORD, CHANGE) { #NAME, NAME, MODE, WORD },
static const struct {
	const char *name;
	void (*break_rule)(struct tk_config *config);
	enum tk_mode mode;
	const char *word;
} rules[] = { RULE_LIST(RULE) };
#undef RULE

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

START_TEST(illegal_combinations_are_refused)
{
	struct tk_config config = legal(rules[_i].mode);

	create(config);
	rules[_i].break_rule(&config);
	error[0] = '\0';
	ck_assert_msg(tk_create(&tk, &config, error, sizeof(error)) == -1, "%s", rules[_i].name);
	ck_assert_msg(strstr(error, rules[_i].word), "%s: '%s' should speak of '%s'", rules[_i].name, error, rules[_i].word);
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
