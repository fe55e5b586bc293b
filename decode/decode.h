/* From bytes to instructions. Only the files in this folder use Zydis. */
#ifndef TICK86_DECODE_H
#define TICK86_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "decode/ops.h"

enum op {
	OP_NONE,
#define X(name) OP_##name,
	DECODE_OPS(X)
#undef X
		OP_COUNT
};

/* Condition code of OP_Jcc, OP_SETcc, OP_CMOVcc, from 0 (O) to 15 (NLE): SDM vol. 1, appendix B. */
#define OP_CC(op) (((op)-OP_JO) & 15)

enum operand_kind {
	OPERAND_NONE,
	OPERAND_GPR, /* reg 0..15 in the order of encoding; with `high`, AH CH DH BH are 0..3 */
	OPERAND_MEM, /* struct decoded's mem */
	OPERAND_IMM, /* struct decoded's imm, sign-extended; the target address for relative branches */
	OPERAND_XMM,
	OPERAND_YMM,
	OPERAND_MMX,
	OPERAND_ST,  /* reg 0..7, relative to the top of the stack */
	OPERAND_SEG, /* reg 0..5: ES CS SS DS FS GS */
	OPERAND_SYS, /* control, debug and other registers that CPL 3 cannot reach */
};

struct operand {
	uint8_t kind; /* enum operand_kind */
	uint8_t reg;
	bool high;    /* AH, CH, DH, BH */
	uint8_t size; /* bytes */
	bool written; /* also when it is read first */
};

enum { DECODE_NO_REG = 0xff, DECODE_MAX_LENGTH = 15 };
enum segment { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS };

/* The CPUID features that an instruction needs. ISA_BASE: every x86-64 CPU has it. */
/* clang-format off */
enum isa {
	ISA_BASE, ISA_SSE3, ISA_SSSE3, ISA_SSE4_1, ISA_SSE4_2, ISA_POPCNT, ISA_CX16, ISA_LAHF, ISA_MOVBE, ISA_LZCNT, ISA_BMI1, ISA_BMI2,
	ISA_ADX, ISA_AES, ISA_PCLMULQDQ, ISA_SHA, ISA_GFNI, ISA_AVX, ISA_AVX2, ISA_F16C, ISA_FMA, ISA_XSAVE, ISA_XSAVEOPT, ISA_XSAVEC,
	ISA_FSGSBASE, ISA_RDPID, ISA_RDRAND, ISA_RDSEED, ISA_CLFLUSHOPT, ISA_CLWB,
	ISA_WAITPKG,
};
/* clang-format on */

/* A displacement or immediate within an instruction; size 0 if there is none. */
struct value_place {
	uint8_t offset, size; /* bytes */
	bool is_signed;
	uint8_t relative; /* relative to the next instruction, in addresses of 32 or 64 bits; 0 if it is not relative */
};

/* How an instruction is encoded and which general registers it uses: what it takes to encode it with another base register. A set of
 * registers has a bit for each, in the order of encoding. */
struct encoding {
	uint8_t bytes[DECODE_MAX_LENGTH + 1];
	uint8_t length;
	uint8_t rex, vex, modrm, rest; /* offsets, or DECODE_NO_REG; modrm: 0 if there is none. rest: of what follows the displacement */
	uint8_t base, index;           /* of the memory operand, or DECODE_NO_REG */
	uint8_t to;                    /* the first operand, if it is a general register; otherwise DECODE_NO_REG */
	bool wide;                     /* the operand size is 64 bits */
	bool relative;                 /* the memory operand is relative to RIP */
	uint16_t reads;                /* except in addresses; also the registers that are written in part or only perhaps */
	uint16_t addresses;            /* the registers in addresses of memory operands */
	uint16_t writes;               /* those that are written as a whole */
	uint16_t changes;              /* those that may change */
};

struct decoded {
	uint64_t address;
	uint16_t op;           /* enum op */
	uint8_t length;        /* bytes */
	uint8_t operands;      /* explicit ones, in Intel's order */
	uint8_t width;         /* effective operand size in bits: 8, 16, 32 or 64 */
	uint8_t address_width; /* 32 or 64 */
	bool lock, rep, repne; /* prefixes that count for this instruction */
	bool vex;
	uint8_t isa; /* enum isa */
	struct operand operand[5];
	struct {
		uint8_t base, index;     /* GPR or DECODE_NO_REG */
		uint8_t index_is_vector; /* VSIB: index is an XMM or YMM register, of so many bytes */
		uint8_t scale;           /* log2 */
		uint8_t segment;         /* enum segment; only FS and GS have a base. Also a string instruction's override */
		int64_t disp;            /* RIP-relative operands: the absolute address, with no base */
	} mem;
	uint64_t imm; /* of two immediates (ENTER), the second stands above the first */

	/* Where the values are in the bytes. Instructions that begin with the same `key` bytes differ in these values only. */
	struct value_place disp_at, imm_at;
	uint8_t key;
	struct encoding encoding;
};

enum decode_status {
	DECODE_OK,
	DECODE_TRUNCATED, /* the bytes end inside the instruction */
	DECODE_INVALID,   /* no such instruction in 64-bit mode: #UD; `length` is unknown */
	DECODE_TOO_LONG,  /* over 15 bytes: #GP */
};

/* Decodes the instruction at `bytes`, of which at most `size` count. The guest has it at `address`. The op is OP_NONE if Zydis knows the
 * instruction and DECODE_OPS does not name it. */
enum decode_status decode(const uint8_t *bytes, size_t size, uint64_t address, struct decoded *out);

/* Reads a value of the instruction at `bytes`, which the guest has before the address `next`. Returns 0 if there is none. */
static inline uint64_t value_of(const struct value_place *place, const uint8_t *bytes, uint64_t next)
{
	unsigned unused = 64 - 8 * place->size;
	uint64_t value = 0;

	switch (place->size) {
	case 0: return 0;
	case 1: value = bytes[place->offset]; break;
	case 4: memcpy(&value, bytes + place->offset, 4); break;
	default: memcpy(&value, bytes + place->offset, place->size); break;
	}
	if (place->is_signed)
		value = (uint64_t)((int64_t)(value << unused) >> unused);
	if (place->relative)
		value += next;
	return place->relative == 32 ? (uint32_t)value : value;
}

/* Writes the instruction in Intel syntax to `text`, with a final NUL and cut at `text_size`. Undecodable bytes become ".byte". */
void decode_text(const uint8_t *bytes, size_t size, uint64_t address, char *text, size_t text_size);

/* The SDM's name of an op, upper case. */
const char *op_name(enum op op);

#endif
