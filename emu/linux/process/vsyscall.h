/* The vsyscall page: three calls at addresses in the kernel's half, which programs older than the vDSO use. Nothing is mapped there.
 * Fetching an instruction there faults, and the fault makes the call, as with the kernel's vsyscall=xonly. */
#ifndef TICK86_EMU_VSYSCALL_H
#define TICK86_EMU_VSYSCALL_H

#include "emu/linux/kernel/machine.h"

/* If the thread's exception is such a call, makes it and returns to the caller, or raises SIGSEGV where the kernel does. Returns false
 * for any other exception. */
bool vsyscall_emulate(struct task *task);

#endif
