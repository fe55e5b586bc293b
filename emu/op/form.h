/* The table of instruction forms. A row tells which operands the form takes, which flags it reads and writes, and the handlers that run
 * it. The block builder chooses the handler once, so a handler never tests the width or the kind of an operand. */
#ifndef TICK86_EMU_FORM_H
#define TICK86_EMU_FORM_H

#include "decode/decode.h"
#include "emu/cpu/flags.h"
#include "emu/op/insn.h"

/* Operand patterns: up to five operand kinds of four bits each, the first operand in the lowest bits. */
/* clang-format off */
enum {
	K_R = OPERAND_GPR, K_M = OPERAND_MEM, K_I = OPERAND_IMM, K_X = OPERAND_XMM, K_Y = OPERAND_YMM, K_Q = OPERAND_MMX,
	K_T = OPERAND_ST, K_S = OPERAND_SEG, K_SYS = OPERAND_SYS,
};
/* clang-format on */
#define PATTERN1(a) (a)
#define PATTERN2(a, b) ((a) | (b) << 4)
#define PATTERN3(a, b, c) ((a) | (b) << 4 | (c) << 8)
#define PATTERN4(a, b, c, d) ((a) | (b) << 4 | (c) << 8 | (d) << 12)
enum { PATTERN_NONE = 0 };

/* Where a memory operand's address comes from. If a form has no handler for INDEXED or ABSOLUTE, an address record before it computes
 * the address into SLOT_TMP, and the form runs as BASED. */
enum address_kind { ADDRESS_BASED, ADDRESS_INDEXED, ADDRESS_ABSOLUTE, ADDRESS_KINDS };

enum form_attribute {
	/* Which instructions a row is for, in addition to its operands. */
	FORM_LOCK = 1 << 0,             /* those with a LOCK prefix; rows without it are for no prefix */
	FORM_BY_WIDTH = 1 << 1,         /* size0 is the operand width, not the size of operand 0 */
	FORM_BY_ADDRESS_WIDTH = 1 << 2, /* size0 is the address width in bytes */
	FORM_WIDE_SHIFT = 1 << 3,       /* only for a shift count that is not 0 modulo the width */
	FORM_REG_SELECTS = 1 << 4,      /* another number in ModRM's reg field, which shows as an operand, makes another instruction */

	/* Effects that its operands do not tell. */
	FORM_FAULTS = 1 << 5,        /* may raise an exception without a memory operand */
	FORM_PRESERVES = 1 << 6,     /* may keep flags that it lists as written (a shift by CL = 0) */
	FORM_KEEPS_FLAGS = 1 << 19,  /* keeps all flags, which the manual leaves undefined: a copy of the instruction would change them */
	FORM_KEEPS_RESULT = 1 << 20, /* may keep the register that it lists as written (BSF with a source of 0) */
	FORM_ENDS = 1 << 7,          /* ends its block; its handler ends the run or follows links_of(i) */
	FORM_OMIT = 1 << 8,          /* has no effect, so it gets no record */

	/* Memory accesses without an operand, and memory operands without an access. */
	FORM_PUSHES = 1 << 9, /* stores to the stack, below RSP */
	/* loads from the stack, from RSP on; its memory operand's address is computed after that */
	FORM_POPS = 1 << 10,
	FORM_AT_FRAME = 1 << 21,     /* what it pops is at RBP (LEAVE), not at RSP */
	FORM_READS_RSI = 1 << 11,    /* loads from the string at RSI */
	FORM_READS_RDI = 1 << 12,    /* loads from the string at RDI */
	FORM_WRITES_RDI = 1 << 13,   /* stores to the string at RDI */
	FORM_READS_TABLE = 1 << 14,  /* loads from the table at RBX */
	FORM_ADDRESS_ONLY = 1 << 15, /* the memory operand's address is not accessed (LEA, prefetch), so it cannot fault */

	/* An additional value in its record. */
	FORM_COUNTS = 1 << 16,        /* imm: the number of the block's instructions before it */
	FORM_HANDLED = 1 << 18,       /* its handler says what it does, not the host's instruction; so it is not copied */
	FORM_KEEPS_ADDRESS = 1 << 17, /* imm: its own address (x87's pointer to the last instruction) */
};

/* How an instruction branches. */
enum form_branch {
	BRANCH_NONE,
	BRANCH_JUMP,
	BRANCH_CALL,
	BRANCH_RETURN,
	BRANCH_FLAGS, /* on the condition `cc` */
	BRANCH_COUNT, /* on RCX: LOOP, LOOPcc, JRCXZ */
};

/* Which flags of a shift are defined depends on its count: emu/op/shift.h. */
enum form_shift {
	SHIFT_NONE,
	SHIFT_ARITHMETIC, /* sar_defined() */
	SHIFT_LOGICAL,    /* shift_defined() */
	SHIFT_ROTATE,     /* rotate_defined() */
};

/* Values in a record besides the operands. */
enum form_hidden {
	HIDDEN_NONE,
	HIDDEN_STRING, /* a: slot of the source's segment base, b: 1 with 32-bit addresses, d: 1 for REP and REPE, 2 for REPNE */
	HIDDEN_RDI,    /* c: slot of the segment base for RDI, d: 1 with 32-bit addresses */
};

/* One row. Columns that a row does not name are 0. */
struct form {
	uint16_t op;          /* enum op */
	uint16_t older;       /* the op that CPUs without its feature take it for, since they ignore its prefix; 0: none */
	uint8_t size0, size1; /* sizes in bytes of operands 0 and 1; 0 is any. Without operands, size0 is the width */
	uint8_t branch;       /* enum form_branch */
	uint8_t cc;           /* for BRANCH_FLAGS: the condition code, SDM vol. 1, appendix B */
	uint8_t world;        /* enum world; not 0: the world decides its result */
	uint8_t hidden;       /* enum form_hidden */
	uint32_t pattern;
	uint32_t attributes;                /* enum form_attribute */
	flags_t reads, writes;              /* FLAG_ bits: its result depends on `reads`; it changes no others than `writes` */
	flags_t zeroed;                     /* of `writes`: undefined by the manual, and 0 by the handler */
	uint8_t shift;                      /* enum form_shift: `zeroed` depends on the count */
	handler_t *run[ADDRESS_KINDS];      /* run[0] if there is no memory operand */
	handler_t *run_dead[ADDRESS_KINDS]; /* handlers that do not compute flags, for when the flags are not used; or NULL */
};

/* Whether this file is compiled to use general registers only (Makefile). */
#ifdef __SSE__
enum { GENERAL_ONLY = false };
#else
enum { GENERAL_ONLY = true };
#endif

/* A list of rows by subject. The lists of all subjects: forms.c. */
struct form_list {
	const struct form *rows;
	unsigned count;
	bool handled; /* what they do is what their handlers say, not what the host's instruction does */
	bool general; /* its handlers use general registers only: GENERAL_ONLY, or false */
};

/* A CMP or TEST folded into a Jcc. `cc` is the even code of the pair of conditions. */
struct fused_form {
	uint16_t op;
	uint8_t size, cc;
	uint32_t pattern;
	handler_t *run[ADDRESS_KINDS];
};

/* All rows by op; the block builder uses it. */
struct form_index;
struct form_index *form_index_create(void);
void form_index_destroy(struct form_index *index);

/* Whether the row, or its list, is marked as handled. */
bool form_handled(const struct form *form);
/* Whether its handlers, and those of the records that the block builder puts ahead of it, leave vector registers alone. */
bool form_general(const struct form *form);

/* Returns the row for a decoded instruction, or NULL if it is not implemented. */
const struct form *form_find(const struct form_index *index, const struct decoded *decoded);
/* fused_first returns the first row for `compare` (a CMP or TEST) if it can be joined with a Jcc, or NULL. fused_with returns, from that
 * row on, the row for condition `cc`, or NULL. */
const struct fused_form *fused_first(const struct decoded *compare);
const struct fused_form *fused_with(const struct fused_form *first, unsigned cc);

#endif
