/* tick86 run, record and restore: the clock, the program, the process. */
#include "emu/run_command.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "emu/cpu/model.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/process/load.h"
#include "emu/linux/run/process.h"
#include "emu/mem/fault.h"
#include "emu/stats.h"
#include "emu/trace/restore.h"
#include "emu/trace/save.h"
#include "emu/trace_command.h"

/* EXIT_NOT_WRITTEN: a report could not be written, of a program that has succeeded. */
enum { EXIT_NOT_WRITTEN = 1, EXIT_USAGE = COMMAND_LINE_WRONG, EXIT_TOO_LITTLE = 125, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

/* --- the clock ---------------------------------------------------------------------------------------- */

/* 2000-01-01T00:00:00Z: the wall clock's first time in mode icount, so that a run is the same on any day. */
#define ICOUNT_EPOCH_NS 946684800000000000LL

/* The sum of the options of this kind for this vCPU. */
static int64_t injected(const struct options *options, int kind, unsigned vcpu)
{
	int64_t sum = 0;

	for (unsigned k = 0; k < options->injections; k++)
		if ((int)options->injection[k].kind == kind && options->injection[k].vcpu == vcpu)
			sum = (int64_t)((uint64_t)sum + (uint64_t)options->injection[k].by);
	return sum;
}

static bool inject_one(const struct tk *clock, const struct options *options, const struct injection *injection)
{
	switch (injection->kind) {
	case INJECT_SKEW:
	case INJECT_DRIFT: /* the sum of skews and drifts is one setting of the clock */
		return tk_inject_skew(clock, injection->vcpu, injected(options, INJECT_SKEW, injection->vcpu),
			       injected(options, INJECT_DRIFT, injection->vcpu))
			== TK_OK;
	case INJECT_JUMP: return tk_inject_jump(clock, injection->at, injection->by) == 0;
	case INJECT_WALL_STEP: return tk_inject_wall_step(clock, injection->at, injection->by) == 0;
	}
	return false;
}

static bool inject_faults(const struct tk *clock, const struct options *options, char *error, size_t error_size)
{
	for (unsigned k = 0; k < options->injections; k++) {
		if (!inject_one(clock, options, &options->injection[k])) {
			snprintf(error, error_size, "vCPU %u: --tsc-drift adds up to more than 1000000 ppm", options->injection[k].vcpu);
			return false;
		}
	}
	return true;
}

/* Under host the wall clock is the host's. */
static bool choose_epoch(struct options *options, const struct tk_host *host)
{
	struct tk_config *config = &options->clock;
	int64_t start = config->mode == TK_ICOUNT ? ICOUNT_EPOCH_NS : config->mode == TK_OFFSET ? host->clock(host->ctx, TK_REALTIME) : 0;

	if (!options->epoch_given)
		config->epoch_ns = start;
	return !options->epoch_relative || !__builtin_add_overflow(config->epoch_ns, start, &config->epoch_ns);
}

static bool create_clock(struct tk *clock, struct options *options, char *error, size_t error_size)
{
	struct tk_config *config = &options->clock;
	const struct tk_host *host = tk_host_linux();
	uint32_t cpu;

	*clock = (struct tk){ .state = calloc(1, tk_size()), .host = host };
	if (!clock->state) {
		snprintf(error, error_size, "out of memory");
		return false;
	}
	if (options->pin >= 0 && host->pin(host->ctx, options->pin)) {
		snprintf(error, error_size, "--pin: host CPU %d is not one that this process may run on", options->pin);
		return false;
	}
	if (!choose_epoch(options, host)) {
		snprintf(error, error_size, "--epoch: the start would not be in 1677 to 2262");
		return false;
	}
	if (options->table_auto) {
		long cpus = sysconf(_SC_NPROCESSORS_CONF);

		config->table = options->table;
		config->table_length = cpus < TK_MAX_HOST_CPUS ? (unsigned)cpus : TK_MAX_HOST_CPUS;
		if (tk_calibrate_table(host, tk_detect_khz(host), options->table, config->table_length)) {
			snprintf(error, error_size, "--tsc-table=auto: this process cannot move between host CPUs");
			return false;
		}
	}
	if (options->tsc_offset_given)
		config->tsc_start = host->tsc(host->ctx, &cpu) + (uint64_t)options->tsc_offset;
	return tk_create(clock, config, error, error_size) == 0 && inject_faults(clock, options, error, error_size);
}

/* --- run ------------------------------------------------------------------------------------------------ */

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Like execvp(3): an empty part of PATH is the current directory. A file that cannot be executed is taken if no other follows; then the
 * loader reports what is wrong with it. */
const char *find_program(const char *name, char *path, size_t size)
{
	const char *at = getenv("PATH");
	char candidate[PATH_MAX];
	bool found = false, executable = false;

	if (strchr(name, '/'))
		return name;
	at = at ? at : "/usr/local/bin:/usr/bin:/bin";
	for (bool more = true; more && !executable; at++) {
		size_t length = strcspn(at, ":");

		snprintf(candidate, sizeof(candidate), "%.*s/%s", length ? (int)length : 1, length ? at : ".", name);
		executable = is_file(candidate) && access(candidate, X_OK) == 0;
		if (executable || (!found && is_file(candidate))) {
			snprintf(path, size, "%s", candidate);
			found = true;
		}
		at += length;
		more = *at;
	}
	return found ? path : NULL;
}

static void report_not_found(const char *name)
{
	const char *near = nearest_command(name);

	fprintf(stderr, "tick86: %s: not found in PATH%s%s%s\n", name, near ? "; did you mean tick86 " : "", near ? near : "",
		near ? "?" : "");
}

static bool model_usable(const struct options *options)
{
	const char *missing = cpu_model_missing_on_host(cpu_model_find(options->cpu));

	if (!missing)
		return true;
	fprintf(stderr, "tick86: this host's CPU has no %s, which --cpu=%s needs: choose an older model\n", missing, options->cpu);
	return false;
}

/* Opens the file of a report, if it is wanted, before the program can change the directory. */
static bool open_report(bool wanted, const char *option, const char *path, FILE **out)
{
	*out = NULL;
	if (!wanted || (*out = hidden_report(path)))
		return true;
	fprintf(stderr, "tick86: %s: cannot write %s: %s\n", option, path ? path : "standard error", strerror(errno));
	return false;
}

/* The error may be about the program's file or one that it names: a script's interpreter. */
static void report_load_error(const char *program, const struct load_error *error)
{
	bool named = !strncmp(error->text, program, strlen(program));

	fprintf(stderr, "tick86: %s%s%s\n", named ? "" : program, named ? "" : ": ", error->text);
}

/* The file that --save-at and --save-signal write, as an absolute path, since the program may change its directory. */
static bool choose_save_file(struct options *options, const char *program)
{
	const char *slash = strrchr(program, '/'), *name = options->save_file;
	char directory[PATH_MAX] = "", *path;

	if (options->save_at == UINT64_MAX && !options->save_signal)
		return true;
	if ((!name || *name != '/') && !getcwd(directory, sizeof(directory))) {
		fprintf(stderr, "tick86: --save-file: no current directory: %s\n", strerror(errno));
		return false;
	}
	if (asprintf(&path, "%s%s%s%s", directory, *directory ? "/" : "",
		    name            ? name
			    : slash ? slash + 1
				    : program,
		    name ? "" : ".saved")
		< 0)
		return false;
	options->save_file = path;
	return true;
}

/* tick86's own descriptors have high numbers, for which the limit on descriptors may be too low. */
static void report_no_process(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < HIDDEN_FD_NEEDED)
		fprintf(stderr, "tick86: the hard limit of open files (ulimit -Hn) is %llu; %d are needed\n",
			(unsigned long long)limit.rlim_max, HIDDEN_FD_NEEDED);
	else
		fprintf(stderr, "tick86: out of memory\n");
}

/* Creates an empty process and opens its reports. */
static struct process *begin(struct options *options, const struct tk *clock, FILE **stats, int *status)
{
	struct process *process;

	fault_install();
	process = process_create(options, clock);
	*status = EXIT_TOO_LITTLE;
	if (!process || !save_watch(process)) {
		report_no_process();
		return NULL;
	}
	*status = EXIT_USAGE;
	if (!open_report(options->strace, "--strace", options->strace_path, &process->strace)
		|| !open_report(options->trace_insns, "--trace-insns", options->trace_insns_path, &process->insn_trace)
		|| !open_report(options->dump_code, "--dump-code", options->dump_code_path, &process->dump_code)
		|| !open_report(options->stats, "--stats", options->stats_path, stats))
		return NULL;
	return process;
}

/* Says if a report could not be written, for all processes of the run in the first one. */
static bool report_written(const struct process *process, const char *option, FILE *report)
{
	if (!report || process->forked || !ferror(report))
		return true;
	log_line(process->options, LOG_ERROR, "%s: cannot write all of it", option);
	return false;
}

static _Noreturn void run_to_end(struct process *process, FILE *stats)
{
	int64_t started = host_clock_ns(CLOCK_MONOTONIC);
	int status = process_run(process);
	bool written = true;

	if (stats && !process->forked)
		written = stats_write(stats, process, host_clock_ns(CLOCK_MONOTONIC) - started);
	written &= report_written(process, "--strace", process->strace) && report_written(process, "--trace-insns", process->insn_trace);
	process_die(process, status == 0 && !written ? W_EXITCODE(EXIT_NOT_WRITTEN, 0) : status);
}

static int run_program(char **argv, const struct command_row *command)
{
	static struct options options; /* static because it is large; this host process has one run only */
	struct load_error load_error;
	struct process *process;
	struct tk clock;
	char error[256], path[PATH_MAX];
	const char *program;
	FILE *stats;
	int status;

	if (!options_parse(&options, command, argv + 1, &status))
		return status;
	options.record = command == &record_command_row;
	options.one_at_a_time |= options.record;
	if (!model_usable(&options))
		return EXIT_USAGE;
	if (!create_clock(&clock, &options, error, sizeof(error))) {
		fprintf(stderr, "tick86: %s\n", error);
		return EXIT_USAGE;
	}
	program = find_program(options.argv[0], path, sizeof(path));
	if (!program) {
		report_not_found(options.argv[0]);
		return EXIT_NOT_FOUND;
	}
	if (!choose_save_file(&options, program))
		return EXIT_USAGE;
	process = begin(&options, &clock, &stats, &status);
	if (!process)
		return status;
	if (options.record && !trace_record_begin(process, program))
		return EXIT_USAGE;
	if (!process_load(process, program, options.argv, options.envp, &load_error)) {
		report_load_error(program, &load_error);
		return load_error.status;
	}
	run_to_end(process, stats);
}

/* --- rows ------------------------------------------------------------------------------------------------- */

static int run_command(char **argv)
{
	return run_program(argv, &run_command_row);
}

static int record_command(char **argv)
{
	return run_program(argv, &record_command_row);
}

static int restore_command(char **argv)
{
	static struct options options;
	static struct restorer restorer;
	struct process *process;
	struct tk clock;
	FILE *stats;
	int status;

	if (!options_parse(&options, &restore_command_row, argv + 1, &status))
		return status;
	if (!restore_begin(&restorer, options.argv[0], &options, &clock)) {
		fprintf(stderr, "tick86: restore: %s: %s\n", options.argv[0], restorer.why);
		return EXIT_USAGE;
	}
	if (!choose_save_file(&options, options.argv[0]))
		return EXIT_USAGE;
	process = begin(&options, &clock, &stats, &status);
	if (!process)
		return status;
	if (!restore_process(&restorer, process)) {
		fprintf(stderr, "tick86: restore: %s: %s\n", options.argv[0], restorer.why);
		return restorer.damaged ? EXIT_USAGE : EXIT_CANNOT_RUN;
	}
	run_to_end(process, stats);
}

#define STATUSES                                                                             \
	"  the program's; of the signal that it dies of (with --status: 128 + its number)\n" \
	"  2    the command line is wrong\n"                                                 \
	"  125  all threads wait for ever (icount), or tick86 is out of memory\n"            \
	"  126  the program cannot be run\n"                                                 \
	"  127  the program is not found\n"

const struct command_row run_command_row = {
	.name = "run",
	.words = "[--] PROGRAM [ARG...]",
	.does = "Run a program; the word run may be left out.",
	.options = { clock_option_rows, run_option_rows, save_option_rows, report_option_rows },
	.notes = "Times have units: 250ms, 1.5s, 10m, 1h, 2d, 16y; frequencies too: 2.5GHz.\n"
		 "A program that is called as a command of tick86: tick86 -- stat /etc/passwd\n",
	.statuses = STATUSES,
	.example = "tick86 --icount=3 --epoch=2030-01-01 -- date",
	.most = UINT_MAX,
	.runs = true,
	.run = run_command,
};

const struct command_row record_command_row = {
	.name = "record",
	.words = "[--] PROGRAM [ARG...]",
	.does = "Run a program and record it, for replay, dump and diff.",
	.options = { record_option_rows, clock_option_rows, run_option_rows, save_option_rows, report_option_rows },
	.notes = "Without -o the file is PROGRAM.t86, or PROGRAM-2.t86 and so on. A recording\n"
		 "holds what the program read, and its environment: treat it like that data.\n",
	.statuses = STATUSES,
	.example = "tick86 record -o flaky.t86 --icount=3 ./test",
	.most = UINT_MAX,
	.runs = true,
	.run = record_command,
};

const struct command_row restore_command_row = {
	.name = "restore",
	.words = "FILE",
	.does = "Let a saved program go on where it was saved.",
	.options = { restore_option_rows, save_option_rows, report_option_rows },
	.refuses = "a saved program goes on as it was begun, which this option would change",
	.statuses = STATUSES,
	.example = "tick86 restore --policy=advance job.saved",
	.most = 1,
	.runs = true,
	.run = restore_command,
};
