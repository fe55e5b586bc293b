/* A shape is what all instructions that differ in displacement and immediates only have in common. A program consists of few shapes
 * (python3 -c pass: 8,400 among 190,000 instructions), so Zydis decodes each shape once. */
#ifndef TICK86_DECODE_SHAPE_H
#define TICK86_DECODE_SHAPE_H

#include "decode/decode.h"

/* A displacement or an immediate within an instruction; size 0 if there is none. */
struct field {
	uint8_t offset, size; /* bytes */
	bool is_signed;
	uint8_t relative; /* relative to the next instruction, in addresses of 32 or 64 bits; 0 if it is not relative */
};

/* All instructions that begin with the same `key` bytes have the same `decoded`, except for the address and these fields. */
struct shape {
	struct decoded decoded;
	uint8_t key;
	struct field disp, imm[2];
};

/* Decodes the instruction at `bytes`, of which at most `size` count, with Zydis, into its shape. */
enum decode_status shape_learn(const uint8_t *bytes, size_t size, struct shape *shape);

/* Fills `out` for the instruction at `bytes`, which must be of this shape and is at `address` in the guest. */
void shape_apply(const struct shape *shape, const uint8_t *bytes, uint64_t address, struct decoded *out);

/* Returns the bytes that tell the shape of the instruction at `bytes`, and their number in `length`. If this is also the shape's `key`,
 * all instructions that begin with these bytes are of this shape. Returns 0 if there are more than SHAPE_KEY_MAX such bytes, or all are
 * 0. */
enum { SHAPE_KEY_MAX = sizeof(uint64_t) };
uint64_t shape_key(const uint8_t *bytes, size_t size, unsigned *length);

/* The register numbers in a key: general registers in an address, any kind as an operand. */
struct key_registers {
	bool memory;            /* ModRM names an address, not a register */
	bool based, indexed;    /* the address has a base register, an index register */
	bool rex;               /* there is a REX prefix; without it the 8-bit registers 4 to 7 are AH CH DH BH */
	uint8_t reg, rm, index; /* `rm` is the base register if there is one */
	uint8_t scale;          /* log2 */
};

/* Shapes that differ in register numbers only are one family. Returns the family's key, and puts the numbers into `registers`. Returns 0
 * for a key without a ModRM byte, of eight bytes, with a VEX prefix, or with a segment or address size prefix.
 * `with_reg`: ModRM's reg field is a register number, too, and not part of the opcode. The two kinds have different keys. */
uint64_t key_family(uint64_t key, bool with_reg, struct key_registers *registers);

#endif
