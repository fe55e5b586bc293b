/* Stencils: the code of a handler up to where it goes on to the next record, with holes where it read its record's operands. */
#ifndef TICK86_EMU_STENCIL_H
#define TICK86_EMU_STENCIL_H

#include "emu/op/insn.h"

enum { STENCIL_BYTES = 192, STENCIL_HOLES = 16, STENCIL_REFERENCES = 6 };

/* Bytes of a copy to be filled in with (field << shift) + addend. */
struct hole {
	uint8_t at, size;
	uint8_t field, field_size; /* offset from the first record, of a number without sign */
	uint8_t shift;
	int32_t addend;
};

/* Four bytes of a copy to be filled in with the way from behind them to code that is not copied. */
struct reference {
	uint8_t at;
	const uint8_t *target;
};

struct stencil {
	handler_t *run;
	bool narrow;      /* for records that are narrow */
	bool uses_record; /* its code needs the record's address */
	uint8_t records;  /* so many it runs, and what follows the last may stand behind it. 0: it leads elsewhere */
	uint8_t size;     /* 0: there is no stencil for this handler */
	uint8_t step;     /* how many of these bytes, at the end, go on to the next record */
	uint8_t holes, references;
	struct hole hole[STENCIL_HOLES];
	struct reference reference[STENCIL_REFERENCES];
	uint8_t code[STENCIL_BYTES];
};

/* Whether a record's registers are within 127 bytes of cpu, and its immediate is one of 32 bits. */
static inline bool is_narrow(const struct insn *i)
{
	return !((i->a | i->b | i->c | i->d) & 0x80) && (int64_t)i->imm == (int32_t)i->imm;
}

/* Makes the stencil of a handler. */
void stencil_make(struct stencil *stencil, handler_t *run, bool narrow);

#endif
