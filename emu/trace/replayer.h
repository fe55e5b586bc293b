/* The replayer's structures and the functions that its files share. Each guest process is a host process, as in the recorded run. They
 * share the reader of the log, and the process that the log is about runs. The controller, parent of all, waits for their end. */
#ifndef TICK86_EMU_TRACE_REPLAYER_H
#define TICK86_EMU_TRACE_REPLAYER_H

#include <sys/types.h>

#include "emu/block/block.h"
#include "emu/cpu/model.h"
#include "emu/trace/reader.h"
#include "emu/trace/registers.h"

enum { REPLAY_PROCESSES_MAX = 4096, REPLAY_CHUNKS_MAX = 1 << 22, REPLAY_RECENT = 8, REPLAY_CHECKPOINTS_MAX = 16 };
#define REPLAY_CHUNK_MEMORY (1ULL << 34) /* address space for chunks: the maximum that a recording may hold of files, in bytes */
enum { EXIT_NOT_WRITTEN = 1, EXIT_USAGE = 2, EXIT_DIVERGED = 3, EXIT_INCOMPLETE = 4 };

enum replay_end { REPLAY_RUNS, REPLAY_COMPLETE, REPLAY_LOG_ENDS, REPLAY_DIVERGED, REPLAY_REACHED, REPLAY_CRASHED };

struct replay_chunk {
	uint64_t offset; /* offset in chunk_memory */
	uint64_t size;
};

/* A recent event, for a report. */
struct replay_event {
	struct trace_record record; /* the data are left out */
	pid_t pid, tid;
	uint64_t number, insns;
};

/* A point of the replay. */
struct replay_moment {
	uint64_t insns, events; /* instructions of all processes so far; number of STOP records */
	int64_t guest_ns;       /* virtual ns since the first stop */
};

/* A target is reached when one of its three numbers is. Numbers that do not matter are the largest possible. */
#define REPLAY_NEVER ((struct replay_moment){ UINT64_MAX, UINT64_MAX, INT64_MAX })

/* The progress of the replay: with the guest processes themselves, all that going back must restore. */
struct replay_state {
	struct replay_moment now;
	bool root_ended;
	int root_status;
	unsigned processes;
	pid_t process[REPLAY_PROCESSES_MAX];
	uint64_t chunks, chunk_bytes;
	bool writes_objects; /* the program may write shared memory itself, which copies of processes would not preserve */
	unsigned recents;
	struct replay_event recent[REPLAY_RECENT]; /* a ring */
	struct trace_reader reader;
};

/* A checkpoint: a copy of each process stands still at this point. */
struct replay_checkpoint {
	unsigned serial;  /* 0: none; tells checkpoints in the same slot apart */
	uint64_t objects; /* the checkpoint can be used only while shared memory still has this version */
	struct replay_moment at;
};

/* In memory that all processes of the replay share. */
struct replay_shared {
	int turn;   /* futex: guest pid of the process that reads the log */
	int news;   /* futex: counts events for the controller */
	int orders; /* futex: counts orders for the process that has reached its target */
	int over;
	int timeline;    /* counts how often the replay went back; processes of an earlier timeline end */
	uint64_t resume; /* the checkpoint that must go on and its timeline, in one word: REPLAY_RESUME */
	enum replay_end end;
	int output_error; /* errno of recorded output that could not be written; 0: none */
	pid_t root;       /* the first process */
	struct replay_moment target;
	uint64_t printed; /* output up to this event has been printed, and is not printed again */
	bool keeps_checkpoints;
	uint64_t objects;                              /* version of shared memory: counts its changes by records */
	unsigned checkpoints;                          /* number of checkpoints made so far */
	int64_t checkpoint_ns, checkpoint_interval_ns; /* host time of the last one; time between two */
	unsigned joining; /* serial of the checkpoint, in slot `joining_at`, for which waiting processes must leave a copy; 0: none */
	unsigned joining_at;
	int joined; /* futex: how many processes have left one */
	struct replay_checkpoint checkpoint[REPLAY_CHECKPOINTS_MAX];
	struct replay_state state;
	struct replay_chunk chunk[REPLAY_CHUNKS_MAX];
};

#define REPLAY_RESUME(timeline, checkpoint) ((uint64_t)(timeline) << 32 | (checkpoint))

struct replay_task {
	struct cpu cpu;
	pid_t tid;
	struct trace_registers logged; /* registers after the records so far */
	struct replay_task *next;
};

struct replay {
	struct replay_shared *shared;
	int timeline;
	bool quiet, trust;
	const struct cpu_model *model;
	uint8_t *chunk_memory; /* shared */
	int objects;           /* memfd that holds all shared objects, each at its own offset */
	pid_t pid;
	bool ended; /* its EXIT record was read */
	struct space space;
	struct blocks *blocks;
	struct replay_task *tasks, *current;
	uint64_t insns;  /* instructions of this process */
	unsigned joined; /* serial of the last checkpoint for which it has left a copy */
};

/* Replays from the reader's position on, as the process whose turn it is. Does not return. replay_process.c. */
_Noreturn void replay_process(struct replay *replay);
/* Waits until the log is about this process. */
void replay_await_turn(struct replay *replay);
/* Forks on the host; the parent of the new process is the controller. Returns its pid, 0 in the new process, or -1. */
pid_t replay_fork(void);
/* Ends the replay for all processes. */
_Noreturn void replay_finish(struct replay *replay, enum replay_end end);

/* Applies one record's effect to this process: any kind but STOP, PROCESS and FORK. Returns false if that is impossible, so the
 * recording is damaged. replay_apply.c. */
bool replay_apply(struct replay *replay, const struct trace_record *record);
/* Moves the guest's clock on by a field of a record. */
void replay_pass_time(struct replay *replay, uint64_t zigzag_ns);
/* Makes a thread, or resets the one with this id. Returns NULL if out of memory. */
struct replay_task *replay_new_task(struct replay *replay, pid_t tid);
void replay_drop_tasks(struct replay *replay, const struct replay_task *survivor);

/* Reports how the replay differs from the recording, and ends it. replay_report.c. */
_Noreturn void replay_diverged(struct replay *replay, const char *what, const struct trace_registers *expected);
/* The same for `size` bytes of memory that differ. */
_Noreturn void replay_diverged_bytes(struct replay *replay, const char *what, uint64_t address, const uint8_t *actual,
	const uint8_t *recorded, size_t size);
/* Prints the state of the current thread: counts, registers, the instruction. */
void replay_print_state(const struct replay *replay, const struct trace_registers *expected);

/* --- moments: replay_moment.c ------------------------------------------------------------------------- */

/* Called when the target is reached: reports it, prints the state, and waits. Returns when the next target lies further on. */
void replay_reached(struct replay *replay);
/* Makes a checkpoint, if it is time for one and there are not too many processes. */
void replay_keep_checkpoint(struct replay *replay);
/* Called by a process that waits: leaves its copy for a checkpoint if one is being made. */
void replay_join_checkpoint(struct replay *replay);
/* For the controller, while no process runs: makes the replay go to `target`, forwards or from a checkpoint. */
void replay_go_to(struct replay_shared *shared, int objects, const struct replay_moment *target);

/* ------------------------------------------------------------------------------------------------------ */

/* The targets, from the command line and from standard input. */
struct itinerary {
	const char *const *word; /* the values of --until; "-" is standard input */
	unsigned words, next;
};
/* Gets the next target. Returns false if there is none. replay.c. */
bool replay_next_target(struct itinerary *itinerary, struct replay_moment *target);

/* Replays a file from target to target, or to its end. Returns the exit status. replay_control.c. */
int replay_file(const char *path, bool quiet, bool trust, struct itinerary *itinerary);

/* Installs a seccomp filter that keeps this process and its children from doing anything to the outside. The controller, which reads
 * only the first bytes of the log, gets a wider filter than guest processes. Returns false if the host refuses. replay_guard.c. */
enum replay_role { GUARD_PROCESS, GUARD_CONTROLLER };
bool replay_guard(enum replay_role role, int objects);

#endif
