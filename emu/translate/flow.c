/* How a trace goes on: charging the budget, calls, branches, ways out.
 *
 * The whole trace is charged at one place, and what an exit has not run is given back there. Charging with SUB needs a place where no flag can
 * be seen: ahead of an instruction that writes them all and cannot fault. If the budget does not hold the trace, that instruction runs
 * behind the trace instead, so that the flags are exact where translated code is left. Where there is no such place, and at exits ahead
 * of it, the flags are saved around the SUB. So no path of more than PATH_MAX_INSNS instructions goes by without a look at the budget. */
#include "emu/translate/write.h"

struct trace_exit *write_exit_of(struct writer *w, enum exit_kind kind, uint64_t rip)
{
	struct trace_exit *exit = arena_take(w->translator, sizeof(*exit));

	*exit = (struct trace_exit){ .rip = rip, .kind = (uint8_t)kind, .convention = (uint8_t)w->convention };
	return exit;
}

static void add_side(struct writer *w, uint8_t *field, struct trace_exit *exit, int charged, flags_t stale)
{
	w->side[w->sides++] = (struct side){ field, exit, (int16_t)charged, stale };
}

/* Clears flags that are 0 by rule. */
void write_clear(struct writer *w, flags_t flags)
{
	if (!flags)
		return;
	emit_store(&w->e, RAX, HOME_SLOT(RAX));
	emit_flags_to_ax(&w->e);
	emit8(&w->e, 0x25); /* AND EAX, constant */
	emit32(&w->e, (uint16_t)~flags);
	emit_flags_from_ax(&w->e);
	emit_load(&w->e, RAX, HOME_SLOT(RAX));
}

/* --- leaving -------------------------------------------------------------------------------------------- */

static void write_leave(struct writer *w, const struct trace_exit *exit)
{
	emit_store(&w->e, RAX, HOME_SLOT(RAX));
	emit_constant(&w->e, RAX, (uint64_t)exit);
	emit_jump(&w->e, w->translator->store.leave[w->convention]);
}

/* The displacement of a jump that leads out of translated code until it is linked. */
static void write_way(struct writer *w, struct trace_exit *exit, uint8_t *jump)
{
	exit->jump = jump;
	w->out[w->outs++] = exit;
}

static void write_way_out(struct writer *w, struct trace_exit *exit)
{
	emit_jump(&w->e, w->e.at);
	write_way(w, exit, w->e.at - 4);
}

/* What follows is written to the other place. */
static void change_place(struct writer *w)
{
	struct emitter e = w->e;

	w->e = w->cold;
	w->cold = e;
}

static void write_outs(struct writer *w)
{
	change_place(w);
	for (unsigned k = 0; k < w->outs; k++) {
		w->out[k]->out = w->e.at;
		trace_unlink(w->out[k]);
		write_leave(w, w->out[k]);
	}
	change_place(w);
}

/* From one convention to the other. */
static void write_exchange(struct writer *w, enum convention from)
{
	emit_store(&w->e, COUNTER, from == COUNTING ? HOME(budget) : HOME_SLOT(COUNTER));
	emit_load(&w->e, COUNTER, from == COUNTING ? HOME_SLOT(COUNTER) : HOME(budget));
}

/* --- charging ------------------------------------------------------------------------------------------- */

/* SUB budget, insns */
static void write_subtract(struct writer *w, unsigned insns)
{
	if (w->convention == COUNTING) {
		emit_bytes(&w->e, (const uint8_t[]){ REX | REX_W | REX_B, 0x83, 0xe8 | (COUNTER & 7) }, 3);
	} else {
		emit_bytes(&w->e, (const uint8_t[]){ 0x48, 0x83, 0x2d }, 3);
		emit_relative(&w->e, &w->e.home->budget, 1);
	}
	emit8(&w->e, insns);
}

/* Gives back, without touching flags. */
static void write_give_back(struct writer *w, int insns)
{
	if (w->convention == COUNTING) {
		emit_lea(&w->e, COUNTER, COUNTER, insns);
		return;
	}
	emit_store(&w->e, RAX, HOME_SLOT(RAX));
	emit_load(&w->e, RAX, HOME(budget));
	emit_lea(&w->e, RAX, RAX, insns);
	emit_store(&w->e, RAX, HOME(budget));
	emit_load(&w->e, RAX, HOME_SLOT(RAX));
}

/* Charges, and leaves by `spent` where the budget does not hold it; keeps the flags, but for those that are 0 by rule where it leaves. */
static void write_careful_charge(struct writer *w, unsigned insns, const struct trace_exit *spent, flags_t stale)
{
	uint8_t *enough;

	emit_store(&w->e, RAX, HOME_SLOT(RAX));
	emit_flags_to_ax(&w->e);
	write_subtract(w, insns);
	enough = emit_branch(&w->e, CC_L | 1, w->e.at);
	if (stale) {
		emit8(&w->e, 0x25); /* AND EAX, constant */
		emit32(&w->e, (uint16_t)~stale);
	}
	emit_flags_from_ax(&w->e);
	emit_load(&w->e, RAX, HOME_SLOT(RAX));
	write_leave(w, spent);
	emit_here(&w->e, enough);
	emit_flags_from_ax(&w->e);
	emit_load(&w->e, RAX, HOME_SLOT(RAX));
}

static unsigned charging_place(const struct path *path)
{
	unsigned k = 0;

	while (k + 1 < path->count && !unit_covers_flags(&path->unit[k]))
		k++;
	return k;
}

void write_charge(struct writer *w)
{
	const struct path *path = w->path;
	const struct unit *unit = &path->unit[w->charge_at];
	bool covered = unit_covers_flags(unit);
	struct trace_exit *spent = write_exit_of(w, EXIT_SPENT, covered ? unit_behind(unit) : unit->step.address);

	spent->charged = (int16_t)(path->count - w->charge_at - covered);
	if (!covered) {
		write_careful_charge(w, path->count, spent, unit->clear | unit->stale);
		return;
	}
	write_subtract(w, path->count);
	add_side(w, emit_branch(&w->e, CC_L, w->e.at), spent, 0, unit->zero);
}

/* --- calls and branches --------------------------------------------------------------------------------- */

/* PUSH of a constant, from memory behind the trace. */
static void write_push(struct writer *w, uint64_t value, unsigned aside)
{
	write_site(w, aside);
	emit_bytes(&w->e, (const uint8_t[]){ 0xff, 0x35 }, 2);
	w->constant[w->constants++] = (struct constant){ w->e.at, value };
	emit32(&w->e, 0);
}

void write_call(struct writer *w, const struct unit *unit)
{
	write_push(w, unit_behind(unit), NOWHERE);
}

/* The last unit's branch may go to the trace's own beginning. */
void write_branch(struct writer *w, const struct unit *unit)
{
	bool loops = w->path->end == END_BRANCHES && w->unit == w->path->count - 1;
	unsigned cc = unit->step.plan->form->cc ^ (unit->follows_taken != loops);

	if (loops)
		emit_branch(&w->e, cc, w->trace->entry[w->convention]);
	else
		add_side(w, emit_branch(&w->e, cc, w->e.at), write_exit_of(w, EXIT_TO, unit_other_side(unit)),
			writer_charged(w, w->unit) - 1, unit->stale);
}

/* --- indirect branches ---------------------------------------------------------------------------------- */

/* The unit that loads RCX from the operand of an indirect branch. */
static struct unit load_of(const struct unit *unit)
{
	struct unit load = *unit;
	const struct encoding *in = &unit->in;
	unsigned prefixes = 0, rex = in->rex == DECODE_NO_REG ? 0 : in->bytes[in->rex] & (REX_X | REX_B);

	for (unsigned k = 0; k < unit->prefixes; k++)
		if (in->bytes[k] == 0x67 || in->bytes[k] == 0x64 || in->bytes[k] == 0x65)
			load.in.bytes[prefixes++] = in->bytes[k];
	load.prefixes = (uint8_t)prefixes;
	load.in.rex = (uint8_t)prefixes;
	load.in.bytes[prefixes] = (uint8_t)(REX | REX_W | rex);
	load.in.bytes[prefixes + 1] = 0x8b;
	load.in.modrm = (uint8_t)(prefixes + 2);
	memcpy(load.in.bytes + load.in.modrm, in->bytes + in->modrm, (size_t)(in->length - in->modrm));
	load.in.bytes[load.in.modrm] = (uint8_t)((in->bytes[in->modrm] & ~0x38) | RCX << 3);
	load.in.length = (uint8_t)(in->length - in->modrm + load.in.modrm);
	load.in.rest = load.in.length;
	return load;
}

/* The operand to RCX, which is in its slot. */
static void write_target(struct writer *w, const struct unit *unit)
{
	struct unit load;

	if (step_branch(&unit->step) == BRANCH_RETURN) {
		write_site(w, NOWHERE);
		emit8(&w->e, 0x58 | RCX);
		if (unit->step.plan->form->pattern)
			emit_lea(&w->e, RSP, RSP, (int32_t)(uint16_t)unit->step.imm);
		return;
	}
	load = load_of(unit);
	if (!load.in.relative && !load.segment) {
		write_site(w, NOWHERE);
		emit_bytes(&w->e, load.in.bytes, load.in.length);
		return;
	}
	if (load.in.relative) {
		emit_constant(&w->e, RCX, (uint64_t)unit->step.disp);
	} else if (load.in.base == DECODE_NO_REG && load.in.index == DECODE_NO_REG) {
		emit_load(&w->e, RCX, HOME(base) + 8 * (size_t)(load.segment - SEG_FS));
	} else {
		unsigned base = write_base(w, unit);

		write_site(w, base);
		write_with_base(w, &load, base);
		if (base != RCX)
			emit_load(&w->e, base, HOME_SLOT(base));
		return;
	}
	write_site(w, RCX);
	write_with_base(w, &load, RCX);
}

static int32_t moved_by(const struct unit *unit)
{
	switch (step_branch(&unit->step)) {
	case BRANCH_RETURN: return 8 + (unit->step.plan->form->pattern ? (uint16_t)unit->step.imm : 0);
	case BRANCH_CALL: return -8;
	default: return 0;
	}
}

/* RCX to where the branch at `unit` goes, RCX and R10 being put aside. Few traces name R10. */
static void write_target_of(struct writer *w, const struct unit *unit)
{
	emit_store(&w->e, RCX, HOME_SLOT(RCX));
	emit_store(&w->e, R10, HOME_SLOT(R10));
	write_target(w, unit);
	if (step_branch(&unit->step) == BRANCH_CALL)
		write_push(w, unit_behind(unit), RCX);
}

static struct trace_exit *indirect_exit(struct writer *w, const struct unit *unit)
{
	struct trace_exit *exit = write_exit_of(w, EXIT_INDIRECT, unit->step.address);

	exit->moved = moved_by(unit);
	exit->charged = 1;
	return exit;
}

/* Names the branch, in case that its target is no address. */
static void write_branch_name(struct writer *w, const struct trace_exit *exit)
{
	emit_bytes(&w->e, (const uint8_t[]){ 0x48, 0xc7, 0x05 }, 3); /* MOV qword [home.branch], constant */
	emit_relative(&w->e, &w->e.home->branch, 4);
	emit32(&w->e, (const uint8_t *)exit - w->translator->arena);
}

/* To RCX by the table. */
static void write_table_jump(struct writer *w)
{
	if (w->convention == OWN)
		write_exchange(w, OWN);
	emit_load(&w->e, R10, HOME(table));
	emit_bytes(&w->e, (const uint8_t[]){ 0x66, 0x41, 0x89, 0xca, 0x42, 0xff, 0x24, 0xd5, 0, 0, 0, 0 },
		12); /* MOV R10W, CX; JMP [R10 * 8] */
}

/* Subtracts an address from RCX without flags, and jumps if nothing is left. R10 is lost. Returns where the jump's displacement is. */
static uint8_t *write_compare(struct writer *w, uint64_t address)
{
	emit8(&w->e, REX | REX_W | REX_B); /* MOV R10, constant */
	emit8(&w->e, 0xb8 | (R10 & 7));
	emit64(&w->e, -address);
	emit_add(&w->e, RCX, RCX, R10, 0);
	return emit_if_zero(&w->e);
}

/* What was subtracted is added again. */
static void write_differs(struct writer *w)
{
	emit_bytes(&w->e, (const uint8_t[]){ 0x49, 0xf7, 0xd2 }, 3); /* NOT R10 */
	emit_add(&w->e, RCX, RCX, R10, 1);
}

static void write_equal(struct writer *w, uint8_t *jump)
{
	emit_here_short(&w->e, jump);
	emit_load(&w->e, RCX, HOME_SLOT(RCX));
	emit_load(&w->e, R10, HOME_SLOT(R10));
}

void write_indirect(struct writer *w, const struct unit *unit)
{
	write_target_of(w, unit);
	write_branch_name(w, indirect_exit(w, unit));
	write_table_jump(w);
}

void write_guarded(struct writer *w, const struct unit *unit)
{
	uint8_t *equal;

	write_target_of(w, unit);
	equal = write_compare(w, unit->expected);
	emit_jump(&w->e, w->e.at);
	add_side(w, w->e.at - 4, indirect_exit(w, unit), writer_charged(w, w->unit) - 1, unit->stale);
	write_equal(w, equal);
}

/* --- beginning and end ---------------------------------------------------------------------------------- */

/* Where indirect branches land: RCX is the trace's rip, or another trace's place in the table is this one's. */
static void write_pad(struct writer *w)
{
	uint8_t *equal;

	w->trace->pad = w->e.at;
	equal = write_compare(w, w->path->rip);
	write_differs(w);
	emit_jump(&w->e, w->translator->store.look_up);
	w->trace->pad_next = w->e.at - 4;
	write_equal(w, equal);
}

void write_entries(struct writer *w)
{
	w->charge_at = charging_place(w->path);
	write_pad(w);
	w->trace->entry[COUNTING] = w->e.at;
	if (w->convention == OWN)
		write_exchange(w, COUNTING);
	w->trace->entry[w->convention] = w->e.at;
}

void write_end(struct writer *w)
{
	if (w->path->end != END_LOOPS)
		write_clear(w, w->path->stale);
	else
		write_clear(w, w->path->stale & w->path->unit[0].live);
	if (w->path->end == END_LOOPS)
		emit_jump(&w->e, w->trace->entry[w->convention]);
	else if (w->path->end != END_INDIRECT)
		write_way_out(w, write_exit_of(w, EXIT_TO, w->path->next));
}

/* A guarded branch to where it was not expected to go. Where it must be charged, the budget may end ahead of the target: then the way out is
 * that of a target that is in no table. */
static void write_elsewhere(struct writer *w, const struct side *side)
{
	write_differs(w);
	write_branch_name(w, side->exit);
	write_clear(w, side->stale);
	if (side->charged < 0) {
		emit_store(&w->e, RCX, HOME(target));
		emit_load(&w->e, RCX, HOME_SLOT(RCX));
		emit_load(&w->e, R10, HOME_SLOT(R10));
		write_careful_charge(w, (unsigned)-side->charged, &w->translator->look_up, 0);
		emit_load(&w->e, RCX, HOME(target));
	} else if (side->charged > 0) {
		write_give_back(w, side->charged);
	}
	write_table_jump(w);
}

/* The budget does not hold the whole trace. */
static void write_spent(struct writer *w, const struct side *side)
{
	const struct unit *unit = &w->path->unit[w->charge_at];

	emit_bytes(&w->e, unit->in.bytes, unit->in.length);
	write_clear(w, side->stale);
	write_leave(w, side->exit);
}

static void write_other_side(struct writer *w, const struct side *side)
{
	if (!side->charged && !side->stale) {
		write_way(w, side->exit, side->field);
		return;
	}
	emit_here(&w->e, side->field);
	write_clear(w, side->stale);
	if (side->charged < 0)
		write_careful_charge(w, (unsigned)-side->charged, write_exit_of(w, EXIT_SPENT, side->exit->rip), 0);
	else if (side->charged > 0)
		write_give_back(w, side->charged);
	write_way_out(w, side->exit);
}

static void write_side(struct writer *w, const struct side *side)
{
	if (side->exit->kind == EXIT_TO) {
		write_other_side(w, side);
		return;
	}
	change_place(w);
	emit_here(&w->e, side->field);
	if (side->exit->kind == EXIT_SPENT)
		write_spent(w, side);
	else
		write_elsewhere(w, side);
	change_place(w);
}

void write_sides(struct writer *w)
{
	for (unsigned k = 0; k < w->sides; k++)
		write_side(w, &w->side[k]);
	if (w->convention == COUNTING) {
		w->trace->entry[OWN] = w->e.at;
		write_exchange(w, OWN);
		emit_jump(&w->e, w->trace->entry[COUNTING]);
	}
	write_outs(w);
	for (unsigned k = 0; k < w->constants; k++) {
		emit_here(&w->e, w->constant[k].field);
		emit64(&w->e, w->constant[k].value);
	}
}
