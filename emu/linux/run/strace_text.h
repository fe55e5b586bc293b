/* System calls in strace's form, for a running program and for a recorded one. */
#ifndef TICK86_EMU_STRACE_TEXT_H
#define TICK86_EMU_STRACE_TEXT_H

#include "emu/linux/rows/syscall.h"

struct strace_line {
	bool on;
	bool whole; /* the arguments were already printed before the call, which destroys them */
	size_t length;
	char text[1024];
};

/* Reads the memory that arguments point to. */
struct strace_memory {
	void *of;
	/* Returns false if part of it cannot be read. */
	bool (*read)(void *of, uint64_t address, void *to, size_t size);
	/* Reads a string into `size` bytes. Returns its length, -EFAULT, or -ENAMETOOLONG if there is no NUL in `size` bytes, which are
	 * read. */
	int64_t (*read_string)(void *of, uint64_t address, char *to, size_t size);
};

/* These append to the line, which is cut when it is full. */
void strace_put(struct strace_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends the bytes in quotes; with `more`, dots show that others follow. */
void strace_put_quoted(struct strace_line *line, const uint8_t *bytes, size_t length, bool more);
void strace_put_signal(struct strace_line *line, int number);
/* Appends "name(". `row` is NULL for an unknown system call, here and below; then no arguments are printed. */
void strace_put_name(struct strace_line *line, const struct syscall_row *row, uint64_t number, const uint64_t arg[6]);
/* Appends the arguments and ")". */
void strace_put_arguments(struct strace_line *line, const struct strace_memory *memory, const struct syscall_row *row,
	const uint64_t arg[6], int64_t result);
/* strace_put_gap appends "= " in strace's column, strace_put_result what follows it. */
void strace_put_gap(struct strace_line *line);
void strace_put_outcome(struct strace_line *line, const struct syscall_row *row, int64_t result);
/* Appends how a process ended, by its wait(2) status. */
void strace_put_death(struct strace_line *line, int status);

/* Returns true if the call destroys the memory that its arguments point to. */
bool strace_destroys_arguments(const struct syscall_row *row);

#endif
