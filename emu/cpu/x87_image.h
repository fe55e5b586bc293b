/* The x87 state as FNSTENV and FNSAVE store it: SDM vol. 1, 8.1.10. */
#ifndef TICK86_EMU_X87_IMAGE_H
#define TICK86_EMU_X87_IMAGE_H

#include "emu/cpu/x87.h"

/* The image with an operand size of 32 bits. Its first 28 bytes are the environment. */
struct x87_image {
	uint16_t control, reserved0;
	uint16_t status, reserved1;
	uint16_t tag, reserved2;
	uint32_t ip;
	uint16_t cs, opcode;
	uint32_t dp;
	uint16_t ds, reserved3;
	uint8_t st[8][10];
} __attribute__((packed));

/* The image with an operand size of 16 bits. Its first 14 bytes are the environment. */
struct x87_image16 {
	uint16_t control, status, tag, ip, cs, dp, ds;
	uint8_t st[8][10];
} __attribute__((packed));

enum { X87_ENVIRONMENT = 28, X87_ENVIRONMENT16 = 14 };
_Static_assert(sizeof(struct x87_image) == X87_ENVIRONMENT + 80, "SDM vol. 2, FSAVE");
_Static_assert(sizeof(struct x87_image16) == X87_ENVIRONMENT16 + 80, "SDM vol. 2, FSAVE");

/* Writes what FNSTENV and FNSAVE store, and leaves the state as it is. */
void x87_save(const struct x87 *x87, struct x87_image *image);
void x87_save16(const struct x87 *x87, struct x87_image16 *image);

/* x87_load_words sets what FLDENV sets. x87_load_registers sets what FRSTOR sets in addition. The words have the full form, with TOP and
 * two bits for each tag. */
void x87_load_words(struct x87 *x87, uint16_t control, uint16_t status, uint16_t tag);
void x87_load_environment(struct x87 *x87, const struct x87_image *image);
void x87_load_environment16(struct x87 *x87, const struct x87_image16 *image);
void x87_load_registers(struct x87 *x87, const uint8_t st[8][10]);

/* FNINIT. */
void x87_init(struct x87 *x87);

#endif
