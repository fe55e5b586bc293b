/* Writes a recording. Records gather in a frame, which is compressed and appended to the file when it is full or old. The writer is in
 * memory that the processes of a run share; the process whose turn it is uses it. */
#ifndef TICK86_EMU_TRACE_WRITER_H
#define TICK86_EMU_TRACE_WRITER_H

#include <stdbool.h>

#include "emu/trace/format.h"

/* A position of the writer. If it is set back to an earlier position, less than one flush ago, writing goes on from there. */
struct trace_position {
	uint64_t frames, raw_bytes, file_bytes;
	size_t used; /* bytes of records that are not yet in a frame of the file */
};

struct trace_writer {
	int fd;             /* the same number in all processes */
	int error;          /* errno of the write that failed; nothing is written after that */
	int64_t flushed_ns; /* host CLOCK_MONOTONIC of the last flush */
	struct trace_position at;
	uint8_t raw[TRACE_FRAME_RAW_MAX];
};

/* Begins a file on an empty, writable descriptor. Returns 0 or -errno. */
int trace_writer_begin(struct trace_writer *writer, int fd);
/* Returns true if `count` records with `size` bytes of data in all can be appended without a flush. */
bool trace_has_room(const struct trace_writer *writer, unsigned count, size_t size);
/* Appends a record. Flushes first if there is no room. */
void trace_append(struct trace_writer *writer, const struct trace_record *record);
/* Writes the current frame to the file if it is not empty. `now_ns`: host CLOCK_MONOTONIC. */
void trace_flush(struct trace_writer *writer, int64_t now_ns);

#endif
