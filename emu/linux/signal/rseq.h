/* Restartable sequences, rseq(2). The thread's memory tells it on which vCPU it runs. Its critical section is aborted if another thread
 * has run meanwhile, if the thread has changed its vCPU, or if a signal handler is to run. Rules: kernel/rseq.c and
 * include/uapi/linux/rseq.h of Linux 6.18. */
#ifndef TICK86_EMU_RSEQ_H
#define TICK86_EMU_RSEQ_H

#include "emu/linux/kernel/machine.h"

/* For the auxiliary vector: where the last member of struct rseq ends, and its alignment. */
enum { RSEQ_FEATURE_SIZE = 28, RSEQ_ALIGN = 32 };

/* Called before the thread's code runs again, or a handler's frame is made. Sets RIP to the abort handler if the thread is in a critical
 * section, and updates the vCPU in its memory. Returns false if that is impossible: the thread gets SIGSEGV. Does nothing without a
 * registration. */
bool rseq_resume(struct task *task);

#endif
