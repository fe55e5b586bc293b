/* Writes a recording: gathers records in frames, compresses them, and appends them to the file. */
#include "emu/trace/writer.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "emu/linux/kernel/hidden.h"

/* The fastest of the ordinary levels: recording is to cost little, and most of a trace is addresses that repeat. */
enum { COMPRESSION_LEVEL = 1 };

/* Our own write raised the signal, not the guest's: removes it. Writes of the guest raise their own. */
static void forget_signal(int number)
{
	const struct timespec none = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigtimedwait(&set, NULL, &none);
}

/* Writes at the current position, over bytes that a process that was killed may have left there. Outputs without positions (pipes) are
 * written in order. */
static ssize_t write_some(const struct trace_writer *writer, const void *bytes, size_t size)
{
	ssize_t written = hidden_write(writer->fd, bytes, size, (off_t)writer->at.file_bytes);

	return written < 0 && errno == ESPIPE ? hidden_write(writer->fd, bytes, size, -1) : written;
}

static bool write_all(struct trace_writer *writer, const void *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write_some(writer, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			writer->error = errno;
			if (errno == EFBIG)
				forget_signal(SIGXFSZ);
			return false;
		}
		bytes = (const uint8_t *)bytes + written;
		size -= (size_t)written;
		writer->at.file_bytes += (uint64_t)written;
	}
	return true;
}

int trace_writer_begin(struct trace_writer *writer, int fd)
{
	struct trace_header header = { .version = TRACE_VERSION };

	memcpy(header.magic, TRACE_MAGIC, sizeof(header.magic));
	writer->fd = fd;
	writer->at = (struct trace_position){ 0 };
	return write_all(writer, &header, sizeof(header)) ? 0 : -writer->error;
}

void trace_flush(struct trace_writer *writer, int64_t now_ns)
{
	size_t room = ZSTD_compressBound(sizeof(writer->raw)), packed;
	struct {
		struct trace_frame frame;
		uint8_t bytes[];
	} * out;

	writer->flushed_ns = now_ns;
	if (writer->at.used == 0 || writer->error)
		return;
	out = malloc(sizeof(*out) + room);
	packed = out ? ZSTD_compress(out->bytes, room, writer->raw, writer->at.used, COMPRESSION_LEVEL) : 0;
	if (!out || ZSTD_isError(packed)) {
		writer->error = ENOMEM;
		free(out);
		return;
	}
	out->frame = (struct trace_frame){
		.magic = TRACE_FRAME_MAGIC,
		.raw_size = (uint32_t)writer->at.used,
		.packed_size = (uint32_t)packed,
		.sequence = writer->at.frames++,
	};
	out->frame.checksum = trace_checksum(&out->frame, out->bytes);
	write_all(writer, out, sizeof(out->frame) + packed);
	writer->at.raw_bytes += writer->at.used;
	writer->at.used = 0;
	free(out);
}

bool trace_has_room(const struct trace_writer *writer, unsigned count, size_t size)
{
	return writer->at.used + (count - 1) * trace_encoded_max(0) + trace_encoded_max(size) <= sizeof(writer->raw);
}

void trace_append(struct trace_writer *writer, const struct trace_record *record)
{
	if (!trace_has_room(writer, 1, record->size))
		trace_flush(writer, writer->flushed_ns);
	if (!writer->error)
		writer->at.used += trace_encode(record, writer->raw + writer->at.used);
}
