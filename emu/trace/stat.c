/* tick86 stat: prints what a recording contains, its duration and its size. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emu/cpu/fatal.h"
#include "emu/linux/kernel/machine.h"
#include "emu/trace/look.h"
#include "emu/trace/look_commands.h"
#include "emu/trace/look_file.h"

/* system calls with higher numbers are counted together */
enum { CALLS = 512, OTHER_CALLS = CALLS - 1 };

struct counts {
	uint64_t count, bytes;
};

struct stat_of {
	struct counts kind[TRACE_KINDS], exit[TRACE_EXITS], all;
	uint64_t call[CALLS];
	pid_t root;
	bool root_ended;
	int root_status;
	struct strace_line config;
};

/* --- counting ----------------------------------------------------------------------------------------- */

static void add(struct counts *counts, uint64_t bytes)
{
	counts->count++;
	counts->bytes += bytes;
}

static void count_stop(struct stat_of *stat, const struct walk *walk, const struct trace_record *record, uint64_t bytes)
{
	uint32_t number = (uint32_t)walk->process->current->registers.r[RAX];

	add(&stat->exit[record->field[0]], bytes);
	if (record->field[0] == TRACE_EXIT_SYSCALL)
		stat->call[number < OTHER_CALLS ? number : OTHER_CALLS]++;
}

static void count_record(struct stat_of *stat, const struct walk *walk, const struct trace_record *record)
{
	uint64_t bytes = trace_encoded_size(record);

	add(&stat->all, bytes);
	add(&stat->kind[record->kind], bytes);
	if (record->kind == TRACE_CONFIG)
		look_put_config(&stat->config, record);
	if (record->kind == TRACE_STOP)
		count_stop(stat, walk, record, bytes);
	if (record->kind == TRACE_PROCESS && !stat->root)
		stat->root = walk->pid;
	if (record->kind != TRACE_EXIT || walk->pid != stat->root)
		return;
	stat->root_ended = true;
	stat->root_status = (int)record->field[0];
}

/* --- printing ----------------------------------------------------------------------------------------- */

static void print_counts(const char *name, const struct counts *counts)
{
	if (counts->count)
		printf("  %-12s %12" PRIu64 " %14" PRIu64 "\n", name, counts->count, counts->bytes);
}

static void print_kinds(const struct stat_of *stat)
{
	printf("records              count          bytes\n");
	for (unsigned k = 1; k < TRACE_KINDS; k++)
		print_counts(trace_kinds[k].name, &stat->kind[k]);
	printf("stops                count          bytes\n");
	for (unsigned k = 0; k < TRACE_EXITS; k++)
		print_counts(trace_exit_names[k], &stat->exit[k]);
}

static const char *call_name(unsigned number, char *text, size_t size)
{
	if (number < syscall_count && syscall_table[number].name)
		return syscall_table[number].name;
	snprintf(text, size, number == OTHER_CALLS ? "others" : "syscall_%#x", number);
	return text;
}

/* Prints the most frequent calls first. */
static void print_calls(struct stat_of *stat)
{
	char text[32];

	printf("system calls         count\n");
	for (;;) {
		unsigned most = 0;

		for (unsigned k = 1; k < CALLS; k++)
			if (stat->call[k] > stat->call[most])
				most = k;
		if (stat->call[most] == 0)
			break;
		printf("  %-20s %4" PRIu64 "\n", call_name(most, text, sizeof(text)), stat->call[most]);
		stat->call[most] = 0;
	}
}

static void print_end(const struct stat_of *stat, const struct walk *walk)
{
	struct strace_line line = { .length = 0 };

	if (stat->root_ended)
		strace_put_death(&line, stat->root_status);
	printf("end           %s%s%s\n", walk_trouble(walk) ? walk_trouble(walk) : "complete", stat->root_ended ? "; the program: " : "",
		line.text);
}

static void print_size(const struct stat_of *stat, const struct walk *walk)
{
	const struct trace_reader *reader = &walk->reader;
	double seconds = (double)walk->host_ns / 1e9, raw = (double)stat->all.bytes;

	printf("file          version %u, %zu bytes in %" PRIu64 " frames; %" PRIu64 " uncompressed (%.1f : 1)\n", reader->version,
		reader->file_size, reader->frames, stat->all.bytes, raw / (double)reader->file_size);
	if (seconds > 0)
		printf("rate          %.0f bytes a second of host time, %.0f uncompressed\n", (double)reader->file_size / seconds,
			raw / seconds);
}

static void print(struct stat_of *stat, const struct walk *walk)
{
	printf("what          %s\n", stat->config.text);
	print_end(stat, walk);
	printf("duration      guest %.6f s, host %.6f s\n", (double)walk->guest_ns / 1e9, (double)walk->host_ns / 1e9);
	printf("processes     %" PRIu64 "\n", stat->kind[TRACE_FORK].count + (stat->root != 0));
	printf("threads       %" PRIu64 "\n", stat->kind[TRACE_TASK].count);
	printf("instructions  %" PRIu64 "\n", walk->insns);
	printf("events        %" PRIu64 "\n", walk->events);
	print_size(stat, walk);
	print_kinds(stat);
	print_calls(stat);
}

static int stat_file(const char *path)
{
	struct walk *walk = look_open("stat", path);
	struct trace_record record;
	struct stat_of *stat;
	int status;

	if (!walk)
		return LOOK_TROUBLE;
	stat = fatal_unless(calloc(1, sizeof(*stat)));
	while (walk_next(walk, &record))
		count_record(stat, walk, &record);
	print(stat, walk);
	free(stat);
	status = look_close("stat", path, walk);
	return look_written("stat", "standard output", stdout, status);
}

static int stat_command(char **argv)
{
	char *path[2];
	int status;

	return command_read(&stat_command_row, argv, NULL, path, &status) ? stat_file(path[0]) : status;
}

const struct command_row stat_command_row = {
	.name = "stat",
	.words = "FILE",
	.does = "Count what a recording holds: events, system calls, bytes.",
	.statuses = "  0\n" LOOK_STATUSES,
	.example = "tick86 stat prog.t86",
	.least = 1,
	.most = 1,
	.run = stat_command,
};
