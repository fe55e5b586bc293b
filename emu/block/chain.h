/* Chains: the code of a hot block. It consists of the stencils of the block's handlers, end to end, with the records' operands filled
 * in. It does what the handlers do, record by record, without the jumps between them. */
#ifndef TICK86_EMU_CHAIN_H
#define TICK86_EMU_CHAIN_H

#include "emu/op/insn.h"

struct chains;

/* Returns NULL if chains cannot be made: with TICK86_DISPATCH_LOOP (emu/op/dispatch.h), or if the host refuses memory near the handlers
 * that can be written and executed. The functions below then do nothing. */
struct chains *chains_create(void);
void chains_destroy(struct chains *chains);

/* Forgets all code. */
void chains_clear(struct chains *chains);

/* Makes the code for a block's `count` records, the last of which leaves the block, and makes the first record run it. Other records
 * keep their handlers, unless the code is entered at them. */
void chain_records(struct chains *chains, struct insn *insn, unsigned count);

#endif
