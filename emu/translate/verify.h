/* --verify: guest code runs twice, translated and then by the handlers, from the same state, and both must come to the same. */
#ifndef TICK86_EMU_VERIFY_H
#define TICK86_EMU_VERIFY_H

#include <stdio.h>

#include "emu/block/block.h"

struct verify;

/* For a cache with a translator, on which nothing else hangs. Instructions whose result the world decides are left to the caller
 * (blocks_leave_world), so that they run once. NULL: nothing is ever translated in this build. */
struct verify *verify_create(struct space *space, struct blocks *blocks);

/* As cpu_run. Runs a few dozen to a few hundred instructions at a time with translated code, takes back what they did, runs as many with the
 * handlers, and compares all that the guest can see: registers, flags, count, exception, and every byte of the memory that was written.
 * Where they differ, `exit` is not set, and a report goes to `report`: the trace at which the difference can be shown by itself, its guest
 * instructions, the code made of them, the registers and the first byte of memory. Returns false then; cpu has the handlers' state. */
bool verify_run(struct verify *verify, struct cpu *cpu, uint64_t budget, enum cpu_exit *exit, FILE *report);

#endif
