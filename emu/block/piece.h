/* Inside emu/block: a handler's instructions on their way into a stencil. */
#ifndef TICK86_EMU_PIECE_H
#define TICK86_EMU_PIECE_H

#include "decode/machine.h"
#include "emu/block/stencil.h"

/* ORDER REG: cpu and the record, as every handler has them (System V ABI). */
enum { REG_RSP = 4, REG_RSI = 6, REG_RDI = 7 };

enum { PIECES_MAX = 64 };

/* An instruction of a handler. */
struct piece {
	const uint8_t *code;    /* where it comes from */
	struct machine_insn in; /* as it is now */
	uint8_t at;             /* in the stencil */
	struct hole hole;       /* of size 0: none */
	bool pure;              /* changes nothing but the register that it writes */
	bool gone;
};

/* Puts constants into the pieces of a handler that goes on by so many records: where they read fields of the record, or a register of the
 * guest that such a field names. */
void put_constants(struct piece *pieces, unsigned count, unsigned records, bool narrow);

#endif
