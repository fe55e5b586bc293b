/* What is decoded once for a key must hold for all instructions with that key. */
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"
#include "decode/key.h"
#include "tests/unit/suite.h"

/* Instructions by their keys, as the block builder keeps them. A new one replaces an old one. */
struct known {
	uint64_t key;
	struct decoded decoded;
};
enum { KNOWN = 1 << 14 };

static struct known *known_of(struct known *known, uint64_t key)
{
	return &known[(key * 0x9e3779b97f4a7c15ULL >> 32) % KNOWN];
}

/* Returns what an earlier instruction tells about the one at `bytes`: all but its values and its bytes. */
static struct decoded apply(const struct decoded *earlier, const uint8_t *bytes, uint64_t address)
{
	struct decoded applied = *earlier;

	applied.address = address;
	if (applied.disp_at.size)
		applied.mem.disp = (int64_t)value_of(&applied.disp_at, bytes, address + applied.length);
	if (applied.imm_at.size)
		applied.imm = value_of(&applied.imm_at, bytes, address + applied.length);
	memcpy(applied.encoding.bytes, bytes, applied.length);
	return applied;
}

/* Compares with the instruction of the same key, if one is known; otherwise keeps this one. Returns whether one was known. */
static bool compare(struct known *known, const uint8_t *bytes, size_t size, uint64_t address)
{
	struct decoded fresh, applied;
	unsigned length;
	uint64_t key = key_of(bytes, size, &length);
	enum decode_status status = decode(bytes, size, address, &fresh);
	struct known *same = known_of(known, key);
	bool hit = key && same->key == key && same->decoded.length <= size;

	if (hit) { /* an assertion that holds is slow in libcheck */
		applied = apply(&same->decoded, bytes, address);
		if (status != DECODE_OK || memcmp(&applied, &fresh, sizeof(fresh)) != 0)
			ck_abort_msg("what is known of %s at %lx is another one's", op_name(fresh.op), address);
	} else if (status == DECODE_OK && key && fresh.key == length) {
		*same = (struct known){ key, fresh };
	}
	return hit;
}

/* Code and data of this program, from every byte on: all kinds of instructions, most of them many times. */
static int compare_segment(struct dl_phdr_info *object, size_t size, void *known)
{
	unsigned hits = 0, all = 0;

	(void)size;
	for (unsigned k = 0; k < object->dlpi_phnum; k++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[k];
		uint64_t start = object->dlpi_addr + segment->p_vaddr;

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		for (uint64_t at = start; at < start + segment->p_memsz - DECODE_MAX_LENGTH; at++, all++)
			hits += compare(known, (const uint8_t *)at, DECODE_MAX_LENGTH, at);
	}
	ck_assert_msg(hits > all / 2, "only %u of %u have known keys", hits, all);
	return 1; /* the others are longer */
}

START_TEST(test_code)
{
	struct known *known = calloc(KNOWN, sizeof(*known));

	dl_iterate_phdr(compare_segment, known);
	free(known);
}
END_TEST

/* Prefixes in all orders, VEX and EVEX, too long and cut instructions. */
START_TEST(test_random_bytes)
{
	static const uint8_t first[] = { 0x66, 0x67, 0xf2, 0xf3, 0xc5, 0xc4, 0x62, 0x0f, 0x48, 0xf0, 0x8f, 0x64 };
	struct known *known = calloc(KNOWN, sizeof(*known));
	uint8_t bytes[DECODE_MAX_LENGTH];

	srand(1);
	for (unsigned k = 0; k < 400000; k++) {
		for (size_t at = 0; at < sizeof(bytes); at++)
			bytes[at] = (uint8_t)(rand() >> 8);
		if (k % 2)
			bytes[0] = first[k / 2 % sizeof(first)];
		compare(known, bytes, 1 + (unsigned)rand() % sizeof(bytes), (uint64_t)rand() << 16);
	}
	free(known);
}
END_TEST

/* A key ends before the first displacement or immediate, whatever follows, and uses no more bytes than there are. */
START_TEST(test_key)
{
	static const uint8_t load[] = { 0x48, 0x8b, 0x05, 0x10, 0x00, 0x00, 0x00 }; /* mov rax, [rip + 0x10] */
	static const uint8_t other[] = { 0x48, 0x8b, 0x05, 0x20, 0x01, 0x02, 0x03 };
	static const uint8_t sib[] = { 0xc5, 0xf9, 0x6f, 0x84, 0x24, 1, 2, 3, 4 }; /* vmovdqa xmm0, [rsp + 0x4030201] */
	unsigned length;

	ck_assert_uint_eq(key_of(load, sizeof(load), &length), 0x058b48);
	ck_assert_uint_eq(length, 3);
	ck_assert_uint_eq(key_of(other, sizeof(other), &length), 0x058b48);
	ck_assert_uint_eq(key_of(load, 2, &length), 0x8b48);
	ck_assert_uint_eq(key_of(sib, sizeof(sib), &length), 0x24846ff9c5);
	ck_assert_uint_eq(length, 5);
}
END_TEST

/* Truncated ones are no instructions, and values are relative to the instruction's address. */
START_TEST(test_truncated)
{
	static const uint8_t bytes[] = { 0x48, 0x8b, 0x05, 0x10, 0x00, 0x00, 0x00 }; /* mov rax, [rip + 0x10] */
	struct decoded decoded;

	for (size_t size = 1; size < sizeof(bytes); size++)
		ck_assert_int_eq(decode(bytes, size, 0x1000, &decoded), DECODE_TRUNCATED);
	ck_assert_int_eq(decode(bytes, sizeof(bytes), 0x1000, &decoded), DECODE_OK);
	ck_assert_int_eq(decoded.mem.disp, 0x1017);
	ck_assert_int_eq(apply(&decoded, bytes, 0x5000).mem.disp, 0x5017);
}
END_TEST

/* ENTER's two immediates are read as one. */
START_TEST(test_two_immediates)
{
	static const uint8_t enter[] = { 0xc8, 0x34, 0x92, 0x85 }; /* enter 0x9234, 0x85 */
	struct decoded decoded;

	ck_assert_int_eq(decode(enter, sizeof(enter), 0, &decoded), DECODE_OK);
	ck_assert_uint_eq(decoded.imm, 0x859234);
	ck_assert_uint_eq(decoded.key, 1);
}
END_TEST

/* The general registers that an instruction uses: bit 0 is RAX, bit 15 is R15. */
START_TEST(test_registers)
{
	static const struct {
		uint8_t bytes[8];
		uint16_t reads, addresses, writes, changes;
	} cases[] = {
		{ { 0x48, 0x8b, 0x04, 0xcb }, 0, 1 << 3 | 1 << 1, 1 << 0, 1 << 0 },       /* mov rax, [rbx + rcx*8] */
		{ { 0x41, 0x88, 0xf7 }, 1 << 6 | 1 << 15, 0, 0, 1 << 15 },                /* mov r15b, sil */
		{ { 0xf7, 0xe1 }, 1 << 0 | 1 << 1, 0, 1 << 0 | 1 << 2, 1 << 0 | 1 << 2 }, /* mul ecx */
		{ { 0xf3, 0x41, 0x90 }, 1 << 8 | 1 << 0, 0, 0, 1 << 8 | 1 << 0 },         /* xchg r8d, eax behind a REP prefix */
		{ { 0x55 }, 1 << 5 | 1 << 4, 1 << 4, 1 << 4, 1 << 4 },                    /* push rbp */
	};

	for (unsigned k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		struct decoded d;

		ck_assert_int_eq(decode(cases[k].bytes, sizeof(cases[k]).bytes, 0, &d), DECODE_OK);
		ck_assert_uint_eq(d.encoding.reads, cases[k].reads);
		ck_assert_uint_eq(d.encoding.addresses, cases[k].addresses);
		ck_assert_uint_eq(d.encoding.writes, cases[k].writes);
		ck_assert_uint_eq(d.encoding.changes, cases[k].changes);
	}
}
END_TEST

/* AVX-512 shares its names with AVX, but no model has it. */
START_TEST(test_evex)
{
	static const uint8_t vmovd_xmm0_eax[] = { 0x62, 0xf1, 0x7d, 0x08, 0x6e, 0xc0 };
	struct decoded decoded;

	ck_assert_int_eq(decode(vmovd_xmm0_eax, sizeof(vmovd_xmm0_eax), 0, &decoded), DECODE_OK);
	ck_assert_int_eq(decoded.op, OP_NONE);
	ck_assert_int_eq(decoded.length, sizeof(vmovd_xmm0_eax));
}
END_TEST

int main(void)
{
	TCase *decoded = tcase_create("decode");

	tcase_add_test(decoded, test_code);
	tcase_add_test(decoded, test_random_bytes);
	tcase_add_test(decoded, test_key);
	tcase_add_test(decoded, test_truncated);
	tcase_add_test(decoded, test_two_immediates);
	tcase_add_test(decoded, test_registers);
	tcase_add_test(decoded, test_evex);
	return run_suite("decode", decoded);
}
