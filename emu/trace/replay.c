/* The replay's controller: reads what is to be replayed, starts its first process, waits for all of them, says how it went. */
#include "emu/trace/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/mem/fault.h"
#include "emu/trace/replayer.h"

#define CHUNK_MEMORY (1ULL << 34)
#define OBJECTS_SIZE (1LL << 61)
#define CHECKPOINT_NS 200000000

enum { UNTIL_MAX = 64 };

static const char usage[] =
	"usage: tick86 replay [--quiet] [--until=MOMENT]... FILE\n"
	"  --quiet, -q         do not print what the program printed\n"
	"  --until=1000000     stop when so many instructions have run, and print the state\n"
	"  --until=event:120   ... at that event\n"
	"  --until=2.5s        ... when the guest's clock has gone so far (also ms, us, ns)\n"
	"  --until=-           read moments from standard input, one a line\n"
	"Several moments are gone to in turn, backwards as well as forwards.\n";

/* --- the command line --------------------------------------------------------------------------------- */

static bool parse_time(const char *text, int64_t *ns)
{
	static const struct { const char *unit; double ns; } units[] = { { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 } };
	char *end;
	double value = strtod(text, &end);

	for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
		if (end != text && !strcmp(end, units[k].unit) && value >= 0 && value * units[k].ns < 9e18) {
			*ns = (int64_t)(value * units[k].ns);
			return true;
		}
	}
	return false;
}

static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

static bool parse_target(const char *text, struct replay_moment *target)
{
	*target = REPLAY_NEVER;
	if (!strncmp(text, "event:", 6))
		return parse_number(text + 6, &target->events);
	if (parse_number(text, &target->insns))
		return true;
	target->insns = UINT64_MAX;
	return parse_time(text, &target->guest_ns);
}

/* The moments to go to, from the command line and from standard input. */
struct itinerary {
	const char *const *word; /* --until's values */
	unsigned words, next;
};

/* False: there is none left. */
static bool next_target(struct itinerary *itinerary, struct replay_moment *target)
{
	char line[64];

	while (itinerary->next < itinerary->words) {
		const char *word = itinerary->word[itinerary->next];

		if (strcmp(word, "-") != 0) {
			itinerary->next++;
			parse_target(word, target);
			return true;
		}
		if (!fgets(line, sizeof(line), stdin)) {
			itinerary->next++;
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		if (parse_target(line, target))
			return true;
		fprintf(stderr, "tick86: replay: '%s' is no moment: instructions, event:N, or a time like 2.5s\n", line);
	}
	return false;
}

static int wrong_usage(void)
{
	fputs(usage, stderr);
	return EXIT_USAGE;
}

/* --- preparing ---------------------------------------------------------------------------------------- */

static int fail(const char *path, const char *what)
{
	fprintf(stderr, "tick86: replay: %s: %s\n", path, what);
	return EXIT_USAGE;
}

/* The first record says what was recorded. NULL, or what is wrong with it. */
static const char *read_config(struct replay *replay)
{
	static char text[128];
	struct trace_record record;
	const char *missing, *name;
	json_t *config;

	if (!trace_next(&replay->shared->state.reader, &record) || record.kind != TRACE_CONFIG)
		return "the recording does not say what it is of";
	config = json_loadb((const char *)record.data, record.size, 0, NULL);
	name = json_string_value(json_object_get(config, "cpu"));
	replay->model = name ? cpu_model_find(name) : NULL;
	missing = replay->model ? cpu_model_missing_on_host(replay->model) : NULL;
	if (!replay->model)
		snprintf(text, sizeof(text), "it was recorded with a CPU model that this tick86 does not know");
	else if (missing)
		snprintf(text, sizeof(text), "this host's CPU has no %s, which --cpu=%s of the recording needs", missing, name);
	json_decref(config);
	return !replay->model || missing ? text : NULL;
}

static bool prepare_memory(struct replay *replay)
{
	int objects = memfd_create("tick86-shared", MFD_CLOEXEC);
	void *shared = mmap(NULL, sizeof(*replay->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	void *chunks = mmap(NULL, CHUNK_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (objects < 0 || ftruncate(objects, OBJECTS_SIZE) < 0 || shared == MAP_FAILED || chunks == MAP_FAILED)
		return false;
	replay->objects = objects;
	replay->shared = shared;
	replay->chunk_memory = chunks;
	space_init(&replay->space);
	replay->blocks = blocks_create(&replay->space);
	if (replay->blocks)
		blocks_configure(replay->blocks, &(struct blocks_config){ .leave_world = true });
	return replay->blocks;
}

/* --- waiting ------------------------------------------------------------------------------------------ */

static void stop_all(struct replay_shared *shared)
{
	__atomic_store_n(&shared->over, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&shared->turn, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&shared->orders, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &shared->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	syscall(SYS_futex, &shared->orders, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

/* Every process of the replay is our child; they end by themselves, or something is wrong with the emulator. */
static void note_dead(struct replay_shared *shared)
{
	int status;

	while (waitpid(-1, &status, WNOHANG) > 0) {
		if (!status || shared->end != REPLAY_RUNS)
			continue;
		shared->end = REPLAY_CRASHED;
		shared->state.root_status = status;
	}
}

/* Waits until the replay has come to an end or to its target. */
static void wait_for_news(struct replay_shared *shared, int seen)
{
	const struct timespec look = { .tv_nsec = 200000000 };

	while (__atomic_load_n(&shared->news, __ATOMIC_SEQ_CST) == seen && shared->end != REPLAY_CRASHED) {
		syscall(SYS_futex, &shared->news, FUTEX_WAIT, seen, &look, NULL, 0);
		if (__atomic_load_n(&shared->news, __ATOMIC_SEQ_CST) == seen)
			note_dead(shared);
	}
}

/* Lets the replay run, from moment to moment, up to its end. */
static void conduct(struct replay_shared *shared, int objects, struct itinerary *itinerary)
{
	struct replay_moment target;
	int seen = 0;

	for (;;) {
		wait_for_news(shared, seen);
		seen = __atomic_load_n(&shared->news, __ATOMIC_SEQ_CST);
		if (shared->end == REPLAY_CRASHED || shared->end == REPLAY_DIVERGED || !next_target(itinerary, &target))
			break;
		if (shared->end != REPLAY_REACHED)
			fprintf(stderr, "tick86: replay: the recording ends at event %" PRIu64 ", ahead of that\n", shared->state.now.events);
		replay_go_to(shared, objects, &target);
	}
	stop_all(shared);
}

/* --- the end ------------------------------------------------------------------------------------------ */

static int end_as_recorded(const struct replay_shared *shared)
{
	int status = shared->state.root_status, number = WTERMSIG(status);
	sigset_t set;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	raise(number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return 128 + number;
}

static int report_end(const char *path, const struct replay_shared *shared)
{
	const struct trace_reader *reader = &shared->state.reader;

	switch (shared->end) {
	case REPLAY_COMPLETE:
		return end_as_recorded(shared);
	case REPLAY_REACHED:
		return 0;
	case REPLAY_DIVERGED:
		return EXIT_DIVERGED;
	case REPLAY_CRASHED:
		fprintf(stderr, "tick86: replay: %s: a process of the replay ended by itself (wait status %#x): please report this\n", path,
		        (unsigned)shared->state.root_status);
		return EXIT_DIVERGED;
	default:
		if (reader->status == TRACE_DAMAGED)
			fprintf(stderr, "tick86: replay: %s: damaged: %s\n", path, reader->error);
		fprintf(stderr, "tick86: replay: %s: the recording ends here, before the program did: after %" PRIu64 " instructions, event %"
		        PRIu64 "%s\n", path, shared->state.now.insns, shared->state.now.events, reader->status == TRACE_CUT ? ", in the middle of a frame" : "");
		return EXIT_INCOMPLETE;
	}
}

static int replay_file(struct replay *replay, const char *path, struct itinerary *itinerary)
{
	struct replay_shared *shared;
	struct trace_record record;
	char error[128];
	const char *wrong;
	pid_t host_pid;

	if (!prepare_memory(replay))
		return fail(path, "out of memory");
	shared = replay->shared;
	if (!trace_reader_open(&shared->state.reader, path, error, sizeof(error)))
		return fail(path, error);
	wrong = read_config(replay);
	if (wrong)
		return fail(path, wrong);
	if (!trace_peek(&shared->state.reader, &record) || record.kind != TRACE_PROCESS || record.field[0] == 0 || record.field[0] > INT_MAX)
		return fail(path, shared->state.reader.status == TRACE_DAMAGED ? shared->state.reader.error : "nothing was recorded of the program");
	replay->pid = shared->root = shared->state.process[0] = shared->turn = (pid_t)record.field[0];
	shared->state.processes = 1;
	shared->resume = -1;
	shared->target = REPLAY_NEVER;
	shared->keeps_checkpoints = itinerary->words > 1 || (itinerary->words == 1 && !strcmp(itinerary->word[0], "-"));
	shared->checkpoint_interval_ns = CHECKPOINT_NS;
	next_target(itinerary, &shared->target);
	fault_install();
	fflush(NULL);
	host_pid = fork();
	if (host_pid == 0) {
		if (!replay_guard(replay->objects)) {
			fprintf(stderr, "tick86: replay: this host lets no process give up its system calls (seccomp)\n");
			_exit(EXIT_USAGE);
		}
		replay_process(replay);
	}
	if (host_pid < 0)
		return fail(path, strerror(errno));
	conduct(shared, replay->objects, itinerary);
	return report_end(path, shared);
}

int replay_command(char **argv)
{
	static struct replay replay;
	static const char *word[UNTIL_MAX];
	struct itinerary itinerary = { .word = word };
	struct replay_moment target;
	const char *path = NULL;

	while (*++argv) {
		if (!strcmp(*argv, "--help") || !strcmp(*argv, "-h")) {
			fputs(usage, stdout);
			return 0;
		}
		if (!strcmp(*argv, "--quiet") || !strcmp(*argv, "-q"))
			replay.quiet = true;
		else if (!strncmp(*argv, "--until=", 8) && itinerary.words < UNTIL_MAX &&
		         (!strcmp(*argv + 8, "-") || parse_target(*argv + 8, &target)))
			word[itinerary.words++] = *argv + 8;
		else if (**argv == '-' || path)
			return wrong_usage();
		else
			path = *argv;
	}
	return path ? replay_file(&replay, path, &itinerary) : wrong_usage();
}
