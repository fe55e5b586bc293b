/* Memory that is reached through files: /proc/PID/mem and /proc/PID/pagemap. They show the guest's memory, and not the emulator's. The
 * host's kernel ignores page protection in writes to mem, and in process_vm_writev(2), so decoded code would not notice the write, and the
 * observers of another process of the run would not see it. This file tells them. */
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/kernel/observer.h"
#include "emu/linux/kernel/path.h"
#include "emu/linux/kernel/pids.h"
#include "emu/linux/kernel/view.h"
#include "emu/linux/kernel/written.h"

/* Returns the name of the descriptor's file in /proc/PID or /proc/PID/task/TID, and the host's id of the process; NULL: it is another
 * file. */
static const char *name_of(int fd, char path[64], pid_t *host_pid)
{
	char link[32];
	ssize_t length;
	int end = 0;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, 63);
	if (length <= 0)
		return NULL;
	path[length] = 0;
	if (sscanf(path, "/proc/%d%n/task/%*d%n", host_pid, &end, &end) < 1)
		return NULL;
	return path[end] == '/' ? path + end + 1 : NULL;
}

/* Returns the host's id of the process whose memory the descriptor is; 0: it is another file. */
static pid_t memory_of(int fd)
{
	char path[64];
	pid_t host_pid;
	const char *name = name_of(fd, path, &host_pid);

	return name && strcmp(name, "mem") == 0 ? host_pid : 0;
}

static bool is_pagemap(int fd)
{
	char path[64];
	pid_t host_pid;
	const char *name = name_of(fd, path, &host_pid);

	return name && strcmp(name, "pagemap") == 0;
}

void memory_file_opened(struct process *process, int fd)
{
	process->files.memory_files |= memory_of(fd) != 0 || is_pagemap(fd);
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

/* --- /proc/PID/mem ---------------------------------------------------------------------------------------- */

/* Returns how many bytes at the address may be the memory that the process has natively. In this process, that is what is mapped; where
 * another one has mapped nothing, the host may have reserved pages, which read as zeros. */
static uint64_t native_part(const struct task *task, pid_t host_pid, uint64_t address, uint64_t length)
{
	if (!proc_runs_emulator(host_pid))
		return length;
	if (address_refused(address))
		return 0;
	length = space_reach(address, length);
	return host_pid == getpid() ? space_mapped_until(&task->process->space, address, address + length) - address : length;
}

static uint64_t position_of(int fd, int64_t position)
{
	return position == POSITION_OF_FILE ? (uint64_t)lseek(fd, 0, SEEK_CUR) : (uint64_t)position;
}

/* Lets the host move what is not the emulator's memory. EIO where nothing is mapped: mem_rw(). */
static int64_t move(const struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, bool write)
{
	uint64_t address = position_of(fd, position), length = native_part(task, memory_of(fd), address, file_vector_length(vector, count));
	struct iovec part[FILE_IOV_MAX];

	if (file_vector_length(vector, count) == 0)
		return 0;
	if (length == 0)
		return -EIO;
	memcpy(part, vector, count * sizeof(part[0]));
	count = file_trim_vector(part, count, 0, length);
	if (position == POSITION_OF_FILE)
		return syscall_host(write ? SYS_writev : SYS_readv, (const uint64_t[6]){ (uint64_t)fd, (uint64_t)part, count });
	return syscall_host(write ? SYS_pwritev : SYS_preadv, (const uint64_t[6]){ (uint64_t)fd, (uint64_t)part, count, address });
}

/* In another process of the run, observers and the process itself must know what was written. */
static bool write_memory(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result)
{
	pid_t host_pid = memory_of(fd);
	struct iovec to;

	if (!host_pid)
		return false;
	to = (struct iovec){ (void *)position_of(fd, position), file_vector_length(vector, count) };
	if (host_pid == getpid())
		space_prepare_poke(&task->process->space, (uint64_t)to.iov_base,
			native_part(task, host_pid, (uint64_t)to.iov_base, to.iov_len));
	*result = move(task, fd, vector, count, position, true);
	if (*result > 0 && host_pid != getpid())
		memory_written(task, pids_from_host(task->process, host_pid), vector, count, &to, (uint64_t)*result);
	return true;
}

/* --- /proc/PID/pagemap -------------------------------------------------------------------------------------- */

/* The kernel has an entry of 0 for a page that is not mapped. */
static void clear_entries(struct task *task, uint64_t address, uint64_t first, uint64_t size)
{
	static const uint64_t none;

	for (uint64_t at = 0; at + sizeof(none) <= size; at += sizeof(none))
		if (address_refused((first + at) / sizeof(none) * GUEST_PAGE))
			space_write(&task->process->space, address + at, &none, sizeof(none));
}

static int64_t read_pagemap(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position)
{
	uint64_t at = position_of(fd, position);
	int64_t result;

	if (position == POSITION_OF_FILE)
		result = syscall_host(SYS_readv, (const uint64_t[6]){ (uint64_t)fd, (uint64_t)vector, count });
	else
		result = syscall_host(SYS_preadv, (const uint64_t[6]){ (uint64_t)fd, (uint64_t)vector, count, at });
	for (uint64_t k = 0, done = 0; result > 0 && done < (uint64_t)result; done += vector[k++].iov_len) {
		uint64_t size = vector[k].iov_len < (uint64_t)result - done ? vector[k].iov_len : (uint64_t)result - done;

		clear_entries(task, (uint64_t)vector[k].iov_base, at + done, size);
	}
	return result;
}

static bool read_file(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result)
{
	if (memory_of(fd))
		*result = move(task, fd, vector, count, position, false);
	else if (is_pagemap(fd))
		*result = read_pagemap(task, fd, vector, count, position);
	else
		return false;
	return true;
}

static bool has_memory_files(struct process *process, int fd)
{
	(void)fd;
	return process->files.memory_files;
}

const struct device memory_file = { .is = has_memory_files, .read = read_file, .write = write_memory };
