/* Walks through a recording: keeps a list of its processes and threads, and checks the order of its records. */
#include "emu/linux/kernel/machine.h"
#include "emu/trace/walk.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* --- processes and threads ---------------------------------------------------------------------------- */

static void drop_threads(struct walk_process *process, const struct walk_thread *survivor)
{
	struct walk_thread **link = &process->threads;

	while (*link) {
		struct walk_thread *thread = *link;

		if (thread == survivor) {
			link = &thread->next;
			continue;
		}
		*link = thread->next;
		free(thread->call);
		free(thread);
		process->thread_count--;
	}
	process->current = process->threads;
}

static struct walk_process *find_process(const struct walk *walk, pid_t pid)
{
	struct walk_process *process = walk->processes;

	while (process && process->pid != pid)
		process = process->next;
	return process;
}

static struct walk_process *add_process(struct walk *walk, uint64_t pid)
{
	struct walk_process *process;

	if (pid == 0 || pid > INT_MAX || find_process(walk, (pid_t)pid) || walk->process_count == WALK_PROCESSES_MAX)
		return NULL;
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->pid = (pid_t)pid;
	process->next = walk->processes;
	walk->processes = process;
	walk->process_count++;
	return process;
}

static void end_process(struct walk *walk, struct walk_process *process)
{
	struct walk_process **link = &walk->processes;

	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	walk->ended_insns = process->insns;
	drop_threads(process, NULL);
	free(process);
	walk->process_count--;
	walk->process = NULL;
}

/* The first PROCESS record creates the first process. */
static bool choose_process(struct walk *walk, uint64_t pid)
{
	walk->process = walk->pid ? find_process(walk, (pid_t)pid) : add_process(walk, pid);
	if (!walk->process || pid > INT_MAX)
		return false;
	walk->pid = (pid_t)pid;
	return true;
}

static struct walk_thread *find_thread(const struct walk_process *process, uint64_t tid)
{
	struct walk_thread *thread = process->threads;

	while (thread && (uint64_t)thread->tid != tid)
		thread = thread->next;
	return thread;
}

/* Adds a thread. If one with this id exists, it is reset. */
static bool add_thread(struct walk_process *process, uint64_t tid)
{
	struct walk_thread *thread = find_thread(process, tid);

	if (thread) {
		thread->registers = (struct trace_registers){ 0 };
		return true;
	}
	thread = tid > 0 && tid <= INT_MAX && process->thread_count < WALK_THREADS_MAX ? calloc(1, sizeof(*thread)) : NULL;
	if (!thread)
		return false;
	thread->tid = (pid_t)tid;
	thread->next = process->threads;
	process->threads = thread;
	process->thread_count++;
	return true;
}

static void end_thread(struct walk_process *process, uint64_t tid)
{
	struct walk_thread **link = &process->threads, *thread;

	while (*link && (uint64_t)(*link)->tid != tid)
		link = &(*link)->next;
	thread = *link;
	if (!thread)
		return;
	*link = thread->next;
	process->thread_count--;
	if (process->current == thread)
		process->current = NULL;
	free(thread->call);
	free(thread);
}

/* --- effects ------------------------------------------------------------------------------------------ */

static void count_insns(struct walk *walk, uint64_t insns)
{
	walk->insns += insns;
	walk->process->insns += insns;
}

static void pass_time(struct walk *walk, uint64_t guest, uint64_t host)
{
	walk->guest_ns = (int64_t)((uint64_t)walk->guest_ns + (uint64_t)trace_unzigzag(guest));
	walk->host_ns = (int64_t)((uint64_t)walk->host_ns + (uint64_t)trace_unzigzag(host));
}

static bool change_registers(const struct walk *walk, const struct trace_record *record)
{
	struct walk_thread *thread = walk->process->current;

	return thread && trace_get_changes(record->data, record->size, &thread->registers);
}

static bool take_stop(struct walk *walk, const struct trace_record *record)
{
	if (record->field[0] >= TRACE_EXITS || !change_registers(walk, record))
		return false;
	walk->events++;
	count_insns(walk, record->field[1]);
	pass_time(walk, walk->events > 1 ? record->field[2] : 0, record->field[3]); /* the first stop's time is the run's beginning */
	return true;
}

/* Takes a record about one running process. Returns false for records that only a saved program's file holds. */
static bool take_effect(struct walk *walk, const struct trace_record *record)
{
	struct walk_process *process = walk->process;

	switch (record->kind) {
	case TRACE_THREAD: process->current = find_thread(process, record->field[0]); return process->current;
	case TRACE_STOP: return take_stop(walk, record);
	case TRACE_TIME: pass_time(walk, record->field[0], record->field[1]); return true;
	case TRACE_ADVANCE: count_insns(walk, record->field[0]); return true;
	case TRACE_STATE: return change_registers(walk, record);
	case TRACE_RESET: drop_threads(process, process->current); return true;
	case TRACE_TASK: return add_thread(process, record->field[0]);
	case TRACE_TASK_END: end_thread(process, record->field[0]); return true;
	case TRACE_FORK: return add_process(walk, record->field[0]);
	case TRACE_EXIT: end_process(walk, process); return trace_status_possible(record->field[0]);
	case TRACE_FIELDS:
	case TRACE_PATH:
	case TRACE_MAPPING:
	case TRACE_FILE:
	case TRACE_ACTION:
	case TRACE_PENDING:
	case TRACE_POLL: return false;
	default: return true;
	}
}

/* Returns true for records that a saved program's file may hold after its first two. */
static bool is_of_saved(uint8_t kind)
{
	switch (kind) {
	case TRACE_FIELDS:
	case TRACE_PATH:
	case TRACE_MAPPING:
	case TRACE_MAP:
	case TRACE_WRITE:
	case TRACE_FILE:
	case TRACE_ACTION:
	case TRACE_TASK:
	case TRACE_STATE:
	case TRACE_VECTOR:
	case TRACE_POLL:
	case TRACE_PENDING:
	case TRACE_END: return true;
	default: return false;
	}
}

static bool is_possible(struct walk *walk, const struct trace_record *record)
{
	if (walk->complete || (record->kind == TRACE_CONFIG) != (walk->records == 0))
		return false;
	if (record->kind == TRACE_CONFIG)
		return true;
	if (walk->records == 1)
		walk->saved = record->kind == TRACE_FIELDS;
	if (walk->saved) {
		walk->complete = record->kind == TRACE_END;
		return is_of_saved(record->kind);
	}
	if (record->kind == TRACE_PROCESS)
		return choose_process(walk, record->field[0]);
	if (record->kind == TRACE_END) {
		walk->complete = true;
		return record->field[0] == walk->insns;
	}
	return walk->process && take_effect(walk, record);
}

bool walk_take(struct walk *walk, const struct trace_record *record)
{
	char what[64];

	if (is_possible(walk, record)) {
		walk->records++;
		return true;
	}
	snprintf(what, sizeof(what), "%s: a record that cannot be there", trace_kinds[record->kind].name);
	return trace_damaged(&walk->reader, what);
}

bool walk_read(struct walk *walk, struct trace_record *record)
{
	return trace_next(&walk->reader, record);
}

bool walk_next(struct walk *walk, struct trace_record *record)
{
	return walk_read(walk, record) && walk_take(walk, record);
}

/* --- beginning and end -------------------------------------------------------------------------------- */

struct walk *walk_open(const char *path, char *error, size_t error_size)
{
	struct walk *walk = calloc(1, sizeof(*walk));

	if (!walk) {
		snprintf(error, error_size, "out of memory");
		return NULL;
	}
	if (trace_reader_open(&walk->reader, path, error, error_size))
		return walk;
	walk_close(walk);
	return NULL;
}

const char *walk_trouble(const struct walk *walk)
{
	if (walk->reader.status == TRACE_OK)
		return NULL; /* the caller stopped before the end */
	if (walk->reader.status == TRACE_DAMAGED)
		return walk->reader.error;
	if (walk->complete)
		return walk->reader.status == TRACE_CUT ? "something follows the recording's end" : NULL;
	return walk->reader.status == TRACE_CUT ? "the recording ends here, in the middle of a frame"
						: "the recording ends here, before the program did";
}

void walk_close(struct walk *walk)
{
	while (walk->processes)
		end_process(walk, walk->processes);
	if (walk->reader.file)
		munmap((void *)walk->reader.file, walk->reader.file_size);
	free(walk);
}
