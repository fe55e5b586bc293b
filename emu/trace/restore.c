#include "emu/trace/restore.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/cpu/model.h"
#include "emu/cpu/xsave.h"
#include "emu/linux/hidden.h"
#include "emu/linux/schedule.h"
#include "emu/linux/thread.h"
#include "emu/linux/tree.h"
#include "emu/mem/image.h"
#include "emu/trace/registers.h"
#include "timekeep/timekeep.h"

bool restore_refuse(struct restorer *restorer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(restorer->why, sizeof(restorer->why), format, arguments);
	va_end(arguments);
	return false;
}

static bool damaged(struct restorer *restorer, const char *what, const char *name)
{
	restorer->damaged = true;
	return restore_refuse(restorer, "the file is damaged: %s%s", what, name);
}

/* --- reading --------------------------------------------------------------------------------------------- */

static bool next_record(struct restorer *restorer, struct trace_record *record)
{
	if (trace_next(&restorer->reader, record))
		return true;
	return damaged(restorer, restorer->reader.status == TRACE_DAMAGED ? restorer->reader.error : "it is cut off", "");
}

/* The object of a JSON record; the caller's. */
static json_t *read_json(struct restorer *restorer, const struct trace_record *record)
{
	json_t *json = json_loadb((const char *)record->data, record->size, 0, NULL);

	if (!json_is_object(json))
		damaged(restorer, "a record is not JSON", "");
	return json;
}

static bool read_fields(struct restorer *restorer, const struct trace_record *record, void *structure)
{
	json_t *json = read_json(restorer, record);
	const char *wrong = json ? fields_read(saved_fields[record->field[0]], json, structure) : NULL;

	if (wrong)
		damaged(restorer, "it says nothing that can be of ", wrong);
	json_decref(json);
	return json && !wrong;
}

/* The record that must come next. */
static bool expect(struct restorer *restorer, enum saved_part part, struct trace_record *record)
{
	if (!next_record(restorer, record))
		return false;
	return (record->kind == TRACE_FIELDS && record->field[0] == part) ||
	       damaged(restorer, "its parts are in another order", "");
}

/* --- the run: options and clock --------------------------------------------------------------------------- */

static bool read_config(struct restorer *restorer, struct options *options)
{
	const struct cpu_model *model;
	struct trace_record record;
	const char *kind, *cpu, *missing;
	json_t *config;

	if (!next_record(restorer, &record))
		return false;
	config = record.kind == TRACE_CONFIG ? read_json(restorer, &record) : NULL;
	kind = json_string_value(json_object_get(config, "kind"));
	cpu = json_string_value(json_object_get(config, "cpu"));
	if (!kind || strcmp(kind, "saved") != 0)
		return restore_refuse(restorer, "this is a recording, no saved program: tick86 replay takes it");
	model = cpu ? cpu_model_find(cpu) : NULL;
	if (!model)
		return restore_refuse(restorer, "it was saved with a CPU model that this tick86 does not know");
	missing = cpu_model_missing_on_host(model);
	if (missing)
		return restore_refuse(restorer, "this host's CPU has no %s, which the program's --cpu=%s needs", missing, cpu);
	options->cpu = strdup(cpu);
	json_decref(config);
	return options->cpu;
}

/* Sums of such times do not overflow. */
static bool is_time(int64_t ns)
{
	return ns >= 0 && ns <= INT64_MAX / 4;
}

static bool read_run(struct restorer *restorer, struct options *options)
{
	struct saved_run *run = &restorer->run;
	struct trace_record record;

	if (!expect(restorer, SAVED_RUN, &record) || !read_fields(restorer, &record, run))
		return false;
	if (run->mode > TK_ICOUNT || run->vcpus == 0 || run->vcpus > TK_MAX_VCPUS || run->pid == 0 || run->pid > INT32_MAX ||
	    run->rate_num - 1 >= TK_MAX_RATE || run->rate_den - 1 >= TK_MAX_RATE || !is_time(run->monotonic_ns) || !is_time(run->real_ns) ||
	    !is_time(run->cpu_ns))
		return damaged(restorer, "its run cannot be", "");
	options->vcpus = run->vcpus;
	options->seed = run->seed;
	options->msr_allow = run->msr_allow;
	options->pvclock = run->pvclock;
	options->pin = run->pin;
	options->clock.mode = (enum tk_mode)run->mode;
	options->clock.rate_num = run->rate_num;
	options->clock.rate_den = run->rate_den;
	options->one_at_a_time = true; /* so that the program has its id again (tree_adopt) */
	return true;
}

static bool read_image(struct restorer *restorer, void *image)
{
	struct trace_record record;
	unsigned count;
	const char *name;
	json_t *json = expect(restorer, SAVED_CLOCK, &record) ? read_json(restorer, &record) : NULL;
	bool fits = json;

	tk_image_begin(image);
	for (unsigned field = 0; fits && (name = tk_image_field(field, &count)); field++) {
		const json_t *value = json_object_get(json, name);
		uint64_t element;

		for (unsigned index = 0; fits && index < count; index++)
			fits = fields_element(value, count, index, &element) && tk_image_set(image, field, index, element);
		if (!fits)
			damaged(restorer, "it says nothing that can be of its clock's ", name);
	}
	json_decref(json);
	return fits;
}

/* The host's frequency as it is here, unless it is known to be, or cannot be told from, what it was. */
static uint64_t host_khz(const struct options *options, const struct tk_host *host, uint64_t saved)
{
	enum { ERROR_OF_MEASUREMENT = 1000 };
	uint64_t here;

	if (options->host_khz || options->clock.mode != TK_OFFSET)
		return options->host_khz;
	here = tk_detect_khz(host);
	return here > saved + saved / ERROR_OF_MEASUREMENT || here + saved / ERROR_OF_MEASUREMENT < saved ? here : 0;
}

static uint64_t image_host_khz(const void *image)
{
	const char *name;
	unsigned count;

	for (unsigned field = 0; (name = tk_image_field(field, &count)); field++)
		if (!strcmp(name, "host_khz"))
			return tk_image_get(image, field, 0);
	return 0;
}

static bool continue_clock(struct restorer *restorer, const struct options *options, struct tk *clock)
{
	struct tk_restore how = { .policy = options->away };
	char error[256];

	if (options->pin >= 0 && clock->host->pin(clock->host->ctx, options->pin))
		return restore_refuse(restorer, "it was pinned to host CPU %d, which this process may not run on", options->pin);
	restorer->away_ns = clock->host->clock(clock->host->ctx, TK_REALTIME) - restorer->run.real_ns;
	restorer->away_ns = restorer->away_ns < 0 ? 0 : restorer->away_ns;
	how.away_ns = restorer->away_ns;
	how.host_khz = host_khz(options, clock->host, image_host_khz(clock->state));
	if (tk_restore(clock, clock->state, tk_size(), &how, restorer->run.clock_insns, error, sizeof(error)))
		return restore_refuse(restorer, "%s", error);
	return true;
}

bool restore_begin(struct restorer *restorer, const char *path, struct options *options, struct tk *clock)
{
	char error[128];

	restorer->path = path;
	*clock = (struct tk){ .state = calloc(1, tk_size()), .host = tk_host_linux() };
	restorer->empty = hidden_fd(memfd_create("tick86-beyond", 0));
	if (!clock->state || restorer->empty < 0)
		return restore_refuse(restorer, "out of memory");
	if (!trace_reader_open(&restorer->reader, path, error, sizeof(error)))
		return restore_refuse(restorer, "%s", error);
	return read_config(restorer, options) && read_run(restorer, options) && read_image(restorer, clock->state) &&
	       continue_clock(restorer, options, clock);
}

/* --- the process ------------------------------------------------------------------------------------------ */

static bool restore_timer(struct restorer *restorer, const struct trace_record *record)
{
	struct saved_timer saved = { 0 };
	struct timer *timer;

	if (!read_fields(restorer, record, &saved))
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

	if (!read_fields(restorer, record, task))
		return false;
	return task->state <= TASK_WAITING && task->wait.wake <= WAKE_SIGNAL && task->cpu.vcpu < restorer->run.vcpus;
}

static bool restore_fields(struct restorer *restorer, const struct trace_record *record)
{
	struct process *process = restorer->process;

	switch (record->field[0]) {
	case SAVED_PROCESS:
		return read_fields(restorer, record, process);
	case SAVED_SPACE:
		return read_fields(restorer, record, &process->space);
	case SAVED_TIMER:
		return restore_timer(restorer, record);
	case SAVED_THREAD:
		return restore_thread(restorer, record);
	default:
		return false;
	}
}

static bool restore_path(struct restorer *restorer, const struct trace_record *record)
{
	struct process *process = restorer->process;
	char *path = strndup((const char *)record->data, record->size);

	switch (path ? record->field[0] : SAVED_PATHS) {
	case SAVED_EXE:
		free(process->exe_path);
		process->exe_path = path;
		return true;
	case SAVED_SYSROOT:
		process->options->sysroot = path;
		return true;
	case SAVED_COMMAND:
		prctl(PR_SET_NAME, path);
		free(path);
		return true;
	case SAVED_DIRECTORY:
		if (chdir(path) < 0)
			restore_refuse(restorer, "its directory %s: %s", path, strerror(errno));
		free(path);
		return !*restorer->why;
	default:
		free(path);
		return false;
	}
}

static bool restore_action(struct restorer *restorer, const struct trace_record *record)
{
	const uint64_t *field = record->field;

	if (field[0] == 0 || field[0] > GUEST_SIGNALS)
		return false;
	restorer->process->action[field[0]] = (struct guest_sigaction){ field[1], field[2], field[3], field[4] };
	return true;
}

static bool restore_pending(struct restorer *restorer, const struct trace_record *record)
{
	struct process *process = restorer->process;
	struct pending_signal **end = record->field[0] ? &process->tasks->pending : &process->pending;
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

static bool restore_record(struct restorer *restorer, const struct trace_record *record)
{
	struct process *process = restorer->process;

	switch (record->kind) {
	case TRACE_FIELDS:
		return restore_fields(restorer, record);
	case TRACE_PATH:
		return restore_path(restorer, record);
	case TRACE_MAPPING:
		return restore_mapping(restorer, record);
	case TRACE_MAP:
		return restore_map(restorer, record);
	case TRACE_WRITE:
		return space_fill(&process->space, record->field[0], record->data, record->size);
	case TRACE_FILE:
		restore_memory_done(restorer); /* its descriptors may be in the way */
		return restore_file(restorer, record);
	case TRACE_ACTION:
		return restore_action(restorer, record);
	case TRACE_PENDING:
		return restore_pending(restorer, record);
	case TRACE_POLL:
		return restore_poll(restorer, record);
	case TRACE_TASK:
		process->tasks->tid = (pid_t)record->field[0];
		return true;
	case TRACE_STATE:
		return restore_state(restorer, record);
	case TRACE_VECTOR:
		return restore_vector(restorer, record);
	case TRACE_END:
		restorer->ended = true;
		return record->field[0] == process->insns;
	default:
		return false;
	}
}

/* --- what the host keeps ------------------------------------------------------------------------------------ */

/* As far as this process may. */
static void restore_limits(const struct saved_run *run)
{
	for (int k = 0; k < RLIM_NLIMITS; k++) {
		struct rlimit wanted = { run->limit[2 * k], run->limit[2 * k + 1] }, here;

		if (k == RLIMIT_STACK || getrlimit((__rlimit_resource_t)k, &here) < 0 || setrlimit((__rlimit_resource_t)k, &wanted) == 0)
			continue;
		wanted.rlim_max = wanted.rlim_max < here.rlim_max ? wanted.rlim_max : here.rlim_max;
		wanted.rlim_cur = wanted.rlim_cur < wanted.rlim_max ? wanted.rlim_cur : wanted.rlim_max;
		setrlimit((__rlimit_resource_t)k, &wanted);
	}
}

static void shift(uint64_t *deadline, int64_t by)
{
	if (*deadline != WAIT_FOREVER)
		*deadline += (uint64_t)by;
}

/* In mode host the clocks are this host's: what is left of each wait stays, less, with the policy advance, the time away. */
static void shift_deadlines(struct restorer *restorer)
{
	struct process *process = restorer->process;
	int64_t by = clock_now(process) - restorer->run.monotonic_ns;

	if (process->options->away == TK_ADVANCE)
		by -= restorer->away_ns;
	for (struct task *task = process->tasks; task; task = task->next) {
		shift(&task->wait.deadline, by);
		shift(&task->restart_deadline, by);
	}
	for (struct timer *timer = process->timers; timer; timer = timer->next) {
		if (timer->clock != CLOCK_PROCESS_CPUTIME_ID && timer->clock != CLOCK_THREAD_CPUTIME_ID)
			shift(&timer->run->deadline, by);
		timer->run->wall_offset = tk_wall_offset(process->clock, clock_insns(process));
	}
	process->wall_generation = tk_wall_generation(process->clock) - 1; /* absolute waits on CLOCK_REALTIME are looked at again */
}

static void finish(struct restorer *restorer)
{
	struct process *process = restorer->process;

	process->tasks->tid = process->pid;
	process->wall_generation = tk_wall_generation(process->clock);
	if (tk_mode(process->clock) == TK_HOST)
		shift_deadlines(restorer);
	process->cpu_before_ns = clock_counts_cpu(process) ? 0 : restorer->run.cpu_ns;
	process->deadlines_changed = true;
	umask(restorer->run.umask);
	restore_limits(&restorer->run);
}

bool restore_process(struct restorer *restorer, struct process *process)
{
	struct trace_record record;

	restorer->process = process;
	tree_adopt(process, (pid_t)restorer->run.pid, restorer->run.ids);
	*process->clock_insns = restorer->run.clock_insns;
	memset(process->action, 0, sizeof(process->action));
	while (!restorer->ended) {
		if (!next_record(restorer, &record))
			return false;
		if (!restore_record(restorer, &record))
			return *restorer->why ? false : damaged(restorer, "a record that cannot be: ", trace_kinds[record.kind].name);
	}
	if (trace_next(&restorer->reader, &record) || restorer->reader.status != TRACE_AT_END)
		return damaged(restorer, "something stands behind its end", "");
	restore_files_done(restorer);
	if (!space_seal(&process->space))
		return restore_refuse(restorer, "memory cannot be protected: %s", strerror(errno));
	finish(restorer);
	return true;
}
