/* Units of time, and the host's clocks in nanoseconds. */
#ifndef TICK86_EMU_SECONDS_H
#define TICK86_EMU_SECONDS_H

#include <stdint.h>
#include <time.h>

enum { NS_PER_S = 1000000000, NS_PER_MS = 1000000, NS_PER_US = 1000, US_PER_S = 1000000 };

/* Returns the seconds in `ns`. Rounds down, so that for times before 1970 the remainder is not negative, either. */
static inline int64_t seconds_of(int64_t ns)
{
	return ns / NS_PER_S - (ns % NS_PER_S < 0);
}

static inline int64_t host_clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

#endif
