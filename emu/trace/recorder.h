/* The recorder's structures and the functions that its files share. */
#ifndef TICK86_EMU_TRACE_RECORDER_H
#define TICK86_EMU_TRACE_RECORDER_H

#include <stddef.h>
#include <sys/stat.h>

#include "emu/cpu/xsave.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/observer.h"
#include "emu/trace/registers.h"
#include "emu/trace/writer.h"

enum { CHUNK_SLOTS = 1 << 16, OBJECTS_MAX = 1024 };

/* A chunk of content that is already in the file, by its hash. */
struct chunk_slot {
	uint64_t hash[2];
	uint64_t number; /* the chunk's number plus 1; 0: free */
};

/* A file that is mapped shared. */
struct shared_object {
	dev_t dev;
	ino_t inode;
};

/* The state of the log after the records so far. It changes after the record that describes the change. */
struct log_state {
	pid_t pid;                 /* in the last PROCESS record */
	pid_t ended;               /* in the last EXIT record */
	pid_t forking;             /* a child that the process is starting, until its FORK record is written; otherwise 0 */
	int64_t guest_ns, host_ns; /* of the last STOP or TIME record */
	uint64_t insns;            /* of all processes */
	uint64_t chunks, anonymous_objects;
	unsigned objects;
	unsigned lost_turns; /* how many processes were killed in their turn */
};

/* The recording, in memory that all processes of the run share. The process that holds the turn writes it, and may be killed at any
 * instruction. So its changes count only when they are kept (recorder_keep), all at once. */
struct recording {
	struct log_state log;
	struct {
		struct log_state log;
		struct trace_position at;
	} kept[2];
	unsigned kept_last; /* index of the valid one */
	bool failed;        /* writing failed, and this was reported */
	struct shared_object object[OBJECTS_MAX];
	struct chunk_slot chunk[CHUNK_SLOTS];
	struct trace_writer writer;
};

/* x87, SSE and AVX as struct cpu holds them. */
struct vector_state {
	union vector v[16];
	struct x87 x87;
	uint32_t mxcsr;
};

/* The thread's state in the log, after the records so far. */
struct recorded_task {
	pid_t tid;
	struct trace_registers registers;
	struct vector_state vector;
	bool waits; /* it is waiting in a system call */
};

struct range {
	uint64_t start, length;
	bool sure; /* true: it was written; false: a system call may write there if it succeeds */
};

/* A stream whose bytes are recorded. It is known by its file, since its descriptor may change and its file may have no name. */
struct output {
	bool open;
	dev_t dev;
	ino_t inode;
};

struct recorder {
	struct observer observer; /* must be first */
	struct process *process;
	struct recording *recording;
	pid_t log_tid; /* in the process's last THREAD record */
	bool stopped;  /* a stop is waiting to be written: */
	struct {
		struct recorded_task *task;
		uint64_t exit; /* TRACE_EXIT_ */
		int64_t guest_ns, host_ns;
		struct trace_registers registers;
	} stop;
	uint64_t logged_insns;  /* the process's count at its last STOP or ADVANCE record */
	uint64_t checked_insns; /* ... at its last CHECK */
	uint64_t check_cursor;  /* the pages before this address have been checked */
	struct range *range;    /* the ranges written since the last stop */
	size_t ranges, capacity;
	size_t call_mark;        /* number of ranges before the current system call */
	bool behind_end;         /* a private mapping may reach beyond its file's end */
	unsigned lost_turns;     /* the value of log.lost_turns when this process last recorded its shared memory */
	struct output output[2]; /* the run's standard output and error */
};

static inline struct recorder *recorder_of(struct observer *self)
{
	_Static_assert(offsetof(struct recorder, observer) == 0, "a recorder begins with its observer");
	return (struct recorder *)self;
}

/* Returns the thread's state in the log, or NULL if it has none yet. */
static inline struct recorded_task *recorded_of(const struct recorder *recorder, const struct task *task)
{
	return task->observed[recorder->observer.slot];
}

/* Appends a record of the process with this id, before the pending stop. record.c. */
void recorder_append(struct recorder *recorder, pid_t pid, const struct trace_record *record);
/* Appends a record of this process, after the pending stop. record.c. */
void recorder_emit(struct recorder *recorder, const struct trace_record *record);
/* The same, of this thread. record.c. */
void recorder_emit_of(struct recorder *recorder, struct task *task, const struct trace_record *record);
/* Records the time when a wait of this thread ends. record.c. */
void recorder_emit_time(struct recorder *recorder, struct task *task);
/* Records the content of the ranges that were written, and empties the list. record_memory.c. */
void recorder_emit_writes(struct recorder *recorder);
/* Writes the records that are gathered to the file. record.c. */
void recorder_flush(const struct recorder *recorder);
/* Makes the records so far valid, together with the log's state. record_ends.c. */
void recorder_keep(struct recording *recording);
/* Records the content of all memory that the process shares with others. record_memory.c. */
void recorder_emit_shared(struct recorder *recorder);
/* The file of `fd` may have changed in [offset, offset + length), and with it the processes' mappings of it. record_memory.c. */
void recorder_file_written(struct recorder *recorder, int fd, uint64_t offset, uint64_t length);
/* The file of `fd` may have become shorter: its mappings read 0 beyond its end. record_memory.c. */
void recorder_file_cut(struct recorder *recorder, int fd);
/* The instruction of the pending stop accessed a shared page beyond its file's end. It must do so in a replay, too. record_memory.c. */
void recorder_stop_beyond_end(struct recorder *recorder, uint64_t address);
/* Records a check of the vector registers and of some memory. record_check.c. */
void recorder_emit_check(struct recorder *recorder, struct task *task);

/* The functions of the observer (emu/linux/kernel/observer.h) that are not in record.c: record_memory.c, record_call.c, record_ends.c. */
void recorder_memory(struct observer *self, struct process *process, const struct space_change *change);
void recorder_written(struct observer *self, struct process *process, pid_t pid, uint64_t address, const void *bytes, size_t size);
int64_t recorder_call(struct observer *self, struct task *task, uint64_t number, const uint64_t arg[6]);
void recorder_result(struct observer *self, struct task *task, uint64_t number, const uint64_t arg[6], int64_t result);
void recorder_fork(struct observer *self, struct process *process, pid_t child);
void recorder_forked(struct observer *self, struct process *process, bool done);
void recorder_child(struct observer *self, struct process *process);
void recorder_turn(struct observer *self, struct process *process);
void recorder_killed(struct observer *self, struct process *process, pid_t pid, bool in_turn);
void recorder_exit(struct observer *self, struct process *process, int status, bool last);
void recorder_pause(struct observer *self, struct process *process, int64_t wait_ns);

#define RECORD(KIND, ...) (&(const struct trace_record){ .kind = TRACE_##KIND, .field = { __VA_ARGS__ } })
#define RECORD_DATA(KIND, DATA, SIZE, ...) \
	(&(const struct trace_record){ .kind = TRACE_##KIND, .field = { __VA_ARGS__ }, .data = (DATA), .size = (SIZE) })

#endif
