/* Records a trace on the host we run on. */
#include "timekeep/trace.h"

static void progress(FILE *err, unsigned done, unsigned rounds)
{
	if (err && (done == rounds || done * 10 / rounds != (done - 1) * 10 / rounds))
		fprintf(err, "recording: %u of %u rounds\n", done, rounds);
}

/* Reads the clock after the TSC, so that no sample's time is earlier than its event. */
static void sample(const struct tk_host *host, const char *event, FILE *out)
{
	uint32_t cpu;
	uint64_t tsc = host->tsc(host->ctx, &cpu);
	int64_t ns = host->clock(host->ctx, TK_MONOTONIC);

	fprintf(out, "%s cpu=%u tsc=%llu ns=%lld\n", event, cpu, (unsigned long long)tsc, (long long)ns);
}

static unsigned sample_each(const struct tk_host *host, unsigned cpus, FILE *out)
{
	unsigned sampled = 0;

	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		if (host->pin(host->ctx, (int)cpu))
			continue;
		sample(host, "rdtsc", out);
		sampled++;
	}
	return sampled;
}

static int sample_rounds(const struct tk_host *host, unsigned cpus, unsigned rounds, int64_t interval, FILE *out, FILE *err)
{
	for (unsigned done = 1; done <= rounds; done++) {
		if (!sample_each(host, cpus, out))
			return -1;
		progress(err, done, rounds);
		if (interval > 0 && host->sleep && done < rounds)
			host->sleep(host->ctx, interval);
	}
	return 0;
}

int tk_trace_record(const struct tk_host *host, unsigned cpus, unsigned rounds, int64_t interval, FILE *out, FILE *err)
{
	uint64_t khz = tk_detect_khz(host);
	bool stable = !host->stable || host->stable(host->ctx);
	struct affinity before;
	int status;

	if (!host->pin || !khz || !rounds)
		return -1;
	fprintf(out, "# The host's clocks as a guest without a guard would see them.\n");
	fprintf(out, "clock mode=offset guard=none guest_khz=%llu\n", (unsigned long long)khz);
	fprintf(out, "host khz=%llu cpus=%u stable=%d\n", (unsigned long long)khz, cpus, stable);
	sample(host, "create", out);
	before = affinity_now(host);
	status = sample_rounds(host, cpus, rounds, interval, out, err);
	affinity_restore(host, before);
	fprintf(out, "stats\n");
	return status || fflush(out) || ferror(out) ? -1 : 0;
}
