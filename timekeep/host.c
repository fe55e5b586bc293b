/* The host under the clock: its TSC and clocks, and measuring their frequencies and offsets. */
#include <cpuid.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "timekeep/state.h"

#define CALIBRATION_NS 20000000
#define PAIRS 64             /* readings, of which the tightest counts */
#define LINUX_CPU_MASK 0xfff /* TSC_AUX as Linux fills it: node << 12 | cpu */

static uint64_t linux_tsc(void *ctx, uint32_t *cpu)
{
	unsigned aux;
	uint64_t tsc = __rdtscp(&aux);

	(void)ctx;
	*cpu = aux & LINUX_CPU_MASK;
	return tsc;
}

static int64_t linux_clock(void *ctx, enum tk_clock_id id)
{
	struct timespec now = { 0 };

	(void)ctx;
	clock_gettime((clockid_t)id, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void linux_sleep(void *ctx, int64_t ns)
{
	struct timespec wait = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	(void)ctx;
	nanosleep(&wait, NULL);
}

/* SDM 3, 18.7.3: the crystal's frequency times EBX / EAX of leaf 15H. Leaf 40000010H of VMware
 * and KVM is in kHz. Leaf 16H is not used: it rounds to MHz and states a nominal frequency, so
 * measuring is better. */
static uint64_t linux_khz(void *ctx)
{
	unsigned a, b, c, d;

	(void)ctx;
	if (__get_cpuid(0x15, &a, &b, &c, &d) && a && b && c)
		return mul_div((uint64_t)c * b, 1, (uint64_t)a * 1000);
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 31 & 1))
		return 0;
	__cpuid(0x40000000, a, b, c, d);
	if (a < 0x40000010)
		return 0;
	__cpuid(0x40000010, a, b, c, d);
	return a;
}

static bool linux_stable(void *ctx)
{
	unsigned a, b, c, d;

	(void)ctx;
	return __get_cpuid(0x80000007, &a, &b, &c, &d) && d >> 8 & 1;
}

static int linux_pin(void *ctx, int cpu)
{
	cpu_set_t set;

	(void)ctx;
	CPU_ZERO(&set);
	CPU_SET((unsigned)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

_Static_assert(sizeof(cpu_set_t) == TK_MAX_HOST_CPUS / 8, "an affinity mask is a cpu_set_t");

static int linux_affinity(void *ctx, unsigned char mask[TK_MAX_HOST_CPUS / 8], bool set)
{
	cpu_set_t cpus;
	int status;

	(void)ctx;
	memcpy(&cpus, mask, sizeof(cpus));
	status = set ? sched_setaffinity(0, sizeof(cpus), &cpus) : sched_getaffinity(0, sizeof(cpus), &cpus);
	memcpy(mask, &cpus, sizeof(cpus));
	return status;
}

const struct tk_host *tk_host_linux(void)
{
	static const struct tk_host host = {
		.tsc = linux_tsc,
		.is_rdtsc = true,
		.clock = linux_clock,
		.sleep = linux_sleep,
		.khz = linux_khz,
		.stable = linux_stable,
		.pin = linux_pin,
		.affinity = linux_affinity,
	};

	return &host;
}

/* --- measuring ------------------------------------------------------------------------------------ */

struct pair {
	uint64_t tsc;
	int64_t ns;
	int64_t error; /* ns between the clock's two readings */
};

/* Reads the TSC between two readings of the monotonic clock, several times, and keeps the
 * tightest pair. */
static struct pair read_pair(const struct tk_host *host)
{
	struct pair best = { .error = INT64_MAX };

	for (unsigned i = 0; i < PAIRS; i++) {
		uint32_t cpu;
		int64_t before = host->clock(host->ctx, TK_MONOTONIC);
		uint64_t tsc = host->tsc(host->ctx, &cpu);
		int64_t after = host->clock(host->ctx, TK_MONOTONIC);

		if (after - before < best.error)
			best = (struct pair){ tsc, before + (after - before) / 2, after - before };
	}
	return best;
}

uint64_t tk_detect_khz(const struct tk_host *host)
{
	uint64_t khz = host->khz ? host->khz(host->ctx) : 0;
	struct pair from, to;

	if (khz || !host->sleep)
		return khz;
	from = read_pair(host);
	host->sleep(host->ctx, CALIBRATION_NS);
	to = read_pair(host);
	if (to.ns <= from.ns || to.tsc <= from.tsc)
		return 0;
	return mul_div(to.tsc - from.tsc, 1000000, (uint64_t)(to.ns - from.ns));
}

/* Returns by how many ticks a CPU's TSC lags behind the first one's; the monotonic clock, which
 * both can read, joins the two. */
static int64_t lag(struct pair first, struct pair other, uint64_t khz)
{
	int64_t expected = mul_div_floor(other.ns - first.ns, khz, 1000000);
	int64_t difference = add_i64((int64_t)(first.tsc - other.tsc), expected);
	int64_t error = mul_div_floor(first.error + other.error, khz, 1000000);

	/* the frequency's own error adds up between the two pairs: 100 ppm */
	error += (expected < 0 ? -expected : expected) / 10000;
	return difference <= error && difference >= -error ? 0 : difference;
}

struct affinity affinity_now(const struct tk_host *host)
{
	struct affinity affinity = { 0 };

	affinity.known = host->affinity && host->affinity(host->ctx, affinity.mask, false) == 0;
	return affinity;
}

void affinity_restore(const struct tk_host *host, struct affinity affinity)
{
	if (affinity.known)
		host->affinity(host->ctx, affinity.mask, true);
}

/* A CPU that must not be used keeps 0: nothing will run there. */
static int measure_table(const struct tk_host *host, uint64_t khz, int64_t *table, unsigned cpus)
{
	struct pair first = { 0 };
	bool has_first = false;

	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		struct pair pair;

		table[cpu] = 0;
		if (host->pin(host->ctx, (int)cpu))
			continue;
		pair = read_pair(host);
		if (has_first)
			table[cpu] = lag(first, pair, khz);
		else
			first = pair;
		has_first = true;
	}
	return has_first ? 0 : -1;
}

int tk_calibrate_table(const struct tk_host *host, uint64_t khz, int64_t *table, unsigned cpus)
{
	struct affinity before = affinity_now(host);
	int status = host->pin ? measure_table(host, khz, table, cpus) : -1;

	affinity_restore(host, before);
	return status;
}
