/* Makes a plan from the plan of the same instruction with other registers. Inside emu/block. */
#ifndef TICK86_EMU_FAMILY_H
#define TICK86_EMU_FAMILY_H

#include "emu/block/plan.h"

/* Notes where the operand bytes of a plain plan, made for `d`, come from, and if ModRM's reg field is a register. Returns false if ModRM
 * and SIB alone do not determine them. */
bool family_note(struct plan *plan, const struct decoded *d, bool *with_reg);

/* Turns the plan of one instruction of a family into that of another, which has these registers. */
void family_apply(struct plan *plan, const struct key_registers *registers);

#endif
