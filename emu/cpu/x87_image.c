/* The x87 state as FNSTENV, FNSAVE and FXSAVE store it. */
#include "emu/cpu/x87_image.h"

#include <string.h>

/* Tags of the full tag word, two bits for each physical register. */
enum { TAG_VALID, TAG_ZERO, TAG_SPECIAL, TAG_EMPTY };
enum { ST_BYTES = 10, EXPONENT = 0x7fff, RESERVED = 0xffff };

static unsigned tag_of(const union x87_register *r)
{
	unsigned exponent = r->exponent & EXPONENT;

	if (exponent == 0 && r->mantissa == 0)
		return TAG_ZERO;
	return exponent != 0 && exponent != EXPONENT && r->mantissa >> 63 ? TAG_VALID : TAG_SPECIAL;
}

static uint16_t tag_word(const struct x87 *x87)
{
	unsigned word = 0;

	for (unsigned k = 0; k < 8; k++)
		word |= (x87->valid >> k & 1 ? tag_of(&x87->r[k]) : TAG_EMPTY) << 2 * k;
	return (uint16_t)word;
}

/* Loading uses the tag word only to tell which registers are empty. */
static uint8_t valid_mask(uint16_t tag_word)
{
	unsigned mask = 0;

	for (unsigned k = 0; k < 8; k++)
		mask |= (unsigned)((tag_word >> 2 * k & 3) != TAG_EMPTY) << k;
	return (uint8_t)mask;
}

static uint16_t status_word(const struct x87 *x87)
{
	return (uint16_t)(x87->status | x87->top << FSW_TOP_SHIFT);
}

static void save_registers(const struct x87 *x87, uint8_t st[8][ST_BYTES])
{
	for (unsigned k = 0; k < 8; k++)
		memcpy(st[k], x87->r[x87_physical(x87, k)].bytes, ST_BYTES);
}

void x87_load_registers(struct x87 *x87, const uint8_t st[8][ST_BYTES])
{
	for (unsigned k = 0; k < 8; k++)
		memcpy(x87->r[x87_physical(x87, k)].bytes, st[k], ST_BYTES);
}

void x87_save(const struct x87 *x87, struct x87_image *image)
{
	*image = (struct x87_image){
		.control = x87->control,
		.reserved0 = RESERVED,
		.status = status_word(x87),
		.reserved1 = RESERVED,
		.tag = tag_word(x87),
		.reserved2 = RESERVED,
		.ip = (uint32_t)x87->ip,
		.opcode = x87->opcode,
		.dp = (uint32_t)x87->dp,
		.reserved3 = RESERVED,
	};
	save_registers(x87, image->st);
}

void x87_save16(const struct x87 *x87, struct x87_image16 *image)
{
	*image = (struct x87_image16){
		.control = x87->control,
		.status = status_word(x87),
		.tag = tag_word(x87),
		.ip = (uint16_t)x87->ip,
		.dp = (uint16_t)x87->dp,
	};
	save_registers(x87, image->st);
}

void x87_load_words(struct x87 *x87, uint16_t control, uint16_t status, uint16_t tag)
{
	x87->control = (control & FCW_BITS) | FCW_FIXED;
	x87->status = x87_summarize(status, control) & (uint16_t)~FSW_TOP;
	x87->top = status >> FSW_TOP_SHIFT & 7;
	x87->valid = valid_mask(tag);
}

void x87_load_environment(struct x87 *x87, const struct x87_image *image)
{
	enum { OPCODE_BITS = 0x7ff };

	x87_load_words(x87, image->control, image->status, image->tag);
	x87->ip = image->ip;
	x87->opcode = image->opcode & OPCODE_BITS;
	x87->dp = image->dp;
}

void x87_load_environment16(struct x87 *x87, const struct x87_image16 *image)
{
	x87_load_words(x87, image->control, image->status, image->tag);
	x87->ip = image->ip;
	x87->dp = image->dp;
}

void x87_init(struct x87 *x87)
{
	x87->control = FCW_INIT;
	x87->status = 0;
	x87->top = 0;
	x87->valid = 0;
	x87->opcode = 0;
	x87->ip = x87->dp = 0;
}
