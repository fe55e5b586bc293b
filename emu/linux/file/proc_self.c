/* /proc/self as the guest's: proc(5). Where the host's own text is right but for some fields, those are replaced. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emu/linux/file/proc_self.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/units.h"
#include "timekeep/timekeep.h"

enum { NAME_COLUMN = 73, PAGE_PRESENT = 63, PAGE_KB = GUEST_PAGE / 1024 };

/* --- mappings ------------------------------------------------------------------------------------------------------ */

static void write_mapping(const struct vma *vma, FILE *out)
{
	bool of_file = !(vma->flags & MAP_ANONYMOUS) && vma->inode;
	int length = fprintf(out, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %02x:%02x %lu ", vma->start, vma->end,
	                     vma->prot & PROT_READ ? 'r' : '-', vma->prot & PROT_WRITE ? 'w' : '-',
	                     vma->prot & PROT_EXEC ? 'x' : '-', vma->flags & MAP_SHARED ? 's' : 'p', of_file ? vma->offset : 0,
	                     major(vma->dev), minor(vma->dev), (unsigned long)vma->inode);
	if (vma->name)
		fprintf(out, "%*s%s", length < NAME_COLUMN ? NAME_COLUMN - length : 0, "", vma->name);
	fputc('\n', out);
}

void proc_write_maps(struct task *task, FILE *out)
{
	const struct space *space = &task->process->space;
	for (size_t i = 0; i < space->count; i++)
		write_mapping(&space->vma[i], out);
}

/* Pages in memory: /proc/PID/pagemap tells. */
static uint64_t resident_pages(int pagemap, uint64_t start, uint64_t end)
{
	uint64_t entry[512], resident = 0;
	for (uint64_t page = start / GUEST_PAGE; page < end / GUEST_PAGE;) {
		uint64_t left = end / GUEST_PAGE - page, want = left < 512 ? left : 512;
		ssize_t got = pread(pagemap, entry, want * sizeof *entry, (off_t)(page * sizeof *entry));
		if (got <= 0)
			break;
		for (size_t i = 0; i < (size_t)got / sizeof *entry; i++)
			resident += entry[i] >> PAGE_PRESENT & 1;
		page += (uint64_t)got / sizeof *entry;
	}
	return resident;
}

void proc_write_smaps(struct task *task, FILE *out)
{
	const struct space *space = &task->process->space;
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < space->count; i++) {
		const struct vma *vma = &space->vma[i];
		write_mapping(vma, out);
		fprintf(out, "Size:           %8" PRIu64 " kB\nKernelPageSize: %8d kB\nMMUPageSize:    %8d kB\n",
		        (vma->end - vma->start) / 1024, PAGE_KB, PAGE_KB);
		fprintf(out, "Rss:            %8" PRIu64 " kB\n",
		        resident_pages(pagemap, vma->start, vma->end) * PAGE_KB);
	}
	if (pagemap >= 0)
		close(pagemap);
}

static uint64_t mapped_bytes(const struct space *space)
{
	uint64_t total = 0;
	for (size_t i = 0; i < space->count; i++)
		total += space->vma[i].end - space->vma[i].start;
	return total;
}

/* --- arguments ----------------------------------------------------------------------------------------------------- */

/* The guest's memory as it is now: programs write their titles there. */
static void write_memory(struct task *task, uint64_t start, uint64_t end, FILE *out)
{
	char bytes[4096];
	while (start < end) {
		size_t part = end - start < sizeof bytes ? end - start : sizeof bytes;
		if (!space_read(&task->process->space, start, bytes, part))
			return;
		fwrite(bytes, 1, part, out);
		start += part;
	}
}

void proc_write_cmdline(struct task *task, FILE *out)
{
	write_memory(task, task->process->arg_start, task->process->arg_end, out);
}

void proc_write_environ(struct task *task, FILE *out)
{
	write_memory(task, task->process->env_start, task->process->env_end, out);
}

void proc_write_auxv(struct task *task, FILE *out)
{
	write_memory(task, task->process->auxv_start, task->process->auxv_end, out);
}

/* --- numbers ------------------------------------------------------------------------------------------------------- */

static unsigned count_threads(const struct process *process)
{
	unsigned threads = 0;
	for (const struct task *task = process->tasks; task; task = task->next)
		threads += task->state != TASK_DEAD;
	return threads;
}

/* Fields of /proc/PID/stat by their number in proc(5). */
enum stat_field {
	STAT_PID = 1, STAT_COMM, STAT_STATE, STAT_PPID, STAT_PGRP, STAT_SESSION, STAT_UTIME = 14, STAT_STIME, STAT_CUTIME,
	STAT_CSTIME, STAT_THREADS = 20, STAT_STARTTIME = 22, STAT_VSIZE, STAT_STARTCODE = 26, STAT_ENDCODE, STAT_STARTSTACK,
	STAT_ESP, STAT_EIP, STAT_START_DATA = 45, STAT_END_DATA, STAT_START_BRK, STAT_ARG_START, STAT_ARG_END,
	STAT_ENV_START, STAT_ENV_END, STAT_FIELDS = 52,
};

/* The guest's value of a field; false: the host's is right (or is all there is). */
static bool guest_field(struct task *task, enum stat_field field, int64_t host, int64_t *value)
{
	const struct process *process = task->process;
	bool host_clock = tk_mode(process->clock) == TK_HOST;

	switch (field) {
	case STAT_PID: *value = process->pid; return true;
	case STAT_PPID:
	case STAT_PGRP:
	case STAT_SESSION: *value = host > 0 ? pids_from_host(process, (pid_t)host) : host; return true;
	case STAT_UTIME: *value = task_clock_ns(task, CLOCK_PROCESS_CPUTIME_ID) / NS_PER_USER_TICK; return !host_clock;
	case STAT_STIME:
	case STAT_CSTIME:
	case STAT_STARTTIME: *value = 0; return !host_clock; /* all time counts as user time; the clock began with the run */
	case STAT_CUTIME: *value = process->children_cpu_ns / NS_PER_USER_TICK; return !host_clock;
	case STAT_THREADS: *value = count_threads(process); return true;
	case STAT_VSIZE: *value = (int64_t)mapped_bytes(&process->space); return true;
	case STAT_STARTSTACK: *value = (int64_t)process->arg_start; return true;
	case STAT_START_BRK: *value = (int64_t)process->space.brk_start; return true;
	case STAT_ARG_START: *value = (int64_t)process->arg_start; return true;
	case STAT_ARG_END: *value = (int64_t)process->arg_end; return true;
	case STAT_ENV_START: *value = (int64_t)process->env_start; return true;
	case STAT_ENV_END: *value = (int64_t)process->env_end; return true;
	case STAT_STARTCODE:
	case STAT_ENDCODE:
	case STAT_ESP:
	case STAT_EIP:
	case STAT_START_DATA:
	case STAT_END_DATA: *value = 0; return true; /* as for a reader without the right to trace */
	default: return false;
	}
}

void proc_write_stat(struct task *task, FILE *out)
{
	char line[2048];
	FILE *host = fopen("/proc/self/stat", "re");
	char *comm_end = NULL;
	if (host && fgets(line, sizeof line, host))
		comm_end = strrchr(line, ')');
	if (host)
		fclose(host);
	if (!comm_end)
		return;
	comm_end[1] = 0;
	fprintf(out, "%d %s R", task->process->pid, strchr(line, '('));
	char *rest = comm_end + strlen(") R "), *word; /* behind the state */
	for (int field = STAT_PPID; field <= STAT_FIELDS && (word = strtok_r(rest, " \n", &rest)); field++) {
		int64_t guest;
		if (guest_field(task, (enum stat_field)field, strtoll(word, NULL, 10), &guest))
			fprintf(out, " %" PRId64, guest);
		else
			fprintf(out, " %s", word);
	}
	fputc('\n', out);
}

void proc_write_statm(struct task *task, FILE *out)
{
	char rest[256] = "";
	FILE *host = fopen("/proc/self/statm", "re");
	if (!host)
		return;
	if (fscanf(host, "%*u%255[^\n]", rest) == 1)
		fprintf(out, "%llu%s\n", mapped_bytes(&task->process->space) / GUEST_PAGE, rest);
	fclose(host);
}

/* --- status -------------------------------------------------------------------------------------------------------- */

static uint64_t pending_set(const struct pending_signal *list)
{
	uint64_t set = 0;
	for (; list; list = list->next)
		set |= 1ULL << (list->info.si_signo - 1);
	return set;
}

/* Signals whose handler is SIG_IGN; or those that are caught. */
static uint64_t handled_set(const struct process *process, bool ignored)
{
	uint64_t set = 0;
	for (int number = 1; number <= GUEST_SIGNALS; number++) {
		uint64_t handler = process->action[number].handler;
		if (ignored ? handler == (uint64_t)SIG_IGN : handler != (uint64_t)SIG_IGN && handler != (uint64_t)SIG_DFL)
			set |= 1ULL << (number - 1);
	}
	return set;
}

static bool begins(const char *line, const char *key)
{
	return strncmp(line, key, strlen(key)) == 0;
}

static void write_status_line(struct task *task, const char *line, FILE *out)
{
	const struct process *process = task->process;
	if (begins(line, "Tgid:"))
		fprintf(out, "Tgid:\t%d\n", process->pid);
	else if (begins(line, "Pid:"))
		fprintf(out, "Pid:\t%d\n", task->tid);
	else if (begins(line, "PPid:"))
		fprintf(out, "PPid:\t%d\n", pids_from_host(process, getppid()));
	else if (begins(line, "VmPeak:") || begins(line, "VmSize:"))
		fprintf(out, "%.7s\t%8" PRIu64 " kB\n", line, mapped_bytes(&process->space) / 1024);
	else if (begins(line, "Threads:"))
		fprintf(out, "Threads:\t%u\n", count_threads(process));
	else if (begins(line, "SigPnd:"))
		fprintf(out, "SigPnd:\t%016" PRIx64 "\n", pending_set(task->pending));
	else if (begins(line, "ShdPnd:"))
		fprintf(out, "ShdPnd:\t%016" PRIx64 "\n", pending_set(process->pending));
	else if (begins(line, "SigBlk:"))
		fprintf(out, "SigBlk:\t%016" PRIx64 "\n", task->signal_mask);
	else if (begins(line, "SigIgn:"))
		fprintf(out, "SigIgn:\t%016" PRIx64 "\n", handled_set(process, true));
	else if (begins(line, "SigCgt:"))
		fprintf(out, "SigCgt:\t%016" PRIx64 "\n", handled_set(process, false));
	else
		fputs(line, out);
}

void proc_write_status(struct task *task, FILE *out)
{
	char line[1024];
	FILE *host = fopen("/proc/self/status", "re");
	if (!host)
		return;
	while (fgets(line, sizeof line, host))
		write_status_line(task, line, out);
	fclose(host);
}
