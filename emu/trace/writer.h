/* Writing a recording: records gather in a frame, which is compressed and appended when it is full or old. Lives in memory that
 * the processes of a run share; the one whose turn it is writes. */
#ifndef TICK86_EMU_TRACE_WRITER_H
#define TICK86_EMU_TRACE_WRITER_H

#include "emu/trace/format.h"

struct trace_writer {
	int fd;             /* the same number in all processes */
	int error;          /* errno of the write that failed; nothing is written after it */
	uint64_t frames;
	uint64_t raw_bytes, file_bytes;
	int64_t flushed_ns; /* host CLOCK_MONOTONIC of the last flush */
	size_t used;
	uint8_t raw[TRACE_FRAME_RAW_MAX];
};

/* Begins a file on an empty, writable descriptor. 0 or -errno. */
int trace_writer_begin(struct trace_writer *writer, int fd);
/* Appends a record; may flush what is there before it. */
void trace_append(struct trace_writer *writer, const struct trace_record *record);
/* Writes the frame under way, if there is anything in it. `now_ns`: host CLOCK_MONOTONIC. */
void trace_flush(struct trace_writer *writer, int64_t now_ns);

#endif
