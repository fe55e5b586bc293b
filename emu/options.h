/* What the command line says. */
#ifndef TICK86_EMU_OPTIONS_H
#define TICK86_EMU_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "timekeep/timekeep.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

enum { INJECTIONS_MAX = TK_MAX_INJECTIONS };

/* --tsc-skew, --tsc-drift, --tsc-jump, --clock-step: faults that a clock is given on purpose. */
struct injection {
	enum { INJECT_SKEW, INJECT_DRIFT, INJECT_JUMP, INJECT_WALL_STEP } kind;
	unsigned vcpu;
	int64_t at; /* virtual ns */
	int64_t by; /* ticks, ppm, or ns */
};

struct options {
	enum log_level log;
	const char *cpu;          /* --cpu */
	unsigned vcpus;           /* --cpus */
	uint64_t seed;            /* --seed */
	const char *sysroot;      /* -L, or NULL */
	const char *strace_path;  /* NULL: standard error */
	const char *stats_path;   /* the same */
	const char *trace_insns_path;
	bool strace, stats, trace_insns;
	bool record;              /* the command is `record` */
	const char *record_path;  /* -o, or NULL */
	uint64_t save_at;         /* --save-at, in instructions; UINT64_MAX: never */
	bool save_exit;           /* and exit then */
	int save_signal;          /* --save-signal, or 0 */
	const char *save_file;    /* --save-file; main.c makes it an absolute path */
	enum tk_away away;        /* restore: --policy */
	uint64_t host_khz;        /* restore: --host-khz, or 0 */
	bool status;              /* exit with 128 + N instead of dying of signal N */
	bool msr_allow;
	bool pvclock;
	bool one_at_a_time;       /* processes take turns, as they do under icount in any case (emu/linux/kernel/tree.h) */

	/* --hostile, for tests: sizes at which the emulator's own limits are met all the time; 0: as always */
	struct { uint64_t block_insns, arena_bytes, hot_after, budget; } hostile;
	bool interpret;           /* hot blocks get no code of their own (emu/block/chain.h) */

	struct tk_config clock;
	bool clock_given;         /* --clock or an option that implies a mode */
	bool epoch_given;
	bool sleep_given;         /* sleep=on or sleep=off */
	bool tsc_offset_given;
	int64_t tsc_offset;       /* ticks added to the host's TSC at the start */
	bool table_auto;          /* --tsc-table=auto: measured at the start */
	int64_t table[TK_MAX_HOST_CPUS];
	int pin;                  /* host CPU, or -1 */
	struct injection injection[INJECTIONS_MAX];
	unsigned injections;

	char **argv;              /* of the program, NULL-terminated; argv[0] is as it was typed. restore: the file */
	char **envp;              /* of the program; owned */
};

enum options_result { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_ERROR };

enum command { COMMAND_RUN, COMMAND_RECORD, COMMAND_RESTORE };

/* Reads the command line behind the command's name. On OPTIONS_ERROR `error` is one sentence: what is wrong, what is allowed. */
enum options_result options_parse(struct options *options, char **argv, enum command command, char *error, size_t error_size);
void options_help(FILE *out);
/* What --clock calls the mode. */
const char *options_mode_name(enum tk_mode mode);

/* One line on standard error, "tick86: ...", if the level is reached. `level` is the run's; kept in struct options. */
void log_line(const struct options *options, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
