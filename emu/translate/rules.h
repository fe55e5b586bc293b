/* Inside emu/translate: what copied instructions do to flags that the manual leaves undefined, where the handlers have a rule. */
#ifndef TICK86_EMU_TRANSLATE_RULES_H
#define TICK86_EMU_TRANSLATE_RULES_H

#include "emu/translate/path.h"

/* Sets unit->zero and keeps_flags. False: only its handler knows what it does. */
bool rules_flags(struct unit *unit);

/* Whether an indirect branch is one of those that translated code makes. */
bool rules_indirect(const struct unit *unit);

#endif
