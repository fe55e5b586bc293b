/* What a recording is made of: a file of compressed frames, which hold records. traces/FORMAT.md states the same for people. */
#ifndef TICK86_EMU_TRACE_FORMAT_H
#define TICK86_EMU_TRACE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- records ------------------------------------------------------------------------------------------ */

/* One row for each kind: name, whether bytes follow, its fields. Records are effects on one guest process, or tell what they are
 * about. ORDER: the numbers in the file; new kinds are added at the end. */
#define TRACE_KIND_LIST(ROW) \
	ROW(CONFIG,    "config",    true)                                        /* JSON: what was run, and how */ \
	ROW(PROCESS,   "process",   false, "pid")                                /* the records from here on are its */ \
	ROW(THREAD,    "thread",    false, "tid")                                /* this thread of it runs next */ \
	ROW(STOP,      "stop",      true,  "exit", "insns", "guest_ns", "host_ns") /* it ran for so long, to these registers */ \
	ROW(ADVANCE,   "advance",   false, "insns")                              /* these have been executed by their effects */ \
	ROW(STATE,     "state",     true)                                        /* registers change */ \
	ROW(VECTOR,    "vector",    true)                                        /* an XSAVE area: x87, SSE, AVX */ \
	ROW(WRITE,     "write",     true,  "address")                            /* memory changes */ \
	ROW(MAP,       "map",       true,  "address", "length", "prot", "flags", "object", "offset") /* and the file's name */ \
	ROW(UNMAP,     "unmap",     false, "address", "length") \
	ROW(PROTECT,   "protect",   false, "address", "length", "prot") \
	ROW(MOVE,      "move",      false, "address", "length", "new_address", "new_length", "flags") \
	ROW(DISCARD,   "discard",   false, "address", "length", "advice") \
	ROW(RESET,     "reset",     false)                                       /* the address space is empty */ \
	ROW(CHUNK,     "chunk",     true)                                        /* content; numbered from 0 */ \
	ROW(FILL,      "fill",      false, "address", "chunk")                   /* a chunk's content goes to memory */ \
	ROW(FILL_OBJECT, "fill_object", false, "object", "offset", "chunk")      /* ... into a shared object */ \
	ROW(TASK,      "task",      false, "tid")                                /* a new thread, its registers all 0 */ \
	ROW(TASK_END,  "task_end",  false, "tid") \
	ROW(FORK,      "fork",      false, "pid")                                /* a new process like this one, without threads */ \
	ROW(EXEC,      "exec",      true)                                        /* path and arguments, each with its NUL */ \
	ROW(SIGNAL,    "signal",    false, "number", "code", "pid", "address")   /* is delivered; its effects follow */ \
	ROW(INPUT,     "input",     true,  "address")                            /* memory that the system call reads: a check */ \
	ROW(RESULT,    "result",    false, "number", "result")                   /* a system call has ended */ \
	ROW(OUTPUT,    "output",    true,  "stream", "address")                  /* to standard output (1) or error (2), from there */ \
	ROW(CHECK,     "check",     true,  "vector_hash", "memory_hash")         /* pages' addresses: a check */ \
	ROW(EXIT,      "exit",      false, "status")                             /* as wait(2) tells it */ \
	ROW(END,       "end",       false, "insns")                              /* of the recording: instructions of all */ \
	ROW(CUT_OBJECT, "cut_object", false, "object", "offset")                 /* a shared object is 0 from there on */ \
	ROW(TIME,      "time",      false, "guest_ns", "host_ns")                /* so long later the system call has waited enough */ \
	/* What a saved program needs besides: emu/trace/saved.h. */ \
	ROW(FIELDS,    "fields",    true,  "of")                                 /* JSON: a structure's, by name */ \
	ROW(PATH,      "path",      true,  "which") \
	ROW(MAPPING,   "mapping",   false, "flags", "dev", "inode", "noexec", "file_end") /* the next MAP's, as the guest sees it */ \
	ROW(FILE,      "file",      true,  "fd", "type", "flags", "offset", "other", "detail") /* open; its path */ \
	ROW(ACTION,    "action",    false, "number", "handler", "flags", "restorer", "mask") /* a signal's */ \
	ROW(PENDING,   "pending",   true,  "tid")                                /* a siginfo_t of a thread's queue; 0: the process's */ \
	ROW(POLL,      "poll",      false, "fd", "events")                       /* the thread waits for this, too */

enum trace_kind {
#define ROW(NAME, ...) TRACE_##NAME,
	TRACE_NONE, TRACE_KIND_LIST(ROW) TRACE_KINDS
#undef ROW
};

enum { TRACE_FIELDS_MAX = 6, TRACE_DATA_MAX = 1 << 18 };

/* STOP's exit: why the thread stopped. An exception stops before its instruction (INT3 and INT1 behind theirs), and so does one whose
 * result the world decides: those from WORLD on, by instruction. ORDER: the numbers in the file. ORDER WORLD: emu/cpu/cpu.h. */
#define TRACE_EXIT_LIST(EXIT) \
	EXIT(COUNT, "pause") EXIT(SYSCALL, "syscall") EXIT(EXCEPTION, "exception") \
	EXIT(WORLD, "world") EXIT(RDTSC, "rdtsc") EXIT(RDTSCP, "rdtscp") EXIT(RDPID, "rdpid") EXIT(RDMSR, "rdmsr") EXIT(WRMSR, "wrmsr") \
	EXIT(CPUID, "cpuid") EXIT(VDSO, "vdso")
enum trace_exit {
#define EXIT(NAME, WORD) TRACE_EXIT_##NAME,
	TRACE_EXIT_LIST(EXIT) TRACE_EXITS
#undef EXIT
};
extern const char *const trace_exit_names[TRACE_EXITS];

/* MAP's flags. */
enum { TRACE_MAP_SHARED = 1, TRACE_MAP_GROWSDOWN = 2, TRACE_MAP_NORESERVE = 4, TRACE_MAP_BEYOND_END = 8 };

struct trace_kind_row {
	const char *name;
	bool data;
	uint8_t fields;
	const char *field[TRACE_FIELDS_MAX];
};
extern const struct trace_kind_row trace_kinds[TRACE_KINDS];

struct trace_record {
	uint8_t kind;
	uint64_t field[TRACE_FIELDS_MAX];
	const uint8_t *data;
	size_t size; /* at most TRACE_DATA_MAX */
};

/* Whether fields of this name hold zigzag numbers (below). */
bool trace_field_signed(const char *name);

/* The most bytes that a record with `size` bytes of data takes. */
size_t trace_encoded_max(size_t size);
/* Whether a process can end with this wait(2) status: EXIT's. */
bool trace_status_possible(uint64_t status);

/* The bytes that this record takes. */
size_t trace_encoded_size(const struct trace_record *record);
/* Writes the record's kind, its fields as LEB128, and its data with its length ahead. Returns the bytes written. */
size_t trace_encode(const struct trace_record *record, uint8_t *to);
/* Reads one from `size` bytes; its data stays where it is. Returns the bytes taken, or 0 where they are no record. */
size_t trace_decode(const uint8_t *from, size_t size, struct trace_record *record);

/* LEB128, unsigned. Returns bytes written (at most 10); bytes taken, or 0 for one that is cut or too long. */
size_t trace_put_number(uint8_t *to, uint64_t value);
size_t trace_get_number(const uint8_t *from, size_t size, uint64_t *value);

/* Small numbers of either sign as small unsigned ones. */
static inline uint64_t trace_zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static inline int64_t trace_unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ -(value & 1));
}

/* --- the file ----------------------------------------------------------------------------------------- */

enum { TRACE_VERSION = 1, TRACE_FRAME_RAW_MAX = 1 << 20 };
#define TRACE_MAGIC "tick86\x1a\n"

struct trace_header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t reserved; /* 0 */
};

/* Ahead of each frame's zstd-compressed records. No record crosses frames. All numbers are little-endian. */
struct trace_frame {
	uint32_t magic;
	uint32_t raw_size, packed_size;
	uint32_t reserved; /* 0 */
	uint64_t sequence; /* from 0 */
	uint64_t checksum; /* XXH64, seed 0, of the packed bytes, seeded by the same of what stands ahead of this field */
};
enum { TRACE_FRAME_MAGIC = 0x66363874 /* "t86f" */ };

uint64_t trace_checksum(const struct trace_frame *frame, const uint8_t *packed);

#endif
