/* Inside emu/block: plans that are made from others, whose instructions have other registers. */
#ifndef TICK86_EMU_FAMILY_H
#define TICK86_EMU_FAMILY_H

#include "emu/block/plan.h"

/* Notes where the bytes of a plain plan, made for `d`, come from, and whether ModRM's reg field is a register. False: they cannot be
 * told from ModRM and SIB alone. */
bool family_note(struct plan *plan, const struct decoded *d, bool *with_reg);

/* Makes the plan of one instruction of a family that of another, which has these registers. */
void family_apply(struct plan *plan, const struct key_registers *registers);

#endif
