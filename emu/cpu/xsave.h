/* The floating-point and vector state in memory: the areas of FXSAVE and XSAVE (SDM vol. 1, 10.5.1 and 13.4), which signal frames hold,
 * too. With no components but x87, SSE and YMM, the compacted form has the standard form's layout.
 * These functions take MXCSR from cpu->mxcsr. Inside cpu_run the caller copies it from the host's register and back. */
#ifndef TICK86_EMU_XSAVE_H
#define TICK86_EMU_XSAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emu/cpu/cpu.h"

struct xsave_area {
	/* FXSAVE's: the legacy region */
	uint16_t fcw, fsw;
	uint8_t ftw; /* abridged: bit n is set when Rn is not empty */
	uint8_t reserved0;
	uint16_t fop;
	uint64_t fip, fdp;
	uint32_t mxcsr, mxcsr_mask;
	uint8_t st[8][16];
	uint8_t xmm[16][16];
	uint8_t reserved1[48];
	uint8_t software[48]; /* never written here: Linux uses it to describe a signal frame */
	/* header */
	uint64_t xstate_bv, xcomp_bv;
	uint64_t reserved2[6];
	/* state component 2 */
	uint8_t ymm_high[16][16];
};
_Static_assert(offsetof(struct xsave_area, xmm) == 160, "SDM vol. 1, table 10-2");
_Static_assert(offsetof(struct xsave_area, xstate_bv) == 512, "SDM vol. 1, 13.4.2");
_Static_assert(offsetof(struct xsave_area, ymm_high) == 576, "CPUID leaf 0DH, subleaf 2");

/* State components: bits of XCR0, XSTATE_BV and XCOMP_BV. */
enum { XSAVE_X87 = 1, XSAVE_SSE = 2, XSAVE_YMM = 4 };
#define XSAVE_COMPACTED (1ULL << 63) /* of XCOMP_BV */

enum { MXCSR_INIT = 0x1f80, MXCSR_MASK = 0xffff };

/* The size of an area in bytes: what XSAVE writes with every component, and what FXSAVE writes. */
enum { XSAVE_SIZE = sizeof(struct xsave_area), XSAVE_HEADER_END = 576, FXSAVE_SIZE = 512 };

/* Returns XCR0, the components of the CPU's model: x87 and SSE if the model has no XSAVE. */
uint64_t xsave_components(const struct cpu *cpu);

/* Returns XINUSE: the components that are not in their initial configuration. */
uint64_t xsave_in_use(const struct cpu *cpu);

/* Writes the data of `components` and nothing else. FIP and FDP are 64 bits if `wide` (REX.W), otherwise 32 bits with a selector, which
 * is 0. */
void xsave_write(const struct cpu *cpu, struct xsave_area *area, uint64_t components, bool wide);
/* Writes MXCSR and MXCSR_MASK. */
void xsave_write_mxcsr(const struct cpu *cpu, struct xsave_area *area);

/* Loads `components` from the area, or their initial configuration. Leaves MXCSR alone. */
void xsave_read(struct cpu *cpu, const struct xsave_area *area, uint64_t components, bool wide);
void xsave_init(struct cpu *cpu, uint64_t components);

/* FXSAVE and FXRSTOR. fxrstor returns false and changes nothing if MXCSR has reserved bits set (#GP). */
void fxsave(const struct cpu *cpu, struct xsave_area *area, bool wide);
bool fxrstor(struct cpu *cpu, const struct xsave_area *area, bool wide);

/* XSAVE of the requested `components`. Writes only XSTATE_BV of the header. */
void xsave(const struct cpu *cpu, struct xsave_area *area, uint64_t components, bool wide);
/* XRSTOR of the requested `components`, in either form. Reads the area up to XSAVE_HEADER_END, and all of it if XSTATE_BV has YMM.
 * Returns false and changes nothing if XRSTOR raises #GP. */
bool xrstor(struct cpu *cpu, const struct xsave_area *area, uint64_t components, bool wide);

#endif
