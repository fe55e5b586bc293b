/* For the programs of tests/replay: most print what no two runs of them have alike - how far a loop came when the signal did, who won
 * a race, what the clock said - so that a replay which only does the same work again is found out. */
#ifndef HARD_H
#define HARD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

/* A running sum of everything that was seen, in order. */
static inline void mix(uint64_t *sum, uint64_t value)
{
	*sum = (*sum ^ value) * 0x9e3779b97f4a7c15;
	*sum ^= *sum >> 29;
}

static inline void must(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(1);
}

static inline int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static inline void timer_every(long us)
{
	const struct itimerval timer = { { 0, us }, { 0, us } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

#endif
