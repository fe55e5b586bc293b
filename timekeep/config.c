/* Creates a clock: which options go together, and the state that follows from them. */
#include <stdarg.h>
#include <string.h>

#include "timekeep/state.h"

#define ICOUNT_KHZ 1000000
#define EMULATED_KHZ 1000000
#define ONE_TO_ONE (UINT64_C(1) << 48)

int refuse(char *error, size_t error_size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, error_size, format, arguments);
	va_end(arguments);
	return -1;
}

struct tk_config tk_config_default(void)
{
	return (struct tk_config){
		.mode = TK_OFFSET,
		.vcpus = 1,
		.traps = TK_OFFSETTING | TK_SCALING | TK_RDTSCP,
		.shift = 3,
		.ns_num = 1,
		.ns_den = 1,
		.rate_num = 1,
		.rate_den = 1,
	};
}

/* --- combinations that are refused
 * ---------------------------------------------------------------- */

static const char *wrong_for_any(const struct tk_config *c)
{
	if (c->vcpus < 1 || c->vcpus > TK_MAX_VCPUS)
		return "the number of vCPUs must be 1 to 64";
	if (c->guest_khz > TK_MAX_KHZ || c->host_khz > TK_MAX_KHZ)
		return "a TSC frequency must be 1 to 4294967295 kHz";
	if (c->rate_num < 1 || c->rate_num > TK_MAX_RATE || c->rate_den < 1 || c->rate_den > TK_MAX_RATE)
		return "the clock rate must be a fraction of numbers from 1 to 65536";
	if (c->table && c->guard != TK_GUARD_TABLE)
		return "a table of host CPU offsets needs guard=table";
	if (c->table_length > TK_MAX_HOST_CPUS)
		return "the table of host CPU offsets holds at most 1024 host CPUs";
	return NULL;
}

static const char *wrong_for_host(const struct tk_config *c)
{
	if (c->tsc_start)
		return "mode host shows the host's TSC: a start value needs mode offset or icount";
	if (c->guest_khz && c->host_khz && c->guest_khz != c->host_khz)
		return "mode host cannot scale: leave the guest's frequency out, or use mode offset";
	if (c->rate_num != c->rate_den)
		return "mode host cannot change the clock rate: use mode offset or icount";
	return NULL;
}

static const char *wrong_outside_offset(const struct tk_config *c)
{
	if (c->guard != TK_GUARD_NONE)
		return "a guard against backward steps needs mode offset";
	if (c->policy == TK_POLICY_ALWAYS_EMULATE || c->policy == TK_POLICY_APPARENT)
		return "the policies always-emulate and apparent need mode offset";
	if (!(c->traps & TK_OFFSETTING))
		return "offsetting can be turned off in mode offset only (mode host never offsets, icount always)";
	return NULL;
}

static const char *wrong_for_offset(const struct tk_config *c)
{
	bool native = !(c->traps & TK_OFFSETTING);

	if (c->policy == TK_POLICY_ALWAYS_EMULATE && c->guard != TK_GUARD_NONE && c->guard != TK_GUARD_STRICT)
		return "policy always-emulate is strictly monotonic by itself: the guard must be none or strict";
	if (native && (c->policy == TK_POLICY_ALWAYS_EMULATE || c->policy == TK_POLICY_APPARENT))
		return "with offsetting off the TSC is the host's: the policy must be never-emulate or default";
	if (native && c->tsc_start)
		return "with offsetting off the TSC is the host's: a start value needs offsetting";
	if (native && c->guard != TK_GUARD_NONE)
		return "with offsetting off the TSC is the host's: a guard needs offsetting";
	if (native && (c->rate_num != c->rate_den || c->guest_khz != c->host_khz))
		return "with offsetting off the TSC is the host's: its frequency and rate must be too";
	return NULL;
}

static const char *wrong_outside_icount(const struct tk_config *c)
{
	if (c->rate != TK_RATE_DEFAULT)
		return "shift, ns-per-insn and auto need mode icount";
	if (c->sleep_off)
		return "sleep=off needs mode icount";
	if (c->align)
		return "align=on needs mode icount";
	return NULL;
}

static const char *wrong_for_icount(const struct tk_config *c)
{
	bool is_auto = c->rate == TK_RATE_AUTO;

	if (c->rate == TK_RATE_SHIFT && c->shift > TK_MAX_SHIFT)
		return "shift must be 0 to 10 (2^shift ns for each instruction)";
	if (c->rate == TK_RATE_FRACTION && (c->ns_num < 1 || c->ns_den < 1 || c->ns_num > UINT32_MAX || c->ns_den > UINT32_MAX))
		return "ns-per-insn must be a positive fraction of numbers up to 4294967295";
	if (c->align && is_auto)
		return "align=on cannot be combined with shift=auto, which keeps to real time by itself";
	if (c->align && c->rate == TK_RATE_DEFAULT)
		return "align=on needs a given shift=0..10 or ns-per-insn";
	if (c->align && c->sleep_off)
		return "align=on waits for the host and sleep=off never does: choose one";
	if (is_auto && c->sleep_off)
		return "shift=auto follows real time and sleep=off leaves it: choose one";
	return NULL;
}

static const char *wrong_for_mode(const struct tk_config *c)
{
	const char *wrong = NULL;

	if (c->mode != TK_OFFSET)
		wrong = wrong_outside_offset(c);
	if (!wrong && c->mode != TK_ICOUNT)
		wrong = wrong_outside_icount(c);
	if (wrong)
		return wrong;
	switch (c->mode) {
	case TK_HOST: return wrong_for_host(c);
	case TK_OFFSET: return wrong_for_offset(c);
	case TK_ICOUNT: return wrong_for_icount(c);
	}
	return "the mode must be host, offset or icount";
}

/* --- building the state --------------------------------------------------------------------------- */

bool ticks_are_stable(enum tk_mode mode, const struct tk_host *host)
{
	return mode == TK_ICOUNT || !host->stable || host->stable(host->ctx);
}

/* Scaling by mult = (to << 48) / from keeps 48 bits of fraction. */
uint64_t scale_factor(const struct timekeep *s, uint64_t host_khz)
{
	uint128 from = (uint128)host_khz * s->rate_den;
	uint128 mult = from ? ((uint128)s->guest_khz * s->rate_num << 48) / from : 0;

	if (s->mode != TK_OFFSET)
		return ONE_TO_ONE;
	return mult < (uint128)1 << 63 ? (uint64_t)mult : 0;
}

static enum tk_policy resolve_policy(const struct tk_config *c, bool stable)
{
	if (c->policy != TK_POLICY_DEFAULT || c->mode != TK_OFFSET)
		return c->policy;
	if (stable && (c->guest_khz == c->host_khz || c->traps & TK_SCALING))
		return TK_POLICY_NEVER_EMULATE;
	return TK_POLICY_ALWAYS_EMULATE;
}

static int find_frequencies(struct tk_config *c, const struct tk_host *host, char *error, size_t error_size)
{
	if (c->mode == TK_ICOUNT) {
		if (!c->guest_khz)
			c->guest_khz = ICOUNT_KHZ;
		if (!c->host_khz)
			c->host_khz = c->guest_khz;
		return 0;
	}
	if (!c->host_khz)
		c->host_khz = tk_detect_khz(host);
	if (!c->host_khz)
		return refuse(error, error_size, "the host's TSC frequency is not known and cannot be measured: give it in kHz");
	if (!c->guest_khz)
		c->guest_khz = c->host_khz;
	return 0;
}

static void settle_policy(struct tk_config *c, bool stable)
{
	c->policy = resolve_policy(c, stable);
	if (c->policy == TK_POLICY_ALWAYS_EMULATE) {
		c->guest_khz = EMULATED_KHZ;
		c->host_khz = EMULATED_KHZ;
		c->guard = TK_GUARD_STRICT;
		c->traps |= TK_EXITING;
	}
	if (c->policy == TK_POLICY_APPARENT)
		c->traps |= TK_EXITING;
}

static void setup_lines(struct timekeep *s, const struct tk_config *c)
{
	uint64_t num = 8, den = 1;

	if (c->rate == TK_RATE_SHIFT)
		num = UINT64_C(1) << c->shift;
	if (c->rate == TK_RATE_FRACTION) {
		num = c->ns_num;
		den = c->ns_den;
	}
	if (c->policy == TK_POLICY_APPARENT) { /* 500 MIPS, until it is measured */
		num = 2 * c->guest_khz;
		den = 1000000;
	}
	/* auto and apparent follow a real time that is already scaled */
	if (c->rate != TK_RATE_AUTO && c->mode == TK_ICOUNT) {
		num *= c->rate_num;
		den *= c->rate_den;
	}
	s->line = line_at(0, 0, num, den);
}

static void setup_vcpus(struct timekeep *s)
{
	for (unsigned i = 0; i < s->vcpus; i++) {
		uint32_t node = s->vcpus_per_node ? i / s->vcpus_per_node : 0;

		s->vcpu[i].aux = node << 12 | i;
		s->vcpu[i].offset = s->tsc_start;
	}
}

static void fill(struct timekeep *s, const struct tk_config *c, bool stable)
{
	memset(s, 0, sizeof(*s));
	s->magic = TK_MAGIC;
	s->format = TK_FORMAT;
	s->size = sizeof(*s);
	s->mode = c->mode;
	s->guard = c->guard;
	s->sync = c->sync;
	s->policy = c->policy;
	s->rate = c->rate;
	s->traps = c->traps;
	s->vcpus = c->vcpus;
	s->vcpus_per_node = c->vcpus_per_node;
	s->sleep_off = c->sleep_off;
	s->align = c->align;
	s->guest_khz = c->guest_khz;
	s->host_khz = c->host_khz;
	s->tsc_start = c->tsc_start;
	s->rate_num = c->rate_num;
	s->rate_den = c->rate_den;
	s->host_stable = stable;
	s->wall_offset = c->epoch_ns;
	s->next_injection = TK_NEVER;
	if (c->table)
		memcpy(s->table, c->table, c->table_length * sizeof(s->table[0]));
	setup_lines(s, c);
	setup_vcpus(s);
	control_start(&s->control, 0, 0, mul_div(s->line.num, UINT64_C(1) << 32, s->line.den));
}

int clock_setup(const struct tk *tk, const struct tk_config *config, char *error, size_t error_size)
{
	struct tk_config c = *config;
	const char *wrong = wrong_for_any(&c);
	bool stable = ticks_are_stable(c.mode, tk->host);

	if (wrong)
		return refuse(error, error_size, "%s", wrong);
	if (c.mode <= TK_ICOUNT && find_frequencies(&c, tk->host, error, error_size))
		return -1;
	wrong = wrong_for_mode(&c);
	if (wrong)
		return refuse(error, error_size, "%s", wrong);
	if (c.mode == TK_OFFSET)
		settle_policy(&c, stable);
	if (c.mode == TK_OFFSET && c.guest_khz != c.host_khz && !(c.traps & TK_SCALING))
		return refuse(error, error_size, "without scaling the guest's frequency must be the host's, %llu kHz",
			(unsigned long long)c.host_khz);
	fill(tk->state, &c, stable);
	tk->state->mult = scale_factor(tk->state, c.host_khz);
	if (!tk->state->mult)
		return refuse(error, error_size, "the guest's TSC may run at up to 32767 times the host's %llu kHz",
			(unsigned long long)c.host_khz);
	return 0;
}

void clock_begin(const struct tk *tk)
{
	struct timekeep *s = tk->state;

	if (follows_real(s))
		real_resume(tk);
	if (s->mode == TK_ICOUNT)
		return;
	s->eff_base = host_eff(tk, 0);
	read_the_long_way(s);
	if (s->policy == TK_POLICY_APPARENT)
		s->line.value0 = s->eff_base;
	if (s->mode == TK_HOST)
		return;
	for (unsigned i = 0; i < s->vcpus; i++)
		s->vcpu[i].offset = s->tsc_start - s->eff_base;
}

/* Begins with offset 0: G equals H (plus tsc_start), and virtual time 0 is at H = 0. */
void clock_begin_native(const struct tk *tk)
{
	struct timekeep *s = tk->state;

	if (s->policy != TK_POLICY_APPARENT)
		return;
	line_move(s, host_eff(tk, 0));
	control_start(&s->control, 0, (int64_t)s->line.value0, s->control.per_insn);
}

int tk_create(const struct tk *tk, const struct tk_config *config, char *error, size_t error_size)
{
	if (clock_setup(tk, config, error, error_size))
		return -1;
	clock_begin(tk);
	return 0;
}

void tk_create_vcpu(const struct tk *tk, unsigned vcpu, uint64_t insns)
{
	struct timekeep *s = tk->state;
	uint64_t base;

	(void)insns;
	if (s->mode != TK_OFFSET)
		return;
	base = host_eff(tk, 0);
	if ((int64_t)(base - s->eff_base) > 0)
		base = s->eff_base;
	s->vcpu[vcpu].offset = s->tsc_start - base;
	s->vcpu[vcpu].adjust = 0;
}

int tk_set_host_khz(const struct tk *tk, uint64_t khz, uint64_t insns)
{
	struct timekeep *s = tk->state;
	uint64_t mult = scale_factor(s, khz);
	uint64_t eff;

	if (s->policy == TK_POLICY_ALWAYS_EMULATE)
		return 0;
	if (!mult || khz < 1 || khz > TK_MAX_KHZ)
		return -1;
	if (s->mode != TK_OFFSET) {
		if (s->mode == TK_HOST)
			s->guest_khz = khz;
		s->host_khz = khz;
		read_the_long_way(s);
		return 0;
	}
	if (khz != s->guest_khz && !(s->traps & TK_SCALING))
		return -1;
	if (!s->stopped && s->policy == TK_POLICY_APPARENT)
		eff = host_eff(tk, 0);
	else
		eff = now_eff(tk, insns);
	read_the_long_way(s);
	s->host_khz = khz;
	s->mult = mult;
	host_resume(tk, eff);
	return 0;
}
