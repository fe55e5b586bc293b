/* Processor state: MXCSR, FXSAVE and XSAVE with their kin, XCR0. Inside a run MXCSR lives in the host's register. */
#include <string.h>

#include "emu/cpu/model.h"
#include "emu/cpu/xsave.h"
#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/form.h"
#include "emu/op/x87_host.h"

static inline void mxcsr_to_host(const struct cpu *cpu)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(cpu->mxcsr));
}

static inline void mxcsr_from_host(struct cpu *cpu)
{
	__asm__ volatile("stmxcsr %0" : "=m"(cpu->mxcsr));
}

/* The host may know more bits than the guest's CPU, so what is reserved is decided here. */
static HANDLER(ldmxcsr)
{
	uint32_t value = guest_load32(cpu, i, address_based(cpu, i));

	if (value & ~(uint32_t)MXCSR_MASK)
		return raise_gp(cpu, i);
	cpu->mxcsr = value;
	mxcsr_to_host(cpu);
	NEXT();
}

static HANDLER(stmxcsr)
{
	mxcsr_from_host(cpu);
	guest_store32(cpu, i, address_based(cpu, i), cpu->mxcsr);
	NEXT();
}

/* --- FXSAVE, FXRSTOR: SDM vol. 2 ------------------------------------------------------------------ */

enum { FXSAVE_ALIGNMENT = 16, XSAVE_ALIGNMENT = 64 };

/* Areas are touched before they are used: they may lie on two pages, and must fault before anything has changed. */
static inline void probe_read(const void *byte)
{
	(void)*(const volatile uint8_t *)byte;
}

/* FXSAVE and FXRSTOR fault on the last byte ahead of the first, as Zen does. */
#define FXSAVE_HANDLER(name, wide)                                       \
	static HANDLER(name)                                             \
	{                                                                \
		uint64_t address = address_based(cpu, i);                \
		void *area;                                              \
									 \
		X87_PARKED();                                            \
		if (address % FXSAVE_ALIGNMENT)                          \
			return raise_gp(cpu, i);                         \
		area = guest_pointer(cpu, i, address);                   \
		probe_write((uint8_t *)area + FXSAVE_SIZE - 1);          \
		probe_write(area);                                       \
		mxcsr_from_host(cpu);                                    \
		fxsave(cpu, area, wide);                                 \
		NEXT();                                                  \
	}

/* Restoring copies the area first: a page that is not there must fault before the state changes. */
static bool copy_and_fxrstor(struct cpu *cpu, const void *guest, bool wide)
{
	struct xsave_area area;

	probe_read((const uint8_t *)guest + FXSAVE_SIZE - 1);
	memcpy(&area, guest, FXSAVE_SIZE);
	compiler_barrier();
	return fxrstor(cpu, &area, wide);
}

#define FXRSTOR_HANDLER(name, wide)                                                      \
	static HANDLER(name)                                                             \
	{                                                                                \
		uint64_t address = address_based(cpu, i);                                \
											 \
		X87_PARKED();                                                            \
		if (address % FXSAVE_ALIGNMENT)                                          \
			return raise_gp(cpu, i);                                         \
		if (!copy_and_fxrstor(cpu, guest_pointer(cpu, i, address), wide))        \
			return raise_gp(cpu, i);                                         \
		mxcsr_to_host(cpu);                                                      \
		NEXT();                                                                  \
	}

FXSAVE_HANDLER(fxsave_narrow, false)
FXSAVE_HANDLER(fxsave_wide, true)
FXRSTOR_HANDLER(fxrstor_narrow, false)
FXRSTOR_HANDLER(fxrstor_wide, true)

/* --- XSAVE and kin: SDM vol. 1, chapter 13 --------------------------------------------------------- */

/* Components that EDX:EAX asks for. */
static inline uint64_t requested(const struct cpu *cpu)
{
	uint64_t mask = cpu->r[RDX] << 32 | (uint32_t)cpu->r[RAX];

	return mask & xsave_components(cpu);
}

/* XSAVEOPT leaves out what is in its initial configuration; it may also leave out what has not changed since the last
 * XRSTOR, and here does not. */
static void xsaveopt(const struct cpu *cpu, struct xsave_area *area, uint64_t components, bool wide)
{
	uint64_t in_use = xsave_in_use(cpu);

	xsave_write(cpu, area, components & in_use, wide);
	if (components & (XSAVE_SSE | XSAVE_YMM))
		xsave_write_mxcsr(cpu, area);
	area->xstate_bv = (area->xstate_bv & ~components) | (components & in_use);
}

static void xsavec(const struct cpu *cpu, struct xsave_area *area, uint64_t components, bool wide)
{
	uint64_t in_use = xsave_in_use(cpu);

	xsave_write(cpu, area, components & in_use, wide);
	if (components & in_use & XSAVE_SSE)
		xsave_write_mxcsr(cpu, area);
	area->xstate_bv = components & in_use;
	area->xcomp_bv = components | XSAVE_COMPACTED;
}

static bool copy_and_xrstor(struct cpu *cpu, const struct xsave_area *guest, uint64_t components, bool wide)
{
	struct xsave_area area;

	probe_read(guest);
	memcpy(&area, guest, XSAVE_HEADER_END);
	if (components & area.xstate_bv & XSAVE_YMM)
		memcpy(area.ymm_high, guest->ymm_high, sizeof area.ymm_high);
	compiler_barrier();
	return xrstor(cpu, &area, components, wide);
}

#define XSAVE_HANDLER(name, save, wide)                                                          \
	static HANDLER(name)                                                                     \
	{                                                                                        \
		uint64_t address = address_based(cpu, i), components = requested(cpu);           \
		void *area;                                                                      \
												 \
		X87_PARKED();                                                                    \
		if (address % XSAVE_ALIGNMENT)                                                   \
			return raise_gp(cpu, i);                                                 \
		area = guest_pointer(cpu, i, address);                                           \
		probe_write(area);                                                               \
		probe_write((uint8_t *)area + (components & XSAVE_YMM ? XSAVE_SIZE : XSAVE_HEADER_END) - 1); \
		mxcsr_from_host(cpu);                                                            \
		save(cpu, area, components, wide);                                               \
		NEXT();                                                                          \
	}

#define XRSTOR_HANDLER(name, wide)                                                                       \
	static HANDLER(name)                                                                             \
	{                                                                                                \
		uint64_t address = address_based(cpu, i);                                                \
													 \
		X87_PARKED();                                                                            \
		if (address % XSAVE_ALIGNMENT)                                                           \
			return raise_gp(cpu, i);                                                         \
		mxcsr_from_host(cpu);                                                                    \
		if (!copy_and_xrstor(cpu, guest_pointer(cpu, i, address), requested(cpu), wide))         \
			return raise_gp(cpu, i);                                                         \
		mxcsr_to_host(cpu);                                                                      \
		NEXT();                                                                                  \
	}

XSAVE_HANDLER(xsave_narrow, xsave, false)
XSAVE_HANDLER(xsave_wide, xsave, true)
XSAVE_HANDLER(xsaveopt_narrow, xsaveopt, false)
XSAVE_HANDLER(xsaveopt_wide, xsaveopt, true)
XSAVE_HANDLER(xsavec_narrow, xsavec, false)
XSAVE_HANDLER(xsavec_wide, xsavec, true)
XRSTOR_HANDLER(xrstor_narrow, false)
XRSTOR_HANDLER(xrstor_wide, true)

static HANDLER(xgetbv)
{
	enum { XCR0 = 0, XINUSE = 1 };
	uint64_t value = xsave_components(cpu);

	X87_PARKED();
	mxcsr_from_host(cpu);
	switch ((uint32_t)cpu->r[RCX]) {
	case XCR0:
		break;
	case XINUSE:
		value &= xsave_in_use(cpu);
		break;
	default:
		return raise_gp(cpu, i);
	}
	cpu->r[RAX] = (uint32_t)value;
	cpu->r[RDX] = value >> 32;
	NEXT();
}

static const struct form rows[] = {
	{ OP_LDMXCSR, 4, 0, K_M, 0, 0, 0, { ldmxcsr }, { 0 } },
	{ OP_STMXCSR, 4, 0, K_M, 0, 0, 0, { stmxcsr }, { 0 } },
	{ OP_VLDMXCSR, 4, 0, K_M, 0, 0, 0, { ldmxcsr }, { 0 } },
	{ OP_VSTMXCSR, 4, 0, K_M, 0, 0, 0, { stmxcsr }, { 0 } },
	{ OP_FXSAVE, 0, 0, K_M, 0, 0, 0, { fxsave_narrow }, { 0 } },
	{ OP_FXSAVE64, 0, 0, K_M, 0, 0, 0, { fxsave_wide }, { 0 } },
	{ OP_FXRSTOR, 0, 0, K_M, 0, 0, 0, { fxrstor_narrow }, { 0 } },
	{ OP_FXRSTOR64, 0, 0, K_M, 0, 0, 0, { fxrstor_wide }, { 0 } },
	{ OP_XSAVE, 0, 0, K_M, 0, 0, 0, { xsave_narrow }, { 0 } },
	{ OP_XSAVE64, 0, 0, K_M, 0, 0, 0, { xsave_wide }, { 0 } },
	{ OP_XSAVEOPT, 0, 0, K_M, 0, 0, 0, { xsaveopt_narrow }, { 0 } },
	{ OP_XSAVEOPT64, 0, 0, K_M, 0, 0, 0, { xsaveopt_wide }, { 0 } },
	{ OP_XSAVEC, 0, 0, K_M, 0, 0, 0, { xsavec_narrow }, { 0 } },
	{ OP_XSAVEC64, 0, 0, K_M, 0, 0, 0, { xsavec_wide }, { 0 } },
	{ OP_XRSTOR, 0, 0, K_M, 0, 0, 0, { xrstor_narrow }, { 0 } },
	{ OP_XRSTOR64, 0, 0, K_M, 0, 0, 0, { xrstor_wide }, { 0 } },
	{ OP_XGETBV, 0, 0, PATTERN_NONE, FORM_FAULTS, 0, 0, { xgetbv }, { 0 } },
};

const struct form_list state_forms = { rows, sizeof rows / sizeof *rows };
