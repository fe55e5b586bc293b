/* Reading guest time, in every mode. */
#include "timekeep/state.h"

#define MILLION UINT64_C(1000000)

size_t tk_size(void)
{
	return sizeof(struct timekeep);
}

enum tk_mode tk_mode(const struct tk *tk)
{
	return (enum tk_mode)tk->state->mode;
}

bool tk_sleep_off(const struct tk *tk)
{
	return tk->state->sleep_off;
}

unsigned tk_vcpus(const struct tk *tk)
{
	return tk->state->vcpus;
}

uint64_t tk_guest_khz(const struct tk *tk)
{
	return tk->state->guest_khz;
}

uint64_t tk_host_khz(const struct tk *tk)
{
	return tk->state->host_khz;
}

bool tk_has_rdtscp(const struct tk *tk)
{
	return tk->state->traps & TK_RDTSCP;
}

void tk_emulation_off(const struct tk *tk)
{
	tk->state->traps &= ~(uint32_t)TK_EXITING;
}

uint32_t tk_aux(const struct tk *tk, unsigned vcpu)
{
	return tk->state->vcpu[vcpu].aux;
}

struct tk_stats tk_stats(const struct tk *tk)
{
	return tk->state->stats;
}

int64_t eff_to_ns(const struct timekeep *s, uint64_t eff)
{
	return mul_div_floor((int64_t)(eff - s->eff_base), 1000000, s->guest_khz);
}

uint64_t ns_to_ticks(const struct timekeep *s, int64_t ns)
{
	return (uint64_t)mul_div_floor(ns, s->guest_khz, 1000000);
}

static __attribute__((noinline)) int64_t line_injected(struct timekeep *s, int64_t ns)
{
	int64_t jump = inject_due(s, ns);

	line_move(s, (uint64_t)jump);
	return add_i64(ns, jump);
}

static inline int64_t icount_ns(struct timekeep *s, uint64_t insns)
{
	int64_t ns = (int64_t)line_value(&s->line, insns);

	return __builtin_expect(ns >= s->next_injection, 0) ? line_injected(s, ns) : ns;
}

/* In mode icount only an injected jump makes virtual time negative; that case needs no fast
 * path. */
static inline uint64_t icount_ticks(const struct timekeep *s, int64_t ns)
{
	return __builtin_expect(ns >= 0, 1) ? ticks_of_ns((uint64_t)ns, s->guest_khz) : ns_to_ticks(s, ns);
}

static uint64_t apparent_eff(struct timekeep *s, uint64_t insns)
{
	uint64_t eff = line_value(&s->line, insns);
	int64_t ns = eff_to_ns(s, eff);

	if (ns >= s->next_injection) {
		line_move(s, ns_to_ticks(s, inject_due(s, ns)));
		eff = line_value(&s->line, insns);
	}
	return eff;
}

static uint64_t read_eff(const struct tk *tk, uint64_t insns, unsigned step)
{
	struct timekeep *s = tk->state;

	if (s->mode == TK_ICOUNT)
		return icount_ticks(s, icount_ns(s, insns));
	if (s->stopped && stands_still(s))
		return s->stopped_eff;
	if (s->policy == TK_POLICY_APPARENT)
		return apparent_eff(s, insns);
	return host_eff(tk, step);
}

uint64_t now_eff(const struct tk *tk, uint64_t insns)
{
	return read_eff(tk, insns, 0);
}

/* The ticks that injected faults add to one vCPU's TSC. */
static uint64_t quirk(const struct timekeep *s, const struct vcpu *v, uint64_t eff)
{
	int64_t age = (int64_t)(eff - s->eff_base);
	uint64_t drift = v->drift_ppm < 0 ? 0 - (uint64_t)mul_div_floor(age, (uint64_t)-v->drift_ppm, 1000000)
					  : (uint64_t)mul_div_floor(age, (uint64_t)v->drift_ppm, 1000000);

	return (uint64_t)v->skew + drift;
}

uint64_t vcpu_tsc(const struct timekeep *s, unsigned vcpu, uint64_t eff)
{
	const struct vcpu *v = &s->vcpu[vcpu];

	if (s->mode == TK_HOST || !(s->traps & TK_OFFSETTING))
		return eff;
	return eff + v->offset + (s->quirks ? quirk(s, v, eff) : 0);
}

int64_t now_ns(const struct tk *tk, uint64_t insns)
{
	struct timekeep *s = tk->state;

	if (s->mode == TK_ICOUNT)
		return icount_ns(s, insns);
	if (s->mode == TK_HOST)
		return host_ns(tk);
	return eff_to_ns(s, now_eff(tk, insns));
}

struct moment now(const struct tk *tk, uint64_t insns)
{
	struct timekeep *s = tk->state;
	struct moment moment;

	if (s->mode == TK_ICOUNT) {
		moment.ns = icount_ns(s, insns);
		moment.eff = icount_ticks(s, moment.ns);
		return moment;
	}
	moment.eff = now_eff(tk, insns);
	moment.ns = s->mode == TK_HOST ? host_ns(tk) : eff_to_ns(s, moment.eff);
	return moment;
}

/* Writes the stretch of vCPU `vcpu`. It is so short that none of its products and sums
 * overflows. */
static void remember_stretch(struct timekeep *s, unsigned vcpu, uint64_t insns, struct moment present)
{
	const int64_t far = INT64_C(1) << 61;
	uint128 khz_per_insn = (uint128)s->line.num * s->guest_khz;
	struct tk_stretch stretch = { .insns0 = insns,
		.vcpu = vcpu,
		.tsc0 = vcpu_tsc(s, vcpu, present.eff),
		.ns0 = present.ns,
		.wall = s->wall_offset };

	if (s->line.den != 1 || s->quirks || s->traps & TK_EXITING || present.ns < 0 || present.ns > far || s->wall_offset > far
		|| s->wall_offset < -far || khz_per_insn > UINT64_MAX)
		return;
	stretch.ns_per_insn = (int64_t)s->line.num;
	stretch.khz_per_insn = (uint64_t)khz_per_insn;
	stretch.rest = (uint64_t)present.ns % MILLION * s->guest_khz % MILLION;
	stretch.length = min_u64((UINT64_MAX - MILLION) / stretch.khz_per_insn, (uint64_t)far / s->line.num);
	if (s->next_injection != TK_NEVER)
		stretch.length = min_u64(stretch.length, line_insns_until(&s->line, insns, (uint64_t)s->next_injection));
	s->stretch = stretch;
}

static __attribute__((noinline)) uint64_t rdtsc_slow(const struct tk *tk, unsigned vcpu, uint64_t insns)
{
	struct timekeep *s = tk->state;
	struct moment present;

	if (s->traps & TK_EXITING)
		s->stats.exits++;
	if (s->mode != TK_ICOUNT)
		return vcpu_tsc(s, vcpu, read_eff(tk, insns, 1));
	present = now(tk, insns);
	remember_stretch(s, vcpu, insns, present);
	return vcpu_tsc(s, vcpu, present.eff);
}

/* Computes eff by the formula alone. Returns false if a guard, a fault or a switch must be
 * considered. */
static inline bool direct_eff(const struct tk *tk, uint64_t *eff)
{
	struct timekeep *s = tk->state;
	uint64_t tsc;

	if (!s->direct.within)
		return false;
	tsc = host_tsc(tk->host);
	if (tsc - s->last_tsc >= s->direct.within)
		return false;
	*eff = (uint64_t)((uint128)tsc * s->mult >> 48) + s->bias;
	s->last_tsc = tsc;
	s->last_eff = *eff;
	return true;
}

/* Divides by multiplying with the reciprocal, which is too small by less than 1 in n / khz: the
 * quotient is at most 1 too small. */
static inline int64_t direct_ns(const struct timekeep *s, uint64_t eff)
{
	const struct direct *direct = &s->direct;
	uint64_t ticks = eff - direct->eff0, n, quotient;

	if (__builtin_expect(ticks >> 43, 0))
		return eff_to_ns(s, eff);
	n = ticks * MILLION + direct->rest;
	quotient = (uint64_t)((uint128)n * direct->per_khz >> 64);
	quotient += n - quotient * s->guest_khz >= s->guest_khz;
	return direct->ns0 + (int64_t)quotient;
}

uint64_t tk_rdtsc(const struct tk *tk, unsigned vcpu, uint64_t insns)
{
	uint64_t tsc, eff;

	if (tk_rdtsc_quick(tk, vcpu, insns, &tsc))
		return tsc;
	return direct_eff(tk, &eff) ? eff + tk->state->vcpu[vcpu].offset : rdtsc_slow(tk, vcpu, insns);
}

static __attribute__((noinline)) int64_t stretch_ns(struct timekeep *s, uint64_t insns)
{
	struct moment present;

	present.ns = icount_ns(s, insns);
	present.eff = icount_ticks(s, present.ns);
	remember_stretch(s, (unsigned)s->stretch.vcpu, insns, present);
	return present.ns;
}

int64_t tk_clock_ns(const struct tk *tk, enum tk_clock_id id, uint64_t insns)
{
	struct timekeep *s = tk->state;
	uint64_t eff;
	int64_t ns;

	if (tk_clock_quick(tk, id, insns, &ns))
		return ns;
	if (s->mode == TK_HOST)
		return tk->host->clock(tk->host->ctx, id);
	if (s->mode == TK_ICOUNT)
		ns = stretch_ns(s, insns);
	else
		ns = direct_eff(tk, &eff) ? direct_ns(s, eff) : now_ns(tk, insns);
	return tk_is_wall(id) ? add_i64(ns, s->wall_offset) : ns;
}

int64_t tk_wall_offset(const struct tk *tk, uint64_t insns)
{
	int64_t ns = tk_clock_ns(tk, TK_MONOTONIC, insns); /* this applies a step that is due */

	return tk->state->mode == TK_HOST ? sub_i64(tk_clock_ns(tk, TK_REALTIME, insns), ns) : tk->state->wall_offset;
}

enum tk_error tk_step_wall(const struct tk *tk, int64_t delta, uint64_t insns)
{
	struct timekeep *s = tk->state;

	if (s->mode == TK_HOST)
		return TK_EMODE;
	now_ns(tk, insns); /* steps that were due before this one come first */
	s->wall_offset = add_i64(s->wall_offset, delta);
	s->wall_generation++;
	s->stretch.length = 0;
	return TK_OK;
}

enum tk_error tk_set_wall(const struct tk *tk, int64_t ns, uint64_t insns)
{
	if (tk->state->mode == TK_HOST)
		return TK_EMODE;
	return tk_step_wall(tk, sub_i64(ns, tk_clock_ns(tk, TK_REALTIME, insns)), insns);
}

uint64_t tk_wall_generation(const struct tk *tk)
{
	return tk->state->wall_generation;
}

int64_t tk_offset(const struct tk *tk, unsigned vcpu)
{
	const struct timekeep *s = tk->state;

	return s->mode == TK_HOST ? 0 : (int64_t)(s->bias + s->vcpu[vcpu].offset);
}

/* Counts from virtual time 0, so it rounds as the clock does: never early, and exact in mode
 * icount. */
int64_t tk_when_tsc(const struct tk *tk, unsigned vcpu, uint64_t tsc, uint64_t insns)
{
	struct timekeep *s = tk->state;
	struct moment present = now(tk, insns);
	uint64_t ahead = tsc - vcpu_tsc(s, vcpu, present.eff);
	uint64_t from = s->mode == TK_HOST ? 0 : present.eff - s->eff_base;
	uint64_t when;

	if ((int64_t)ahead <= 0)
		return present.ns;
	if ((int64_t)from < 0 || ahead > (uint64_t)INT64_MAX - from)
		return TK_NEVER;
	when = mul_div_ceil(from + ahead, 1000000, s->guest_khz);
	if (s->mode == TK_HOST)
		when += (uint64_t)present.ns;
	return when > (uint64_t)TK_NEVER ? TK_NEVER : (int64_t)when;
}

const char *tk_strerror(enum tk_error error)
{
	switch (error) {
	case TK_OK: return "no error";
	case TK_EMODE: return "mode host: the clock is the host's own and read only; modes offset and icount can set it";
	case TK_EMSR: return "no such time MSR";
	case TK_EWRITE: return "this MSR is read only";
	case TK_EVALUE: return "reserved bits are set, or the value is out of range";
	case TK_EVCPU: return "no such vCPU";
	case TK_ENATIVE: return "TSC offsetting is off: the TSC is the host's and cannot be moved";
	}
	return "unknown error";
}
