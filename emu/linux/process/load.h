/* Loading a program: the functions of elf.c, exec.c and stack.c. */
#ifndef TICK86_EMU_LOAD_H
#define TICK86_EMU_LOAD_H

#include <elf.h>
#include <limits.h>
#include <stdarg.h>

#include "emu/linux/kernel/machine.h"

/* Why a program could not be started: exit status 127 or 126, and one line for the user. */
struct load_error {
	int status;
	int error; /* errno for execve(2) */
	char text[256];
};

/* An ELF file whose headers were read and checked. */
struct elf {
	const char *path; /* for messages; not owned */
	int fd;
	uint64_t file_size;
	Elf64_Ehdr header;
	Elf64_Phdr *segment;        /* header.e_phnum elements; owned */
	char interpreter[PATH_MAX]; /* from PT_INTERP; may be empty */
	bool executable_stack;
};

/* Where it was mapped. */
struct elf_place {
	uint64_t base; /* added to the file's addresses */
	uint64_t entry;
	uint64_t headers; /* address of the program headers in memory, or 0 */
	uint64_t end;     /* end of the last segment with its bss; the heap begins above it */
};

/* Fills in `error` and returns false, for `return load_fail(...)`. */
bool load_fail(struct load_error *error, int number, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Reads and checks the headers. `interpreter`: the file is an interpreter, so errors in it are ELIBBAD. */
bool elf_open(struct elf *elf, int fd, const char *path, bool interpreter, struct load_error *error);
void elf_close(struct elf *elf);
/* Maps the segments. A position-independent file is mapped at `base`, or if that is 0, where there is room. */
bool elf_map(const struct elf *elf, struct space *space, uint64_t base, struct elf_place *place, struct load_error *error);

/* Maps the vDSO, and where the kernel has the pages that its own reads, mappings of their sizes. Returns the vDSO's address or -errno.
 * vdso.c. */
int64_t vdso_map(struct space *space);

/* The facts about the program that its first stack holds. */
struct start {
	char *const *argv;
	char *const *envp;
	const char *execfn; /* the path that was passed to execve(2) */
	const struct elf *elf;
	struct elf_place program;
	uint64_t interpreter_base; /* 0: no interpreter */
	uint64_t vdso;
};

/* Returns true if a new program's stack can hold the strings of `start` (argv, envp, execfn) under the process's limit. stack.c. */
bool stack_can_hold(const struct process *process, const struct start *start);
/* Maps the stack, fills it with strings, pointers and auxv, and sets their addresses in the process. Returns the stack pointer, or 0
 * with `error` filled in. stack.c. */
uint64_t stack_build(struct process *process, const struct start *start, struct load_error *error);

/* Loads `path` (with its interpreter, or as a #! script) into the process's space, which must be empty, builds the stack, and sets the
 * leader's registers. exec.c. */
bool process_load(struct process *process, const char *path, char *const argv[], char *const envp[], struct load_error *error);

/* Changes the caller's credentials as execve(2) does for a program whose file gives none. privileges.c. */
void privileges_at_exec(void);
/* Called before execve gives up the old image: checks that `path` can be loaded with these strings. Returns 0 or -errno. */
int process_check_executable(struct process *process, const char *path, char *const argv[], char *const envp[]);

#endif
