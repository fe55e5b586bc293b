/* The vocabulary of the row lists in this directory. Included by emu/linux/run/table.c only.
 *
 *   RUN(CLASS, name, args...)     done by sys_name, which must exist
 *   QUICK(CLASS, name, args...)   the same, and syscall.h's `quick`
 *   PASS(name, args...)           done by the host's kernel
 *   PASS_FD(name, args...)        the same, and its result is a new descriptor
 *   REFUSE(name, ERRNO, args...)  refused with this errno and a log line
 *
 * An argument is one of the macros below, in the order of the registers. IN, OUT and INOUT say which way the bytes go;
 * `by` is the number (0 to 5) of the argument that counts them. */

#define INT(NAME)              {#NAME, ARG_INT, 0, 0, 0, 0, NULL}
#define UINT(NAME)             {#NAME, ARG_UINT, 0, 0, 0, 0, NULL}
#define HEX(NAME)              {#NAME, ARG_HEX, 0, 0, 0, 0, NULL}
#define SIZE(NAME)             {#NAME, ARG_SIZE, 0, 0, 0, 0, NULL}
#define FD(NAME)               {#NAME, ARG_FD, 0, 0, 0, 0, NULL}
#define DIRFD(NAME)            {#NAME, ARG_DIRFD, 0, 0, 0, 0, NULL}
#define ADDRESS(NAME)          {#NAME, ARG_ADDRESS, 0, 0, 0, 0, NULL}
#define MODE(NAME)             {#NAME, ARG_MODE, 0, 0, 0, 0, NULL}
#define SIGNAL(NAME)           {#NAME, ARG_SIGNAL, 0, 0, 0, 0, NULL}
#define PID(NAME)              {#NAME, ARG_PID, 0, 0, 0, 0, NULL}
#define FLAGS(NAME, WORDS)     {#NAME, ARG_FLAGS, 0, 0, 0, 0, WORDS}
#define ENUM(NAME, WORDS)      {#NAME, ARG_ENUM, 0, 0, 0, 0, WORDS}
#define PATH(NAME)             {#NAME, ARG_PATH, DIR_IN, EXTENT_STRING, 0, 1, NULL}
#define STRING(NAME)           {#NAME, ARG_STRING, DIR_IN, EXTENT_STRING, 0, 1, NULL}
#define IN(NAME, BYTES)        {#NAME, ARG_STRUCT, DIR_IN, EXTENT_FIXED, 0, BYTES, NULL}
#define OUT(NAME, BYTES)       {#NAME, ARG_STRUCT, DIR_OUT, EXTENT_FIXED, 0, BYTES, NULL}
#define INOUT(NAME, BYTES)     {#NAME, ARG_STRUCT, DIR_INOUT, EXTENT_FIXED, 0, BYTES, NULL}
#define IN_N(NAME, BY, UNIT)   {#NAME, ARG_STRUCT, DIR_IN, EXTENT_ARG, BY, UNIT, NULL}
#define OUT_N(NAME, BY, UNIT)  {#NAME, ARG_STRUCT, DIR_OUT, EXTENT_ARG, BY, UNIT, NULL}
#define INOUT_N(NAME, BY, UNIT) {#NAME, ARG_STRUCT, DIR_INOUT, EXTENT_ARG, BY, UNIT, NULL}
#define IN_BYTES(NAME, BY)     {#NAME, ARG_BUFFER, DIR_IN, EXTENT_ARG, BY, 1, NULL}
#define OUT_BYTES(NAME, BY)    {#NAME, ARG_BUFFER, DIR_OUT, EXTENT_RESULT, BY, 1, NULL}
#define NESTED_IN(NAME)        {#NAME, ARG_STRUCT, DIR_IN, EXTENT_SPECIAL, 0, 0, NULL}
#define NESTED_OUT(NAME)       {#NAME, ARG_STRUCT, DIR_OUT, EXTENT_SPECIAL, 0, 0, NULL}
