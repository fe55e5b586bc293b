/* Times as the kernel's structures, and back. Times before 1970 are negative: the seconds are rounded down, so that the remainder is not
 * negative. */
#ifndef TICK86_EMU_UNITS_H
#define TICK86_EMU_UNITS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#include "emu/cpu/seconds.h"

enum { NS_PER_USER_TICK = 10000000 }; /* USER_HZ is 100 */

static inline struct timespec timespec_of(int64_t ns)
{
	return (struct timespec){ seconds_of(ns), ns - seconds_of(ns) * NS_PER_S };
}

static inline struct timeval timeval_of(int64_t ns)
{
	struct timespec value = timespec_of(ns);

	return (struct timeval){ value.tv_sec, value.tv_nsec / NS_PER_US };
}

/* Returns true if the kernel accepts the value as a duration or a deadline. */
static inline bool timespec_valid(const struct timespec *value)
{
	return value->tv_sec >= 0 && value->tv_nsec >= 0 && value->tv_nsec < NS_PER_S;
}

static inline bool timeval_valid(const struct timeval *value)
{
	return value->tv_sec >= 0 && value->tv_usec >= 0 && value->tv_usec < US_PER_S;
}

/* Converts a valid timespec to ns. Saturates at INT64_MAX. */
static inline uint64_t timespec_ns(const struct timespec *value)
{
	if (value->tv_sec >= INT64_MAX / NS_PER_S)
		return INT64_MAX;
	return (uint64_t)value->tv_sec * NS_PER_S + (uint64_t)value->tv_nsec;
}

#endif
