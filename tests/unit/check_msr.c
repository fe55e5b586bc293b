/* The time MSRs, the pages that they place, and CPUID's time leaves. */
#include "tests/unit/clock_fixture.h"

START_TEST(msrs)
{
	struct tk_config config = icount(0);
	struct tk_stats stats;
	uint64_t value, id;
	int64_t deadline;

	config.vcpus = 2;
	config.guest_khz = 2400000;
	create(config);
	ck_assert_int_eq(tk_rdmsr(&tk, 2, 0, 0x10, &value), TK_EVCPU);
	ck_assert_int_eq(tk_rdmsr(&tk, 0, 0, 0x1234, &value), TK_EMSR);
	ck_assert_int_eq(tk_wrmsr(&tk, 0, 0, 0xce, 0), TK_EWRITE);
	ck_assert_int_eq(tk_wrmsr(&tk, 0, 0, 0xc0000103, UINT64_C(1) << 32), TK_EVALUE);
	ck_assert_int_eq(tk_rdmsr(&tk, 0, 0, 0xce, &value), TK_OK);
	ck_assert_uint_eq(value, 24 << 8);
	ck_assert_int_eq(tk_rdmsr(&tk, 1, 0, 0xc0000103, &value), TK_OK);
	ck_assert_uint_eq(value, 1);
	ck_assert_int_eq(tk_wrmsr(&tk, 1, 1000, 0xe7, 5), TK_OK);
	ck_assert_int_eq(tk_rdmsr(&tk, 1, 2000, 0xe7, &value), TK_OK);
	ck_assert_uint_eq(value, 2405);
	ck_assert_int_eq(tk_rdmsr(&tk, 1, 2000, 0xe8, &value), TK_OK);
	ck_assert_uint_eq(value, 4800);

	/* the deadline follows a write of the TSC, fires once, and reads 0 afterwards */
	ck_assert_int_eq(tk_wrmsr(&tk, 1, 2000, 0x6e0, 4801), TK_OK);
	ck_assert_int_eq(tk_next_deadline(&tk), 2001);
	ck_assert_int_eq(tk_wrmsr(&tk, 1, 2000, 0x10, 0), TK_OK);
	ck_assert_int_eq(tk_next_deadline(&tk), 4001);
	ck_assert(!tk_pop_expired(&tk, 4000, &id, &deadline));
	ck_assert(tk_pop_expired(&tk, 4001, &id, &deadline));
	ck_assert_uint_eq(id, TK_TIMER_TSC_DEADLINE(1));
	ck_assert_int_eq(tk_rdmsr(&tk, 1, 4001, 0x6e0, &value), TK_OK);
	ck_assert_uint_eq(value, 0);
	ck_assert_int_eq(tk_wrmsr(&tk, 1, 4001, 0x6e0, UINT64_MAX / 4), TK_OK);
	ck_assert_int_eq(tk_wrmsr(&tk, 1, 4001, 0x6e0, 0), TK_OK);
	ck_assert_int_eq(tk_next_deadline(&tk), TK_NEVER);
	stats = tk_stats(&tk);
	ck_assert_uint_eq(stats.backsteps, 0);
}
END_TEST

START_TEST(cpuid_agrees_with_the_frequency)
{
	struct tk_config config = icount(0);
	uint32_t regs[4] = { 0 };

	config.guest_khz = 2399999;
	config.traps &= ~TK_RDTSCP;
	create(config);
	ck_assert(tk_cpuid(&tk, 0x15, 0, regs));
	ck_assert_uint_eq(regs[0], 1);
	ck_assert_uint_eq((uint64_t)regs[2] * regs[1], UINT64_C(2399999000));
	ck_assert(tk_cpuid(&tk, 0x16, 0, regs));
	ck_assert_uint_eq(regs[0], 2400);
	ck_assert(tk_cpuid(&tk, 0x40000010, 0, regs));
	ck_assert_uint_eq(regs[0], 2399999);
	regs[3] = 0;
	ck_assert(tk_cpuid(&tk, 0x80000007, 0, regs));
	ck_assert_uint_eq(regs[3], 1 << 8);
	regs[3] = UINT32_MAX;
	ck_assert(tk_cpuid(&tk, 0x80000001, 0, regs));
	ck_assert_uint_eq(regs[3], ~(UINT32_C(1) << 27));
	regs[2] = UINT32_MAX;
	ck_assert(tk_cpuid(&tk, 7, 0, regs));
	ck_assert_uint_eq(regs[2], ~(UINT32_C(1) << 22));
	ck_assert(!tk_has_rdtscp(&tk));
	ck_assert(!tk_cpuid(&tk, 7, 1, regs));
	ck_assert(!tk_cpuid(&tk, 2, 0, regs));
}
END_TEST

START_TEST(pages_and_addresses)
{
	static const uint32_t addresses[] = { 0x11, 0x12, 0x4b564d00, 0x4b564d01 };
	struct tk_config config = icount(0);
	struct tk_pvclock page;
	struct tk_pvwall wall;
	uint64_t value, ns;

	config.vcpus = 2;
	config.epoch_ns = 5000000007;
	create(config);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(tk_wrmsr(&tk, 0, 0, addresses[i], 0x1000 * (i % 2 + 1)), TK_OK);
		ck_assert_int_eq(tk_rdmsr(&tk, 0, 0, addresses[i], &value), TK_OK);
		ck_assert_uint_eq(value, 0x1000 * (i % 2 + 1));
	}
	ck_assert_int_eq(tk_rdmsr(&tk, 1, 0, 0x12, &value), TK_OK);
	ck_assert_uint_eq(value, 0); /* one for each vCPU */
	tk_pvwall_refresh(&tk, 3, &wall);
	ck_assert_uint_eq(wall.sec, 5);
	ck_assert_uint_eq(wall.nsec, 7);
	ck_assert_uint_eq(wall.version, 2);
	tk_pvclock_refresh(&tk, 0, 100, &page);
	ck_assert_uint_eq(page.flags, 1);
	ck_assert(tk_pvclock_read(&page, tk_rdtsc(&tk, 0, 150), &ns));
	ck_assert_uint_eq(ns, 150);
	tk_wrmsr(&tk, 1, 150, 0x10, 7);
	tk_pvclock_refresh(&tk, 0, 200, &page);
	ck_assert_uint_eq(page.flags, 0); /* the TSCs no longer agree */
	page.version++;
	ck_assert(!tk_pvclock_read(&page, 200, &ns));
}
END_TEST

int main(void)
{
	TCase *tests = clock_case("msr");

	tcase_add_test(tests, msrs);
	tcase_add_test(tests, pages_and_addresses);
	tcase_add_test(tests, cpuid_agrees_with_the_frequency);
	return run_suite("msr", tests);
}
