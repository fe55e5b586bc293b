/* Instructions of the emulator's own code: what they read and change, and how to encode the same operation with other operands. */
#ifndef TICK86_MACHINE_H
#define TICK86_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* A set of what is read or written: a bit for each general register, in the order of encoding, and two for the arithmetic flags, one for
 * those that SAHF sets and one for OF. */
typedef uint32_t machine_set_t;
enum { MACHINE_SAHF_FLAGS = 1 << 16, MACHINE_OF = 1 << 17, MACHINE_FLAGS = MACHINE_SAHF_FLAGS | MACHINE_OF };
enum { MACHINE_ALL = (1 << 18) - 1, MACHINE_NO_REG = 0xff };

enum machine_flow {
	FLOW_ON,       /* to the next instruction */
	FLOW_BRANCH,   /* Jcc or JMP to `target` */
	FLOW_INDIRECT, /* JMP through a register or memory */
	FLOW_TRAP,     /* UD2 */
	FLOW_OTHER,    /* CALL, RET ... */
};

/* The kinds of instructions that can be rewritten. */
enum machine_kind {
	KIND_OTHER,
	KIND_COPY,      /* MOV r64, r64 */
	KIND_LOAD,      /* MOV or MOVZX from memory to a register of 32 or 64 bits, which is changed as a whole */
	KIND_LOAD_SIGN, /* MOVSXD r64, m32 */
	KIND_ADDRESS,   /* LEA r64 */
	KIND_ADD,       /* ADD r64, r64 */
	KIND_OPERATION, /* ADD OR ADC SBB AND SUB XOR CMP r, m of 32 or 64 bits */
};

enum { MACHINE_ALWAYS = 16, MACHINE_BYTES = 24 };

struct machine_insn {
	uint8_t bytes[MACHINE_BYTES];
	uint8_t length;
	uint8_t flow, kind;
	uint8_t condition;                /* FLOW_BRANCH: 0..15, or MACHINE_ALWAYS */
	const uint8_t *target;            /* FLOW_BRANCH */
	machine_set_t reads;              /* registers and flags, except in addresses; also those that are written in part */
	machine_set_t addresses;          /* the registers in addresses of memory operands */
	machine_set_t writes;             /* those that are written as a whole */
	machine_set_t changes;            /* those that may change */
	uint8_t to, from;                 /* KIND_COPY, KIND_ADD: both; the loads, KIND_ADDRESS and KIND_OPERATION: `to` */
	bool wide;                        /* the operand size is 64 bits */
	bool relative;                    /* its operand in memory is relative to RIP */
	uint8_t base, index, scale, size; /* the memory operand: its scale as a factor, its size in bytes */
	int32_t disp;
	uint8_t rex, vex, modrm, rest; /* their offsets in bytes, or MACHINE_NO_REG; rest: the offset of what follows the displacement */
};

/* Decodes the instruction at `code`. Returns false if it is none that is known. */
bool machine_decode(const uint8_t *code, struct machine_insn *insn);

/* These change an instruction. Each leaves a field in `bytes` for the caller to fill, and returns the field's offset. */
/* to = a constant, of 8 bytes if `huge`, else of 4, sign-extended if `is_signed`. */
unsigned machine_set_constant(struct machine_insn *insn, bool huge, bool is_signed);
/* to = base + a displacement of 1 byte if `small`, else of 4. */
unsigned machine_set_address(struct machine_insn *insn, unsigned base, bool small);
/* The same operation with its memory operand at base + a displacement, of 1 byte if `small`, otherwise of 4. The base must not be RSP or
 * R12. */
unsigned machine_set_base(struct machine_insn *insn, unsigned base, bool small);
/* A KIND_OPERATION with a sign-extended immediate of 4 bytes in place of its memory operand. */
unsigned machine_set_immediate(struct machine_insn *insn);
/* The branch with a displacement of 4 bytes. MACHINE_ALWAYS is not allowed. */
unsigned machine_set_branch(struct machine_insn *insn);

#endif
