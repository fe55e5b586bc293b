/* Starts tick86: takes care of where its own memory is, then runs the command. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "emu/commands.h"
#include "emu/mem/layout.h"
#include "emu/options.h"

enum { EXIT_CANNOT_RUN = 126 };

/* The guest owns everything below GUEST_END. Linux puts the emulator there only if the stack is unlimited, which turns its layout upside
 * down. Then this starts the emulator again with a limit. */
static void leave_guest_addresses(char **argv)
{
	struct rlimit limit;
	int local;

	if ((uint64_t)&leave_guest_addresses >= GUEST_END && (uint64_t)&local >= GUEST_END && (uint64_t)&printf >= GUEST_END)
		return;
	if (!getrlimit(RLIMIT_STACK, &limit) && limit.rlim_cur == RLIM_INFINITY) {
		limit.rlim_cur = GUEST_STACK_MAX;
		if (!setrlimit(RLIMIT_STACK, &limit))
			execv("/proc/self/exe", argv);
	}
	fprintf(stderr, "tick86: the host's address space layout leaves no room for the program (try: setarch -R tick86 ...)\n");
	exit(EXIT_CANNOT_RUN);
}

int main(int argc, char **argv)
{
	(void)argc;
	leave_guest_addresses(argv);
	log_escapes();
	return commands_run(argv);
}
