/* Every trace in traces/clock notices a clock that is wrong in the trace's subject: an option without effect, an ignored event, a wrong
 * result. */
#include <dirent.h>

#include "tests/unit/clock_mutation.h"
#include "tests/unit/suite.h"

enum change {
	OPTION,  /* the event's key always has this value */
	SHIFTED, /* the event's key is wrong by this much */
	RESULT,  /* the result is always this */
	OFF,     /* the result is wrong by this much */
	IGNORED, /* the event has no effect */
	BY_HAND, /* the function `broken` */
};

/* As the language numbers the words of `policy`. */
enum { FREEZE = TK_POLICY_APPARENT + 1 + TK_FREEZE, ADVANCE = TK_POLICY_APPARENT + 1 + TK_ADVANCE };

/* A vCPU starts at its own CPU's TSC, even if that leads the guest's. */
static int create_from_own_tsc(struct trace *trace, const struct event *event, struct results *results)
{
	int status = correct(trace, event, results);

	if (vcpu_of(event)) {
		trace->tk.state->vcpu[vcpu_of(event)].offset = 0 - trace->tsc;
		put(results, KEY_OFFSET, 0 - trace->tsc);
	}
	return status;
}

/* Each vCPU has a separate clock. */
static int run_of_vcpu_0(struct trace *trace, const struct event *event, struct results *results)
{
	uint64_t before = trace->insns;
	int status = correct(trace, event, results);

	if (vcpu_of(event))
		trace->insns = before;
	put(results, KEY_TIME, (uint64_t)tk_clock_ns(&trace->tk, TK_MONOTONIC, trace->insns));
	return status;
}

/* A new vCPU counts as written with 0, so the first write of a restore is taken for a second one. */
static int hostwrite_after_none(struct trace *trace, const struct event *event, struct results *results)
{
	trace->tk.state->last_write.have_last = true;
	return correct(trace, event, results);
}

static int wrmsr_of_eax(struct trace *trace, const struct event *event, struct results *results)
{
	struct event half = *event;

	half.value[KEY_VALUE].number = (uint32_t)half.value[KEY_VALUE].number;
	return correct(trace, &half, results);
}

static int restore_without_timers(struct trace *trace, const struct event *event, struct results *results)
{
	int status = correct(trace, event, results);

	trace->tk.state->timers = 0;
	return status;
}

static const struct mutation {
	const char *file, *what;
	enum event_kind event;
	enum change change;
	enum key key;
	int64_t number;
	event_handler *broken;
} mutations[] = {
	{ "A1", "steps back are not counted", EVENT_STATS, RESULT, KEY_BACKSTEPS, 0, NULL },
	{ "A2", "no guard", EVENT_CLOCK, OPTION, KEY_GUARD, TK_GUARD_NONE, NULL },
	{ "A3", "no table", EVENT_CLOCK, OPTION, KEY_GUARD, TK_GUARD_NONE, NULL },
	{ "A4", "the TSC runs on while stopped", EVENT_STOP, IGNORED, 0, 0, NULL },
	{ "A5", "WRMSR has no effect", EVENT_WRMSR, IGNORED, 0, 0, NULL },
	{ "A6", "all vCPUs on one node", EVENT_CLOCK, OPTION, KEY_NODE_VCPUS, 0, NULL },
	{ "A6", "the host's CPU in ECX", EVENT_RDTSCP, RESULT, KEY_AUX, 7, NULL },
	{ "B1", "N is always 3", EVENT_CLOCK, OPTION, KEY_SHIFT, 3, NULL },
	{ "B2", "a budget rounded down", EVENT_ARM, OFF, KEY_INSNS, -1, NULL },
	{ "B2", "no end without a timer", EVENT_BUDGET, OFF, KEY_INSNS, 1, NULL },
	{ "B3", "sleep=off without effect", EVENT_CLOCK, OPTION, KEY_SLEEP, 1, NULL },
	{ "B3", "sleep=on jumps", EVENT_CLOCK, OPTION, KEY_SLEEP, 0, NULL },
	{ "B4", "a clock for each vCPU", EVENT_RUN, BY_HAND, 0, 0, run_of_vcpu_0 },
	{ "B5", "no control", EVENT_TICK, IGNORED, 0, 0, NULL },
	{ "C1", "never matched", EVENT_CLOCK, OPTION, KEY_SYNC, TK_SYNC_EXACT, NULL },
	{ "C2", "an unstable host taken for a stable one", EVENT_HOST, OPTION, KEY_STABLE, 1, NULL },
	{ "C3", "one rule for all", EVENT_CLOCK, OPTION, KEY_SYNC, TK_SYNC_1S, NULL },
	{ "C4", "a second is not strict", EVENT_HOSTWRITE, SHIFTED, KEY_VALUE, -1, NULL },
	{ "C5", "fresh counts as written", EVENT_HOSTWRITE, BY_HAND, 0, 0, hostwrite_after_none },
	{ "C6", "TSC_ADJUST stays", EVENT_WRMSR, RESULT, KEY_ADJUST, 0, NULL },
	{ "D1", "the multiplier is rounded up", EVENT_PVCLOCK, OFF, KEY_MUL, 1, NULL },
	{ "D2", "monotonic, not strictly", EVENT_CLOCK, OPTION, KEY_GUARD, TK_GUARD_CLAMP, NULL },
	{ "D3", "advance freezes", EVENT_RESTORE, OPTION, KEY_POLICY, FREEZE, NULL },
	{ "D3", "freeze advances", EVENT_RESTORE, OPTION, KEY_POLICY, ADVANCE, NULL },
	{ "D3", "the old host's frequency", EVENT_RESTORE, OPTION, KEY_KHZ, 3000000, NULL },
	{ "D4", "advance freezes", EVENT_RESTORE, OPTION, KEY_POLICY, FREEZE, NULL },
	{ "E1", "offsetting cannot be turned off", EVENT_CLOCK, OPTION, KEY_OFFSETTING, 1, NULL },
	{ "E1", "exiting has no effect", EVENT_CLOCK, OPTION, KEY_EXITING, 0, NULL },
	{ "E1", "RDTSCP cannot be disabled", EVENT_CLOCK, OPTION, KEY_RDTSCP, 1, NULL },
	{ "E2", "a vCPU that is ahead", EVENT_CREATE, BY_HAND, 0, 0, create_from_own_tsc },
	{ "E3", "no catching up", EVENT_CLOCK, OPTION, KEY_GUARD, TK_GUARD_NONE, NULL },
	{ "E3", "load has no effect", EVENT_LOAD, IGNORED, 0, 0, NULL },
	{ "E4", "no guard", EVENT_CLOCK, OPTION, KEY_GUARD, TK_GUARD_NONE, NULL },
	{ "E5", "EDX ignored", EVENT_WRMSR, BY_HAND, 0, 0, wrmsr_of_eax },
	{ "agree", "the wall clock is off", EVENT_NOW, OFF, KEY_TIME, 1, NULL },
	{ "apparent", "a host clock read each time", EVENT_CLOCK, OPTION, KEY_POLICY, TK_POLICY_NEVER_EMULATE, NULL },
	{ "armed_meanwhile", "arming has no effect", EVENT_ARM, IGNORED, 0, 0, NULL },
	{ "constant_tsc", "a constant TSC", EVENT_RDTSC, RESULT, KEY_TSC, 0, NULL },
	{ "far_deadline", "every wait ends by the timer", EVENT_IDLE, OPTION, KEY_WAKE, TK_WAKE_TIMER, NULL },
	{ "first_idle", "time asleep does not count", EVENT_IDLE, IGNORED, 0, 0, NULL },
	{ "forward_leap", "the leap is hidden", EVENT_STATS, RESULT, KEY_RAISED, 0, NULL },
	{ "inject", "no faults", EVENT_INJECT, IGNORED, 0, 0, NULL },
	{ "other_host", "the old host's frequency", EVENT_RESTORE, OPTION, KEY_KHZ, 1000000, NULL },
	{ "other_host", "the old host's stability", EVENT_HOST, OPTION, KEY_STABLE, 1, NULL },
	{ "overflow", "time stands still", EVENT_NOW, RESULT, KEY_TIME, 0, NULL },
	{ "rate_change", "the change has no effect", EVENT_HOST, IGNORED, 0, 0, NULL },
	{ "save", "timers are lost", EVENT_RESTORE, BY_HAND, 0, 0, restore_without_timers },
	{ "save", "the incarnation stays", EVENT_RESTORE, RESULT, KEY_INCARNATION, 0, NULL },
	{ "spinning", "budgets without end", EVENT_BUDGET, RESULT, KEY_INSNS, INT64_MAX, NULL },
	{ "wall_clock", "setting the clock has no effect", EVENT_WALL, IGNORED, 0, 0, NULL },
	{ "write_zero", "0 always matches", EVENT_CLOCK, OPTION, KEY_SYNC, TK_SYNC_1S, NULL },
	{ "write_zero", "0 is a value like any other", EVENT_CLOCK, OPTION, KEY_SYNC, TK_SYNC_2010, NULL },
};

enum { MUTATIONS = sizeof(mutations) / sizeof(mutations[0]) };

static const struct mutation *mutation; /* the mutation under test; handlers get no argument for it */

static int mutated(struct trace *trace, const struct event *event, struct results *results)
{
	struct event changed = *event;
	int status;

	if (mutation->change == IGNORED)
		return 0;
	if (mutation->change == OPTION) {
		changed.given |= BIT(mutation->key);
		changed.value[mutation->key] = (struct value){ .number = (uint64_t)mutation->number };
	}
	if (mutation->change == SHIFTED)
		changed.value[mutation->key].number += (uint64_t)mutation->number;
	status = correct(trace, &changed, results);
	if (mutation->change == RESULT)
		put(results, mutation->key, (uint64_t)mutation->number);
	if (mutation->change == OFF)
		results->value[mutation->key].number += (uint64_t)mutation->number;
	return status;
}

START_TEST(a_wrong_clock_is_noticed)
{
	mutation = &mutations[_i];
	must_show(mutation->what, mutation->file, mutation->event, mutation->broken ? mutation->broken : mutated);
}
END_TEST

static bool has_mutation(const char *name)
{
	for (unsigned i = 0; i < MUTATIONS; i++)
		if (strncmp(mutations[i].file, name, strlen(mutations[i].file)) == 0
			&& strcmp(name + strlen(mutations[i].file), ".clk") == 0)
			return true;
	return false;
}

START_TEST(every_trace_has_its_mutation)
{
	DIR *folder = opendir("traces/clock");
	struct dirent *entry;

	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder)))
		ck_assert_msg(entry->d_name[0] == '.' || has_mutation(entry->d_name), "%s", entry->d_name);
	closedir(folder);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("mutations");

	tcase_add_loop_test(tcase, a_wrong_clock_is_noticed, 0, MUTATIONS);
	tcase_add_test(tcase, every_trace_has_its_mutation);
	return run_suite("clock scenarios", tcase);
}
