/* A process that shares all memory of the one that makes it, and stops that one's threads with ptrace(2) to look at them, as LeakSanitizer
 * makes it. Here it is a thread of the process, with an id, signal handlers and an end of its own. */
#ifndef TICK86_EMU_TRACER_H
#define TICK86_EMU_TRACER_H

#include "emu/linux/kernel/machine.h"
#include "emu/linux/process/thread.h"

/* Returns true for a clone(2) that makes one: memory, files and directory shared, and no signal at its end. */
bool tracer_wanted(const struct clone_request *request);
/* Makes it. Returns its id or -errno. */
int64_t tracer_clone(struct task *task, const struct clone_request *request);
/* exit(2) and exit_group(2) by a tracer, with a status in wait(2)'s format: the threads that it has stopped go on. */
void tracer_exit(struct task *task, int status);
/* wait4(2) for a thread that the caller has stopped, or for a tracer. Sets `is_one` if arg[0] names one; the result is then the call's. */
int64_t tracer_wait(struct task *task, const uint64_t arg[6], bool *is_one);

#endif
