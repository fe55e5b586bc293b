/* The recorder: an observer that writes down what the world does to a run. */
#include "decode/decode.h"
#include "emu/cpu/seconds.h"
#include "emu/cpu/fatal.h"
#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/signal/signal.h"
#include "emu/trace/record.h"
#include "emu/trace/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "emu/linux/rows/syscall.h"

/* A kill -9 loses at most twice this time: it is checked when the program stops, and before long waits. */
#define FLUSH_NS 400000000LL
/* A check at least this often, also without events: finding a divergence late costs a search, and a check costs some microseconds. */
#define CHECK_INSNS 20000000ULL

/* --- appending ---------------------------------------------------------------------------------------- */

/* Writing failed: the run goes on without a recording. Reports it once. */
static void report_failure(const struct recorder *recorder)
{
	struct recording *recording = recorder->recording;

	if (!recording->writer.error || recording->failed)
		return;
	recording->failed = true;
	log_line(recorder->process->options, LOG_ERROR, "the recording ends here: cannot write it: %s", strerror(recording->writer.error));
}

void recorder_flush(const struct recorder *recorder)
{
	trace_flush(&recorder->recording->writer, host_clock_ns(CLOCK_MONOTONIC));
	recorder_keep(recorder->recording);
	report_failure(recorder);
}

void recorder_append(struct recorder *recorder, pid_t pid, const struct trace_record *record)
{
	struct recording *recording = recorder->recording;
	struct trace_writer *writer = &recording->writer;

	if (!trace_has_room(writer, 2, record->size))
		recorder_flush(recorder);
	if (recording->log.pid != pid) {
		trace_append(writer, RECORD(PROCESS, (uint64_t)pid));
		recording->log.pid = pid;
	}
	trace_append(writer, record);
	report_failure(recorder);
}

static void append(struct recorder *recorder, const struct trace_record *record)
{
	recorder_append(recorder, recorder->process->pid, record);
}

static void append_thread(struct recorder *recorder, pid_t tid)
{
	if (recorder->log_tid == tid)
		return;
	recorder->log_tid = tid;
	append(recorder, RECORD(THREAD, (uint64_t)tid));
}

static void append_stop(struct recorder *recorder)
{
	struct recording *recording = recorder->recording;
	struct recorded_task *task = recorder->stop.task;
	uint64_t insns = recorder->process->insns - recorder->logged_insns;
	uint8_t changes[TRACE_CHANGES_MAX];
	size_t size = trace_put_changes(changes, &task->registers, &recorder->stop.registers);

	recorder->stopped = false;
	append_thread(recorder, task->tid);
	append(recorder,
		RECORD_DATA(STOP, changes, size, recorder->stop.exit, insns,
			trace_zigzag(recorder->stop.guest_ns - recording->log.guest_ns),
			trace_zigzag(recorder->stop.host_ns - recording->log.host_ns)));
	task->registers = recorder->stop.registers;
	recording->log.guest_ns = recorder->stop.guest_ns;
	recording->log.host_ns = recorder->stop.host_ns;
	recording->log.insns += insns;
	recorder->logged_insns = recorder->process->insns;
}

void recorder_emit(struct recorder *recorder, const struct trace_record *record)
{
	if (recorder->stopped)
		append_stop(recorder);
	append(recorder, record);
}

/* --- beginning ---------------------------------------------------------------------------------------- */

static int open_file(const char *path)
{
	int fd = hidden_open(path, O_CREAT | O_TRUNC, 0666);

	if (fd < 0)
		return -errno;
	flock(fd, LOCK_SH | LOCK_NB); /* all processes of the run hold it: a replay sees that the last one has not ended */
	return fd;
}

/* Returns the recorder, with its file open, or NULL with `error` set to -errno. */
static struct recorder *new_recorder(const char *path, int *error)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	struct recording *recording = mmap(NULL, sizeof(*recording), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = open_file(path);

	*error = fd < 0 ? fd : !recorder || recording == MAP_FAILED ? -ENOMEM : trace_writer_begin(&recording->writer, fd);
	if (*error == 0) {
		recorder->recording = recording;
		return recorder;
	}
	if (fd >= 0)
		close(fd);
	if (recording != MAP_FAILED)
		munmap(recording, sizeof(*recording));
	free(recorder);
	return NULL;
}

/* --- around guest code -------------------------------------------------------------------------------- */

/* Returns the log's state of a thread. A thread with an id that the log does not know is new. */
static struct recorded_task *known_task(struct recorder *recorder, struct task *task)
{
	struct recorded_task *known = recorded_of(recorder, task);

	if (known && known->tid == task->tid)
		return known;
	if (recorder->stopped)
		append_stop(recorder);
	free(known);
	known = fatal_unless(aligned_alloc(64, (sizeof(*known) + 63) & ~(size_t)63));
	memset(known, 0, sizeof(*known));
	known->tid = task->tid;
	task->observed[recorder->observer.slot] = known;
	recorder_emit(recorder, RECORD(TASK, (uint64_t)task->tid));
	return known;
}

void recorder_emit_of(struct recorder *recorder, struct task *task, const struct trace_record *record)
{
	pid_t tid = known_task(recorder, task)->tid;

	if (recorder->stopped)
		append_stop(recorder);
	append_thread(recorder, tid);
	append(recorder, record);
}

void recorder_emit_time(struct recorder *recorder, struct task *task)
{
	struct recorded_task *recorded = recorded_of(recorder, task);
	struct recording *recording = recorder->recording;
	int64_t guest = clock_now(task->process), host = host_clock_ns(CLOCK_MONOTONIC);

	recorded->waits = false;
	if (recorder->stopped)
		append_stop(recorder);
	append_thread(recorder, recorded->tid);
	append(recorder, RECORD(TIME, trace_zigzag(guest - recording->log.guest_ns), trace_zigzag(host - recording->log.host_ns)));
	recording->log.guest_ns = guest;
	recording->log.host_ns = host;
}

static bool vector_changed(const struct vector_state *old, const struct cpu *cpu)
{
	return memcmp(old->v, cpu->v, sizeof(old->v)) != 0 || memcmp(&old->x87, &cpu->x87, sizeof(old->x87)) != 0
		|| old->mxcsr != cpu->mxcsr;
}

static void keep_vector(struct vector_state *vector, const struct cpu *cpu)
{
	memcpy(vector->v, cpu->v, sizeof(vector->v));
	vector->x87 = cpu->x87;
	vector->mxcsr = cpu->mxcsr;
}

static void emit_state(struct recorder *recorder, struct task *task)
{
	struct recorded_task *recorded = known_task(recorder, task);
	const struct trace_registers *old = recorder->stopped && recorder->stop.task == recorded ? &recorder->stop.registers
												 : &recorded->registers;
	struct trace_registers new;
	uint8_t changes[TRACE_CHANGES_MAX];

	trace_registers_of(&task->cpu, &new);
	if (memcmp(old, &new, sizeof(new)) != 0) {
		size_t size = trace_put_changes(changes, old, &new);

		if (recorder->stopped)
			append_stop(recorder);
		append_thread(recorder, task->tid);
		append(recorder, RECORD_DATA(STATE, changes, size));
		recorded->registers = new;
	}
	if (vector_changed(&recorded->vector, &task->cpu)) {
		struct xsave_area vector;

		trace_vector_of(&task->cpu, &vector);
		if (recorder->stopped)
			append_stop(recorder);
		append_thread(recorder, task->tid);
		append(recorder, RECORD_DATA(VECTOR, (const uint8_t *)&vector, sizeof(vector)));
	}
}

static void resume(struct observer *self, struct task *task)
{
	struct recorder *recorder = recorder_of(self);

	recorder_emit_writes(recorder);
	emit_state(recorder, task);
	if (recorder->stopped && recorder->stop.task != recorded_of(recorder, task))
		append_stop(recorder);
	append_thread(recorder, task->tid);
}

/* ORDER WORLD: trace_exit has the instructions in the order of enum world. */
static uint64_t world_code(const struct task *task)
{
	return TRACE_EXIT_WORLD + (task->cpu.world - WORLD_OTHER);
}

static uint64_t exit_code(struct task *task, enum cpu_exit exit)
{
	switch (exit) {
	case EXIT_SYSCALL: return TRACE_EXIT_SYSCALL;
	case EXIT_EXCEPTION: return TRACE_EXIT_EXCEPTION;
	case EXIT_WORLD: return world_code(task);
	default: return TRACE_EXIT_COUNT; /* stops that depend on the emulator (ends of blocks, cleared caches) are not recorded */
	}
}

static void check_and_flush(struct recorder *recorder, struct task *task, int64_t now)
{
	uint64_t insns = task->process->insns;

	/* Vector registers can be checked only if the thread is at the instruction that the log says. */
	if (insns - recorder->checked_insns >= CHECK_INSNS && recorder->stop.exit < TRACE_EXIT_WORLD) {
		recorder->checked_insns = insns;
		recorder_emit_check(recorder, task);
	}
	if (now - recorder->recording->writer.flushed_ns >= FLUSH_NS) {
		if (recorder->stopped)
			append_stop(recorder);
		recorder_flush(recorder);
	}
}

/* Records the memory that the call only reads: as a check, and for dumps. */
static void emit_inputs(struct recorder *recorder, const struct task *task)
{
	enum { SHOWN = 64, STRING_SHOWN = 256 };
	struct space *space = &task->process->space;
	uint64_t number = (uint32_t)task->cpu.r[RAX];
	const struct cpu *cpu = &task->cpu;
	const uint64_t arg[6] = { cpu->r[RDI], cpu->r[RSI], cpu->r[RDX], cpu->r[R10], cpu->r[R8], cpu->r[R9] };
	const struct syscall_row *row = syscall_find(number);
	uint8_t bytes[STRING_SHOWN];

	for (unsigned i = 0; row && i < row->args; i++) {
		const struct syscall_arg *a = &row->arg[i];
		uint64_t size = syscall_extent(row, i, arg);
		int64_t length;

		if ((a->direction != DIR_IN && a->direction != DIR_INOUT) || !arg[i])
			continue;
		if (a->extent == EXTENT_STRING) {
			length = space_read_string(space, arg[i], (char *)bytes, sizeof(bytes));
			size = length < 0 ? 0 : (uint64_t)length + 1;
		} else {
			size = size < SHOWN ? size : SHOWN;
			size = space_read(space, arg[i], bytes, size) ? size : 0;
		}
		if (size)
			recorder_emit(recorder, RECORD_DATA(INPUT, bytes, size, arg[i]));
	}
}

static void stop(struct observer *self, struct task *task, enum cpu_exit exit)
{
	struct recorder *recorder = recorder_of(self);
	struct recorded_task *recorded = recorded_of(recorder, task);
	int64_t now = host_clock_ns(CLOCK_MONOTONIC);

	recorder->stopped = true;
	recorder->stop.task = recorded;
	recorder->stop.exit = exit_code(task, exit);
	recorder->stop.guest_ns = clock_now(task->process);
	recorder->stop.host_ns = now;
	trace_registers_of(&task->cpu, &recorder->stop.registers);
	keep_vector(&recorded->vector, &task->cpu);
	recorder->call_mark = recorder->ranges;
	if (exit == EXIT_EXCEPTION && task->cpu.exception.vector == VECTOR_PF)
		recorder_stop_beyond_end(recorder, task->cpu.exception.address);
	check_and_flush(recorder, task, now);
	if (recorder->stop.exit != TRACE_EXIT_COUNT && recorder->stopped)
		append_stop(recorder);
	if (exit == EXIT_SYSCALL)
		emit_inputs(recorder, task);
}

/* A call of the vDSO may have stored at most two words at each of its arguments. A clock's number is no pointer. */
static void note_vdso_writes(const struct recorder *recorder, struct task *task)
{
	enum { WRITTEN_MAX = 16, POINTERS = 2 };
	static const uint8_t pointers[POINTERS] = { RDI, RSI };
	struct process *process = task->process;
	const struct trace_registers *before = &recorded_of(recorder, task)->registers;
	const struct vma *vma = space_find(&process->space, before->r[TRACE_RIP]);

	if (!vma || !vma->name || strcmp(vma->name, "[vdso]"))
		return;
	for (unsigned k = 0; k < POINTERS; k++)
		if (before->r[pointers[k]] >= GUEST_PAGE)
			space_note_write(&process->space, before->r[pointers[k]], WRITTEN_MAX);
}

static void advance(struct observer *self, struct task *task, uint64_t insns)
{
	struct recorder *recorder = recorder_of(self);

	if (insns == 0)
		return;
	note_vdso_writes(recorder, task);
	recorder_emit(recorder, RECORD(ADVANCE, insns));
	recorder->logged_insns += insns;
	recorder->recording->log.insns += insns;
}

void recorder_pause(struct observer *self, struct process *process, int64_t wait_ns)
{
	struct recorder *recorder = recorder_of(self);

	(void)process;
	recorder_emit_writes(recorder);
	if (recorder->stopped)
		append_stop(recorder);
	recorder_keep(recorder->recording);
	if (wait_ns < 0 || wait_ns > FLUSH_NS)
		recorder_flush(recorder);
}

/* --- for people who read the recording ---------------------------------------------------------------- */

static bool tells_address(const siginfo_t *info)
{
	int number = info->si_signo;

	return info->si_code > 0 && (number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE || number == SIGTRAP);
}

static bool tells_sender(const siginfo_t *info)
{
	return info->si_code == SI_USER || info->si_code == SI_QUEUE || info->si_code == SI_TKILL || info->si_signo == SIGCHLD;
}

static void note_signal(struct observer *self, struct task *task, const siginfo_t *info)
{
	struct recorder *recorder = recorder_of(self);

	recorder_emit_writes(recorder); /* writes of a system call come before the signal's */
	recorder_emit_of(recorder, task,
		RECORD(SIGNAL, (uint64_t)info->si_signo, trace_zigzag(info->si_code), tells_sender(info) ? (uint64_t)info->si_pid : 0,
			tells_address(info) ? (uint64_t)info->si_addr : 0));
}

static void note_exec(struct observer *self, struct process *process, const char *path, char *const argv[])
{
	uint8_t text[4096];
	size_t used = 0;

	(void)process;
	for (const char *word = path; word && used + strlen(word) < sizeof(text); word = *argv++) {
		memcpy(text + used, word, strlen(word) + 1);
		used += strlen(word) + 1;
	}
	recorder_emit(recorder_of(self), RECORD_DATA(EXEC, text, used));
}

/* --- the observer ------------------------------------------------------------------------------------- */

static void task_end(struct observer *self, struct task *task)
{
	struct recorder *recorder = recorder_of(self);
	struct recorded_task *recorded = recorded_of(recorder, task);

	if (!recorded)
		return;
	if (recorder->stopped && recorder->stop.task == recorded)
		append_stop(recorder);
	if (recorder->log_tid == recorded->tid)
		recorder->log_tid = 0;
	recorder_emit(recorder, RECORD(TASK_END, (uint64_t)recorded->tid));
}

static void forget(struct observer *self, struct task *task)
{
	free(task->observed[self->slot]);
	task->observed[self->slot] = NULL;
}

/* clang-format off */
static const struct observer_table recorder_table = {
	.resume = resume, .stop = stop, .advance = advance, .memory = recorder_memory, .written = recorder_written,
	.call = recorder_call, .result = recorder_result,
	.signal = note_signal, .exec = note_exec, .fork = recorder_fork, .forked = recorder_forked, .child = recorder_child,
	.task_end = task_end, .forget = forget, .killed = recorder_killed, .turn = recorder_turn, .exit = recorder_exit,
	.pause = recorder_pause,
};
/* clang-format on */

static void note_output(struct output *output, int fd)
{
	struct stat status;

	if (fstat(fd, &status) == 0)
		*output = (struct output){ true, status.st_dev, status.st_ino };
}

int record_begin(struct process *process, const char *path, const char *config)
{
	int error;
	struct recorder *recorder = new_recorder(path, &error);

	if (!recorder)
		return error;
	for (int k = 0; k < 2; k++)
		note_output(&recorder->output[k], k + 1);
	recorder->process = process;
	recorder->observer.on = &recorder_table;
	observer_add(process, &recorder->observer);
	blocks_leave_world(process->blocks);
	trace_append(&recorder->recording->writer, RECORD_DATA(CONFIG, (const uint8_t *)config, strlen(config)));
	recorder->recording->writer.flushed_ns = recorder->recording->log.host_ns = host_clock_ns(CLOCK_MONOTONIC);
	recorder_keep(recorder->recording);
	return 0;
}
