/* Alignment checking (SDM vol. 3, 6.15, #AC): what an instruction accesses, by its row and operands, and whether that is aligned.
 * It is asked before each instruction while EFLAGS.AC is set; handlers, which serve also while it is not, know nothing of it. */
#include "emu/block/alignment.h"

#include "emu/block/operands.h"
#include "emu/block/plan.h"

/* The alignment for an access of so many bytes: SDM vol. 3, table 6-7. The vectors of 16 and 32 bytes are not checked: their instructions
 * either raise #GP or allow any address. */
static unsigned alignment_of(unsigned size)
{
	switch (size) {
	case 2:
	case 4:
	case 8: return size;
	case 6: /* a far pointer of 48 bits; the x87 state in its two formats */
	case 28:
	case 108: return 4;
	case 14:
	case 94: return 2;
	case 10: return 8;
	default: return 1;
	}
}

/* A non-canonical address raises #GP or #SS, which the access itself finds out. */
static bool is_misaligned(uint64_t address, unsigned size)
{
	return address & (alignment_of(size) - 1) && is_canonical(address);
}

static uint64_t segment_base(const struct cpu *cpu, const struct decoded *d)
{
	if (d->mem.segment == SEG_FS)
		return cpu->r[SLOT_FS_BASE];
	return d->mem.segment == SEG_GS ? cpu->r[SLOT_GS_BASE] : 0;
}

static uint64_t at_width(uint64_t address, const struct decoded *d)
{
	return d->address_width == 32 ? (uint32_t)address : address;
}

static bool misaligned_operand(const struct cpu *cpu, const struct decoded *d)
{
	uint64_t address = (uint64_t)d->mem.disp;

	if (d->mem.index_is_vector)
		return false;
	if (d->mem.base != DECODE_NO_REG)
		address += cpu->r[d->mem.base];
	if (d->mem.index != DECODE_NO_REG)
		address += cpu->r[d->mem.index] << d->mem.scale;
	address = at_width(address, d) + segment_base(cpu, d);
	for (unsigned k = 0; k < d->operands; k++)
		if (d->operand[k].kind == OPERAND_MEM)
			return is_misaligned(address, d->operand[k].size);
	return false;
}

static bool misaligned_stack(const struct cpu *cpu, const struct decoded *d, uint32_t attributes)
{
	return is_misaligned(cpu->r[attributes & FORM_AT_FRAME ? RBP : RSP], d->width / 8);
}

/* All elements of a repeated string instruction are aligned if the first one is. */
static bool misaligned_string(const struct cpu *cpu, const struct decoded *d, uint32_t attributes)
{
	unsigned size = d->width / 8;

	if ((d->rep || d->repne) && at_width(cpu->r[RCX], d) == 0)
		return false;
	if (attributes & FORM_READS_RSI && is_misaligned(at_width(cpu->r[RSI], d) + segment_base(cpu, d), size))
		return true;
	return attributes & (FORM_READS_RDI | FORM_WRITES_RDI) && is_misaligned(at_width(cpu->r[RDI], d), size);
}

bool breaks_alignment(const struct cpu *cpu, const struct blocks *blocks)
{
	size_t size = space_fetchable(blocks->space, cpu->rip);
	const struct plan *plan;
	struct plan room;
	struct decoded d;

	if (!size)
		return false;
	plan = plan_find(blocks->plans, cpu->model, cpu->rip, size < DECODE_MAX_LENGTH ? size : DECODE_MAX_LENGTH, &room);
	if (!plan || !plan->form)
		return false;
	plan_decode(plan, cpu->rip, &d);
	if (has_memory(&d) && !(plan->attributes & (FORM_ADDRESS_ONLY | FORM_OMIT)) && misaligned_operand(cpu, &d))
		return true;
	if (plan->attributes & (FORM_PUSHES | FORM_POPS) && misaligned_stack(cpu, &d, plan->attributes))
		return true;
	return plan->form->hidden == HIDDEN_STRING && misaligned_string(cpu, &d, plan->attributes);
}
