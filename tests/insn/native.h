/* Runs a piece of code on the host CPU, from a given state to the first exception. */
#ifndef TICK86_TESTS_INSN_NATIVE_H
#define TICK86_TESTS_INSN_NATIVE_H

#include "tests/insn/state.h"

/* Installs the signal handlers. Signals that do not come out of native_run go on to the handlers that were there before
 * (the emulator's): call it after fault_install. */
void native_install(void);

/* Runs from in->rip until an exception comes; `out` is the state that the exception shows. Stray accesses hit this process:
 * the caller sees to it that every address that the code can form is scratch memory or unmapped. */
void native_run(const struct machine *in, struct machine *out, struct outcome *outcome);

#endif
