/* System calls: one row each. Dispatch, pointer checks, --strace, `tick86 dump` and recording read the row; a replay knows of no system
 * calls. */
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
	ARG_FCNTL,       /* what the command ahead of it says */
	ARG_FLAGS,       /* bits, printed with `words` */
	ARG_ENUM,        /* one of `words` */
	ARG_PATH,        /* string in */
	ARG_STRING,      /* string in, not a path */
	ARG_BUFFER,      /* bytes */
	ARG_STRUCT,      /* printed as an address; the rest points at what it is named after: */
	ARG_INT_AT, ARG_INT_PAIR, ARG_TIMESPEC, ARG_TIMEVAL, ARG_STAT,
	ARG_STRINGS,     /* a list that ends with NULL */
	ARG_ENVIRONMENT, /* the same, of which the number is printed */
};

enum arg_direction { DIR_NONE, DIR_IN, DIR_OUT, DIR_INOUT };

/* What an argument means to the file that it names. The words are in vocabulary.h. */
enum arg_role {
	ROLE_NONE,
	ROLE_TO,        /* descriptor: the bytes of the call's IN argument are written to it */
	ROLE_FILLED,    /* descriptor: bytes are written to it that the process does not see */
	ROLE_CUT,       /* descriptor or path: its file's length or holes change */
	ROLE_OFFSET,    /* where ROLE_TO writes to; negative: at the file's position */
	ROLE_RWF,       /* flags of which RWF_APPEND says that it writes at the end whatever the offset */
	ROLE_CREATES,   /* flags that say whether the mode after them counts */
	ROLE_LOOK,      /* path of a file that the call only looks at */
	ROLE_LOOK_LINK, /* the same; a link at its end is not followed */
	ROLE_AT_FLAGS,  /* AT_SYMLINK_NOFOLLOW among them makes ROLE_LOOK ROLE_LOOK_LINK */
};

/* How large what a pointer points at is. */
enum arg_extent {
	EXTENT_NONE,
	EXTENT_FIXED,  /* `size` bytes */
	EXTENT_ARG,    /* as many units of `size` bytes as argument number `by` says */
	EXTENT_RESULT, /* at most EXTENT_ARG; of that, as much as the result says (read and its kin) */
	EXTENT_STRING, /* up to the NUL */
	EXTENT_NESTED, /* pointers within: `run` checks them, as it does with those that follow */
	EXTENT_VECTOR, /* an array of struct iovec, as many as argument number `by` says */
	EXTENT_MESSAGE, /* a struct msghdr */
	EXTENT_MESSAGES, /* an array of struct mmsghdr, as many as argument number `by` says */
	EXTENT_REMOTE, /* as EXTENT_VECTOR, of another process's memory */
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
	uint8_t role;      /* enum arg_role */
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

/* What a call that succeeds leaves of what called it. */
enum syscall_after {
	AFTER_RETURNS,   /* a result */
	AFTER_PROGRAM,   /* another program, whose result is 0: the arguments are to be looked at beforehand */
	AFTER_NO_RETURN, /* no result: the thread ends, or goes on where it was interrupted */
};

typedef int64_t syscall_run(struct task *task, const uint64_t arg[6]);

struct syscall_row {
	const char *name;
	uint8_t class;     /* enum syscall_class */
	uint8_t args;
	int16_t refuse;    /* CLASS_REFUSE: errno */
	struct syscall_arg arg[6];
	uint8_t after;     /* enum syscall_after */
	bool opens;        /* the result is a descriptor of a file that the call may have made or emptied */
	bool quick;        /* it changes nothing but what it points at, and neither waits nor wakes */
	syscall_run *run;  /* NULL for CLASS_PASS, CLASS_PASS_FD and CLASS_REFUSE */
};

/* Indexed by number; rows without a name are unknown system calls. table.c; the rows themselves are in rows/, by subject. */
extern const struct syscall_row syscall_table[];
extern const unsigned syscall_count;

/* The row of a system call that is known; NULL. */
const struct syscall_row *syscall_find(uint64_t number);
/* The number of the row's first argument with this role; of this type; row->args if there is none. */
static inline unsigned syscall_arg_with_role(const struct syscall_row *row, enum arg_role role)
{
	unsigned i = 0;

	while (i < row->args && row->arg[i].role != role)
		i++;
	return i;
}
static inline unsigned syscall_arg_of_type(const struct syscall_row *row, enum arg_type type)
{
	unsigned i = 0;

	while (i < row->args && row->arg[i].type != type)
		i++;
	return i;
}
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
