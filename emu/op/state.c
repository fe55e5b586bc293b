/* Processor state: MXCSR, FXSAVE, XSAVE and their relatives, XCR0. During a run MXCSR is in the host's register. */
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

/* The host may support more bits than the guest's CPU, so the reserved bits are checked here. */
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

/* Touches an area before it is used: it may be on two pages, and must fault before anything has changed. */
static inline void probe_read(const void *byte)
{
	(void)*(const volatile uint8_t *)byte;
}

/* FXSAVE and FXRSTOR access the last byte before the first, as on Zen. */
#define FXSAVE_HANDLER(name, wide)                              \
	static HANDLER(name)                                    \
	{                                                       \
		uint64_t address = address_based(cpu, i);       \
		void *area;                                     \
                                                                \
		X87_PARKED();                                   \
		if (address % FXSAVE_ALIGNMENT)                 \
			return raise_gp(cpu, i);                \
		area = guest_pointer(cpu, i, address);          \
		probe_write((uint8_t *)area + FXSAVE_SIZE - 1); \
		probe_write(area);                              \
		mxcsr_from_host(cpu);                           \
		fxsave(cpu, area, wide);                        \
		NEXT();                                         \
	}

/* Copies the area before it is loaded: a missing page must fault before the state changes. */
static bool copy_and_fxrstor(struct cpu *cpu, const void *guest, bool wide)
{
	struct xsave_area area;

	probe_read((const uint8_t *)guest + FXSAVE_SIZE - 1);
	memcpy(&area, guest, FXSAVE_SIZE);
	compiler_barrier();
	return fxrstor(cpu, &area, wide);
}

#define FXRSTOR_HANDLER(name, wide)                                               \
	static HANDLER(name)                                                      \
	{                                                                         \
		uint64_t address = address_based(cpu, i);                         \
                                                                                  \
		X87_PARKED();                                                     \
		if (address % FXSAVE_ALIGNMENT)                                   \
			return raise_gp(cpu, i);                                  \
		if (!copy_and_fxrstor(cpu, guest_pointer(cpu, i, address), wide)) \
			return raise_gp(cpu, i);                                  \
		mxcsr_to_host(cpu);                                               \
		NEXT();                                                           \
	}

FXSAVE_HANDLER(fxsave_narrow, false)
FXSAVE_HANDLER(fxsave_wide, true)
FXRSTOR_HANDLER(fxrstor_narrow, false)
FXRSTOR_HANDLER(fxrstor_wide, true)

/* --- XSAVE, XSAVEC, XSAVEOPT, XRSTOR: SDM vol. 1, chapter 13 -------------------------------------- */

/* Returns the components that EDX:EAX asks for. */
static inline uint64_t requested(const struct cpu *cpu)
{
	uint64_t mask = cpu->r[RDX] << 32 | (uint32_t)cpu->r[RAX];

	return mask & xsave_components(cpu);
}

/* XSAVEOPT leaves out components in their initial configuration. It may also leave out those that have not changed since the last
 * XRSTOR; this one does not. */
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
		memcpy(area.ymm_high, guest->ymm_high, sizeof(area.ymm_high));
	compiler_barrier();
	return xrstor(cpu, &area, components, wide);
}

#define XSAVE_HANDLER(name, save, wide)                                                                      \
	static HANDLER(name)                                                                                 \
	{                                                                                                    \
		uint64_t address = address_based(cpu, i), components = requested(cpu);                       \
		void *area;                                                                                  \
                                                                                                             \
		X87_PARKED();                                                                                \
		if (address % XSAVE_ALIGNMENT)                                                               \
			return raise_gp(cpu, i);                                                             \
		area = guest_pointer(cpu, i, address);                                                       \
		probe_write(area);                                                                           \
		probe_write((uint8_t *)area + (components & XSAVE_YMM ? XSAVE_SIZE : XSAVE_HEADER_END) - 1); \
		mxcsr_from_host(cpu);                                                                        \
		save(cpu, area, components, wide);                                                           \
		NEXT();                                                                                      \
	}

#define XRSTOR_HANDLER(name, wide)                                                               \
	static HANDLER(name)                                                                     \
	{                                                                                        \
		uint64_t address = address_based(cpu, i);                                        \
                                                                                                 \
		X87_PARKED();                                                                    \
		if (address % XSAVE_ALIGNMENT)                                                   \
			return raise_gp(cpu, i);                                                 \
		mxcsr_from_host(cpu);                                                            \
		if (!copy_and_xrstor(cpu, guest_pointer(cpu, i, address), requested(cpu), wide)) \
			return raise_gp(cpu, i);                                                 \
		mxcsr_to_host(cpu);                                                              \
		NEXT();                                                                          \
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
	case XCR0: break;
	case XINUSE: value &= xsave_in_use(cpu); break;
	default: return raise_gp(cpu, i);
	}
	cpu->r[RAX] = (uint32_t)value;
	cpu->r[RDX] = value >> 32;
	NEXT();
}

static const struct form rows[] = {
	{ .op = OP_LDMXCSR, .size0 = 4, .pattern = K_M, .run = { ldmxcsr } },
	{ .op = OP_STMXCSR, .size0 = 4, .pattern = K_M, .run = { stmxcsr } },
	{ .op = OP_VLDMXCSR, .size0 = 4, .pattern = K_M, .run = { ldmxcsr } },
	{ .op = OP_VSTMXCSR, .size0 = 4, .pattern = K_M, .run = { stmxcsr } },
	{ .op = OP_FXSAVE, .pattern = K_M, .run = { fxsave_narrow } },
	{ .op = OP_FXSAVE64, .pattern = K_M, .run = { fxsave_wide } },
	{ .op = OP_FXRSTOR, .pattern = K_M, .run = { fxrstor_narrow } },
	{ .op = OP_FXRSTOR64, .pattern = K_M, .run = { fxrstor_wide } },
	{ .op = OP_XSAVE, .pattern = K_M, .run = { xsave_narrow } },
	{ .op = OP_XSAVE64, .pattern = K_M, .run = { xsave_wide } },
	{ .op = OP_XSAVEOPT, .pattern = K_M, .run = { xsaveopt_narrow } },
	{ .op = OP_XSAVEOPT64, .pattern = K_M, .run = { xsaveopt_wide } },
	{ .op = OP_XSAVEC, .pattern = K_M, .run = { xsavec_narrow } },
	{ .op = OP_XSAVEC64, .pattern = K_M, .run = { xsavec_wide } },
	{ .op = OP_XRSTOR, .pattern = K_M, .run = { xrstor_narrow } },
	{ .op = OP_XRSTOR64, .pattern = K_M, .run = { xrstor_wide } },
	{ .op = OP_XGETBV, .attributes = FORM_FAULTS, .run = { xgetbv } },
};

const struct form_list state_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .handled = true };
