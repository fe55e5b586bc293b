/* Inside emu/block, and for the translator: records of one instruction. */
#ifndef TICK86_EMU_BUILD_H
#define TICK86_EMU_BUILD_H

#include "emu/block/steps.h"

/* Appends the records of a step, if it has any; the last one is the instruction's own. */
void build_record(struct draft *draft, const struct step *step);

#endif
