/* Finds an instruction's key, the bytes that tell its shape, without a full decoding; and the key of its family, in which only register
 * numbers differ. */
#include <string.h>

#include "decode/shape.h"

/* One bit for each opcode: it has a ModRM byte. Indexed by the opcode's higher half (SDM vol. 2, appendix A, tables ). */
/* clang-format off */
static const uint16_t one_byte_modrm[16] = {
	0x0f0f, 0x0f0f, 0x0f0f, 0x0f0f, 0, 0, 0x0a08, 0, 0xffff, 0, 0, 0, 0x00c3, 0xff0f, 0, 0xc0c0,
};

static const uint16_t two_byte_modrm[16] = {
	0xa00f, 0xffff, 0xff0f, 0, 0xffff, 0xffff, 0xffff, 0xff7f, 0, 0xffff, 0xf838, 0xffff, 0x00ff, 0xffff, 0xffff, 0xffff,
};
/* clang-format on */

static bool has_modrm(const uint16_t map[16], uint8_t opcode)
{
	return map[opcode >> 4] >> (opcode & 15) & 1;
}

static bool is_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x66:
	case 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3: return true;
	}
	return false;
}

/* The number of bytes before the displacement and the immediates, if `bytes` hold an instruction at all. Reads at most
 * DECODE_MAX_LENGTH. Zydis sees some instructions differently (3DNow, XOP): then the key of shape_learn is not this one. */
static unsigned key_length(const uint8_t *bytes)
{
	unsigned at = 0;
	bool modrm;

	while (at < SHAPE_KEY_MAX && is_prefix(bytes[at]))
		at++;
	if (bytes[at] >> 4 == 4) /* REX */
		at++;
	if (bytes[at] == 0xc4) { /* VEX; the two-byte form implies map 1 */
		modrm = (bytes[at + 1] & 31) != 1 || has_modrm(two_byte_modrm, bytes[at + 3]);
		at += 4;
	} else if (bytes[at] == 0xc5) {
		modrm = has_modrm(two_byte_modrm, bytes[at + 2]);
		at += 3;
	} else if (bytes[at] != 0x0f) {
		modrm = has_modrm(one_byte_modrm, bytes[at]);
		at += 1;
	} else if (bytes[at + 1] == 0x38 || bytes[at + 1] == 0x3a) {
		modrm = true;
		at += 3;
	} else {
		modrm = has_modrm(two_byte_modrm, bytes[at + 1]);
		at += 2;
	}
	if (!modrm)
		return at;
	return at + (bytes[at] < 0xc0 && (bytes[at] & 7) == 4 ? 2 : 1); /* 2: ModRM and SIB */
}

uint64_t shape_key(const uint8_t *bytes, size_t size, unsigned *length)
{
	uint8_t padded[DECODE_MAX_LENGTH + 1] = { 0 };
	uint64_t key;

	if (size < DECODE_MAX_LENGTH)
		bytes = memcpy(padded, bytes, size);
	*length = key_length(bytes);
	if (*length > SHAPE_KEY_MAX)
		return 0;
	memcpy(&key, bytes, SHAPE_KEY_MAX);
	return key & ~UINT64_C(0) >> (8 * (SHAPE_KEY_MAX - *length));
}

/* --- families --------------------------------------------------------------------------------------- */

#define WITH_REG (UINT64_C(1) << 56) /* marks a key of WITH_REG's kind; the key itself has at most seven bytes */

/* Returns a field of a byte, and clears it there. */
static uint8_t take(uint8_t *byte, unsigned shift, unsigned bits)
{
	uint8_t mask = (uint8_t)(((1u << bits) - 1) << shift), value = (uint8_t)((*byte & mask) >> shift);

	*byte &= (uint8_t)~mask;
	return value;
}

/* Returns a register number of four bits, the highest of which is in REX, if there is a REX prefix. */
static uint8_t take_number(uint8_t *byte, unsigned shift, uint8_t *rex, unsigned rex_bit)
{
	return (uint8_t)(take(byte, shift, 3) | (rex ? take(rex, rex_bit, 1) << 3 : 0));
}

/* Takes the numbers of an address: from ModRM alone, or from the SIB byte that follows it. */
static void take_address(uint8_t *modrm, uint8_t *rex, struct key_registers *registers)
{
	enum { REX_B, REX_X };
	bool no_disp = *modrm >> 6 == 0;
	uint8_t *sib = modrm + 1;

	if ((*modrm & 7) != 4) {
		registers->based = !(no_disp && (*modrm & 7) == 5); /* otherwise it is relative to RIP */
		registers->rm = registers->based ? take_number(modrm, 0, rex, REX_B) : 0;
		return;
	}
	registers->indexed = (*sib >> 3 & 7) != 4 || (rex && *rex >> REX_X & 1);
	registers->based = !(no_disp && (*sib & 7) == 5);
	if (registers->indexed) {
		registers->index = take_number(sib, 3, rex, REX_X);
		registers->scale = take(sib, 6, 2);
	}
	if (registers->based)
		registers->rm = take_number(sib, 0, rex, REX_B);
}

/* Returns the opcode after the prefixes that change no operand's kind, or NULL if there are other prefixes. */
static uint8_t *plain_opcode(uint8_t *at, uint8_t **rex)
{
	while (*at == 0x66 || *at == 0xf0 || *at == 0xf2 || *at == 0xf3)
		at++;
	*rex = *at >> 4 == 4 ? at++ : NULL;
	return is_prefix(*at) || *at == 0xc4 || *at == 0xc5 ? NULL : at;
}

uint64_t key_family(uint64_t key, bool with_reg, struct key_registers *registers)
{
	uint8_t bytes[DECODE_MAX_LENGTH + 1] = { 0 }, *rex, *modrm, *at;
	const uint16_t *map = one_byte_modrm;

	memcpy(bytes, &key, sizeof(key));
	at = key < WITH_REG ? plain_opcode(bytes, &rex) : NULL;
	if (!at)
		return 0;
	if (*at == 0x0f) {
		map = two_byte_modrm;
		at++;
	}
	if (map == two_byte_modrm && (*at == 0x38 || *at == 0x3a))
		at++;
	else if (!has_modrm(map, *at))
		return 0;
	modrm = at + 1;
	*registers = (struct key_registers){ .memory = *modrm < 0xc0, .rex = rex };
	if (with_reg)
		registers->reg = take_number(modrm, 3, rex, 2);
	if (registers->memory)
		take_address(modrm, rex, registers);
	else
		registers->rm = take_number(modrm, 0, rex, 0);
	memcpy(&key, bytes, sizeof(key));
	return with_reg ? key | WITH_REG : key;
}
