/* Decodes instructions with Zydis: from bytes to an operation, its operands, its encoding and the registers that it uses. */
#include "decode/decode.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

static const uint16_t op_of_mnemonic[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#define X(name) [ZYDIS_MNEMONIC_##name] = OP_##name,
	DECODE_CONDITION_OPS(X) DECODE_INTEGER_OPS(X) DECODE_X87_OPS(X) DECODE_STATE_OPS(X) DECODE_SSE_OPS(X) DECODE_AVX_OPS(X)
#undef X
};

static const char *const op_names[OP_COUNT] = { [OP_NONE] = "(none)",
#define X(name) [OP_##name] = #name,
	DECODE_OPS(X)
#undef X
};

const char *op_name(enum op op)
{
	return op < OP_COUNT ? op_names[op] : op_names[OP_NONE];
}

/* Zydis tells AVX2's 256-bit integer instructions from AVX's, and AES with three operands from AES with two. */
static const uint8_t isa_of_set[ZYDIS_ISA_SET_MAX_VALUE + 1] = {
	[ZYDIS_ISA_SET_SSE3] = ISA_SSE3,
	[ZYDIS_ISA_SET_SSE3X87] = ISA_SSE3,
	[ZYDIS_ISA_SET_SSSE3] = ISA_SSSE3,
	[ZYDIS_ISA_SET_SSSE3MMX] = ISA_SSSE3,
	[ZYDIS_ISA_SET_SSE4] = ISA_SSE4_1,
	[ZYDIS_ISA_SET_SSE42] = ISA_SSE4_2,
	[ZYDIS_ISA_SET_POPCNT] = ISA_POPCNT,
	[ZYDIS_ISA_SET_CMPXCHG16B] = ISA_CX16,
	[ZYDIS_ISA_SET_LAHF] = ISA_LAHF,
	[ZYDIS_ISA_SET_MOVBE] = ISA_MOVBE,
	[ZYDIS_ISA_SET_LZCNT] = ISA_LZCNT,
	[ZYDIS_ISA_SET_BMI1] = ISA_BMI1,
	[ZYDIS_ISA_SET_BMI2] = ISA_BMI2,
	[ZYDIS_ISA_SET_ADOX_ADCX] = ISA_ADX,
	[ZYDIS_ISA_SET_AES] = ISA_AES,
	[ZYDIS_ISA_SET_AVXAES] = ISA_AES,
	[ZYDIS_ISA_SET_PCLMULQDQ] = ISA_PCLMULQDQ,
	[ZYDIS_ISA_SET_SHA] = ISA_SHA,
	[ZYDIS_ISA_SET_GFNI] = ISA_GFNI,
	[ZYDIS_ISA_SET_AVX_GFNI] = ISA_GFNI,
	[ZYDIS_ISA_SET_AVX] = ISA_AVX,
	[ZYDIS_ISA_SET_AVX2] = ISA_AVX2,
	[ZYDIS_ISA_SET_AVX2GATHER] = ISA_AVX2,
	[ZYDIS_ISA_SET_F16C] = ISA_F16C,
	[ZYDIS_ISA_SET_FMA] = ISA_FMA,
	[ZYDIS_ISA_SET_XSAVE] = ISA_XSAVE,
	[ZYDIS_ISA_SET_XSAVEOPT] = ISA_XSAVEOPT,
	[ZYDIS_ISA_SET_XSAVEC] = ISA_XSAVEC,
	[ZYDIS_ISA_SET_RDWRFSGS] = ISA_FSGSBASE,
	[ZYDIS_ISA_SET_RDPID] = ISA_RDPID,
	[ZYDIS_ISA_SET_RDRAND] = ISA_RDRAND,
	[ZYDIS_ISA_SET_RDSEED] = ISA_RDSEED,
	[ZYDIS_ISA_SET_CLFLUSHOPT] = ISA_CLFLUSHOPT,
	[ZYDIS_ISA_SET_CLWB] = ISA_CLWB,
	[ZYDIS_ISA_SET_WAITPKG] = ISA_WAITPKG,
};

static enum op string_op(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_MOVSB:
	case ZYDIS_MNEMONIC_MOVSW:
	case ZYDIS_MNEMONIC_MOVSD:
	case ZYDIS_MNEMONIC_MOVSQ: return OP_MOVS;
	case ZYDIS_MNEMONIC_CMPSB:
	case ZYDIS_MNEMONIC_CMPSW:
	case ZYDIS_MNEMONIC_CMPSD:
	case ZYDIS_MNEMONIC_CMPSQ: return OP_CMPS;
	case ZYDIS_MNEMONIC_STOSB:
	case ZYDIS_MNEMONIC_STOSW:
	case ZYDIS_MNEMONIC_STOSD:
	case ZYDIS_MNEMONIC_STOSQ: return OP_STOS;
	case ZYDIS_MNEMONIC_LODSB:
	case ZYDIS_MNEMONIC_LODSW:
	case ZYDIS_MNEMONIC_LODSD:
	case ZYDIS_MNEMONIC_LODSQ: return OP_LODS;
	case ZYDIS_MNEMONIC_SCASB:
	case ZYDIS_MNEMONIC_SCASW:
	case ZYDIS_MNEMONIC_SCASD:
	case ZYDIS_MNEMONIC_SCASQ: return OP_SCAS;
	case ZYDIS_MNEMONIC_INSB:
	case ZYDIS_MNEMONIC_INSW:
	case ZYDIS_MNEMONIC_INSD: return OP_INS;
	case ZYDIS_MNEMONIC_OUTSB:
	case ZYDIS_MNEMONIC_OUTSW:
	case ZYDIS_MNEMONIC_OUTSD: return OP_OUTS;
	default: return OP_NONE;
	}
}

static enum op far_op(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_JMP: return OP_JMP_FAR;
	case ZYDIS_MNEMONIC_CALL: return OP_CALL_FAR;
	case ZYDIS_MNEMONIC_RET: return OP_RET_FAR;
	default: return OP_NONE;
	}
}

/* Returns the number of the general register that is or holds `reg`, or DECODE_NO_REG. Zydis numbers the registers of one size one after
 * another, in the order of encoding; those of 8 bits are AL CL DL BL AH CH DH BH SPL to R15B. */
static uint8_t number_of(ZydisRegister reg)
{
	if (reg >= ZYDIS_REGISTER_RAX && reg <= ZYDIS_REGISTER_R15)
		return (uint8_t)(reg - ZYDIS_REGISTER_RAX);
	if (reg >= ZYDIS_REGISTER_EAX && reg <= ZYDIS_REGISTER_R15D)
		return (uint8_t)(reg - ZYDIS_REGISTER_EAX);
	if (reg >= ZYDIS_REGISTER_AX && reg <= ZYDIS_REGISTER_R15W)
		return (uint8_t)(reg - ZYDIS_REGISTER_AX);
	if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B)
		return (uint8_t)(reg - ZYDIS_REGISTER_SPL + 4);
	if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_BH)
		return (uint8_t)((reg - ZYDIS_REGISTER_AL) % 4);
	return DECODE_NO_REG;
}

static void set_register(struct operand *operand, ZydisRegister reg)
{
	operand->reg = number_of(reg);
	if (operand->reg != DECODE_NO_REG) {
		operand->kind = OPERAND_GPR;
		operand->high = reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH;
		return;
	}
	operand->reg = (uint8_t)ZydisRegisterGetId(reg);
	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_XMM: operand->kind = OPERAND_XMM; break;
	case ZYDIS_REGCLASS_YMM: operand->kind = OPERAND_YMM; break;
	case ZYDIS_REGCLASS_MMX: operand->kind = OPERAND_MMX; break;
	case ZYDIS_REGCLASS_X87: operand->kind = OPERAND_ST; break;
	case ZYDIS_REGCLASS_SEGMENT: operand->kind = OPERAND_SEG; break;
	default: operand->kind = OPERAND_SYS; break;
	}
}

/* An SIB byte without a base: base 5 with mod 0 is a disp32, whatever REX.B is (SDM vol. 2, table 2-5). With 32-bit addresses Zydis 4.0
 * takes it for R13D. */
static bool sib_without_base(const ZydisDecodedInstruction *in)
{
	return in->attributes & ZYDIS_ATTRIB_HAS_SIB && in->raw.modrm.mod == 0 && in->raw.sib.base == 5;
}

static void set_memory(struct decoded *d, const ZydisDecodedInstruction *in, const ZydisDecodedOperand *from)
{
	ZydisRegisterClass index_class = ZydisRegisterGetClass(from->mem.index);

	d->mem.base = sib_without_base(in) ? DECODE_NO_REG : number_of(from->mem.base);
	d->mem.index_is_vector = index_class == ZYDIS_REGCLASS_XMM ? 16 : index_class == ZYDIS_REGCLASS_YMM ? 32 : 0;
	d->mem.index = d->mem.index_is_vector ? (uint8_t)ZydisRegisterGetId(from->mem.index) : number_of(from->mem.index);
	d->mem.scale = from->mem.scale ? (uint8_t)__builtin_ctz(from->mem.scale) : 0;
	d->mem.segment = (uint8_t)ZydisRegisterGetId(from->mem.segment);
	d->disp_at = (struct value_place){ in->raw.disp.offset, in->raw.disp.size / 8, true, 0 };
	if (from->mem.base == ZYDIS_REGISTER_RIP)
		d->disp_at.relative = 64;
	else if (from->mem.base == ZYDIS_REGISTER_EIP)
		d->disp_at.relative = 32;
}

/* Sets an immediate: one in the instruction's bytes, or one that the operation implies (SHL r/m, 1). A second one follows the first, and
 * both are read as one value. */
static void set_immediate(struct decoded *out, const ZydisDecodedInstruction *in, const ZydisDecodedOperand *from, unsigned n)
{
	if (from->encoding == ZYDIS_OPERAND_ENCODING_NONE) {
		out->imm = from->imm.value.u;
	} else if (n == 0) {
		out->imm_at = (struct value_place){ in->raw.imm[0].offset, in->raw.imm[0].size / 8, from->imm.is_signed,
			from->imm.is_relative ? 64 : 0 };
	} else {
		out->imm_at.size += in->raw.imm[1].size / 8;
		out->imm_at.is_signed = false;
	}
}

static void set_operands(struct decoded *out, const ZydisDecodedInstruction *in, const ZydisDecodedOperand *from)
{
	unsigned immediates = 0;

	out->operands = in->operand_count_visible;
	for (int k = 0; k < in->operand_count_visible && k < 5; k++) {
		struct operand *operand = &out->operand[k];

		operand->size = (uint8_t)(from[k].size / 8);
		operand->written = from[k].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
		switch (from[k].type) {
		case ZYDIS_OPERAND_TYPE_REGISTER: set_register(operand, from[k].reg.value); break;
		case ZYDIS_OPERAND_TYPE_MEMORY:
			operand->kind = OPERAND_MEM;
			set_memory(out, in, &from[k]);
			break;
		case ZYDIS_OPERAND_TYPE_IMMEDIATE:
			operand->kind = OPERAND_IMM;
			set_immediate(out, in, &from[k], immediates++);
			break;
		default: operand->kind = OPERAND_SYS; break;
		}
	}
}

/* Returns the number of bytes before the displacement and the immediate, if nothing else follows them. Otherwise it is the whole
 * instruction, for instance where an immediate holds a register's number or the opcode is the last byte. */
static uint8_t key_bytes(const struct decoded *d)
{
	unsigned key = d->length - d->disp_at.size - d->imm_at.size;

	if ((d->disp_at.size && d->disp_at.offset < key) || (d->imm_at.size && d->imm_at.offset < key))
		return d->length;
	return (uint8_t)key;
}

/* --- the encoding, and the general registers that it uses --------------------------------------------- */

static uint16_t set_of(ZydisRegister reg)
{
	uint8_t number = number_of(reg);

	return number == DECODE_NO_REG ? 0 : (uint16_t)(1u << number);
}

/* A register that is written in part, or only perhaps, keeps an old value: it counts as read. */
static void note_register(struct encoding *encoding, const ZydisDecodedOperand *operand)
{
	uint16_t set = set_of(operand->reg.value);
	bool written = operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
	bool whole = operand->size >= 32 && !(operand->actions & ZYDIS_OPERAND_ACTION_CONDWRITE);

	if (written)
		encoding->changes |= set;
	if (written && whole)
		encoding->writes |= set;
	if ((operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ) || !whole)
		encoding->reads |= set;
}

static void note_memory(struct encoding *encoding, const ZydisDecodedOperand *operand)
{
	encoding->addresses |= set_of(operand->mem.base) | set_of(operand->mem.index);
	if (operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
		return;
	encoding->relative = operand->mem.base == ZYDIS_REGISTER_RIP || operand->mem.base == ZYDIS_REGISTER_EIP;
	encoding->base = number_of(operand->mem.base);
	encoding->index = number_of(operand->mem.index);
}

static void set_encoding(struct encoding *encoding, const uint8_t *bytes, const ZydisDecodedInstruction *in,
	const ZydisDecodedOperand *operand)
{
	bool vex3 = in->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX && in->raw.vex.size == 3;

	memcpy(encoding->bytes, bytes, in->length);
	encoding->length = in->length;
	encoding->rex = in->attributes & ZYDIS_ATTRIB_HAS_REX ? in->raw.rex.offset : DECODE_NO_REG;
	encoding->vex = vex3 ? in->raw.vex.offset : DECODE_NO_REG;
	encoding->modrm = in->raw.modrm.offset;
	encoding->rest = (uint8_t)(in->raw.modrm.offset + 1 + !!(in->attributes & ZYDIS_ATTRIB_HAS_SIB) + in->raw.disp.size / 8);
	encoding->wide = in->operand_width == 64;
	encoding->base = encoding->index = DECODE_NO_REG;
	for (unsigned k = 0; k < in->operand_count; k++)
		if (operand[k].type == ZYDIS_OPERAND_TYPE_REGISTER)
			note_register(encoding, &operand[k]);
		else if (operand[k].type == ZYDIS_OPERAND_TYPE_MEMORY)
			note_memory(encoding, &operand[k]);
	encoding->to = in->operand_count && operand[0].type == ZYDIS_OPERAND_TYPE_REGISTER ? number_of(operand[0].reg.value)
											   : DECODE_NO_REG;
}

/* --- the whole ----------------------------------------------------------------------------------------- */

static void set_exchange_r8(struct decoded *out)
{
	struct operand operand = { .kind = OPERAND_GPR, .reg = 8, .size = out->width / 8, .written = true };

	out->op = OP_XCHG;
	out->rep = false;
	out->operands = 2;
	out->operand[0] = out->operand[1] = operand;
	out->operand[1].reg = 0;
	out->encoding.reads = out->encoding.changes = 1 << 8 | 1 << 0;
}

/* Returns true for AVX-512 and its predecessors, whose instructions share their names with AVX, or, behind a VEX prefix, with bit counts. */
static bool in_no_model(const ZydisDecodedInstruction *in)
{
	bool vex = in->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;

	if (vex && (in->mnemonic == ZYDIS_MNEMONIC_LZCNT || in->mnemonic == ZYDIS_MNEMONIC_TZCNT || in->mnemonic == ZYDIS_MNEMONIC_POPCNT))
		return true;
	return in->encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX || in->encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX;
}

enum decode_status decode(const uint8_t *bytes, size_t size, uint64_t address, struct decoded *out)
{
	ZydisDecoder decoder;
	ZydisDecoderContext context;
	ZydisDecodedInstruction in;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZyanStatus status;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	/* MPX and CLDEMOTE are encoded as hints (0F 1A to 0F 1C), which do nothing on a CPU without these features. */
	ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
	ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_CLDEMOTE, ZYAN_FALSE);
	status = ZydisDecoderDecodeInstruction(&decoder, &context, bytes, size, &in);
	if (status == ZYDIS_STATUS_NO_MORE_DATA)
		return DECODE_TRUNCATED;
	if (status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG)
		return DECODE_TOO_LONG;
	if (!ZYAN_SUCCESS(status))
		return DECODE_INVALID;
	status = ZydisDecoderDecodeOperands(&decoder, &context, &in, operands, in.operand_count);
	if (!ZYAN_SUCCESS(status))
		return DECODE_INVALID;

	memset(out, 0, sizeof(*out));
	out->address = address;
	out->length = in.length;
	out->width = in.operand_width;
	out->address_width = in.address_width;
	out->lock = in.attributes & ZYDIS_ATTRIB_HAS_LOCK;
	out->rep = in.attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE);
	out->repne = in.attributes & ZYDIS_ATTRIB_HAS_REPNE;
	out->vex = in.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
	out->isa = isa_of_set[in.meta.isa_set];
	out->op = in.meta.category == ZYDIS_CATEGORY_STRINGOP || in.meta.category == ZYDIS_CATEGORY_IOSTRINGOP
		? string_op(in.mnemonic)
		: op_of_mnemonic[in.mnemonic];
	out->mem.base = out->mem.index = DECODE_NO_REG;
	out->mem.segment = in.attributes & ZYDIS_ATTRIB_HAS_SEGMENT_FS ? SEG_FS
		: in.attributes & ZYDIS_ATTRIB_HAS_SEGMENT_GS          ? SEG_GS
								       : SEG_DS;
	if (in.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		out->op = far_op(in.mnemonic);
	if (in_no_model(&in))
		out->op = OP_NONE;
	set_operands(out, &in, operands);
	set_encoding(&out->encoding, bytes, &in, operands);
	if (in.mnemonic == ZYDIS_MNEMONIC_PAUSE && in.raw.rex.B) /* With REX.B it is XCHG R8, RAX, whatever the prefix */
		set_exchange_r8(out);
	out->key = key_bytes(out);
	if (out->disp_at.size)
		out->mem.disp = (int64_t)value_of(&out->disp_at, bytes, address + out->length);
	if (out->imm_at.size)
		out->imm = value_of(&out->imm_at, bytes, address + out->length);
	return DECODE_OK;
}

void decode_text(const uint8_t *bytes, size_t size, uint64_t address, char *text, size_t text_size)
{
	ZydisDisassembledInstruction in;

	if (ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, address, bytes, size, &in)))
		snprintf(text, text_size, "%s", in.text);
	else
		snprintf(text, text_size, ".byte 0x%02x", size ? bytes[0] : 0);
}
