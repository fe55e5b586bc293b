/* Shared by the guest programs of tests/clock.test: they print what is wrong, and exit with 1 if anything was. */
#ifndef TESTS_CLOCK_CHECK_H
#define TESTS_CLOCK_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000L

static int check_failures;

/* Prints the condition and what FORMAT says when it does not hold. */
#define CHECK(condition, ...)                                                          \
	do {                                                                           \
		if (!(condition)) {                                                    \
			check_failures++;                                              \
			printf("%s:%d: not so: %s: ", __FILE__, __LINE__, #condition); \
			printf(__VA_ARGS__);                                           \
			printf("\n");                                                  \
		}                                                                      \
	} while (0)

static inline int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline int check_result(void)
{
	return check_failures != 0;
}

#endif
