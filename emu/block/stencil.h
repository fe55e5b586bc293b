/* Stencils: copies of a handler's code, up to the jump to the next record, with holes for the operands of its record. */
#ifndef TICK86_EMU_STENCIL_H
#define TICK86_EMU_STENCIL_H

#include <string.h>

#include "emu/op/insn.h"

enum { STENCIL_BYTES = 192, STENCIL_HOLES = 16, STENCIL_REFERENCES = 6 };

/* A field of a copy to be filled with (field << shift) + addend. */
struct hole {
	uint8_t at, size;
	uint8_t field, field_size; /* offset from the first record; field_size: bytes of an unsigned number */
	uint8_t shift;
	int32_t addend;
};

/* Four bytes of a copy to be filled with the distance from their end to code that is not copied. */
struct reference {
	uint8_t at;
	const uint8_t *target;
};

struct stencil {
	handler_t *run;
	bool narrow;      /* valid only for narrow records */
	bool uses_record; /* its code needs the record's address */
	uint8_t records;  /* number of records that it runs; the next record's stencil may follow directly. 0: it leaves the block */
	uint8_t size;     /* 0: this handler has no stencil */
	uint8_t step;     /* the last bytes of the code, which move to the next record */
	uint8_t holes, references;
	struct hole hole[STENCIL_HOLES];
	struct reference reference[STENCIL_REFERENCES];
	uint8_t code[STENCIL_BYTES];
};

/* Writes a 32-bit field of machine code. */
static inline void put32(uint8_t *to, int32_t value)
{
	memcpy(to, &value, sizeof value);
}

/* Returns true if a record's registers are within 127 bytes of cpu, and its immediate fits into 32 bits. */
static inline bool is_narrow(const struct insn *i)
{
	return !((i->a | i->b | i->c | i->d) & 0x80) && (int64_t)i->imm == (int32_t)i->imm;
}

/* Makes the stencil of a handler; size is 0 if that is impossible. */
void stencil_make(struct stencil *stencil, handler_t *run, bool narrow);

#endif
