/* What a saved program's file holds, for those who write it and those who read it. The file is like a recording that consists of the
 * effects which make the process out of nothing, one after the other:
 *
 *	CONFIG     JSON: "kind" is "saved"
 *	FIELDS     of each of enum saved_part but the last three, in this order
 *	PATH       of each of enum saved_path that there is
 *	MAPPING MAP WRITE...   for each mapping, by address
 *	FIELDS     of SAVED_TIMER, for each timer
 *	FILE       for each descriptor, by number
 *	ACTION     for each signal that has one
 *	TASK FIELDS(SAVED_THREAD) STATE VECTOR POLL...
 *	PENDING    for each signal that waits
 *	END        instructions executed
 */
#ifndef TICK86_EMU_TRACE_SAVED_H
#define TICK86_EMU_TRACE_SAVED_H

#include <sys/resource.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/time/timer.h"
#include "emu/trace/fields.h"
#include "emu/trace/format.h"

/* ORDER: FIELDS' `of` in the file. */
enum saved_part { SAVED_RUN, SAVED_CLOCK, SAVED_PROCESS, SAVED_SPACE, SAVED_TIMER, SAVED_THREAD, SAVED_PARTS };

/* ORDER: PATH's `which`. */
enum saved_path { SAVED_EXE, SAVED_DIRECTORY, SAVED_COMMAND, SAVED_SYSROOT, SAVED_PATHS };

/* ORDER: FILE's `type`. `other` is the descriptor that has the same open file, or the timer; `detail` the size of a file. */
enum saved_file { SAVED_REGULAR, SAVED_FOLDER, SAVED_DEVICE, SAVED_INHERITED, SAVED_SAME, SAVED_TIMERFD, SAVED_FILES };

/* What does not lie in a structure of the process: options that it was run with, and what the host keeps for it. */
struct saved_run {
	uint32_t mode;           /* enum tk_mode, as are the next ones of the run's configuration */
	uint32_t vcpus;
	uint64_t seed, rate_num, rate_den;
	int32_t pin;
	uint8_t msr_allow, pvclock;
	uint32_t pid;
	uint32_t ids;            /* tree_ids */
	uint64_t clock_insns;
	int64_t monotonic_ns, real_ns; /* the program's clock and the host's CLOCK_REALTIME when it was saved */
	int64_t cpu_ns;          /* CLOCK_PROCESS_CPUTIME_ID */
	uint32_t umask;
	uint64_t limit[2 * RLIM_NLIMITS]; /* soft and hard */
};

struct saved_timer {
	struct timer timer;
	struct timer_run run;
	uint64_t unread;         /* a timerfd's */
};

/* By enum saved_part; NULL for the clock, whose fields timekeep knows. */
extern const struct field *const saved_fields[SAVED_PARTS];

#endif
