/* Starts tick86: looks where its own memory is, then runs the command. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "emu/commands.h"
#include "emu/mem/layout.h"
#include "emu/options.h"

enum { EXIT_CANNOT_RUN = 126 };

/* Where nothing was moved into a window, the host may have put the emulator among the guest's addresses: if the stack is unlimited, which
 * turns its layout upside down. */
static void check_addresses(void)
{
	int local;

	if (address_refused((uint64_t)&check_addresses) && address_refused((uint64_t)&local) && address_refused((uint64_t)&printf))
		return;
	fprintf(stderr, "tick86: the host's address space layout leaves no room for the program (limit the stack: ulimit -s 8192)\n");
	exit(EXIT_CANNOT_RUN);
}

int main(int argc, char **argv)
{
	(void)argc;
	check_addresses();
	log_escapes();
	return commands_run(argv);
}
