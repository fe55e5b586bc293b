/* Ends the emulator when an invariant does not hold or memory is short. */
#include "emu/cpu/fatal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STATUS_CANNOT_GO_ON = 125 };

_Noreturn void fatal_check(const char *file, int line, const char *condition)
{
	dprintf(STDERR_FILENO, "tick86: internal error: %s:%d: %s does not hold\n", file, line, condition);
	abort();
}

void *fatal_unless(void *memory)
{
	if (memory)
		return memory;
	dprintf(STDERR_FILENO, "tick86: out of memory: raise the limit (ulimit -v), or give the machine more\n");
	_exit(STATUS_CANNOT_GO_ON);
}
