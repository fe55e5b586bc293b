/* The table of system calls, one row for each. Dispatch, pointer checks, --strace, `tick86 dump` and recording read the row. A replay
 * knows no system calls. */
#ifndef TICK86_EMU_SYSCALL_H
#define TICK86_EMU_SYSCALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct task;

enum syscall_class {
	CLASS_PASS,    /* the host's kernel does it with the same arguments, after the pointers were checked */
	CLASS_PASS_FD, /* the same, and the result is a new descriptor */
	CLASS_PASS_THREAD, /* as CLASS_PASS; it changes what the kernel keeps for the calling thread alone */
	CLASS_FILE,    /* `run` does it; about files, sockets or other descriptors */
	CLASS_MEMORY,  /* about the address space */
	CLASS_TIME,    /* reads, sets or waits for a clock */
	CLASS_PROCESS, /* about threads, processes, identity */
	CLASS_SIGNAL,
	CLASS_REFUSE,  /* fails with the errno in `refuse`, or ENOSYS, and a log line */
};

enum arg_type {
	ARG_INT, ARG_UINT, ARG_HEX, ARG_SIZE, ARG_FD, ARG_DIRFD, ARG_ADDRESS, ARG_MODE, ARG_SIGNAL, ARG_PID,
	ARG_FCNTL,       /* depends on the command in the argument before it */
	ARG_FLAGS,       /* bits, printed with `words` */
	ARG_ENUM,        /* one of `words` */
	ARG_PATH,        /* string in */
	ARG_STRING,      /* string in, not a path */
	ARG_BUFFER,      /* bytes */
	ARG_STRUCT,      /* printed as an address; the following types are structures, named after what they point to: */
	ARG_INT_AT, ARG_INT_PAIR, ARG_TIMESPEC, ARG_TIMEVAL, ARG_STAT,
	ARG_STRINGS,     /* a list of strings that ends with NULL */
	ARG_ENVIRONMENT, /* the same, printed as its length */
};

enum arg_direction { DIR_NONE, DIR_IN, DIR_OUT, DIR_INOUT };

/* What an argument means for the file that the call is about. The words are in vocabulary.h. */
enum arg_role {
	ROLE_NONE,
	ROLE_TO,        /* descriptor: the bytes of the call's IN argument are written to it */
	ROLE_FILLED,    /* descriptor: the call writes bytes to it that the process does not see */
	ROLE_CUT,       /* descriptor or path: the call changes its file's length or holes */
	ROLE_OFFSET,    /* the position where ROLE_TO writes; negative: the file's position */
	ROLE_RWF,       /* flags; with RWF_APPEND the call writes at the end, whatever the offset */
	ROLE_CREATES,   /* flags that tell if the mode after them counts */
	ROLE_LOOK,      /* path of a file that the call only looks at */
	ROLE_LOOK_LINK, /* the same; a link at the path's end is not followed */
	ROLE_AT_FLAGS,  /* flags; AT_SYMLINK_NOFOLLOW makes a ROLE_LOOK a ROLE_LOOK_LINK */
};

/* How many bytes a pointer points to. */
enum arg_extent {
	EXTENT_NONE,
	EXTENT_FIXED,  /* `size` bytes */
	EXTENT_ARG,    /* argument number `by` units of `size` bytes */
	EXTENT_RESULT, /* at most EXTENT_ARG, and as much as the result says (read, recv) */
	EXTENT_STRING, /* up to the NUL */
	EXTENT_NESTED, /* a structure with pointers, which `run` checks; so are the following */
	EXTENT_VECTOR, /* an array of argument number `by` struct iovec */
	EXTENT_MESSAGE, /* a struct msghdr */
	EXTENT_MESSAGES, /* an array of argument number `by` struct mmsghdr */
	EXTENT_REMOTE, /* as EXTENT_VECTOR, but the memory is another process's */
};

/* The end of a list has a NULL name. */
struct flag_word {
	uint64_t value;
	const char *name;
	uint64_t mask;   /* the word applies if the argument's bits in the mask equal `value` */
};

struct syscall_arg {
	const char *name;
	uint8_t type;      /* enum arg_type */
	uint8_t role;      /* enum arg_role */
	uint8_t direction; /* enum arg_direction, for pointers */
	uint8_t extent;    /* enum arg_extent */
	uint8_t by;        /* number of the argument that counts */
	uint16_t size;
	const struct flag_word *words;
};

/* The thread's registers were replaced (rt_sigreturn, execve): no result is written to RAX. */
#define SYSCALL_NO_RESULT (INT64_MIN + 1)
/* The kernel's internal results, which only signal delivery sees (linux/errno.h). */
enum { ERESTARTSYS = 512, ERESTARTNOINTR = 513, ERESTARTNOHAND = 514, ERESTART_RESTARTBLOCK = 516 };

/* What happens to the calling program if the call succeeds. */
enum syscall_after {
	AFTER_RETURNS,   /* it gets a result */
	AFTER_PROGRAM,   /* another program replaces it, with result 0: the arguments must be read before */
	AFTER_NO_RETURN, /* no result: the thread ends, or continues where it was interrupted */
};

typedef int64_t syscall_run(struct task *task, const uint64_t arg[6]);

struct syscall_row {
	const char *name;
	uint8_t class;     /* enum syscall_class */
	uint8_t args;
	int16_t refuse;    /* CLASS_REFUSE: errno */
	struct syscall_arg arg[6];
	uint8_t after;     /* enum syscall_after */
	bool opens;        /* the result is a descriptor of a file that the call may have created or emptied */
	bool quick;        /* it changes only what its arguments point to, and neither waits nor wakes a thread */
	syscall_run *run;  /* NULL for CLASS_PASS and its kin, and CLASS_REFUSE */
};

/* Indexed by number; rows without a name are unknown system calls. table.c; the rows themselves are in rows/, by subject. */
extern const struct syscall_row syscall_table[];
extern const unsigned syscall_count;

/* Returns the row of a system call, or NULL if it is unknown. */
const struct syscall_row *syscall_find(uint64_t number);
/* Return the number of the row's first argument with this role, or of this type; row->args if there is none. */
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

/* Returns how many bytes the pointer argument `number` of the row points to; UINT64_MAX on overflow. */
uint64_t syscall_extent(const struct syscall_row *row, unsigned number, const uint64_t arg[6]);
/* Makes the system call on the host. Returns its result or -errno. */
int64_t syscall_host(uint64_t number, const uint64_t arg[6]);
/* The same for a system call that has a row. Calls that look at a file get the path that the guest means (file_host_path). */
int64_t syscall_pass(struct task *task, uint64_t number, const uint64_t arg[6]);

/* Makes the system call in the task's registers: checks pointers, dispatches, prints for --strace. Stores the result in RAX, unless it
 * is SYSCALL_WAIT or SYSCALL_NO_RESULT. Returns it. */
int64_t syscall_dispatch(struct task *task);

#endif
