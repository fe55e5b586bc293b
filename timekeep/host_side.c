/* From the host's clocks to eff: scaling, guards against steps back, and the real time that
 * idling and the auto rate compare with.
 * A host that steps back does so for all vCPUs, so the guards work here, once. A vCPU's own
 * offset is added later. */
#include "timekeep/state.h"

#define NOTICEABLE_NS 1000000
#define NS_PER_MS 1000000

struct reading {
	uint64_t tsc;
	uint32_t cpu;
	int64_t ns; /* for the catchup guard only */
};

int64_t host_ns(const struct tk *tk)
{
	return tk->host->clock(tk->host->ctx, TK_MONOTONIC);
}

/* Returns how much of the gap between two looks at the clock the host had stopped us in without
 * notice. */
static int64_t stopped_unseen(const struct tk *tk, int64_t gap_ns)
{
	if (gap_ns < NOTICEABLE_NS || !tk->host->stopped)
		return 0;
	return max_i64(min_i64(tk->host->stopped(tk->host->ctx, gap_ns), gap_ns), 0);
}

int64_t real_now(const struct tk *tk)
{
	struct timekeep *s = tk->state;
	int64_t host, elapsed;

	if (s->stopped)
		return s->real_base;
	host = host_ns(tk);
	s->real_host = add_i64(s->real_host, stopped_unseen(tk, sub_i64(host, s->real_seen)));
	s->real_seen = host;
	elapsed = sub_i64(host, s->real_host);
	return add_i64(s->real_base, mul_div_floor(elapsed, s->rate_num, s->rate_den));
}

void real_resume(const struct tk *tk)
{
	tk->state->real_host = tk->state->real_seen = host_ns(tk);
}

/* Always-emulate: the host's monotonic clock acts as a TSC of 1 GHz. */
static struct reading read_host(const struct tk *tk)
{
	const struct timekeep *s = tk->state;
	struct reading reading = { 0 };

	if (s->policy == TK_POLICY_ALWAYS_EMULATE)
		reading.tsc = (uint64_t)host_ns(tk);
	else if (s->guard == TK_GUARD_TABLE)
		reading.tsc = tk->host->tsc(tk->host->ctx, &reading.cpu);
	else
		reading.tsc = host_tsc(tk->host);
	if (s->guard == TK_GUARD_CATCHUP)
		reading.ns = host_ns(tk);
	return reading;
}

static uint64_t scaled(const struct timekeep *s, struct reading reading)
{
	int128 ticks = reading.tsc;

	if (s->guard == TK_GUARD_TABLE && reading.cpu < TK_MAX_HOST_CPUS)
		ticks += s->table[reading.cpu];
	return (uint64_t)((int128)((uint128)ticks * s->mult) >> 48);
}

static void count_backstep(struct timekeep *s, uint64_t tsc)
{
	uint64_t back = s->last_tsc - tsc;

	if (!s->host_seen || (int64_t)back <= 0)
		return;
	s->stats.backsteps++;
	if (back > s->stats.largest_backstep)
		s->stats.largest_backstep = back;
}

/* Takes an unnoticed stop out of eff, but never goes below the last look. */
static void leave_out_stop(const struct tk *tk, struct reading reading)
{
	struct timekeep *s = tk->state;
	int64_t gap = sub_i64((int64_t)reading.tsc, (int64_t)s->last_tsc);
	uint64_t least = s->last_eff - scaled(s, reading);
	int64_t stopped;

	if (gap <= 0 || !s->host_seen || !(s->traps & TK_OFFSETTING))
		return;
	stopped = stopped_unseen(tk, (int64_t)mul_div((uint64_t)gap, NS_PER_MS, s->host_khz));
	if (stopped == 0)
		return;
	s->bias -= ns_to_ticks(s, mul_div_floor(stopped, s->rate_num, s->rate_den));
	if ((int64_t)(s->bias - least) < 0)
		s->bias = least;
}

static uint64_t raise(struct timekeep *s, uint64_t eff, uint64_t to)
{
	s->bias += to - eff;
	s->stats.raised += to - eff;
	return to;
}

static uint64_t catch_up(struct timekeep *s, uint64_t eff, struct reading reading)
{
	int64_t elapsed = mul_div_floor(sub_i64(reading.ns, s->last_ns), s->rate_num, s->rate_den);
	uint64_t target = s->last_eff;

	if (reading.tsc >= s->last_tsc)
		return eff;
	if (elapsed > 0)
		target += ticks_of_ns((uint64_t)elapsed, s->guest_khz);
	return (int64_t)(target - eff) > 0 ? raise(s, eff, target) : eff;
}

static uint64_t guarded(struct timekeep *s, uint64_t eff, struct reading reading, unsigned step)
{
	if (!s->host_seen)
		return eff;
	switch ((enum tk_guard)s->guard) {
	case TK_GUARD_CLAMP: return (int64_t)(s->last_eff - eff) > 0 ? raise(s, eff, s->last_eff) : eff;
	case TK_GUARD_STRICT: return (int64_t)(s->last_eff + step - eff) > 0 ? s->last_eff + step : eff;
	case TK_GUARD_CATCHUP: return catch_up(s, eff, reading);
	case TK_GUARD_NONE:
	case TK_GUARD_TABLE: break;
	}
	return eff;
}

static uint64_t injected(struct timekeep *s, uint64_t eff)
{
	int64_t ns = eff_to_ns(s, eff);
	uint64_t ticks;

	if (ns < s->next_injection)
		return eff;
	ticks = ns_to_ticks(s, inject_due(s, ns));
	s->bias += ticks;
	return eff + ticks;
}

static void remember(struct timekeep *s, uint64_t eff, struct reading reading)
{
	s->last_tsc = reading.tsc;
	s->last_ns = reading.ns;
	s->last_eff = eff;
	s->host_seen = true;
}

/* 43 bits of ticks times 10^6 fit in 63. */
static void remember_direct(struct timekeep *s, uint64_t eff)
{
	bool plain = s->guard == TK_GUARD_NONE && s->policy == TK_POLICY_NEVER_EMULATE && s->next_injection == TK_NEVER && !s->quirks;
	bool shown = s->mode == TK_HOST || s->traps & TK_OFFSETTING;
	uint128 product = (uint128)(eff - s->eff_base) * NS_PER_MS;

	if (!plain || !shown || s->traps & TK_EXITING || s->stopped || (int64_t)(eff - s->eff_base) < 0)
		return;
	s->direct = (struct direct){
		.within = s->host_khz, /* a millisecond, see leave_out_stop() */
		.eff0 = eff,
		.ns0 = (int64_t)(uint64_t)(product / s->guest_khz),
		.rest = (uint64_t)(product % s->guest_khz),
		.per_khz = UINT64_MAX / s->guest_khz,
	};
}

uint64_t host_eff(const struct tk *tk, unsigned step)
{
	struct timekeep *s = tk->state;
	struct reading reading = read_host(tk);
	uint64_t eff;

	count_backstep(s, reading.tsc);
	if (s->mode == TK_HOST) {
		remember(s, reading.tsc, reading);
		remember_direct(s, reading.tsc);
		return reading.tsc;
	}
	if (reading.tsc - s->last_tsc > s->host_khz) /* a millisecond, or a step back */
		leave_out_stop(tk, reading);
	eff = injected(s, guarded(s, scaled(s, reading) + s->bias, reading, step));
	remember(s, eff, reading);
	remember_direct(s, eff);
	return eff;
}

/* Continues at `eff` with whatever the host's clocks show now: after a stop, a restore, or a
 * change of frequency. */
void host_resume(const struct tk *tk, uint64_t eff)
{
	struct timekeep *s = tk->state;
	struct reading reading = read_host(tk);

	count_backstep(s, reading.tsc);
	s->bias = eff - scaled(s, reading);
	remember(s, eff, reading);
}
