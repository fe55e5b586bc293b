/* A recording as events that people know: system calls with arguments and results, signals, time reads, forks. An event consists of one
 * record or several: a system call has its STOP, the memory that it reads (INPUT), its RESULT, and the memory that it wrote (WRITE). */
#ifndef TICK86_EMU_TRACE_LOOK_H
#define TICK86_EMU_TRACE_LOOK_H

#include "emu/linux/run/strace_text.h"
#include "emu/trace/walk.h"

struct look_position {
	uint64_t record; /* number in the file, from 0 */
	uint64_t event;  /* number of STOP records so far, this one included */
	uint64_t insns, process_insns;
	int64_t guest_ns, host_ns;
	pid_t pid, tid;                      /* 0: none */
	int64_t from_guest_ns, from_host_ns; /* for a STOP: when the thread began to run, or the last time known before that */
};

/* Memory around an event, as far as records tell: pieces of bytes. */
struct look_memory {
	unsigned pieces;
	size_t used;
	struct {
		uint64_t address;
		size_t at, size;
	} piece[32];
	uint8_t bytes[8192];
};

/* A stop to which following records belong: at a system call, or at an instruction whose result the world decides. */
struct look_call {
	bool open; /* there is no result yet */
	bool told; /* the unfinished call was reported */
	struct look_position at;
	struct trace_registers registers; /* at the stop */
	uint64_t number, arg[6];
	const struct syscall_row *row; /* NULL: unknown */
	int64_t result;                /* SYSCALL_NO_RESULT: none */
	struct trace_registers after;  /* an instruction's, after it */
	struct look_memory memory;
};

enum look_phase { LOOK_WHOLE, LOOK_UNFINISHED, LOOK_RESUMED };

struct look_event {
	struct look_position at, end;      /* positions of the first record and of the last */
	uint8_t kind, exit;                /* enum trace_kind; TRACE_EXIT_ of a STOP */
	enum look_phase phase;             /* for a system call that other threads interrupted */
	const struct trace_record *record; /* NULL for a STOP */
	const struct look_call *call;      /* for a STOP at a system call or an instruction of the world */
	uint64_t rip;                      /* for any other STOP */
};

/* Returns the name of an event by its number, which stands for kind and exit; numbers count from 0. NULL after the last one. */
const char *look_word(unsigned number);
/* Returns the number of an event's name. */
unsigned look_number(const struct look_event *event);

/* Returns true for the events that are shown by default: those that happened, not their effects on memory and registers. */
bool look_shown(const struct look_event *event);

/* Called for each event. Returns false to stop. */
typedef bool look_function(void *context, const struct look_event *event);

/* Calls `tell` for each event from the walk's position on, until it returns false. `raw`: for each single record. */
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
