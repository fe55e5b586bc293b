/* Random clock configurations and events for the model test. */
#include "tests/unit/model/random_clock.h"

static uint64_t state;

void random_seed(uint64_t seed)
{
	state = seed * UINT64_C(0x9e3779b97f4a7c15);
	if (!state)
		state = 1;
}

/* xorshift64* */
uint64_t random_bits(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * UINT64_C(0x2545f4914f6cdd1d);
}

uint64_t random_below(uint64_t limit)
{
	return random_bits() % limit;
}

uint64_t random_khz(void)
{
	static const uint64_t frequencies[] = { 10000, 999983, 1000000, 1500000, 2000000, 2399999, 2400000, 3000000, 5333333 };

	return frequencies[random_below(sizeof(frequencies) / sizeof(frequencies[0]))];
}

/* --- hosts ------------------------------------------------------------------------------------------ */

static void set_tsc(struct random_host *host)
{
	host->script.tsc = host->tsc + (uint64_t)host->skew[host->script.cpu];
}

void random_host_begin(struct random_host *host)
{
	bool is_broken = random_below(2);

	for (unsigned cpu = 0; cpu < RANDOM_HOST_CPUS; cpu++) {
		host->skew[cpu] = is_broken ? (int64_t)random_below(UINT64_C(1) << (1 + random_below(40))) : 0;
		host->table[cpu] = (int64_t)random_below(1000) - 500 - host->skew[cpu];
	}
	host->script = (struct script){ .unstable = random_below(2), .ns = (int64_t)random_below(UINT64_C(1) << 50) };
	host->tsc = (UINT64_C(1) << 46) + random_below(UINT64_C(1) << 50);
	set_tsc(host);
}

void random_host_advance(struct random_host *host, uint64_t khz)
{
	uint64_t step = random_below(UINT64_C(1) << random_below(24));

	host->tsc += step;
	host->script.ns += (int64_t)(step * 1000000 / khz);
	host->script.ns += random_below(16) == 0;
	if (random_below(4) == 0)
		host->script.cpu = (uint32_t)random_below(RANDOM_HOST_CPUS);
	if (random_below(500) == 0)
		host->tsc -= random_below(UINT64_C(1) << 40);
	set_tsc(host);
}

/* --- clocks ----------------------------------------------------------------------------------------- */

static struct tk_config random_offset(const struct random_host *host)
{
	struct tk_config config = tk_config_default();

	config.guest_khz = random_khz();
	config.host_khz = random_khz();
	config.guard = (enum tk_guard)random_below(5);
	if (random_below(4) == 0) {
		config.rate_num = 1 + random_below(9);
		config.rate_den = 1 + random_below(9);
	}
	if (config.guard == TK_GUARD_TABLE) {
		config.table = host->table;
		config.table_length = RANDOM_HOST_CPUS;
	}
	return config;
}

static struct tk_config random_icount(void)
{
	struct tk_config config = tk_config_default();

	config.mode = TK_ICOUNT;
	config.guest_khz = random_khz();
	config.rate = random_below(2) ? TK_RATE_SHIFT : TK_RATE_FRACTION;
	config.shift = (unsigned)random_below(11);
	config.ns_num = 1 + random_below(1000);
	config.ns_den = 1 + random_below(1000);
	config.sleep_off = random_below(2);
	config.host_khz = config.guest_khz;
	return config;
}

struct tk_config random_config(const struct random_host *host)
{
	struct tk_config config = random_below(3) ? random_offset(host) : random_icount();

	config.sync = (enum tk_sync)random_below(4);
	config.tsc_start = random_below(2) ? random_bits() >> 4 : 0;
	config.epoch_ns = (int64_t)(random_bits() >> 3);
	return config;
}
