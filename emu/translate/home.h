/* Inside emu/translate: the register convention of translated code, and what it reaches in memory.
 *
 * While translated code runs, the guest's RAX to R14, RSP among them, its arithmetic flags, vector registers and MXCSR are in the host's
 * own. R15 is one of two things, by the trace:
 *   COUNTING  the host's R15 holds the budget, and the guest's R15 is in home.r15;
 *   OWN       the host's R15 is the guest's, and home.budget holds the budget.
 * Each trace has an entry for both, and is written for OWN only if the guest's code names R15.
 *
 * `struct home` is reached relative to RIP, so that no register and no segment base is spent on it, and each block cache has its own.
 * Nothing is ever stored below the guest's RSP. Code of the emulator runs on the host's stack, at home.host_rsp, and its signal handlers on
 * a stack of their own. */
#ifndef TICK86_EMU_TRANSLATE_HOME_H
#define TICK86_EMU_TRANSLATE_HOME_H

#include <stddef.h>
#include <stdint.h>

#include "emu/cpu/cpu.h"

enum convention { COUNTING, OWN, CONVENTIONS };

struct called;

struct home {
	uint64_t slot[GPR_COUNT]; /* guest registers that are put aside for the moment */
	uint64_t r15;             /* COUNTING: the guest's */
	int64_t budget;           /* OWN: the budget */
	uint64_t base[2];         /* of FS and GS */
	uint64_t target;          /* where to go on in translated code, or of an indirect branch that is not in the table */
	uint64_t branch;          /* which indirect branch that is: its exit, by offset in the arena */
	uint64_t table;           /* address of the table of targets, divided by 8 */
	uint64_t leaving;         /* the exit, or the called handler's records */
	struct cpu *cpu;
	uint64_t host_rsp;
};

/* Targets of indirect branches by their low 16 bits: the landing pad of a trace, or code that looks the target up. */
enum { TARGETS = 1 << 16 };

#endif
