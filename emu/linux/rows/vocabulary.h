/* The vocabulary of the row lists in this directory. Included by emu/linux/run/table.c only.
 *
 *   RUN(CLASS, name, args...)     done by sys_name, which must exist
 *   QUICK(CLASS, name, args...)   the same, and syscall.h's `quick`
 *   PASS(name, args...)           done by the host's kernel
 *   PASS_THREAD(name, args...)    the same, and it changes what the kernel keeps for the calling thread alone (kernel/host_thread.h)
 *   PASS_FD(name, args...)        as PASS, and its result is a new descriptor
 *   OPEN(name, args...)           as RUN(FILE, ...); the result is a descriptor of a file, which the call may have made or emptied
 *   OPEN_PASS(name, args...)      as PASS_FD, likewise
 *   PROGRAM(name, args...)        as RUN(PROCESS, ...); where it succeeds the program is another one, and the arguments are gone
 *   NO_RETURN(CLASS, name, ...)   as RUN; where it succeeds there is no result
 *   REFUSE(name, ERRNO, args...)  refused with this errno and a log line
 *
 * An argument is one of the macros below, in the order of the registers. IN, OUT and INOUT say which way the bytes go; BY is the number
 * (0 to 5) of the argument that counts them. The columns are those of struct syscall_arg. */

/* --- numbers --- */
#define INT(NAME)              { .name = #NAME, .type = ARG_INT }
#define UINT(NAME)             { .name = #NAME, .type = ARG_UINT }
#define HEX(NAME)              { .name = #NAME, .type = ARG_HEX }
#define SIZE(NAME)             { .name = #NAME, .type = ARG_SIZE }
#define ADDRESS(NAME)          { .name = #NAME, .type = ARG_ADDRESS }
#define MODE(NAME)             { .name = #NAME, .type = ARG_MODE }
#define SIGNAL(NAME)           { .name = #NAME, .type = ARG_SIGNAL }
#define PID(NAME)              { .name = #NAME, .type = ARG_PID }
#define FLAGS(NAME, WORDS)     { .name = #NAME, .type = ARG_FLAGS, .words = WORDS }
#define ENUM(NAME, WORDS)      { .name = #NAME, .type = ARG_ENUM, .words = WORDS }
/* Flags; with O_CREAT or O_TMPFILE the mode that follows them counts. */
#define OPEN_FLAGS(NAME)       { .name = #NAME, .type = ARG_FLAGS, .role = ROLE_CREATES, .words = open_words }
/* Flags; with AT_SYMLINK_NOFOLLOW a link at the end of a LOOK path is not followed. */
#define AT_FLAGS(NAME)         { .name = #NAME, .type = ARG_FLAGS, .role = ROLE_AT_FLAGS, .words = at_words }
/* fcntl(2)'s third argument: the command before it tells if it is a number, a descriptor, flags or unused. */
#define FCNTL_VALUE(NAME)      { .name = #NAME, .type = ARG_FCNTL }
/* The position in the file where the call begins; negative: the file's own position. */
#define OFFSET(NAME)           { .name = #NAME, .type = ARG_INT, .role = ROLE_OFFSET }

/* Flags of preadv2(2) and pwritev2(2). */
#define RWF_FLAGS(NAME)        { .name = #NAME, .type = ARG_HEX, .role = ROLE_RWF }

/* --- descriptors and paths --- */
#define FD(NAME)               { .name = #NAME, .type = ARG_FD }
#define DIRFD(NAME)            { .name = #NAME, .type = ARG_DIRFD }
#define TO_FD(NAME)            { .name = #NAME, .type = ARG_FD, .role = ROLE_TO } /* the call writes the bytes of its IN argument to it */
#define FILLED_FD(NAME)        { .name = #NAME, .type = ARG_FD, .role = ROLE_FILLED } /* the call writes bytes from another descriptor to it */
#define CUT_FD(NAME)           { .name = #NAME, .type = ARG_FD, .role = ROLE_CUT } /* the call makes its file shorter or longer, or punches holes */
#define PATH(NAME)             PATH_OF(NAME, ROLE_NONE)
#define CUT_PATH(NAME)         PATH_OF(NAME, ROLE_CUT)
#define LOOK(NAME)             PATH_OF(NAME, ROLE_LOOK) /* path of a file that the call only looks at, which may be the one below -L's prefix */
#define LOOK_LINK(NAME)        PATH_OF(NAME, ROLE_LOOK_LINK) /* the same; the call does not follow a link at the path's end */
#define PATH_OF(NAME, ROLE)    { .name = #NAME, .type = ARG_PATH, .role = ROLE, .direction = DIR_IN, .extent = EXTENT_STRING, .size = 1 }
#define STRING(NAME)           { .name = #NAME, .type = ARG_STRING, .direction = DIR_IN, .extent = EXTENT_STRING, .size = 1 }

/* --- bytes --- */
#define POINTED(NAME, TYPE, DIRECTION, BYTES) \
	{ .name = #NAME, .type = TYPE, .direction = DIRECTION, .extent = EXTENT_FIXED, .size = BYTES }
#define COUNTED(NAME, TYPE, DIRECTION, EXTENT, BY, UNIT) \
	{ .name = #NAME, .type = TYPE, .direction = DIRECTION, .extent = EXTENT, .by = BY, .size = UNIT }
#define IN(NAME, BYTES)        POINTED(NAME, ARG_STRUCT, DIR_IN, BYTES)
#define OUT(NAME, BYTES)       POINTED(NAME, ARG_STRUCT, DIR_OUT, BYTES)
#define INOUT(NAME, BYTES)     POINTED(NAME, ARG_STRUCT, DIR_INOUT, BYTES)
#define IN_N(NAME, BY, UNIT)   COUNTED(NAME, ARG_STRUCT, DIR_IN, EXTENT_ARG, BY, UNIT)
#define OUT_N(NAME, BY, UNIT)  COUNTED(NAME, ARG_STRUCT, DIR_OUT, EXTENT_ARG, BY, UNIT)
#define INOUT_N(NAME, BY, UNIT) COUNTED(NAME, ARG_STRUCT, DIR_INOUT, EXTENT_ARG, BY, UNIT)
#define IN_BYTES(NAME, BY)     COUNTED(NAME, ARG_BUFFER, DIR_IN, EXTENT_ARG, BY, 1)
#define OUT_BYTES(NAME, BY)    COUNTED(NAME, ARG_BUFFER, DIR_OUT, EXTENT_RESULT, BY, 1)

/* --- structures with printed members --- */
#define IN_INT(NAME)           POINTED(NAME, ARG_INT_AT, DIR_IN, 4)
#define OUT_INT(NAME)          POINTED(NAME, ARG_INT_AT, DIR_OUT, 4)
#define INOUT_INT(NAME)        POINTED(NAME, ARG_INT_AT, DIR_INOUT, 4)
#define OUT_INT_PAIR(NAME)     POINTED(NAME, ARG_INT_PAIR, DIR_OUT, 8)
#define IN_TIMESPEC(NAME)      POINTED(NAME, ARG_TIMESPEC, DIR_IN, 16)
#define OUT_TIMESPEC(NAME)     POINTED(NAME, ARG_TIMESPEC, DIR_OUT, 16)
#define INOUT_TIMESPEC(NAME)   POINTED(NAME, ARG_TIMESPEC, DIR_INOUT, 16)
#define IN_TIMEVAL(NAME)       POINTED(NAME, ARG_TIMEVAL, DIR_IN, 16)
#define OUT_TIMEVAL(NAME)      POINTED(NAME, ARG_TIMEVAL, DIR_OUT, 16)
#define INOUT_TIMEVAL(NAME)    POINTED(NAME, ARG_TIMEVAL, DIR_INOUT, 16)
#define OUT_STAT(NAME)         POINTED(NAME, ARG_STAT, DIR_OUT, 144)

/* --- structures with pointers: sys_name checks these --- */
#define STRINGS(NAME)          { .name = #NAME, .type = ARG_STRINGS, .direction = DIR_IN, .extent = EXTENT_NESTED }
#define ENVIRONMENT(NAME)      { .name = #NAME, .type = ARG_ENVIRONMENT, .direction = DIR_IN, .extent = EXTENT_NESTED }
#define NESTED_IN(NAME)        { .name = #NAME, .type = ARG_STRUCT, .direction = DIR_IN, .extent = EXTENT_NESTED }
#define IN_VECTOR(NAME, BY)    COUNTED(NAME, ARG_STRUCT, DIR_IN, EXTENT_VECTOR, BY, 16)
#define OUT_VECTOR(NAME, BY)   COUNTED(NAME, ARG_STRUCT, DIR_OUT, EXTENT_VECTOR, BY, 16)
#define IN_MESSAGE(NAME)       POINTED_MESSAGE(NAME, DIR_IN)
#define OUT_MESSAGE(NAME)      POINTED_MESSAGE(NAME, DIR_OUT)
#define POINTED_MESSAGE(NAME, DIRECTION) { .name = #NAME, .type = ARG_STRUCT, .direction = DIRECTION, .extent = EXTENT_MESSAGE, .size = 56 }
#define IN_MESSAGES(NAME, BY)  COUNTED(NAME, ARG_STRUCT, DIR_IN, EXTENT_MESSAGES, BY, 64)
#define OUT_MESSAGES(NAME, BY) COUNTED(NAME, ARG_STRUCT, DIR_OUT, EXTENT_MESSAGES, BY, 64)
/* An iovec array in our memory; what it describes is in the memory of the process that the PID argument names. */
#define IN_REMOTE(NAME, BY)    COUNTED(NAME, ARG_ADDRESS, DIR_IN, EXTENT_REMOTE, BY, 16)
#define OUT_REMOTE(NAME, BY)   COUNTED(NAME, ARG_ADDRESS, DIR_OUT, EXTENT_REMOTE, BY, 16)
