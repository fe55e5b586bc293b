/* The options of a run. */
#ifndef TICK86_EMU_OPTIONS_H
#define TICK86_EMU_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "emu/command_line.h"
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
	bool epoch_relative; /* clock.epoch_ns is to be added to the time at which the clock would start otherwise */
	bool sleep_given;    /* sleep=on or sleep=off was given */
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

/* Reads the command line of run, record or restore behind the command's name. Returns false if there is nothing to run, because help or the
 * version was asked for, or after one line about what is wrong; `status` is then the exit status. */
bool options_parse(struct options *options, const struct command_row *command, char **argv, int *status);

/* The options of a run that tick86 begins; of saving; of restoring; of reports; of recording. */
extern const struct option_row clock_option_rows[], run_option_rows[];     /* options_clock.c, options.c */
extern const struct option_row save_option_rows[], restore_option_rows[];  /* options_save.c */
extern const struct option_row report_option_rows[], record_option_rows[]; /* options.c */

/* Returns the mode's name for --clock. */
const char *options_mode_name(enum tk_mode mode);

/* From now on, control characters in messages ("tick86: ...") on standard error are escaped: names come from command lines and files. */
void log_escapes(void);
/* Prints one line on standard error, "tick86: ...", if `level` is within the level in the options. */
void log_line(const struct options *options, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
