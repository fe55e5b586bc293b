/* The format of a recording: a file of compressed frames, which hold records. traces/FORMAT.md describes the same format in full. */
#ifndef TICK86_EMU_TRACE_FORMAT_H
#define TICK86_EMU_TRACE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- records ------------------------------------------------------------------------------------------ */

/* One row for each kind of record: name, whether data follow, fields. Most records are effects on one guest process. ORDER: the numbers
 * in the file; new kinds are added at the end. */
#define TRACE_KIND_LIST(ROW)                                                                                                               \
	ROW(CONFIG, "config", true)           /* JSON: the program, its arguments, and the options */                                      \
	ROW(PROCESS, "process", false, "pid") /* the following records are about this process */                                           \
	ROW(THREAD, "thread", false, "tid")   /* this thread of the process runs next */                                                   \
	ROW(STOP, "stop", true, "exit", "insns", "guest_ns",                                                                               \
		"host_ns")                      /* the thread ran `insns` instructions and then had these registers */                     \
	ROW(ADVANCE, "advance", false, "insns") /* so many instructions were executed by their effects */                                  \
	ROW(STATE, "state", true)               /* changes of registers */                                                                 \
	ROW(VECTOR, "vector", true)             /* an XSAVE area: x87, SSE, AVX */                                                         \
	ROW(WRITE, "write", true, "address")    /* bytes written to memory */                                                              \
	ROW(MAP, "map", true, "address", "length", "prot", "flags", "object", "offset") /* followed by the file's name */                  \
	ROW(UNMAP, "unmap", false, "address", "length")                                                                                    \
	ROW(PROTECT, "protect", false, "address", "length", "prot")                                                                        \
	ROW(MOVE, "move", false, "address", "length", "new_address", "new_length", "flags")                                                \
	ROW(DISCARD, "discard", false, "address", "length", "advice")                                                                      \
	ROW(RESET, "reset", false)                                          /* everything is unmapped */                                   \
	ROW(CHUNK, "chunk", true)                                           /* content of a file; chunks are numbered from 0 */            \
	ROW(FILL, "fill", false, "address", "chunk")                        /* writes a chunk's content to memory */                       \
	ROW(FILL_OBJECT, "fill_object", false, "object", "offset", "chunk") /* ... into a shared object */                                 \
	ROW(TASK, "task", false, "tid")                                     /* a new thread with all registers 0 */                        \
	ROW(TASK_END, "task_end", false, "tid")                                                                                            \
	ROW(FORK, "fork", false, "pid")                                  /* a new process: a copy of this one without threads */           \
	ROW(EXEC, "exec", true)                                          /* path and arguments, each with a NUL */                         \
	ROW(SIGNAL, "signal", false, "number", "code", "pid", "address") /* a signal is delivered; its effects follow */                   \
	ROW(INPUT, "input", true, "address")                             /* memory that the system call reads: a check */                  \
	ROW(RESULT, "result", false, "number", "result")                 /* the end of a system call */                                    \
	ROW(OUTPUT, "output", true, "stream", "address")         /* written to standard output (1) or error (2) from this address */       \
	ROW(CHECK, "check", true, "vector_hash", "memory_hash")  /* addresses of pages: a check */                                         \
	ROW(EXIT, "exit", false, "status")                       /* wait(2)'s status */                                                    \
	ROW(END, "end", false, "insns")                          /* the end of the recording; instructions of all processes */             \
	ROW(CUT_OBJECT, "cut_object", false, "object", "offset") /* a shared object is 0 from this offset on */                            \
	ROW(TIME, "time", false, "guest_ns", "host_ns")          /* the system call has ended its wait, so much later */                   \
	/* The following occur only in a saved program's file: emu/trace/saved.h. */                                                       \
	ROW(FIELDS, "fields", true, "of") /* JSON: a structure, its members by name */                                                     \
	ROW(PATH, "path", true, "which")                                                                                                   \
	ROW(MAPPING, "mapping", false, "flags", "dev", "inode", "noexec", "file_end")  /* more about the next MAP, as the guest sees it */ \
	ROW(FILE, "file", true, "fd", "type", "flags", "offset", "other", "detail")    /* an open file, and its path */                    \
	ROW(ACTION, "action", false, "number", "handler", "flags", "restorer", "mask") /* a signal's handler */                            \
	ROW(PENDING, "pending", true, "tid")     /* a siginfo_t in a thread's queue; tid 0: the process's queue */                         \
	ROW(POLL, "poll", false, "fd", "events") /* the waiting thread waits for this, too */

enum trace_kind {
#define ROW(NAME, ...) TRACE_##NAME,
	TRACE_NONE,
	TRACE_KIND_LIST(ROW) TRACE_KINDS
#undef ROW
};

enum { TRACE_FIELDS_MAX = 6, TRACE_DATA_MAX = 1 << 18 };

/* The field `exit` of STOP: why the thread stopped. Exceptions stop before their instruction (INT3 and INT1 after theirs), and so do
 * instructions whose result the world decides: those from WORLD on, one number for each. ORDER: the numbers in the file. ORDER WORLD:
 * emu/cpu/cpu.h. */
/* clang-format off */
#define TRACE_EXIT_LIST(EXIT) \
	EXIT(COUNT, "pause") EXIT(SYSCALL, "syscall") EXIT(EXCEPTION, "exception") \
	EXIT(WORLD, "world") EXIT(RDTSC, "rdtsc") EXIT(RDTSCP, "rdtscp") EXIT(RDPID, "rdpid") EXIT(RDMSR, "rdmsr") EXIT(WRMSR, "wrmsr") \
	EXIT(CPUID, "cpuid") EXIT(VDSO, "vdso")
/* clang-format on */
enum trace_exit {
#define EXIT(NAME, WORD) TRACE_EXIT_##NAME,
	TRACE_EXIT_LIST(EXIT) TRACE_EXITS
#undef EXIT
};
extern const char *const trace_exit_names[TRACE_EXITS];

/* The field `flags` of MAP. */
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

/* Returns true if fields of this name hold zigzag numbers (below). */
bool trace_field_signed(const char *name);

/* Returns the maximum size in bytes of a record with `size` bytes of data. */
size_t trace_encoded_max(size_t size);
/* Returns true if a process can end with this wait(2) status, as EXIT holds it. */
bool trace_status_possible(uint64_t status);

/* Returns the size of this record in bytes. */
size_t trace_encoded_size(const struct trace_record *record);
/* Writes the record's kind, its fields as LEB128, the length of its data, and the data. Returns the number of bytes written. */
size_t trace_encode(const struct trace_record *record, uint8_t *to);
/* Reads a record from at most `size` bytes, without copying its data. Returns the number of bytes taken, or 0 if they are no record. */
size_t trace_decode(const uint8_t *from, size_t size, struct trace_record *record);

/* Unsigned LEB128. trace_put_number returns the number of bytes written (at most 10). trace_get_number returns the number of bytes
 * taken, or 0 if the number is cut off or too long. */
size_t trace_put_number(uint8_t *to, uint64_t value);
size_t trace_get_number(const uint8_t *from, size_t size, uint64_t *value);

/* Maps small numbers of either sign to small unsigned ones. */
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

/* The header of each frame; the records, compressed by zstd, follow it. No record crosses frames. All numbers are little-endian. */
struct trace_frame {
	uint32_t magic;
	uint32_t raw_size, packed_size;
	uint32_t reserved; /* 0 */
	uint64_t sequence; /* from 0 */
	uint64_t checksum; /* XXH64 of the compressed bytes; its seed is the XXH64, seed 0, of the header before this field */
};
enum { TRACE_FRAME_MAGIC = 0x66363874 /* "t86f" */ };

uint64_t trace_checksum(const struct trace_frame *frame, const uint8_t *packed);

#endif
