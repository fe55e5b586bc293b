/* Bugs of real systems: for each, a trace that shows it. The trace must hold with the library, and must fail with the same library if it
 * answers one event as the buggy system did. The replay calls through a table of handlers, and a test replaces one. */
#include "tests/unit/clock_mutation.h"
#include "tests/unit/suite.h"

/* --- the bugs ------------------------------------------------------------------------------------- */

/* pvclock readers before 2010: the product in 64 bits. */
static int pvread_64_bits(struct trace *trace, const struct event *event, struct results *results)
{
	const struct tk_pvclock *pv = &trace->tk.state->vcpu[vcpu_of(event)].pv;
	uint64_t delta = tk_rdtsc(&trace->tk, vcpu_of(event), trace->insns) - pv->tsc_timestamp;

	delta = pv->tsc_shift < 0 ? delta >> -pv->tsc_shift : delta << pv->tsc_shift;
	put(results, KEY_TIME, pv->system_time + (delta * pv->tsc_to_system_mul >> 32));
	return 0;
}

static int now_times_1e9(struct trace *trace, const struct event *event, struct results *results)
{
	uint64_t ticks = tk_rdtsc(&trace->tk, vcpu_of(event), trace->insns);

	put(results, KEY_TIME, ticks * 1000000000 / (tk_guest_khz(&trace->tk) * 1000));
	return 0;
}

static int rdtsc_ns_times_khz(struct trace *trace, const struct event *event, struct results *results)
{
	uint64_t ns = (uint64_t)tk_clock_ns(&trace->tk, TK_MONOTONIC, trace->insns);

	(void)event;
	put(results, KEY_TSC, ns * tk_guest_khz(&trace->tk) / 1000000);
	return 0;
}

/* The wall clock read past the virtual one: clocks disagree. */
static int now_from_the_host(struct trace *trace, const struct event *event, struct results *results)
{
	if (!(event->given & BIT(KEY_ID)))
		return correct(trace, event, results);
	put(results, KEY_TIME, (uint64_t)(trace->config.epoch_ns + trace->ns));
	return 0;
}

/* A vDSO with the host's data page. */
static int pvread_from_the_host(struct trace *trace, const struct event *event, struct results *results)
{
	(void)event;
	put(results, KEY_TIME, (uint64_t)trace->ns);
	return 0;
}

static int stats_without_raised(struct trace *trace, const struct event *event, struct results *results)
{
	correct(trace, event, results);
	put(results, KEY_RAISED, 0);
	return 0;
}

/* QEMU's icount_adjust: the shift moves by one. */
static int tick_of_qemu(struct trace *trace, const struct event *event, struct results *results)
{
	struct timekeep *s = trace->tk.state;
	int64_t ns = tk_clock_ns(&trace->tk, TK_MONOTONIC, trace->insns);
	int64_t delta = tk_drift(&trace->tk, trace->insns);
	int64_t last = s->control.real; /* unused here: the last delta */
	uint64_t shift = (uint64_t)__builtin_ctzll(s->line.num);

	(void)event;
	if (delta > 0 && last + 100000000 < delta * 2 && shift > 0)
		shift--;
	if (delta < 0 && last - 100000000 > delta * 2 && shift < TK_MAX_SHIFT)
		shift++;
	s->control.real = delta;
	line_set(s, line_at(trace->insns, (uint64_t)ns, UINT64_C(1) << shift, 1));
	put(results, KEY_TIME, (uint64_t)ns);
	put(results, KEY_DRIFT, (uint64_t)delta);
	return 0;
}

/* vm_clock_warp_start == -1 meant "no warp has begun". */
static int idle_with_a_sentinel(struct trace *trace, const struct event *event, struct results *results)
{
	int64_t host_ns = trace->ns;
	int status;

	if (trace->tk.state->real_host == -1)
		trace->ns = trace->tk.state->real_host = 0;
	status = correct(trace, event, results);
	trace->ns = host_ns;
	return status;
}

/* With sleep=off the clock jumps whatever has ended the wait. */
static int idle_that_runs_away(struct trace *trace, const struct event *event, struct results *results)
{
	struct event other = *event;

	other.given |= BIT(KEY_WAKE);
	other.value[KEY_WAKE].number = TK_WAKE_TIMER;
	return correct(trace, &other, results);
}

/* No timer is armed, so nothing ends the slice. */
static int budget_without_end(struct trace *trace, const struct event *event, struct results *results)
{
	if (tk_next_deadline(&trace->tk) != TK_NEVER)
		return correct(trace, event, results);
	put(results, KEY_INSNS, UINT64_MAX);
	return 0;
}

static int rdtsc_constant(struct trace *trace, const struct event *event, struct results *results)
{
	(void)trace;
	(void)event;
	put(results, KEY_TSC, 0);
	return 0;
}

/* ECX keeps what was in it: here the host's CPU, as when the host's RDTSCP ran. */
static int rdtscp_without_ecx(struct trace *trace, const struct event *event, struct results *results)
{
	correct(trace, event, results);
	put(results, KEY_AUX, trace->cpu);
	return 0;
}

/* The new multiplier is used for the whole count, not only for ticks to come. */
static int host_that_moves_the_value(struct trace *trace, const struct event *event, struct results *results)
{
	struct timekeep *s = trace->tk.state;

	if (!trace->begun)
		return correct(trace, event, results);
	s->mult = scale_factor(s, event->value[KEY_KHZ].number);
	return 0;
}

/* Relative waits kept as absolute wall clock times: setting the clock moves them. */
static int wall_that_moves_timers(struct trace *trace, const struct event *event, struct results *results)
{
	int64_t before = tk_clock_ns(&trace->tk, TK_REALTIME, trace->insns);
	struct timekeep *s = trace->tk.state;
	int status = correct(trace, event, results);

	for (unsigned i = 0; i < s->timers; i++)
		s->timer[i].deadline -= tk_clock_ns(&trace->tk, TK_REALTIME, trace->insns) - before;
	return status;
}

/* Each vCPU gets its saved value at the moment of its own write. */
static int hostwrite_unmatched(struct trace *trace, const struct event *event, struct results *results)
{
	trace->tk.state->sync = TK_SYNC_EXACT;
	return correct(trace, event, results);
}

/* The running thread's budget was computed earlier. */
static int arm_without_effect(struct trace *trace, const struct event *event, struct results *results)
{
	uint64_t before = tk_budget(&trace->tk, trace->insns);
	int status = correct(trace, event, results);

	if (trace->tk.state->timers > 1)
		put(results, KEY_INSNS, before);
	return status;
}

static const struct bug {
	const char *what;
	const char *file;
	enum event_kind event;
	event_handler *broken;
} bugs[] = {
	{ "pvclock in 64 bits", "overflow", EVENT_PVREAD, pvread_64_bits },
	{ "tsc * 10^9 in 64 bits", "overflow", EVENT_NOW, now_times_1e9 },
	{ "ns * kHz in 64 bits", "overflow", EVENT_RDTSC, rdtsc_ns_times_khz },
	{ "clocks that disagree", "agree", EVENT_NOW, now_from_the_host },
	{ "a vDSO that bypasses the clock", "agree", EVENT_PVREAD, pvread_from_the_host },
	{ "a clamp that hides a leap", "forward_leap", EVENT_STATS, stats_without_raised },
	{ "the auto rate's limit cycle", "B5", EVENT_TICK, tick_of_qemu },
	{ "a sentinel on the first idle", "first_idle", EVENT_IDLE, idle_with_a_sentinel },
	{ "sleep=off runs away", "far_deadline", EVENT_IDLE, idle_that_runs_away },
	{ "a spinning thread starves the others", "spinning", EVENT_BUDGET, budget_without_end },
	{ "a constant TSC", "constant_tsc", EVENT_RDTSC, rdtsc_constant },
	{ "RDTSCP leaves ECX", "A6", EVENT_RDTSCP, rdtscp_without_ecx },
	{ "a rate change moves the value", "rate_change", EVENT_HOST, host_that_moves_the_value },
	{ "absolute and relative mixed up", "wall_clock", EVENT_WALL, wall_that_moves_timers },
	{ "vCPUs restored at different moments", "C1", EVENT_HOSTWRITE, hostwrite_unmatched },
	{ "a timer that does not shorten the budget", "armed_meanwhile", EVENT_ARM, arm_without_effect },
};

START_TEST(a_trace_shows_the_bug)
{
	must_show(bugs[_i].what, bugs[_i].file, bugs[_i].event, bugs[_i].broken);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("bugs");

	tcase_add_loop_test(tcase, a_trace_shows_the_bug, 0, sizeof(bugs) / sizeof(bugs[0]));
	return run_suite("clock bugs", tcase);
}
