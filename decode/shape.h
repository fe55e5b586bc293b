/* What is common to all instructions that differ in displacement and immediates only. Programs consist of few shapes (python3 -c pass:
 * 8,400 among 190,000 instructions). */
#ifndef TICK86_DECODE_SHAPE_H
#define TICK86_DECODE_SHAPE_H

#include "decode/decode.h"

/* A displacement or an immediate within an instruction; size 0 if there is none. */
struct field {
	uint8_t offset, size; /* bytes */
	bool is_signed;
	uint8_t relative;     /* to the next instruction, with 32 or 64 bits of address; or 0 */
};

/* Whatever begins with the same `key` bytes has the same `decoded`, but for its address and these fields. */
struct shape {
	struct decoded decoded;
	uint8_t key;
	struct field disp, imm[2];
};

/* The shape of the instruction at `bytes`, of which `size` count, as Zydis sees it. */
enum decode_status shape_learn(const uint8_t *bytes, size_t size, struct shape *shape);

/* The instruction at `bytes`, which are of this shape. */
void shape_apply(const struct shape *shape, const uint8_t *bytes, uint64_t address, struct decoded *out);

/* The bytes that tell the shape of what stands at `bytes`, and their number: if that is also the shape's `key`, all instructions with
 * the same bytes are of this shape. 0: there are more than SHAPE_KEY_MAX, or they are all 0. */
enum { SHAPE_KEY_MAX = sizeof(uint64_t) };
uint64_t shape_key(const uint8_t *bytes, size_t size, unsigned *length);

/* The registers that a key names: general ones as the address, any as an operand. */
struct key_registers {
	bool memory;               /* ModRM names an address, not a register */
	bool based, indexed;       /* which has a base, an index */
	bool rex;                  /* without it the 8-bit registers 4 to 7 are AH CH DH BH */
	uint8_t reg, rm, index;    /* `rm` is the base if there is one */
	uint8_t scale;             /* log2 */
};

/* Shapes that differ in nothing but the numbers of their registers are of one family. The family's key and the numbers; 0 if the
 * shape's has no ModRM byte, eight bytes, a VEX prefix, or one for segment or address size. `with_reg`: ModRM's reg field is a number
 * too, and not a part of the opcode; the two have different keys. */
uint64_t key_family(uint64_t key, bool with_reg, struct key_registers *registers);

#endif
