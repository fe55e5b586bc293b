/* The language of clock traces: events as rows, their keys, and the results of running an event.
 * Not for users of the library. */
#ifndef TIMEKEEP_TRACE_H
#define TIMEKEEP_TRACE_H

#include "timekeep/state.h"

/* Same order: event_rows in trace_rows.c. */
/* clang-format off */
enum event_kind {
	EVENT_CLOCK, EVENT_HOST, EVENT_CREATE, EVENT_RDTSC, EVENT_RDTSCP, EVENT_RDMSR, EVENT_WRMSR,
	EVENT_HOSTWRITE, EVENT_LOAD, EVENT_STOP, EVENT_CONT, EVENT_NOW, EVENT_RUN, EVENT_BUDGET,
	EVENT_ARM, EVENT_DISARM, EVENT_IDLE, EVENT_TICK, EVENT_SAVE, EVENT_RESTORE, EVENT_PVCLOCK,
	EVENT_PVREAD, EVENT_STATS, EVENT_WALL, EVENT_INJECT, EVENT_CPUID, EVENTS
};

/* Same order: key_rows in trace_rows.c. An event may take a key, give it as a result, or both. */
enum key {
	KEY_VCPU, KEY_CPU, KEY_TSC, KEY_NS, KEY_REAL, KEY_MSR, KEY_VALUE, KEY_ID, KEY_INSNS,
	KEY_TIMER, KEY_DEADLINE, KEY_WAKE, KEY_KHZ, KEY_CPUS, KEY_STABLE, KEY_TABLE, KEY_POLICY,
	KEY_AWAY, KEY_MODE, KEY_VCPUS, KEY_GUEST_KHZ, KEY_START, KEY_GUARD, KEY_SYNC, KEY_SHIFT,
	KEY_NS_PER_INSN, KEY_SLEEP, KEY_ALIGN, KEY_EPOCH, KEY_RATE, KEY_EXITING, KEY_OFFSETTING,
	KEY_SCALING, KEY_RDTSCP, KEY_NODE_VCPUS, KEY_AT, KEY_JUMP, KEY_STEP, KEY_SKEW, KEY_DRIFT,
	KEY_LEAF, KEY_AUX, KEY_FAULT, KEY_OFFSET, KEY_ADJUST, KEY_GENERATION, KEY_MATCHED, KEY_TIME,
	KEY_FIRED, KEY_WAIT, KEY_INCARNATION, KEY_VERSION, KEY_TIMESTAMP, KEY_SYSTEM, KEY_MUL,
	KEY_FLAGS, KEY_BACKSTEPS, KEY_LARGEST_BACKSTEP, KEY_RAISED, KEY_EXITS, KEY_EAX, KEY_EBX,
	KEY_ECX, KEY_EDX, KEYS
};
/* clang-format on */

_Static_assert(KEYS <= 64, "a set of keys is a 64-bit mask");

#define BIT(key) (UINT64_C(1) << (key))

enum value_type {
	TYPE_UNSIGNED, /* 0 to 2^64 - 1, or a negative number that wraps */
	TYPE_SIGNED,
	TYPE_WORD, /* the number of one of key_row.words */
	TYPE_WORD_OR_UNSIGNED,
	TYPE_FRACTION, /* number / denominator */
	TYPE_TABLE,    /* CPU:OFFSET,... kept as text */
	TYPE_LIST,     /* NUMBER,... kept as text */
};

struct key_row {
	const char *name;
	enum value_type type;
	const char *const *words; /* ends with NULL */
};

struct value {
	uint64_t number;
	uint64_t denominator;
	const char *text;
	unsigned length;
	bool is_word;
};

struct event {
	enum event_kind kind;
	uint64_t given; /* BIT(key) of the values that are given */
	struct value value[KEYS];
	unsigned expectations;
	uint8_t expected[KEYS];
	struct value expectation[KEYS]; /* indexed by key */
};

#define LIST_SIZE 240

struct results {
	uint64_t given;
	struct value value[KEYS];
	char list[LIST_SIZE];
};

static inline uint64_t given(const struct event *event, enum key key, uint64_t otherwise)
{
	return event->given & BIT(key) ? event->value[key].number : otherwise;
}

static inline unsigned vcpu_of(const struct event *event)
{
	return (unsigned)given(event, KEY_VCPU, 0);
}

static inline void put(struct results *results, enum key key, uint64_t number)
{
	results->given |= BIT(key);
	results->value[key].number = number;
	results->value[key].is_word = false;
}

static inline void put_word(struct results *results, enum key key, uint64_t number)
{
	put(results, key, number);
	results->value[key].is_word = true;
}

struct trace;

/* Runs an event. Returns 0, or -1 with a message in trace->error if the event makes no sense
 * here. */
typedef int event_handler(struct trace *trace, const struct event *event, struct results *results);

struct event_row {
	const char *name;
	uint64_t keys;
	uint64_t results;
};

extern const struct key_row key_rows[KEYS];
extern const struct event_row event_rows[EVENTS];
extern event_handler *const event_handlers[EVENTS];

/* Finds names by their hash. An empty slot is NULL. */
struct names {
	struct {
		const char *name;
		int number;
	} slot[512];
};

struct trace {
	const char *name;
	FILE *err;
	struct names keys, events;
	event_handler *const *handlers;
	char error[240];

	/* the scripted host */
	uint64_t tsc;
	uint32_t cpu;
	int64_t ns, real;
	bool real_given, unstable;

	/* the clock under test */
	struct tk_host host;
	struct tk tk;
	struct tk_config config;
	int64_t table[TK_MAX_HOST_CPUS];
	bool has_clock, begun, created;
	unsigned clock_line, line;
	uint64_t insns;
	void *image;
	bool saved;

	uint64_t events_run, expectations, failed;
};

/* trace_parse.c: parses one line. `text` may be changed and must live as long as the event.
 * Returns 1 for an event, 0 for an empty line, -1 with a message in trace->error. */
void names_fill(struct trace *trace);
int trace_parse(struct trace *trace, char *text, size_t length, struct event *event);
int trace_parse_table(struct trace *trace, struct value text);

/* trace_clock.c. Call trace_close after trace_open, even if that failed, and trace_finish after
 * the last event: it checks the configuration of a clock without events, too. Functions that
 * return int return 0, or -1 with a message in trace->error. */
int trace_open(struct trace *trace, const char *name, FILE *err, event_handler *const *handlers);
void trace_close(struct trace *trace);
int trace_finish(struct trace *trace);
/* Builds the clock when its first event comes, since `clock` and `host` both configure it. */
int trace_begin(struct trace *trace);
/* Sets the host's clocks to the event's values. */
void trace_set_host(struct trace *trace, const struct event *event);
event_handler trace_do_clock, trace_do_host, trace_do_create;
/* Sets trace->error. Always returns -1. */
int trace_nonsense(struct trace *trace, const char *message);

/* trace_exec.c: runs any event. */
int trace_execute(struct trace *trace, const struct event *event, struct results *results);

/* trace_replay.c: calls `visit` for each event with its results. Returns the status of
 * tk_trace_replay. */
typedef void trace_visitor(void *ctx, const struct trace *trace, const struct event *event, const struct results *results);
int trace_run(struct trace *trace, FILE *in, trace_visitor *visit, void *ctx);
int trace_replay_with(FILE *in, const char *name, FILE *out, FILE *err, event_handler *const *handlers);

#endif
