/* msrs [READS]: RDMSR and WRMSR of the time MSRs in loops, with signals in between. Without --msr=allow each of them faults, as those of
 * other MSRs always do. */
#include <signal.h>
#include <unistd.h>

#include "hard.h"

enum { TSC = 0x10, TSC_ADJUST = 0x3b, PLATFORM_INFO = 0xce, MPERF = 0xe7, APERF = 0xe8, TSC_AUX = 0xc0000103u, NO_MSR = 0x12345 };

static int reads = 3000;
static volatile int faults, signals;

/* RDMSR and WRMSR are 2 bytes long. */
static void skip(int number, siginfo_t *info, void *context)
{
	uint64_t *registers = (uint64_t *)context + 5;

	(void)number;
	(void)info;
	registers[16] += 2;
	faults++;
}

static void note(int number)
{
	(void)number;
	signals++;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low = 0, high = 0;

	__asm__ volatile("rdmsr" : "+a"(low), "+d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static void read_loop(const char *name, uint32_t msr, int count)
{
	uint64_t seen = 0, last = 0;
	int back = 0, before = faults;

	for (int k = 0; k < count; k++) {
		uint64_t now = rdmsr(msr);

		back += now < last;
		last = now;
		mix(&seen, now);
	}
	printf("%s: %016lx, backwards %d, faults %d\n", name, (unsigned long)seen, back, faults - before);
}

static void write_loop(void)
{
	uint64_t seen = 0;
	int before = faults;

	for (int k = 0; k < reads / 10; k++) {
		uint64_t now = rdmsr(TSC);

		wrmsr(k % 2 ? TSC : TSC_ADJUST, k % 2 ? now + 1000000 : rdmsr(TSC_ADJUST) + 77);
		mix(&seen, now);
		mix(&seen, rdmsr(TSC) - now);
		mix(&seen, rdmsr(TSC_ADJUST));
	}
	printf("written: %016lx, faults %d\n", (unsigned long)seen, faults - before);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		reads = atoi(argv[1]);
	setbuf(stdout, NULL);
	sigaction(SIGSEGV, &(struct sigaction){ .sa_sigaction = skip, .sa_flags = SA_SIGINFO }, NULL);
	signal(SIGALRM, note);
	timer_every(20);
	read_loop("TSC", TSC, reads);
	read_loop("MPERF", MPERF, reads / 10);
	read_loop("APERF", APERF, reads / 10);
	timer_every(0);
	read_loop("TSC_ADJUST", TSC_ADJUST, 3);
	read_loop("TSC_AUX", TSC_AUX, 3);
	read_loop("PLATFORM_INFO", PLATFORM_INFO, 3);
	read_loop("none", NO_MSR, 3);
	write_loop();
	printf("%d faults, %d signals\n", faults, signals);
}
