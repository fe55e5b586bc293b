/* What the command line says. */
#ifndef TICK86_EMU_OPTIONS_H
#define TICK86_EMU_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

struct options {
	enum log_level log;
	const char *cpu;          /* --cpu */
	unsigned vcpus;           /* --cpus */
	uint64_t seed;            /* --seed */
	const char *sysroot;      /* -L, or NULL */
	const char *strace_path;  /* NULL: none; "-": standard error */
	const char *stats_path;   /* the same */
	const char *trace_insns_path;
	bool strace, stats, trace_insns;
	bool status;              /* exit with 128 + N instead of dying of signal N */
	bool msr_allow;
};

/* One line on standard error, "tick86: ...", if the level is reached. `level` is the run's; kept in struct options. */
void log_line(const struct options *options, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
