/* Restores a saved program: reads its file record by record, and builds the process. */
#include "emu/cpu/xsave.h"
#include "emu/linux/kernel/peers.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/time/timer.h"
#include "emu/mem/image.h"
#include "emu/trace/registers.h"
#include "emu/trace/restore.h"
#include "timekeep/timekeep.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

bool restore_refuse(struct restorer *restorer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(restorer->why, sizeof(restorer->why), format, arguments);
	va_end(arguments);
	return false;
}

bool restore_damaged(struct restorer *restorer, const char *what, const char *name)
{
	restorer->damaged = true;
	return restore_refuse(restorer, "the file is damaged: %s%s", what, name);
}

/* --- reading --------------------------------------------------------------------------------------------- */

bool restore_next(struct restorer *restorer, struct trace_record *record)
{
	if (trace_next(&restorer->reader, record))
		return true;
	return restore_damaged(restorer, restorer->reader.status == TRACE_DAMAGED ? restorer->reader.error : "it is cut off", "");
}

json_t *restore_json(struct restorer *restorer, const struct trace_record *record)
{
	json_t *json = json_loadb((const char *)record->data, record->size, 0, NULL);

	if (json_is_object(json))
		return json;
	json_decref(json);
	restore_damaged(restorer, "a record is not JSON", "");
	return NULL;
}

bool restore_read(struct restorer *restorer, const struct trace_record *record, void *structure)
{
	json_t *json = restore_json(restorer, record);
	const char *wrong = json ? fields_read(saved_fields[record->field[0]], json, structure) : NULL;

	if (wrong)
		restore_damaged(restorer, "it says nothing that can be of ", wrong);
	json_decref(json);
	return json && !wrong;
}

/* --- records of the process ------------------------------------------------------------------------------------------ */

static bool restore_timer(struct restorer *restorer, const struct trace_record *record)
{
	struct saved_timer saved = { 0 };
	struct timer *timer;

	if (!restore_read(restorer, record, &saved))
		return false;
	if (saved.timer.kind > TIMER_FD || saved.timer.signal < 0 || saved.timer.signal > GUEST_SIGNALS)
		return false;
	if (saved.timer.kind == TIMER_FD)
		return restore_timerfd(restorer, &saved);
	timer = timer_new(restorer->process, saved.timer.kind, saved.timer.id, saved.timer.clock);
	if (!timer)
		return restore_refuse(restorer, "out of memory");
	saved.timer.next = NULL;
	saved.timer.host_fd = -1;
	saved.timer.own = saved.run;
	saved.timer.run = &timer->own;
	*timer = saved.timer;
	return true;
}

static bool restore_thread(struct restorer *restorer, const struct trace_record *record)
{
	struct task *task = restorer->process->tasks;

	if (!restore_read(restorer, record, task))
		return false;
	return task->state <= TASK_WAITING && task->wait.wake <= WAKE_SIGNAL && task->cpu.vcpu < restorer->run.vcpus;
}

static bool restore_fields(struct restorer *restorer, const struct trace_record *record)
{
	struct process *process = restorer->process;

	switch (record->field[0]) {
	case SAVED_PROCESS: return restore_read(restorer, record, process);
	case SAVED_SPACE: return restore_read(restorer, record, &process->space);
	case SAVED_TIMER: return restore_timer(restorer, record);
	case SAVED_THREAD: return restore_thread(restorer, record);
	default: return false;
	}
}

static bool restore_path(struct restorer *restorer, const struct trace_record *record)
{
	struct process *process = restorer->process;
	char *path = strndup((const char *)record->data, record->size);

	switch (path ? record->field[0] : SAVED_PATHS) {
	case SAVED_EXE:
		free(process->image.exe_path);
		process->image.exe_path = path;
		return true;
	case SAVED_SYSROOT: process->options->sysroot = path; return true;
	case SAVED_COMMAND:
		prctl(PR_SET_NAME, path);
		free(path);
		return true;
	case SAVED_DIRECTORY:
		if (chdir(path) < 0)
			restore_refuse(restorer, "its directory %s: %s", path, strerror(errno));
		free(path);
		return !*restorer->why;
	default: free(path); return false;
	}
}

static bool restore_action(struct restorer *restorer, const struct trace_record *record)
{
	const uint64_t *field = record->field;

	if (field[0] == 0 || field[0] > GUEST_SIGNALS)
		return false;
	restorer->process->signals.action[field[0]] = (struct guest_sigaction){ field[1], field[2], field[3], field[4] };
	return true;
}

static bool restore_pending(struct restorer *restorer, const struct trace_record *record)
{
	struct process *process = restorer->process;
	struct pending_signal **end = record->field[0] ? &process->tasks->signals.pending : &process->signals.pending;
	struct pending_signal *signal = calloc(1, sizeof(*signal));

	if (!signal || record->size != sizeof(signal->info)) {
		free(signal);
		return false;
	}
	memcpy(&signal->info, record->data, sizeof(signal->info));
	while (*end)
		end = &(*end)->next;
	*end = signal;
	return signal->info.si_signo > 0 && signal->info.si_signo <= GUEST_SIGNALS;
}

static bool restore_poll(struct restorer *restorer, const struct trace_record *record)
{
	struct wait *wait = &restorer->process->tasks->wait;
	struct pollfd *grown = realloc(wait->fd, (wait->fds + 1) * sizeof(*grown));

	if (!grown)
		return restore_refuse(restorer, "out of memory");
	wait->fd = grown;
	grown[wait->fds++] = (struct pollfd){ .fd = (int)record->field[0], .events = (short)record->field[1] };
	return true;
}

static bool restore_state(struct restorer *restorer, const struct trace_record *record)
{
	struct trace_registers registers = { 0 };

	if (!trace_get_changes(record->data, record->size, &registers))
		return false;
	trace_registers_to(&registers, &restorer->process->tasks->cpu);
	return true;
}

static bool restore_vector(struct restorer *restorer, const struct trace_record *record)
{
	struct xsave_area area;

	if (record->size != sizeof(area))
		return false;
	memcpy(&area, record->data, sizeof(area));
	return trace_vector_to(&area, &restorer->process->tasks->cpu);
}

static bool restore_write(struct restorer *restorer, const struct trace_record *record)
{
	return space_fill(&restorer->process->space, record->field[0], record->data, record->size);
}

/* Moves the descriptors of mapped objects away if they occupy the number. */
static bool restore_descriptor(struct restorer *restorer, const struct trace_record *record)
{
	restore_memory_done(restorer);
	return restore_file(restorer, record);
}

static bool restore_task(struct restorer *restorer, const struct trace_record *record)
{
	restorer->process->tasks->tid = (pid_t)record->field[0];
	return true;
}

static bool restore_end(struct restorer *restorer, const struct trace_record *record)
{
	restorer->ended = true;
	return record->field[0] == restorer->process->insns;
}

static bool restore_record(struct restorer *restorer, const struct trace_record *record)
{
	static bool (*const restore[TRACE_KINDS])(struct restorer *, const struct trace_record *) = {
		[TRACE_FIELDS] = restore_fields,
		[TRACE_PATH] = restore_path,
		[TRACE_MAPPING] = restore_mapping,
		[TRACE_MAP] = restore_map,
		[TRACE_WRITE] = restore_write,
		[TRACE_FILE] = restore_descriptor,
		[TRACE_ACTION] = restore_action,
		[TRACE_PENDING] = restore_pending,
		[TRACE_POLL] = restore_poll,
		[TRACE_TASK] = restore_task,
		[TRACE_STATE] = restore_state,
		[TRACE_VECTOR] = restore_vector,
		[TRACE_END] = restore_end,
	};

	return restore[record->kind] && restore[record->kind](restorer, record);
}

/* --- what the host keeps ------------------------------------------------------------------------------------ */

/* Restores resource limits as far as this process is permitted to. */
static void restore_limits(struct process *process, const struct saved_run *run)
{
	for (int k = 0; k < RLIM_NLIMITS; k++) {
		struct rlimit wanted = { run->limit[2 * k], run->limit[2 * k + 1] }, here;

		if (k == RLIMIT_STACK || limit_get(process, k, &here) < 0 || limit_set(process, k, &wanted) == 0)
			continue;
		wanted.rlim_max = wanted.rlim_max < here.rlim_max ? wanted.rlim_max : here.rlim_max;
		wanted.rlim_cur = wanted.rlim_cur < wanted.rlim_max ? wanted.rlim_cur : wanted.rlim_max;
		limit_set(process, k, &wanted);
	}
}

static void shift(uint64_t *deadline, int64_t by)
{
	if (*deadline != WAIT_FOREVER)
		*deadline += (uint64_t)by;
}

/* In mode host the clocks are this host's. What is left of each wait stays the same; with the policy advance it shrinks by the time
 * away. */
static void shift_deadlines(struct restorer *restorer)
{
	struct process *process = restorer->process;
	int64_t by = clock_now(process) - restorer->run.monotonic_ns;

	if (process->options->away == TK_ADVANCE)
		by -= restorer->away_ns;
	for (struct task *task = process->tasks; task; task = task->next) {
		shift(&task->wait.deadline, by);
		shift(&task->call.restart_deadline, by);
	}
	for (struct timer *timer = process->timers; timer; timer = timer->next) {
		if (timer->clock != CLOCK_PROCESS_CPUTIME_ID && timer->clock != CLOCK_THREAD_CPUTIME_ID)
			shift(&timer->run->deadline, by);
		timer->run->wall_offset = tk_wall_offset(process->clock, clock_insns(process));
	}
	process->time.wall_generation = tk_wall_generation(process->clock)
		- 1; /* makes absolute waits on CLOCK_REALTIME be checked again */
}

static void finish(struct restorer *restorer)
{
	struct process *process = restorer->process;

	process->tasks->tid = process->pid;
	process->time.wall_generation = tk_wall_generation(process->clock);
	if (tk_mode(process->clock) == TK_HOST)
		shift_deadlines(restorer);
	process->time.cpu_before_ns = clock_counts_cpu(process) ? 0 : restorer->run.cpu_ns;
	process->time.deadlines_changed = true;
	umask(restorer->run.umask);
	restore_limits(process, &restorer->run);
}

bool restore_process(struct restorer *restorer, struct process *process)
{
	struct trace_record record;

	restorer->process = process;
	tree_adopt(process, (pid_t)restorer->run.pid, restorer->run.ids);
	peers_thread_began(process, process->pid);
	*process->time.clock_insns = restorer->run.clock_insns;
	memset(process->signals.action, 0, sizeof(process->signals.action));
	while (!restorer->ended) {
		if (!restore_next(restorer, &record))
			return false;
		if (!restore_record(restorer, &record))
			return *restorer->why ? false
					      : restore_damaged(restorer, "a record that cannot be: ", trace_kinds[record.kind].name);
	}
	if (trace_next(&restorer->reader, &record) || restorer->reader.status != TRACE_AT_END)
		return restore_damaged(restorer, "something stands behind its end", "");
	restore_files_done(restorer);
	if (!space_seal(&process->space))
		return restore_refuse(restorer, "memory cannot be protected: %s", strerror(errno));
	finish(restorer);
	return true;
}
