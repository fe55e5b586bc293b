/* The state of x87 and MMX. */
#ifndef TICK86_EMU_X87_H
#define TICK86_EMU_X87_H

#include <stdbool.h>
#include <stdint.h>

/* Control word: SDM vol. 1, 8.1.5. Bit 6 reads as 1, bits 7 and 15:13 as 0. */
enum { FCW_INIT = 0x37f, FCW_FIXED = 0x40, FCW_BITS = 0x1f3f };
/* Status word: SDM vol. 1, 8.1.3. The exceptions' masks are the same bits of the control word. */
/* clang-format off */
enum {
	FSW_IE = 1 << 0, FSW_DE = 1 << 1, FSW_ZE = 1 << 2, FSW_OE = 1 << 3, FSW_UE = 1 << 4, FSW_PE = 1 << 5,
	FSW_EXCEPTIONS = 0x3f, FSW_SF = 1 << 6, FSW_ES = 1 << 7, FSW_C0 = 1 << 8, FSW_C1 = 1 << 9, FSW_C2 = 1 << 10,
	FSW_TOP_SHIFT = 11, FSW_TOP = 7 << FSW_TOP_SHIFT, FSW_C3 = 1 << 14, FSW_B = 1 << 15,
};
/* clang-format on */

/* One physical register R0..R7; MMX register n is the mantissa of Rn. */
union x87_register {
	struct {
		uint64_t mantissa;
		uint16_t exponent; /* with the sign in bit 15 */
	};
	uint8_t bytes[16];
};

struct x87 {
	union x87_register r[8]; /* physical: ST(i) is r[(top + i) & 7] */
	uint16_t control;
	uint16_t status; /* without TOP, which is `top` */
	uint8_t top;
	uint8_t valid;   /* bit n: Rn is not empty (FXSAVE's abridged tag) */
	uint16_t opcode; /* last instruction, for FNSTENV and FXSAVE */
	uint64_t ip, dp; /* the last instruction and its operand: see emu/op/x87_host.h */
	bool live;       /* true inside cpu_run while the host's unit holds all of this but opcode, ip and dp (x87_live.h) */
};

/* Returns the number of the physical register that is ST(i) now. */
static inline unsigned x87_physical(const struct x87 *x87, unsigned i)
{
	return (x87->top + i) & 7;
}

/* Returns true if an unmasked exception is pending: the next instruction that checks raises it. */
static inline bool x87_pending(const struct x87 *x87)
{
	return x87->status & FSW_ES;
}

/* Returns the status word for a control word. The CPU sets ES and B if an unmasked exception is pending, and clears them otherwise,
 * whatever they were. */
static inline uint16_t x87_summarize(uint16_t status, uint16_t control)
{
	return (uint16_t)((status & ~(FSW_ES | FSW_B)) | (status & ~control & FSW_EXCEPTIONS ? FSW_ES | FSW_B : 0));
}

#endif
