/* RCP and RSQRT against exact arithmetic over every significand, and against the host's instruction at special values. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "emu/op/approximate.h"
#include "tests/unit/suite.h"

static float f32(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static uint32_t host_reciprocal(uint32_t x)
{
	uint32_t result;

	__asm__("movd %1, %%xmm0\n\trcpss %%xmm0, %%xmm0\n\tmovd %%xmm0, %0" : "=r"(result) : "r"(x) : "xmm0");
	return result;
}

static uint32_t host_reciprocal_root(uint32_t x)
{
	uint32_t result;

	__asm__("movd %1, %%xmm0\n\trsqrtss %%xmm0, %%xmm0\n\tmovd %%xmm0, %0" : "=r"(result) : "r"(x) : "xmm0");
	return result;
}

#define LARGEST_ERROR (1 / 8192.0) /* half a unit of the 12th fraction bit */

START_TEST(reciprocal_error)
{
	double worst = 0;

	for (uint32_t significand = 0; significand < 1u << 23; significand++) {
		uint32_t x = 127u << 23 | significand;
		double error = fabs((double)f32(approximate_reciprocal(x)) * f32(x) - 1);

		worst = error > worst ? error : worst;
	}
	ck_assert_double_le(worst, LARGEST_ERROR);
	ck_assert_double_gt(worst, LARGEST_ERROR / 2);
}
END_TEST

START_TEST(reciprocal_root_error)
{
	double worst = 0;

	for (uint32_t significand = 0; significand < 2u << 23; significand += 3) {
		uint32_t x = (127u << 23) + significand;
		double error = fabs((double)f32(approximate_reciprocal_root(x)) * sqrt(f32(x)) - 1);

		worst = error > worst ? error : worst;
	}
	ck_assert_double_le(worst, LARGEST_ERROR);
	ck_assert_double_gt(worst, LARGEST_ERROR / 2);
}
END_TEST

/* Every exponent, both signs: within twice the bound of the host's result, which has the same bound. */
START_TEST(exponents)
{
	const double bound = 2 * 1.5 / 4096;

	for (uint32_t high = 0; high < 512; high++) {
		uint32_t x = high << 23 | 0x2aaaab;
		uint32_t reciprocal = approximate_reciprocal(x), root = approximate_reciprocal_root(x);

		if ((high & 255) == 255 || (high & 255) == 0 || f32(host_reciprocal(x)) == 0)
			ck_assert_uint_eq(reciprocal, host_reciprocal(x));
		else
			ck_assert_double_le(fabs(f32(reciprocal) / (double)f32(host_reciprocal(x)) - 1), bound);
		if (high > 255 || high == 255 || high == 0)
			ck_assert_uint_eq(root, host_reciprocal_root(x));
		else
			ck_assert_double_le(fabs(f32(root) / (double)f32(host_reciprocal_root(x)) - 1), bound);
	}
}
END_TEST

START_TEST(special_values)
{
	static const uint32_t values[] = {
		0, 1, 0x7fffff, 0x7f800000, 0x7f800001, 0x7fa00000, 0x7fc00000, 0x7fffffff, /* zero, denormals, infinity, NaNs */
	};

	for (unsigned k = 0; k < 2 * sizeof(values) / sizeof(values[0]); k++) {
		uint32_t x = values[k / 2] | (k & 1) << 31;

		ck_assert_uint_eq(approximate_reciprocal(x), host_reciprocal(x));
		ck_assert_uint_eq(approximate_reciprocal_root(x), host_reciprocal_root(x));
	}
	ck_assert_uint_eq(approximate_reciprocal(0x3f800000), 0x3f800000);
	ck_assert_uint_eq(approximate_reciprocal(0xc0000000), 0xbf000000);
	ck_assert_uint_eq(approximate_reciprocal_root(0x40800000), 0x3f000000);
	/* 2^126 has the least normal reciprocal; beyond it results are tiny */
	ck_assert_uint_eq(approximate_reciprocal(0x7e800000), 0x00800000);
	ck_assert_uint_eq(approximate_reciprocal(0x7e800001), 0);
	ck_assert_uint_eq(approximate_reciprocal(0xff7fffff), 0x80000000);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("rcp and rsqrt");

	tcase_add_test(tests, reciprocal_error);
	tcase_add_test(tests, reciprocal_root_error);
	tcase_add_test(tests, exponents);
	tcase_add_test(tests, special_values);
	return run_suite("approximate", tests);
}
