/* Reads a recording: header, frames, records. Stops at the first damaged one. */
#include "emu/trace/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

static bool check_header(struct trace_reader *reader, char *error, size_t error_size)
{
	struct trace_header header;

	if (reader->file_size >= sizeof(header))
		memcpy(&header, reader->file, sizeof(header));
	if (reader->file_size < sizeof(header) || memcmp(header.magic, TRACE_MAGIC, sizeof(header.magic)) != 0) {
		snprintf(error, error_size, "not a tick86 recording");
		return false;
	}
	if (header.version == 0 || header.version > TRACE_VERSION) {
		snprintf(error, error_size, "format version %u; this tick86 reads versions 1 to %d", header.version, TRACE_VERSION);
		return false;
	}
	reader->version = header.version;
	reader->next_frame = sizeof(header);
	return true;
}

bool trace_reader_open(struct trace_reader *reader, const char *path, char *error, size_t error_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *file;

	if (fd < 0 || fstat(fd, &status) < 0) {
		snprintf(error, error_size, "%s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	file = S_ISREG(status.st_mode) && status.st_size > 0 ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
							     : MAP_FAILED;
	close(fd);
	if (file == MAP_FAILED) {
		snprintf(error, error_size, S_ISREG(status.st_mode) ? "not a tick86 recording" : "not a regular file");
		return false;
	}
	reader->file = file;
	reader->file_size = (size_t)status.st_size;
	reader->status = TRACE_OK;
	reader->frames = 0;
	reader->raw_size = reader->at = 0;
	return check_header(reader, error, error_size);
}

bool trace_damaged(struct trace_reader *reader, const char *what)
{
	reader->status = TRACE_DAMAGED;
	snprintf(reader->error, sizeof(reader->error), "%s in frame %llu, which ends at byte %zu of the file", what,
		(unsigned long long)reader->frames, reader->next_frame);
	return false;
}

static bool stop(struct trace_reader *reader, enum trace_status status)
{
	reader->status = status;
	return false;
}

static bool next_frame(struct trace_reader *reader)
{
	size_t left = reader->file_size - reader->next_frame;
	const uint8_t *packed = reader->file + reader->next_frame + sizeof(struct trace_frame);
	struct trace_frame frame;

	if (left == 0)
		return stop(reader, TRACE_AT_END);
	if (left < sizeof(frame))
		return stop(reader, TRACE_CUT);
	memcpy(&frame, reader->file + reader->next_frame, sizeof(frame));
	if (frame.magic != TRACE_FRAME_MAGIC || frame.sequence != reader->frames || frame.raw_size == 0
		|| frame.raw_size > sizeof(reader->raw) || frame.packed_size > ZSTD_compressBound(sizeof(reader->raw)))
		return trace_damaged(reader, "wrong header behind the data");
	if (frame.packed_size > left - sizeof(frame))
		return stop(reader, TRACE_CUT);
	reader->next_frame += sizeof(frame) + frame.packed_size;
	if (trace_checksum(&frame, packed) != frame.checksum)
		return trace_damaged(reader, "wrong checksum");
	if (ZSTD_decompress(reader->raw, sizeof(reader->raw), packed, frame.packed_size) != frame.raw_size)
		return trace_damaged(reader, "wrong compressed data");
	reader->raw_size = frame.raw_size;
	reader->at = 0;
	reader->frames++;
	return true;
}

static size_t decode(struct trace_reader *reader, struct trace_record *record)
{
	size_t taken;

	if (reader->status != TRACE_OK || (reader->at == reader->raw_size && !next_frame(reader)))
		return 0;
	taken = trace_decode(reader->raw + reader->at, reader->raw_size - reader->at, record);
	if (!taken)
		trace_damaged(reader, "malformed record");
	return taken;
}

bool trace_next(struct trace_reader *reader, struct trace_record *record)
{
	size_t taken = decode(reader, record);

	reader->at += taken;
	return taken;
}

bool trace_peek(struct trace_reader *reader, struct trace_record *record)
{
	return decode(reader, record);
}
