/* Host signals raised by guest accesses and guest arithmetic, turned into guest exceptions. */
#ifndef TICK86_EMU_FAULT_H
#define TICK86_EMU_FAULT_H

#include <setjmp.h>
#include <signal.h>

#include "emu/cpu/cpu.h"
#include "emu/mem/space.h"

enum fault_reason {
	FAULT_EXCEPTION = 1, /* cpu->exception is set */
	FAULT_CODE_WRITTEN,  /* the record at cpu->at is to be run again, nothing of its block behind it */
};

/* What the signal handlers need to know. There is one host thread, and signal handlers have no argument of ours: this is
 * the one static pointer of the emulator, set by fault_enter and cleared by fault_leave. */
struct fault_frame {
	struct cpu *cpu;
	struct space *space;
	sigjmp_buf leave; /* where to go, with one of enum fault_reason */
	bool (*code_written)(void *context); /* a write to decoded code was let through; true: leave instead of retrying it */
	void *context;
};

/* Installs the handlers of SIGSEGV, SIGBUS, SIGFPE and SIGILL; once for each process. */
void fault_install(void);
void fault_enter(struct fault_frame *frame);
void fault_leave(void);

/* memcpy where either end is guest memory that may be gone, or never was (fault_install must have been called). False: a page could not
 * be accessed; what lies before it has been copied. */
bool fault_copy(void *to, const void *from, size_t length);

#endif
