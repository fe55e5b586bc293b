/* Reads a recording, record by record. The file may be cut off, damaged or hostile. The reader's only pointer is to the file's mapping,
 * so it can be in memory that forked processes share: one process continues where another stopped. */
#ifndef TICK86_EMU_TRACE_READER_H
#define TICK86_EMU_TRACE_READER_H

#include "emu/trace/format.h"

enum trace_status {
	TRACE_OK,
	TRACE_AT_END,  /* after the last whole frame nothing follows */
	TRACE_CUT,     /* the next frame is incomplete: the recording was interrupted, or the file is cut off */
	TRACE_DAMAGED, /* checksum, compression or structure are wrong */
};

struct trace_reader {
	const uint8_t *file; /* read-only mapping */
	size_t file_size;
	uint32_t version;
	size_t next_frame; /* offset in the file */
	uint64_t frames;   /* read so far */
	enum trace_status status;
	char error[128]; /* with TRACE_DAMAGED: what is wrong, and where */
	size_t raw_size, at;
	uint8_t raw[TRACE_FRAME_RAW_MAX];
};

/* Maps the file. The mapping is never removed. Returns false, with a reason in `error`, if the file is no readable recording. */
bool trace_reader_open(struct trace_reader *reader, const char *path, char *error, size_t error_size);
/* Reads the next record; its data are valid until the next call. Returns false if there is none; reader->status says why. */
bool trace_next(struct trace_reader *reader, struct trace_record *record);
/* The same, but the next call returns this record again. */
bool trace_peek(struct trace_reader *reader, struct trace_record *record);
/* Called for a record whose content is invalid: sets the status and the error. Returns false. */
bool trace_damaged(struct trace_reader *reader, const char *what);

#endif
