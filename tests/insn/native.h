/* Runs a piece of code on the host CPU, from a given state to the first exception. */
#ifndef TICK86_TESTS_INSN_NATIVE_H
#define TICK86_TESTS_INSN_NATIVE_H

#include <stdbool.h>

#include "tests/insn/state.h"

/* Installs the signal handlers. Signals outside native_run go to the previous handlers (the emulator's), so call it after fault_install.
 * The bases of FS and GS are set by instructions, or by arch_prctl if the host lacks them or `bases_by_kernel` is set. */
void native_install(bool bases_by_kernel);

/* Returns false if RDFSBASE and the other FSGSBASE instructions cannot run here. */
bool native_has_fsgsbase(void);

/* Returns true if the host shows which x87 instruction was the last: AMD's CPUs do so only while an exception is pending (APM vol. 2,
 * 11.4.4). */
bool native_shows_fip(void);

/* Returns false for a state that this host cannot be put into: arch_prctl refuses bases in the kernel's half. */
bool native_can_set(const struct machine *in);

/* Runs from in->rip until an exception. `out` is the state at the exception. Stray accesses hit this process, so the caller must make
 * sure that every address that the code can form is scratch memory or not mapped. */
void native_run(const struct machine *in, struct machine *out, struct outcome *outcome);

#endif
