/* Every trace in traces/clock holds. And the language itself: results, failures, malformed lines, recording, plots. */
#include <dirent.h>
#include <sched.h>
#include <string.h>

#include "tests/unit/scripted_host.h"
#include "tests/unit/suite.h"

#define FOLDER "traces/clock"

struct outcome {
	int status;
	char *out, *err;
};

static struct outcome replay(const char *text)
{
	struct outcome outcome = { 0 };
	size_t out_size, err_size;
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	FILE *out = open_memstream(&outcome.out, &out_size);
	FILE *err = open_memstream(&outcome.err, &err_size);

	outcome.status = tk_trace_replay(in, "T", out, err);
	fclose(in);
	fclose(out);
	fclose(err);
	return outcome;
}

static void expect(const char *text, int status, const char *out, const char *err)
{
	struct outcome outcome = replay(text);

	ck_assert_msg(outcome.status == status, "%s\nstatus %d: %s", text, outcome.status, outcome.err);
	if (out)
		ck_assert_str_eq(outcome.out, out);
	if (err)
		ck_assert_str_eq(outcome.err, err);
	free(outcome.out);
	free(outcome.err);
}

START_TEST(every_trace_holds)
{
	DIR *folder = opendir(FOLDER);
	struct dirent *entry;
	unsigned files = 0;

	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder))) {
		char path[400], *messages = NULL;
		size_t size;
		FILE *in, *out, *err;
		int status;

		if (!strstr(entry->d_name, ".clk"))
			continue;
		snprintf(path, sizeof(path), FOLDER "/%s", entry->d_name);
		in = fopen(path, "r");
		out = fopen("/dev/null", "w");
		err = open_memstream(&messages, &size);
		status = tk_trace_replay(in, path, out, err);
		fclose(in);
		fclose(out);
		fclose(err);
		ck_assert_msg(status == 0, "status %d\n%s", status, messages);
		free(messages);
		files++;
	}
	closedir(folder);
	ck_assert_uint_ge(files, 24);
}
END_TEST

START_TEST(each_event_prints_a_line)
{
	expect("# comment\n"
	       "\n"
	       "clock mode=offset # and more\n"
	       "create tsc=0x1_000\n"
	       "rdtsc vcpu=0 cpu=0 tsc=5_000 => tsc=904\r\n"
	       "rdtscp\n"
	       "wrmsr msr=0xce value=1 => fault=gp",
		0,
		"3 clock\n"
		"4 create offset=-4096\n"
		"5 rdtsc tsc=904 aux=0\n"
		"6 rdtscp tsc=904 aux=0\n"
		"7 wrmsr fault=gp offset=-4096 adjust=0\n"
		"5 events, 2 expectations, 0 failed\n",
		"");
}
END_TEST

START_TEST(a_failed_expectation_is_reported_and_the_rest_runs)
{
	expect("clock mode=host\n"
	       "rdtsc tsc=7 => tsc=5 aux=0\n"
	       "rdmsr msr=1 => value=3\n"
	       "rdtsc => tsc=7\n",
		1,
		"1 clock\n"
		"2 rdtsc tsc=7 aux=0\n"
		"3 rdmsr fault=gp offset=0 adjust=0\n"
		"4 rdtsc tsc=7 aux=0\n"
		"4 events, 4 expectations, 2 failed\n",
		"T:2: expected tsc=5, got tsc=7\n"
		"T:3: expected value=3, got fault=gp\n");
	expect("clock mode=host\nrdtscp => fault=ud\n", 1, NULL, "T:2: expected fault=ud, got no fault\n");
}
END_TEST

static const struct {
	const char *text, *err;
} malformed[] = {
	{ "rdtsc\n", "T:1: the first event must be 'clock'\n" },
	{ "clock\nfoo\n", "T:2: unknown event 'foo'\n" },
	{ "clock\nrdtsc tsc\n", "T:2: 'tsc' is not of the form key=value\n" },
	{ "clock\nrdtsc tsc=\n", "T:2: tsc= is not an integer of 64 bits\n" },
	{ "clock\nrdtsc tsc=1_\n", "T:2: tsc=1_ is not an integer of 64 bits\n" },
	{ "clock\nrdtsc tsc=_1\n", "T:2: tsc=_1 is not an integer of 64 bits\n" },
	{ "clock\nrdtsc tsc=1__0\n", "T:2: tsc=1__0 is not an integer of 64 bits\n" },
	{ "clock\nrdtsc tsc=0x\n", "T:2: tsc=0x is not an integer of 64 bits\n" },
	{ "clock\nrdtsc tsc=18446744073709551616\n", "T:2: tsc=18446744073709551616 is not an integer of 64 bits\n" },
	{ "clock\nrdtsc tsc=1 tsc=2\n", "T:2: 'tsc' is given twice\n" },
	{ "clock\nrdtsc => tsc=1 tsc=1\n", "T:2: 'tsc' is expected twice\n" },
	{ "clock\nrdtsc =>\n", "T:2: '=>' without an expectation after it\n" },
	{ "clock\nrdtsc => tsc=0 => aux=0\n", "T:2: a second '=>'\n" },
	{ "clock\nrdtsc msr=1\n", "T:2: rdtsc has no key 'msr' (it has vcpu cpu tsc ns real)\n" },
	{ "clock\nstop => time=1\n", "T:2: stop has no result 'time' (it has none)\n" },
	{ "clock\nidle wake=up\n", "T:2: wake=up: allowed are timer external\n" },
	{ "clock vcpus=2\nrdtsc vcpu=2\n", "T:2: no such vCPU: the clock has 2\n" },
	{ "clock vcpus=65\n", "T:1: the number of vCPUs must be 1 to 64\n" },
	{ "clock\nrdtsc cpu=1024\n", "T:2: host CPUs are 0 to 1023\n" },
	{ "clock mode=icount shift=11\n", "T:1: shift must be 0 to 10 (2^shift ns for each instruction)\n" },
	{ "clock mode=icount align=on\n\nnow\n", "T:1: align=on needs a given shift=0..10 or ns-per-insn\n" },
	{ "clock mode=icount align=on shift=3 sleep=off\n", "T:1: align=on waits for the host and sleep=off never does: choose one\n" },
	{ "clock mode=icount align=on shift=auto\n",
		"T:1: align=on cannot be combined with shift=auto, which keeps to real time by itself\n" },
	{ "clock mode=icount sleep=off shift=auto\n", "T:1: shift=auto follows real time and sleep=off leaves it: choose one\n" },
	{ "clock\nhost table=0:1,x\n", "T:2: table=0:1,x is not CPU:OFFSET,CPU:OFFSET...\n" },
	{ "clock\nrestore\n", "T:2: restore without a save before it\n" },
	{ "clock\npvread\n", "T:2: pvread without a pvclock before it for this vCPU\n" },
	{ "clock\n\x01\x02\n", "T:2: unknown event '\?\?'\n" },
};

START_TEST(a_malformed_line_is_named)
{
	expect(malformed[_i].text, 2, NULL, malformed[_i].err);
}
END_TEST

/* --- recording and plotting ----------------------------------------------------------------------- */

static int pinned(void *ctx, int cpu)
{
	struct script *script = ctx;

	if (cpu == 1)
		return -1; /* a CPU that may not be used */
	script->cpu = (uint32_t)cpu;
	script->tsc = cpu == 2 ? script->tsc - 1000000 : script->tsc + 1000200;
	script->ns += 100;
	return 0;
}

static int never_pinned(void *ctx, int cpu)
{
	(void)ctx;
	(void)cpu;
	return -1;
}

static uint64_t known_khz(void *ctx)
{
	(void)ctx;
	return 2000000;
}

START_TEST(a_recording_can_be_replayed_and_plotted)
{
	struct script script = { .tsc = 5000000, .ns = 77 };
	struct tk_host host = script_host(&script);
	char *text = NULL, *svg = NULL, *messages = NULL;
	size_t text_size, svg_size, messages_size;
	FILE *out = open_memstream(&text, &text_size);
	FILE *err = open_memstream(&messages, &messages_size);
	struct outcome outcome;
	FILE *in;

	host.pin = pinned;
	host.khz = known_khz;
	ck_assert_int_eq(tk_trace_record(&host, 3, 10, 0, out, err), 0);
	fclose(out);
	fclose(err);
	ck_assert_ptr_nonnull(strstr(messages, "10 of 10"));
	outcome = replay(text);
	ck_assert_int_eq(outcome.status, 0);
	ck_assert_ptr_nonnull(strstr(outcome.out, "stats backsteps=10 largest_backstep=1000000 raised=0"));
	ck_assert_ptr_nonnull(strstr(outcome.out, "24 events"));

	in = fmemopen(text, text_size, "r");
	out = open_memstream(&svg, &svg_size);
	ck_assert_int_eq(tk_trace_plot(in, "<T>", out, stderr), 0);
	fclose(in);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(svg, "?T>: 20 readings, 10 steps back"));
	ck_assert_ptr_nonnull(strstr(svg, "class='backstep'"));
	ck_assert_ptr_nonnull(strstr(svg, "</svg>\n"));
	free(text);
	free(svg);
	free(messages);
	free(outcome.out);
	free(outcome.err);
}
END_TEST

static unsigned count(const char *text, const char *word)
{
	unsigned found = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		found++;
	return found;
}

/* A line for each of the file's clocks, and its drift, which ends at the value to which it has settled. */
START_TEST(the_auto_rate_can_be_plotted)
{
	FILE *in = fopen(FOLDER "/B5.clk", "r"), *out;
	char *svg = NULL;
	size_t size;

	ck_assert_ptr_nonnull(in);
	out = open_memstream(&svg, &size);
	ck_assert_int_eq(tk_trace_plot(in, "B5", out, stderr), 0);
	fclose(in);
	fclose(out);
	ck_assert_uint_eq(count(svg, "<polyline class='time'"), 5);
	ck_assert_uint_eq(count(svg, "<polyline class='drift'"), 5);
	ck_assert_uint_eq(count(svg, ",610.0 '/>"), 5); /* the last point: no drift */
	free(svg);
}
END_TEST

/* Returns how many of the host's CPUs must be tried so that one of them may be used by this process: it need not be the first. */
static unsigned cpus_to_try(void)
{
	unsigned cpu = 0;
	cpu_set_t allowed;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	while (!CPU_ISSET(cpu, &allowed))
		cpu++;
	return cpu + 2;
}

START_TEST(this_machine_can_be_recorded)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct outcome outcome;

	ck_assert_int_eq(tk_trace_record(tk_host_linux(), cpus_to_try(), 3, 1000, out, NULL), 0);
	fclose(out);
	outcome = replay(text);
	ck_assert_int_eq(outcome.status, 0);
	free(text);
	free(outcome.out);
	free(outcome.err);
}
END_TEST

START_TEST(the_table_is_calibrated_by_pinning)
{
	cpu_set_t before, after;
	struct script script = { .tsc = 5000000, .ns = 77 };
	struct tk_host host = script_host(&script);
	int64_t table[CPU_SETSIZE + 2] = { 9, 9, 9 };

	host.pin = pinned;
	ck_assert_int_eq(tk_calibrate_table(&host, 2000000, table, 3), 0);
	ck_assert_int_eq(table[0], 0);
	ck_assert_int_eq(table[1], 0); /* may not be used */
	ck_assert_int_eq(table[2], 1000200);
	host.pin = never_pinned;
	ck_assert_int_eq(tk_calibrate_table(&host, 2000000, table, 3), -1);
	host = *tk_host_linux();
	sched_getaffinity(0, sizeof(before), &before);
	ck_assert_int_eq(tk_calibrate_table(&host, tk_detect_khz(&host), table, cpus_to_try()), 0);
	ck_assert_int_eq(table[0], 0);
	sched_getaffinity(0, sizeof(after), &after);
	ck_assert(CPU_EQUAL(&before, &after));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("language");

	tcase_add_test(tcase, every_trace_holds);
	tcase_add_test(tcase, each_event_prints_a_line);
	tcase_add_test(tcase, a_failed_expectation_is_reported_and_the_rest_runs);
	tcase_add_loop_test(tcase, a_malformed_line_is_named, 0, sizeof(malformed) / sizeof(malformed[0]));
	tcase_add_test(tcase, a_recording_can_be_replayed_and_plotted);
	tcase_add_test(tcase, the_auto_rate_can_be_plotted);
	tcase_add_test(tcase, this_machine_can_be_recorded);
	tcase_add_test(tcase, the_table_is_calibrated_by_pinning);
	return run_suite("clock traces", tcase);
}
