/* Texts of /proc/PID: arguments, environment, names, children. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "emu/linux/file/proc_files.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/task.h"

FILE *proc_host_file(const struct view *view, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", view->host, name);
	return fopen(path, "re");
}

/* Writes the guest's memory as of now, since programs change their titles there. */
static void write_memory(struct view *view, uint64_t start, uint64_t end, FILE *out)
{
	char bytes[4096];

	while (start < end) {
		size_t part = end - start < sizeof bytes ? end - start : sizeof bytes;

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
		memcpy(name, task->name, sizeof task->name);
		return;
	}
	host = proc_host_file(view, "comm");
	if (!host)
		return;
	if (fgets(name, 16, host))
		name[strcspn(name, "\n")] = '\0';
	fclose(host);
}

void proc_write_comm(struct view *view, FILE *out)
{
	char name[16];

	proc_thread_name(view, name);
	fprintf(out, "%s\n", name);
}

/* In the host all children are the one thread's; here they count as the leader's. */
void proc_write_children(struct view *view, FILE *out)
{
	char name[48];
	FILE *host;
	int child;

	snprintf(name, sizeof name, "task/%d/children", view->host);
	host = view->tid == view->pid ? proc_host_file(view, name) : NULL;
	if (!host)
		return;
	while (fscanf(host, "%d", &child) == 1)
		fprintf(out, "%d ", pids_from_host(view->own, child));
	fclose(host);
}
