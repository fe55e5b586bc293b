/* What the recorder wants to know of a system call: which of the bytes that it may have written it has, and what went to the run's
 * standard output and error. */
#include <asm/unistd_64.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/syscall.h"
#include "emu/trace/recorder.h"

/* 1 or 2 for a descriptor of the run's standard output or error, whatever its number; else 0. */
static unsigned output_stream(const struct recorder *recorder, int fd)
{
	struct stat status;
	bool is[2];

	if (fstat(fd, &status) < 0)
		return 0;
	for (int k = 0; k < 2; k++) {
		const struct stat *output = &recorder->output[k];

		is[k] = output->st_nlink && status.st_dev == output->st_dev && status.st_ino == output->st_ino;
	}
	if (is[0] && is[1])
		return fd == STDERR_FILENO ? 2 : 1;
	return is[0] ? 1 : is[1] ? 2 : 0;
}

/* --- writing calls ------------------------------------------------------------------------------------ */

/* Where calls that write to a descriptor have their parts. */
struct write_call {
	uint16_t number;
	int8_t fd, buffer, offset; /* argument numbers; -1: none. An offset of 8 bytes, not a pointer */
	bool vector, header;       /* the buffer is an iovec array; a msghdr */
	bool unseen;               /* from descriptor to descriptor */
};

static const struct write_call write_calls[] = {
	{ __NR_write, 0, 1, -1, false, false, false },
	{ __NR_pwrite64, 0, 1, 3, false, false, false },
	{ __NR_writev, 0, 1, -1, true, false, false },
	{ __NR_pwritev, 0, 1, 3, true, false, false },
	{ __NR_pwritev2, 0, 1, 3, true, false, false },
	{ __NR_sendto, 0, 1, -1, false, false, false },
	{ __NR_sendmsg, 0, 1, -1, false, true, false },
	{ __NR_sendfile, 0, -1, -1, false, false, true },
	{ __NR_splice, 2, -1, -1, false, false, true },
	{ __NR_tee, 1, -1, -1, false, false, true },
	{ __NR_vmsplice, 0, -1, -1, false, false, true },
	{ __NR_copy_file_range, 2, -1, -1, false, false, true },
	{ __NR_ftruncate, 0, -1, -1, false, false, false },
	{ __NR_fallocate, 0, -1, -1, false, false, false },
};

static const struct write_call *find_write(uint64_t number)
{
	for (size_t k = 0; k < sizeof(write_calls) / sizeof(write_calls[0]); k++)
		if (write_calls[k].number == number)
			return &write_calls[k];
	return NULL;
}

int64_t recorder_call(struct observer *self, struct task *task, uint64_t number, const uint64_t arg[6])
{
	const struct write_call *call = find_write(number);

	(void)task;
	return call && call->unseen && output_stream(recorder_of(self), (int)arg[call->fd]) ? -EINVAL : 0;
}

static void emit_output(struct recorder *recorder, unsigned stream, uint64_t address, uint64_t size)
{
	uint8_t bytes[1 << 16];

	for (uint64_t piece; size > 0; size -= piece, address += piece) {
		piece = size < sizeof(bytes) ? size : sizeof(bytes);
		if (!space_read(&recorder->process->space, address, bytes, piece))
			return;
		recorder_emit(recorder, RECORD_DATA(OUTPUT, bytes, piece, stream, address));
	}
}

static void emit_vector_output(struct recorder *recorder, unsigned stream, uint64_t address, uint64_t count, uint64_t size)
{
	struct iovec part;

	for (uint64_t k = 0; k < count && size > 0; k++) {
		if (!space_read(&recorder->process->space, address + k * sizeof(part), &part, sizeof(part)))
			return;
		if (part.iov_len > size)
			part.iov_len = size;
		emit_output(recorder, stream, (uint64_t)part.iov_base, part.iov_len);
		size -= part.iov_len;
	}
}

/* `size` bytes were written from where the call's arguments say. */
static void note_output(struct recorder *recorder, const struct write_call *call, const uint64_t arg[6], uint64_t size)
{
	unsigned stream = call->buffer < 0 ? 0 : output_stream(recorder, (int)arg[call->fd]);
	struct { uint64_t name, name_length, vector, count; } header;
	uint64_t buffer = call->buffer < 0 ? 0 : arg[call->buffer];

	if (!stream)
		return;
	if (call->header && space_read(&recorder->process->space, buffer, &header, sizeof(header)))
		emit_vector_output(recorder, stream, header.vector, header.count, size);
	else if (call->vector)
		emit_vector_output(recorder, stream, buffer, arg[call->buffer + 1], size);
	else
		emit_output(recorder, stream, buffer, size);
}

static bool cuts_file(uint64_t number)
{
	return number == __NR_ftruncate || number == __NR_fallocate;
}

/* The file that was written may be mapped somewhere. Where it is not clear what has changed, all of it counts. */
static void note_file(struct recorder *recorder, const struct write_call *call, const uint64_t arg[6], int64_t size)
{
	int fd = (int)arg[call->fd];
	uint64_t offset = 0, length = UINT64_MAX;

	if (recorder->recording->log.objects == 0)
		return;
	if (cuts_file(call->number))
		recorder_file_cut(recorder, fd);
	if (call->buffer >= 0 && !call->header) {
		off_t position = call->offset < 0 || (int64_t)arg[call->offset] < 0 ? lseek(fd, 0, SEEK_CUR) - size : (off_t)arg[call->offset];

		if (position < 0)
			return; /* a pipe, a socket */
		offset = (uint64_t)position;
		length = (uint64_t)size;
	}
	recorder_file_written(recorder, fd, offset, length);
}

/* A path's file may have become empty or shorter; of an open file `result` is the descriptor. */
static void note_path(struct recorder *recorder, uint64_t number, const uint64_t arg[6], int64_t result)
{
	char path[PATH_MAX];
	int fd = (int)result;

	if (recorder->recording->log.objects == 0 || result < 0)
		return;
	if (number == __NR_truncate) {
		if (space_read_string(&recorder->process->space, arg[0], path, sizeof(path)) < 0)
			return;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0)
			recorder_file_cut(recorder, fd);
		if (fd >= 0)
			close(fd);
	} else if (number == __NR_creat || (number == __NR_open && arg[1] & O_TRUNC) || (number == __NR_openat && arg[2] & O_TRUNC)) {
		recorder_file_cut(recorder, fd);
	}
}

/* --- reading calls ------------------------------------------------------------------------------------ */

/* Forgets what lies behind the first `size` bytes of the ranges that the call has noted. */
static void keep_ranges(struct recorder *recorder, uint64_t size)
{
	size_t kept = recorder->call_mark;

	for (size_t k = recorder->call_mark; k < recorder->ranges && size > 0; k++) {
		struct range *range = &recorder->range[k];

		if (range->length > size)
			range->length = size;
		size -= range->length;
		recorder->range[kept++] = *range;
	}
	recorder->ranges = kept;
}

static bool fills_vector(uint64_t number)
{
	return number == __NR_readv || number == __NR_preadv || number == __NR_preadv2;
}

/* Of a buffer like that of read(2) only as much as the result says has been written. */
static void trim_buffers(struct recorder *recorder, const struct syscall_row *row, const uint64_t arg[6], uint64_t size)
{
	for (unsigned i = 0; i < row->args; i++) {
		uint64_t extent = syscall_extent(row, i, arg);

		if (row->arg[i].extent != EXTENT_RESULT || row->arg[i].size != 1)
			continue;
		for (size_t k = recorder->call_mark; k < recorder->ranges; k++)
			if (recorder->range[k].start == arg[i] && recorder->range[k].length == extent && size < extent)
				recorder->range[k].length = size;
	}
}

void recorder_result(struct observer *self, struct task *task, uint64_t number, const uint64_t arg[6], int64_t result)
{
	struct recorder *recorder = recorder_of(self);
	const struct syscall_row *row = syscall_find(number);
	const struct write_call *write = find_write(number);

	if (result == SYSCALL_WAIT) {
		recorder->ranges = recorder->call_mark;
		recorded_of(recorder, task)->waits = true;
		return;
	}
	if (recorded_of(recorder, task)->waits)
		recorder_emit_time(recorder, task);
	if (row && fills_vector(number))
		keep_ranges(recorder, result > 0 ? (uint64_t)result : 0);
	else if (row)
		trim_buffers(recorder, row, arg, result > 0 ? (uint64_t)result : 0);
	if (write && result >= 0) {
		if (result > 0)
			note_output(recorder, write, arg, (uint64_t)result);
		note_file(recorder, write, arg, result);
	}
	note_path(recorder, number, arg, result);
	if (result != SYSCALL_NO_RESULT)
		recorder_emit_of(recorder, task, RECORD(RESULT, number, trace_zigzag(result)));
	recorder->call_mark = recorder->ranges;
	recorder_keep(recorder->recording);
}
