/* Takes back what guest code has written, so that the same code can run again from the same memory, and compares what the two runs wrote. */
#ifndef TICK86_EMU_UNDO_H
#define TICK86_EMU_UNDO_H

#include "emu/mem/space.h"

struct undo; /* the pages written of late, each with what it held; for one address space */

/* Ends the emulator if memory is short, as everything here does. */
struct undo *undo_create(struct space *space);

/* From undo_begin to undo_end the guest's pages are write-protected until it writes them; only guest code may run. Other processes must not
 * write what it shares with them. */
void undo_begin(struct undo *undo);
void undo_end(struct undo *undo);

/* Memory as it is now is the state to return to. */
void undo_mark(struct undo *undo);
/* Returns to it, and keeps what was written for undo_differs. Code decoded from what was written is dropped. */
void undo_back(struct undo *undo);
/* Compares memory with what undo_back has kept. Returns false if they are equal; else sets the first address that differs. */
bool undo_differs(const struct undo *undo, uint64_t *address, uint8_t *kept);

/* Called on a write fault. Returns true if only undo_begin caused it, and the write may be tried again. */
bool undo_take(struct undo *undo, uint64_t address);

#endif
