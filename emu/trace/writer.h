/* Writing a recording: records gather in a frame, which is compressed and appended when it is full or old. Lives in memory that
 * the processes of a run share; the one whose turn it is writes. */
#ifndef TICK86_EMU_TRACE_WRITER_H
#define TICK86_EMU_TRACE_WRITER_H

#include <stdbool.h>

#include "emu/trace/format.h"

/* How far it has come. A writer that is put back to where it was earlier, less than a flush ago, goes on from there. */
struct trace_position {
	uint64_t frames, raw_bytes, file_bytes;
	size_t used;        /* bytes of records that are in no frame of the file yet */
};

struct trace_writer {
	int fd;             /* the same number in all processes */
	int error;          /* errno of the write that failed; nothing is written after it */
	int64_t flushed_ns; /* host CLOCK_MONOTONIC of the last flush */
	struct trace_position at;
	uint8_t raw[TRACE_FRAME_RAW_MAX];
};

/* Begins a file on an empty, writable descriptor. 0 or -errno. */
int trace_writer_begin(struct trace_writer *writer, int fd);
/* Whether records with `size` bytes of data, `count` of them, can be appended without a flush. */
bool trace_has_room(const struct trace_writer *writer, unsigned count, size_t size);
/* Appends a record; flushes what is there before it if there is no room. */
void trace_append(struct trace_writer *writer, const struct trace_record *record);
/* Writes the frame under way, if there is anything in it. `now_ns`: host CLOCK_MONOTONIC. */
void trace_flush(struct trace_writer *writer, int64_t now_ns);

#endif
