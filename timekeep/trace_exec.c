/* Runs the events of a trace: calls the library and notes the results. */
#include "timekeep/trace.h"

/* --- results -------------------------------------------------------------------------------------- */

/* Same order: faults in trace_rows.c. */
enum { FAULT_GP, FAULT_UD };

/* Takes out the timers that have expired; the result is their ids in order, or 0. */
static void put_fired(struct trace *trace, struct results *results)
{
	uint64_t id;
	int64_t deadline;
	size_t used = 0;

	while (tk_pop_expired(&trace->tk, trace->insns, &id, &deadline))
		if (used < LIST_SIZE - 24)
			used += (size_t)snprintf(results->list + used, LIST_SIZE - used, used ? ",%llu" : "%llu", (unsigned long long)id);
	if (!used)
		used = (size_t)snprintf(results->list, LIST_SIZE, "0");
	put(results, KEY_FIRED, 0);
	results->value[KEY_FIRED].text = results->list;
	results->value[KEY_FIRED].length = (unsigned)used;
}

static void put_time(struct trace *trace, struct results *results)
{
	put(results, KEY_TIME, (uint64_t)tk_clock_ns(&trace->tk, TK_MONOTONIC, trace->insns));
}

static void put_offset(struct trace *trace, const struct event *event, struct results *results)
{
	put(results, KEY_OFFSET, (uint64_t)tk_offset(&trace->tk, vcpu_of(event)));
}

/* --- reading and writing -------------------------------------------------------------------------- */

static int do_rdtsc(struct trace *trace, const struct event *event, struct results *results)
{
	put(results, KEY_TSC, tk_rdtsc(&trace->tk, vcpu_of(event), trace->insns));
	put(results, KEY_AUX, tk_aux(&trace->tk, vcpu_of(event)));
	return 0;
}

static int do_rdtscp(struct trace *trace, const struct event *event, struct results *results)
{
	if (tk_has_rdtscp(&trace->tk))
		return do_rdtsc(trace, event, results);
	put_word(results, KEY_FAULT, FAULT_UD);
	return 0;
}

static int put_msr(struct trace *trace, const struct event *event, struct results *results, enum tk_error error, uint64_t value)
{
	if (error)
		put_word(results, KEY_FAULT, FAULT_GP);
	else
		put(results, KEY_VALUE, value);
	put_offset(trace, event, results);
	put(results, KEY_ADJUST, trace->tk.state->vcpu[vcpu_of(event)].adjust);
	return 0;
}

static int do_rdmsr(struct trace *trace, const struct event *event, struct results *results)
{
	uint64_t msr = given(event, KEY_MSR, 0x10);
	uint64_t value = 0;
	enum tk_error error = TK_EMSR;

	if (msr <= UINT32_MAX)
		error = tk_rdmsr(&trace->tk, vcpu_of(event), trace->insns, (uint32_t)msr, &value);
	return put_msr(trace, event, results, error, value);
}

static int do_wrmsr(struct trace *trace, const struct event *event, struct results *results)
{
	uint64_t msr = given(event, KEY_MSR, 0x10);
	uint64_t value = given(event, KEY_VALUE, 0);
	enum tk_error error = TK_EMSR;

	if (msr <= UINT32_MAX)
		error = tk_wrmsr(&trace->tk, vcpu_of(event), trace->insns, (uint32_t)msr, value);
	return put_msr(trace, event, results, error, value);
}

static int do_hostwrite(struct trace *trace, const struct event *event, struct results *results)
{
	struct tk_sync_result sync;

	if (tk_host_write(&trace->tk, vcpu_of(event), trace->insns, given(event, KEY_VALUE, 0), &sync)) {
		put_word(results, KEY_FAULT, FAULT_GP);
		return 0;
	}
	put_offset(trace, event, results);
	put(results, KEY_GENERATION, sync.generation);
	put(results, KEY_MATCHED, sync.matched);
	return 0;
}

static int do_load(struct trace *trace, const struct event *event, struct results *results)
{
	tk_load(&trace->tk, vcpu_of(event), trace->insns);
	put_offset(trace, event, results);
	return 0;
}

static int do_stop(struct trace *trace, const struct event *event, struct results *results)
{
	(void)event;
	(void)results;
	tk_stop(&trace->tk, trace->insns);
	return 0;
}

static int do_cont(struct trace *trace, const struct event *event, struct results *results)
{
	(void)event;
	(void)results;
	tk_cont(&trace->tk, trace->insns);
	return 0;
}

static int do_now(struct trace *trace, const struct event *event, struct results *results)
{
	/* same order: ids in trace_rows.c */
	static const enum tk_clock_id ids[] = { TK_MONOTONIC, TK_REALTIME, TK_BOOTTIME, TK_MONOTONIC_RAW, TK_TAI };

	put(results, KEY_TIME, (uint64_t)tk_clock_ns(&trace->tk, ids[given(event, KEY_ID, 0)], trace->insns));
	return 0;
}

static int do_wall(struct trace *trace, const struct event *event, struct results *results)
{
	int64_t value = (int64_t)given(event, KEY_VALUE, 0);
	int64_t step = (int64_t)given(event, KEY_STEP, 0);
	bool set = event->given & BIT(KEY_VALUE);

	if (set ? tk_set_wall(&trace->tk, value, trace->insns) : tk_step_wall(&trace->tk, step, trace->insns))
		put_word(results, KEY_FAULT, FAULT_GP);
	put(results, KEY_TIME, (uint64_t)tk_clock_ns(&trace->tk, TK_REALTIME, trace->insns));
	return 0;
}

/* --- instructions, timers, waiting ---------------------------------------------------------------- */

static int do_run(struct trace *trace, const struct event *event, struct results *results)
{
	trace->insns += given(event, KEY_INSNS, 0);
	put(results, KEY_INSNS, trace->insns);
	put_time(trace, results);
	put_fired(trace, results);
	return 0;
}

static int do_budget(struct trace *trace, const struct event *event, struct results *results)
{
	(void)event;
	put(results, KEY_INSNS, tk_budget(&trace->tk, trace->insns));
	return 0;
}

static int do_arm(struct trace *trace, const struct event *event, struct results *results)
{
	if (tk_arm(&trace->tk, given(event, KEY_TIMER, 0), (int64_t)given(event, KEY_DEADLINE, 0)))
		return trace_nonsense(trace, "at most 256 timers can be armed");
	return do_budget(trace, event, results);
}

static int do_disarm(struct trace *trace, const struct event *event, struct results *results)
{
	tk_disarm(&trace->tk, given(event, KEY_TIMER, 0));
	return do_budget(trace, event, results);
}

/* The event's host times are those at the end of the wait. The wait begins at the times of the
 * event before. */
static int do_idle(struct trace *trace, const struct event *event, struct results *results)
{
	enum tk_wake wake = (enum tk_wake)given(event, KEY_WAKE, TK_WAKE_TIMER);
	int64_t wait;
	enum tk_idle idle = tk_idle_begin(&trace->tk, trace->insns, wake == TK_WAKE_EXTERNAL, &wait);

	trace_set_host(trace, event);
	tk_idle_end(&trace->tk, trace->insns, wake);
	put_time(trace, results);
	put_fired(trace, results);
	if (idle == TK_IDLE_WAIT)
		put(results, KEY_WAIT, (uint64_t)wait);
	else
		put_word(results, KEY_WAIT, idle == TK_IDLE_DEADLOCK);
	return 0;
}

static int do_tick(struct trace *trace, const struct event *event, struct results *results)
{
	uint64_t per_insn;

	(void)event;
	put(results, KEY_WAIT, (uint64_t)tk_tick(&trace->tk, trace->insns));
	per_insn = tk_ns_per_insn(&trace->tk);
	put(results, KEY_SHIFT, per_insn ? (uint64_t)(31 - __builtin_clzll(per_insn)) : 0);
	put_time(trace, results);
	put(results, KEY_DRIFT, (uint64_t)tk_drift(&trace->tk, trace->insns));
	return 0;
}

static int do_inject(struct trace *trace, const struct event *event, struct results *results)
{
	int64_t at = (int64_t)given(event, KEY_AT, 0);
	bool vcpu_fault = event->given & (BIT(KEY_SKEW) | BIT(KEY_DRIFT));
	int failed = 0;

	if (vcpu_fault)
		failed |= (int)tk_inject_skew(&trace->tk, vcpu_of(event), (int64_t)given(event, KEY_SKEW, 0),
			(int64_t)given(event, KEY_DRIFT, 0));
	if (event->given & BIT(KEY_JUMP))
		failed |= tk_inject_jump(&trace->tk, at, (int64_t)event->value[KEY_JUMP].number);
	if (event->given & BIT(KEY_STEP))
		failed |= tk_inject_wall_step(&trace->tk, at, (int64_t)event->value[KEY_STEP].number);
	if (failed)
		return trace_nonsense(trace, "no such fault can be injected: mode host, 16 are pending, or a drift over 10^6 ppm");
	return do_budget(trace, event, results);
}

/* --- save and restore, pages, statistics ---------------------------------------------------------- */

static int do_save(struct trace *trace, const struct event *event, struct results *results)
{
	struct moment present = now(&trace->tk, trace->insns);

	tk_save(&trace->tk, trace->insns, trace->image);
	trace->saved = true;
	put(results, KEY_VALUE, vcpu_tsc(trace->tk.state, vcpu_of(event), present.eff));
	put(results, KEY_TIME, (uint64_t)present.ns);
	return 0;
}

/* Same order: policies in trace_rows.c. */
static int do_restore(struct trace *trace, const struct event *event, struct results *results)
{
	uint64_t policy = given(event, KEY_POLICY, TK_POLICY_APPARENT + 1 + TK_FREEZE) - TK_POLICY_APPARENT - 1;
	struct tk_restore restore = { .host_khz = given(event, KEY_KHZ, 0), .policy = (enum tk_away)policy };
	char error[200];

	if (!trace->saved)
		return trace_nonsense(trace, "restore without a save before it");
	if (policy > TK_ADVANCE)
		return trace_nonsense(trace, "a restore's policy is freeze or advance");
	restore.away_ns = (int64_t)given(event, KEY_AWAY, (uint64_t)tk_away(&trace->host, trace->image));
	if (tk_restore(&trace->tk, trace->image, tk_size(), &restore, trace->insns, error, sizeof(error)))
		return trace_nonsense(trace, error);
	put_offset(trace, event, results);
	put(results, KEY_INCARNATION, tk_incarnation(&trace->tk));
	return 0;
}

static int do_pvclock(struct trace *trace, const struct event *event, struct results *results)
{
	struct tk_pvclock page;

	tk_pvclock_refresh(&trace->tk, vcpu_of(event), trace->insns, &page);
	put(results, KEY_VERSION, page.version);
	put(results, KEY_TIMESTAMP, page.tsc_timestamp);
	put(results, KEY_SYSTEM, page.system_time);
	put(results, KEY_MUL, page.tsc_to_system_mul);
	put(results, KEY_SHIFT, (uint64_t)(int64_t)page.tsc_shift);
	put(results, KEY_FLAGS, page.flags);
	return 0;
}

static int do_pvread(struct trace *trace, const struct event *event, struct results *results)
{
	const struct tk_pvclock *page = &trace->tk.state->vcpu[vcpu_of(event)].pv;
	uint64_t ns = 0;

	if (!page->version)
		return trace_nonsense(trace, "pvread without a pvclock before it for this vCPU");
	tk_pvclock_read(page, tk_rdtsc(&trace->tk, vcpu_of(event), trace->insns), &ns);
	put(results, KEY_TIME, ns);
	return 0;
}

static int do_stats(struct trace *trace, const struct event *event, struct results *results)
{
	struct tk_stats stats = tk_stats(&trace->tk);

	(void)event;
	put(results, KEY_BACKSTEPS, stats.backsteps);
	put(results, KEY_LARGEST_BACKSTEP, stats.largest_backstep);
	put(results, KEY_RAISED, stats.raised);
	put(results, KEY_EXITS, stats.exits);
	return 0;
}

static int do_cpuid(struct trace *trace, const struct event *event, struct results *results)
{
	uint32_t regs[4] = { 0 };

	tk_cpuid(&trace->tk, (uint32_t)given(event, KEY_LEAF, 0), 0, regs);
	put(results, KEY_EAX, regs[0]);
	put(results, KEY_EBX, regs[1]);
	put(results, KEY_ECX, regs[2]);
	put(results, KEY_EDX, regs[3]);
	return 0;
}

event_handler *const event_handlers[EVENTS] = {
	[EVENT_CLOCK] = trace_do_clock,
	[EVENT_HOST] = trace_do_host,
	[EVENT_CREATE] = trace_do_create,
	[EVENT_RDTSC] = do_rdtsc,
	[EVENT_RDTSCP] = do_rdtscp,
	[EVENT_RDMSR] = do_rdmsr,
	[EVENT_WRMSR] = do_wrmsr,
	[EVENT_HOSTWRITE] = do_hostwrite,
	[EVENT_LOAD] = do_load,
	[EVENT_STOP] = do_stop,
	[EVENT_CONT] = do_cont,
	[EVENT_NOW] = do_now,
	[EVENT_RUN] = do_run,
	[EVENT_BUDGET] = do_budget,
	[EVENT_ARM] = do_arm,
	[EVENT_DISARM] = do_disarm,
	[EVENT_IDLE] = do_idle,
	[EVENT_TICK] = do_tick,
	[EVENT_SAVE] = do_save,
	[EVENT_RESTORE] = do_restore,
	[EVENT_PVCLOCK] = do_pvclock,
	[EVENT_PVREAD] = do_pvread,
	[EVENT_STATS] = do_stats,
	[EVENT_WALL] = do_wall,
	[EVENT_INJECT] = do_inject,
	[EVENT_CPUID] = do_cpuid,
};

/* --- running -------------------------------------------------------------------------------------- */

static int check_place(struct trace *trace, const struct event *event)
{
	char message[80];

	if (given(event, KEY_CPU, 0) >= TK_MAX_HOST_CPUS)
		return trace_nonsense(trace, "host CPUs are 0 to 1023");
	if (given(event, KEY_VCPU, 0) < trace->config.vcpus)
		return 0;
	snprintf(message, sizeof(message), "no such vCPU: the clock has %u", trace->config.vcpus);
	return trace_nonsense(trace, message);
}

int trace_execute(struct trace *trace, const struct event *event, struct results *results)
{
	bool configures = event->kind == EVENT_CLOCK || event->kind == EVENT_HOST;

	results->given = 0;
	if (!configures && check_place(trace, event))
		return -1;
	if (event->kind != EVENT_IDLE && event->kind != EVENT_CLOCK)
		trace_set_host(trace, event);
	if (!configures && event->kind != EVENT_CREATE && trace_begin(trace))
		return -1;
	if (event->kind != EVENT_CLOCK && !trace->has_clock)
		return trace_begin(trace);
	return trace->handlers[event->kind](trace, event, results);
}
