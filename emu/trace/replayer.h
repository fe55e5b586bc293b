/* Inside the replayer. Each guest process is a host process, as when it was recorded; they share the reader of the log, and the one that
 * the log speaks of runs. A controller, the parent of all, waits for their end. */
#ifndef TICK86_EMU_TRACE_REPLAYER_H
#define TICK86_EMU_TRACE_REPLAYER_H

#include <sys/types.h>

#include "emu/block/block.h"
#include "emu/cpu/model.h"
#include "emu/trace/reader.h"
#include "emu/trace/registers.h"

enum { REPLAY_PROCESSES_MAX = 4096, REPLAY_CHUNKS_MAX = 1 << 22, REPLAY_RECENT = 8, REPLAY_CHECKPOINTS_MAX = 16 };
#define REPLAY_CHUNK_MEMORY (1ULL << 34) /* address space; at most so much of files a recording may hold */
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

/* A place in the log. */
struct replay_moment {
	uint64_t insns, events; /* of all processes so far; STOP records */
	int64_t guest_ns;       /* since the first stop */
};

/* Where to stop: whichever of the three comes first; those that are not wanted are the largest numbers there are. */
#define REPLAY_NEVER ((struct replay_moment){ UINT64_MAX, UINT64_MAX, INT64_MAX })

/* How far the replay has come: all that a way back must put back, apart from the guest processes themselves. */
struct replay_state {
	struct replay_moment now;
	bool root_ended;
	int root_status;
	unsigned processes;
	pid_t process[REPLAY_PROCESSES_MAX];
	uint64_t chunks, chunk_bytes;
	bool writes_objects;    /* shared memory may be written by the program itself, and a copy of a process would not keep it */
	unsigned recents;
	struct replay_event recent[REPLAY_RECENT]; /* a ring */
	struct trace_reader reader;
};

/* Processes that stand still where the replay came by: a copy of each that there was. */
struct replay_checkpoint {
	unsigned serial; /* 0: none; of those that have been in the same place */
	uint64_t objects; /* shared memory was as it is now if this is still its version */
	struct replay_moment at;
};

/* In memory that all processes share. */
struct replay_shared {
	int turn;               /* futex: guest pid of the process that reads the log */
	int news;               /* futex: counts what the controller is to look at */
	int orders;             /* futex: counts what the process that has reached its target is to look at */
	int over;
	int line;               /* processes of an earlier line end: the replay has gone back behind them */
	uint64_t resume;        /* which checkpoint is to go on, in which line: REPLAY_RESUME; told at once */
	enum replay_end end;
	pid_t root;             /* the first process */
	struct replay_moment target;
	uint64_t printed;       /* output is not repeated up to this event */
	bool keeps_checkpoints;
	uint64_t objects;       /* the version of shared memory: counts changes by records */
	unsigned checkpoints;   /* ever made */
	int64_t checkpoint_ns, checkpoint_interval_ns; /* host time of the last one */
	unsigned joining;       /* the serial of that which the processes that wait are to join, in `joining_at`; 0: none */
	unsigned joining_at;
	int joined;             /* futex: how many have */
	struct replay_checkpoint checkpoint[REPLAY_CHECKPOINTS_MAX];
	struct replay_state state;
	struct replay_chunk chunk[REPLAY_CHUNKS_MAX];
};

#define REPLAY_RESUME(line, checkpoint) ((uint64_t)(line) << 32 | (checkpoint))

struct replay_task {
	struct cpu cpu;
	pid_t tid;
	struct trace_registers logged; /* after the records so far */
	struct replay_task *next;
};

struct replay {
	struct replay_shared *shared;
	int line;
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
	unsigned joined;       /* the serial of the last checkpoint that it has joined */
};

/* Replays from the reader's place on, as the process whose turn it is; never returns. replay_process.c. */
_Noreturn void replay_process(struct replay *replay);
/* Waits until the log speaks of this process. */
void replay_await_turn(struct replay *replay);
/* The host's fork, as a child of the controller. Returns its pid, 0 in the child, or -1. */
pid_t replay_fork(void);
/* The replay is over for all processes. */
_Noreturn void replay_finish(struct replay *replay, enum replay_end end);

/* One record's effect on this process, all but STOP, PROCESS and FORK. False: it cannot be, the recording is damaged.
 * replay_apply.c. */
bool replay_apply(struct replay *replay, const struct trace_record *record);
/* The guest's clock has gone on, by a field of a record. */
void replay_pass_time(struct replay *replay, uint64_t zigzag_ns);
/* Another thread for this process, or one made anew. NULL without memory. */
struct replay_task *replay_new_task(struct replay *replay, pid_t tid);
void replay_drop_tasks(struct replay *replay, const struct replay_task *survivor);

/* Tells a person where the replay differs from the recording and how, and ends it. replay_report.c. */
_Noreturn void replay_diverged(struct replay *replay, const char *what, const struct trace_registers *expected);
/* The same for `size` bytes of memory, of which some are not as recorded. */
_Noreturn void replay_diverged_bytes(struct replay *replay, const char *what, uint64_t address, const uint8_t *actual,
                                     const uint8_t *recorded, size_t size);
/* Prints where the current thread stands: counts, registers, the instruction. */
void replay_print_state(const struct replay *replay, const struct trace_registers *expected);

/* --- moments: replay_moment.c ------------------------------------------------------------------------- */

/* The target is reached: says so, prints the state, and returns when there is another one ahead. */
void replay_reached(struct replay *replay);
/* Leaves copies of all processes behind as a checkpoint, when it is time for one and they are few. */
void replay_keep_checkpoint(struct replay *replay);
/* Of a process that waits: leaves its copy behind if that is asked for. */
void replay_join_checkpoint(struct replay *replay);
/* The controller's side, while nothing runs: the replay is to go to `target`, forwards or by way of a checkpoint. */
void replay_go_to(struct replay_shared *shared, int objects, const struct replay_moment *target);

/* ------------------------------------------------------------------------------------------------------ */

/* The moments to go to, from the command line and from standard input. */
struct itinerary {
	const char *const *word; /* --until's values; "-" is standard input */
	unsigned words, next;
};
/* False: there is none left. replay.c. */
bool replay_next_target(struct itinerary *itinerary, struct replay_moment *target);

/* Replays a file from moment to moment, or to its end. Returns the exit status. replay_control.c. */
int replay_file(const char *path, bool quiet, struct itinerary *itinerary);

/* From here on this process and its children can do nothing to the outside: a filter for the controller, which sees the first bytes of
 * the log, and a narrower one for the guest's processes. False: the host refuses it. replay_guard.c. */
enum replay_role { GUARD_PROCESS, GUARD_CONTROLLER };
bool replay_guard(enum replay_role role, int objects);

#endif
