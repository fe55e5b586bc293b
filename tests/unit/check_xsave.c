/* The guest's floating-point state in memory, compared with the host's own XSAVE and XRSTOR. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/model.h"
#include "emu/cpu/xsave.h"
#include "tests/unit/suite.h"

enum { ALL = XSAVE_X87 | XSAVE_SSE | XSAVE_YMM };

typedef struct xsave_area area_t __attribute__((aligned(64)));

static sigjmp_buf refused;

static void on_fault(int signal)
{
	siglongjmp(refused, signal);
}

static void host_defaults(void)
{
	uint32_t mxcsr = MXCSR_INIT;

	__asm__ volatile("fninit\n\tvzeroupper\n\tldmxcsr %0" : : "m"(mxcsr));
}

/* XRSTOR64 of `from`, then XSAVE64. Returns false if the host refuses `from`. The two are one statement, so that nothing comes between
 * them. */
static bool host_through(const struct xsave_area *from, struct xsave_area *to, uint32_t components)
{
	if (sigsetjmp(refused, 1)) {
		host_defaults();
		return false;
	}
	__asm__ volatile("xrstor64 %[from]\n\tmov %[all], %%eax\n\txsave64 %[to]\n\tfninit\n\tvzeroupper"
			 : [to] "+m"(*to), "+a"(components)
			 : [from] "m"(*from), [all] "i"(ALL), "d"(0)
			 : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
			 "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)");
	host_defaults();
	return true;
}

/* A state with something in every field, without pending exceptions. */
static void fill(struct cpu *cpu, unsigned seed)
{
	uint8_t *bytes = (uint8_t *)cpu->v;

	srand(seed);
	memset(cpu, 0, sizeof(*cpu));
	cpu->model = cpu_model_find("x86-64-v3");
	for (size_t k = 0; k < sizeof(cpu->v); k++)
		bytes[k] = (uint8_t)rand();
	for (int k = 0; k < 8; k++) {
		cpu->x87.r[k].mantissa = 1ULL << 63 | (uint64_t)rand();
		cpu->x87.r[k].exponent = (uint16_t)rand();
	}
	cpu->mxcsr = MXCSR_INIT | ((uint32_t)rand() & 0xe07f);
	cpu->x87.control = 0x37f & ~(((unsigned)rand() & 3) << 8); /* precision */
	cpu->x87.status = (uint16_t)(rand() & 0x473f);
	cpu->x87.top = (uint8_t)(rand() & 7);
	cpu->x87.valid = (uint8_t)rand();
	cpu->x87.opcode = (uint16_t)(rand() & 0x7ff);
	cpu->x87.ip = 0x400000001000 + (unsigned)rand();
	cpu->x87.dp = 0x400000001000 + (unsigned)rand();
}

static void assert_same_data(const struct xsave_area *a, const struct xsave_area *b)
{
	ck_assert_uint_eq(a->fcw, b->fcw);
	ck_assert_uint_eq(a->fsw, b->fsw);
	ck_assert_uint_eq(a->ftw, b->ftw);
	ck_assert_uint_eq(a->mxcsr, b->mxcsr);
	ck_assert_mem_eq(a->st, b->st, sizeof(a->st));
	ck_assert_mem_eq(a->xmm, b->xmm, sizeof(a->xmm));
	ck_assert_mem_eq(a->ymm_high, b->ymm_high, sizeof(a->ymm_high));
}

START_TEST(host_reads_ours)
{
	static struct cpu cpu;
	area_t ours = { 0 }, host = { 0 };

	fill(&cpu, (unsigned)_i);
	xsave(&cpu, &ours, ALL, true);
	ck_assert_uint_eq(ours.xstate_bv, ALL);
	ck_assert(host_through(&ours, &host, ALL));
	assert_same_data(&ours, &host);
}
END_TEST

START_TEST(we_read_the_host)
{
	static struct cpu cpu, other;
	area_t ours = { 0 }, host = { 0 }, again = { 0 };

	fill(&cpu, (unsigned)_i);
	xsave(&cpu, &ours, ALL, true);
	ck_assert(host_through(&ours, &host, ALL));
	fill(&other, (unsigned)_i + 1000);
	ck_assert(xrstor(&other, &host, ALL, true));
	xsave(&other, &again, ALL, true);
	assert_same_data(&host, &again);
}
END_TEST

/* Reserved bits of FCW, and ES and B of FSW, are the CPU's to set. */
START_TEST(x87_words)
{
	static struct cpu cpu;
	area_t image = { 0 }, ours = { 0 }, host = { 0 };

	fill(&cpu, 1);
	xsave(&cpu, &image, ALL, true);
	for (unsigned k = 0; k < 16; k++) {
		image.fcw = (uint16_t)(1u << k | (_i & 0x3f));
		image.fsw = (uint16_t)(0xffff >> (_i / 64 + k));
		ck_assert(host_through(&image, &host, ALL));
		ck_assert(xrstor(&cpu, &image, ALL, true));
		xsave(&cpu, &ours, ALL, true);
		ck_assert_uint_eq(ours.fcw, host.fcw);
		ck_assert_uint_eq(ours.fsw, host.fsw);
	}
}
END_TEST

/* Requested components that the area lacks go to their initial state, others stay: every combination of both, in both
 * forms. The host starts from our defaults, so an untouched component is compared only where it is requested. */
START_TEST(partial_restore)
{
	static struct cpu cpu;
	area_t image = { 0 }, ours = { 0 }, host = { 0 };
	uint64_t requested = _i & 7, present = _i >> 3 & 7;

	fill(&cpu, 1);
	xsave(&cpu, &image, ALL, true);
	image.xstate_bv = present;
	if (_i >> 6)
		image.xcomp_bv = ALL | XSAVE_COMPACTED;
	fill(&cpu, 2);
	cpu.mxcsr = MXCSR_INIT;
	ck_assert(host_through(&image, &host, (uint32_t)requested));
	ck_assert(xrstor(&cpu, &image, requested, true));
	xsave(&cpu, &ours, ALL, true);
	ck_assert_uint_eq(ours.mxcsr, host.mxcsr);
	if (requested & XSAVE_X87) {
		ck_assert_uint_eq(ours.fcw, host.fcw);
		ck_assert_uint_eq(ours.ftw, host.ftw);
		ck_assert_mem_eq(ours.st, host.st, sizeof(ours.st));
	}
	if (requested & XSAVE_SSE)
		ck_assert_mem_eq(ours.xmm, host.xmm, sizeof(ours.xmm));
	if (requested & XSAVE_YMM)
		ck_assert_mem_eq(ours.ymm_high, host.ymm_high, sizeof(ours.ymm_high));
	ours.xstate_bv = 0;
	fill(&cpu, 2);
	xsave(&cpu, &host, ALL, true);
	cpu.mxcsr = MXCSR_INIT;
	ck_assert(xrstor(&cpu, &image, requested, true));
	xsave(&cpu, &ours, ALL, true);
	if (!(requested & XSAVE_X87))
		ck_assert_mem_eq(&ours, &host, offsetof(struct xsave_area, mxcsr));
	if (!(requested & XSAVE_SSE))
		ck_assert_mem_eq(ours.xmm, host.xmm, sizeof(ours.xmm));
	if (!(requested & XSAVE_YMM))
		ck_assert_mem_eq(ours.ymm_high, host.ymm_high, sizeof(ours.ymm_high));
}
END_TEST

/* We refuse what the host refuses, and then change nothing. */
START_TEST(refusals)
{
	static const struct {
		uint64_t xstate_bv, xcomp_bv, reserved0, reserved1;
		uint32_t mxcsr, components;
	} headers[] = {
		{ .xstate_bv = ALL, .mxcsr = MXCSR_INIT, .components = ALL },
		{ .xstate_bv = 1ULL << 62, .mxcsr = MXCSR_INIT, .components = ALL },
		{ .xstate_bv = ALL | 1ULL << 40, .mxcsr = MXCSR_INIT, .components = XSAVE_X87 },
		{ .xstate_bv = ALL, .xcomp_bv = ALL, .mxcsr = MXCSR_INIT, .components = ALL },
		{ .xstate_bv = ALL, .reserved0 = 1, .mxcsr = MXCSR_INIT, .components = ALL },
		{ .xstate_bv = ALL, .reserved1 = 1, .mxcsr = MXCSR_INIT, .components = ALL },
		{ .xstate_bv = ALL, .mxcsr = 1u << 31, .components = ALL },
		{ .xstate_bv = ALL, .mxcsr = 1u << 31, .components = XSAVE_YMM },
		{ .xstate_bv = 0, .mxcsr = 1u << 31, .components = XSAVE_SSE },
		{ .xstate_bv = ALL, .mxcsr = 1u << 31, .components = XSAVE_X87 },
		{ .xstate_bv = ALL, .xcomp_bv = ALL | XSAVE_COMPACTED, .mxcsr = MXCSR_INIT, .components = ALL },
		{ .xstate_bv = ALL, .xcomp_bv = 3 | XSAVE_COMPACTED, .mxcsr = MXCSR_INIT, .components = ALL },
		{ .xstate_bv = ALL, .xcomp_bv = ALL | 1ULL << 40 | XSAVE_COMPACTED, .mxcsr = MXCSR_INIT, .components = ALL },
		{ .xstate_bv = ALL, .xcomp_bv = ALL | XSAVE_COMPACTED, .reserved1 = 1, .mxcsr = MXCSR_INIT, .components = ALL },
		{ .xstate_bv = ALL, .xcomp_bv = ALL | XSAVE_COMPACTED, .mxcsr = 1u << 31, .components = XSAVE_SSE },
		{ .xstate_bv = ALL, .xcomp_bv = ALL | XSAVE_COMPACTED, .mxcsr = 1u << 31, .components = XSAVE_YMM },
		{ .xstate_bv = XSAVE_YMM, .xcomp_bv = ALL | XSAVE_COMPACTED, .mxcsr = 1u << 31, .components = ALL },
	};
	static struct cpu cpu, before;
	area_t image = { 0 }, host = { 0 };
	bool host_takes, we_take;

	ck_assert_int_lt(_i, (int)(sizeof(headers) / sizeof(*headers)));
	fill(&cpu, 3);
	xsave(&cpu, &image, ALL, true);
	image.xstate_bv = headers[_i].xstate_bv;
	image.xcomp_bv = headers[_i].xcomp_bv;
	image.reserved2[0] = headers[_i].reserved0;
	image.reserved2[1] = headers[_i].reserved1;
	image.mxcsr = headers[_i].mxcsr;
	signal(SIGSEGV, on_fault);
	host_takes = host_through(&image, &host, headers[_i].components);
	fill(&cpu, 4);
	before = cpu;
	we_take = xrstor(&cpu, &image, headers[_i].components, true);
	ck_assert_int_eq(we_take, host_takes);
	if (!we_take)
		ck_assert_mem_eq(&cpu, &before, sizeof(cpu));
}
END_TEST

/* The narrow forms hold 32 bits of the pointers, and write nothing after the fields. */
START_TEST(fxsave_image)
{
	static struct cpu cpu, other;
	area_t wide, narrow;

	memset(&wide, 0xa5, sizeof(wide));
	memset(&narrow, 0xa5, sizeof(narrow));
	fill(&cpu, 5);
	fxsave(&cpu, &wide, true);
	fxsave(&cpu, &narrow, false);
	ck_assert_uint_eq(wide.fip, cpu.x87.ip);
	ck_assert_uint_eq(narrow.fip, (uint32_t)cpu.x87.ip);
	ck_assert_uint_eq(narrow.fdp, (uint32_t)cpu.x87.dp);
	for (const uint8_t *at = wide.reserved1; at < (uint8_t *)(&wide + 1); at++)
		ck_assert_uint_eq(*at, 0xa5);
	fill(&other, 6);
	ck_assert(fxrstor(&other, &wide, true));
	ck_assert_mem_eq(&other.x87, &cpu.x87, sizeof(cpu.x87));
	ck_assert_uint_eq(other.mxcsr, cpu.mxcsr);
	for (int k = 0; k < 16; k++) {
		ck_assert_mem_eq(&other.v[k].u64[0], &cpu.v[k].u64[0], 16);
		ck_assert_mem_ne(&other.v[k].u64[2], &cpu.v[k].u64[2], 16);
	}
	wide.mxcsr |= 1u << 16;
	ck_assert(!fxrstor(&other, &wide, true));
}
END_TEST

START_TEST(in_use)
{
	static struct cpu cpu;

	cpu.model = cpu_model_find("x86-64-v3");
	cpu.mxcsr = MXCSR_INIT;
	xsave_init(&cpu, ALL);
	ck_assert_uint_eq(xsave_in_use(&cpu), 0);
	cpu.mxcsr |= 1;
	ck_assert_uint_eq(xsave_in_use(&cpu), XSAVE_SSE);
	cpu.mxcsr = MXCSR_INIT;
	cpu.v[15].u8[31] = 1;
	ck_assert_uint_eq(xsave_in_use(&cpu), XSAVE_YMM);
	cpu.x87.top = 1;
	ck_assert_uint_eq(xsave_in_use(&cpu), XSAVE_X87 | XSAVE_YMM);
	cpu.model = cpu_model_find("x86-64");
	ck_assert_uint_eq(xsave_components(&cpu), XSAVE_X87 | XSAVE_SSE);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("image");

	tcase_add_test(tests, fxsave_image);
	tcase_add_test(tests, in_use);
	if (cpu_model_missing_on_host(cpu_model_find("x86-64-v3"))) {
		puts("this host has no AVX: nothing compared with it");
	} else {
		tcase_add_loop_test(tests, host_reads_ours, 0, 32);
		tcase_add_loop_test(tests, we_read_the_host, 0, 32);
		tcase_add_loop_test(tests, x87_words, 0, 192);
		tcase_add_loop_test(tests, partial_restore, 0, 128);
		tcase_add_loop_test(tests, refusals, 0, 17);
	}
	return run_suite("xsave", tests);
}
