/* --trace-insns: prints a line for each instruction executed. */
#ifndef TICK86_EMU_INSN_TRACE_H
#define TICK86_EMU_INSN_TRACE_H

#include "emu/linux/kernel/machine.h"

/* Calls cpu_run with a budget of one. If an instruction was executed, prints its number, address, bytes, text, and the general registers
 * that it changed. */
enum cpu_exit insn_trace_step(struct task *task);

#endif
