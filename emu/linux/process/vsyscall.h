/* The vsyscall page: three calls at addresses of the kernel's half, which programs older than the vDSO make. Nothing is mapped there: the
 * fault of fetching an instruction is the call, as under the kernel's vsyscall=xonly. */
#ifndef TICK86_EMU_VSYSCALL_H
#define TICK86_EMU_VSYSCALL_H

#include "emu/linux/kernel/machine.h"

/* Makes the call, if the thread's exception is one, and returns to the caller; or raises SIGSEGV where the kernel does. Returns false for
 * any other exception. */
bool vsyscall_emulate(struct task *task);

#endif
