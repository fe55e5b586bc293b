/* The options of a run. */
#ifndef TICK86_EMU_OPTIONS_H
#define TICK86_EMU_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "timekeep/timekeep.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

enum { INJECTIONS_MAX = TK_MAX_INJECTIONS };

/* --tsc-skew, --tsc-drift, --tsc-jump, --clock-step: faults that are injected into the clock. */
struct injection {
	enum { INJECT_SKEW, INJECT_DRIFT, INJECT_JUMP, INJECT_WALL_STEP } kind;
	unsigned vcpu;
	int64_t at; /* virtual time in ns */
	int64_t by; /* ticks, ppm, or ns */
};

struct options {
	enum log_level log;
	const char *cpu;         /* --cpu */
	unsigned vcpus;          /* --cpus */
	uint64_t seed;           /* --seed */
	const char *sysroot;     /* -L; NULL: none */
	const char *strace_path; /* NULL: standard error */
	const char *stats_path;  /* the same */
	const char *trace_insns_path;
	const char *dump_code_path;
	bool strace, stats, trace_insns, dump_code;
	bool record;             /* the command is `record` */
	const char *record_path; /* -o; NULL: chosen by the program's name */
	uint64_t save_at;        /* --save-at, in instructions; UINT64_MAX: never */
	bool save_exit;          /* exit after saving */
	int save_signal;         /* --save-signal; 0: none */
	const char *save_file;   /* --save-file; main.c makes it an absolute path */
	enum tk_away away;       /* restore: --policy */
	uint64_t host_khz;       /* restore: --host-khz; 0: not given */
	bool status;             /* exit with 128 + N instead of dying of signal N */
	bool msr_allow;
	bool pvclock;
	bool one_at_a_time; /* processes take turns; in mode icount they always do (emu/linux/kernel/tree.h) */

	/* --hostile, for tests: tiny limits, which are reached all the time; 0: the normal ones */
	struct {
		uint64_t block_insns, arena_bytes, hot_after, budget, code_bytes, unlinked, wrong;
	} hostile;
	bool interpret; /* nothing is translated (emu/translate) */
	bool verify;    /* --verify */

	struct tk_config clock;
	bool clock_given; /* --clock was given, or an option that implies a mode */
	bool epoch_given;
	bool sleep_given; /* sleep=on or sleep=off was given */
	bool tsc_offset_given;
	int64_t tsc_offset; /* ticks to add to the host's TSC at the start */
	bool table_auto;    /* --tsc-table=auto: measured at the start */
	int64_t table[TK_MAX_HOST_CPUS];
	int pin; /* the host CPU; -1: none */
	struct injection injection[INJECTIONS_MAX];
	unsigned injections;

	char **argv; /* the program's, NULL-terminated; argv[0] as it was typed. restore: the file */
	char **envp; /* the program's; owned */
};

enum options_result { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_ERROR };

enum command { COMMAND_RUN, COMMAND_RECORD, COMMAND_RESTORE };

/* Reads the command line after the command's name. On OPTIONS_ERROR `error` is one sentence: what is wrong and what is allowed. */
enum options_result options_parse(struct options *options, char **argv, enum command command, char *error, size_t error_size);
void options_help(FILE *out);
/* Returns the mode's name for --clock. */
const char *options_mode_name(enum tk_mode mode);

/* Prints one line on standard error, "tick86: ...", if `level` is within the level in the options. */
void log_line(const struct options *options, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
