/* The floating-point and vector state as memory holds it: the areas of FXSAVE and XSAVE (SDM vol. 1, 10.5.1 and 13.4). Signal
 * frames hold the same. With x87, SSE and YMM alone the compacted form has the standard form's layout. cpu->mxcsr is
 * taken as MXCSR throughout: inside cpu_run the caller moves it from and to the host's. */
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
	uint8_t software[48]; /* never written here: Linux describes a signal frame in it */
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

/* Bytes of an area: what XSAVE writes with every component, and what FXSAVE writes. */
enum { XSAVE_SIZE = sizeof(struct xsave_area), XSAVE_HEADER_END = 576, FXSAVE_SIZE = 512 };

/* XCR0 of the CPU's model: the components that it has. Without XSAVE, x87 and SSE. */
uint64_t xsave_components(const struct cpu *cpu);

/* XINUSE: components that are not in their initial configuration. */
uint64_t xsave_in_use(const struct cpu *cpu);

/* Writes the data of `components` and nothing else. `wide` (REX.W) tells how FIP and FDP are written: 64 bits, or 32 with
 * a selector, which is 0. */
void xsave_write(const struct cpu *cpu, struct xsave_area *area, uint64_t components, bool wide);
/* Writes MXCSR and MXCSR_MASK. */
void xsave_write_mxcsr(const struct cpu *cpu, struct xsave_area *area);

/* Sets `components` from the area, or to their initial configuration. MXCSR is not touched. */
void xsave_read(struct cpu *cpu, const struct xsave_area *area, uint64_t components, bool wide);
void xsave_init(struct cpu *cpu, uint64_t components);

/* FXSAVE and FXRSTOR. fxrstor returns false, having changed nothing, for an MXCSR that has reserved bits set (#GP). */
void fxsave(const struct cpu *cpu, struct xsave_area *area, bool wide);
bool fxrstor(struct cpu *cpu, const struct xsave_area *area, bool wide);

/* XSAVE of the requested `components`. Of the header only XSTATE_BV is written. */
void xsave(const struct cpu *cpu, struct xsave_area *area, uint64_t components, bool wide);
/* XRSTOR of the requested `components`, of either form. The area is read up to XSAVE_HEADER_END, and whole when its
 * XSTATE_BV names YMM. Returns false, having changed nothing, where XRSTOR raises #GP. */
bool xrstor(struct cpu *cpu, const struct xsave_area *area, uint64_t components, bool wide);

#endif
