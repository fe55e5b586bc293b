/* The state of the machine before and after a case, in the host kernel's layout, and the exception that ended the case. */
#ifndef TICK86_TESTS_INSN_STATE_H
#define TICK86_TESTS_INSN_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "emu/cpu/flags.h"

/* XSAVE area in the standard format: SDM vol. 1, 13.4. */
struct fp_state {
	uint16_t fcw, fsw;
	uint8_t ftw, reserved;
	uint16_t fop;
	uint64_t fip, fdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t st[8][16]; /* relative to the top of the stack */
	uint8_t xmm[16][16];
	uint8_t unused[96];
	uint64_t xstate_bv, header[7];
	uint8_t ymm_high[16][16];
};
_Static_assert(offsetof(struct fp_state, ymm_high) == 576, "standard XSAVE format");

struct machine {
	uint64_t r[GPR_COUNT];
	uint64_t rip, rflags, fs_base, gs_base;
	struct fp_state fp;
};

enum { VECTOR_NONE = 255 }; /* the case did not end in an exception */

struct outcome {
	uint8_t vector;
	uint32_t error;   /* for #PF */
	uint64_t address; /* for #PF */
};

#endif
