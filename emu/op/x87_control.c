/* x87: control and status words, the stack's pointer and tags, saving and restoring. */
#include <string.h>

#include "emu/cpu/x87_image.h"
#include "emu/op/lists.h"
#include "emu/op/x87_host.h"

/* Areas may be on two pages: both ends are touched, so that a fault comes before any change. */
static void copy_out(struct cpu *cpu, const struct insn *i, const void *from, size_t size)
{
	uint8_t *area = guest_pointer(cpu, i, address_based(cpu, i));

	probe_write(area + size - 1);
	probe_write(area);
	memcpy(area, from, size);
	compiler_barrier();
}

static void copy_in(struct cpu *cpu, const struct insn *i, void *to, size_t size)
{
	memcpy(to, guest_pointer(cpu, i, address_based(cpu, i)), size);
	compiler_barrier();
}

/* --- control and status words ----------------------------------------------------------------------- */

/* FNOP checks for a pending exception, as FWAIT does, and is not a control instruction. */
X87_HANDLER(fwait, X87_FIXED(0xd9, 0xd0))
X87_HANDLER(fnop, X87_FIXED(0xd9, 0xd0); X87_DONE())
X87_HANDLER(fnclex, X87_FIXED(0xdb, 0xe2))
X87_HANDLER(fnstcw, X87_MEMORY(0xd9, 7))
X87_HANDLER(fldcw, X87_MEMORY(0xd9, 5))
X87_HANDLER(fnstsw_m, X87_MEMORY(0xdd, 7))
X87_HANDLER(fnstsw_r, __asm__ volatile("fnstsw %0" : "=a"(*reg16(cpu, i->a))))

static HANDLER(fnop_no_wait)
{
	NEXT();
}

static HANDLER(fninit)
{
	X87_PARKED();
	x87_init(&cpu->x87);
	NEXT();
}

/* --- environment and state: SDM vol. 1, 8.1.10 -------------------------------------------------------- */

/* FNSTENV masks all exceptions after it has stored the control word. */
static void mask_exceptions(struct x87 *x87)
{
	x87->control |= FSW_EXCEPTIONS;
	x87->status = x87_summarize(x87->status, x87->control);
}

/* Functions with an image on the stack are separate: a handler with one could not end in a jump. */
#define APART static __attribute__((noinline)) void

#define IMAGE_HANDLER(name, wait)                     \
	static HANDLER(name)                          \
	{                                             \
		X87_PARKED();                         \
		if ((wait) && x87_pending(&cpu->x87)) \
			return raise_mf(cpu, i);      \
		do_##name(cpu, i);                    \
		NEXT();                               \
	}

#define SAVE_HANDLERS(suffix, image_type, environment)                  \
	APART do_fnstenv##suffix(struct cpu *cpu, const struct insn *i) \
	{                                                               \
		struct image_type image;                                \
                                                                        \
		x87_save##suffix(&cpu->x87, &image);                    \
		copy_out(cpu, i, &image, environment);                  \
		mask_exceptions(&cpu->x87);                             \
	}                                                               \
	APART do_fnsave##suffix(struct cpu *cpu, const struct insn *i)  \
	{                                                               \
		struct image_type image;                                \
                                                                        \
		x87_save##suffix(&cpu->x87, &image);                    \
		copy_out(cpu, i, &image, sizeof(image));                \
		x87_init(&cpu->x87);                                    \
	}                                                               \
	APART do_fldenv##suffix(struct cpu *cpu, const struct insn *i)  \
	{                                                               \
		struct image_type image;                                \
                                                                        \
		copy_in(cpu, i, &image, environment);                   \
		x87_load_environment##suffix(&cpu->x87, &image);        \
	}                                                               \
	APART do_frstor##suffix(struct cpu *cpu, const struct insn *i)  \
	{                                                               \
		struct image_type image;                                \
                                                                        \
		copy_in(cpu, i, &image, sizeof(image));                 \
		x87_load_environment##suffix(&cpu->x87, &image);        \
		x87_load_registers(&cpu->x87, image.st);                \
	}                                                               \
	IMAGE_HANDLER(fnstenv##suffix, false)                           \
	IMAGE_HANDLER(fnsave##suffix, false)                            \
	IMAGE_HANDLER(fldenv##suffix, true)                             \
	IMAGE_HANDLER(frstor##suffix, true)
SAVE_HANDLERS(, x87_image, X87_ENVIRONMENT)
SAVE_HANDLERS(16, x87_image16, X87_ENVIRONMENT16)

/* --- rows --------------------------------------------------------------------------------------------- */

#define PLAIN(OP, ATTRIBUTES, handler)                                 \
	{                                                              \
		.op = OP, .attributes = ATTRIBUTES, .run = { handler } \
	}
#define MEMORY(OP, SIZE, handler)                                           \
	{                                                                   \
		.op = OP, .size0 = SIZE, .pattern = K_M, .run = { handler } \
	}

static const struct form rows[] = {
	PLAIN(OP_FWAIT, FORM_FAULTS, fwait),
	PLAIN(OP_FNOP, FORM_FAULTS | FORM_KEEPS_ADDRESS, fnop),
	/* These instructions of the 8087 and the 80287 do nothing, and do not check for pending exceptions. */
	PLAIN(OP_FENI8087_NOP, 0, fnop_no_wait),
	PLAIN(OP_FDISI8087_NOP, 0, fnop_no_wait),
	PLAIN(OP_FSETPM287_NOP, 0, fnop_no_wait),
	PLAIN(OP_FNINIT, 0, fninit),
	PLAIN(OP_FNCLEX, 0, fnclex),
	MEMORY(OP_FNSTCW, 2, fnstcw),
	MEMORY(OP_FLDCW, 2, fldcw),
	MEMORY(OP_FNSTSW, 2, fnstsw_m),
	{ .op = OP_FNSTSW, .size0 = 2, .pattern = K_R, .run = { fnstsw_r } },
	MEMORY(OP_FNSTENV, 28, fnstenv),
	MEMORY(OP_FNSTENV, 14, fnstenv16),
	MEMORY(OP_FLDENV, 28, fldenv),
	MEMORY(OP_FLDENV, 14, fldenv16),
	MEMORY(OP_FNSAVE, 108, fnsave),
	MEMORY(OP_FNSAVE, 94, fnsave16),
	MEMORY(OP_FRSTOR, 108, frstor),
	MEMORY(OP_FRSTOR, 94, frstor16),
};

const struct form_list x87_control_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .handled = true };
