/* Ends the emulator: when an invariant does not hold, or when it cannot get memory that it needs. */
#ifndef TICK86_EMU_FATAL_H
#define TICK86_EMU_FATAL_H

#include <stdbool.h>
#include <stddef.h>

/* States an invariant. `make check-hard` compiles the checks in; other builds parse the condition and never evaluate it. */
#ifdef TICK86_CHECKS
#define CHECK(CONDITION) ((CONDITION) ? (void)0 : fatal_check(__FILE__, __LINE__, #CONDITION))
#define CHECKS_ON true
#else
#define CHECK(CONDITION) ((void)sizeof((CONDITION) ? 1 : 0))
#define CHECKS_ON false
#endif

/* Reports the invariant and its line on standard error, and dies of SIGABRT. */
_Noreturn void fatal_check(const char *file, int line, const char *condition);
/* For allocations without which the emulator's state would be half changed, so that no guest error describes the failure. Returns
 * `memory`. If that is NULL, prints one line on standard error and exits with status 125. */
void *fatal_unless(void *memory);

#endif
