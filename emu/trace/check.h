/* Hashes by which a replay compares its state with the recorded run's. */
#ifndef TICK86_EMU_TRACE_CHECK_H
#define TICK86_EMU_TRACE_CHECK_H

#include <stddef.h>

#include "emu/cpu/cpu.h"

/* XXH3 of the XSAVE area. */
uint64_t check_vector(const struct cpu *cpu);
/* XXH3 of the content of `pages` guest pages, given by address, one after the other. They must be readable. */
uint64_t check_memory(const uint64_t *page, size_t pages);

#endif
