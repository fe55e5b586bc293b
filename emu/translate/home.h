/* Inside emu/translate: the register convention of translated code, and what it reaches in memory.
 *
 * While translated code runs, the guest's general registers, RSP among them, its arithmetic flags, vector registers and MXCSR are in the
 * host's own. One of them, COUNTER, is one of two things, by the trace:
 *   COUNTING  the host's holds the budget, and the guest's is in its slot;
 *   OWN       the host's is the guest's, and home.budget holds the budget.
 * Each trace has an entry for both, and is written for OWN only if the guest's code names COUNTER. That is R11, which compilers use last:
 * neither for arguments and results, nor, since calls and SYSCALL change it, for what lives long.
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
enum { COUNTER = R11 };

struct called;

/* The guest's TSC by the budget, as long as no code of the emulator runs that could bend the line: timekeep's stretch (timekeep.h). With
 * a budget of b ahead of the instruction it is tsc0 + ((base - b) * khz + rest) / 10^6 if b + over is not negative. */
struct time_line {
	int64_t over; /* TIME_UNKNOWN: there is no line */
	int64_t base;
	uint64_t khz, rest, tsc0;
	uint64_t reciprocal; /* of 10^6 */
};
enum { TIME_UNKNOWN = INT32_MIN };
#define TIME_RECIPROCAL UINT64_C(0x431bde82d7b634db) /* 2^(64 + TIME_RECIPROCAL_SHIFT) / 10^6, rounded up */
enum { TIME_RECIPROCAL_SHIFT = 18 };

struct home {
	uint64_t slot[GPR_COUNT]; /* guest registers that are put aside for the moment, and in COUNTING the guest's COUNTER */
	int64_t budget;           /* OWN: the budget */
	uint64_t base[2];         /* of FS and GS */
	uint64_t target;          /* where to go on in translated code, or of an indirect branch that is not in the table */
	uint64_t branch;          /* which indirect branch that is: its exit, by offset in the arena */
	uint64_t table;           /* address of the table of targets, divided by 8 */
	uint64_t leaving;         /* the exit, or the called handler's records */
	uint64_t flags;           /* put aside, as flags_t */
	struct cpu *cpu;
	uint64_t host_rsp;
	struct time_line time;
};

/* Targets of indirect branches by their low 16 bits: the landing pad of a trace, or code that looks the target up. */
enum { TARGETS = 1 << 16 };

#endif
