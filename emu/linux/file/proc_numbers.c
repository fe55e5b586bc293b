/* Numbers of /proc/PID: stat, status, statm. Takes the host's text and replaces the fields that are wrong for the guest. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu/linux/file/proc_files.h"
#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/peer.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/tree.h"
#include "emu/linux/kernel/units.h"
#include "emu/linux/kernel/usage.h"
#include "timekeep/timekeep.h"

/* --- signals ------------------------------------------------------------------------------------------------------- */

static uint64_t pending_set(const struct view *view, const struct pending_signal *list)
{
	struct pending_signal entry;
	uint64_t set = 0;

	for (; list; list = entry.next) {
		if (!view->foreign)
			entry = *list;
		else if (!peer_read(view->host, list, &entry, sizeof(entry)))
			break;
		set |= 1ULL << (entry.info.si_signo - 1);
	}
	return set;
}

/* The signals whose handler is SIG_IGN, or those that have a handler. */
static uint64_t handled_set(const struct process *process, bool ignored)
{
	uint64_t set = 0;

	for (int number = 1; number <= GUEST_SIGNALS; number++) {
		uint64_t handler = process->signals.action[number].handler;

		if (ignored ? handler == (uint64_t)SIG_IGN : handler != (uint64_t)SIG_IGN && handler != (uint64_t)SIG_DFL)
			set |= 1ULL << (number - 1);
	}
	return set;
}

/* --- ids ----------------------------------------------------------------------------------------------------------- */

static pid_t parent_id(const struct view *view, pid_t host)
{
	return view->process == view->own && view->own->tree ? tree_parent(view->own) : pids_from_host(view->own, host);
}

/* --- stat ---------------------------------------------------------------------------------------------------------- */

/* Fields of /proc/PID/stat by their number in proc(5). */
/* clang-format off */
enum stat_field {
	STAT_PID = 1, STAT_COMM, STAT_STATE, STAT_PPID, STAT_PGRP, STAT_SESSION, STAT_TPGID = 8, STAT_MINFLT = 10, STAT_CMINFLT, STAT_MAJFLT,
	STAT_CMAJFLT, STAT_UTIME, STAT_STIME, STAT_CUTIME, STAT_CSTIME, STAT_THREADS = 20, STAT_STARTTIME = 22, STAT_VSIZE, STAT_RSS,
	STAT_STARTCODE = 26, STAT_ENDCODE, STAT_STARTSTACK, STAT_ESP, STAT_EIP, STAT_SIGNAL, STAT_BLOCKED, STAT_SIGIGNORE, STAT_SIGCATCH,
	STAT_EXIT_SIGNAL = 38, STAT_PROCESSOR, STAT_START_DATA = 45, STAT_END_DATA, STAT_START_BRK, STAT_ARG_START, STAT_ARG_END,
	STAT_ENV_START, STAT_ENV_END, STAT_FIELDS = 52,
};
/* clang-format on */

/* CPU time in ns of the thread, or of the process if the file is the whole process's; -1: the host's counts. */
static int64_t cpu_ns(const struct view *view)
{
	bool whole = view->tid == view->pid;

	if (tk_mode(view->own->clock) == TK_HOST)
		return -1;
	if (!view->foreign)
		return whole ? clock_process_cpu(view->process) : clock_task_cpu(view->task);
	if (!clock_counts_cpu(view->own))
		return -1;
	return whole ? view->process->time.cpu_ns : view->task->time.cpu_ns;
}

/* The guest's value of a field that is known even if only the host's text is available: ids and times. Returns false for other fields. */
static bool any_field(const struct view *view, enum stat_field field, int64_t host, int64_t *value)
{
	bool host_clock = tk_mode(view->own->clock) == TK_HOST;

	switch (field) {
	case STAT_PPID: *value = parent_id(view, (pid_t)host); return true;
	case STAT_PGRP:
	case STAT_SESSION:
	case STAT_TPGID: *value = host > 0 ? pids_from_host(view->own, (pid_t)host) : host; return true;
	case STAT_STIME:
	case STAT_CSTIME:
	case STAT_STARTTIME:
		*value = 0; /* all time counts as user time; the clock began with the run */
		return !host_clock;
	case STAT_MINFLT:
	case STAT_CMINFLT:
	case STAT_MAJFLT:
	case STAT_CMAJFLT:
		*value = 0; /* depends on the host's page cache */
		return clock_counts_cpu(view->own);
	default: return false;
	}
}

/* The guest's value of a field. Returns false if the host's is right, or if no other is known. */
static bool guest_field(const struct view *view, enum stat_field field, int64_t host, int64_t *value)
{
	const struct process *process = view->process;
	const struct task *task = view->task;

	if (any_field(view, field, host, value))
		return true;
	if (!process)
		return false;
	switch (field) {
	case STAT_UTIME: *value = cpu_ns(view) / NS_PER_USER_TICK; return cpu_ns(view) >= 0;
	case STAT_CUTIME: *value = process->time.children_cpu_ns / NS_PER_USER_TICK; return tk_mode(view->own->clock) != TK_HOST;
	case STAT_THREADS: *value = view->threads; return true;
	case STAT_VSIZE: *value = (int64_t)proc_mapped_bytes(&process->space); return true;
	case STAT_RSS: *value = (int64_t)(usage_resident(&process->space) / GUEST_PAGE); return clock_counts_cpu(view->own);
	case STAT_STARTSTACK: *value = (int64_t)process->image.arg_start; return true;
	case STAT_SIGNAL: *value = (int64_t)(pending_set(view, task->signals.pending) & INT32_MAX); return true;
	case STAT_BLOCKED: *value = (int64_t)(task->signals.mask & INT32_MAX); return true;
	case STAT_SIGIGNORE: *value = (int64_t)(handled_set(process, true) & INT32_MAX); return true;
	case STAT_SIGCATCH: *value = (int64_t)(handled_set(process, false) & INT32_MAX); return true;
	case STAT_EXIT_SIGNAL: *value = -1; return view->tid != view->pid;
	case STAT_START_BRK: *value = (int64_t)process->space.brk_start; return true;
	case STAT_ARG_START: *value = (int64_t)process->image.arg_start; return true;
	case STAT_ARG_END: *value = (int64_t)process->image.arg_end; return true;
	case STAT_ENV_START: *value = (int64_t)process->image.env_start; return true;
	case STAT_ENV_END: *value = (int64_t)process->image.env_end; return true;
	case STAT_PROCESSOR: *value = task->cpu.vcpu; return !view->foreign;
	case STAT_STARTCODE:
	case STAT_ENDCODE:
	case STAT_ESP:
	case STAT_EIP:
	case STAT_START_DATA:
	case STAT_END_DATA:
		*value = 0; /* as for a reader that may not trace the process */
		return true;
	default: return false;
	}
}

void proc_write_stat(struct view *view, FILE *out)
{
	char line[2048], name[16], *comm_end = NULL, *rest, *word;
	FILE *host = proc_host_file(view, "stat");

	if (host && fgets(line, sizeof(line), host))
		comm_end = strrchr(line, ')');
	if (host)
		fclose(host);
	if (!comm_end)
		return;
	proc_thread_name(view, name);
	fprintf(out, "%d (%s) %c", view->tid, name, view_state(view));
	rest = comm_end + strlen(") R "); /* after the state */
	for (int field = STAT_PPID; field <= STAT_FIELDS && (word = strtok_r(rest, " \n", &rest)); field++) {
		int64_t guest;

		if (guest_field(view, (enum stat_field)field, strtoll(word, NULL, 10), &guest))
			fprintf(out, " %" PRId64, guest);
		else
			fprintf(out, " %s", word);
	}
	fputc('\n', out);
}

void proc_write_statm(struct view *view, FILE *out)
{
	FILE *host = proc_host_file(view, "statm");
	char rest[256] = "";

	if (!host)
		return;
	if (clock_counts_cpu(view->own)) {
		uint64_t resident = usage_resident(&view->process->space) / GUEST_PAGE;

		fprintf(out, "%llu %" PRIu64 " 0 0 0 %" PRIu64 " 0\n", proc_mapped_bytes(&view->process->space) / GUEST_PAGE, resident,
			resident);
	} else if (fscanf(host, "%*u%255[^\n]", rest) == 1)
		fprintf(out, "%llu%s\n", proc_mapped_bytes(&view->process->space) / GUEST_PAGE, rest);
	fclose(host);
}

/* --- status -------------------------------------------------------------------------------------------------------- */

static const char *state_name(char letter)
{
	switch (letter) {
	case 'R': return "running";
	case 'S': return "sleeping";
	case 'D': return "disk sleep";
	case 'T': return "stopped";
	case 't': return "tracing stop";
	case 'Z': return "zombie";
	default: return "dead";
	}
}

/* Lines of /proc/PID/status by their key; other lines are the host's. `host` is the line's text after the key. */
struct status_line {
	const char *key;
	bool needs_records;
	void (*write)(const struct view *view, const char *host, FILE *out);
};

static void write_name(const struct view *view, const char *host, FILE *out)
{
	char name[16];

	(void)host;
	proc_thread_name(view, name);
	fputs(name, out);
}

static void write_state(const struct view *view, const char *host, FILE *out)
{
	char letter = view_state(view);

	(void)host;
	fprintf(out, "%c (%s)", letter, state_name(letter));
}

static void write_tgid(const struct view *view, const char *host, FILE *out)
{
	(void)host;
	fprintf(out, "%d", view->pid);
}

static void write_tid(const struct view *view, const char *host, FILE *out)
{
	(void)host;
	fprintf(out, "%d", view->tid);
}

static void write_parent(const struct view *view, const char *host, FILE *out)
{
	fprintf(out, "%d", parent_id(view, atoi(host)));
}

/* Writes the id in the innermost namespace, to which the guest's ids belong. */
static void write_host_id(const struct view *view, const char *host, FILE *out)
{
	fprintf(out, "%d", pids_from_host(view->own, atoi(host)));
}

static void write_size(const struct view *view, const char *host, FILE *out)
{
	(void)host;
	fprintf(out, "%8" PRIu64 " kB", proc_mapped_bytes(&view->process->space) / 1024);
}

/* Resident memory, if it must be the same in every run. */
static void write_resident(const struct view *view, const char *host, FILE *out)
{
	if (clock_counts_cpu(view->own))
		fprintf(out, "%8" PRIu64 " kB", usage_resident(&view->process->space) / 1024);
	else
		fprintf(out, "%.*s", (int)strcspn(host, "\n") - 1, host + 1);
}

/* Kinds of resident memory that are not told apart in that case, and counts of the host's own work: 0. */
static void write_none(const struct view *view, const char *host, FILE *out)
{
	bool memory = strstr(host, "kB") != NULL;

	if (clock_counts_cpu(view->own))
		fputs(memory ? "       0 kB" : "0", out);
	else
		fprintf(out, "%.*s", (int)strcspn(host, "\n") - 1, host + 1);
}

static void write_threads(const struct view *view, const char *host, FILE *out)
{
	(void)host;
	fprintf(out, "%u", view->threads);
}

static void write_own_pending(const struct view *view, const char *host, FILE *out)
{
	(void)host;
	fprintf(out, "%016" PRIx64, pending_set(view, view->task->signals.pending));
}

static void write_shared_pending(const struct view *view, const char *host, FILE *out)
{
	(void)host;
	fprintf(out, "%016" PRIx64, pending_set(view, view->process->signals.pending));
}

static void write_blocked(const struct view *view, const char *host, FILE *out)
{
	(void)host;
	fprintf(out, "%016" PRIx64, view->task->signals.mask);
}

static void write_ignored(const struct view *view, const char *host, FILE *out)
{
	(void)host;
	fprintf(out, "%016" PRIx64, handled_set(view->process, true));
}

static void write_caught(const struct view *view, const char *host, FILE *out)
{
	(void)host;
	fprintf(out, "%016" PRIx64, handled_set(view->process, false));
}

/* clang-format off */
static const struct status_line status_lines[] = {
	{"Name", false, write_name}, {"State", false, write_state}, {"Tgid", false, write_tgid}, {"Pid", false, write_tid},
	{"PPid", false, write_parent}, {"NStgid", false, write_tgid}, {"NSpid", false, write_tid}, {"NSpgid", false, write_host_id},
	{"NSsid", false, write_host_id}, {"VmPeak", true, write_size}, {"VmSize", true, write_size}, {"Threads", true, write_threads},
	{"VmHWM", true, write_resident}, {"VmRSS", true, write_resident}, {"RssAnon", true, write_resident}, {"RssFile", true, write_none},
	{"RssShmem", true, write_none}, {"VmPTE", true, write_none}, {"voluntary_ctxt_switches", true, write_none},
	{"nonvoluntary_ctxt_switches", true, write_none}, {"SigPnd", true, write_own_pending}, {"ShdPnd", true, write_shared_pending}, {"SigBlk", true, write_blocked},
	{"SigIgn", true, write_ignored}, {"SigCgt", true, write_caught},
};
/* clang-format on */

static void write_status_line(const struct view *view, const char *line, FILE *out)
{
	size_t key = strcspn(line, ":");

	for (size_t i = 0; i < sizeof(status_lines) / sizeof(status_lines[0]); i++) {
		const struct status_line *known = &status_lines[i];

		if (strlen(known->key) != key || strncmp(line, known->key, key) != 0 || (known->needs_records && !view->process))
			continue;
		fprintf(out, "%s:\t", known->key);
		known->write(view, line + key + 1, out);
		fputc('\n', out);
		return;
	}
	fputs(line, out);
}

void proc_write_status(struct view *view, FILE *out)
{
	char name[48], line[1024];
	FILE *host;

	snprintf(name, sizeof(name), "task/%d/status", view_host_thread(view));
	host = proc_host_file(view, name);
	if (!host)
		return;
	while (fgets(line, sizeof(line), host))
		write_status_line(view, line, out);
	fclose(host);
}
