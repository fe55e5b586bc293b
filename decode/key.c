/* Finds an instruction's key without decoding it. This is the only decoder besides Zydis. It exists because it takes 14 ns where decode()
 * takes 250, and what Zydis has said of an earlier instruction with the same key is found again by it. */
#include "decode/key.h"

#include <string.h>

#include "decode/decode.h"

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

bool key_is_prefix(uint8_t byte)
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

/* Returns the number of bytes before the displacement and the immediates, if `bytes` hold an instruction at all. Reads at most
 * DECODE_MAX_LENGTH. Zydis sees some instructions differently (3DNow, XOP): then struct decoded's `key` is another number. */
static unsigned key_length(const uint8_t *bytes)
{
	unsigned at = 0;
	bool modrm;

	while (at < KEY_MAX && key_is_prefix(bytes[at]))
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

uint64_t key_of(const uint8_t *bytes, size_t size, unsigned *length)
{
	uint8_t padded[DECODE_MAX_LENGTH + 1] = { 0 };
	uint64_t key;

	if (size < DECODE_MAX_LENGTH)
		bytes = memcpy(padded, bytes, size);
	*length = key_length(bytes);
	if (*length > KEY_MAX)
		return 0;
	memcpy(&key, bytes, KEY_MAX);
	return key & ~UINT64_C(0) >> (8 * (KEY_MAX - *length));
}
