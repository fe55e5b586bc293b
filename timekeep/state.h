/* The state of a clock, and the functions that its parts offer each other. Not for users of the
 * library. */
#ifndef TIMEKEEP_STATE_H
#define TIMEKEEP_STATE_H

#include <x86intrin.h>

#include "timekeep/arith.h"
#include "timekeep/timekeep.h"

#define TK_MAGIC UINT64_C(0x6b65657074696d65)
#define TK_FORMAT 2

/* value = value0 + (insns - insns0) * num / den: ns in mode icount, ticks under the apparent
 * policy. */
struct line {
	uint64_t insns0;
	uint64_t value0;
	uint64_t num;
	uint64_t den;
	uint32_t shift; /* den = 1 << shift if `binary` */
	uint32_t binary;
};

/* A fast path from H to time, for when the formula alone decides and no guard, fault or switch
 * interferes. It holds while H is within `within` ticks of its value at the last look; within =
 * 0: time must be read the long way.
 * Virtual time is ns0 + ((eff - eff0) * 10^6 + rest) / guest_khz. */
struct direct {
	uint64_t within;
	uint64_t eff0;
	uint64_t rest;
	uint64_t per_khz; /* 2^64 / guest_khz */
	int64_t ns0;
};

/* Keeps a line at a target that moves with real time: see control.c. */
struct control {
	uint64_t insns;    /* when it was last run */
	int64_t real;      /* the target then */
	uint64_t per_insn; /* target units for each instruction as last measured, in 2^-32 */
	uint64_t measured_insns;
	int64_t measured_real;
};

struct timer {
	int64_t deadline;
	uint64_t id;
};

struct injection {
	int64_t at;
	int64_t delta;
	uint32_t wall; /* steps CLOCK_REALTIME alone */
	uint32_t pad;
};

struct vcpu {
	uint64_t offset; /* G = eff + offset */
	uint64_t adjust;
	uint64_t mperf, aperf; /* added to eff */
	uint64_t tsc_deadline;
	uint64_t pv_system; /* MSR 12H as written */
	uint64_t generation;
	int64_t skew;
	int64_t drift_ppm;
	struct tk_pvclock pv; /* the page as last refreshed */
	uint32_t aux;
	uint32_t host_written; /* since the last restore */
};

/* The last TSC write by the host, and the generation that the next write may join. */
struct sync_state {
	uint64_t value;
	int64_t ns;
	uint64_t offset;
	uint64_t generation;
	uint32_t have_last;
	uint32_t pad;
};

struct timekeep {
	struct tk_stretch stretch; /* first: tk_rdtsc_quick */
	uint64_t magic;
	uint32_t format;
	uint32_t size;

	/* fixed at creation; same order: enum tk_mode, tk_guard, tk_sync, tk_policy, tk_rate */
	uint32_t mode, guard, sync, policy, rate;
	uint32_t traps;
	uint32_t vcpus;
	uint32_t vcpus_per_node;
	uint32_t sleep_off, align;
	uint64_t guest_khz;
	uint64_t tsc_start;
	uint64_t rate_num, rate_den; /* the speed of all clocks, relative to real time */

	/* the host's side: eff = ((H + table) * mult >> 48) + bias */
	uint64_t host_khz;
	uint64_t mult;
	uint64_t bias;
	uint32_t host_stable;
	uint32_t host_seen; /* last_* hold a reading */
	uint64_t last_tsc;
	uint64_t last_eff;
	int64_t last_ns;
	struct tk_stats stats;

	/* guest time */
	uint64_t eff_base;   /* eff at creation: virtual time 0 */
	int64_t wall_offset; /* CLOCK_REALTIME - virtual time */
	uint64_t wall_generation;
	uint32_t stopped;
	uint32_t quirks; /* some vCPU has a skew or a drift */
	uint64_t stopped_eff;
	uint64_t incarnation;
	int64_t saved_wall;   /* in an image: the host's CLOCK_REALTIME */
	uint64_t saved_insns; /* and the instructions executed */

	/* real time: real_base + (host monotonic - real_host) * rate, frozen while stopped */
	int64_t real_base;
	int64_t real_host;
	int64_t real_seen; /* host monotonic when it was last looked at */

	/* instructions to time */
	struct line line;
	struct direct direct;
	struct control control;
	uint32_t idle; /* between tk_idle_begin and tk_idle_end */
	uint32_t injections;
	int64_t idle_real;      /* real time then */
	uint64_t idle_eff;      /* host's eff then (apparent) */
	int64_t next_injection; /* TK_NEVER: none is pending */

	struct sync_state last_write;
	uint64_t pv_wall; /* MSR 11H as written */
	uint32_t pv_wall_version;
	uint32_t timers;
	struct injection injection[TK_MAX_INJECTIONS];
	struct timer timer[TK_MAX_TIMERS];
	struct vcpu vcpu[TK_MAX_VCPUS];
	int64_t table[TK_MAX_HOST_CPUS];
};

/* config.c: builds everything that needs no look at the host, so that a trace may begin without
 * `create` (then G = H). */
int clock_setup(const struct tk *tk, const struct tk_config *config, char *error, size_t error_size);
/* The first look at the host. clock_begin: every vCPU's TSC is tsc_start now.
 * clock_begin_native: G = H. */
void clock_begin(const struct tk *tk);
void clock_begin_native(const struct tk *tk);
/* Returns `mult` for a host whose TSC runs at `host_khz`, or 0 if it would be 0 or not fit in 63
 * bits. Only mode offset scales. */
uint64_t scale_factor(const struct timekeep *s, uint64_t host_khz);
bool ticks_are_stable(enum tk_mode mode, const struct tk_host *host);
int refuse(char *error, size_t error_size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* host.c: saves and restores the thread's affinity around work that pins. */
struct affinity {
	unsigned char mask[TK_MAX_HOST_CPUS / 8];
	bool known;
};

/* The CPUs that the thread may use. `known` is false if the host cannot tell; then restoring
 * does nothing. */
struct affinity affinity_now(const struct tk_host *host);
void affinity_restore(const struct tk_host *host, struct affinity affinity);

/* host_side.c: from the host's TSC to eff. `step` is 1 for a TSC read (the strict guard then
 * moves on by one), 0 for any other look at the time. */
uint64_t host_eff(const struct tk *tk, unsigned step);
static inline uint64_t host_tsc(const struct tk_host *host)
{
	uint32_t cpu;

	return host->is_rdtsc ? __rdtsc() : host->tsc(host->ctx, &cpu);
}

/* host_resume: ticks go on from `eff`, whatever the host's TSC shows. host_ns: the host's
 * monotonic clock. real_now: that clock without the times in which the guest was stopped, at the
 * clock's rate. */
void host_resume(const struct tk *tk, uint64_t eff);
int64_t host_ns(const struct tk *tk);
int64_t real_now(const struct tk *tk);
void real_resume(const struct tk *tk); /* real time goes on from real_base */

/* clock.c: one look at the time. In mode host `eff` is H. */
struct moment {
	uint64_t eff;
	int64_t ns; /* virtual */
};

/* now() looks once and returns both values; now_eff() and now_ns() return one of them. vcpu_tsc:
 * what RDTSC returns when the ticks are `eff`. */
struct moment now(const struct tk *tk, uint64_t insns);
uint64_t now_eff(const struct tk *tk, uint64_t insns);
int64_t now_ns(const struct tk *tk, uint64_t insns);
uint64_t vcpu_tsc(const struct timekeep *s, unsigned vcpu, uint64_t eff);
int64_t eff_to_ns(const struct timekeep *s, uint64_t eff);
uint64_t ns_to_ticks(const struct timekeep *s, int64_t ns);

/* Returns true if the guest's TSC freezes while the guest is stopped. A guest that reads the host's
 * own TSC sees it run on. */
static inline bool stands_still(const struct timekeep *s)
{
	return s->mode == TK_OFFSET && s->traps & TK_OFFSETTING;
}

/* Returns true if mode icount reads real time: with sleep=on. Rate auto and align=on need
 * sleep=on. */
static inline bool follows_real(const struct timekeep *s)
{
	return s->mode == TK_ICOUNT && !s->sleep_off;
}

/* inject.c: applies the faults that are due at virtual time `ns`. Returns by how many ns the
 * clocks jump. */
int64_t inject_due(struct timekeep *s, int64_t ns);

/* msr.c: the vCPU's TSC was moved by `ticks`. */
void tsc_moved(const struct tk *tk, unsigned vcpu, uint64_t insns, uint64_t ticks);
void tsc_deadline_fired(struct timekeep *s, uint64_t id);

/* To be called when anything changes that the fast ways of reading time rely on. */
static inline void read_the_long_way(struct timekeep *s)
{
	s->stretch.length = 0;
	s->direct.within = 0;
}

/* line.c */
void line_set(struct timekeep *s, struct line line);
void line_move(struct timekeep *s, uint64_t by);
struct line line_at(uint64_t insns, uint64_t value, uint64_t num, uint64_t den);
uint64_t line_insns_until(const struct line *line, uint64_t insns, uint64_t value);

/* control.c */
void control_start(struct control *control, uint64_t insns, int64_t real, uint64_t per_insn);
uint64_t control_run(struct control *control, uint64_t insns, int64_t value, int64_t real, int64_t shortest, uint64_t slowest,
	uint64_t fastest);

static inline uint64_t line_value(const struct line *line, uint64_t insns)
{
	uint128 product = (uint128)(insns - line->insns0) * line->num;

	return line->value0 + (line->binary ? (uint64_t)(product >> line->shift) : (uint64_t)(product / line->den));
}

#endif
