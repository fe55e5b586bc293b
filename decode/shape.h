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

#endif
