/* The content of a saved program's file, for writer and reader. The file is a recording of a special kind: its effects build the process
 * from nothing, in this order:
 *     CONFIG     JSON: "kind" is "saved"
 *     FIELDS     of each of enum saved_part but the last three, in this order
 *     PATH       of each of enum saved_path that there is
 *     MAPPING MAP WRITE...   for each mapping, by address
 *     FIELDS     of SAVED_TIMER, for each timer
 *     FILE       for each descriptor, by number
 *     ACTION     for each signal that has one
 *     TASK FIELDS(SAVED_THREAD) STATE VECTOR POLL...
 *     PENDING    for each signal that waits
 *     END        instructions executed */
#ifndef TICK86_EMU_TRACE_SAVED_H
#define TICK86_EMU_TRACE_SAVED_H

#include <sys/resource.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/time/timer.h"
#include "emu/trace/fields.h"
#include "emu/trace/format.h"

/* ORDER: the field `of` of FIELDS. */
enum saved_part { SAVED_RUN, SAVED_CLOCK, SAVED_PROCESS, SAVED_SPACE, SAVED_TIMER, SAVED_THREAD, SAVED_PARTS };

/* ORDER: the field `which` of PATH. */
enum saved_path { SAVED_EXE, SAVED_DIRECTORY, SAVED_COMMAND, SAVED_SYSROOT, SAVED_PATHS };

/* ORDER: the field `type` of FILE. `other` is the descriptor that shares the open file, or the timer's id; `detail` is the size of a
 * file in bytes. */
enum saved_file { SAVED_REGULAR, SAVED_FOLDER, SAVED_DEVICE, SAVED_INHERITED, SAVED_SAME, SAVED_TIMERFD, SAVED_FILES };

/* State that is in no structure of the process: options of the run, and what the host keeps for the process. */
struct saved_run {
	uint32_t mode; /* enum tk_mode; the following are also parts of the clock's configuration */
	uint32_t vcpus;
	uint64_t seed, rate_num, rate_den;
	int32_t pin;
	uint8_t msr_allow, pvclock;
	uint32_t pid;
	uint32_t ids; /* see tree_ids */
	uint64_t clock_insns;
	int64_t monotonic_ns, real_ns; /* the program's clock and the host's CLOCK_REALTIME when it was saved */
	int64_t cpu_ns;                /* CLOCK_PROCESS_CPUTIME_ID */
	uint32_t umask;
	uint64_t limit[2 * RLIM_NLIMITS]; /* soft and hard */
};

struct saved_timer {
	struct timer timer;
	struct timer_run run;
	uint64_t unread; /* for a timerfd */
};

/* Indexed by enum saved_part. NULL for the clock, whose fields timekeep knows. */
extern const struct field *const saved_fields[SAVED_PARTS];

#endif
