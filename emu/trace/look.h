/* A recording as events that people know: system calls with arguments and results, signals, time reads, forks. An event is made of one
 * record or of several: a call of its STOP, what it reads (INPUT), its RESULT, what it wrote (WRITE). */
#ifndef TICK86_EMU_TRACE_LOOK_H
#define TICK86_EMU_TRACE_LOOK_H

#include "emu/linux/run/strace_text.h"
#include "emu/trace/walk.h"

struct look_position {
	uint64_t record;              /* number in the file, from 0 */
	uint64_t event;               /* STOP records so far, this one included */
	uint64_t insns, process_insns;
	int64_t guest_ns, host_ns;
	pid_t pid, tid;               /* 0: none */
	int64_t from_guest_ns, from_host_ns; /* of a STOP: when the thread began to run, or the last time known before that */
};

/* What there is to know of memory around an event: pieces that its records hold. */
struct look_memory {
	unsigned pieces;
	size_t used;
	struct { uint64_t address; size_t at, size; } piece[32];
	uint8_t bytes[8192];
};

/* A stop that the following records tell more of: a system call, or an instruction whose result the world decides. */
struct look_call {
	bool open;                    /* no result yet */
	bool told;                    /* ... and somebody was told so */
	struct look_position at;
	struct trace_registers registers; /* at the stop */
	uint64_t number, arg[6];
	const struct syscall_row *row; /* NULL: unknown */
	int64_t result;               /* SYSCALL_NO_RESULT: none */
	struct trace_registers after; /* of an instruction */
	struct look_memory memory;
};

enum look_phase { LOOK_WHOLE, LOOK_UNFINISHED, LOOK_RESUMED };

struct look_event {
	struct look_position at, end;    /* of its first record, and of its last */
	uint8_t kind, exit;              /* enum trace_kind; TRACE_EXIT_ of a STOP */
	enum look_phase phase;           /* of a system call: others ran in its middle */
	const struct trace_record *record; /* NULL for a STOP */
	const struct look_call *call;    /* of a STOP at a system call or at the world */
	uint64_t rip;                    /* of any other STOP */
};

/* What events are called, by kind and exit; NULL beyond the last: count from 0. */
const char *look_word(unsigned number);
/* The number of an event's word. */
unsigned look_number(const struct look_event *event);

/* What is shown unless somebody asks for more: what happened, not what it did to memory and registers. */
bool look_shown(const struct look_event *event);

/* False: no more is wanted. */
typedef bool look_function(void *context, const struct look_event *event);

/* Tells of all events from the walk's place on, until the function has enough or there are no more. With `raw`: of each record by
 * itself, as it is. */
void look_at_events(struct walk *walk, bool raw, look_function *tell, void *context);

/* The event in words, appended to the line. */
void look_put_event(struct strace_line *line, const struct look_event *event);
/* What was run (argv) or saved (the program, its instructions), and the options that matter, from a CONFIG record. look_config.c */
void look_put_config(struct strace_line *line, const struct trace_record *record);
/* The members that differ between two CONFIG records, by name. */
void look_put_config_differences(struct strace_line *line, const struct trace_record *a, const struct trace_record *b);
/* A record's fields, as they are in the file, or with their signs. */
void look_put_record(struct strace_line *line, const struct trace_record *record);

#endif
