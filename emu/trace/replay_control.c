/* The replay's controller: opens the recording, starts the first process, waits for all processes, and reports the result. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/mem/fault.h"
#include "emu/trace/replayer.h"
#include "emu/translate/translate.h"

#define OBJECTS_SIZE (1LL << 61)
#define CHECKPOINT_NS 200000000

/* --- preparing ---------------------------------------------------------------------------------------- */

static int fail(const char *path, const char *what)
{
	fprintf(stderr, "tick86: replay: %s: %s\n", path, what);
	return EXIT_USAGE;
}

static const char *why_no_config(const struct trace_reader *reader)
{
	switch (reader->status) {
	case TRACE_OK: return "the recording does not say what it is of";
	case TRACE_DAMAGED: return reader->error;
	default: return "the recording ends ahead of its first record";
	}
}

/* Reads the first record, which describes the run. Returns NULL, or what is wrong with it. */
static const char *read_config(struct replay *replay)
{
	static char text[128];
	struct trace_record record;
	const char *missing, *name, *kind;
	json_t *config;

	if (!trace_next(&replay->shared->state.reader, &record) || record.kind != TRACE_CONFIG)
		return why_no_config(&replay->shared->state.reader);
	config = json_loadb((const char *)record.data, record.size, 0, NULL);
	kind = json_string_value(json_object_get(config, "kind"));
	if (kind && !strcmp(kind, "saved"))
		return "this is a saved program, no recording: tick86 restore takes it";
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
	void *chunks = mmap(NULL, REPLAY_CHUNK_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (objects < 0 || ftruncate(objects, OBJECTS_SIZE) < 0 || shared == MAP_FAILED || chunks == MAP_FAILED)
		return false;
	replay->objects = objects;
	replay->shared = shared;
	replay->chunk_memory = chunks;
	space_init(&replay->space);
	replay->blocks = blocks_create(&replay->space);
	if (!replay->blocks)
		return false;
	if (replay->trust) /* translated code does not check addresses */
		translate_attach(replay->blocks, &(struct translate_config){ 0 });
	blocks_configure(replay->blocks, &(struct blocks_config){ .leave_world = true });
	return true;
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

/* Every process of the replay is a child of the controller. A child that dies of a signal or with an unexpected status is a bug of the
 * emulator. */
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

/* Runs the replay from one target to the next, and to its end. */
static void conduct(struct replay_shared *shared, int objects, struct itinerary *itinerary)
{
	struct replay_moment target;
	int seen = 0;

	for (;;) {
		wait_for_news(shared, seen);
		seen = __atomic_load_n(&shared->news, __ATOMIC_SEQ_CST);
		if (shared->end == REPLAY_CRASHED || shared->end == REPLAY_DIVERGED || !replay_next_target(itinerary, &target))
			break;
		if (shared->end != REPLAY_REACHED)
			fprintf(stderr, "tick86: replay: the recording ends at event %" PRIu64 ", ahead of that\n",
				shared->state.now.events);
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

	if (shared->output_error) {
		fprintf(stderr, "tick86: replay: %s: its output cannot be written: %s\n", path, strerror(shared->output_error));
		if (shared->end == REPLAY_COMPLETE)
			return EXIT_NOT_WRITTEN;
	}
	switch (shared->end) {
	case REPLAY_COMPLETE: return end_as_recorded(shared);
	case REPLAY_REACHED: return 0;
	case REPLAY_DIVERGED: return EXIT_DIVERGED;
	case REPLAY_CRASHED:
		fprintf(stderr, "tick86: replay: %s: a process of the replay ended by itself (wait status %#x): please report this\n", path,
			(unsigned)shared->state.root_status);
		return EXIT_DIVERGED;
	default:
		if (reader->status == TRACE_DAMAGED)
			fprintf(stderr, "tick86: replay: %s: damaged: %s\n", path, reader->error);
		fprintf(stderr,
			"tick86: replay: %s: the recording ends here, before the program did: after %" PRIu64
			" instructions, event %" PRIu64 "%s\n",
			path, shared->state.now.insns, shared->state.now.events,
			reader->status == TRACE_CUT ? ", in the middle of a frame" : "");
		return EXIT_INCOMPLETE;
	}
}

/* Reads the beginning of the log, with the guard in place. Returns NULL, or what is wrong with it. */
static const char *begin(struct replay *replay, struct itinerary *itinerary)
{
	struct replay_shared *shared = replay->shared;
	struct trace_record record;
	const char *wrong = read_config(replay);

	if (wrong)
		return wrong;
	signal(SIGPIPE, SIG_IGN); /* recorded output that no process reads */
	if (!trace_peek(&shared->state.reader, &record) || record.kind != TRACE_PROCESS || record.field[0] == 0
		|| record.field[0] > INT_MAX)
		return shared->state.reader.status == TRACE_DAMAGED ? shared->state.reader.error : "nothing was recorded of the program";
	replay->pid = shared->root = shared->state.process[0] = shared->turn = (pid_t)record.field[0];
	shared->state.processes = 1;
	shared->target = REPLAY_NEVER;
	shared->keeps_checkpoints = itinerary->words > 1 || (itinerary->words == 1 && !strcmp(itinerary->word[0], "-"));
	shared->checkpoint_interval_ns = CHECKPOINT_NS;
	replay_next_target(itinerary, &shared->target);
	return NULL;
}

/* Processes of the recorded run may live longer than the first one, and each holds a lock on the file (record.c). A replay without their ends
 * would not be the run. So this waits for them a while, and says so if that was too short: one that serves for days is not waited for. */
static void await_recorders(const char *path)
{
	enum { PATIENCE_MS = 5000, LOOK_MS = 10 };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), waited = 0;

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK && waited < PATIENCE_MS) {
		poll(NULL, 0, LOOK_MS);
		waited += LOOK_MS;
	}
	if (waited >= PATIENCE_MS)
		fprintf(stderr, "tick86: replay: %s: processes of the recorded run have not ended yet; this is what there is of them\n",
			path);
	if (fd >= 0)
		close(fd);
}

int replay_file(const char *path, bool quiet, bool trust, struct itinerary *itinerary)
{
	struct replay replay = { .quiet = quiet, .trust = trust };
	const char *wrong;
	char error[128];
	long host_pid;

	if (!prepare_memory(&replay))
		return fail(path, "out of memory");
	await_recorders(path);
	if (!trace_reader_open(&replay.shared->state.reader, path, error, sizeof(error)))
		return fail(path, error);
	fault_install();
	json_object_seed(1); /* otherwise jansson opens /dev/urandom, which the guard would refuse */
	if (!replay_guard(GUARD_CONTROLLER, replay.objects))
		return fail(path, "this host lets no process give up its system calls (seccomp)");
	wrong = begin(&replay, itinerary);
	if (wrong)
		return fail(path, wrong);
	host_pid = syscall(SYS_clone, SIGCHLD, 0, NULL, NULL, 0);
	if (host_pid == 0) {
		if (!replay_guard(GUARD_PROCESS, replay.objects))
			_exit(EXIT_USAGE);
		replay_process(&replay);
	}
	if (host_pid < 0)
		return fail(path, strerror(errno));
	conduct(replay.shared, replay.objects, itinerary);
	return report_end(path, replay.shared);
}
