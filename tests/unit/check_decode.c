/* A decoder that remembers must decode as one that does not. */
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"
#include "tests/unit/suite.h"

/* The same from memory, from a decoder that has yet to learn it, and without one. */
static void compare(struct decoder *decoder, const uint8_t *bytes, size_t size, uint64_t address)
{
	struct decoded fresh, known;
	enum decode_status status = decode(bytes, size, address, &fresh);

	ck_assert_int_eq(decoder_decode(decoder, bytes, size, address, &known), status);
	if (status == DECODE_OK)
		ck_assert_mem_eq(&known, &fresh, sizeof fresh);
}

/* Code and data of this program, from every byte on: all kinds of instructions, most of them often. */
static int compare_segment(struct dl_phdr_info *object, size_t size, void *decoder)
{
	(void)size;
	for (unsigned k = 0; k < object->dlpi_phnum; k++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[k];
		uint64_t start = object->dlpi_addr + segment->p_vaddr;

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		for (uint64_t at = start; at < start + segment->p_memsz - DECODE_MAX_LENGTH; at++)
			compare(decoder, (const uint8_t *)at, DECODE_MAX_LENGTH, at);
	}
	return 1; /* the others are longer */
}

START_TEST(test_code)
{
	struct decoder *decoder = decoder_create();

	dl_iterate_phdr(compare_segment, decoder);
	decoder_destroy(decoder);
}
END_TEST

/* Prefixes in all orders, VEX and EVEX, too long and cut instructions; so many that no more can be remembered. */
START_TEST(test_random_bytes)
{
	static const uint8_t first[] = { 0x66, 0x67, 0xf2, 0xf3, 0xc5, 0xc4, 0x62, 0x0f, 0x48, 0xf0, 0x8f, 0x64 };
	struct decoder *decoder = decoder_create();
	uint8_t bytes[DECODE_MAX_LENGTH];

	srand(1);
	for (unsigned k = 0; k < 400000; k++) {
		for (size_t at = 0; at < sizeof bytes; at++)
			bytes[at] = (uint8_t)(rand() >> 8);
		if (k % 2)
			bytes[0] = first[k / 2 % sizeof first];
		compare(decoder, bytes, 1 + (unsigned)rand() % sizeof bytes, (uint64_t)rand() << 16);
	}
	decoder_destroy(decoder);
}
END_TEST

/* What is known must not be found when it cannot be fetched in full. */
START_TEST(test_truncated)
{
	static const uint8_t bytes[] = { 0x48, 0x8b, 0x05, 0x10, 0x00, 0x00, 0x00 }; /* mov rax, [rip + 0x10] */
	struct decoder *decoder = decoder_create();
	struct decoded decoded;

	for (unsigned round = 0; round < 2; round++) {
		for (size_t size = 1; size < sizeof bytes; size++)
			ck_assert_int_eq(decoder_decode(decoder, bytes, size, 0x1000, &decoded), DECODE_TRUNCATED);
		ck_assert_int_eq(decoder_decode(decoder, bytes, sizeof bytes, 0x1000, &decoded), DECODE_OK);
		ck_assert_int_eq(decoded.mem.disp, 0x1017);
		ck_assert_int_eq(decoder_decode(decoder, bytes, sizeof bytes, 0x5000, &decoded), DECODE_OK);
		ck_assert_int_eq(decoded.mem.disp, 0x5017);
	}
	decoder_destroy(decoder);
}
END_TEST

/* AVX-512 has the names of AVX, but is in no model. */
START_TEST(test_evex)
{
	static const uint8_t vmovd_xmm0_eax[] = { 0x62, 0xf1, 0x7d, 0x08, 0x6e, 0xc0 };
	struct decoded decoded;

	ck_assert_int_eq(decode(vmovd_xmm0_eax, sizeof vmovd_xmm0_eax, 0, &decoded), DECODE_OK);
	ck_assert_int_eq(decoded.op, OP_NONE);
	ck_assert_int_eq(decoded.length, sizeof vmovd_xmm0_eax);
}
END_TEST

int main(void)
{
	TCase *remembered = tcase_create("remembered");

	tcase_add_test(remembered, test_code);
	tcase_add_test(remembered, test_random_bytes);
	tcase_add_test(remembered, test_truncated);
	tcase_add_test(remembered, test_evex);
	return run_suite("decode", remembered);
}
