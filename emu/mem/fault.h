/* Turns the host signals that guest accesses and guest arithmetic raise into guest exceptions. */
#ifndef TICK86_EMU_FAULT_H
#define TICK86_EMU_FAULT_H

#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

#include "emu/cpu/cpu.h"
#include "emu/mem/space.h"

enum fault_reason {
	FAULT_EXCEPTION = 1, /* cpu->exception is set */
	FAULT_CODE_WRITTEN,  /* the record at cpu->at must run again, but nothing of its block after it */
};

/* What the signal handlers need to know. A signal handler has no argument of ours, and there is one host thread: so this is reached by
 * the emulator's one static pointer, which fault_enter sets and fault_leave clears. */
struct fault_frame {
	struct cpu *cpu;
	struct space *space;
	sigjmp_buf leave; /* the handler jumps here with one of enum fault_reason */
	/* called after a write to decoded code was let through; returns true to leave the run instead of repeating the write */
	bool (*code_written)(void *context, const ucontext_t *uc);
	/* called ahead of leaving: the guest's state may be in the interrupted registers */
	void (*recover)(void *context, const ucontext_t *uc);
	void *context;
};

/* Installs the handlers of SIGSEGV, SIGBUS, SIGFPE and SIGILL, once for each process. */
void fault_install(void);
void fault_enter(struct fault_frame *frame);
void fault_leave(void);

/* memcpy from or to guest memory that may not be mapped. fault_install must have been called. Returns false if a page could not be
 * accessed; the bytes before it have been copied. */
bool fault_copy(void *to, const void *from, size_t length);
/* LOCK CMPXCHG on guest memory, with `old` as the accumulator. False: it could not be accessed. */
bool fault_exchange(uint32_t *at, uint32_t *old, uint32_t new);

#endif
