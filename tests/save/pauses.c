/* TPAUSE and UMWAIT: what each does to the TSC and to CF, and that it does nothing to EAX. */
#include <stdint.h>
#include <stdio.h>
#include <x86intrin.h>

enum { ROUNDS = 8 };

static volatile int line[16] __attribute__((aligned(64)));

#define PAUSE(BYTES, CARRY, DEADLINE, EAX) /* with ECX as the operand */                        \
	__asm__ volatile(".byte " BYTES ", 0x0f, 0xae, 0xf1\n\tsetc %0"                         \
			 : "=q"(CARRY), "=a"(EAX)                                               \
			 : "c"(0), "a"((uint32_t)(DEADLINE)), "d"((uint32_t)((DEADLINE) >> 32)) \
			 : "cc", "memory")

int main(void)
{
	uint64_t last = __rdtsc();

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t first = last + 40000 * round, second = last + 60000 * round;
		unsigned char paused, monitored;
		uint32_t low[2];

		PAUSE("0x66", paused, first, low[0]);
		__asm__ volatile(".byte 0xf3, 0x0f, 0xae, 0xf7" : : "D"(line) : "memory"); /* umonitor rdi */
		line[0] += round & 1;
		PAUSE("0xf2", monitored, second, low[1]);
		printf("%d %d %d %ld\n", paused, monitored, low[0] == (uint32_t)first && low[1] == (uint32_t)second,
			(long)(__rdtsc() - last));
		last = __rdtsc();
	}
	return 0;
}
