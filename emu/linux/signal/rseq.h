/* Restartable sequences, rseq(2): a thread is told on which vCPU it runs, and its critical section, if it is in one, is aborted when
 * another thread has run in its place, when it has changed its vCPU, or when a signal's handler is to run. Rules: kernel/rseq.c and
 * include/uapi/linux/rseq.h of Linux 6.18. */
#ifndef TICK86_EMU_RSEQ_H
#define TICK86_EMU_RSEQ_H

#include "emu/linux/kernel/machine.h"

/* What the auxiliary vector says of struct rseq: where its last member ends, and its alignment. */
enum { RSEQ_FEATURE_SIZE = 28, RSEQ_ALIGN = 32 };

/* Before the thread's code runs again, or a handler's frame is made: RIP goes to the abort handler of the critical section, and the
 * thread's memory says on which vCPU it is. False: it cannot be done, and the thread gets SIGSEGV. Without registration no effect. */
bool rseq_resume(struct task *task);

#endif
