/* Host signals raised by guest accesses and guest arithmetic, turned into guest exceptions. */
#ifndef TICK86_EMU_FAULT_H
#define TICK86_EMU_FAULT_H

#include <setjmp.h>

#include "emu/cpu/cpu.h"
#include "emu/mem/space.h"

/* What the signal handlers need to know. There is one host thread, and signal handlers have no argument of ours: this is
 * the one static pointer of the emulator, set by fault_enter and cleared by fault_leave. */
struct fault_frame {
	struct cpu *cpu;
	struct space *space;
	sigjmp_buf leave; /* where to go with cpu->exception set */
	void (*code_written_hook)(void *context); /* a write to decoded code was let through */
	void *context;
};

/* Installs the handlers of SIGSEGV, SIGBUS, SIGFPE and SIGILL; once for each process. */
void fault_install(void);
void fault_enter(struct fault_frame *frame);
void fault_leave(void);

#endif
