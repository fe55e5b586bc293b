/* Runs the same code in the emulator. */
#ifndef TICK86_TESTS_INSN_EMULATED_H
#define TICK86_TESTS_INSN_EMULATED_H

#include "emu/block/block.h"
#include "emu/cpu/model.h"
#include "tests/insn/state.h"

struct emulated {
	struct cpu_model model; /* has all instructions for which there are handlers */
	struct cpu *cpu;
	struct space space;
	struct blocks *blocks;
};

/* The largest number of instructions that a case may run. */
enum { EMULATED_BUDGET = 4096 };

void emulated_init(struct emulated *emulated);

/* Code was replaced: drops all decoded code. */
void emulated_forget_code(struct emulated *emulated);

/* Translates what is decoded from now on at once or never. */
void emulated_make_hot(struct emulated *emulated, bool at_once);

/* Sets the CPU's state. */
void emulated_put(struct emulated *emulated, const struct machine *in);

/* As native_run. A run that does not end in an exception within EMULATED_BUDGET instructions ends with VECTOR_NONE. */
void emulated_run(struct emulated *emulated, const struct machine *in, struct machine *out, struct outcome *outcome);

#endif
