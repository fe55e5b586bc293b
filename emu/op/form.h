/* The table of instruction forms. A row says which operands it takes, which flags it reads and writes, and what runs it;
 * the block builder picks the handler once and a handler never asks "which width?" or "register or memory?". */
#ifndef TICK86_EMU_FORM_H
#define TICK86_EMU_FORM_H

#include "decode/decode.h"
#include "emu/cpu/flags.h"
#include "emu/op/insn.h"

/* Operand patterns: up to five kinds, four bits each, the first operand lowest. */
enum {
	K_R = OPERAND_GPR, K_M = OPERAND_MEM, K_I = OPERAND_IMM, K_X = OPERAND_XMM, K_Y = OPERAND_YMM, K_Q = OPERAND_MMX,
	K_T = OPERAND_ST, K_S = OPERAND_SEG, K_SYS = OPERAND_SYS,
};
#define PATTERN1(a) (a)
#define PATTERN2(a, b) ((a) | (b) << 4)
#define PATTERN3(a, b, c) ((a) | (b) << 4 | (c) << 8)
#define PATTERN4(a, b, c, d) ((a) | (b) << 4 | (c) << 8 | (d) << 12)
enum { PATTERN_NONE = 0 };

/* Where a memory operand's address comes from. A form without a handler for INDEXED or ABSOLUTE gets a LEA record into
 * SLOT_TMP ahead of it and runs as BASED. */
enum address_kind { ADDRESS_BASED, ADDRESS_INDEXED, ADDRESS_ABSOLUTE, ADDRESS_KINDS };

enum form_attribute {
	FORM_LOCK = 1,        /* this row is for the LOCK prefix; rows without it are for no prefix */
	FORM_FAULTS = 2,      /* may raise an exception though it has no memory operand */
	FORM_PRESERVES = 4,   /* may leave flags that it lists as written as they were (shift by CL = 0) */
	FORM_COUNTS = 8,      /* its imm is the number of instructions of its block ahead of it */
	FORM_ENDS = 16,       /* ends its block; its handler leaves the run, or goes by links_of(i) */
	FORM_WIDE_SHIFT = 32, /* only for a shift count that is not 0 modulo the width */
	FORM_BY_WIDTH = 128,  /* size0 is the operand width, not the size of operand 0 */
	FORM_BY_ADDRESS_WIDTH = 256, /* size0 is the address width in bytes */
	FORM_OMIT = 512,      /* does nothing: no record */
	FORM_WORLD = 1024,    /* its result is not the guest's own: time, the CPU it runs on */
	FORM_HIDDEN_MEM = 64, /* the memory operand counts as register-like: address only (LEA, prefetch): cannot fault */
};

struct form {
	uint16_t op;            /* enum op */
	uint8_t size0, size1;   /* sizes in bytes of operands 0 and 1; 0 is any. Without operands size0 is the width */
	uint32_t pattern;
	uint16_t attributes;    /* enum form_attribute */
	flags_t reads, writes;  /* FLAG_ bits */
	handler_t *run[ADDRESS_KINDS];      /* run[0] without a memory operand */
	handler_t *run_dead[ADDRESS_KINDS]; /* when no flag that it writes is read before it is written again; or NULL */
};

/* A list of rows by subject, and all of them: forms.c. */
struct form_list {
	const struct form *rows;
	unsigned count;
};
/* CMP or TEST folded into a Jcc. `cc` is the even code of the condition pair. */
struct fused_form {
	uint16_t op;
	uint8_t size, cc;
	uint32_t pattern;
	handler_t *run[ADDRESS_KINDS];
};
/* All rows by op, for the block builder. */
struct form_index;
struct form_index *form_index_create(void);
void form_index_destroy(struct form_index *index);

/* The row for a decoded instruction, or NULL: not implemented. */
const struct form *form_find(const struct form_index *index, const struct decoded *decoded);
/* The first row for the CMP or TEST `compare` with a Jcc behind it, or NULL; and from that one the row for condition `cc`, or NULL. */
const struct fused_form *fused_first(const struct decoded *compare);
const struct fused_form *fused_with(const struct fused_form *first, unsigned cc);

#endif
