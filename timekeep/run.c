/* Running, waiting and stopping: what moves time, and how far the run loop may go. */
#include "timekeep/state.h"

#define ONE (UINT64_C(1) << 32)
#define AUTO_INTERVAL 100000000 /* ns, of virtual or of real time */
#define ALIGN_AHEAD 3000000

static int64_t next_control(const struct timekeep *s)
{
	return add_i64((int64_t)line_value(&s->line, s->control.insns), AUTO_INTERVAL);
}

uint64_t tk_budget(const struct tk *tk, uint64_t insns)
{
	struct timekeep *s = tk->state;
	int64_t next = min_i64(tk_next_deadline(tk), s->next_injection);
	uint64_t until;

	if (s->mode != TK_ICOUNT)
		return TK_MAX_BUDGET;
	if (s->rate == TK_RATE_AUTO)
		next = min_i64(next, next_control(s));
	if (next == TK_NEVER)
		return TK_MAX_BUDGET;
	until = line_insns_until(&s->line, insns, (uint64_t)next);
	return until < TK_MAX_BUDGET ? until : TK_MAX_BUDGET;
}

uint64_t tk_ns_per_insn(const struct tk *tk)
{
	const struct line *line = &tk->state->line;

	return tk->state->mode == TK_ICOUNT ? mul_div(line->num, ONE, line->den) : 0;
}

int64_t tk_drift(const struct tk *tk, uint64_t insns)
{
	return follows_real(tk->state) ? sub_i64(now_ns(tk, insns), real_now(tk)) : 0;
}

static void auto_rate(const struct tk *tk, uint64_t insns)
{
	struct timekeep *s = tk->state;
	int64_t ns = now_ns(tk, insns);
	int64_t real = real_now(tk);
	uint64_t slope;

	if (ns < next_control(s) && sub_i64(real, s->control.real) < AUTO_INTERVAL)
		return;
	slope = control_run(&s->control, insns, ns, real, AUTO_INTERVAL, ONE / 64, ONE * 4);
	line_set(s, line_at(insns, (uint64_t)ns, slope, ONE));
}

static void draw_apparent(const struct tk *tk, uint64_t insns)
{
	struct timekeep *s = tk->state;
	uint64_t eff = now_eff(tk, insns);
	int64_t value = (int64_t)(eff - s->eff_base);
	int64_t real = (int64_t)(host_eff(tk, 0) - s->eff_base);
	int64_t millisecond = (int64_t)s->guest_khz;
	uint64_t slope = control_run(&s->control, insns, value, real, millisecond, ONE / 2, ONE * 2);

	line_set(s, line_at(insns, eff, slope, ONE));
}

int64_t tk_tick(const struct tk *tk, uint64_t insns)
{
	struct timekeep *s = tk->state;
	int64_t ahead;

	if (s->stopped)
		return 0;
	if (s->policy == TK_POLICY_APPARENT)
		draw_apparent(tk, insns);
	if (s->mode != TK_ICOUNT)
		return 0;
	if (s->rate == TK_RATE_AUTO)
		auto_rate(tk, insns);
	if (!s->align)
		return 0;
	ahead = tk_drift(tk, insns);
	return ahead > ALIGN_AHEAD ? (int64_t)mul_div((uint64_t)ahead, s->rate_den, s->rate_num) : 0;
}

void tk_load(const struct tk *tk, unsigned vcpu, uint64_t insns)
{
	(void)vcpu;
	if (tk->state->mode == TK_ICOUNT || tk->state->stopped)
		return;
	if (tk->state->policy == TK_POLICY_APPARENT)
		draw_apparent(tk, insns);
	else
		host_eff(tk, 0);
}

/* The next moment at which a wait ends. An injected fault is none, although it may bring a
 * deadline closer. */
static int64_t next_event(const struct tk *tk)
{
	int64_t deadline = tk_next_deadline(tk);

	return deadline == TK_NEVER ? TK_NEVER : min_i64(deadline, tk->state->next_injection);
}

/* --- idle ----------------------------------------------------------------------------------------- */

/* Returns the virtual ns from now to `deadline`. With rate auto the clock may be ahead of real
 * time; then it stands until real time has caught up. */
static int64_t wait_until(const struct tk *tk, uint64_t insns, int64_t deadline)
{
	struct timekeep *s = tk->state;
	int64_t from = now_ns(tk, insns);

	if (s->mode == TK_ICOUNT && s->rate == TK_RATE_AUTO)
		from = min_i64(from, real_now(tk));
	return deadline > from ? sub_i64(deadline, from) : 0;
}

enum tk_idle tk_idle_begin(const struct tk *tk, uint64_t insns, bool external, int64_t *wait_ns)
{
	struct timekeep *s = tk->state;
	int64_t deadline = next_event(tk);

	*wait_ns = 0;
	if (s->stopped)
		return TK_IDLE_FOREVER;
	if (deadline == TK_NEVER && !external)
		return TK_IDLE_DEADLOCK;
	s->idle = true;
	if (follows_real(s))
		s->idle_real = real_now(tk);
	if (s->policy == TK_POLICY_APPARENT) {
		draw_apparent(tk, insns);
		s->idle_eff = s->last_eff;
	}
	if (deadline == TK_NEVER)
		return TK_IDLE_FOREVER;
	if (s->mode != TK_ICOUNT || !s->sleep_off)
		*wait_ns = (int64_t)mul_div_ceil((uint64_t)wait_until(tk, insns, deadline), s->rate_den, s->rate_num);
	return TK_IDLE_WAIT;
}

static void icount_slept(const struct tk *tk, uint64_t insns)
{
	struct timekeep *s = tk->state;
	int64_t real = real_now(tk);
	int64_t slept = max_i64(sub_i64(real, s->idle_real), 0);

	if (s->rate == TK_RATE_AUTO) {
		s->control.measured_real = add_i64(s->control.measured_real, slept);
		slept = max_i64(min_i64(slept, sub_i64(real, now_ns(tk, insns))), 0);
	}
	line_move(s, (uint64_t)slept);
}

static void icount_jump(const struct tk *tk, uint64_t insns)
{
	int64_t deadline = next_event(tk);
	int64_t ahead = sub_i64(deadline, now_ns(tk, insns));

	if (deadline != TK_NEVER && ahead > 0)
		line_move(tk->state, (uint64_t)ahead);
}

/* No instruction ran, so the apparent TSC follows the host's directly: by half to twice what the
 * host's moved. */
static void apparent_slept(const struct tk *tk, uint64_t insns)
{
	struct timekeep *s = tk->state;
	uint64_t eff = now_eff(tk, insns);
	int64_t real = (int64_t)(host_eff(tk, 0) - eff);
	int64_t slept = max_i64((int64_t)(s->last_eff - s->idle_eff), 0);
	int64_t move = max_i64(min_i64(real, add_i64(slept, slept)), slept / 2);

	s->control.measured_real = add_i64(s->control.measured_real, slept);
	s->control.real = (int64_t)(s->last_eff - s->eff_base);
	line_move(s, (uint64_t)move);
}

void tk_idle_end(const struct tk *tk, uint64_t insns, enum tk_wake wake)
{
	struct timekeep *s = tk->state;

	if (!s->idle)
		return;
	s->idle = false;
	if (s->policy == TK_POLICY_APPARENT)
		apparent_slept(tk, insns);
	if (s->mode != TK_ICOUNT)
		return;
	if (!s->sleep_off)
		icount_slept(tk, insns);
	else if (wake == TK_WAKE_TIMER)
		icount_jump(tk, insns);
}

/* --- stop and continue ---------------------------------------------------------------------------- */

bool tk_stopped(const struct tk *tk)
{
	return tk->state->stopped;
}

void tk_stop(const struct tk *tk, uint64_t insns)
{
	struct timekeep *s = tk->state;

	if (s->stopped)
		return;
	if (s->policy == TK_POLICY_APPARENT)
		draw_apparent(tk, insns); /* so that last_eff is the host's now */
	if (stands_still(s))
		s->stopped_eff = now_eff(tk, insns);
	if (follows_real(s))
		s->real_base = real_now(tk);
	read_the_long_way(s);
	s->stopped = true;
}

/* The apparent TSC keeps its distance from the host's. */
void tk_cont(const struct tk *tk, uint64_t insns)
{
	struct timekeep *s = tk->state;

	(void)insns;
	if (!s->stopped)
		return;
	s->stopped = false;
	if (stands_still(s))
		host_resume(tk, s->policy == TK_POLICY_APPARENT ? s->last_eff : s->stopped_eff);
	if (follows_real(s))
		real_resume(tk);
}
