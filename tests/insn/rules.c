/* What a comparison leaves out, because the manual leaves it undefined. */
#include "tests/insn/rules.h"

#include <stddef.h>

#define TIME      "reads time or what the hardware is"
#define RANDOM    "reads random numbers"
#define SYSTEM    "reads the host's system registers"
#define KERNEL    "enters the kernel"
#define SEGMENT   "loads a segment register or changes the code segment"
#define COUNTERS  "reads the host's performance counters, where the kernel lets it"
#define WAITS     "waits"
#define TRAPS     "hypervisors differ in where they say it stands"
#define MANAGED   "leaves unmodified parts out by rules that differ from CPU to CPU"

static const struct {
	uint16_t op;
	const char *reason;
} denied[] = {
	{ OP_CPUID, TIME }, { OP_RDTSC, TIME }, { OP_RDTSCP, TIME }, { OP_RDPID, TIME }, { OP_XGETBV, TIME },
	{ OP_RDRAND, RANDOM }, { OP_RDSEED, RANDOM },
	{ OP_RDPMC, COUNTERS },
	{ OP_INT1, TRAPS },
	{ OP_SYSCALL, KERNEL }, { OP_SYSENTER, KERNEL }, { OP_INT, KERNEL }, { OP_SYSRET, KERNEL }, { OP_SYSEXIT, KERNEL },
	{ OP_LAR, SYSTEM }, { OP_LSL, SYSTEM }, { OP_VERR, SYSTEM }, { OP_VERW, SYSTEM }, { OP_SLDT, SYSTEM },
	{ OP_STR, SYSTEM }, { OP_SMSW, SYSTEM }, { OP_SGDT, SYSTEM }, { OP_SIDT, SYSTEM },
	{ OP_LFS, SEGMENT }, { OP_LGS, SEGMENT }, { OP_LSS, SEGMENT }, { OP_IRET, SEGMENT }, { OP_IRETD, SEGMENT },
	{ OP_IRETQ, SEGMENT },
	{ OP_UMWAIT, WAITS }, { OP_TPAUSE, WAITS }, { OP_MWAITX, WAITS }, { OP_MONITORX, WAITS }, { OP_UMONITOR, WAITS },
	{ OP_XSAVEOPT, MANAGED }, { OP_XSAVEOPT64, MANAGED }, { OP_XSAVES, MANAGED }, { OP_XSAVES64, MANAGED },
	{ OP_XRSTORS, MANAGED }, { OP_XRSTORS64, MANAGED },
};

const char *rules_denied(const struct decoded *decoded)
{
	for (unsigned k = 0; k < sizeof denied / sizeof denied[0]; k++) {
		if (denied[k].op == decoded->op)
			return denied[k].reason;
	}
	if ((decoded->op == OP_MOV || decoded->op == OP_POP) && decoded->operand[0].kind == OPERAND_SEG)
		return SEGMENT;
	if ((decoded->op == OP_JMP || decoded->op == OP_CALL) && decoded->operand[0].kind == OPERAND_MEM
	    && decoded->operand[0].size != 8)
		return SEGMENT;
	return NULL;
}

/* SDM vol. 2, "Flags Affected" of each instruction. */
static const struct {
	uint16_t op;
	uint32_t flags;
} undefined[] = {
	/* AF is undefined after logic */
	{ OP_AND, RFLAGS_AF }, { OP_OR, RFLAGS_AF }, { OP_XOR, RFLAGS_AF }, { OP_TEST, RFLAGS_AF },
	/* only CF and OF say something: whether the upper half is significant */
	{ OP_MUL, RFLAGS_SF | RFLAGS_ZF | RFLAGS_AF | RFLAGS_PF }, { OP_IMUL, RFLAGS_SF | RFLAGS_ZF | RFLAGS_AF | RFLAGS_PF },
	{ OP_DIV, RFLAGS_STATUS }, { OP_IDIV, RFLAGS_STATUS },
	/* only ZF: whether the source is zero */
	{ OP_BSF, RFLAGS_STATUS & ~RFLAGS_ZF }, { OP_BSR, RFLAGS_STATUS & ~RFLAGS_ZF },
	/* only CF, the bit; ZF is unaffected */
	{ OP_BT, RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF }, { OP_BTS, RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF },
	{ OP_BTR, RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF }, { OP_BTC, RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF },
	/* BMI */
	{ OP_ANDN, RFLAGS_AF | RFLAGS_PF }, { OP_BLSI, RFLAGS_AF | RFLAGS_PF }, { OP_BLSR, RFLAGS_AF | RFLAGS_PF },
	{ OP_BLSMSK, RFLAGS_AF | RFLAGS_PF }, { OP_BZHI, RFLAGS_AF | RFLAGS_PF },
	{ OP_BEXTR, RFLAGS_AF | RFLAGS_SF | RFLAGS_PF },
	{ OP_LZCNT, RFLAGS_OF | RFLAGS_SF | RFLAGS_PF | RFLAGS_AF }, { OP_TZCNT, RFLAGS_OF | RFLAGS_SF | RFLAGS_PF | RFLAGS_AF },
};

static bool is_shift(enum op op)
{
	return op == OP_SHL || op == OP_SHR || op == OP_SAR || op == OP_SHLD || op == OP_SHRD;
}

static bool is_rotation(enum op op)
{
	return op == OP_ROL || op == OP_ROR || op == OP_RCL || op == OP_RCR;
}

/* The count of a shift or rotation as the CPU masks it, or -1 when it is in CL and CL is not known. */
static int shift_count(const struct decoded *decoded, const struct machine *machine)
{
	const struct operand *count = &decoded->operand[decoded->operands - 1];
	unsigned mask = decoded->operand[0].size == 8 ? 63 : 31;

	if (decoded->operands == 1)
		return 1;
	if (count->kind == OPERAND_IMM)
		return (int)(decoded->imm & mask);
	return machine ? (int)(machine->r[RCX] & mask) : -1;
}

uint64_t rules_undefined_flags(const struct decoded *decoded, const struct machine *machine)
{
	bool shift = is_shift(decoded->op);

	if (shift || is_rotation(decoded->op)) {
		int count = shift_count(decoded, machine), bits = decoded->operand[0].size * 8;
		uint64_t flags = 0;

		if (count == 0)
			return 0;
		if (count != 1) /* OF is defined for shifts by one only */
			flags |= RFLAGS_OF;
		if (shift) {
			flags |= RFLAGS_AF;
			if (count < 0 || count >= bits) /* CF comes from beyond the operand */
				flags |= RFLAGS_CF;
			if ((decoded->op == OP_SHLD || decoded->op == OP_SHRD) && (count < 0 || count > bits))
				flags |= RFLAGS_STATUS;
		}
		return flags;
	}
	for (unsigned k = 0; k < sizeof undefined / sizeof undefined[0]; k++) {
		if (undefined[k].op == decoded->op)
			return undefined[k].flags;
	}
	return 0;
}

uint64_t rules_chosen_flags(const struct decoded *decoded, uint64_t in)
{
	switch (decoded->op) {
	case OP_BT: case OP_BTS: case OP_BTR: case OP_BTC: case OP_DIV: case OP_IDIV:
		return in;
	default:
		return 0;
	}
}

unsigned rules_unseen_memory(const struct decoded *decoded, struct unseen unseen[UNSEEN_MAX])
{
	enum { IMAGE_FOP = 6, IMAGE_FIP = 8, IMAGE_MXCSR_MASK = 28, ENV_WIDE = 12, ENV_NARROW = 6 };

	switch (decoded->op) {
	case OP_FXSAVE: case OP_FXSAVE64: case OP_XSAVE: case OP_XSAVE64: case OP_XSAVEC: case OP_XSAVEC64:
		unseen[0] = (struct unseen){ IMAGE_FOP, 2 + 16 };
		unseen[1] = (struct unseen){ IMAGE_MXCSR_MASK, 4 };
		return 2;
	case OP_FNSTENV: case OP_FNSAVE:
		unseen[0] = decoded->width == 16 ? (struct unseen){ ENV_NARROW, 8 } : (struct unseen){ ENV_WIDE, 16 };
		return 1;
	default:
		return 0;
	}
}

unsigned rules_address_slack(const struct decoded *decoded)
{
	enum op op = decoded->op;
	bool image = (op >= OP_FXRSTOR && op <= OP_XSAVES64) || op == OP_FNSAVE || op == OP_FRSTOR || op == OP_FNSTENV
	             || op == OP_FLDENV;

	bool masked = op == OP_VPMASKMOVD || op == OP_VPMASKMOVQ || op == OP_VMASKMOVPS || op == OP_VMASKMOVPD;

	for (int k = 0; k < decoded->operands && k < 5; k++) {
		const struct operand *operand = &decoded->operand[k];

		if (operand->kind == OPERAND_MEM)
			return image ? 1024 : operand->written || masked ? operand->size : 0;
	}
	return 0;
}

bool rules_x87_at_fault(const struct decoded *decoded)
{
	for (int k = 0; k < decoded->operands && k < 5; k++) {
		if (decoded->operand[k].kind == OPERAND_MMX)
			return false;
	}
	return true;
}

bool rules_vector_at_fault(const struct decoded *decoded, unsigned reg, bool upper)
{
	if (!decoded->mem.index_is_vector)
		return false;
	return reg == decoded->operand[2].reg || (upper && reg == decoded->operand[0].reg && decoded->operand[0].kind == OPERAND_XMM);
}

bool rules_approximate(const struct decoded *decoded)
{
	switch (decoded->op) {
	case OP_RCPPS: case OP_RCPSS: case OP_RSQRTPS: case OP_RSQRTSS:
	case OP_VRCPPS: case OP_VRCPSS: case OP_VRSQRTPS: case OP_VRSQRTSS:
		return true;
	default:
		return false;
	}
}

bool rules_undefined_result(const struct decoded *decoded, const struct machine *machine)
{
	/* BSF and BSR of zero, where the CPU may or may not clear the upper half of a 64-bit register. */
	if ((decoded->op == OP_BSF || decoded->op == OP_BSR) && decoded->operand[0].size == 4)
		return !machine || (decoded->operand[1].kind == OPERAND_GPR && !(uint32_t)machine->r[decoded->operand[1].reg]);
	/* A double shift by more than the operand's width: 16 bits and counts 17 to 31. */
	if ((decoded->op == OP_SHLD || decoded->op == OP_SHRD) && decoded->operand[0].size == 2) {
		int count = shift_count(decoded, machine);

		return count < 0 || count > 16;
	}
	return false;
}
