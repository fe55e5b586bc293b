/* System calls: one row each. Dispatch, --strace, pointer checks, recording and replay all read the row. */
#ifndef TICK86_EMU_SYSCALL_H
#define TICK86_EMU_SYSCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task;

enum syscall_class {
	CLASS_PASS,    /* the host's kernel does it with the same arguments, once the pointers are checked */
	CLASS_PASS_FD, /* the same, for a new descriptor */
	CLASS_FILE,    /* done by `run`; concerns files, sockets or other descriptors */
	CLASS_MEMORY,  /* the address space */
	CLASS_TIME,    /* reads, sets or waits for a clock */
	CLASS_PROCESS, /* threads, processes, identity */
	CLASS_SIGNAL,
	CLASS_REFUSE,  /* ENOSYS, or the errno in `refuse`, with a log line */
};

enum arg_type {
	ARG_INT, ARG_UINT, ARG_HEX, ARG_SIZE, ARG_FD, ARG_DIRFD, ARG_ADDRESS, ARG_MODE, ARG_SIGNAL, ARG_PID,
	ARG_FLAGS,  /* bits, printed with `words` */
	ARG_ENUM,   /* one of `words` */
	ARG_PATH,   /* string in */
	ARG_STRING, /* string in, not a path */
	ARG_BUFFER, /* bytes */
	ARG_STRUCT, /* printed by `print`, or as an address */
};

enum arg_direction { DIR_NONE, DIR_IN, DIR_OUT, DIR_INOUT };

/* How large what a pointer points at is. */
enum arg_extent {
	EXTENT_NONE,
	EXTENT_FIXED,  /* `size` bytes */
	EXTENT_ARG,    /* as many units of `size` bytes as argument number `by` says */
	EXTENT_RESULT, /* at most EXTENT_ARG; of that, as much as the result says (read and its kin) */
	EXTENT_STRING, /* up to the NUL */
	EXTENT_SPECIAL, /* nested pointers: `run` checks them */
};

/* A list ends with a NULL name. */
struct flag_word {
	uint64_t value;
	const char *name;
	uint64_t mask;   /* the word applies if the argument's bits under the mask are `value` */
};

struct syscall_arg {
	const char *name;
	uint8_t type;      /* enum arg_type */
	uint8_t direction; /* enum arg_direction, for pointers */
	uint8_t extent;    /* enum arg_extent */
	uint8_t by;        /* which argument counts */
	uint16_t size;
	const struct flag_word *words;
};

/* The context was replaced (rt_sigreturn, execve): no result is to be written to RAX. */
#define SYSCALL_NO_RESULT (INT64_MIN + 1)
/* The kernel's internal codes, seen by signal delivery only (linux/errno.h). */
enum { ERESTARTSYS = 512, ERESTARTNOINTR = 513, ERESTARTNOHAND = 514, ERESTART_RESTARTBLOCK = 516 };

typedef int64_t syscall_run(struct task *task, const uint64_t arg[6]);

struct syscall_row {
	const char *name;
	uint8_t class;     /* enum syscall_class */
	uint8_t args;
	int16_t refuse;    /* CLASS_REFUSE: errno */
	struct syscall_arg arg[6];
	bool quick;        /* it changes nothing but what it points at, and neither waits nor wakes */
	syscall_run *run;  /* NULL for CLASS_PASS, CLASS_PASS_FD and CLASS_REFUSE */
};

/* Indexed by number; rows without a name are unknown system calls. table.c; the rows themselves are in rows/, by subject. */
extern const struct syscall_row syscall_table[];
extern const unsigned syscall_count;

/* The row of a system call that is known; NULL. */
const struct syscall_row *syscall_find(uint64_t number);
bool syscall_is_quick(uint64_t number);

/* Bytes that the pointer argument `number` of the row says it points at; UINT64_MAX on overflow. */
uint64_t syscall_extent(const struct syscall_row *row, unsigned number, const uint64_t arg[6]);
/* The host's kernel does it with these arguments. Returns its result or -errno. */
int64_t syscall_host(uint64_t number, const uint64_t arg[6]);
/* The same for a system call that has a row; calls that look at a file see the one that the guest means (file_host_path). */
int64_t syscall_pass(struct task *task, uint64_t number, const uint64_t arg[6]);

/* Runs the system call that the task's registers ask for: checks pointers, dispatches, prints for --strace. Stores the result
 * in RAX unless it is SYSCALL_WAIT or SYSCALL_NO_RESULT. Returns it. */
int64_t syscall_dispatch(struct task *task);

#endif
