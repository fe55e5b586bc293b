/* What is not compared, because the manual leaves it undefined. */
#include "tests/insn/rules.h"

#include <stddef.h>

#define TIME "reads time or what the hardware is"
#define RANDOM "reads random numbers"
#define SYSTEM "reads the host's system registers, which its kernel may hide or not"
#define KERNEL "enters the kernel"
#define SEGMENT "loads a segment register or changes the code segment"
#define COUNTERS "reads the host's performance counters, where the kernel lets it"
#define WAITS "waits"
#define TRAPS "hypervisors differ in where they say it stands"
#define MANAGED "leaves unmodified parts out by rules that differ from CPU to CPU"

static const struct {
	uint16_t op;
	const char *reason;
} denied[] = {
	{ OP_CPUID, TIME },
	{ OP_RDTSC, TIME },
	{ OP_RDTSCP, TIME },
	{ OP_RDPID, TIME },
	{ OP_XGETBV, TIME },
	{ OP_RDRAND, RANDOM },
	{ OP_RDSEED, RANDOM },
	{ OP_RDPMC, COUNTERS },
	{ OP_INT1, TRAPS },
	{ OP_SYSCALL, KERNEL },
	{ OP_SYSENTER, KERNEL },
	{ OP_INT, KERNEL },
	{ OP_SYSRET, KERNEL },
	{ OP_SYSEXIT, KERNEL },
	{ OP_LSL, TIME },
	{ OP_SLDT, SYSTEM },
	{ OP_STR, SYSTEM },
	{ OP_SMSW, SYSTEM },
	{ OP_SGDT, SYSTEM },
	{ OP_SIDT, SYSTEM },
	{ OP_LFS, SEGMENT },
	{ OP_LGS, SEGMENT },
	{ OP_LSS, SEGMENT },
	{ OP_IRET, SEGMENT },
	{ OP_IRETD, SEGMENT },
	{ OP_IRETQ, SEGMENT },
	{ OP_JMP_FAR, SEGMENT },
	{ OP_CALL_FAR, SEGMENT },
	{ OP_RET_FAR, SEGMENT },
	{ OP_UMWAIT, WAITS },
	{ OP_TPAUSE, WAITS },
	{ OP_MWAITX, WAITS },
	{ OP_MONITORX, WAITS },
	{ OP_UMONITOR, WAITS },
	{ OP_XSAVEOPT, MANAGED },
	{ OP_XSAVEOPT64, MANAGED },
	{ OP_XSAVES, MANAGED },
	{ OP_XSAVES64, MANAGED },
	{ OP_XRSTORS, MANAGED },
	{ OP_XRSTORS64, MANAGED },
};

const char *rules_denied(const struct decoded *decoded)
{
	for (unsigned k = 0; k < sizeof(denied) / sizeof(denied[0]); k++) {
		if (denied[k].op == decoded->op)
			return denied[k].reason;
	}
	if ((decoded->op == OP_MOV || decoded->op == OP_POP) && decoded->operand[0].kind == OPERAND_SEG)
		return SEGMENT;
	return NULL;
}

/* When flags are undefined: always, or depending on the count of a shift or rotation. A count of 0 leaves none undefined. */
enum count_rule { ANY, NOT_0, NOT_1, BEYOND /* by more than the operand's width */ };

/* Everything that is not compared with the host, and the manual that leaves it undefined: the section "Flags Affected" of SDM vol. 2,
 * and of the APM vol. 3 if that says more. */
static const struct {
	uint16_t op;
	uint8_t count; /* enum count_rule */
	uint32_t flags;
} undefined[] = {
	/* SDM AND, OR, XOR, TEST: "The state of the AF flag is undefined." */
	{ OP_AND, ANY, RFLAGS_AF },
	{ OP_OR, ANY, RFLAGS_AF },
	{ OP_XOR, ANY, RFLAGS_AF },
	{ OP_TEST, ANY, RFLAGS_AF },
	/* SDM MUL, IMUL: "The SF, ZF, AF, and PF flags are undefined." */
	{ OP_MUL, ANY, RFLAGS_SF | RFLAGS_ZF | RFLAGS_AF | RFLAGS_PF },
	{ OP_IMUL, ANY, RFLAGS_SF | RFLAGS_ZF | RFLAGS_AF | RFLAGS_PF },
	/* SDM DIV, IDIV: "The CF, OF, SF, ZF, AF, and PF flags are undefined." */
	{ OP_DIV, ANY, RFLAGS_STATUS },
	{ OP_IDIV, ANY, RFLAGS_STATUS },
	/* SDM BSF, BSR: "The CF, OF, SF, AF, and PF flags are undefined." */
	{ OP_BSF, ANY, RFLAGS_STATUS & ~RFLAGS_ZF },
	{ OP_BSR, ANY, RFLAGS_STATUS & ~RFLAGS_ZF },
	/* SDM BT, BTS, BTR, BTC: "The ZF flag is unaffected. The OF, SF, AF, and PF flags are undefined." */
	{ OP_BT, ANY, RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF },
	{ OP_BTS, ANY, RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF },
	{ OP_BTR, ANY, RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF },
	{ OP_BTC, ANY, RFLAGS_OF | RFLAGS_SF | RFLAGS_AF | RFLAGS_PF },
	/* SDM ANDN, BLSI, BLSR, BLSMSK, BZHI: "AF and PF flags are undefined." */
	{ OP_ANDN, ANY, RFLAGS_AF | RFLAGS_PF },
	{ OP_BLSI, ANY, RFLAGS_AF | RFLAGS_PF },
	{ OP_BLSR, ANY, RFLAGS_AF | RFLAGS_PF },
	{ OP_BLSMSK, ANY, RFLAGS_AF | RFLAGS_PF },
	{ OP_BZHI, ANY, RFLAGS_AF | RFLAGS_PF },
	/* SDM BEXTR: "AF, SF, and PF are undefined." */
	{ OP_BEXTR, ANY, RFLAGS_AF | RFLAGS_SF | RFLAGS_PF },
	/* SDM LZCNT, TZCNT: "OF, SF, PF, and AF flags are undefined." */
	{ OP_LZCNT, ANY, RFLAGS_OF | RFLAGS_SF | RFLAGS_PF | RFLAGS_AF },
	{ OP_TZCNT, ANY, RFLAGS_OF | RFLAGS_SF | RFLAGS_PF | RFLAGS_AF },
	/* SDM SAL/SAR/SHL/SHR: "For a non-zero count, the AF flag is undefined." "The OF flag is affected only for 1-bit shifts; otherwise, it is
	 * undefined." CF "is undefined for SHL and SHR instructions where the count is greater than or equal to the size (in bits) of the
	 * destination operand"; equal to it, APM SHL: "the last bit shifted out". */
	{ OP_SHL, NOT_0, RFLAGS_AF },
	{ OP_SHL, NOT_1, RFLAGS_OF },
	{ OP_SHL, BEYOND, RFLAGS_CF },
	{ OP_SHR, NOT_0, RFLAGS_AF },
	{ OP_SHR, NOT_1, RFLAGS_OF },
	{ OP_SHR, BEYOND, RFLAGS_CF },
	{ OP_SAR, NOT_0, RFLAGS_AF },
	{ OP_SAR, NOT_1, RFLAGS_OF },
	/* SDM SHLD, SHRD: "For shifts greater than 1 bit, the OF flag is undefined. If a shift occurs, the AF flag is undefined. [...] If the
	 * count is greater than the operand size, the flags are undefined." */
	{ OP_SHLD, NOT_0, RFLAGS_AF },
	{ OP_SHLD, NOT_1, RFLAGS_OF },
	{ OP_SHLD, BEYOND, RFLAGS_STATUS },
	{ OP_SHRD, NOT_0, RFLAGS_AF },
	{ OP_SHRD, NOT_1, RFLAGS_OF },
	{ OP_SHRD, BEYOND, RFLAGS_STATUS },
	/* SDM RCL/RCR/ROL/ROR: OF "is undefined for multi-bit rotates". */
	{ OP_ROL, NOT_1, RFLAGS_OF },
	{ OP_ROR, NOT_1, RFLAGS_OF },
	{ OP_RCL, NOT_1, RFLAGS_OF },
	{ OP_RCR, NOT_1, RFLAGS_OF },
};

/* Returns the count of a shift or rotation after the CPU's mask, or -1 if it is in CL and CL is not known. */
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

/* `count` is shift_count()'s; the operand has `bits` bits. */
static bool rule_applies(enum count_rule rule, int count, int bits)
{
	switch (rule) {
	case NOT_0: return count != 0;
	case NOT_1: return count != 0 && count != 1;
	case BEYOND: return count < 0 || count > bits;
	default: return true;
	}
}

uint64_t rules_undefined_flags(const struct decoded *decoded, const struct machine *machine)
{
	uint64_t flags = 0;

	for (unsigned k = 0; k < sizeof(undefined) / sizeof(undefined[0]); k++) {
		if (undefined[k].op != decoded->op)
			continue;
		if (undefined[k].count == ANY
			|| rule_applies(undefined[k].count, shift_count(decoded, machine), decoded->operand[0].size * 8))
			flags |= undefined[k].flags;
	}
	return flags;
}

uint64_t rules_chosen_flags(const struct decoded *decoded, uint64_t in)
{
	switch (decoded->op) {
	case OP_BT:
	case OP_BTS:
	case OP_BTR:
	case OP_BTC:
	case OP_DIV:
	case OP_IDIV: return in;
	default: return 0;
	}
}

unsigned rules_unseen_memory(const struct decoded *decoded, struct unseen unseen[UNSEEN_MAX])
{
	enum { IMAGE_FOP = 6, IMAGE_FIP = 8, IMAGE_MXCSR_MASK = 28, ENV_WIDE = 12, ENV_NARROW = 6 };

	switch (decoded->op) {
	case OP_FXSAVE:
	case OP_FXSAVE64:
	case OP_XSAVE:
	case OP_XSAVE64:
	case OP_XSAVEC:
	case OP_XSAVEC64:
		unseen[0] = (struct unseen){ IMAGE_FOP, 2 + 16 };
		unseen[1] = (struct unseen){ IMAGE_MXCSR_MASK, 4 };
		return 2;
	case OP_FNSTENV:
	case OP_FNSAVE: unseen[0] = decoded->width == 16 ? (struct unseen){ ENV_NARROW, 8 } : (struct unseen){ ENV_WIDE, 16 }; return 1;
	default: return 0;
	}
}

unsigned rules_address_slack(const struct decoded *decoded)
{
	enum op op = decoded->op;
	bool image = (op >= OP_FXRSTOR && op <= OP_XSAVES64) || op == OP_FNSAVE || op == OP_FRSTOR || op == OP_FNSTENV || op == OP_FLDENV;

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
	case OP_RCPPS:
	case OP_RCPSS:
	case OP_RSQRTPS:
	case OP_RSQRTSS:
	case OP_VRCPPS:
	case OP_VRCPSS:
	case OP_VRSQRTPS:
	case OP_VRSQRTSS: return true;
	default: return false;
	}
}

bool rules_undefined_result(const struct decoded *decoded, const struct machine *machine)
{
	/* SDM SHLD, SHRD: "If the count is greater than the operand size, the result is undefined": 16 bits and counts 17 to 31. */
	if ((decoded->op == OP_SHLD || decoded->op == OP_SHRD) && decoded->operand[0].size == 2) {
		int count = shift_count(decoded, machine);

		return count < 0 || count > 16;
	}
	return false;
}
