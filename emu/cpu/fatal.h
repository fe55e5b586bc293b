/* Ends of the emulator itself: invariants that do not hold, and memory that is not to be had. */
#ifndef TICK86_EMU_FATAL_H
#define TICK86_EMU_FATAL_H

#include <stdbool.h>
#include <stddef.h>

/* States an invariant. `make check-hard` compiles these in; elsewhere the condition is parsed, never evaluated. */
#ifdef TICK86_CHECKS
#define CHECK(CONDITION) ((CONDITION) ? (void)0 : fatal_check(__FILE__, __LINE__, #CONDITION))
#define CHECKS_ON true
#else
#define CHECK(CONDITION) ((void)sizeof((CONDITION) ? 1 : 0))
#define CHECKS_ON false
#endif

/* Says on standard error which invariant of which line does not hold, and dies of SIGABRT. */
_Noreturn void fatal_check(const char *file, int line, const char *condition);
/* For allocations that nothing can be done without: returns `memory`; where that is NULL, one line on standard error and exit
 * status 125. The emulator's state would be half changed otherwise: no guest error describes that. */
void *fatal_unless(void *memory);

#endif
