/* The guest puts its pvclock pages where it likes, by WRMSR (--msr=allow) and by /dev/cpu/N/msr, as a kernel does under KVM.
 * usage: pvmsr VCPUS */
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "pvpage.h"

enum { WALL_OLD = 0x11, SYSTEM_OLD = 0x12, WALL = 0x4b564d00, SYSTEM = 0x4b564d01 };

static volatile struct page pages[64];
static volatile struct {
	uint32_t version, sec, nsec;
} wall;

static void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr) : "memory");
}

static void follows(const volatile struct page *page, const char *what)
{
	int64_t before = clock_ns(CLOCK_MONOTONIC), ns = page_ns(page), after = clock_ns(CLOCK_MONOTONIC);
	uint32_t version = page->version;

	CHECK(version && version % 2 == 0, "%s: version %u", what, version);
	CHECK(before - 2 <= ns && ns <= after + 2, "%s: %ld, page %ld, %ld", what, before, ns, after);
	usleep(100);
	CHECK(page->version != version, "%s: not refreshed", what);
}

static void stands_still(const volatile struct page *page, const char *what)
{
	uint32_t version = page->version;

	usleep(100);
	CHECK(page->version == version, "%s: written", what);
}

static void by_instruction(uint32_t msr)
{
	wrmsr(msr, (uint64_t)&pages[0] | 1);
	CHECK(rdmsr(msr) == ((uint64_t)&pages[0] | 1), "%lx", rdmsr(msr));
	follows(&pages[0], "the first page");
	wrmsr(0x10, 1000000000000);
	follows(&pages[0], "after a write of the TSC");
	wrmsr(msr, (uint64_t)&pages[1] | 1);
	follows(&pages[1], "another page");
	stands_still(&pages[0], "the first page is done with");
	wrmsr(msr, 0);
	stands_still(&pages[1], "turned off");
	wrmsr(msr, 17);           /* nothing is there */
	wrmsr(msr, ~UINT64_C(0)); /* nor can be */
	usleep(100);
	wrmsr(msr, 0);
}

static void wall_clock(uint32_t msr)
{
	int64_t booted;

	wall.version = wall.sec = 0;
	wrmsr(msr, (uint64_t)&wall);
	booted = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	CHECK(wall.version && wall.version % 2 == 0, "version %u", wall.version);
	CHECK(llabs(wall.sec * NS_PER_S + wall.nsec - booted) < 1000000, "%u.%09u s, %ld ns", wall.sec, wall.nsec, booted);
}

static void by_device(int vcpus)
{
	for (int vcpu = 0; vcpu < vcpus; vcpu++) {
		uint64_t value = (uint64_t)&pages[vcpu] | 1;
		cpu_set_t set;
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/dev/cpu/%d/msr", vcpu);
		fd = open(path, O_RDWR);
		CHECK(pwrite(fd, &value, 8, SYSTEM) == 8, "vCPU %d", vcpu);
		close(fd);
		CPU_ZERO(&set);
		CPU_SET(vcpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
		follows(&pages[vcpu], path);
	}
}

/* Each process has its own memory, and so its own pages; a new program has none. */
static void children(const char *self, const volatile struct page *page)
{
	int status;

	if (fork() == 0) {
		follows(page, "a child's copy");
		exit(check_result());
	}
	wait(&status);
	CHECK(status == 0, "status %x", status);
	follows(page, "the parent's");
	if (fork() == 0) {
		execl(self, self, "0", NULL);
		exit(127);
	}
	wait(&status);
	CHECK(status == 0, "status %x", status);
}

static void new_program(void)
{
	stands_still(&pages[0], "a new program's memory");
	CHECK(rdmsr(SYSTEM) == 0, "%lx", rdmsr(SYSTEM));
}

int main(int argc, char **argv)
{
	int vcpus = argc > 1 ? atoi(argv[1]) : 1;

	if (vcpus == 0) {
		new_program();
		return check_result();
	}
	by_instruction(SYSTEM);
	by_instruction(SYSTEM_OLD);
	wall_clock(WALL);
	wall_clock(WALL_OLD);
	by_device(vcpus);
	children(argv[0], &pages[vcpus - 1]);
	return check_result();
}
