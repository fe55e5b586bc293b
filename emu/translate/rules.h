/* Inside emu/translate: what copied instructions do to flags that the manual leaves undefined, where the handlers have a rule. */
#ifndef TICK86_EMU_TRANSLATE_RULES_H
#define TICK86_EMU_TRANSLATE_RULES_H

#include "emu/translate/path.h"

/* Sets what the instruction's row says of undefined flags and results: zero, keeps_flags; of shifts, also reads, writes and may_keep. */
void rules_flags(struct unit *unit);

/* Whether it is a shift by CL that leaves the same flags undefined for all counts above 1, and its count behind it. */
bool rules_by_cl(const struct unit *unit);

#endif
