/* The clock that a trace describes: its scripted host, its configuration, its beginning. */
#include <stdlib.h>
#include <string.h>

#include "timekeep/trace.h"

int trace_nonsense(struct trace *trace, const char *message)
{
	return refuse(trace->error, sizeof(trace->error), "%s", message);
}

/* --- the scripted host ---------------------------------------------------------------------------- */

static uint64_t scripted_tsc(void *ctx, uint32_t *cpu)
{
	const struct trace *trace = ctx;

	*cpu = trace->cpu;
	return trace->tsc;
}

/* If the trace has no `real`, the host's wall clock showed the epoch at its boot. */
static int64_t scripted_clock(void *ctx, enum tk_clock_id id)
{
	const struct trace *trace = ctx;

	if (!tk_is_wall(id))
		return trace->ns;
	return trace->real_given ? trace->real : add_i64(trace->config.epoch_ns, trace->ns);
}

static bool scripted_stable(void *ctx)
{
	const struct trace *trace = ctx;

	return !trace->unstable;
}

void trace_set_host(struct trace *trace, const struct event *event)
{
	trace->cpu = (uint32_t)given(event, KEY_CPU, 0);
	trace->tsc = given(event, KEY_TSC, trace->tsc);
	trace->ns = (int64_t)given(event, KEY_NS, (uint64_t)trace->ns);
	if (event->given & BIT(KEY_REAL)) {
		trace->real = (int64_t)event->value[KEY_REAL].number;
		trace->real_given = true;
	}
}

/* --- configuration -------------------------------------------------------------------------------- */

/* Numbers too large for the field must stay too large, so that they are refused. */
static unsigned at_most(uint64_t number, unsigned most)
{
	return number < most ? (unsigned)number : most;
}

static void set_trap(struct tk_config *config, const struct event *event, enum key key, unsigned trap)
{
	if (event->given & BIT(key))
		config->traps = event->value[key].number ? config->traps | trap : config->traps & ~trap;
}

static int set_rate(struct trace *trace, const struct event *event)
{
	struct tk_config *config = &trace->config;

	if (event->given & BIT(KEY_SHIFT) && event->given & BIT(KEY_NS_PER_INSN))
		return trace_nonsense(trace, "give shift or ns-per-insn, not both");
	if (event->given & BIT(KEY_SHIFT)) {
		config->rate = event->value[KEY_SHIFT].is_word ? TK_RATE_AUTO : TK_RATE_SHIFT;
		config->shift = at_most(event->value[KEY_SHIFT].number, TK_MAX_SHIFT + 1);
	}
	if (event->given & BIT(KEY_NS_PER_INSN)) {
		config->rate = TK_RATE_FRACTION;
		config->ns_num = event->value[KEY_NS_PER_INSN].number;
		config->ns_den = event->value[KEY_NS_PER_INSN].denominator;
	}
	return 0;
}

/* Configures everything but the host's frequency. */
static int configure(struct trace *trace, const struct event *event)
{
	struct tk_config *config = &trace->config;

	config->mode = (enum tk_mode)given(event, KEY_MODE, TK_OFFSET);
	config->vcpus = at_most(given(event, KEY_VCPUS, 1), TK_MAX_VCPUS + 1);
	config->vcpus_per_node = at_most(given(event, KEY_NODE_VCPUS, 0), TK_MAX_VCPUS);
	config->guest_khz = given(event, KEY_GUEST_KHZ, 0);
	config->tsc_start = given(event, KEY_START, 0);
	config->guard = (enum tk_guard)given(event, KEY_GUARD, TK_GUARD_NONE);
	config->sync = (enum tk_sync)given(event, KEY_SYNC, TK_SYNC_1S);
	config->policy = (enum tk_policy)given(event, KEY_POLICY, TK_POLICY_NEVER_EMULATE);
	if (config->policy > TK_POLICY_APPARENT)
		return trace_nonsense(trace, "the clock's policy is never-emulate, default, always-emulate or apparent");
	config->sleep_off = given(event, KEY_SLEEP, 1) == 0;
	config->align = given(event, KEY_ALIGN, 0);
	config->epoch_ns = (int64_t)given(event, KEY_EPOCH, 0);
	if (event->given & BIT(KEY_RATE)) {
		config->rate_num = event->value[KEY_RATE].number;
		config->rate_den = event->value[KEY_RATE].denominator;
	}
	set_trap(config, event, KEY_EXITING, TK_EXITING);
	set_trap(config, event, KEY_OFFSETTING, TK_OFFSETTING);
	set_trap(config, event, KEY_SCALING, TK_SCALING);
	set_trap(config, event, KEY_RDTSCP, TK_RDTSCP);
	return set_rate(trace, event);
}

/* Clears what the previous clock of the trace has left. */
static void start_over(struct trace *trace)
{
	memset(trace->table, 0, sizeof(trace->table));
	trace->begun = trace->created = trace->saved = trace->unstable = trace->real_given = false;
	trace->insns = trace->tsc = 0;
	trace->ns = 0;
}

int trace_do_clock(struct trace *trace, const struct event *event, struct results *results)
{
	(void)results;
	if (trace_finish(trace))
		return -1;
	start_over(trace);
	trace->config = tk_config_default();
	trace->has_clock = true;
	trace->clock_line = trace->line;
	return configure(trace, event);
}

static int change_host(struct trace *trace, const struct event *event)
{
	if (event->given & BIT(KEY_KHZ) && tk_set_host_khz(&trace->tk, event->value[KEY_KHZ].number, trace->insns))
		return trace_nonsense(trace, "the host's TSC cannot run at that frequency under this clock");
	trace->tk.state->host_stable = !trace->unstable;
	memcpy(trace->tk.state->table, trace->table, sizeof(trace->table));
	return 0;
}

int trace_do_host(struct trace *trace, const struct event *event, struct results *results)
{
	(void)results;
	if (event->given & BIT(KEY_KHZ) && event->value[KEY_KHZ].number - 1 >= UINT32_MAX)
		return trace_nonsense(trace, "khz must be 1 to 4294967295");
	trace->unstable = given(event, KEY_STABLE, !trace->unstable) == 0;
	if (event->given & BIT(KEY_TABLE) && trace_parse_table(trace, event->value[KEY_TABLE]))
		return -1;
	if (trace->begun)
		return change_host(trace, event);
	trace->config.host_khz = given(event, KEY_KHZ, trace->config.host_khz);
	return 0;
}

/* --- beginning ------------------------------------------------------------------------------------ */

/* Frequencies that the trace does not give are equal, and 1 GHz. */
static int setup(struct trace *trace)
{
	struct tk_config config = trace->config;
	char error[200];

	if (!config.host_khz)
		config.host_khz = config.guest_khz ? config.guest_khz : 1000000;
	if (config.guard == TK_GUARD_TABLE) {
		config.table = trace->table;
		config.table_length = TK_MAX_HOST_CPUS;
	}
	if (clock_setup(&trace->tk, &config, error, sizeof(error))) {
		trace->line = trace->clock_line;
		return trace_nonsense(trace, error);
	}
	trace->begun = true;
	return 0;
}

int trace_begin(struct trace *trace)
{
	if (!trace->has_clock)
		return trace_nonsense(trace, "the first event must be 'clock'");
	if (trace->begun)
		return 0;
	if (setup(trace))
		return -1;
	clock_begin_native(&trace->tk);
	return 0;
}

int trace_finish(struct trace *trace)
{
	return trace->has_clock && !trace->begun ? setup(trace) : 0;
}

int trace_do_create(struct trace *trace, const struct event *event, struct results *results)
{
	if (event->given & BIT(KEY_VCPU) && trace->created) {
		tk_create_vcpu(&trace->tk, vcpu_of(event), trace->insns);
	} else {
		if (setup(trace))
			return -1;
		clock_begin(&trace->tk);
		trace->created = true;
	}
	put(results, KEY_OFFSET, (uint64_t)tk_offset(&trace->tk, vcpu_of(event)));
	return 0;
}

/* --- opening and closing ---------------------------------------------------------------------------- */

int trace_open(struct trace *trace, const char *name, FILE *err, event_handler *const *handlers)
{
	memset(trace, 0, sizeof(*trace));
	trace->name = name;
	trace->err = err;
	trace->handlers = handlers;
	trace->config = tk_config_default();
	trace->host = (struct tk_host){
		.ctx = trace,
		.tsc = scripted_tsc,
		.clock = scripted_clock,
		.stable = scripted_stable,
	};
	trace->tk = (struct tk){ calloc(1, tk_size()), &trace->host };
	trace->image = calloc(1, tk_size());
	names_fill(trace);
	return trace->tk.state && trace->image ? 0 : -1;
}

void trace_close(struct trace *trace)
{
	free(trace->tk.state);
	free(trace->image);
}
