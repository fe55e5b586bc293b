#include "emu/op/x87_host.h"

#include "emu/cpu/x87_image.h"

/* Every instruction of the kind, eight bytes apart: with operands in registers by their two bytes, then those that have
 * one in memory, at RSI. */
#define ALL_INSTRUCTIONS                                                        \
	".balign 8\n"                                                           \
	"1:\t.set .Lx87, 0\n\t.rept 512\n\t.org 1b + 8 * .Lx87, 0xcc\n\t"       \
	".byte 0xd8 + .Lx87 / 64, 0xc0 + (.Lx87 & 63)\n\tjmp 2f\n\t"              \
	".set .Lx87, .Lx87 + 1\n\t.endr\n\t"                                    \
	".rept 64\n\t.org 1b + 8 * .Lx87, 0xcc\n\t"                             \
	".byte 0xd8 + (.Lx87 - 512) / 8, (.Lx87 & 7) * 8 + 6\n\tjmp 2f\n\t"       \
	".set .Lx87, .Lx87 + 1\n\t.endr\n"                                      \
	"2:\n\t"

/* FRSTOR, the guest's EFLAGS (OF by an addition that overflows, SAHF), the instruction, EFLAGS again, FNSAVE. */
static flags_t run_in_image(struct x87_image *image, flags_t flags, uint64_t instruction, void *operand)
{
	uint64_t target;

	__asm__ volatile("frstor %[image]\n\t"
	                 "addb $0x7f, %%al\n\t"
	                 "sahf\n\t"
	                 "lea 1f(%%rip), %[target]\n\t"
	                 "lea (%[target], %[instruction], 8), %[target]\n\t"
	                 "jmp *%[target]\n"
	                 ALL_INSTRUCTIONS
	                 "seto %%al\n\t"
	                 "lahf\n\t"
	                 "fnsave %[image]"
	                 : [image] "+m"(*image), [target] "=&r"(target), "+a"(flags)
	                 : [instruction] "r"(instruction), "S"(operand)
	                 : "memory", "cc", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)");
	return flags;
}

void x87_run(struct cpu *cpu, unsigned instruction, void *operand)
{
	struct x87 *x87 = &cpu->x87;
	struct x87_image image;
	flags_t flags;

	x87_save(x87, &image);
	flags = run_in_image(&image, cpu->flags, instruction, operand);
	x87_load_words(x87, image.control, image.status, image.tag);
	x87_load_registers(x87, image.st);
	cpu->flags = flags;
}

const struct insn *x87_run_register(struct cpu *cpu, const struct insn *i, unsigned instruction)
{
	if (x87_pending(&cpu->x87))
		return raise_mf(cpu, i);
	x87_run(cpu, instruction, NULL);
	NEXT();
}

const struct insn *x87_run_memory(struct cpu *cpu, const struct insn *i, unsigned instruction)
{
	if (x87_pending(&cpu->x87))
		return raise_mf(cpu, i);
	x87_run(cpu, instruction, guest_pointer(cpu, i, address_based(cpu, i)));
	NEXT();
}
