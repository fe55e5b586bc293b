/* x87 and MMX state. */
#ifndef TICK86_EMU_X87_H
#define TICK86_EMU_X87_H

#include <stdint.h>

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
	uint16_t status;         /* without TOP, which is `top` */
	uint8_t top;
	uint8_t valid;           /* bit n: Rn is not empty (FXSAVE's abridged tag) */
	uint16_t opcode;         /* last instruction, for FNSTENV and FXSAVE */
	uint64_t ip, dp;
};

#endif
