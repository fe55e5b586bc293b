/* Reading a recording, record by record. The file may be cut off, damaged or hostile. The reader holds no pointer but to the file's
 * mapping, so that it can live in shared memory: processes that were forked with the mapping go on where another one stopped. */
#ifndef TICK86_EMU_TRACE_READER_H
#define TICK86_EMU_TRACE_READER_H

#include "emu/trace/format.h"

enum trace_status {
	TRACE_OK,
	TRACE_AT_END,     /* after the last whole frame, and nothing follows */
	TRACE_CUT,        /* what follows is the beginning of a frame: the recording was interrupted, or the file is cut off */
	TRACE_DAMAGED,    /* checksum, compression or structure are wrong */
};

struct trace_reader {
	const uint8_t *file; /* read-only mapping */
	size_t file_size;
	uint32_t version;
	size_t next_frame;   /* offset in the file */
	uint64_t frames;     /* read so far */
	enum trace_status status;
	char error[128];     /* with TRACE_DAMAGED: what, and where */
	size_t raw_size, at;
	uint8_t raw[TRACE_FRAME_RAW_MAX];
};

/* Maps the file. False: `error` says why it is no recording that can be read. The mapping stays for the process's life. */
bool trace_reader_open(struct trace_reader *reader, const char *path, char *error, size_t error_size);
/* The next record; its data lives until the next call. False: reader->status tells why there is none. */
bool trace_next(struct trace_reader *reader, struct trace_record *record);
/* The same, but it is read again by the next call. */
bool trace_peek(struct trace_reader *reader, struct trace_record *record);
/* For a damaged record's user: sets the status and the error. Returns false. */
bool trace_damaged(struct trace_reader *reader, const char *what);

#endif
