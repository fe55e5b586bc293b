/* The instructions of a handler while a stencil is made of them. Inside emu/block. */
#ifndef TICK86_EMU_PIECE_H
#define TICK86_EMU_PIECE_H

#include "decode/machine.h"
#include "emu/block/stencil.h"

/* ORDER REG: the registers that hold cpu and the record in every handler (System V ABI). */
enum { REG_RSP = 4, REG_RSI = 6, REG_RDI = 7 };

enum { PIECES_MAX = 64 };

/* An instruction of a handler, which may be changed or dropped. */
struct piece {
	const uint8_t *code;    /* the original */
	struct machine_insn in; /* its present form */
	uint8_t at;             /* offset in the stencil */
	struct hole hole;       /* size 0: there is none */
	bool pure;              /* its only effect is on the register that it writes */
	bool gone;
};

/* Puts constants into the pieces of a handler that runs `records` records: for reads of fields of the record, and for accesses to a
 * register of the guest that such a field names. */
void put_constants(struct piece *pieces, unsigned count, unsigned records, bool narrow);

#endif
