/* Going through a recording without running it: record by record, with running totals, and with the order that records must have. */
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
	struct look_call *call;           /* look.c's: its system call; freed with the thread */
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
	uint64_t records;          /* taken so far, CONFIG included */
	uint64_t events, insns;    /* STOP records; instructions of all processes */
	int64_t guest_ns, host_ns; /* of the last record that tells, since the first stop; since the recording's beginning */
	bool complete;             /* the END record has come */
	bool saved;                /* no recording, but a saved program: its records are about nothing that runs */
	unsigned process_count;
	struct walk_process *processes;  /* that run */
	struct walk_process *process;    /* the one that records are about; NULL ahead of the first and behind its end */
	pid_t pid;                       /* its id, which stays known behind its end */
	uint64_t ended_insns;            /* of the last process that ended */
	struct trace_reader reader;
};

/* A walk from the file's beginning on. NULL: `error` says why there is none. */
struct walk *walk_open(const char *path, char *error, size_t error_size);
/* The next record, whose data live until the next call, but not yet its effect on the totals. False: there is none. */
bool walk_read(struct walk *walk, struct trace_record *record);
/* That effect. False: it cannot be, and the recording is damaged. */
bool walk_take(struct walk *walk, const struct trace_record *record);
/* Both. */
bool walk_next(struct walk *walk, struct trace_record *record);
/* How it ended, for a person: NULL if the recording is whole, or was not read to where it ends. */
const char *walk_trouble(const struct walk *walk);
void walk_close(struct walk *walk);

#endif
