/* Records the effects of a system call by its row: which memory it has written of what it may have written, what it has sent to the
 * run's standard output and error, and which files it has changed that a process may have mapped. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emu/linux/rows/syscall.h"
#include "emu/trace/recorder.h"

/* A call that has ended. */
struct call {
	struct recorder *recorder;
	const struct syscall_row *row;
	const uint64_t *arg;
	uint64_t result; /* 0 if it failed */
};

/* --- output ------------------------------------------------------------------------------------------- */

/* Returns 1 or 2 if a descriptor is the run's standard output or error, whatever its number; otherwise 0. */
static unsigned output_stream(const struct recorder *recorder, int fd)
{
	struct stat status;
	bool is[2];

	if (fstat(fd, &status) < 0)
		return 0;
	for (int k = 0; k < 2; k++) {
		const struct output *output = &recorder->output[k];

		is[k] = output->open && status.st_dev == output->dev && status.st_ino == output->inode;
	}
	if (is[0] && is[1])
		return fd == STDERR_FILENO ? 2 : 1;
	return is[0] ? 1 : is[1] ? 2 : 0;
}

int64_t recorder_call(struct observer *self, struct task *task, uint64_t number, const uint64_t arg[6])
{
	const struct syscall_row *row = syscall_find(number);
	unsigned fd = row ? syscall_arg_with_role(row, ROLE_FILLED) : 0;

	(void)task;
	return row && fd < row->args && output_stream(recorder_of(self), (int)arg[fd]) ? -EINVAL : 0;
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

static void emit_message_output(struct recorder *recorder, unsigned stream, uint64_t address, uint64_t size)
{
	struct msghdr header;

	if (space_read(&recorder->process->space, address, &header, sizeof(header)))
		emit_vector_output(recorder, stream, (uint64_t)header.msg_iov, header.msg_iovlen, size);
}

/* Each message tells how many of its bytes were sent. */
static void emit_messages_output(struct recorder *recorder, unsigned stream, uint64_t address, uint64_t sent)
{
	struct mmsghdr message;

	for (; sent > 0; sent--, address += sizeof(message))
		if (space_read(&recorder->process->space, address, &message, sizeof(message)))
			emit_message_output(recorder, stream, address, message.msg_len);
}

/* The call has written the content of its IN arguments to its ROLE_TO descriptor. */
static void note_output(const struct call *call, int fd)
{
	unsigned stream = output_stream(call->recorder, fd);

	for (unsigned i = 0; stream && i < call->row->args; i++) {
		const struct syscall_arg *a = &call->row->arg[i];

		if (a->direction != DIR_IN)
			continue;
		if (a->type == ARG_BUFFER)
			emit_output(call->recorder, stream, call->arg[i], call->result);
		else if (a->extent == EXTENT_VECTOR)
			emit_vector_output(call->recorder, stream, call->arg[i], call->arg[a->by], call->result);
		else if (a->extent == EXTENT_MESSAGE)
			emit_message_output(call->recorder, stream, call->arg[i], call->result);
		else if (a->extent == EXTENT_MESSAGES)
			emit_messages_output(call->recorder, stream, call->arg[i], call->result);
	}
}

/* --- files that may be mapped ------------------------------------------------------------------------- */

/* A file that is opened to append is written at its end, even if the call has an offset (pwrite(2), BUGS). */
static bool appends(const struct call *call, int fd)
{
	unsigned flags = syscall_arg_with_role(call->row, ROLE_RWF);

	return fcntl(fd, F_GETFL) & O_APPEND || (flags < call->row->args && call->arg[flags] & RWF_APPEND);
}

/* The call has written `result` bytes to the file: at its offset, or up to the file's position. */
static void note_written(const struct call *call, int fd)
{
	unsigned offset = syscall_arg_with_role(call->row, ROLE_OFFSET);
	bool given = offset < call->row->args && (int64_t)call->arg[offset] >= 0;
	off_t position = given ? (off_t)call->arg[offset] : lseek(fd, 0, SEEK_CUR) - (off_t)call->result;

	if (given && appends(call, fd))
		recorder_file_written(call->recorder, fd, 0, UINT64_MAX);
	else if (position >= 0) /* otherwise it is a pipe or a socket */
		recorder_file_written(call->recorder, fd, (uint64_t)position, call->result);
}

/* If it is unclear what has changed, the whole file counts. */
static void note_cut(const struct call *call, int fd)
{
	recorder_file_cut(call->recorder, fd);
	recorder_file_written(call->recorder, fd, 0, UINT64_MAX);
}

static void note_cut_path(const struct call *call, uint64_t address)
{
	char path[PATH_MAX];
	int fd;

	if (space_read_string(&call->recorder->process->space, address, path, sizeof(path)) < 0)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	note_cut(call, fd);
	close(fd);
}

static void note_files(const struct call *call)
{
	if (call->row->opens)
		recorder_file_cut(call->recorder, (int)call->result);
	for (unsigned i = 0; i < call->row->args; i++) {
		switch (call->row->arg[i].role) {
		case ROLE_TO: note_written(call, (int)call->arg[i]); break;
		case ROLE_FILLED: recorder_file_written(call->recorder, (int)call->arg[i], 0, UINT64_MAX); break;
		case ROLE_CUT:
			if (call->row->arg[i].type == ARG_PATH)
				note_cut_path(call, call->arg[i]);
			else
				note_cut(call, (int)call->arg[i]);
			break;
		}
	}
}

/* --- memory ------------------------------------------------------------------------------------------- */

/* Forgets the memory that the call may have written, except the first `size` bytes. */
static void keep_ranges(struct recorder *recorder, uint64_t size)
{
	size_t kept = recorder->call_mark;

	for (size_t k = recorder->call_mark; k < recorder->ranges; k++) {
		struct range range = recorder->range[k];

		if (!range.sure && range.length > size)
			range.length = size;
		size -= range.sure ? 0 : range.length;
		if (range.length)
			recorder->range[kept++] = range;
	}
	recorder->ranges = kept;
}

/* Of a buffer such as read(2)'s, only as many bytes were written as the result says. */
static void trim_buffer(struct recorder *recorder, uint64_t start, uint64_t extent, uint64_t size)
{
	for (size_t k = recorder->call_mark; k < recorder->ranges; k++)
		if (!recorder->range[k].sure && recorder->range[k].start == start && recorder->range[k].length == extent && size < extent)
			recorder->range[k].length = size;
}

/* The call waits, and may have part of its data already: a receive with MSG_WAITALL. What it writes later is noted when it continues. */
static void note_wait(struct recorder *recorder, const struct task *task, uint64_t number)
{
	const struct syscall_row *row = syscall_find(number);
	bool all = false;

	for (unsigned i = 0; row && i < row->args; i++)
		all |= row->arg[i].direction == DIR_OUT && (row->arg[i].extent == EXTENT_MESSAGE || row->arg[i].extent == EXTENT_MESSAGES);
	if (!all || !task->wait.progress)
		keep_ranges(recorder, task->wait.progress);
}

static void trim_ranges(const struct call *call)
{
	for (unsigned i = 0; i < call->row->args; i++) {
		const struct syscall_arg *a = &call->row->arg[i];

		if (a->extent == EXTENT_VECTOR && a->direction == DIR_OUT)
			keep_ranges(call->recorder, call->result);
		else if (a->extent == EXTENT_RESULT && a->size == 1)
			trim_buffer(call->recorder, call->arg[i], syscall_extent(call->row, i, call->arg), call->result);
	}
}

/* ------------------------------------------------------------------------------------------------------ */

static void note_effects(struct recorder *recorder, uint64_t number, const uint64_t arg[6], int64_t result)
{
	const struct call call = { recorder, syscall_find(number), arg, result > 0 ? (uint64_t)result : 0 };
	unsigned to;

	if (!call.row)
		return;
	trim_ranges(&call);
	to = syscall_arg_with_role(call.row, ROLE_TO);
	if (result > 0 && to < call.row->args)
		note_output(&call, (int)arg[to]);
	if (result >= 0 && recorder->recording->log.objects > 0)
		note_files(&call);
}

void recorder_result(struct observer *self, struct task *task, uint64_t number, const uint64_t arg[6], int64_t result)
{
	struct recorder *recorder = recorder_of(self);

	if (result == SYSCALL_WAIT) {
		note_wait(recorder, task, number);
		recorded_of(recorder, task)->waits = true;
		return;
	}
	if (recorded_of(recorder, task)->waits)
		recorder_emit_time(recorder, task);
	note_effects(recorder, number, arg, result);
	if (result != SYSCALL_NO_RESULT)
		recorder_emit_of(recorder, task, RECORD(RESULT, number, trace_zigzag(result)));
	recorder->call_mark = recorder->ranges;
	recorder_keep(recorder->recording);
}
