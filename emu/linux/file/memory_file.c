/* Memory that is written through /proc/PID/mem, and another process's by process_vm_writev(2). The host's kernel ignores page protection
 * there, so decoded code would not notice the write, and the observers of another process of the run would not see it. This file tells
 * them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/kernel/observer.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/view.h"
#include "emu/linux/kernel/written.h"

/* A write to a /proc/PID/mem: whose memory, and at which address. */
struct memory_write {
	pid_t host_pid;
	uint64_t address, length;
};

/* Returns the host's id of the process whose memory the descriptor is; 0: it is another file. */
static pid_t memory_of(int fd)
{
	char link[32], path[64];
	ssize_t length;
	int pid, end = 0;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length <= 0)
		return 0;
	path[length] = 0;
	if (sscanf(path, "/proc/%d%n/task/%*d%n", &pid, &end, &end) < 1)
		return 0;
	return strcmp(path + end, "/mem") == 0 ? pid : 0;
}

void memory_file_opened(struct process *process, int64_t fd)
{
	process->files.memory_files |= fd >= 0 && memory_of((int)fd) != 0;
}

/* Returns the length of the call's IN argument in bytes. */
static uint64_t length_of(struct task *task, const struct syscall_row *row, const uint64_t arg[6])
{
	struct iovec vector[FILE_IOV_MAX];

	for (unsigned i = 0; i < row->args; i++) {
		if (row->arg[i].direction != DIR_IN)
			continue;
		if (row->arg[i].type == ARG_BUFFER)
			return syscall_extent(row, i, arg);
		if (row->arg[i].extent == EXTENT_VECTOR && file_read_vector(task, arg[i], arg[row->arg[i].by], false, vector) == 0)
			return file_vector_length(vector, arg[row->arg[i].by]);
	}
	return 0;
}

/* Returns false if the call does not write to a memory file. */
static bool find_write(struct task *task, const struct syscall_row *row, const uint64_t arg[6], struct memory_write *write)
{
	unsigned to = syscall_arg_with_role(row, ROLE_TO), offset = syscall_arg_with_role(row, ROLE_OFFSET);

	if (to == row->args)
		return false;
	write->host_pid = memory_of((int)arg[to]);
	if (!write->host_pid)
		return false;
	if (offset < row->args && arg[offset] != UINT64_MAX)
		write->address = arg[offset];
	else
		write->address = (uint64_t)lseek((int)arg[to], 0, SEEK_CUR);
	write->length = length_of(task, row, arg);
	return true;
}

int64_t memory_file_prepare(struct task *task, const struct syscall_row *row, const uint64_t arg[6])
{
	struct memory_write write;

	if (!find_write(task, row, arg, &write) || write.host_pid != getpid())
		return 0;
	if (!space_in_guest(write.address, write.length)) /* the guest has nothing there */
		return -EIO;
	space_prepare_poke(&task->process->space, write.address, write.length);
	return 0;
}

/* --- another process of the run -------------------------------------------------------------------------- */

/* Copies the first `size` bytes of the parts of `from`, one after the other. */
static uint8_t *gather(struct process *process, const struct iovec *from, uint64_t count, uint64_t size)
{
	uint8_t *bytes = malloc(size);
	uint64_t have = 0;

	for (uint64_t k = 0; bytes && k < count && have < size; k++) {
		uint64_t part = from[k].iov_len < size - have ? from[k].iov_len : size - have;

		if (!space_read(&process->space, (uint64_t)from[k].iov_base, bytes + have, part))
			break;
		have += part;
	}
	return bytes;
}

/* Returns the part of `to` that begins after `done` bytes of it all and ends at a page's end. */
static struct iovec part_at(const struct iovec *to, uint64_t done)
{
	uint64_t address, most;

	while (done >= to->iov_len) {
		done -= to->iov_len;
		to++;
	}
	address = (uint64_t)to->iov_base + done;
	most = GUEST_PAGE - address % GUEST_PAGE;
	return (struct iovec){ (void *)address, to->iov_len - done < most ? to->iov_len - done : most };
}

/* Copies what follows the first `done` of `size` bytes, as far as the process itself may write there. Returns how many are copied then. */
static uint64_t copy_on(const struct view *view, const uint8_t *bytes, const struct iovec *to, uint64_t done, uint64_t size)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", view->host);
	fd = open(path, O_RDWR | O_CLOEXEC);
	while (fd >= 0 && done < size) {
		struct iovec part = part_at(to, done);
		const struct vma *vma = space_find(&view->process->space, (uint64_t)part.iov_base);
		uint64_t length = part.iov_len < size - done ? part.iov_len : size - done;

		if (!vma || !(vma->prot & PROT_WRITE) || pwrite(fd, bytes + done, length, (off_t)part.iov_base) != (ssize_t)length)
			break;
		done += length;
	}
	if (fd >= 0)
		close(fd);
	return done;
}

int64_t memory_write_code(struct task *task, pid_t pid, const struct iovec *from, uint64_t from_count, const struct iovec *to,
	uint64_t to_count, int64_t result)
{
	uint64_t size = file_vector_length(from, from_count), room = file_vector_length(to, to_count),
		 done = result > 0 ? (uint64_t)result : 0;
	struct view view;
	uint8_t *bytes;

	size = size < room ? size : room;
	if ((result < 0 && result != -EFAULT) || done >= size || !view_open(&view, task->process, pid, 0))
		return result;
	bytes = view.process && view.foreign ? gather(task->process, from, from_count, size) : NULL;
	if (bytes)
		done = copy_on(&view, bytes, to, done, size);
	free(bytes);
	view_close(&view);
	return done ? (int64_t)done : result;
}

void memory_written(struct task *task, pid_t pid, const struct iovec *from, uint64_t from_count, const struct iovec *to, uint64_t size)
{
	struct process *process = task->process;
	pid_t host_pid = pids_to_host(process, pid);
	uint8_t *bytes;
	uint64_t done = 0;

	if (pid == process->pid)
		return;
	bytes = gather(process, from, from_count, size);
	for (uint64_t k = 0; bytes && done < size; k++) {
		uint64_t address = (uint64_t)to[k].iov_base, part = to[k].iov_len < size - done ? to[k].iov_len : size - done;

		OBSERVE(process, written, process, pid, address, bytes + done, part);
		written_tell(process, host_pid, address, part);
		done += part;
	}
	free(bytes);
}

void memory_file_written(struct task *task, const struct syscall_row *row, const uint64_t arg[6], int64_t result)
{
	struct iovec vector[FILE_IOV_MAX], to;
	struct memory_write write;
	uint64_t count = 1;

	if (result <= 0 || !find_write(task, row, arg, &write) || write.host_pid == getpid())
		return;
	if (syscall_arg_with_role(row, ROLE_OFFSET) == row->args) /* the file's position has moved */
		write.address -= (uint64_t)result;
	for (unsigned i = 0; i < row->args; i++) {
		if (row->arg[i].extent == EXTENT_VECTOR && file_read_vector(task, arg[i], count = arg[row->arg[i].by], false, vector) != 0)
			return;
		if (row->arg[i].type == ARG_BUFFER)
			vector[0] = (struct iovec){ (void *)arg[i], (size_t)result };
	}
	to = (struct iovec){ (void *)write.address, (size_t)result };
	memory_written(task, pids_from_host(task->process, write.host_pid), vector, count, &to, (uint64_t)result);
}
