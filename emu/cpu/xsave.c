/* Writes, checks and loads the images of FXSAVE and XSAVE. */
#include "emu/cpu/xsave.h"

#include <string.h>

#include "emu/cpu/model.h"

enum { FOP_BITS = 0x7ff, ST_BYTES = 10 };

uint64_t xsave_components(const struct cpu *cpu)
{
	return XSAVE_X87 | XSAVE_SSE | (cpu->model->avx ? XSAVE_YMM : 0);
}

static bool x87_in_use(const struct x87 *x87)
{
	static const struct x87 empty;
	struct x87 state = *x87;

	if (state.control != FCW_INIT)
		return true;
	state.control = 0;
	for (int k = 0; k < 8; k++)
		memset(state.r[k].bytes + ST_BYTES, 0, sizeof(state.r[k].bytes) - ST_BYTES);
	return memcmp(state.r, empty.r, sizeof(state.r)) || state.status || state.top || state.valid || state.opcode || state.ip
		|| state.dp;
}

uint64_t xsave_in_use(const struct cpu *cpu)
{
	uint64_t low = 0, high = 0;

	for (int k = 0; k < 16; k++) {
		low |= cpu->v[k].u64[0] | cpu->v[k].u64[1];
		high |= cpu->v[k].u64[2] | cpu->v[k].u64[3];
	}
	return (x87_in_use(&cpu->x87) ? XSAVE_X87 : 0) | (low || cpu->mxcsr != MXCSR_INIT ? XSAVE_SSE : 0) | (high ? XSAVE_YMM : 0);
}

/* --- components ----------------------------------------------------------------------------------- */

static void write_x87(const struct x87 *x87, struct xsave_area *area, bool wide)
{
	area->fcw = x87->control;
	area->fsw = (uint16_t)((x87->status & ~FSW_TOP) | x87->top << FSW_TOP_SHIFT);
	area->ftw = x87->valid;
	area->reserved0 = 0;
	area->fop = x87->opcode & FOP_BITS;
	area->fip = wide ? x87->ip : (uint32_t)x87->ip;
	area->fdp = wide ? x87->dp : (uint32_t)x87->dp;
	for (int k = 0; k < 8; k++) {
		memcpy(area->st[k], x87->r[(x87->top + k) & 7].bytes, ST_BYTES);
		memset(area->st[k] + ST_BYTES, 0, sizeof(area->st[k]) - ST_BYTES);
	}
}

static void read_x87(struct x87 *x87, const struct xsave_area *area, bool wide)
{
	x87->control = (area->fcw & FCW_BITS) | FCW_FIXED;
	x87->status = x87_summarize(area->fsw, area->fcw) & (uint16_t)~FSW_TOP;
	x87->top = area->fsw >> FSW_TOP_SHIFT & 7;
	x87->valid = area->ftw;
	x87->opcode = area->fop & FOP_BITS;
	x87->ip = wide ? area->fip : (uint32_t)area->fip;
	x87->dp = wide ? area->fdp : (uint32_t)area->fdp;
	for (int k = 0; k < 8; k++)
		memcpy(x87->r[(x87->top + k) & 7].bytes, area->st[k], ST_BYTES);
}

void xsave_write_mxcsr(const struct cpu *cpu, struct xsave_area *area)
{
	area->mxcsr = cpu->mxcsr;
	area->mxcsr_mask = MXCSR_MASK;
}

void xsave_write(const struct cpu *cpu, struct xsave_area *area, uint64_t components, bool wide)
{
	if (components & XSAVE_X87)
		write_x87(&cpu->x87, area, wide);
	for (int k = 0; components & XSAVE_SSE && k < 16; k++)
		memcpy(area->xmm[k], &cpu->v[k].u64[0], 16);
	for (int k = 0; components & XSAVE_YMM && k < 16; k++)
		memcpy(area->ymm_high[k], &cpu->v[k].u64[2], 16);
}

void xsave_read(struct cpu *cpu, const struct xsave_area *area, uint64_t components, bool wide)
{
	if (components & XSAVE_X87)
		read_x87(&cpu->x87, area, wide);
	for (int k = 0; components & XSAVE_SSE && k < 16; k++)
		memcpy(&cpu->v[k].u64[0], area->xmm[k], 16);
	for (int k = 0; components & XSAVE_YMM && k < 16; k++)
		memcpy(&cpu->v[k].u64[2], area->ymm_high[k], 16);
}

void xsave_init(struct cpu *cpu, uint64_t components)
{
	if (components & XSAVE_X87) {
		memset(&cpu->x87, 0, sizeof(cpu->x87));
		cpu->x87.control = FCW_INIT;
	}
	for (int k = 0; components & XSAVE_SSE && k < 16; k++)
		memset(&cpu->v[k].u64[0], 0, 16);
	for (int k = 0; components & XSAVE_YMM && k < 16; k++)
		memset(&cpu->v[k].u64[2], 0, 16);
}

/* --- instructions --------------------------------------------------------------------------------- */

void fxsave(const struct cpu *cpu, struct xsave_area *area, bool wide)
{
	xsave_write(cpu, area, XSAVE_X87 | XSAVE_SSE, wide);
	xsave_write_mxcsr(cpu, area);
}

bool fxrstor(struct cpu *cpu, const struct xsave_area *area, bool wide)
{
	if (area->mxcsr & ~(uint32_t)MXCSR_MASK)
		return false;
	xsave_read(cpu, area, XSAVE_X87 | XSAVE_SSE, wide);
	cpu->mxcsr = area->mxcsr;
	return true;
}

void xsave(const struct cpu *cpu, struct xsave_area *area, uint64_t components, bool wide)
{
	components &= xsave_components(cpu);
	xsave_write(cpu, area, components, wide);
	if (components & (XSAVE_SSE | XSAVE_YMM))
		xsave_write_mxcsr(cpu, area);
	area->xstate_bv = (area->xstate_bv & ~components) | (xsave_in_use(cpu) & components);
}

/* Returns true if XRSTOR accepts the header: SDM vol. 1, 13.8. */
static bool header_valid(const struct cpu *cpu, const struct xsave_area *area)
{
	uint64_t have = xsave_components(cpu), reserved = 0;

	if (!(area->xcomp_bv & XSAVE_COMPACTED)) /* bytes 63:24 are not checked */
		return !(area->xstate_bv & ~have) && !area->xcomp_bv && !area->reserved2[0];
	for (int k = 0; k < 6; k++)
		reserved |= area->reserved2[k];
	return !reserved && !(area->xcomp_bv & ~(have | XSAVE_COMPACTED)) && !(area->xstate_bv & ~area->xcomp_bv);
}

bool xrstor(struct cpu *cpu, const struct xsave_area *area, uint64_t components, bool wide)
{
	bool compacted = area->xcomp_bv & XSAVE_COMPACTED;
	uint64_t present = area->xstate_bv;
	uint32_t mxcsr = cpu->mxcsr;

	components &= xsave_components(cpu);
	if (!header_valid(cpu, area))
		return false;
	/* The standard form keeps MXCSR with SSE and YMM and does not initialise it. In the compacted form it belongs to SSE. */
	if (compacted && components & XSAVE_SSE)
		mxcsr = present & XSAVE_SSE ? area->mxcsr : MXCSR_INIT;
	else if (!compacted && components & (XSAVE_SSE | XSAVE_YMM))
		mxcsr = area->mxcsr;
	if (mxcsr & ~(uint32_t)MXCSR_MASK)
		return false;
	xsave_read(cpu, area, components & present, wide);
	xsave_init(cpu, components & ~present);
	cpu->mxcsr = mxcsr;
	return true;
}
