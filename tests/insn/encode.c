/* Encodes a form of the table with random operands. */
#include "tests/insn/encode.h"

#include "emu/cpu/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESS_FOR_SCAN = 0x10000000, BUCKETS = 1 << 15 };

/* Mandatory and repeating prefixes, alone and with the operand size; the address size (JECXZ). */
static const struct prefix_group {
	uint8_t count, byte[2];
} prefix_groups[] = {
	{ 0, { 0 } },
	{ 1, { 0x66 } },
	{ 1, { 0xf2 } },
	{ 1, { 0xf3 } },
	{ 2, { 0x66, 0xf2 } },
	{ 2, { 0x66, 0xf3 } },
	{ 1, { 0x67 } },
};
enum { PREFIX_GROUPS = sizeof(prefix_groups) / sizeof(prefix_groups[0]) };

static bool is_relative_branch(const struct decoded *decoded)
{
	enum op op = decoded->op;

	return decoded->operands >= 1 && decoded->operand[0].kind == OPERAND_IMM
		&& ((op >= OP_JO && op <= OP_JNLE) || op == OP_JMP || op == OP_CALL || op == OP_JECXZ || op == OP_JRCXZ || op == OP_LOOP
			|| op == OP_LOOPE || op == OP_LOOPNE);
}

unsigned encode_relative_size(const struct decoded *decoded, const uint8_t *bytes)
{
	unsigned k = 0;

	if (!is_relative_branch(decoded))
		return 0;
	while (bytes[k] == 0xf0 || bytes[k] == 0xf2 || bytes[k] == 0xf3 || (bytes[k] & 0xfe) == 0x66 || (bytes[k] & 0xfe) == 0x64
		|| (bytes[k] & 0xf0) == 0x40)
		k++;
	return bytes[k] == 0x0f || bytes[k] == 0xe8 || bytes[k] == 0xe9 ? 4 : 1;
}

static uint64_t form_key(const struct decoded *decoded)
{
	uint64_t key = decoded->op;

	key = key * 131 + decoded->width;
	key = key * 131 + (decoded->lock | decoded->rep << 1 | decoded->repne << 2 | decoded->vex << 3);
	for (int k = 0; k < decoded->operands && k < 5; k++) {
		key = key * 131 + decoded->operand[k].kind;
		key = key * 131 + decoded->operand[k].size;
	}
	return random_mix(key);
}

static struct test_form *form_of_key(struct test_forms *forms, uint64_t key, const struct decoded *decoded)
{
	uint32_t at = key % BUCKETS;

	while (forms->bucket[at]) {
		if (forms->form[forms->bucket[at] - 1].key == key)
			return &forms->form[forms->bucket[at] - 1];
		at = (at + 1) % BUCKETS;
	}
	if (forms->count == forms->capacity) {
		forms->capacity = forms->capacity ? forms->capacity * 2 : 1024;
		forms->form = realloc(forms->form, forms->capacity * sizeof(*forms->form));
		if (!forms->form)
			abort();
	}
	forms->bucket[at] = ++forms->count;
	forms->form[forms->count - 1] = (struct test_form){ .key = key, .sample = *decoded };
	return &forms->form[forms->count - 1];
}

/* Writes the bytes before ModRM. Returns their number. `rxb` are REX's bits R, X, B; `rex` asks for a REX prefix that is not needed. */
static unsigned put_opcode(uint8_t *to, const struct test_encoding *encoding, unsigned rxb, bool rex, unsigned vvvv)
{
	const struct prefix_group *group = &prefix_groups[encoding->prefix];
	unsigned at = 0;

	if (encoding->vex) {
		to[at++] = 0xc4;
		to[at++] = (uint8_t)((~rxb & 7) << 5 | encoding->map);
		to[at++] = (uint8_t)(encoding->w << 7 | (~vvvv & 15) << 3 | encoding->l << 2 | encoding->prefix);
		to[at++] = encoding->opcode;
		return at;
	}
	if (encoding->lock)
		to[at++] = 0xf0;
	for (int k = 0; k < group->count; k++)
		to[at++] = group->byte[k];
	if (encoding->w || rxb || rex)
		to[at++] = (uint8_t)(0x40 | encoding->w << 3 | rxb);
	if (encoding->map != MAP_1BYTE)
		to[at++] = 0x0f;
	if (encoding->map == MAP_0F38)
		to[at++] = 0x38;
	if (encoding->map == MAP_0F3A)
		to[at++] = 0x3a;
	to[at++] = encoding->opcode;
	return at;
}

/* Returns true for bytes that are no opcode of the map: prefixes, escapes and VEX. (EVEX, XOP and 3DNow are not in the decoder's list.) */
static bool is_prefix(const struct test_encoding *encoding)
{
	uint8_t opcode = encoding->opcode;

	if (encoding->map == MAP_1BYTE)
		return (opcode & 0xf0) == 0x40 || (opcode & 0xe7) == 0x26 || (opcode & 0xfc) == 0x64 || opcode == 0xf0
			|| (opcode & 0xfe) == 0xf2 || opcode == 0x0f || (opcode & 0xfe) == 0xc4 || opcode == 0x62
			|| (opcode == 0x8f && (encoding->modrm & 0x38));
	return encoding->map == MAP_0F && (opcode == 0x38 || opcode == 0x3a || opcode == 0x0f);
}

/* Returns true for prefixes that have an effect on AMD's CPUs and none on Intel's. The operand size of a near branch cuts its target and
 * its displacement to 16 bits (APM vol. 3, 1.2.2; SDM vol. 2, Jcc). LOOPE and LOOPNE take a repeating prefix for their condition, which
 * no manual mentions. */
static bool differs_by_vendor(const struct decoded *decoded, const struct test_encoding *encoding)
{
	enum op op = decoded->op;

	if (op == OP_LOOPE || op == OP_LOOPNE)
		return encoding->prefix;
	return prefix_groups[encoding->prefix].byte[0] == 0x66
		&& (is_relative_branch(decoded) || op == OP_JMP || op == OP_CALL || op == OP_RET);
}

static void scan_encoding(struct test_forms *forms, struct random *random, const struct test_encoding *encoding)
{
	uint8_t bytes[32] = { 0 };
	struct decoded decoded;
	unsigned at;

	if (is_prefix(encoding))
		return;
	for (unsigned vvvv = 0; vvvv <= encoding->vex; vvvv++) { /* 0 (inverted: 15), and a register */
		struct test_form *form;
		unsigned slot;

		at = put_opcode(bytes, encoding, 0, false, vvvv * 3);
		bytes[at] = encoding->modrm;
		memset(bytes + at + 1, 0x24, 12); /* a SIB byte with no index, and displacement and immediate */
		if (decode(bytes, at + 13, ADDRESS_FOR_SCAN, &decoded) != DECODE_OK || decoded.op == OP_NONE
			|| decoded.lock != encoding->lock || differs_by_vendor(&decoded, encoding))
			continue;
		form = form_of_key(forms, form_key(&decoded), &decoded);
		slot = form->seen++;
		if (slot >= FORM_ENCODINGS)
			slot = (unsigned)random_below(random, form->seen);
		if (slot < FORM_ENCODINGS)
			form->encoding[slot] = *encoding;
		return;
	}
}

static void scan_modrm(struct test_forms *forms, struct random *random, struct test_encoding *encoding)
{
	/* mod 2 with rm 3 and 4 is memory without and with SIB; mod 3 is tried with every rm. */
	for (unsigned reg = 0; reg < 8; reg++) {
		encoding->modrm = (uint8_t)(0x83 | reg << 3);
		scan_encoding(forms, random, encoding);
		encoding->modrm = (uint8_t)(0x84 | reg << 3);
		scan_encoding(forms, random, encoding);
		for (unsigned rm = 0; rm < 8; rm++) {
			encoding->modrm = (uint8_t)(0xc0 | reg << 3 | rm);
			scan_encoding(forms, random, encoding);
		}
	}
}

void encode_enumerate(struct test_forms *forms)
{
	struct random random = { 1 };
	struct test_encoding encoding;

	*forms = (struct test_forms){ .bucket = calloc(BUCKETS, sizeof(*forms->bucket)) };
	if (!forms->bucket)
		abort();
	for (unsigned k = 0; k < MAPS * 256 * PREFIX_GROUPS * 4; k++) {
		encoding = (struct test_encoding){
			.opcode = (uint8_t)k,
			.map = k >> 8 & 3,
			.w = k >> 10 & 1,
			.lock = k >> 11 & 1,
			.prefix = (uint8_t)(k >> 12),
		};
		scan_modrm(forms, &random, &encoding);
	}
	for (unsigned k = 0; k < MAPS * 256 * 4 * 4; k++) {
		encoding = (struct test_encoding){
			.opcode = (uint8_t)k,
			.map = k >> 8 & 3,
			.w = k >> 10 & 1,
			.l = k >> 11 & 1,
			.prefix = k >> 12 & 3,
			.vex = true,
		};
		if (encoding.map != MAP_1BYTE)
			scan_modrm(forms, &random, &encoding);
	}
}

/* Writes ModRM, SIB and displacement of a memory operand. Returns their length. */
static unsigned put_memory(struct random *random, uint8_t *to, unsigned reg, bool tame, unsigned *rxb, unsigned *disp_at,
	bool *rip_relative)
{
	unsigned mod = (unsigned)random_below(random, 3), rm = (unsigned)random_below(random, 8), at = 0;
	unsigned sib = (unsigned)random_below(random, 256);

	*disp_at = 0;
	*rip_relative = false;
	if (random_percent(random, 15)) {
		mod = 0;
		rm = 5;
	}
	if (tame && (mod || rm != 5)) {
		rm = random_percent(random, 40) ? 4 : 7;
		mod = mod ? mod : 1;
		sib = (sib & 0xc0) | 6 << 3 | 7;
		*rxb = (*rxb & 4) | 1 | (rm == 4) << 1;
	}
	to[at++] = (uint8_t)(mod << 6 | reg << 3 | rm);
	if (rm == 4)
		to[at++] = (uint8_t)sib;
	if (mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && (sib & 7) == 5)))) {
		uint32_t disp = (uint32_t)(random_below(random, 0x2000) - 0x1000);

		if (mod == 0 && (rm == 5 || ((sib & 0x38) == 0x20 && !(*rxb & 2))))
			*disp_at = at;
		*rip_relative = mod == 0 && rm == 5;
		memcpy(to + at, &disp, 4);
		at += 4;
	} else if (mod == 1) {
		to[at++] = (uint8_t)random_u64(random);
	}
	return at;
}

/* Makes one attempt: unused prefixes, opcode, operands, and random bytes for the immediate. */
static void put_random(struct random *random, const struct test_encoding *encoding, bool has_memory, bool tame, struct encoded *out)
{
	unsigned rxb = random_percent(random, 50) ? (unsigned)random_below(random, 8) : 0, at = 0, disp_at = 0;
	unsigned vvvv = random_percent(random, 50) ? (unsigned)random_below(random, 16) : 0;
	bool memory = (encoding->modrm & 0xc0) != 0xc0 && has_memory;
	uint8_t modrm[8];
	unsigned modrm_length = 1, reg = encoding->modrm >> 3 & 7;
	bool fixed_rm = random_percent(random, 40), fixed_reg = random_percent(random, 40);

	memset(out, 0, sizeof(*out));
	reg = fixed_reg ? reg : (unsigned)random_below(random, 8);
	if (memory)
		modrm_length = put_memory(random, modrm, reg, tame, &rxb, &disp_at, &out->rip_relative);
	else
		modrm[0] = (uint8_t)(0xc0 | reg << 3 | (fixed_rm ? encoding->modrm & 7 : random_below(random, 8)));
	if (memory && !tame && random_percent(random, 8))
		out->bytes[at++] = 0x67;
	if (memory && !tame && random_percent(random, 8))
		out->bytes[at++] = random_percent(random, 50) ? 0x64 : 0x65;
	else if (memory && random_percent(random, 2))
		out->bytes[at++] = 0x3e; /* DS: has no meaning in 64-bit mode */
	at += put_opcode(out->bytes + at, encoding, rxb, random_percent(random, 30), vvvv);
	memcpy(out->bytes + at, modrm, modrm_length);
	out->disp_at = (uint8_t)(disp_at ? at + disp_at : 0);
	at += modrm_length;
	for (; at < sizeof(out->bytes); at++)
		out->bytes[at] = (uint8_t)random_u64(random);
}

static bool is_tame(const struct decoded *decoded)
{
	if (decoded->address_width != 64 || decoded->mem.index_is_vector || decoded->mem.segment == SEG_FS
		|| decoded->mem.segment == SEG_GS)
		return false;
	for (int k = 0; k < decoded->operands && k < 5; k++) {
		const struct operand *operand = &decoded->operand[k];

		if (operand->kind == OPERAND_GPR && !operand->high && (operand->reg == RSP || operand->reg == R14 || operand->reg == R15))
			return false;
		if (operand->kind == OPERAND_MEM && decoded->mem.base != R15 && decoded->mem.base != DECODE_NO_REG)
			return false;
	}
	return true;
}

bool encode_random(struct random *random, const struct test_form *form, uint64_t address, struct encode_limits limits, struct encoded *out)
{
	unsigned encodings = form->seen < FORM_ENCODINGS ? form->seen : FORM_ENCODINGS;
	bool has_memory = false;

	for (int k = 0; k < form->sample.operands && k < 5; k++)
		has_memory |= form->sample.operand[k].kind == OPERAND_MEM;
	for (int attempt = 0; attempt < 60; attempt++) {
		const struct test_encoding *encoding = &form->encoding[random_below(random, encodings)];

		put_random(random, encoding, has_memory, limits.tame, out);
		if (decode(out->bytes, DECODE_MAX_LENGTH, address, &out->decoded) != DECODE_OK || form_key(&out->decoded) != form->key
			|| (limits.tame && !is_tame(&out->decoded)))
			continue;
		out->length = out->decoded.length;
		/* without a ModRM byte, this was no displacement */
		if (out->disp_at && (!has_memory || out->disp_at + 4 > out->length))
			continue;
		return true;
	}
	return false;
}

void encode_form_text(const struct decoded *decoded, char *text, size_t size)
{
	static const char *const kinds[] = { "-", "r", "m", "imm", "xmm", "ymm", "mm", "st", "sreg", "sys" };
	int at = snprintf(text, size, "%s%s%s",
		decoded->lock            ? "LOCK "
			: decoded->repne ? "REPNE "
			: decoded->rep   ? "REP "
					 : "",
		op_name(decoded->op), decoded->operands ? "" : " ");

	if (!decoded->operands)
		at += snprintf(text + at, size - (size_t)at, "w%u", decoded->width);
	for (int k = 0; k < decoded->operands && k < 5; k++) {
		const struct operand *operand = &decoded->operand[k];
		bool sized = operand->kind == OPERAND_GPR || operand->kind == OPERAND_MEM || operand->kind == OPERAND_IMM;

		at += snprintf(text + at, size - (size_t)at, "%s %s", k ? "," : "", kinds[operand->kind]);
		if (sized)
			at += snprintf(text + at, size - (size_t)at, "%u", operand->size * 8);
	}
}
