/* Alignment checking. Inside emu/block. */
#ifndef TICK86_EMU_ALIGNMENT_H
#define TICK86_EMU_ALIGNMENT_H

#include "emu/block/cache.h"

/* Returns true if the instruction at rip raises #AC when EFLAGS.AC is set: it accesses memory at an address that is not aligned. */
bool breaks_alignment(const struct cpu *cpu, const struct blocks *blocks);

#endif
