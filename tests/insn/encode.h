/* Encodings: all instruction forms that the decoder knows, some encodings of each, and random instructions of a form. */
#ifndef TICK86_TESTS_INSN_ENCODE_H
#define TICK86_TESTS_INSN_ENCODE_H

#include "decode/decode.h"
#include "tests/insn/random.h"

enum opcode_map { MAP_1BYTE, MAP_0F, MAP_0F38, MAP_0F3A, MAPS };

/* The fixed part of an encoding. Registers, addresses, immediates and unused prefixes are free. */
struct test_encoding {
	uint8_t map; /* enum opcode_map */
	uint8_t opcode;
	uint8_t prefix; /* legacy: index of a prefix group in encode.c; VEX: pp */
	bool w, l, vex, lock;
	uint8_t modrm; /* the fields mod = 3 and reg; rm too where mod is 3 and it selects the instruction */
};

/* Encodings of one form: same operation, widths, kinds of operands and prefixes. */
enum { FORM_ENCODINGS = 12 };
struct test_form {
	uint64_t key;
	struct decoded sample;
	unsigned seen; /* number of encodings found; the first FORM_ENCODINGS of a random order are kept */
	struct test_encoding encoding[FORM_ENCODINGS];
};

struct test_forms {
	struct test_form *form;
	unsigned count, capacity;
	uint32_t *bucket;
};

/* Finds all forms by trying every opcode of every map under every prefix. */
void encode_enumerate(struct test_forms *forms);

/* An instruction's bytes, and the places of its fields. */
struct encoded {
	uint8_t bytes[24]; /* the instruction, and random bytes after it for an immediate */
	uint8_t length;
	uint8_t disp_at; /* offset of a 32-bit displacement without a register (absolute or RIP-relative), or 0 */
	bool rip_relative;
	struct decoded decoded;
};

struct encode_limits {
	/* Memory operands are [R15 + disp], [R15 + R14 * scale + disp] or RIP-relative, and no register operand is
	 * RSP, R14 or R15: for code that runs after other code. */
	bool tame;
};

/* Makes an instruction of the form at `address`. Returns false if a few attempts gave none. */
bool encode_random(struct random *random, const struct test_form *form, uint64_t address, struct encode_limits limits, struct encoded *out);

/* Returns the size in bytes of a relative branch's displacement, or 0 for other instructions. */
unsigned encode_relative_size(const struct decoded *decoded, const uint8_t *bytes);

/* Writes one line that tells forms apart: "ADD r32, m32". */
void encode_form_text(const struct decoded *decoded, char *text, size_t size);

#endif
