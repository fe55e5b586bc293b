/* Runs the same code in the emulator. */
#ifndef TICK86_TESTS_INSN_EMULATED_H
#define TICK86_TESTS_INSN_EMULATED_H

#include "emu/block/block.h"
#include "emu/cpu/model.h"
#include "tests/insn/state.h"

struct emulated {
	struct cpu_model model; /* with all that there are handlers for */
	struct cpu *cpu;
	struct space space;
	struct blocks *blocks;
};

/* Instructions that a case may run for. */
enum { EMULATED_BUDGET = 4096 };

void emulated_init(struct emulated *emulated);

/* Code was replaced: whatever was decoded is void. */
void emulated_forget_code(struct emulated *emulated);

/* Whether what is decoded from now on gets code of its own (emu/block/chain.h) at once or never. */
void emulated_make_hot(struct emulated *emulated, bool at_once);

/* As native_run. A run that does not end in an exception within EMULATED_BUDGET instructions ends with VECTOR_NONE. */
void emulated_run(struct emulated *emulated, const struct machine *in, struct machine *out, struct outcome *outcome);

#endif
