/* Decodes the emulator's own machine code with Zydis, and encodes the same instructions with other operands. */
#include "decode/machine.h"

#include <Zydis/Zydis.h>
#include <string.h>

/* --- what an instruction does ---------------------------------------------------------------------- */

static uint8_t number_of(ZydisRegister reg)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);

	if (reg == ZYDIS_REGISTER_NONE || ZydisRegisterGetClass(whole) != ZYDIS_REGCLASS_GPR64)
		return MACHINE_NO_REG;
	return (uint8_t)ZydisRegisterGetId(whole);
}

static machine_set_t set_of(ZydisRegister reg)
{
	uint8_t number = number_of(reg);

	return number == MACHINE_NO_REG ? 0 : 1u << number;
}

/* A register that is written in part, or only perhaps, keeps an old value: it counts as read. */
static void note_register(struct machine_insn *insn, const ZydisDecodedOperand *operand)
{
	machine_set_t set = set_of(operand->reg.value);
	bool written = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
	bool whole = operand->size >= 32 && !(operand->actions & ZYDIS_OPERAND_ACTION_CONDWRITE);

	if (written)
		insn->changes |= set;
	if (written && whole)
		insn->writes |= set;
	if ((operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ) || !whole)
		insn->reads |= set;
}

static void note_memory(struct machine_insn *insn, const ZydisDecodedOperand *operand)
{
	insn->addresses |= set_of(operand->mem.base) | set_of(operand->mem.index);
	if (operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
		return;
	insn->relative = operand->mem.base == ZYDIS_REGISTER_RIP || operand->mem.base == ZYDIS_REGISTER_EIP;
	insn->base = number_of(operand->mem.base);
	insn->index = number_of(operand->mem.index);
	insn->scale = operand->mem.scale;
	insn->disp = (int32_t)operand->mem.disp.value;
	insn->size = (uint8_t)(operand->size / 8);
}

/* An instruction that changes only some of `flags` keeps the others: they count as read. */
static void note_flags(struct machine_insn *insn, const ZydisAccessedFlags *access, ZydisAccessedFlagsMask flags, machine_set_t set)
{
	ZydisAccessedFlagsMask written = (access->modified | access->set_0 | access->set_1 | access->undefined) & flags;

	if ((access->tested & flags) || (written && written != flags))
		insn->reads |= set;
	if (written == flags)
		insn->writes |= set;
}

static enum machine_flow flow_of(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *operand)
{
	bool relative = operand[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;

	if (in->meta.category == ZYDIS_CATEGORY_UNCOND_BR)
		return relative ? FLOW_BRANCH : FLOW_INDIRECT;
	if (in->meta.category == ZYDIS_CATEGORY_COND_BR) /* the others are LOOP and JRCXZ */
		return (in->opcode & 0xf0) == (in->opcode_map == ZYDIS_OPCODE_MAP_0F ? 0x80 : 0x70) ? FLOW_BRANCH : FLOW_OTHER;
	if (in->mnemonic == ZYDIS_MNEMONIC_UD2)
		return FLOW_TRAP;
	if (in->meta.category == ZYDIS_CATEGORY_CALL || in->meta.category == ZYDIS_CATEGORY_RET
		|| in->meta.category == ZYDIS_CATEGORY_SYSCALL || in->meta.category == ZYDIS_CATEGORY_INTERRUPT)
		return FLOW_OTHER;
	return FLOW_ON;
}

static enum machine_kind kind_of(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *operand)
{
	bool registers = operand[0].type == ZYDIS_OPERAND_TYPE_REGISTER && operand[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
	bool memory = operand[0].type == ZYDIS_OPERAND_TYPE_REGISTER && operand[1].type == ZYDIS_OPERAND_TYPE_MEMORY;

	if (in->operand_count_visible != 2 || number_of(operand[0].reg.value) == MACHINE_NO_REG || operand[0].size < 32)
		return KIND_OTHER;
	switch (in->mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
		return memory ? KIND_LOAD : registers && in->operand_width == 64 && in->opcode == 0x89 ? KIND_COPY : KIND_OTHER;
	case ZYDIS_MNEMONIC_MOVZX: return memory ? KIND_LOAD : KIND_OTHER;
	case ZYDIS_MNEMONIC_MOVSXD: return memory && in->operand_width == 64 ? KIND_LOAD_SIGN : KIND_OTHER;
	case ZYDIS_MNEMONIC_LEA: return in->operand_width == 64 ? KIND_ADDRESS : KIND_OTHER;
	default: /* the eight operations' opcodes for r, r/m: SDM vol. 2, table A-2 */
		if (in->opcode_map != ZYDIS_OPCODE_MAP_DEFAULT || in->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY)
			return KIND_OTHER;
		if (registers && in->mnemonic == ZYDIS_MNEMONIC_ADD && in->operand_width == 64)
			return KIND_ADD;
		return memory && (in->opcode & 0xc7) == 0x03 ? KIND_OPERATION : KIND_OTHER;
	}
}

static void note_encoding(struct machine_insn *insn, const ZydisDecodedInstruction *in)
{
	insn->wide = in->operand_width == 64;
	insn->rex = in->attributes & ZYDIS_ATTRIB_HAS_REX ? in->raw.rex.offset : MACHINE_NO_REG;
	insn->vex = in->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX && in->raw.vex.size == 3 ? in->raw.vex.offset : MACHINE_NO_REG;
	insn->modrm = in->raw.modrm.offset;
	insn->rest = (uint8_t)(in->raw.modrm.offset + 1 + !!(in->attributes & ZYDIS_ATTRIB_HAS_SIB) + in->raw.disp.size / 8);
}

bool machine_decode(const uint8_t *code, struct machine_insn *insn)
{
	const ZydisAccessedFlagsMask sahf_flags = ZYDIS_CPUFLAG_CF | ZYDIS_CPUFLAG_PF | ZYDIS_CPUFLAG_AF | ZYDIS_CPUFLAG_ZF
		| ZYDIS_CPUFLAG_SF;
	ZydisDecoder decoder;
	ZydisDecodedInstruction in;
	ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, ZYDIS_MAX_INSTRUCTION_LENGTH, &in, operand))
		|| in.encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX)
		return false;
	memset(insn, 0, sizeof(*insn));
	memcpy(insn->bytes, code, in.length);
	insn->length = in.length;
	insn->base = insn->index = MACHINE_NO_REG;
	for (unsigned k = 0; k < in.operand_count; k++)
		if (operand[k].type == ZYDIS_OPERAND_TYPE_REGISTER)
			note_register(insn, &operand[k]);
		else if (operand[k].type == ZYDIS_OPERAND_TYPE_MEMORY)
			note_memory(insn, &operand[k]);
	if (in.cpu_flags) {
		note_flags(insn, in.cpu_flags, sahf_flags, MACHINE_SAHF_FLAGS);
		note_flags(insn, in.cpu_flags, ZYDIS_CPUFLAG_OF, MACHINE_OF);
	}
	note_encoding(insn, &in);
	insn->kind = (uint8_t)kind_of(&in, operand);
	if (insn->kind != KIND_OTHER)
		insn->to = number_of(operand[0].reg.value);
	if (insn->kind == KIND_COPY || insn->kind == KIND_ADD)
		insn->from = number_of(operand[1].reg.value);
	insn->flow = (uint8_t)flow_of(&in, operand);
	if (insn->flow == FLOW_BRANCH) {
		insn->target = code + in.length + operand[0].imm.value.s;
		insn->condition = in.meta.category == ZYDIS_CATEGORY_UNCOND_BR ? MACHINE_ALWAYS : in.opcode & 15;
	}
	return true;
}

/* --- the same with other operands: SDM vol. 2, chapter 2 ------------------------------------------------ */

enum { REX = 0x40, REX_W = 0x48, REX_R_SHIFT = 2, REX_X_AND_B = 3, MOD_DISP8 = 0x40, MOD_DISP32 = 0x80, MOD_REG = 0xc0, REG_FIELD = 0x38 };

static unsigned set_length(struct machine_insn *insn, unsigned at, unsigned field)
{
	insn->length = (uint8_t)(at + field);
	return at;
}

unsigned machine_set_constant(struct machine_insn *insn, bool huge, bool is_signed)
{
	uint8_t *to = insn->bytes;
	uint8_t low = insn->to & 7, high = insn->to >> 3;

	if (huge || is_signed)
		*to++ = REX_W | high;
	else if (high)
		*to++ = REX | high;
	if (!huge && is_signed)
		*to++ = 0xc7; /* MOV r/m64, imm32 */
	*to++ = (uint8_t)((!huge && is_signed ? MOD_REG : 0xb8) | low);
	insn->reads = insn->addresses = 0;
	return set_length(insn, (unsigned)(to - insn->bytes), huge ? 8 : 4);
}

unsigned machine_set_address(struct machine_insn *insn, unsigned base, bool small)
{
	insn->bytes[0] = (uint8_t)(REX_W | insn->to >> 3 << REX_R_SHIFT | base >> 3);
	insn->bytes[1] = 0x8d; /* LEA */
	insn->bytes[2] = (uint8_t)((small ? MOD_DISP8 : MOD_DISP32) | (insn->to & 7) << 3 | (base & 7));
	insn->reads = 0;
	insn->addresses = 1u << base;
	insn->writes = 1u << insn->to;
	return set_length(insn, 3, small ? 1 : 4);
}

unsigned machine_set_base(struct machine_insn *insn, unsigned base, bool small)
{
	unsigned at = insn->modrm + 1u, field = small ? 1 : 4, rest = insn->length - insn->rest;

	if (insn->rex != MACHINE_NO_REG)
		insn->bytes[insn->rex] = (uint8_t)((insn->bytes[insn->rex] & ~REX_X_AND_B) | base >> 3);
	if (insn->vex != MACHINE_NO_REG) /* inverted X and B */
		insn->bytes[insn->vex + 1] = (uint8_t)((insn->bytes[insn->vex + 1] | 0x60) ^ base >> 3 << 5);
	insn->bytes[insn->modrm] = (uint8_t)((insn->bytes[insn->modrm] & REG_FIELD) | (small ? MOD_DISP8 : MOD_DISP32) | (base & 7));
	memmove(insn->bytes + at + field, insn->bytes + insn->rest, rest);
	insn->addresses = 1u << base;
	return set_length(insn, at, field + rest);
}

unsigned machine_set_immediate(struct machine_insn *insn)
{
	uint8_t operation = insn->bytes[insn->modrm - 1] & REG_FIELD;

	insn->bytes[0] = (uint8_t)((insn->wide ? REX_W : REX) | insn->to >> 3);
	insn->bytes[1] = 0x81;
	insn->bytes[2] = (uint8_t)(MOD_REG | operation | (insn->to & 7));
	insn->addresses = 0;
	return set_length(insn, 3, 4);
}

unsigned machine_set_branch(struct machine_insn *insn)
{
	insn->bytes[0] = 0x0f;
	insn->bytes[1] = 0x80 | insn->condition;
	return set_length(insn, 2, 4);
}
