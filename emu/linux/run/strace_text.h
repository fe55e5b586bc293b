/* The words of strace, for whoever prints system calls: a program that runs, or one that was recorded. */
#ifndef TICK86_EMU_STRACE_TEXT_H
#define TICK86_EMU_STRACE_TEXT_H

#include "emu/linux/rows/syscall.h"

struct strace_line {
	bool on;
	bool whole;     /* the arguments are there already: the call ends what they point at */
	size_t length;
	char text[1024];
};

/* What the arguments point at. */
struct strace_memory {
	void *of;
	/* False: not all of it can be read. */
	bool (*read)(void *of, uint64_t address, void *to, size_t size);
	/* The string's length, -EFAULT, or -ENAMETOOLONG if no NUL is among the first `size` bytes, which are read. */
	int64_t (*read_string)(void *of, uint64_t address, char *to, size_t size);
};

/* Each appends to the line, which is cut where it is full. */
void strace_put(struct strace_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The bytes in quotes; with `more`, dots say that others follow. */
void strace_put_quoted(struct strace_line *line, const uint8_t *bytes, size_t length, bool more);
void strace_put_signal(struct strace_line *line, int number);
/* "name(". `row` is NULL for an unknown system call, here and below: then its arguments too. */
void strace_put_name(struct strace_line *line, const struct syscall_row *row, uint64_t number, const uint64_t arg[6]);
/* The arguments and ")". */
void strace_put_arguments(struct strace_line *line, const struct strace_memory *memory, const struct syscall_row *row,
                          const uint64_t arg[6], int64_t result);
/* "= ", in strace's column; and what follows it. */
void strace_put_gap(struct strace_line *line);
void strace_put_outcome(struct strace_line *line, const struct syscall_row *row, int64_t result);
/* How a process ended, by its wait(2) status. */
void strace_put_death(struct strace_line *line, int status);

/* Whether what the arguments point at is gone when the call has been made. */
bool strace_destroys_arguments(const struct syscall_row *row);

#endif
