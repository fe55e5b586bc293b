/* Makes the code of hot blocks: joins the stencils of a block's handlers, and fills in the records' operands. */
#include "emu/block/chain.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "emu/block/stencil.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

/* The code must be so close to the handlers that a 32-bit displacement reaches them. Unused memory costs nothing. */
enum { STENCILS = 1 << 12, CODE_BYTES = 256 << 20, CODE_BELOW = 1 << 30, STEP_BYTES = 7 };

struct chains {
	uint8_t *code;
	size_t used;
	uint16_t slot[STENCILS];          /* by handler: number of its last stencil plus 1; 0: none */
	unsigned stencils;
	struct stencil stencil[STENCILS]; /* close together, since most programs need only a few hundred */
};

static const struct stencil *find_stencil(struct chains *chains, handler_t *run, bool narrow)
{
	uint64_t key = (uint64_t)(uintptr_t)run << 1 | narrow;
	uint16_t *slot = &chains->slot[key * 0x9e3779b97f4a7c15ULL >> 52];
	struct stencil *stencil;

	if (!*slot)
		*slot = (uint16_t)++chains->stencils;
	stencil = &chains->stencil[*slot - 1];
	if (stencil->run != run || stencil->narrow != narrow)
		stencil_make(stencil, run, narrow);
	return stencil;
}

/* Returns the stencil for a record and the following ones that its handler runs. */
static const struct stencil *stencil_for(struct chains *chains, const struct insn *insn)
{
	const struct stencil *stencil = find_stencil(chains, insn->run, is_narrow(insn));

	for (unsigned k = 1; k < stencil->records; k++)
		if (stencil->narrow && !is_narrow(&insn[k]))
			return find_stencil(chains, insn->run, false);
	return stencil;
}

static void put_reference(uint8_t *at, const uint8_t *target)
{
	put32(at, (int32_t)(target - (at + 4)));
}

/* Writes an ADD to the register that points to the record. */
static void put_step(struct chains *chains, unsigned records)
{
	size_t bytes = records * sizeof(struct insn);
	uint8_t *to = chains->code + chains->used;

	if (records == 0)
		return;
	to[0] = 0x48;
	to[1] = bytes < 128 ? 0x83 : 0x81;
	to[2] = 0xc6;
	put32(to + 3, (int32_t)bytes);
	chains->used += bytes < 128 ? 4 : STEP_BYTES;
}

/* Writes a JMP to a handler without a stencil. */
static void put_jump(struct chains *chains, handler_t *run)
{
	chains->code[chains->used] = 0xe9;
	put_reference(chains->code + chains->used + 1, (const uint8_t *)(uintptr_t)run);
	chains->used += 5;
}

static void put_stencil(struct chains *chains, const struct stencil *stencil, const struct insn *insn)
{
	uint8_t *to = chains->code + chains->used;

	memcpy(to, stencil->code, sizeof stencil->code);
	for (unsigned k = 0; k < stencil->holes; k++) {
		const struct hole *hole = &stencil->hole[k];
		uint64_t value = 0;

		memcpy(&value, (const uint8_t *)insn + hole->field, hole->field_size);
		value = (value << hole->shift) + (uint64_t)(int64_t)hole->addend;
		memcpy(to + hole->at, &value, hole->size);
	}
	for (unsigned k = 0; k < stencil->references; k++)
		put_reference(to + stencil->reference[k].at, stencil->reference[k].target);
	chains->used += stencil->size;
}

/* Stencils do not move the record register on, unless they need it: `lag` counts the records by which it lags. A handler without a
 * stencil, or one that continues after its stencil, reaches the next record through its address; so the next record must be an entry
 * into the code. */
void chain_records(struct chains *chains, struct insn *insn, unsigned count)
{
	unsigned lag = 1, covered;
	bool entry = false;

	if (!chains || chains->used + count * (STENCIL_BYTES + STEP_BYTES) > CODE_BYTES)
		return;
	insn[0].run = (handler_t *)(uintptr_t)(chains->code + chains->used);
	for (unsigned k = 1; k < count; k += covered) {
		const struct stencil *stencil = stencil_for(chains, &insn[k]);
		handler_t *code = (handler_t *)(uintptr_t)(chains->code + chains->used);
		bool goes_on = stencil->records && k + stencil->records < count;

		covered = goes_on ? stencil->records : insn[k].run == call_through ? 2 : 1;
		if (!goes_on || stencil->uses_record) {
			put_step(chains, lag);
			lag = 0;
		}
		if (stencil->size)
			put_stencil(chains, stencil, &insn[k]);
		else
			put_jump(chains, insn[k].run);
		if (goes_on) {
			chains->used -= stencil->step;
			lag += stencil->records;
		}
		if (entry)
			insn[k].run = code;
		entry = !goes_on;
	}
}

void chains_clear(struct chains *chains)
{
	if (chains)
		chains->used = 0;
}

struct chains *chains_create(void)
{
	uintptr_t place = ((uintptr_t)entry_record & ~(uintptr_t)(CODE_BYTES - 1)) - CODE_BELOW;
	struct chains *chains;
	void *code;

	if (!HANDLERS_CHAIN)
		return NULL;
	code = mmap((void *)place, CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
	            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (code == MAP_FAILED)
		return NULL;
	chains = calloc(1, sizeof *chains);
	if (code != (void *)place || !chains) { /* the kernel may not know MAP_FIXED_NOREPLACE */
		munmap(code, CODE_BYTES);
		free(chains);
		return NULL;
	}
	chains->code = code;
	return chains;
}

void chains_destroy(struct chains *chains)
{
	if (!chains)
		return;
	munmap(chains->code, CODE_BYTES);
	free(chains);
}
