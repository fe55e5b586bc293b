/* Translated code: hot guest code as host code with the guest's registers in the host's. emu/block runs everything else. */
#ifndef TICK86_EMU_TRANSLATE_H
#define TICK86_EMU_TRANSLATE_H

#include <stdio.h>

#include "emu/block/block.h"

struct translate_config {
	size_t code_bytes; /* of translated code; all code is dropped when they are used up; 0: as always */
	bool unlinked;     /* traces do not lead to each other, but through the run loop */
	unsigned wrong;    /* every so many traces one does what its code does not, for tests of --verify; 0: never */
	FILE *const *dump; /* where that is not NULL gets guest instructions and what is made of them; or NULL */
};

/* Hangs a translator on a cache that has no code yet. Nothing is translated where handlers return (emu/op/dispatch.h), or the host gives
 * no memory that may be written and run. */
void translate_attach(struct blocks *blocks, const struct translate_config *config);

#endif
