/* Chains: the code of a hot block, made of its handlers' stencils with the records' operands filled in, end to end. It does what the
 * handlers do, record by record, without the jumps between them. */
#ifndef TICK86_EMU_CHAIN_H
#define TICK86_EMU_CHAIN_H

#include "emu/op/insn.h"

struct chains;

/* NULL where nothing can be chained: handlers return (emu/op/dispatch.h), or the host gives no memory near them that may be written and
 * run. The functions below then do nothing. */
struct chains *chains_create(void);
void chains_destroy(struct chains *chains);

/* Forgets all code. */
void chains_clear(struct chains *chains);

/* Makes the code of a block's `count` records, the last of which leaves it, and lets the first one run it. The others stay as they are
 * where code leads to them from its midst. */
void chain_records(struct chains *chains, struct insn *insn, unsigned count);

#endif
