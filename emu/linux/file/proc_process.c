/* Texts of /proc/PID: arguments, environment, names, limits, children. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "emu/linux/file/proc_files.h"
#include "emu/linux/kernel/limits.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"

FILE *proc_host_file(const struct view *view, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", view->host, name);
	return fopen(path, "re");
}

/* Writes the guest's memory as of now, since programs change their titles there. */
static void write_memory(struct view *view, uint64_t start, uint64_t end, FILE *out)
{
	char bytes[4096];

	while (start < end) {
		size_t part = end - start < sizeof(bytes) ? end - start : sizeof(bytes);

		if (!view_read(view, start, bytes, part))
			return;
		fwrite(bytes, 1, part, out);
		start += part;
	}
}

void proc_write_cmdline(struct view *view, FILE *out)
{
	write_memory(view, view->process->image.arg_start, view->process->image.arg_end, out);
}

void proc_write_environ(struct view *view, FILE *out)
{
	write_memory(view, view->process->image.env_start, view->process->image.env_end, out);
}

void proc_write_auxv(struct view *view, FILE *out)
{
	write_memory(view, view->process->image.auxv_start, view->process->image.auxv_end, out);
}

/* The leader's name is the host process's. */
void proc_thread_name(const struct view *view, char name[16])
{
	const struct task *task = view->task;
	FILE *host;

	memset(name, 0, 16);
	if (task && task->tid != view->process->pid) {
		memcpy(name, task->name, sizeof(task->name));
		return;
	}
	host = proc_host_file(view, "comm");
	if (!host)
		return;
	if (fgets(name, 16, host))
		name[strcspn(name, "\n")] = '\0';
	fclose(host);
}

/* The system call that the thread is in, as proc_pid_syscall(). */
void proc_write_syscall(struct view *view, FILE *out)
{
	static const int arguments[] = { RDI, RSI, RDX, R10, R8, R9 };
	const struct task *task = view->task;

	if (task != view->own->current && task->state != TASK_WAITING) {
		fputs("running\n", out);
		return;
	}
	fprintf(out, "%lu", (unsigned long)task->cpu.r[RAX]);
	for (size_t k = 0; k < sizeof(arguments) / sizeof(arguments[0]); k++)
		fprintf(out, " 0x%lx", (unsigned long)task->cpu.r[arguments[k]]);
	fprintf(out, " 0x%lx 0x%lx\n", (unsigned long)task->cpu.r[RSP], (unsigned long)task->cpu.rip);
}

void proc_write_comm(struct view *view, FILE *out)
{
	char name[16];

	proc_thread_name(view, name);
	fprintf(out, "%s\n", name);
}

static void write_limit(rlim_t limit, FILE *out)
{
	if (limit == RLIM_INFINITY)
		fprintf(out, "%-20s ", "unlimited");
	else
		fprintf(out, "%-20" PRIu64 " ", (uint64_t)limit);
}

/* proc_pid_limits(): a heading, and one line for each limit by number. The limits that are kept here differ from the host's. */
void proc_write_limits(struct view *view, FILE *out)
{
	enum { NAME_WIDTH = 26, UNITS_COLUMN = NAME_WIDTH + 2 * 21 };
	FILE *host = proc_host_file(view, "limits");
	char line[200];

	if (!host)
		return;
	for (int k = -1; fgets(line, sizeof(line), host); k++) {
		if (k < 0 || k >= RLIM_NLIMITS || !limit_is_kept(view->own, k) || strlen(line) <= UNITS_COLUMN) {
			fputs(line, out);
			continue;
		}
		fprintf(out, "%.*s", NAME_WIDTH, line);
		write_limit(limit_kept(view->process, k).rlim_cur, out);
		write_limit(limit_kept(view->process, k).rlim_max, out);
		fputs(line + UNITS_COLUMN, out);
	}
	fclose(host);
}

/* In the host all children are the one thread's; here they count as the leader's. */
void proc_write_children(struct view *view, FILE *out)
{
	char name[48];
	FILE *host;
	int child;

	snprintf(name, sizeof(name), "task/%d/children", view->host);
	host = view->tid == view->pid ? proc_host_file(view, name) : NULL;
	if (!host)
		return;
	while (fscanf(host, "%d", &child) == 1)
		fprintf(out, "%d ", pids_from_host(view->own, child));
	fclose(host);
}
