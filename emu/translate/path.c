/* Which way a trace takes: along jumps and calls, at a branch to the side that has run more often, until it comes back to its beginning or
 * to where another trace begins. */
#include "decode/key.h"
#include "emu/translate/path.h"

#include "emu/op/lists.h"
#include "emu/translate/rules.h"
#include "emu/translate/trace.h"

uint64_t unit_other_side(const struct unit *unit)
{
	return unit->follows_taken ? unit_behind(unit) : unit->step.imm;
}

/* --- one instruction ------------------------------------------------------------------------------------ */

/* Finds the prefixes, and the segment with a base among them. False: there are two of those, or more prefixes behind a REX, which then has no
 * effect. */
static bool scan_prefixes(struct unit *unit)
{
	const uint8_t *bytes = unit->in.bytes;

	unit->prefixes = 0;
	unit->segment = 0;
	while (key_is_prefix(bytes[unit->prefixes])) {
		uint8_t byte = bytes[unit->prefixes++];

		if ((byte == 0x64 || byte == 0x65) && unit->segment)
			return false;
		if (byte == 0x64 || byte == 0x65)
			unit->segment = byte == 0x64 ? SEG_FS : SEG_GS;
	}
	return (bytes[unit->prefixes] & 0xf0) != REX || !key_is_prefix(bytes[unit->prefixes + 1]);
}

static bool has_prefix(const struct unit *unit, uint8_t prefix)
{
	for (unsigned k = 0; k < unit->prefixes; k++)
		if (unit->in.bytes[k] == prefix)
			return true;
	return false;
}

/* Takes the encoding from the plan, with the bytes of this instruction. */
static bool decode_unit(struct unit *unit)
{
	unit->in = unit->step.plan->encoding;
	memcpy(unit->in.bytes, (const void *)unit->step.address, unit->in.length);
	return scan_prefixes(unit);
}

/* ModRM names two registers. */
static bool names_registers(const struct encoding *in)
{
	return in->modrm && in->bytes[in->modrm] >= 0xc0;
}

/* Another base register, where the operand is relative to RIP or to a segment. Not with 32-bit addresses, nor where the address is not
 * ModRM's, nor where the index may be a vector. */
static bool can_be_based(const struct unit *unit)
{
	bool vex = unit->in.bytes[unit->prefixes] == 0xc4 || unit->in.bytes[unit->prefixes] == 0xc5;

	if (!unit->in.relative && !unit->segment)
		return true;
	return unit->in.modrm && !names_registers(&unit->in) && !has_prefix(unit, 0x67) && !(unit->segment && (vex || unit->in.relative));
}

/* False: it is one that its handler knows. */
static bool flow_kind(struct unit *unit)
{
	const struct plan *plan = unit->step.plan;
	bool direct = plan->flags & PLAN_DIRECT;

	switch (step_branch(&unit->step)) {
	case BRANCH_FLAGS: unit->kind = UNIT_BRANCH; return true;
	case BRANCH_JUMP: unit->kind = direct ? UNIT_NOTHING : UNIT_INDIRECT; break;
	case BRANCH_CALL: unit->kind = direct ? UNIT_CALL : UNIT_INDIRECT; break;
	case BRANCH_RETURN: unit->kind = UNIT_INDIRECT; break;
	default: return false;
	}
	return unit->kind != UNIT_INDIRECT || (decode_unit(unit) && can_be_based(unit));
}

/* What computes without flags needs BMI2. */
static bool has_time_line(void)
{
	return __builtin_cpu_supports("bmi2");
}

/* False: the trace ends ahead of it. */
static bool classify(struct unit *unit)
{
	const struct plan *plan = unit->step.plan;

	if (!step_form(&unit->step))
		return false;
	unit->in = (struct encoding){ 0 };
	unit->segment = unit->prefixes = 0;
	unit->follows_taken = unit->keeps_flags = false;
	unit->expected = 0;
	unit->may_keep = plan->attributes & FORM_PRESERVES;
	unit->reads = plan->reads;
	unit->writes = plan->writes;
	unit->zero = unit->zero_by_one = 0;
	unit->clears = false;
	unit->faults = plan->flags & PLAN_FAULTS;
	if (plan->attributes & FORM_ENDS)
		return flow_kind(unit);
	if (plan->attributes & FORM_OMIT) {
		unit->kind = UNIT_NOTHING;
		return true;
	}
	unit->kind = plan->op == OP_RDTSC && has_time_line() ? UNIT_TIME : UNIT_CALLED;
	if (plan->flags & PLAN_HANDLED || !decode_unit(unit))
		return true;
	if (plan->attributes & FORM_ADDRESS_ONLY) /* LEA takes no segment */
		unit->segment = 0;
	rules_flags(unit);
	if (can_be_based(unit))
		unit->kind = UNIT_COPIED;
	return true;
}

/* Writes all flags, whatever they were, and cannot fault. */
bool unit_covers_flags(const struct unit *unit)
{
	return unit->kind == UNIT_COPIED && !unit->faults && unit->writes == FLAGS_ALL && !unit->reads && !unit->may_keep;
}

/* --- the way -------------------------------------------------------------------------------------------- */

static bool on_path(const struct path *path, uint64_t address)
{
	for (unsigned k = 0; address <= path->highest && k < path->count; k++)
		if (path->unit[k].step.address == address)
			return true;
	return false;
}

/* The side that has been entered more often; what has not run at all is not worth following. */
static bool choose_side(const struct blocks *blocks, struct path *path, struct unit *unit, uint64_t *next)
{
	uint64_t taken = unit->step.imm, fall = unit_behind(unit);
	unsigned taken_runs = trace_entries(blocks, taken), fall_runs = trace_entries(blocks, fall);

	if (taken == path->rip || fall == path->rip) {
		unit->follows_taken = taken == path->rip;
		path->end = END_BRANCHES;
		path->next = unit_other_side(unit);
		return false;
	}
	unit->follows_taken = taken_runs > fall_runs;
	*next = unit->follows_taken ? taken : fall;
	if (taken_runs || fall_runs)
		return true;
	path->end = END_GOES;
	path->next = *next;
	return false;
}

/* A pointer at a fixed address, such as dynamic linking makes for each function, most likely keeps its value. */
static bool expect_target(const struct blocks *blocks, struct unit *unit)
{
	return unit->in.relative && space_read(blocks->space, (uint64_t)unit->step.disp, &unit->expected, sizeof(unit->expected))
		&& is_canonical(unit->expected);
}

/* Where the path goes on behind its last unit; false: it ends with it. */
static bool go_on(const struct blocks *blocks, struct path *path, uint64_t *next)
{
	struct unit *unit = &path->unit[path->count - 1];

	switch (unit->kind) {
	case UNIT_BRANCH: return choose_side(blocks, path, unit, next);
	case UNIT_INDIRECT:
		path->end = END_INDIRECT;
		if (!expect_target(blocks, unit))
			return false;
		unit->kind = UNIT_GUARDED;
		*next = unit->expected;
		return true;
	case UNIT_CALL: *next = unit->step.imm; return true;
	default: *next = unit->step.plan->attributes & FORM_ENDS ? unit->step.imm : unit_behind(unit); return true;
	}
}

/* Ends of traces cost, and so does a trace that finds no good place to be charged; so does the same code twice. */
static bool is_long_enough(const struct path *path)
{
	enum { ENOUGH = 3 };

	return path->chargeable && path->count >= ENOUGH;
}

/* Whether the path must end ahead of `address`. */
static bool ends_at(const struct blocks *blocks, struct path *path, uint64_t address)
{
	path->next = address;
	path->end = path->count && address == path->rip ? END_LOOPS : END_GOES;
	return path->count == PATH_MAX_INSNS || path->count == blocks->config.max_insns || on_path(path, address)
		|| (is_long_enough(path) && trace_known(blocks, address));
}

static bool take_step(struct cpu *cpu, const struct blocks *blocks, struct path *path, uint64_t address)
{
	struct unit *unit = &path->unit[path->count];

	if (!decode_step(cpu, blocks, &path->reach, address, &unit->step) || !touch_pages(&path->draft, &unit->step) || !classify(unit))
		return false;
	path->chargeable |= unit_covers_flags(unit);
	if (address > path->highest)
		path->highest = address;
	return true;
}

static void find_live_flags(struct path *path)
{
	flags_t live = FLAGS_ALL;

	for (unsigned k = path->count; k-- > 0;) {
		struct unit *unit = &path->unit[k];

		unit->live_behind = live;
		if (unit->kind == UNIT_CALLED || unit->kind == UNIT_TIME)
			live = FLAGS_ALL;
		else
			live = (flags_t)((unit->may_keep ? live : live & ~unit->writes) | unit->reads);
		if (unit->faults || unit->kind == UNIT_BRANCH || unit->kind == UNIT_INDIRECT || unit->kind == UNIT_GUARDED)
			live = FLAGS_ALL;
		unit->live = live;
	}
}

/* Where it is not known ahead of time which flags the host leaves undefined, and they can be seen, they are cleared by the count, or the
 * handler does it. */
static void call_where_seen(struct path *path)
{
	for (unsigned k = 0; k < path->count; k++) {
		struct unit *unit = &path->unit[k];

		if (unit->kind != UNIT_COPIED || !unit->may_keep || !(unit->zero & unit->live_behind))
			continue;
		unit->clears = rules_by_cl(unit);
		if (!unit->clears)
			unit->kind = UNIT_CALLED;
	}
}

/* Whether flags that are stale must be cleared ahead of a unit. Faults see to it themselves, and branches to the side in the code that they
 * lead to. */
static bool must_clear(const struct path *path, const struct unit *unit, flags_t stale)
{
	bool last = unit == &path->unit[path->count - 1];

	return unit->kind == UNIT_CALLED || unit->kind == UNIT_TIME || unit->reads & stale || unit->may_keep || unit->keeps_flags
		|| (last && path->end == END_INDIRECT) || (last && path->end == END_BRANCHES && stale & path->unit[0].live);
}

static void find_stale_flags(struct path *path)
{
	flags_t stale = 0;

	for (unsigned k = 0; k < path->count; k++) {
		struct unit *unit = &path->unit[k];

		unit->clear = stale && must_clear(path, unit, stale) ? stale : 0;
		stale &= (flags_t)~unit->clear;
		unit->stale = stale;
		if (unit->kind == UNIT_COPIED && !unit->may_keep)
			stale = (flags_t)((stale & ~unit->writes) | unit->zero);
	}
	path->stale = stale;
}

bool path_choose(struct cpu *cpu, const struct blocks *blocks, uint64_t rip, struct path *path)
{
	uint64_t address = rip;

	path->rip = rip;
	path->count = 0;
	path->draft.pages = 0;
	path->reach = (struct reach){ 0 };
	path->highest = 0;
	path->chargeable = false;
	while (!ends_at(blocks, path, address) && take_step(cpu, blocks, path, address)) {
		path->count++;
		if (!go_on(blocks, path, &address))
			break;
	}
	find_live_flags(path);
	call_where_seen(path);
	find_stale_flags(path);
	return path->count > 0;
}
