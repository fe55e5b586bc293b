/* Runs a piece of code on the host CPU, from a given state to the first exception. */
#ifndef TICK86_TESTS_INSN_NATIVE_H
#define TICK86_TESTS_INSN_NATIVE_H

#include <stdbool.h>

#include "tests/insn/state.h"

/* Installs the signal handlers. Signals that do not come out of native_run go on to the handlers that were there before
 * (the emulator's): call it after fault_install. The bases of FS and GS are set by instructions or, where the host has none or
 * `bases_by_kernel` asks for it, by arch_prctl. */
void native_install(bool bases_by_kernel);

/* Returns false where RDFSBASE and its kin cannot be run here. */
bool native_has_fsgsbase(void);

/* Returns false for a state that this host cannot be put into: arch_prctl refuses bases in the kernel's half. */
bool native_can_set(const struct machine *in);

/* Runs from in->rip until an exception comes; `out` is the state that the exception shows. Stray accesses hit this process:
 * the caller sees to it that every address that the code can form is scratch memory or unmapped. */
void native_run(const struct machine *in, struct machine *out, struct outcome *outcome);

#endif
