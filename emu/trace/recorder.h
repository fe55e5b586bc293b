/* Inside the recorder. */
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

/* Content that is in the file already, by its hash. */
struct chunk_slot {
	uint64_t hash[2];
	uint64_t number; /* of the chunk, plus 1; 0: free */
};

/* A file that is mapped shared. */
struct shared_object {
	dev_t dev;
	ino_t inode;
};

/* What the log has come to: changes behind the record that says so. */
struct log_state {
	pid_t pid;              /* of the last PROCESS record */
	pid_t ended;            /* of the last EXIT record */
	pid_t forking;          /* the child that process is starting, until its FORK record is there; or 0 */
	int64_t guest_ns, host_ns; /* of the last STOP or TIME record */
	uint64_t insns;         /* of all processes */
	uint64_t chunks, anonymous_objects;
	unsigned objects;
	unsigned lost_turns;    /* processes that were killed in their turn */
};

/* In memory that all processes of the run share. The one that holds the turn writes, and may be killed at any instruction: what it has
 * written counts when it is kept, all at once. */
struct recording {
	struct log_state log;
	struct { struct log_state log; struct trace_position at; } kept[2];
	unsigned kept_last;     /* which of them counts */
	bool failed;            /* it could not be written any further, and somebody has said so */
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

/* What the log says of a thread: where it is after the records so far. */
struct recorded_task {
	pid_t tid;
	struct trace_registers registers;
	struct vector_state vector;
	bool waits;             /* in a system call */
};

struct range {
	uint64_t start, length;
	bool sure; /* it was written; else a system call may write there if it succeeds */
};

/* A stream whose bytes are recorded, by the file that it is: its number may change, and it may have no name. */
struct output {
	bool open;
	dev_t dev;
	ino_t inode;
};

struct recorder {
	struct observer observer; /* first */
	struct process *process;
	struct recording *recording;
	pid_t log_tid;          /* of the process's last THREAD record */
	bool stopped;           /* a stop is not written yet: */
	struct {
		struct recorded_task *task;
		uint64_t exit; /* TRACE_EXIT_ */
		int64_t guest_ns, host_ns;
		struct trace_registers registers;
	} stop;
	uint64_t logged_insns;  /* the process's count at its last STOP or ADVANCE record */
	uint64_t checked_insns; /* ... at its last CHECK */
	uint64_t check_cursor;  /* memory up to here has been checked */
	struct range *range;    /* memory that was written since the last stop */
	size_t ranges, capacity;
	size_t call_mark;       /* ranges ahead of the system call under way */
	bool behind_end;        /* a private mapping may reach behind its file's end */
	unsigned lost_turns;    /* those after which the process has written down what shared memory holds */
	struct output output[2]; /* the run's standard output and error */
};

static inline struct recorder *recorder_of(struct observer *self)
{
	_Static_assert(offsetof(struct recorder, observer) == 0, "a recorder begins with its observer");
	return (struct recorder *)self;
}

/* What the log says of the thread; NULL: nothing yet. */
static inline struct recorded_task *recorded_of(const struct recorder *recorder, const struct task *task)
{
	return task->observed[recorder->observer.slot];
}

/* Appends a record of the process with this id, ahead of a pending stop. record.c. */
void recorder_append(struct recorder *recorder, pid_t pid, const struct trace_record *record);
/* Appends a record of this process, behind the pending stop. record.c. */
void recorder_emit(struct recorder *recorder, const struct trace_record *record);
/* The same, of this thread. record.c. */
void recorder_emit_of(struct recorder *recorder, struct task *task, const struct trace_record *record);
/* The time: a wait of this thread is over. record.c. */
void recorder_emit_time(struct recorder *recorder, struct task *task);
/* Writes down what memory holds in the ranges that were written, and forgets them. record_memory.c. */
void recorder_emit_writes(struct recorder *recorder);
/* What is there goes into the file. record.c. */
void recorder_flush(const struct recorder *recorder);
/* The records so far count, and the state that belongs to them. record_ends.c. */
void recorder_keep(struct recording *recording);
/* Writes down what all memory holds that the process shares with others. record_memory.c. */
void recorder_emit_shared(struct recorder *recorder);
/* The file behind `fd` may have changed in [offset, offset + length): processes that have it mapped see that. record_memory.c. */
void recorder_file_written(struct recorder *recorder, int fd, uint64_t offset, uint64_t length);
/* The file behind `fd` may have become shorter: what processes have mapped of it is 0 from its end on. record_memory.c. */
void recorder_file_cut(struct recorder *recorder, int fd);
/* The instruction that the pending stop stands at has touched a shared page beyond its file's end: it must in a replay too.
 * record_memory.c. */
void recorder_stop_beyond_end(struct recorder *recorder, uint64_t address);
/* A check of the vector registers and of some memory. record_check.c. */
void recorder_emit_check(struct recorder *recorder, struct task *task);

/* The observer's functions (emu/linux/observer.h) that are not record.c's own: record_memory.c, record_call.c, record_ends.c, record.c. */
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
