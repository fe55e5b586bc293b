/* CPUID: the psABI's levels, agreement of the leaves with each other, and the fall-back for unknown leaves. */
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/model.h"
#include "emu/cpu/xsave.h"
#include "emu/op/form.h"
#include "tests/unit/suite.h"

static const struct cpuid_context plain = { .vcpu = 0, .vcpus = 1, .tsc_khz = 1000000, .tsc_invariant = true };

static const char *const level_names[] = { "x86-64", "x86-64-v2", "x86-64-v3" };

static struct cpuid_result leaf_of(const char *model, uint32_t leaf, uint32_t subleaf)
{
	return cpu_model_cpuid(cpu_model_find(model), &plain, leaf, subleaf);
}

/* Bits of the x86-64 psABI, table 3.1, by level; what a level has, the next has too. */
enum {
	LEVEL1_EDX = 1 << 0 | 1 << 8 | 1 << 15 | 1 << 23 | 1 << 24 | 1 << 25 | 1 << 26, /* FPU CX8 CMOV MMX FXSR SSE SSE2 */
	LEVEL2_ECX = 1 << 0 | 1 << 9 | 1 << 13 | 1 << 19 | 1 << 20 | 1 << 23,           /* SSE3 SSSE3 CX16 SSE4.1 SSE4.2 POPCNT */
	LEVEL3_ECX = 1 << 12 | 1 << 22 | 1 << 27 | 1 << 28 | 1 << 29,                   /* FMA MOVBE OSXSAVE AVX F16C */
	LEVEL3_EBX7 = 1 << 3 | 1 << 5 | 1 << 8,                                         /* BMI1 AVX2 BMI2 */
	LAHF = 1 << 0,
	LZCNT = 1 << 5,    /* 80000001H ECX */
	SYSCALL = 1 << 11, /* 80000001H EDX */
};

START_TEST(levels)
{
	struct cpuid_result one = leaf_of(level_names[_i], 1, 0), seven = leaf_of(level_names[_i], 7, 0);
	struct cpuid_result extended = leaf_of(level_names[_i], 0x80000001, 0);

	ck_assert_uint_eq(one.edx & LEVEL1_EDX, LEVEL1_EDX);
	ck_assert_uint_eq(extended.edx & SYSCALL, SYSCALL);
	ck_assert_uint_eq(one.ecx & LEVEL2_ECX, _i >= 1 ? LEVEL2_ECX : 0);
	ck_assert_uint_eq(extended.ecx & LAHF, _i >= 1 ? LAHF : 0);
	ck_assert_uint_eq(one.ecx & LEVEL3_ECX, _i >= 2 ? LEVEL3_ECX : 0);
	ck_assert_uint_eq(seven.ebx & LEVEL3_EBX7, _i >= 2 ? LEVEL3_EBX7 : 0);
	ck_assert_uint_eq(extended.ecx & LZCNT, _i >= 2 ? LZCNT : 0);
}
END_TEST

/* RDRAND and RDSEED would break repetition; the host has them, the guest must not. */
START_TEST(no_random_instructions)
{
	enum { RDRAND = 1 << 30, RDSEED = 1 << 18 };

	ck_assert_uint_eq(leaf_of("x86-64-v3", 1, 0).ecx & RDRAND, 0);
	ck_assert_uint_eq(leaf_of("x86-64-v3", 7, 0).ebx & RDSEED, 0);
}
END_TEST

START_TEST(names)
{
	char text[64], small[8];
	struct cpuid_result zero = leaf_of("x86-64-v3", 0, 0);

	ck_assert_ptr_null(cpu_model_find("x86-64-v9"));
	cpu_model_names(text, sizeof(text));
	ck_assert_str_eq(text, "x86-64, x86-64-v2, x86-64-v3");
	cpu_model_names(small, sizeof(small));
	ck_assert_str_eq(small, "x86-64,");
	memcpy(text, &zero.ebx, 4);
	memcpy(text + 4, &zero.edx, 4);
	memcpy(text + 8, &zero.ecx, 4);
	ck_assert_mem_eq(text, "GenuineIntel", 12);
	for (unsigned k = 0; k < 3; k++) {
		struct cpuid_result part = leaf_of("x86-64", 0x80000002 + k, 0);

		memcpy(text + k * sizeof(part), &part, sizeof(part));
	}
	ck_assert_str_eq(text, "tick86 virtual CPU");
}
END_TEST

/* Every way to learn the TSC's frequency gives the same one, up to 4.29 GHz. */
START_TEST(frequencies)
{
	static const uint64_t khz[] = { 1, 1000, 999999, 1000000, 2595123, 2600000, 4294967 };
	struct cpuid_context context = { .vcpus = 1, .tsc_khz = khz[_i] };
	const struct cpu_model *model = cpu_model_find("x86-64-v3");
	struct cpuid_result ratio = cpu_model_cpuid(model, &context, 0x15, 0);
	struct cpuid_result timing = cpu_model_cpuid(model, &context, 0x40000010, 0);

	ck_assert_uint_eq(ratio.eax, 1);
	ck_assert_uint_eq((uint64_t)ratio.ecx * ratio.ebx / ratio.eax, khz[_i] * 1000);
	ck_assert_uint_eq(timing.eax, khz[_i]);
	ck_assert_uint_eq(cpu_model_cpuid(model, &context, 0x16, 0).eax, khz[_i] / 1000);
	ck_assert_uint_eq(cpu_model_cpuid(model, &context, 0x40000000, 0).eax, 0x40000010);
}
END_TEST

START_TEST(conditions)
{
	enum { INVARIANT = 1 << 8, RDTSCP = 1 << 27, RDPID = 1 << 22, HTT = 1 << 28 };
	const struct cpu_model *model = cpu_model_find("x86-64-v3");
	struct cpuid_context context = { .vcpus = 1, .tsc_khz = 1000000, .rdtscp_disabled = true };

	ck_assert_uint_eq(leaf_of("x86-64", 0x80000007, 0).edx, INVARIANT);
	ck_assert_uint_eq(leaf_of("x86-64", 0x80000001, 0).edx & RDTSCP, RDTSCP);
	ck_assert_uint_eq(leaf_of("x86-64-v3", 7, 0).ecx & RDPID, RDPID);
	ck_assert_uint_eq(cpu_model_cpuid(model, &context, 0x80000007, 0).edx, 0);
	ck_assert_uint_eq(cpu_model_cpuid(model, &context, 0x80000001, 0).edx & RDTSCP, 0);
	ck_assert_uint_eq(cpu_model_cpuid(model, &context, 7, 0).ecx & RDPID, 0);
	ck_assert_uint_eq(cpu_model_cpuid(model, &context, 1, 0).edx & HTT, 0);
	context.vcpus = 2;
	ck_assert_uint_eq(cpu_model_cpuid(model, &context, 1, 0).edx & HTT, HTT);
}
END_TEST

/* The initial APIC id, the x2APIC id and the width of the ids agree. */
START_TEST(topology)
{
	static const struct {
		unsigned vcpus, bits;
	} machines[] = { { 1, 0 }, { 2, 1 }, { 3, 2 }, { 4, 2 }, { 5, 3 } };
	const struct cpu_model *model = cpu_model_find("x86-64-v3");
	unsigned last = machines[_i].vcpus - 1;
	struct cpuid_context context = { .vcpu = last, .vcpus = machines[_i].vcpus, .tsc_khz = 1000000 };
	struct cpuid_result threads = cpu_model_cpuid(model, &context, 0xb, 0);
	struct cpuid_result cores = cpu_model_cpuid(model, &context, 0xb, 1);

	ck_assert_uint_eq(cpu_model_cpuid(model, &context, 1, 0).ebx >> 24, last);
	ck_assert_uint_eq(threads.edx, last);
	ck_assert_uint_eq(threads.eax, 0);
	ck_assert_uint_eq(threads.ecx, 0x100);
	ck_assert_uint_eq(cores.eax, machines[_i].bits);
	ck_assert_uint_eq(cores.ebx, machines[_i].vcpus);
	ck_assert_uint_eq(cores.ecx, 0x201);
	ck_assert_uint_eq(cpu_model_cpuid(model, &context, 0xb, 2).ebx, 0);
	ck_assert_uint_eq(cpu_model_cpuid(model, &context, 4, 3).eax >> 14 & 0xfff, (1u << machines[_i].bits) - 1);
}
END_TEST

START_TEST(caches)
{
	static const unsigned kib[] = { 32, 32, 1024, 8192 };

	for (unsigned k = 0; k < 4; k++) {
		struct cpuid_result cache = leaf_of("x86-64", 4, k);
		unsigned ways = (cache.ebx >> 22) + 1, partitions = (cache.ebx >> 12 & 0x3ff) + 1;
		unsigned line = (cache.ebx & 0xfff) + 1;

		ck_assert_uint_eq(ways * partitions * line * (cache.ecx + 1), kib[k] << 10);
	}
	ck_assert_uint_eq(leaf_of("x86-64", 4, 4).eax, 0);
	ck_assert_uint_eq(leaf_of("x86-64", 0x80000006, 0).ecx >> 16, kib[2]);
}
END_TEST

START_TEST(xsave_layout)
{
	struct cpuid_result ymm = leaf_of("x86-64-v3", 0xd, 2);

	ck_assert_uint_eq(leaf_of("x86-64-v3", 0xd, 0).eax, XSAVE_X87 | XSAVE_SSE | XSAVE_YMM);
	ck_assert_uint_eq(leaf_of("x86-64-v3", 0xd, 0).ebx, XSAVE_SIZE);
	ck_assert_uint_eq(leaf_of("x86-64-v3", 0xd, 1).ebx, XSAVE_SIZE);
	ck_assert_uint_eq(ymm.ebx, offsetof(struct xsave_area, ymm_high));
	ck_assert_uint_eq(ymm.eax, sizeof((struct xsave_area *)0)->ymm_high);
	ck_assert_uint_eq(leaf_of("x86-64-v2", 0xd, 0).eax, 0);
}
END_TEST

/* SDM vol. 2, CPUID: leaves after the last one have the data of the highest basic leaf. */
START_TEST(out_of_range)
{
	static const uint32_t leaves[] = { 0x17, 0x1fffffff, 0x40000011, 0x7fffffff, 0x80000009, 0xffffffff };
	struct cpuid_result last = leaf_of("x86-64-v3", leaf_of("x86-64-v3", 0, 0).eax, 0);
	struct cpuid_result beyond = leaf_of("x86-64-v3", leaves[_i], 0);

	ck_assert_uint_eq(last.eax, 1000);
	ck_assert_mem_eq(&beyond, &last, sizeof(last));
}
END_TEST

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += length) {
		if ((at == text || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	}
	return false;
}

START_TEST(flags_line)
{
	char text[1024], small[9];
	size_t length = cpu_model_flags(cpu_model_find("x86-64-v3"), &plain, text, sizeof(text));

	ck_assert_uint_eq(length, strlen(text));
	ck_assert(has_word(text, "fpu") && has_word(text, "avx2") && has_word(text, "bmi1") && has_word(text, "nonstop_tsc"));
	ck_assert(!has_word(text, "rdrand") && !has_word(text, "ht"));
	ck_assert_uint_eq(cpu_model_flags(cpu_model_find("x86-64-v3"), &plain, small, sizeof(small)), length);
	ck_assert_str_eq(small, "fpu de p");
	cpu_model_flags(cpu_model_find("x86-64"), &plain, text, sizeof(text));
	ck_assert(has_word(text, "sse2") && !has_word(text, "pni") && !has_word(text, "avx"));
}
END_TEST

static const struct {
	const char *feature;
	uint8_t code[12];
} instructions[] = {
	{ "tsc", { 0x0f, 0x31 } },                               /* rdtsc */
	{ "cx8", { 0x0f, 0xc7, 0x08 } },                         /* cmpxchg8b [rax] */
	{ "cmov", { 0x0f, 0x44, 0xc1 } },                        /* cmovz eax, ecx */
	{ "clflush", { 0x0f, 0xae, 0x38 } },                     /* clflush [rax] */
	{ "fxsr", { 0x0f, 0xae, 0x00 } },                        /* fxsave [rax] */
	{ "sse", { 0x0f, 0x58, 0xc1 } },                         /* addps xmm0, xmm1 */
	{ "sse2", { 0x66, 0x0f, 0xfe, 0xc1 } },                  /* paddd xmm0, xmm1 */
	{ "syscall", { 0x0f, 0x05 } },                           /* syscall */
	{ "rdtscp", { 0x0f, 0x01, 0xf9 } },                      /* rdtscp */
	{ "pni", { 0xf2, 0x0f, 0x7c, 0xc1 } },                   /* haddps xmm0, xmm1 */
	{ "pclmulqdq", { 0x66, 0x0f, 0x3a, 0x44, 0xc1, 0x00 } }, /* pclmulqdq xmm0, xmm1, 0 */
	{ "ssse3", { 0x66, 0x0f, 0x38, 0x00, 0xc1 } },           /* pshufb xmm0, xmm1 */
	{ "fma", { 0xc4, 0xe2, 0xf1, 0xb9, 0xc2 } },             /* vfmadd231sd xmm0, xmm1, xmm2 */
	{ "cx16", { 0x48, 0x0f, 0xc7, 0x08 } },                  /* cmpxchg16b [rax] */
	{ "sse4_1", { 0x66, 0x0f, 0x3a, 0x08, 0xc1, 0x00 } },    /* roundps xmm0, xmm1, 0 */
	{ "sse4_2", { 0xf2, 0x0f, 0x38, 0xf1, 0xc1 } },          /* crc32 eax, ecx */
	{ "sse4_2", { 0x66, 0x0f, 0x3a, 0x63, 0xc1, 0x00 } },    /* pcmpistri xmm0, xmm1, 0 */
	{ "movbe", { 0x0f, 0x38, 0xf0, 0x00 } },                 /* movbe eax, [rax] */
	{ "popcnt", { 0xf3, 0x0f, 0xb8, 0xc1 } },                /* popcnt eax, ecx */
	{ "aes", { 0x66, 0x0f, 0x38, 0xdc, 0xc1 } },             /* aesenc xmm0, xmm1 */
	{ "xsave", { 0x0f, 0xae, 0x20 } },                       /* xsave [rax] */
	{ "xsave", { 0x0f, 0x01, 0xd0 } },                       /* xgetbv */
	{ "avx", { 0xc5, 0xf4, 0x58, 0xc2 } },                   /* vaddps ymm0, ymm1, ymm2 */
	{ "f16c", { 0xc4, 0xe2, 0x7d, 0x13, 0xc1 } },            /* vcvtph2ps ymm0, xmm1 */
	{ "lahf_lm", { 0x9f } },                                 /* lahf */
	{ "abm", { 0xf3, 0x0f, 0xbd, 0xc1 } },                   /* lzcnt eax, ecx */
	{ "fsgsbase", { 0xf3, 0x0f, 0xae, 0xc0 } },              /* rdfsbase eax */
	{ "bmi1", { 0xc4, 0xe2, 0x70, 0xf2, 0xc2 } },            /* andn eax, ecx, edx */
	{ "avx2", { 0xc5, 0xf5, 0xfe, 0xc2 } },                  /* vpaddd ymm0, ymm1, ymm2 */
	{ "bmi2", { 0xc4, 0xe2, 0x73, 0xf5, 0xc2 } },            /* pdep eax, ecx, edx */
	{ "xsaveopt", { 0x0f, 0xae, 0x30 } },                    /* xsaveopt [rax] */
	{ "xsavec", { 0x0f, 0xc7, 0x20 } },                      /* xsavec [rax] */
	{ "rdpid", { 0xf3, 0x0f, 0xc7, 0xf8 } },                 /* rdpid rax */
};

/* The emulator has a form for an instruction of each feature that CPUID reports. */
START_TEST(features_have_forms)
{
	struct form_index *index = form_index_create();
	char flags[1024];

	cpu_model_flags(cpu_model_find("x86-64-v3"), &plain, flags, sizeof(flags));
	for (unsigned k = 0; k < sizeof(instructions) / sizeof(instructions[0]); k++) {
		struct decoded decoded;

		ck_assert_msg(has_word(flags, instructions[k].feature), "%s", instructions[k].feature);
		ck_assert_int_eq(decode(instructions[k].code, sizeof(instructions[k].code), 0, &decoded), DECODE_OK);
		ck_assert_msg(form_find(index, &decoded) != NULL, "%s", instructions[k].feature);
	}
	form_index_destroy(index);
}
END_TEST

/* Instructions that CPUID does not report are undefined. */
START_TEST(undefined_without_feature)
{
	static const uint8_t in_no_model[][12] = {
		{ 0x0f, 0xc7, 0xf0 },             /* rdrand eax */
		{ 0x0f, 0xc7, 0xf8 },             /* rdseed eax */
		{ 0x0f, 0x38, 0xc8, 0xc1 },       /* sha1nexte xmm0, xmm1 */
		{ 0x66, 0x0f, 0x38, 0xcf, 0xc1 }, /* gf2p8mulb xmm0, xmm1 */
		{ 0x66, 0x0f, 0xae, 0x38 },       /* clflushopt [rax] */
		{ 0x66, 0x0f, 0x38, 0xf6, 0xc1 }, /* adcx eax, ecx */
	};
	const struct cpu_model *model = cpu_model_find(level_names[_i]);
	struct decoded decoded;
	char flags[1024];

	cpu_model_flags(model, &plain, flags, sizeof(flags));
	for (unsigned k = 0; k < sizeof(instructions) / sizeof(instructions[0]); k++) {
		ck_assert_int_eq(decode(instructions[k].code, sizeof(instructions[k].code), 0, &decoded), DECODE_OK);
		ck_assert_msg(cpu_model_has(model, decoded.isa) == has_word(flags, instructions[k].feature), "%s", instructions[k].feature);
	}
	for (unsigned k = 0; k < sizeof(in_no_model) / sizeof(in_no_model[0]); k++) {
		ck_assert_int_eq(decode(in_no_model[k], sizeof(in_no_model[k]), 0, &decoded), DECODE_OK);
		ck_assert_msg(!cpu_model_has(model, decoded.isa), "%s", op_name(decoded.op));
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("cpuid");

	tcase_add_loop_test(tests, levels, 0, 3);
	tcase_add_test(tests, no_random_instructions);
	tcase_add_test(tests, names);
	tcase_add_loop_test(tests, frequencies, 0, 7);
	tcase_add_test(tests, conditions);
	tcase_add_loop_test(tests, topology, 0, 5);
	tcase_add_test(tests, caches);
	tcase_add_test(tests, xsave_layout);
	tcase_add_loop_test(tests, out_of_range, 0, 6);
	tcase_add_test(tests, flags_line);
	tcase_add_test(tests, features_have_forms);
	tcase_add_loop_test(tests, undefined_without_feature, 0, 3);
	return run_suite("model", tests);
}
