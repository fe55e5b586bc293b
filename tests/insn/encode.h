/* Encodings: every instruction form that the decoder knows, with some ways to encode each, and random instructions of a
 * given form. */
#ifndef TICK86_TESTS_INSN_ENCODE_H
#define TICK86_TESTS_INSN_ENCODE_H

#include "decode/decode.h"
#include "tests/insn/random.h"

enum opcode_map { MAP_1BYTE, MAP_0F, MAP_0F38, MAP_0F3A, MAPS };

/* What of an encoding is fixed; registers, addresses, immediates and idle prefixes are free. */
struct encoding {
	uint8_t map; /* enum opcode_map */
	uint8_t opcode;
	uint8_t prefix;   /* legacy: index of a prefix group in encode.c; VEX: pp */
	bool w, l, vex, lock;
	uint8_t modrm;    /* the fields mod = 3 and reg; rm too where mod is 3 and it selects the instruction */
};

/* Ways to encode one form: same operation, widths, kinds of operands and prefixes. */
enum { FORM_ENCODINGS = 12 };
struct test_form {
	uint64_t key;
	struct decoded sample;
	unsigned seen; /* encodings found; the first FORM_ENCODINGS of a random order are kept */
	struct encoding encoding[FORM_ENCODINGS];
};

struct test_forms {
	struct test_form *form;
	unsigned count, capacity;
	uint32_t *bucket;
};

/* Finds all forms by trying every opcode of every map under every prefix. */
void encode_enumerate(struct test_forms *forms);

/* An instruction's bytes, and where its fields are. */
struct encoded {
	uint8_t bytes[24]; /* the instruction and random bytes behind it, for an immediate */
	uint8_t length;
	uint8_t disp_at;   /* of a 32-bit displacement without a register (absolute or RIP-relative), or 0 */
	bool rip_relative;
	struct decoded decoded;
};

struct encode_limits {
	/* Memory operands are [R15 + disp], [R15 + R14 * scale + disp] or RIP-relative, and no register operand is
	 * RSP, R14 or R15: for code that runs after other code. */
	bool tame;
};

/* Makes an instruction of the form at `address`. False when none was found in a few attempts. */
bool encode_random(struct random *random, const struct test_form *form, uint64_t address, struct encode_limits limits,
                   struct encoded *out);

/* The size in bytes of a relative branch's displacement, or 0 for other instructions. */
unsigned encode_relative_size(const struct decoded *decoded, const uint8_t *bytes);

/* One line that tells forms apart: "ADD r32, m32". */
void encode_form_text(const struct decoded *decoded, char *text, size_t size);

#endif
