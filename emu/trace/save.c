/* The saver: an observer that writes the program to a file when asked. */
#include "emu/cpu/fatal.h"
#include "emu/cpu/xsave.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/task.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/process/child.h"
#include "emu/linux/signal/signal.h"
#include "emu/trace/registers.h"
#include "emu/trace/save.h"
#include "emu/trace/saver.h"
#include "timekeep/timekeep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- writing -------------------------------------------------------------------------------------------- */

bool save_refuse(struct saver *saver, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(saver->why, sizeof(saver->why), format, arguments);
	va_end(arguments);
	return false;
}

void save_emit(struct saver *saver, const struct trace_record *record)
{
	trace_append(saver->writer, record);
}

static void emit_json(struct saver *saver, json_t *json, const struct trace_record *record)
{
	struct trace_record whole = *record;
	char *text = fatal_unless(json_dumps(json, JSON_COMPACT));

	whole.data = (const uint8_t *)text;
	whole.size = strlen(text);
	save_emit(saver, &whole);
	free(text);
	json_decref(json);
}

void save_fields(struct saver *saver, enum saved_part part, const void *structure)
{
	emit_json(saver, fields_write(saved_fields[part], structure), SAVE(FIELDS, part));
}

static void save_path(struct saver *saver, enum saved_path which, const char *path)
{
	if (path)
		save_emit(saver, SAVE_DATA(PATH, path, strlen(path), which));
}

/* --- the parts -------------------------------------------------------------------------------------------- */

static void save_config(struct saver *saver)
{
	const struct process *process = saver->process;
	json_t *json = json_object();

	json_object_set_new(json, "tick86", json_string(TICK86_VERSION));
	json_object_set_new(json, "kind", json_string("saved"));
	json_object_set_new(json, "program", json_string(process->image.exe_path));
	json_object_set_new(json, "cpu", json_string(process->options->cpu));
	json_object_set_new(json, "insns", json_integer((json_int_t)process->insns));
	emit_json(saver, json, SAVE(CONFIG));
}

static void read_limits(const struct process *process, uint64_t limit[2 * RLIM_NLIMITS])
{
	struct rlimit own;

	for (int k = 0; k < RLIM_NLIMITS; k++) {
		if (limit_get(process, k, &own) < 0)
			own.rlim_cur = own.rlim_max = RLIM_INFINITY;
		limit[2 * k] = own.rlim_cur;
		limit[2 * k + 1] = own.rlim_max;
	}
}

static mode_t current_umask(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return mask;
}

static void save_run(struct saver *saver)
{
	const struct process *process = saver->process;
	const struct options *options = process->options;
	const struct tk_host *host = process->clock->host;
	/* clang-format off */
	struct saved_run run = {
		.mode = tk_mode(process->clock), .vcpus = options->vcpus, .seed = options->seed, .rate_num = options->clock.rate_num,
		.rate_den = options->clock.rate_den, .pin = options->pin, .msr_allow = options->msr_allow, .pvclock = options->pvclock,
		.pid = (uint32_t)process->pid, .ids = tree_ids(process), .clock_insns = clock_insns(process),
		.monotonic_ns = clock_now(process), .real_ns = host->clock(host->ctx, TK_REALTIME),
		.cpu_ns = clock_process_cpu(process), .umask = current_umask(),
	};
	/* clang-format on */

	read_limits(process, run.limit);
	save_fields(saver, SAVED_RUN, &run);
}

struct image_field {
	const void *image;
	unsigned field;
};

static uint64_t get_clock_field(const void *context, unsigned index)
{
	const struct image_field *f = context;

	return tk_image_get(f->image, f->field, index);
}

static void save_clock(struct saver *saver)
{
	const struct process *process = saver->process;
	void *image = fatal_unless(calloc(1, tk_size()));
	json_t *json = json_object();
	unsigned count;
	const char *name;

	tk_save(process->clock, clock_insns(process), image);
	for (unsigned field = 0; (name = tk_image_field(field, &count)); field++)
		json_object_set_new(json, name, fields_array(get_clock_field, &(struct image_field){ image, field }, count));
	emit_json(saver, json, SAVE(FIELDS, SAVED_CLOCK));
	free(image);
}

static void save_paths(struct saver *saver)
{
	const struct process *process = saver->process;
	char directory[PATH_MAX], command[16] = "";

	prctl(PR_GET_NAME, command);
	save_path(saver, SAVED_EXE, process->image.exe_path);
	save_path(saver, SAVED_DIRECTORY, getcwd(directory, sizeof(directory)));
	save_path(saver, SAVED_COMMAND, command);
	save_path(saver, SAVED_SYSROOT, process->options->sysroot);
}

static void save_timers(struct saver *saver)
{
	timerfd_free_unreachable(saver->process);
	for (const struct timer *timer = saver->process->timers; timer; timer = timer->next) {
		struct saved_timer saved = { .timer = *timer, .run = *timer->run };

		saved.unread = timer->kind == TIMER_FD ? timerfd_unread(timer) : 0;
		save_fields(saver, SAVED_TIMER, &saved);
	}
}

static void save_actions(struct saver *saver)
{
	for (int number = 1; number <= GUEST_SIGNALS; number++) {
		const struct guest_sigaction *action = &saver->process->signals.action[number];

		if (action->handler || action->flags || action->restorer || action->mask)
			save_emit(saver, SAVE(ACTION, (uint64_t)number, action->handler, action->flags, action->restorer, action->mask));
	}
}

static void save_pending(struct saver *saver, const struct pending_signal *pending, pid_t tid)
{
	for (; pending; pending = pending->next)
		save_emit(saver, SAVE_DATA(PENDING, &pending->info, sizeof(pending->info), (uint64_t)tid));
}

static void save_thread(struct saver *saver, const struct task *task)
{
	static const struct trace_registers none;
	struct trace_registers registers;
	uint8_t changes[TRACE_CHANGES_MAX];
	struct xsave_area vector;

	save_emit(saver, SAVE(TASK, (uint64_t)task->tid));
	save_fields(saver, SAVED_THREAD, task);
	trace_registers_of(&task->cpu, &registers);
	save_emit(saver, SAVE_DATA(STATE, changes, trace_put_changes(changes, &none, &registers)));
	trace_vector_of(&task->cpu, &vector);
	save_emit(saver, SAVE_DATA(VECTOR, &vector, sizeof(vector)));
	for (unsigned k = 0; k < task->wait.fds; k++)
		save_emit(saver, SAVE(POLL, (uint64_t)task->wait.fd[k].fd, (uint64_t)(uint16_t)task->wait.fd[k].events));
	save_pending(saver, task->signals.pending, task->tid);
}

/* --- the whole -------------------------------------------------------------------------------------------- */

static bool can_be_saved(struct saver *saver)
{
	struct process *process = saver->process;
	unsigned threads = 0;

	for (const struct task *task = process->tasks; task; task = task->next)
		threads += task->state != TASK_DEAD;
	if (threads != 1 || process->tasks->state == TASK_DEAD)
		return save_refuse(saver, "the program has threads besides its first");
	if (process->forked)
		return save_refuse(saver, "process %d was begun by the program, and only its first can be saved", (int)process->pid);
	if (child_exists() || !tree_alone(process))
		return save_refuse(saver, "the program has child processes, or some that it has not waited for");
	if (signal_host_held(process))
		return save_refuse(saver, "signals wait for a signalfd");
	return true;
}

static bool save_parts(struct saver *saver)
{
	struct process *process = saver->process;

	if (!can_be_saved(saver))
		return false;
	save_config(saver);
	save_run(saver);
	save_clock(saver);
	save_fields(saver, SAVED_PROCESS, process);
	save_fields(saver, SAVED_SPACE, &process->space);
	save_paths(saver);
	if (!save_memory(saver))
		return false;
	save_timers(saver);
	if (!save_files(saver))
		return false;
	save_actions(saver);
	save_thread(saver, process->tasks);
	save_pending(saver, process->signals.pending, 0);
	save_emit(saver, SAVE(END, process->insns));
	return true;
}

/* Saves into an empty file. Returns false with a reason in saver->why. */
static bool save_to(struct saver *saver, int fd)
{
	bool saved = false;
	int error;

	saver->writer = calloc(1, sizeof(*saver->writer));
	if (!saver->writer)
		return save_refuse(saver, "out of memory");
	error = -trace_writer_begin(saver->writer, fd);
	if (!error) {
		saved = save_parts(saver);
		trace_flush(saver->writer, 0);
		error = saver->writer->error;
	}
	free(saver->writer);
	return error ? save_refuse(saver, "the file cannot be written: %s", strerror(error)) : saved;
}

/* A regular file is replaced, and keeps its mode; anything else is written. */
static bool save_as(struct saver *saver, const char *path)
{
	char part[PATH_MAX + 8];
	struct stat old;
	bool saved, exists = stat(path, &old) == 0, replaces = !exists || S_ISREG(old.st_mode);
	int fd;

	snprintf(part, sizeof(part), "%s%s", path, replaces ? ".part" : "");
	fd = hidden_open(part, replaces ? O_CREAT | O_TRUNC | O_APPEND : 0, 0666);
	if (fd < 0)
		return save_refuse(saver, "cannot write %s: %s", part, strerror(errno));
	if (replaces && exists)
		fchmod(fd, old.st_mode & ALLPERMS);
	saved = save_to(saver, fd);
	close(fd);
	if (!replaces)
		return saved;
	if (saved && rename(part, path) < 0)
		saved = save_refuse(saver, "cannot write %s: %s", path, strerror(errno));
	if (!saved)
		unlink(part);
	return saved;
}

/* --- requests to save ----------------------------------------------------------------------------------- */

static struct saving *saving_of(struct observer *self)
{
	_Static_assert(offsetof(struct saving, observer) == 0, "it begins with its observer");
	return (struct saving *)self;
}

/* `tick86 save` sends DOORBELL_SAVE. The value is the number of its descriptor of the file to write. At the next number it has a pipe
 * for the answer, a line that begins with + for success or - for failure. */
static bool claim(struct observer *self, struct process *process, enum doorbell message, const siginfo_t *info)
{
	struct saving *saving = saving_of(self);

	if (message == DOORBELL_SAVE) {
		saving->asker = info->si_pid;
		saving->asker_fd = info->si_value.sival_int;
		return true;
	}
	if (info->si_signo != process->options->save_signal || process->forked)
		return false;
	saving->due = true;
	return true;
}

static uint64_t budget(struct observer *self, const struct process *process)
{
	uint64_t at = process->options->save_at;

	return process->forked || at == UINT64_MAX || saving_of(self)->done ? UINT64_MAX : at - process->insns;
}

static bool save_to_own_file(struct saving *saving, struct process *process)
{
	struct saver saver = { .process = process, .saving = saving };
	const char *path = process->options->save_file;

	if (save_as(&saver, path)) {
		log_line(process->options, LOG_INFO, "saved to %s after %" PRIu64 " instructions", path, process->insns);
		return true;
	}
	log_line(process->options, LOG_ERROR, "not saved: %s", saver.why);
	return false;
}

static int open_of_asker(const struct saving *saving, int fd, int flags)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)saving->asker, fd);
	return hidden_fd(open(path, flags));
}

/* The pipe is opened for reading, too, so writing to it cannot fail. If the process that asked has gone, its answer is lost without
 * harm. */
static void answer(struct saving *saving, struct process *process)
{
	int file = open_of_asker(saving, saving->asker_fd, O_WRONLY | O_TRUNC | O_APPEND);
	int reply = open_of_asker(saving, saving->asker_fd + 1, O_RDWR);
	struct saver saver = { .process = process, .saving = saving };
	char line[320];

	if (file < 0)
		save_refuse(&saver, "the file cannot be written: %s", strerror(errno));
	if (file >= 0 && save_to(&saver, file))
		snprintf(line, sizeof(line), "+%" PRIu64 " instructions\n", process->insns);
	else
		snprintf(line, sizeof(line), "-%s\n", saver.why);
	if (reply >= 0 && write(reply, line, strlen(line)) < 0)
		log_line(process->options, LOG_INFO, "save: who asked does not listen");
	close(file);
	close(reply);
	saving->asker = 0;
}

static void between(struct observer *self, struct process *process)
{
	struct saving *saving = saving_of(self);

	if (saving->asker)
		answer(saving, process);
	if (saving->due)
		save_to_own_file(saving, process);
	saving->due = false;
	if (budget(self, process) > 0 || process->exiting)
		return;
	saving->done = true;
	if (save_to_own_file(saving, process) && process->options->save_exit)
		process_end(process, 0);
}

static void at_exit(struct observer *self, struct process *process, int status, bool last)
{
	(void)status;
	(void)last;
	if (process->options->save_at != UINT64_MAX && !saving_of(self)->done && !process->forked)
		log_line(process->options, LOG_WARNING, "--save-at: the program ended after %" PRIu64 " instructions", process->insns);
}

bool save_watch(struct process *process)
{
	static const struct observer_table table = { .claim = claim, .budget = budget, .between = between, .exit = at_exit };
	struct saving *saving = calloc(1, sizeof(*saving));

	if (!saving)
		return false;
	saving->observer.on = &table;
	save_note_inherited(saving);
	observer_add(process, &saving->observer);
	return true;
}
