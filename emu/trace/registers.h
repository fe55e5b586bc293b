/* The registers in a recording (general, RIP, RFLAGS, FS and GS base), and the encoding of their changes. */
#ifndef TICK86_EMU_TRACE_REGISTERS_H
#define TICK86_EMU_TRACE_REGISTERS_H

#include <stddef.h>

#include "emu/cpu/cpu.h"

/* ORDER: the bits of a change's mask in the file. */
enum { TRACE_RIP = GPR_COUNT, TRACE_RFLAGS, TRACE_FS_BASE, TRACE_GS_BASE, TRACE_REGISTERS };

struct trace_registers {
	uint64_t r[TRACE_REGISTERS];
};

enum { TRACE_CHANGES_MAX = 4 + 10 * TRACE_REGISTERS };

extern const char *const trace_register_names[TRACE_REGISTERS];

void trace_registers_of(const struct cpu *cpu, struct trace_registers *registers);
void trace_registers_to(const struct trace_registers *registers, struct cpu *cpu);

/* Writes a mask of the registers that differ, and their differences. Returns the number of bytes written; 1 if nothing differs. */
size_t trace_put_changes(uint8_t *to, const struct trace_registers *old, const struct trace_registers *new);
/* Applies such a change to `registers`. Returns false if it is malformed. */
bool trace_get_changes(const uint8_t *from, size_t size, struct trace_registers *registers);

/* Convert the vector state to an XSAVE area in standard format, with MXCSR, and back. The latter returns false for an area that the CPU
 * would refuse. */
struct xsave_area;
void trace_vector_of(const struct cpu *cpu, struct xsave_area *area);
bool trace_vector_to(const struct xsave_area *area, struct cpu *cpu);

#endif
