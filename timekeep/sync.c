/* Matches TSC writes by the host: a restore writes each vCPU's TSC at a slightly different
 * moment. The rules are KVM's: kvm_synchronize_tsc in arch/x86/kvm/x86.c (`1s`), and the one of
 * Linux 2.6.37 (`2010`). */
#include "timekeep/state.h"

#define NS_PER_S INT64_C(1000000000)

static uint64_t elapsed_cycles(const struct timekeep *s, int64_t ns)
{
	return ns_to_ticks(s, sub_i64(ns, s->last_write.ns));
}

static bool within(int64_t difference, int64_t limit)
{
	return difference > -limit && difference < limit;
}

static bool matches(const struct timekeep *s, uint64_t value, int64_t ns)
{
	const struct sync_state *last = &s->last_write;
	int64_t second = (int64_t)s->guest_khz * 1000;

	if (!last->have_last)
		return false;
	switch ((enum tk_sync)s->sync) {
	case TK_SYNC_1S: return value == 0 || within((int64_t)(value - last->value - elapsed_cycles(s, ns)), second);
	case TK_SYNC_2010: return within((int64_t)(value - last->value), 5 * second) && within(sub_i64(ns, last->ns), 5 * NS_PER_S);
	case TK_SYNC_MAX: return true;
	case TK_SYNC_EXACT: break;
	}
	return false;
}

static void set_offset(const struct tk *tk, unsigned vcpu, uint64_t insns, uint64_t offset)
{
	tsc_moved(tk, vcpu, insns, offset - tk->state->vcpu[vcpu].offset);
	tk->state->vcpu[vcpu].generation = tk->state->last_write.generation;
}

/* Rule `max`: returns the largest TSC that the host has written, at its value of now. Every vCPU
 * gets it, written or not. */
static uint64_t spread_largest(const struct tk *tk, uint64_t insns, uint64_t value, uint64_t eff)
{
	struct timekeep *s = tk->state;
	uint64_t offset = value - eff;

	for (unsigned i = 0; i < s->vcpus; i++)
		if (s->vcpu[i].host_written && (int64_t)(s->vcpu[i].offset - offset) > 0)
			offset = s->vcpu[i].offset;
	for (unsigned i = 0; i < s->vcpus; i++)
		set_offset(tk, i, insns, offset);
	return offset;
}

enum tk_error tk_host_write(const struct tk *tk, unsigned vcpu, uint64_t insns, uint64_t value, struct tk_sync_result *result)
{
	struct timekeep *s = tk->state;
	struct sync_state *last = &s->last_write;
	struct moment present;
	uint64_t offset;
	int64_t ns;
	bool matched;

	if (s->mode == TK_HOST)
		return TK_EMODE;
	if (!(s->traps & TK_OFFSETTING))
		return TK_ENATIVE;
	present = now(tk, insns);
	ns = s->mode == TK_ICOUNT ? present.ns : host_ns(tk);
	matched = matches(s, value, ns);
	if (matched && s->sync != TK_SYNC_MAX && !s->host_stable)
		value += elapsed_cycles(s, ns);
	offset = matched && s->host_stable ? last->offset : value - present.eff;
	if (!matched)
		last->generation++;
	if (s->sync == TK_SYNC_MAX)
		offset = spread_largest(tk, insns, value, present.eff);
	else
		set_offset(tk, vcpu, insns, offset);
	s->vcpu[vcpu].host_written = true;
	*last = (struct sync_state){
		.value = value,
		.ns = ns,
		.offset = offset,
		.generation = last->generation,
		.have_last = true,
	};
	*result = (struct tk_sync_result){ .generation = last->generation, .matched = matched };
	return TK_OK;
}
