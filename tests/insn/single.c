/* Cases of one instruction, with operands that fit it. */
#include <string.h>

#include "tests/insn/case.h"
#include "tests/insn/rules.h"
#include "tests/insn/values.h"

enum { FCW_MASKS = 0x3f };
#define NON_CANONICAL 0x0001000000000000ULL
#define KERNEL_HALF 0xffff800000001000ULL

/* Chooses the address of a memory operand of `size` bytes. Mostly it is inside the area and often aligned, sometimes across an edge, on
 * the page that cannot be written, or (`anywhere`) where nothing can be mapped. There it is aligned, since #GP for bad alignment comes
 * before #PF. */
static uint64_t choose_target(struct random *random, uint64_t area, unsigned size, bool anywhere)
{
	unsigned kind = (unsigned)random_below(random, 100);

	if (kind < 50)
		return area + (random_below(random, DATA_SIZE / 2) & ~63ULL) + 512;
	if (kind < 86)
		return area + random_below(random, DATA_SIZE - 2048) + 512;
	if (kind < 89)
		return area - random_below(random, size + 8u);
	if (kind < 92) /* across the two pages */
		return area + DATA_SIZE / 2 - random_below(random, size + 1u);
	if (kind < 94)
		return area + DATA_SIZE - random_below(random, size + 1u);
	if (kind < 96)
		return area + DATA_SIZE + (random_below(random, READ_ONLY_SIZE - 1024) & ~31ULL);
	if (kind < 98 || !anywhere)
		return area + DATA_SIZE + READ_ONLY_SIZE - random_below(random, size + 8u);
	return (kind == 98 ? NON_CANONICAL : KERNEL_HALF) + (random_below(random, 4096) & ~63ULL);
}

/* Returns the effective address of the memory operand with the present registers. */
static uint64_t memory_address(const struct test_case *test, const struct decoded *decoded)
{
	uint64_t address = (uint64_t)decoded->mem.disp;

	if (decoded->mem.base != DECODE_NO_REG)
		address += test->in.r[decoded->mem.base];
	if (decoded->mem.index != DECODE_NO_REG && !decoded->mem.index_is_vector)
		address += test->in.r[decoded->mem.index] << decoded->mem.scale;
	if (decoded->address_width == 32)
		address = (uint32_t)address;
	if (decoded->mem.segment == SEG_FS)
		address += test->in.fs_base;
	if (decoded->mem.segment == SEG_GS)
		address += test->in.gs_base;
	return address;
}

static void note_unseen(struct test_case *test, const struct decoded *decoded)
{
	uint64_t at = memory_address(test, decoded) - test->data_address;
	struct unseen unseen[UNSEEN_MAX];
	unsigned count = rules_unseen_memory(decoded, unseen);

	for (unsigned k = 0; k < count; k++) {
		if (at > DATA_SIZE || at + unseen[k].at + unseen[k].size > DATA_SIZE) /* across an edge: it faults, and stores nothing */
			continue;
		unseen[k].at = (uint16_t)(unseen[k].at + at);
		test->unseen[test->unseens++] = unseen[k];
	}
}

static const struct operand *memory_operand(const struct decoded *decoded)
{
	for (int k = 0; k < decoded->operands && k < 5; k++) {
		if (decoded->operand[k].kind == OPERAND_MEM)
			return &decoded->operand[k];
	}
	return NULL;
}

static bool is_bit_test(enum op op)
{
	return op == OP_BT || op == OP_BTS || op == OP_BTR || op == OP_BTC;
}

/* Small elements for the index of a gather, of either width. */
static void set_vector_index(struct random *random, struct test_case *test, const struct decoded *decoded)
{
	enum op op = decoded->op;
	bool dword = op == OP_VGATHERDPD || op == OP_VGATHERDPS || op == OP_VPGATHERDD || op == OP_VPGATHERDQ;
	unsigned reg = decoded->mem.index;

	for (int k = 0; k < 8; k++) {
		int64_t value = (int64_t)random_below(random, 128) - 64;
		uint8_t *to = k < 4 ? test->in.fp.xmm[reg] + 4 * k : test->in.fp.ymm_high[reg] + 4 * (k - 4);

		if (dword)
			memcpy(to, &value, 4);
		else if (k % 2 == 0)
			memcpy(to, &value, 8);
	}
}

static void patch_displacement(struct test_case *test, const struct encoded *encoded, uint64_t displacement)
{
	memcpy(test->code + encoded->disp_at, &displacement, 4);
}

/* Sets registers, or the displacement, so that the memory operand is at `target`. Returns false if that is impossible. */
static bool aim(struct random *random, struct test_case *test, const struct encoded *encoded, uint64_t target)
{
	const struct decoded *decoded = &encoded->decoded;
	uint64_t *r = test->in.r, offset = target, index = 0;
	bool narrow = decoded->address_width == 32;

	if (decoded->mem.segment == SEG_FS)
		offset -= test->in.fs_base;
	if (decoded->mem.segment == SEG_GS)
		offset -= test->in.gs_base;
	if (narrow && offset >> 32)
		return false;
	if (decoded->mem.index_is_vector) {
		set_vector_index(random, test, decoded);
	} else if (decoded->mem.index != DECODE_NO_REG && decoded->mem.index != decoded->mem.base) {
		if (decoded->mem.base == DECODE_NO_REG || random_percent(random, 50))
			r[decoded->mem.index] = random_below(random, 64) - 32;
		index = (narrow ? (uint32_t)r[decoded->mem.index] : r[decoded->mem.index]) << decoded->mem.scale;
	}
	if (decoded->mem.base == DECODE_NO_REG) {
		uint64_t displacement = offset - index;

		if (!encoded->disp_at)
			return false;
		patch_displacement(test, encoded, encoded->rip_relative ? displacement - (test->in.rip + encoded->length) : displacement);
		return true;
	}
	r[decoded->mem.base] = offset - index - (uint64_t)decoded->mem.disp;
	if (decoded->mem.index == decoded->mem.base && !decoded->mem.index_is_vector && target >= GUEST_END)
		return false; /* the division below loses the alignment */
	if (decoded->mem.index == decoded->mem.base && !decoded->mem.index_is_vector)
		r[decoded->mem.base] = narrow ? 0 : r[decoded->mem.base] / (1 + (1u << decoded->mem.scale));
	if (narrow) {
		if (decoded->mem.index == decoded->mem.base && !decoded->mem.index_is_vector)
			return false;
		r[decoded->mem.base] = (uint32_t)r[decoded->mem.base] | random_u64(random) << 32;
	}
	return true;
}

static bool aim_memory(struct random *random, struct test_case *test, const struct encoded *encoded)
{
	const struct decoded *decoded = &encoded->decoded;
	const struct operand *operand = memory_operand(decoded);
	bool low = decoded->address_width == 32 || decoded->mem.base == DECODE_NO_REG;
	uint64_t target;

	if (!operand)
		return true;
	if (low)
		test->data_address = DATA_LOW;
	if (is_bit_test(decoded->op) && decoded->operand[1].kind == OPERAND_GPR) {
		uint8_t reg = decoded->operand[1].reg;

		if (reg == decoded->mem.base || reg == decoded->mem.index)
			return false;
		test->in.r[reg] = random_below(random, 8192) - 4096;
		if (decoded->operand[1].size < 8 && random_percent(random, 50))
			test->in.r[reg] = (uint32_t)test->in.r[reg] | random_u64(random) << 32;
		if (decoded->operand[1].size == 2)
			test->in.r[reg] = (uint16_t)test->in.r[reg] | random_u64(random) << 16;
	}
	/* An x87 exception, pending or of a store that is then not made, comes before #GP; the emulator has the other order. */
	target = choose_target(random, test->data_address, operand->size ? operand->size : 64u,
		!low && !(test->in.fp.fsw & FSW_ES) && !(~test->in.fp.fcw & FCW_MASKS) && decoded->mem.segment != SEG_FS
			&& decoded->mem.segment != SEG_GS);
	return aim(random, test, encoded, target);
}

/* Returns an address inside a code slot that holds INT3. */
static uint64_t code_target(struct random *random, uint64_t rip)
{
	return rip + 16 + random_below(random, 100);
}

static void put_data(struct test_case *test, uint64_t address, uint64_t value)
{
	if (address - test->data_address <= DATA_SIZE - 8)
		memcpy(test->data + (address - test->data_address), &value, 8);
}

static bool aim_branch(struct random *random, struct test_case *test, const struct decoded *decoded)
{
	unsigned size = encode_relative_size(decoded, test->code);
	uint64_t target = code_target(random, test->in.rip);

	if (size) {
		int64_t displacement = (int64_t)random_below(random, 110);

		if (random_percent(random, 50)) /* not into the instruction itself, which might run for ever */
			displacement = -1 - displacement - decoded->length;
		memcpy(test->code + decoded->length - size, &displacement, size);
	} else if (decoded->op == OP_RET) {
		if (test->in.r[RSP] - test->data_address - DATA_SIZE + 8 < READ_ONLY_SIZE + 8)
			return false; /* the content of the page that cannot be written is no valid code */
		put_data(test, test->in.r[RSP], target);
	} else if (decoded->op == OP_JMP || decoded->op == OP_CALL) {
		uint64_t address = memory_address(test, decoded);

		if (decoded->operand[0].kind == OPERAND_GPR) {
			test->in.r[decoded->operand[0].reg] = target;
		} else {
			if (address - test->data_address > DATA_SIZE - 8 && address >> 47 == 0)
				return false; /* nor is the content of other pages */
			put_data(test, address, target);
		}
	}
	if (decoded->op == OP_LOOP || decoded->op == OP_LOOPE || decoded->op == OP_LOOPNE || decoded->op == OP_JRCXZ
		|| decoded->op == OP_JECXZ)
		test->in.r[RCX] = random_below(random, 3) | (random_percent(random, 30) ? random_u64(random) << 32 : 0);
	return true;
}

static bool is_string(enum op op)
{
	return op >= OP_MOVS && op <= OP_SCAS;
}

static void aim_strings(struct random *random, struct test_case *test, const struct decoded *decoded)
{
	uint64_t *r = test->in.r;
	bool narrow = decoded->address_width == 32;

	if (narrow)
		test->data_address = DATA_LOW;
	r[RSI] = choose_target(random, test->data_address, 64, !narrow);
	r[RDI] = choose_target(random, test->data_address, 64, !narrow);
	if (decoded->op == OP_CMPS
		|| (decoded->op == OP_MOVS && (r[RSI] | r[RDI]) >= GUEST_END)) /* the CPU chooses which of two faults comes first */
		r[RDI] = test->data_address + 1024 + random_below(random, 1024);
	else if (random_percent(random, 30)) /* overlapping */
		r[RDI] = r[RSI] + random_below(random, 64) - 32;
	if (decoded->mem.segment == SEG_FS)
		r[RSI] -= test->in.fs_base;
	if (decoded->mem.segment == SEG_GS)
		r[RSI] -= test->in.gs_base;
	if (decoded->rep || decoded->repne)
		r[RCX] = random_below(random, 40);
	if (narrow && random_percent(random, 50)) {
		r[RSI] = (uint32_t)r[RSI] | random_u64(random) << 32;
		r[RDI] = (uint32_t)r[RDI] | random_u64(random) << 32;
		r[RCX] = (uint32_t)r[RCX] | random_u64(random) << 32;
	}
	if (random_percent(random, 50))
		test->in.rflags |= RFLAGS_DF;
	if (random_percent(random, 40)) { /* runs of equal data, for REPE and REPNE */
		memset(test->data, (int)random_below(random, 2), DATA_SIZE);
		test->data[random_below(random, DATA_SIZE)] ^= 1;
		r[RAX] = random_percent(random, 50) ? 0 : 0x0101010101010101;
	}
}

/* A stack pointer: mostly well inside the area. */
static uint64_t stack_address(struct random *random, uint64_t area)
{
	if (random_percent(random, 4))
		return choose_target(random, area, 16, false);
	if (random_percent(random, 10))
		return area + 1024 + random_below(random, 4096);
	return area + 1024 + (random_below(random, 4096) & ~7ULL);
}

/* Registers and memory that the instruction uses without naming them. */
static void aim_implicit(struct random *random, struct test_case *test, const struct decoded *decoded)
{
	uint64_t *r = test->in.r;

	switch (decoded->op) {
	case OP_ENTER:
		if (decoded->imm >> 16 & 31) /* the frame pointers of outer levels are read; else all of RBP is only a value */
			r[RBP] = stack_address(random, test->data_address);
		break;
	case OP_LEAVE: r[RBP] = stack_address(random, test->data_address); break;
	case OP_POPF:
	case OP_POPFQ:
		/* TF would trap, and AC would fault in the handler that ends the case. */
		r[RSP] = test->data_address + 1024 + random_below(random, 4096);
		test->data[r[RSP] - test->data_address + 1] &= 0xfe;
		test->data[r[RSP] - test->data_address + 2] &= 0xfb;
		break;
	case OP_XLAT:
		r[RBX] = choose_target(random, test->data_address, 1, false) - (uint8_t)r[RAX];
		if (decoded->address_width == 32) {
			test->data_address = DATA_LOW;
			r[RBX] = (uint32_t)(choose_target(random, DATA_LOW, 1, false) - (uint8_t)r[RAX]);
		}
		if (decoded->mem.segment == SEG_FS)
			r[RBX] -= test->in.fs_base;
		if (decoded->mem.segment == SEG_GS)
			r[RBX] -= test->in.gs_base;
		break;
	case OP_MASKMOVQ:
	case OP_MASKMOVDQU:
	case OP_VMASKMOVDQU:
		if (decoded->address_width == 32)
			test->data_address = DATA_LOW;
		r[RDI] = choose_target(random, test->data_address, 16, false);
		if (decoded->mem.segment == SEG_FS)
			r[RDI] -= test->in.fs_base;
		if (decoded->mem.segment == SEG_GS)
			r[RDI] -= test->in.gs_base;
		break;
	case OP_DIV:
	case OP_IDIV: /* a quotient that fits, which chance gives too rarely */
		if (random_percent(random, 60))
			r[RDX] = decoded->op == OP_IDIV && (int64_t)r[RAX] < 0 ? ~0ULL : random_below(random, 3);
		break;
	case OP_XSAVE:
	case OP_XSAVE64:
	case OP_XSAVEC:
	case OP_XSAVEC64:
	case OP_XRSTOR:
	case OP_XRSTOR64:
		r[RAX] &= 7; /* the host may have more than x87, SSE and AVX */
		r[RDX] = 0;
		break;
	case OP_LDMXCSR:
	case OP_VLDMXCSR: /* bit 17 exists only on AMD's CPUs */
		if (memory_address(test, decoded) - test->data_address <= DATA_SIZE - 4)
			test->data[memory_address(test, decoded) - test->data_address + 2] &= 0xfd;
		break;
	default: break;
	}
}

/* An image that FXRSTOR and XRSTOR accept, at the memory operand. */
static void put_image(struct random *random, struct test_case *test, const struct decoded *decoded)
{
	uint64_t at = memory_address(test, decoded) - test->data_address;
	enum op op = decoded->op;
	struct machine other;

	if ((op != OP_FXRSTOR && op != OP_FXRSTOR64 && op != OP_XRSTOR && op != OP_XRSTOR64) || at > DATA_SIZE - sizeof(other.fp)
		|| random_percent(random, 10))
		return;
	values_machine(random, &other);
	other.fp.xstate_bv = random_below(random, 8);
	memcpy(test->data + at, &other.fp, sizeof(other.fp));
}

static void few_shifts(struct random *random, struct test_case *test)
{
	if (random_percent(random, 50))
		test->in.r[RCX] = (test->in.r[RCX] & ~0xffULL) | random_below(random, 70);
}

bool case_single(struct test_case *test, uint64_t seed, const struct test_form *form, uint64_t address)
{
	struct random random = { seed };
	struct encoded encoded;
	const struct decoded *decoded = &encoded.decoded;

	test->seed = seed;
	test->insns = 1;
	test->unseens = 0;
	test->at[0] = 0;
	test->data_address = random_percent(&random, 50) ? DATA_LOW : DATA_HIGH;
	if (!encode_random(&random, form, address, (struct encode_limits){ 0 }, &encoded) || rules_denied(decoded))
		return false;
	values_machine(&random, &test->in);
	values_fill(&random, test->data, DATA_SIZE);
	memcpy(test->code, encoded.bytes, encoded.length);
	test->length = encoded.length;
	test->in.rip = address;
	few_shifts(&random, test);
	if (random_percent(&random, 5))
		test->in.rflags |= RFLAGS_DF;
	if (!aim_memory(&random, test, &encoded) || decode(test->code, test->length, address, &test->decoded[0]) != DECODE_OK)
		return false;
	decoded = &test->decoded[0]; /* the displacement may have changed */
	if (decoded->mem.base != RSP)
		test->in.r[RSP] = stack_address(&random, test->data_address);
	if (is_string(decoded->op))
		aim_strings(&random, test, decoded);
	aim_implicit(&random, test, decoded);
	put_image(&random, test, decoded);
	if (!aim_branch(&random, test, decoded))
		return false;
	if (decode(test->code, test->length, address, &test->decoded[0]) != DECODE_OK
		|| rules_undefined_result(&test->decoded[0], &test->in))
		return false;
	note_unseen(test, &test->decoded[0]);
	test->undefined_flags = rules_undefined_flags(&test->decoded[0], &test->in);
	test->undefined_flags_anywhere = test->undefined_flags;
	return true;
}
