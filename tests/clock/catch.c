/* Programs that try to catch a virtual clock out, as found in the wild. usage: catch TRICK [NUMBER...] */
#include <errno.h>
#include <fcntl.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "check.h"

static uint64_t rdtscp(uint32_t *aux)
{
	uint32_t low, high;

	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(*aux));
	return (uint64_t)high << 32 | low;
}

static void move_to(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == 0, "vCPU %u", cpu);
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* al-khaser: CPUID traps to a hypervisor, which shows in the TSC around it. LIMIT: in ticks */
static void cpuid_time(uint64_t limit)
{
	for (int k = 0; k < 10; k++) {
		uint32_t a = 1, b, c = 0, d;
		uint64_t before = rdtsc();

		__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
		CHECK(rdtsc() - before < limit, "round %d", k);
	}
}

/* TSC, CLOCK_MONOTONIC and the system call tell one time over any interval: within a tick, and the time between the reads. */
static void law(uint64_t khz, uint64_t slack_ns)
{
	int64_t ns = clock_ns(CLOCK_MONOTONIC);
	uint64_t tsc = rdtsc();

	for (int k = 1; k <= 300; k++) {
		int64_t passed;
		uint64_t ticks;

		for (volatile int work = 0; work < k * 37; work++)
			;
		if (k % 50 == 0)
			usleep(3000);
		passed = clock_ns(CLOCK_MONOTONIC) - ns;
		ticks = rdtsc() - tsc;
		CHECK(distance(ticks * 1000000 / khz, (uint64_t)passed) <= slack_ns, "round %d: %lu ticks in %ld ns", k, ticks, passed);
	}
}

/* DPDK's way: the TSC over 100 ms of sleep. Google benchmark's: over a busy loop on the clock. Both within 1 %. */
static void calibrate(uint64_t khz)
{
	int64_t began = clock_ns(CLOCK_MONOTONIC_RAW), ns;
	uint64_t tsc = rdtsc(), found;

	nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
	ns = clock_ns(CLOCK_MONOTONIC_RAW) - began;
	found = (rdtsc() - tsc) * 1000000 / (uint64_t)ns;
	CHECK(distance(found, khz) <= khz / 100, "asleep: %lu kHz", found);

	began = clock_ns(CLOCK_REALTIME);
	tsc = rdtsc();
	while ((ns = clock_ns(CLOCK_REALTIME) - began) < 20000000)
		;
	found = (rdtsc() - tsc) * 1000000 / (uint64_t)ns;
	CHECK(distance(found, khz) <= khz / 100, "busy: %lu kHz", found);
}

static void long_sleep(uint64_t seconds)
{
	uint64_t began = (uint64_t)clock_ns(CLOCK_MONOTONIC), took;

	sleep((unsigned)seconds);
	took = (uint64_t)clock_ns(CLOCK_MONOTONIC) - began;
	CHECK(took >= seconds * NS_PER_S && took < seconds * NS_PER_S + 1000000, "%lu ns", took);
}

/* The thread moves between vCPUs, which all tools for asking agree upon; the TSC differs by the vCPU's skew alone. */
static void migrate(unsigned vcpus, uint64_t skew, unsigned skewed)
{
	uint64_t last[64];

	for (unsigned round = 0; round < 50; round++) {
		uint64_t base = 0;

		for (unsigned cpu = 0; cpu < vcpus; cpu++) {
			unsigned aux, called = ~0u, node = ~0u;
			uint64_t pid, tsc;

			move_to(cpu);
			tsc = rdtscp(&aux);
			__asm__ volatile("rdpid %0" : "=r"(pid));
			syscall(SYS_getcpu, &called, &node, NULL);
			CHECK(aux == (node << 12 | cpu) && pid == aux && called == cpu && sched_getcpu() == (int)cpu,
				"RDTSCP %u, RDPID %lu, getcpu %u, libc %d, set %u", aux, pid, called, sched_getcpu(), cpu);
			tsc -= cpu == skewed ? skew : 0;
			CHECK(tsc > base && (!round || tsc > last[cpu]), "round %u, vCPU %u: %lu after %lu", round, cpu, tsc, base);
			base = last[cpu] = tsc;
		}
	}
}

/* VxWorks: RDTSC; nanosleep(100); RDTSC gave a negative time after the kernel had moved the thread to a CPU whose TSC lagged. */
static void go_back(uint64_t behind)
{
	uint64_t before, after;

	move_to(0);
	before = rdtsc();
	nanosleep(&(struct timespec){ 0, 100 }, NULL);
	after = rdtsc();
	CHECK(after > before && after - before < 100000000, "on one vCPU: %lu, %lu", before, after);
	before = rdtsc();
	move_to(1);
	nanosleep(&(struct timespec){ 0, 100 }, NULL);
	after = rdtsc();
	CHECK(after < before && before - after <= behind && before - after > behind - 1000000000, "%lu, then %lu", before, after);
	move_to(0);
	CHECK(rdtsc() > before, "back on the first");
}

/* Works for so long, and prints the longest time that it was kept from it, in ns: the machine's noise. */
static void busy(int64_t ms)
{
	int64_t began = clock_ns(CLOCK_MONOTONIC), last = began, longest = 0;

	while (last - began < ms * 1000000) {
		int64_t now = clock_ns(CLOCK_MONOTONIC);

		longest = now - last > longest ? now - last : longest;
		last = now;
		for (volatile int work = 0; work < 10000; work++)
			;
	}
	printf("%ld\n", longest);
}

/* System calls that keep the host at work for a while, with hardly an instruction between them: each is an event to the clock. */
static void long_calls(void)
{
	static char buffer[1 << 22];
	int64_t began = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID), passed;
	int zero = open("/dev/zero", O_RDONLY);

	for (int k = 0; k < 200; k++)
		CHECK(read(zero, buffer, sizeof(buffer)) == sizeof(buffer), "errno");
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	passed = clock_ns(CLOCK_MONOTONIC) - began;
	CHECK(passed > cpu / 2, "%ld ns in calls that took %ld", passed, cpu);
}

static void say_ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

/* Is stopped from outside while it looks at its clocks for so long: none shows it. */
static void stopped(int64_t ms)
{
	int64_t last = clock_ns(CLOCK_MONOTONIC), began = last, longest = 0;

	say_ready();
	while (last - began < ms * 1000000) {
		int64_t now = clock_ns(CLOCK_MONOTONIC);

		longest = now - last > longest ? now - last : longest;
		last = now;
	}
	CHECK(longest < NS_PER_S / 2, "a gap of %ld ns", longest);
}

/* The same asleep: the sleep lasts as long as was asked for, by every clock. */
static void asleep(int64_t ms)
{
	int64_t began = clock_ns(CLOCK_MONOTONIC), took;
	uint64_t tsc = rdtsc();

	say_ready();
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
	tsc = rdtsc() - tsc;
	took = clock_ns(CLOCK_MONOTONIC) - began;
	CHECK(took >= ms * 1000000 && took < ms * 1000000 + NS_PER_S / 4, "slept %ld ns, %lu ticks", took, tsc);
}

static void caught(int number)
{
	(void)number;
}

/* Waits for a lock that is never released: until an alarm, or without end. */
static void lock(unsigned seconds)
{
	int first = open("locked", O_RDWR | O_CREAT, 0600), second = open("locked", O_RDWR);

	sigaction(SIGALRM, &(struct sigaction){ .sa_handler = caught }, NULL);
	CHECK(flock(first, LOCK_EX) == 0, "errno %d", errno);
	alarm(seconds);
	CHECK(flock(second, LOCK_EX) == -1 && errno == EINTR, "errno %d", errno);
}

int main(int argc, char **argv)
{
	const char *trick = argc > 1 ? argv[1] : "";
	uint64_t number[3] = { 0 };

	for (int k = 2; k < argc && k < 5; k++)
		number[k - 2] = strtoull(argv[k], NULL, 10);
	if (!strcmp(trick, "cpuid"))
		cpuid_time(number[0]);
	else if (!strcmp(trick, "law"))
		law(number[0], number[1]);
	else if (!strcmp(trick, "calibrate"))
		calibrate(number[0]);
	else if (!strcmp(trick, "sleep"))
		long_sleep(number[0]);
	else if (!strcmp(trick, "migrate"))
		migrate((unsigned)number[0], number[1], (unsigned)number[2]);
	else if (!strcmp(trick, "back"))
		go_back(number[0]);
	else if (!strcmp(trick, "calls"))
		long_calls();
	else if (!strcmp(trick, "busy"))
		busy((int64_t)number[0]);
	else if (!strcmp(trick, "stopped"))
		stopped((int64_t)number[0]);
	else if (!strcmp(trick, "asleep"))
		asleep((int64_t)number[0]);
	else if (!strcmp(trick, "lock"))
		lock((unsigned)number[0]);
	else
		CHECK(0, "no trick '%s'", trick);
	return check_result();
}
