/* CPU time and memory as struct rusage. */
#ifndef TICK86_EMU_USAGE_H
#define TICK86_EMU_USAGE_H

#include <stdint.h>
#include <sys/resource.h>

#include "emu/linux/kernel/machine.h"

/* Returns a usage with `ns` of user time and a greatest resident size of `most_kib`; everything else is 0. */
struct rusage usage_of_ns(int64_t ns, int64_t most_kib);
/* Returns how many bytes count as resident if every run must give the same: everything that is mapped with any access, whether or not
 * the host holds it. */
uint64_t usage_resident(const struct space *space);
/* Updates ru_maxrss. Called before memory is unmapped, and before ru_maxrss is read. */
void usage_note(struct process *process);

#endif
