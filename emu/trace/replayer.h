/* Inside the replayer. Each guest process is a host process, as when it was recorded; they share the reader of the log, and the one that
 * the log speaks of runs. A controller, the parent of all, waits for their end. */
#ifndef TICK86_EMU_TRACE_REPLAYER_H
#define TICK86_EMU_TRACE_REPLAYER_H

#include <sys/types.h>

#include "emu/block/block.h"
#include "emu/cpu/model.h"
#include "emu/trace/reader.h"
#include "emu/trace/registers.h"

enum { REPLAY_PROCESSES_MAX = 4096, REPLAY_CHUNKS_MAX = 1 << 22, REPLAY_RECENT = 8 };
enum { EXIT_USAGE = 2, EXIT_DIVERGED = 3, EXIT_INCOMPLETE = 4 };

enum replay_end { REPLAY_RUNS, REPLAY_COMPLETE, REPLAY_LOG_ENDS, REPLAY_DIVERGED, REPLAY_REACHED, REPLAY_CRASHED };

struct replay_chunk {
	uint64_t offset; /* in the chunks' memory */
	uint64_t size;
};

/* What was done last, for a report. */
struct replay_event {
	struct trace_record record; /* without its data */
	pid_t pid, tid;
	uint64_t number, insns;
};

/* Where to stop: whichever comes first. */
struct replay_target {
	uint64_t insns, event; /* UINT64_MAX: not wanted */
	int64_t guest_ns;      /* INT64_MAX */
};

/* In memory that all processes share. */
struct replay_shared {
	int turn;              /* futex: guest pid of the process that reads the log */
	int over;
	enum replay_end end;
	pid_t root;            /* the first process, and how it ended */
	bool root_ended;
	int root_status;
	uint64_t insns, events; /* of all processes so far; STOP records */
	int64_t guest_ns;
	unsigned processes;
	pid_t process[REPLAY_PROCESSES_MAX];
	uint64_t chunks, chunk_bytes;
	unsigned recents;
	struct replay_event recent[REPLAY_RECENT]; /* a ring */
	struct trace_reader reader;
	struct replay_chunk chunk[REPLAY_CHUNKS_MAX];
};

struct replay_task {
	struct cpu cpu;
	pid_t tid;
	struct trace_registers logged; /* after the records so far */
	struct replay_task *next;
};

struct replay {
	struct replay_shared *shared;
	struct replay_target target;
	bool quiet;
	const struct cpu_model *model;
	uint8_t *chunk_memory; /* shared */
	int objects;           /* memfd that holds all shared objects, each at its own offset */
	pid_t pid;
	bool ended;            /* its EXIT record was read */
	struct space space;
	struct blocks *blocks;
	struct replay_task *tasks, *current;
	uint64_t insns;        /* of this process */
};

/* Replays from the reader's place on, as the process whose turn it is; never returns. replay_process.c. */
_Noreturn void replay_process(struct replay *replay);
/* The replay is over for all processes. */
_Noreturn void replay_finish(struct replay *replay, enum replay_end end);

/* One record's effect on this process, all but STOP, PROCESS and FORK. False: it cannot be, the recording is damaged.
 * replay_apply.c. */
bool replay_apply(struct replay *replay, const struct trace_record *record);
/* Another thread for this process, or one made anew. NULL without memory. */
struct replay_task *replay_new_task(struct replay *replay, pid_t tid);
void replay_drop_tasks(struct replay *replay, const struct replay_task *survivor);

/* Tells a person where the replay differs from the recording and how, and ends it. replay_report.c. */
_Noreturn void replay_diverged(struct replay *replay, const char *what, const struct trace_registers *expected);
/* Prints where the current thread stands: counts, registers, the instruction. */
void replay_print_state(const struct replay *replay, const struct trace_registers *expected);

/* From here on this process and its children can do nothing to the outside. False: the host refuses the filter. replay_guard.c. */
bool replay_guard(int objects);

#endif
