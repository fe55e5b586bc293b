/* Starting, running and ending a guest process. */
#ifndef TICK86_EMU_PROCESS_H
#define TICK86_EMU_PROCESS_H

#include "emu/linux/kernel/machine.h"

/* Why a program could not be started: exit status 127 or 126 and one line for people. */
struct load_error {
	int status;
	int error;       /* errno for execve(2) */
	char text[256];
};

/* A process with one thread, an empty address space and every signal at its default. In mode icount, and where the options say
 * one_at_a_time, the state of `clock` is moved to memory that its children will share. NULL without memory. process.c. */
struct process *process_create(struct options *options, const struct tk *clock);

/* Ends the host process as the wait(2) status says: exit, or death by the same signal. process.c. */
_Noreturn void process_die(struct process *process, int status);

/* Loads `path` (with its interpreter, or as a #! script) into the process's space, which must be empty, builds the stack and
 * sets the leader's registers. elf.c, stack.c. */
bool process_load(struct process *process, const char *path, char *const argv[], char *const envp[],
                  struct load_error *error);

/* Whether `path` can be loaded at all, with these strings, before execve gives up the old image: 0 or -errno. */
int process_check_executable(struct process *process, const char *path, char *const argv[], char *const envp[]);

/* Runs the process to its end: the scheduler. Returns its wait(2) status. loop.c. */
int process_run(struct process *process);

#endif
