#include "decode/decode.h"
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
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>


/* A kill -9 loses at most twice this: it is looked at when the program stops, and ahead of long waits. */
#define FLUSH_NS    400000000LL
/* Without events a check still comes this often: finding a divergence late costs a search, a check costs some microseconds. */
#define CHECK_INSNS 20000000ULL

static int64_t host_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* --- appending ---------------------------------------------------------------------------------------- */

/* The run goes on without its recording; once, somebody says so. */
static void report_failure(const struct process *process)
{
	struct recording *recording = process->recorder->recording;

	if (!recording->writer.error || recording->failed)
		return;
	recording->failed = true;
	log_line(process->options, LOG_ERROR, "the recording ends here: cannot write it: %s", strerror(recording->writer.error));
}

void recorder_flush(const struct process *process)
{
	trace_flush(&process->recorder->recording->writer, host_ns());
	recorder_keep(process->recorder->recording);
	report_failure(process);
}

void recorder_append(struct process *process, pid_t pid, const struct trace_record *record)
{
	struct recording *recording = process->recorder->recording;
	struct trace_writer *writer = &recording->writer;

	if (!trace_has_room(writer, 2, record->size))
		recorder_flush(process);
	if (recording->log.pid != pid) {
		trace_append(writer, RECORD(PROCESS, (uint64_t)pid));
		recording->log.pid = pid;
	}
	trace_append(writer, record);
	report_failure(process);
}

static void append(struct process *process, const struct trace_record *record)
{
	recorder_append(process, process->pid, record);
}

static void append_thread(struct process *process, pid_t tid)
{
	if (process->recorder->log_tid == tid)
		return;
	process->recorder->log_tid = tid;
	append(process, RECORD(THREAD, (uint64_t)tid));
}

static void append_stop(struct process *process)
{
	struct recorder *recorder = process->recorder;
	struct recording *recording = recorder->recording;
	struct recorded_task *task = recorder->stop.task;
	uint64_t insns = process->insns - recorder->logged_insns;
	uint8_t changes[TRACE_CHANGES_MAX];
	size_t size = trace_put_changes(changes, &task->registers, &recorder->stop.registers);

	recorder->stopped = false;
	append_thread(process, task->tid);
	append(process, RECORD_DATA(STOP, changes, size, recorder->stop.exit, insns,
	                            trace_zigzag(recorder->stop.guest_ns - recording->log.guest_ns),
	                            trace_zigzag(recorder->stop.host_ns - recording->log.host_ns)));
	task->registers = recorder->stop.registers;
	recording->log.guest_ns = recorder->stop.guest_ns;
	recording->log.host_ns = recorder->stop.host_ns;
	recording->log.insns += insns;
	recorder->logged_insns = process->insns;
}

void recorder_emit(struct process *process, const struct trace_record *record)
{
	if (process->recorder->stopped)
		append_stop(process);
	append(process, record);
}

/* --- beginning ---------------------------------------------------------------------------------------- */

static int open_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666), hidden;

	if (fd < 0)
		return -errno;
	hidden = hidden_fd(fd);
	return hidden < 0 ? -EMFILE : hidden;
}

/* The recorder and its file, or NULL with `error` set to -errno. */
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

int record_begin(struct process *process, const char *path, const char *config)
{
	int error;
	struct recorder *recorder = new_recorder(path, &error);

	if (!recorder)
		return error;
	for (int k = 0; k < 2; k++)
		if (fstat(k + 1, &recorder->output[k]) < 0)
			recorder->output[k].st_nlink = 0;
	process->recorder = recorder;
	recorder_follow_space(process);
	trace_append(&recorder->recording->writer, RECORD_DATA(CONFIG, (const uint8_t *)config, strlen(config)));
	recorder->recording->writer.flushed_ns = recorder->recording->log.host_ns = host_ns();
	recorder_keep(recorder->recording);
	return 0;
}

/* --- around guest code -------------------------------------------------------------------------------- */

/* A thread that the log does not know under this id is a new one. */
static struct recorded_task *known_task(struct task *task)
{
	struct process *process = task->process;

	if (task->recorded && task->recorded->tid == task->tid)
		return task->recorded;
	if (process->recorder->stopped)
		append_stop(process);
	free(task->recorded);
	task->recorded = aligned_alloc(64, (sizeof(*task->recorded) + 63) & ~(size_t)63);
	if (!task->recorded)
		abort();
	memset(task->recorded, 0, sizeof(*task->recorded));
	task->recorded->tid = task->tid;
	recorder_emit(process, RECORD(TASK, (uint64_t)task->tid));
	return task->recorded;
}

void recorder_emit_of(struct task *task, const struct trace_record *record)
{
	struct process *process = task->process;
	pid_t tid = known_task(task)->tid;

	if (process->recorder->stopped)
		append_stop(process);
	append_thread(process, tid);
	append(process, record);
}

void recorder_emit_time(struct task *task)
{
	struct process *process = task->process;
	struct recording *recording = process->recorder->recording;
	int64_t guest = clock_now(process), host = host_ns();

	task->recorded->waits = false;
	if (process->recorder->stopped)
		append_stop(process);
	append_thread(process, task->recorded->tid);
	append(process, RECORD(TIME, trace_zigzag(guest - recording->log.guest_ns), trace_zigzag(host - recording->log.host_ns)));
	recording->log.guest_ns = guest;
	recording->log.host_ns = host;
}

static bool vector_changed(const struct vector_state *old, const struct cpu *cpu)
{
	return memcmp(old->v, cpu->v, sizeof(old->v)) != 0 || memcmp(&old->x87, &cpu->x87, sizeof(old->x87)) != 0 ||
	       old->mxcsr != cpu->mxcsr;
}

static void keep_vector(struct vector_state *vector, const struct cpu *cpu)
{
	memcpy(vector->v, cpu->v, sizeof(vector->v));
	vector->x87 = cpu->x87;
	vector->mxcsr = cpu->mxcsr;
}

static void emit_state(struct task *task)
{
	struct process *process = task->process;
	struct recorded_task *recorded = known_task(task);
	struct recorder *recorder = process->recorder;
	const struct trace_registers *old = recorder->stopped && recorder->stop.task == recorded ? &recorder->stop.registers
	                                                                                        : &recorded->registers;
	struct trace_registers new;
	uint8_t changes[TRACE_CHANGES_MAX];

	trace_registers_of(&task->cpu, &new);
	if (memcmp(old, &new, sizeof(new)) != 0) {
		size_t size = trace_put_changes(changes, old, &new);

		if (recorder->stopped)
			append_stop(process);
		append_thread(process, task->tid);
		append(process, RECORD_DATA(STATE, changes, size));
		recorded->registers = new;
	}
	if (vector_changed(&recorded->vector, &task->cpu)) {
		struct xsave_area vector;

		trace_vector_of(&task->cpu, &vector);
		if (recorder->stopped)
			append_stop(process);
		append_thread(process, task->tid);
		append(process, RECORD_DATA(VECTOR, (const uint8_t *)&vector, sizeof(vector)));
	}
}

void record_resume(struct task *task)
{
	struct process *process = task->process;
	struct recorder *recorder = process->recorder;

	if (!recorder)
		return;
	recorder_emit_writes(process);
	emit_state(task);
	if (recorder->stopped && recorder->stop.task != task->recorded)
		append_stop(process);
	append_thread(process, task->tid);
}

/* Which instruction it is that the world decides: one of FORM_WORLD's. */
static uint64_t world_code(struct task *task)
{
	static const struct { uint8_t opcode; uint8_t exit; } codes[] = {
		{ 0x30, TRACE_EXIT_WRMSR }, { 0x31, TRACE_EXIT_RDTSC }, { 0x32, TRACE_EXIT_RDMSR }, { 0xa2, TRACE_EXIT_CPUID },
		{ 0x01, TRACE_EXIT_RDTSCP }, { 0xc7, TRACE_EXIT_RDPID }, { 0xb9, TRACE_EXIT_VDSO },
	};
	uint64_t at = task->cpu.rip;
	uint8_t bytes[2];

	/* Prefixes come first: none of them is 0F. */
	for (unsigned n = 0; n < DECODE_MAX_LENGTH && space_read(&task->process->space, at + n, bytes, sizeof(bytes)); n++)
		for (size_t k = 0; bytes[0] == 0x0f && k < sizeof(codes) / sizeof(codes[0]); k++)
			if (bytes[1] == codes[k].opcode)
				return codes[k].exit;
	return TRACE_EXIT_WORLD;
}

static uint64_t exit_code(struct task *task, enum cpu_exit exit)
{
	switch (exit) {
	case EXIT_SYSCALL:
		return TRACE_EXIT_SYSCALL;
	case EXIT_EXCEPTION:
		return TRACE_EXIT_EXCEPTION;
	case EXIT_WORLD:
		return world_code(task);
	default:
		return TRACE_EXIT_COUNT; /* where blocks end and caches are emptied is nobody's business */
	}
}

static void check_and_flush(struct task *task, int64_t now)
{
	struct process *process = task->process;
	struct recorder *recorder = process->recorder;

	/* Vector registers may be checked only where the thread stands as the log says. */
	if (process->insns - recorder->checked_insns >= CHECK_INSNS && recorder->stop.exit < TRACE_EXIT_WORLD) {
		recorder->checked_insns = process->insns;
		recorder_emit_check(task);
	}
	if (now - recorder->recording->writer.flushed_ns >= FLUSH_NS) {
		if (recorder->stopped)
			append_stop(process);
		recorder_flush(process);
	}
}

/* The bytes that the call's arguments point at and that it only reads: a check of memory, and what dumps show. */
static void emit_inputs(struct task *task)
{
	enum { SHOWN = 64, STRING_SHOWN = 256 };
	struct process *process = task->process;
	uint64_t number = (uint32_t)task->cpu.r[RAX];
	const struct cpu *cpu = &task->cpu;
	const uint64_t arg[6] = { cpu->r[RDI], cpu->r[RSI], cpu->r[RDX], cpu->r[R10], cpu->r[R8], cpu->r[R9] };
	const struct syscall_row *row = syscall_find(number);
	uint8_t bytes[STRING_SHOWN];

	for (unsigned i = 0; row && i < row->args; i++) {
		const struct syscall_arg *a = &row->arg[i];
		uint64_t size = syscall_extent(row, i, arg);
		int64_t length;

		if ((a->direction != DIR_IN && a->direction != DIR_INOUT) || a->extent == EXTENT_SPECIAL || !arg[i])
			continue;
		if (a->extent == EXTENT_STRING) {
			length = space_read_string(&process->space, arg[i], (char *)bytes, sizeof(bytes));
			size = length < 0 ? 0 : (uint64_t)length + 1;
		} else {
			size = size < SHOWN ? size : SHOWN;
			size = space_read(&process->space, arg[i], bytes, size) ? size : 0;
		}
		if (size)
			recorder_emit(process, RECORD_DATA(INPUT, bytes, size, arg[i]));
	}
}

void record_stop(struct task *task, enum cpu_exit exit)
{
	struct process *process = task->process;
	struct recorder *recorder = process->recorder;
	int64_t now;

	if (!recorder)
		return;
	now = host_ns();
	recorder->stopped = true;
	recorder->stop.task = task->recorded;
	recorder->stop.exit = exit_code(task, exit);
	recorder->stop.guest_ns = clock_now(process);
	recorder->stop.host_ns = now;
	trace_registers_of(&task->cpu, &recorder->stop.registers);
	keep_vector(&task->recorded->vector, &task->cpu);
	recorder->call_mark = recorder->ranges;
	if (exit == EXIT_EXCEPTION && task->cpu.exception.vector == VECTOR_PF)
		recorder_stop_beyond_end(process, task->cpu.exception.address);
	check_and_flush(task, now);
	if (recorder->stop.exit != TRACE_EXIT_COUNT && recorder->stopped)
		append_stop(process);
	if (exit == EXIT_SYSCALL)
		emit_inputs(task);
}

/* A call of the vDSO may have stored what its arguments point at: at most two words each. A clock's number is no pointer. */
static void note_vdso_writes(struct task *task)
{
	enum { WRITTEN_MAX = 16, POINTERS = 2 };
	static const uint8_t pointers[POINTERS] = { RDI, RSI };
	struct process *process = task->process;
	const struct trace_registers *before = &task->recorded->registers;
	const struct vma *vma = space_find(&process->space, before->r[TRACE_RIP]);

	if (!vma || vma->start != GUEST_VDSO)
		return;
	for (unsigned k = 0; k < POINTERS; k++)
		if (before->r[pointers[k]] >= GUEST_PAGE)
			space_note_write(&process->space, before->r[pointers[k]], WRITTEN_MAX);
}

void record_advance(struct task *task, uint64_t insns)
{
	struct process *process = task->process;

	if (!process->recorder || insns == 0)
		return;
	note_vdso_writes(task);
	recorder_emit(process, RECORD(ADVANCE, insns));
	process->recorder->logged_insns += insns;
	process->recorder->recording->log.insns += insns;
}

void record_pause(struct process *process, int64_t wait_ns)
{
	struct recorder *recorder = process->recorder;

	if (!recorder)
		return;
	recorder_emit_writes(process);
	if (recorder->stopped)
		append_stop(process);
	recorder_keep(recorder->recording);
	if (wait_ns < 0 || wait_ns > FLUSH_NS)
		recorder_flush(process);
}

/* --- what a person will want to know ------------------------------------------------------------------ */

static bool tells_address(const siginfo_t *info)
{
	int number = info->si_signo;

	return info->si_code > 0 && (number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE || number == SIGTRAP);
}

static bool tells_sender(const siginfo_t *info)
{
	return info->si_code == SI_USER || info->si_code == SI_QUEUE || info->si_code == SI_TKILL || info->si_signo == SIGCHLD;
}

void record_signal(struct task *task, const siginfo_t *info)
{
	if (!task->process->recorder)
		return;
	recorder_emit_writes(task->process); /* those of a system call come before the signal's */
	recorder_emit_of(task, RECORD(SIGNAL, (uint64_t)info->si_signo, trace_zigzag(info->si_code),
	                              tells_sender(info) ? (uint64_t)info->si_pid : 0, tells_address(info) ? (uint64_t)info->si_addr : 0));
}

void record_exec(struct process *process, const char *path, char *const argv[])
{
	uint8_t text[4096];
	size_t used = 0;

	if (!process->recorder)
		return;
	for (const char *word = path; word && used + strlen(word) < sizeof(text); word = *argv++) {
		memcpy(text + used, word, strlen(word) + 1);
		used += strlen(word) + 1;
	}
	recorder_emit(process, RECORD_DATA(EXEC, text, used));
}

/* ------------------------------------------------------------------------------------------------------ */

void record_task_end(struct task *task)
{
	struct process *process = task->process;

	if (!process->recorder || !task->recorded)
		return;
	if (process->recorder->stopped && process->recorder->stop.task == task->recorded)
		append_stop(process);
	if (process->recorder->log_tid == task->recorded->tid)
		process->recorder->log_tid = 0;
	recorder_emit(process, RECORD(TASK_END, (uint64_t)task->recorded->tid));
	free(task->recorded);
	task->recorded = NULL;
}
