/* Decoding through a shape must give the same as decoding directly. */
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "decode/shape.h"
#include "tests/unit/suite.h"

/* Shapes by their keys, as the block builder keeps them. A new one replaces an old one. */
struct known {
	uint64_t key;
	struct shape shape;
};
enum { KNOWN = 1 << 14 };

static struct known *known_of(struct known *known, uint64_t key)
{
	return &known[(key * 0x9e3779b97f4a7c15ULL >> 32) % KNOWN];
}

/* Compares with the shape of the same key, if it is known; otherwise learns it. Returns whether it was known. */
static bool compare(struct known *known, const uint8_t *bytes, size_t size, uint64_t address)
{
	struct decoded fresh, applied;
	struct shape shape;
	unsigned length;
	uint64_t key = shape_key(bytes, size, &length);
	enum decode_status status = decode(bytes, size, address, &fresh);
	struct known *same = known_of(known, key);
	bool hit = key && same->key == key && same->shape.decoded.length <= size;

	if (hit) { /* an assertion that holds is slow in libcheck */
		shape_apply(&same->shape, bytes, address, &applied);
		if (status != DECODE_OK || memcmp(&applied, &fresh, sizeof(fresh)) != 0)
			ck_abort_msg("the shape of %s at %lx is another one's", op_name(fresh.op), address);
	} else if (shape_learn(bytes, size, &shape) == DECODE_OK && key && shape.key == length) {
		*same = (struct known){ key, shape };
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
	ck_assert_msg(hits > all / 2, "only %u of %u are of known shapes", hits, all);
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

	ck_assert_uint_eq(shape_key(load, sizeof(load), &length), 0x058b48);
	ck_assert_uint_eq(length, 3);
	ck_assert_uint_eq(shape_key(other, sizeof(other), &length), 0x058b48);
	ck_assert_uint_eq(shape_key(load, 2, &length), 0x8b48);
	ck_assert_uint_eq(shape_key(sib, sizeof(sib), &length), 0x24846ff9c5);
	ck_assert_uint_eq(length, 5);
}
END_TEST

/* Truncated ones are no instructions, and values are relative to the instruction's address. */
START_TEST(test_truncated)
{
	static const uint8_t bytes[] = { 0x48, 0x8b, 0x05, 0x10, 0x00, 0x00, 0x00 }; /* mov rax, [rip + 0x10] */
	struct shape shape;
	struct decoded decoded;

	for (size_t size = 1; size < sizeof(bytes); size++)
		ck_assert_int_eq(shape_learn(bytes, size, &shape), DECODE_TRUNCATED);
	ck_assert_int_eq(shape_learn(bytes, sizeof(bytes), &shape), DECODE_OK);
	shape_apply(&shape, bytes, 0x1000, &decoded);
	ck_assert_int_eq(decoded.mem.disp, 0x1017);
	shape_apply(&shape, bytes, 0x5000, &decoded);
	ck_assert_int_eq(decoded.mem.disp, 0x5017);
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
	TCase *shapes = tcase_create("shapes");

	tcase_add_test(shapes, test_code);
	tcase_add_test(shapes, test_random_bytes);
	tcase_add_test(shapes, test_key);
	tcase_add_test(shapes, test_truncated);
	tcase_add_test(shapes, test_evex);
	return run_suite("decode", shapes);
}
