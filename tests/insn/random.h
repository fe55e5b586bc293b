/* Random numbers from a seed (splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators"). */
#ifndef TICK86_TESTS_INSN_RANDOM_H
#define TICK86_TESTS_INSN_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline uint64_t random_u64(struct random *random)
{
	return random_mix(random->state += 0x9e3779b97f4a7c15ULL);
}

/* 0 .. limit - 1 */
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
	return random_u64(random) % limit;
}

static inline bool random_percent(struct random *random, unsigned percent)
{
	return random_below(random, 100) < percent;
}

#endif
