/* Converts registers to their form in recordings, and encodes the changes between two states. */
#include "emu/trace/registers.h"

#include <string.h>

#include "emu/cpu/flags.h"
#include "emu/cpu/xsave.h"
#include "emu/trace/format.h"

/* clang-format off */
const char *const trace_register_names[TRACE_REGISTERS] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
	"rip", "rflags", "fs_base", "gs_base",
};
/* clang-format on */

void trace_registers_of(const struct cpu *cpu, struct trace_registers *registers)
{
	memcpy(registers->r, cpu->r, GPR_COUNT * sizeof(uint64_t));
	registers->r[TRACE_RIP] = cpu->rip;
	registers->r[TRACE_RFLAGS] = rflags_get(cpu);
	registers->r[TRACE_FS_BASE] = cpu->r[SLOT_FS_BASE];
	registers->r[TRACE_GS_BASE] = cpu->r[SLOT_GS_BASE];
}

void trace_registers_to(const struct trace_registers *registers, struct cpu *cpu)
{
	memcpy(cpu->r, registers->r, GPR_COUNT * sizeof(uint64_t));
	cpu->rip = registers->r[TRACE_RIP];
	rflags_set(cpu, registers->r[TRACE_RFLAGS]);
	cpu->r[SLOT_FS_BASE] = registers->r[TRACE_FS_BASE];
	cpu->r[SLOT_GS_BASE] = registers->r[TRACE_GS_BASE];
}

size_t trace_put_changes(uint8_t *to, const struct trace_registers *old, const struct trace_registers *new)
{
	uint64_t mask = 0;
	size_t n;

	for (unsigned i = 0; i < TRACE_REGISTERS; i++)
		mask |= (uint64_t)(old->r[i] != new->r[i]) << i;
	n = trace_put_number(to, mask);
	for (unsigned i = 0; i < TRACE_REGISTERS; i++)
		if (mask >> i & 1)
			n += trace_put_number(to + n, trace_zigzag((int64_t)(new->r[i] - old->r[i])));
	return n;
}

bool trace_get_changes(const uint8_t *from, size_t size, struct trace_registers *registers)
{
	uint64_t mask, change;
	size_t n = trace_get_number(from, size, &mask), taken;

	if (!n || mask >> TRACE_REGISTERS)
		return false;
	for (unsigned i = 0; i < TRACE_REGISTERS; i++) {
		if (!(mask >> i & 1))
			continue;
		taken = trace_get_number(from + n, size - n, &change);
		if (!taken)
			return false;
		n += taken;
		registers->r[i] += (uint64_t)trace_unzigzag(change);
	}
	return n == size;
}

void trace_vector_of(const struct cpu *cpu, struct xsave_area *area)
{
	const uint64_t all = XSAVE_X87 | XSAVE_SSE | XSAVE_YMM;

	memset(area, 0, sizeof(*area));
	xsave_write(cpu, area, all, true);
	xsave_write_mxcsr(cpu, area);
	area->xstate_bv = all;
}

bool trace_vector_to(const struct xsave_area *area, struct cpu *cpu)
{
	if (area->mxcsr & ~(uint32_t)MXCSR_MASK)
		return false;
	xsave_read(cpu, area, XSAVE_X87 | XSAVE_SSE | XSAVE_YMM, true);
	cpu->mxcsr = area->mxcsr;
	return true;
}
