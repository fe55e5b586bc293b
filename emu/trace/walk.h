/* Walks through a recording without running it: record by record, with running totals. Checks the order of records. */
#ifndef TICK86_EMU_TRACE_WALK_H
#define TICK86_EMU_TRACE_WALK_H

#include <sys/types.h>

#include "emu/trace/reader.h"
#include "emu/trace/registers.h"

enum { WALK_PROCESSES_MAX = 4096, WALK_THREADS_MAX = 1 << 14 };

struct look_call;

struct walk_thread {
	pid_t tid;
	struct trace_registers registers; /* after the records so far */
	struct look_call *call;           /* for look.c: its current system call; freed with the thread */
	struct walk_thread *next;
};

struct walk_process {
	pid_t pid;
	uint64_t insns;
	unsigned thread_count;
	struct walk_thread *threads, *current;
	struct walk_process *next;
};

struct walk {
	uint64_t records;          /* records taken so far, CONFIG included */
	uint64_t events, insns;    /* number of STOP records; instructions of all processes */
	int64_t guest_ns, host_ns; /* of the last record with times: since the first stop; since the beginning of the recording */
	bool complete;             /* the END record was taken */
	bool saved;                /* this is no recording but a saved program, whose records are about nothing that runs */
	unsigned process_count;
	struct walk_process *processes; /* the running ones */
	struct walk_process *process;   /* the process that records are about; NULL before the first one and after its end */
	pid_t pid;                      /* its id, which stays known after its end */
	uint64_t ended_insns;           /* of the last process that ended */
	struct trace_reader reader;
};

/* Begins a walk at the file's beginning. Returns NULL with a reason in `error`. */
struct walk *walk_open(const char *path, char *error, size_t error_size);
/* Reads the next record without taking its effect on the totals. Its data are valid until the next call. Returns false if there is none. */
bool walk_read(struct walk *walk, struct trace_record *record);
/* Takes the record's effect. Returns false if that is impossible: the recording is damaged. */
bool walk_take(struct walk *walk, const struct trace_record *record);
/* Reads and takes a record. */
bool walk_next(struct walk *walk, struct trace_record *record);
/* Returns one sentence about how the recording ends, or NULL if it is whole or was not read to its end. */
const char *walk_trouble(const struct walk *walk);
void walk_close(struct walk *walk);

#endif
