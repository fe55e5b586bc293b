/*
 * timekeep: one virtual clock under everything that a guest can see. This header is the manual.
 *
 * The library knows no emulator. Its caller counts instructions, asks for times, waits; its host
 * (time stamp counter, clocks, sleep) is a table of functions, so that a scripted host can
 * replay any machine, however broken.
 *
 *	struct tk clock = { malloc(tk_size()), tk_host_linux() };
 *	struct tk_config config = tk_config_default();
 *	char error[200];
 *
 *	config.mode = TK_ICOUNT;
 *	if (tk_create(&clock, &config, error, sizeof(error)))
 *		fprintf(stderr, "%s\n", error);
 *	tsc = tk_rdtsc(&clock, vcpu, instructions_executed);
 *
 * Words. H is a host TSC reading, G a guest's, khz a TSC frequency in kHz; a vCPU is a virtual
 * CPU, a host CPU a real one. Times are nanoseconds in int64_t; "virtual" ones are the guest's
 * CLOCK_MONOTONIC. `insns` is always the exact number of guest instructions executed so far by
 * all vCPUs together; it never decreases.
 *
 * The law: over any interval, the change of G / khz equals the change of virtual CLOCK_MONOTONIC
 * to within a tick, in every mode but `host` (where both are the host's own), unless a fault was
 * injected to break it.
 *
 * Calls on one clock must not overlap. None allocates, locks, or keeps static state. `vcpu` must
 * be less than the configured number wherever the text does not name an error for it.
 */
#ifndef TIMEKEEP_H
#define TIMEKEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TK_MAX_VCPUS 64
#define TK_MAX_TIMERS 256
#define TK_MAX_HOST_CPUS 1024
#define TK_MAX_INJECTIONS 16
#define TK_MAX_SHIFT 10
#define TK_MAX_KHZ UINT32_MAX
#define TK_MAX_RATE 65536
#define TK_MAX_BUDGET (UINT64_C(1) << 28)
#define TK_NEVER INT64_MAX /* never: such a deadline is not armed, waited for, or jumped to */

/* --- the host and the handle --------------------------------------------------------------------- */

/* Clock ids as Linux numbers them (clock_gettime(2)). */
enum tk_clock_id {
	TK_REALTIME = 0,
	TK_MONOTONIC = 1,
	TK_MONOTONIC_RAW = 4,
	TK_REALTIME_COARSE = 5,
	TK_MONOTONIC_COARSE = 6,
	TK_BOOTTIME = 7,
	TK_REALTIME_ALARM = 8,
	TK_BOOTTIME_ALARM = 9,
	TK_TAI = 11,
};

/* The host under a clock. Only `tsc` and `clock` are required. Mode icount with a fixed rate
 * calls neither, except `clock` when it is saved and while it idles with sleep=on. */
struct tk_host {
	void *ctx;
	uint64_t (*tsc)(void *ctx, uint32_t *cpu); /* both from one RDTSCP, so they belong together */
	bool is_rdtsc;                             /* where no CPU number is wanted, RDTSC will do without a call */
	int64_t (*clock)(void *ctx, enum tk_clock_id id);
	void (*sleep)(void *ctx, int64_t ns); /* used by calibration only; NULL: no calibration */
	uint64_t (*khz)(void *ctx);           /* TSC frequency; NULL or 0: unknown */
	bool (*stable)(void *ctx);            /* invariant, synchronised TSC; NULL: yes */
	int (*pin)(void *ctx, int cpu);       /* to one host CPU; 0 or -1; NULL: cannot */
	/* Returns how many of the last `gap_ns` of CLOCK_MONOTONIC the host kept the caller stopped
	 * without notice (SIGSTOP from outside). Time stands still in them. Asked after more than a
	 * millisecond without a look at the clock. NULL: none. */
	int64_t (*stopped)(void *ctx, int64_t gap_ns);
	/* Reads or sets the host CPUs that may be used, one bit each, to undo a pin. Returns 0 or
	 * -1. NULL: pins stay. */
	int (*affinity)(void *ctx, unsigned char mask[TK_MAX_HOST_CPUS / 8], bool set);
};

/* The host we run on: RDTSCP, clock_gettime, CPUID 15H/16H/40000010H/80000007H,
 * sched_setaffinity. These functions ignore ctx, so a copy of the table may set ctx for its own
 * `stopped`. */
const struct tk_host *tk_host_linux(void);

/* A clock's state: tk_size() bytes of plain memory without pointers. It may live in a shared
 * mapping, be copied, and be saved. The handle that joins it to a host belongs to one process. */
struct timekeep;

struct tk {
	struct timekeep *state; /* the caller's memory, aligned to 8 */
	const struct tk_host *host;
};

/* Returns the size of a state in bytes. */
size_t tk_size(void);

/* --- configuration -------------------------------------------------------------------------------- */

enum tk_mode {
	TK_HOST,   /* G = H, read only; runs on while stopped */
	TK_OFFSET, /* G = ((H * mult) >> 48) + offset, mult = (guest_khz << 48) / host_khz */
	TK_ICOUNT, /* G = ns * guest_khz / 10^6, ns a function of the instructions executed */
};

/* Guards against a host that steps back, in mode offset. They work on eff = (((H + table[cpu]) *
 * mult) >> 48) + bias, once for all vCPUs, and a vCPU then reads G = eff + offset[vcpu]. */
enum tk_guard {
	TK_GUARD_NONE,    /* count and report */
	TK_GUARD_CLAMP,   /* raise bias until nothing steps back (QEMU); what it added returns as a forward leap */
	TK_GUARD_STRICT,  /* return at least last + 1, leave bias alone (Xen) */
	TK_GUARD_CATCHUP, /* where H is below the last H, resume where guest time stood, then catch up with the host's
			     monotonic clock, forwards only (KVM) */
	TK_GUARD_TABLE,   /* an offset for each host CPU, given or calibrated */
};

/* How a TSC write by the host (a restore makes one for each vCPU) is matched to the last one. */
enum tk_sync {
	TK_SYNC_1S,    /* within 1 s of cycles of the expected value, or 0 (KVM today) */
	TK_SYNC_2010,  /* within 5 s of cycles of the last value and 5 s of host time (KVM in 2010) */
	TK_SYNC_EXACT, /* never */
	TK_SYNC_MAX,   /* every vCPU gets the largest */
};

/* Xen's tsc_mode. */
enum tk_policy {
	TK_POLICY_NEVER_EMULATE,
	TK_POLICY_DEFAULT,        /* never-emulate if the host's TSC is safe and frequencies agree or scaling is on,
				     else always-emulate */
	TK_POLICY_ALWAYS_EMULATE, /* host monotonic ns, strictly increasing; the guest's TSC runs at 1 GHz */
	TK_POLICY_APPARENT,       /* between events G follows instructions; at each (tk_tick, tk_idle_end, tk_load)
				     it is drawn towards the host's, at half to twice the rate, never backwards */
};

/* Switches, as the VMX controls have them. */
enum tk_traps {
	TK_EXITING = 1,    /* every TSC read goes to the policy and is counted */
	TK_OFFSETTING = 2, /* without it G is H */
	TK_SCALING = 4,    /* without it the frequencies must agree */
	TK_RDTSCP = 8,     /* without it RDTSCP and RDPID raise #UD */
};

enum tk_rate {
	TK_RATE_DEFAULT,  /* shift 3 */
	TK_RATE_SHIFT,    /* 2^shift ns for each instruction */
	TK_RATE_FRACTION, /* ns_num / ns_den ns for each instruction */
	TK_RATE_AUTO,     /* starts at shift 3 and keeps virtual time at real time */
};

struct tk_config {
	enum tk_mode mode;
	uint64_t guest_khz;      /* 0: host_khz; in mode icount 1000000 */
	uint64_t host_khz;       /* 0: asked of the host, or calibrated for 20 ms against its monotonic clock */
	uint64_t tsc_start;      /* G at creation */
	unsigned vcpus;          /* 1 to TK_MAX_VCPUS */
	unsigned vcpus_per_node; /* 0: all on node 0 */
	enum tk_guard guard;
	enum tk_sync sync;
	enum tk_policy policy;
	unsigned traps;       /* enum tk_traps, ored */
	const int64_t *table; /* ticks to add on each host CPU; NULL: all 0 until tk_calibrate_table */
	unsigned table_length;
	enum tk_rate rate;
	unsigned shift;              /* 0 to TK_MAX_SHIFT */
	uint64_t ns_num, ns_den;     /* 1 to 2^32 - 1 each */
	bool sleep_off;              /* idle time jumps to the next deadline, with no host wait */
	bool align;                  /* tk_tick asks for a wait when virtual time is over 3 ms ahead of real time */
	int64_t epoch_ns;            /* CLOCK_REALTIME at creation */
	uint64_t rate_num, rate_den; /* all clocks run this much faster than real ones; 1 to 2^16 each */
};

/* Returns: one vCPU, mode offset, native policy, no guard, offsetting, scaling and RDTSCP on,
 * rate 1/1. */
struct tk_config tk_config_default(void);

/* Builds a clock in tk->state and starts it: G is tsc_start, virtual time 0, no instruction
 * executed. Returns 0, or -1 with one sentence in `error` that says what is wrong and what is
 * allowed. It is an error to ask for what the chosen mode cannot do. */
int tk_create(const struct tk *tk, const struct tk_config *config, char *error, size_t error_size);

/* Starts vCPU `vcpu` anew: its TSC is tsc_start at this host CPU's TSC now or at the guest's
 * creation, whichever is smaller, so that a CPU whose TSC lags does not make the guest's
 * negative. Only mode offset does anything here. */
void tk_create_vcpu(const struct tk *tk, unsigned vcpu, uint64_t insns);

enum tk_mode tk_mode(const struct tk *tk);
bool tk_sleep_off(const struct tk *tk); /* Returns true if idle time jumps (sleep=off). */
unsigned tk_vcpus(const struct tk *tk);
uint64_t tk_guest_khz(const struct tk *tk);
uint64_t tk_host_khz(const struct tk *tk);

/* The host's TSC now runs at `khz`: rescales without moving any guest value. Returns 0, or -1 if
 * the scale does not fit. */
int tk_set_host_khz(const struct tk *tk, uint64_t khz, uint64_t insns);

/* Returns the host's TSC frequency in kHz: asked of the host, or measured for 20 ms. 0 if
 * neither is possible. */
uint64_t tk_detect_khz(const struct tk_host *host);

/* Measures the TSCs of host CPUs 0 to cpus - 1 against the first one's, by pinning, and undoes
 * its pins. `table` gets 0 for differences within the measurement's error and for CPUs that must
 * not be used. Returns 0, or -1 if no CPU can be pinned. */
int tk_calibrate_table(const struct tk_host *host, uint64_t khz, int64_t *table, unsigned cpus);

/* --- reading and setting time ---------------------------------------------------------------------
 *
 * TSC, clocks, timers and deadlines are views of one number: ticks since creation in modes host
 * and offset, nanoseconds in mode icount. Nothing reads the host past it. In mode icount with a
 * fixed rate that number is insns * rate + time asleep, so a run is a function of its
 * instructions. */

enum tk_error {
	TK_OK,
	TK_EMODE,   /* mode host: that clock is the host's own and is read only */
	TK_EMSR,    /* no such time MSR */
	TK_EWRITE,  /* read-only MSR */
	TK_EVALUE,  /* reserved bits set, or out of range */
	TK_EVCPU,   /* no such vCPU */
	TK_ENATIVE, /* offsetting is off, so no offset can be moved */
};

/* Returns one sentence without a full stop. */
const char *tk_strerror(enum tk_error error);

uint64_t tk_rdtsc(const struct tk *tk, unsigned vcpu, uint64_t insns);

/* The first part of a clock's state: a stretch of `length` instructions from `insns0` on, in
 * mode icount. `ran` instructions after `insns0`, exactly
 *     the vCPU's TSC       is  tsc0 + (ran * khz_per_insn + rest) / 10^6
 *     CLOCK_MONOTONIC      is  ns0 + ran * ns_per_insn
 *     CLOCK_REALTIME       is  wall more.
 * The first read of a stretch writes it. Whatever bends the line or moves a clock sets length to
 * 0. */
struct tk_stretch {
	uint64_t insns0, length;
	uint64_t vcpu;
	uint64_t tsc0, khz_per_insn, rest;
	int64_t ns0, ns_per_insn, wall;
};

/* Reads the TSC from the stretch. Returns false if the stretch does not cover it; then call
 * tk_rdtsc. */
static inline bool tk_rdtsc_quick(const struct tk *tk, unsigned vcpu, uint64_t insns, uint64_t *tsc)
{
	const struct tk_stretch *stretch = (const struct tk_stretch *)tk->state;
	uint64_t ran = insns - stretch->insns0;

	*tsc = stretch->tsc0 + (ran * stretch->khz_per_insn + stretch->rest) / 1000000;
	return (ran < stretch->length) & (vcpu == stretch->vcpu); /* one way out: 1.5 ns faster than two */
}

/* From now on TSC reads no longer go to the policy and are not counted: TK_EXITING is off. */
void tk_emulation_off(const struct tk *tk);

/* Returns true if RDTSCP and RDPID are allowed; otherwise they raise #UD, before every other
 * fault. */
bool tk_has_rdtscp(const struct tk *tk);

/* Returns TSC_AUX: node << 12 | vcpu, unless the guest wrote it. */
uint32_t tk_aux(const struct tk *tk, unsigned vcpu);

/* The time MSRs: 10H TSC, 3BH TSC_ADJUST, E7H MPERF, E8H APERF, CEH PLATFORM_INFO, 6E0H
 * TSC_DEADLINE, C0000103H TSC_AUX, 11H/12H and 4b564d00H/4b564d01H pvclock addresses. Any error
 * is #GP(0) to the instruction; TK_EMSR is EIO and TK_EVCPU ENXIO to /dev/cpu/N/msr. Names and
 * rules: SDM volume 4; Linux Documentation/virt/kvm/x86/msr.rst. A write of the TSC moves
 * TSC_ADJUST by as much, and the other way round (SDM 3, 18.17.3). */
enum tk_error tk_rdmsr(const struct tk *tk, unsigned vcpu, uint64_t insns, uint32_t msr, uint64_t *value);
enum tk_error tk_wrmsr(const struct tk *tk, unsigned vcpu, uint64_t insns, uint32_t msr, uint64_t value);

/* Returns bias + offset[vcpu]: what is added to the scaled host TSC now. */
int64_t tk_offset(const struct tk *tk, unsigned vcpu);

/* Returns the clock `id` in ns. The coarse and raw clocks equal the fine ones and BOOTTIME
 * equals MONOTONIC, but in mode host all are the host's. An unknown id counts as MONOTONIC. */
int64_t tk_clock_ns(const struct tk *tk, enum tk_clock_id id, uint64_t insns);

/* Returns true for the clocks that run with CLOCK_REALTIME. */
static inline bool tk_is_wall(enum tk_clock_id id)
{
	const unsigned wall = 1u << TK_REALTIME | 1u << TK_REALTIME_COARSE | 1u << TK_REALTIME_ALARM | 1u << TK_TAI;

	return id < 32 && wall >> id & 1;
}

/* Reads a clock from the stretch. Returns false if the stretch does not cover it; then call
 * tk_clock_ns. */
static inline bool tk_clock_quick(const struct tk *tk, enum tk_clock_id id, uint64_t insns, int64_t *ns)
{
	const struct tk_stretch *stretch = (const struct tk_stretch *)tk->state;
	uint64_t ran = insns - stretch->insns0;

	*ns = (int64_t)((uint64_t)stretch->ns0 + ran * (uint64_t)stretch->ns_per_insn);
	*ns += tk_is_wall(id) ? stretch->wall : 0;
	return ran < stretch->length;
}

/* Returns CLOCK_REALTIME less CLOCK_MONOTONIC in ns. */
int64_t tk_wall_offset(const struct tk *tk, uint64_t insns);

/* Sets CLOCK_REALTIME to `ns`, or moves it by `delta` ns. TK_EMODE in mode host. */
enum tk_error tk_set_wall(const struct tk *tk, int64_t ns, uint64_t insns);
enum tk_error tk_step_wall(const struct tk *tk, int64_t delta, uint64_t insns);

/* Grows by one each time CLOCK_REALTIME is set or stepped. Absolute waits on it must then be
 * checked again. */
uint64_t tk_wall_generation(const struct tk *tk);

/* Returns the virtual time at which the vCPU's TSC reaches `tsc`, at its present offset; now or
 * earlier if it already has. */
int64_t tk_when_tsc(const struct tk *tk, unsigned vcpu, uint64_t tsc, uint64_t insns);

/* Replaces CPUID's time leaves. `regs` is EAX, EBX, ECX, EDX as the caller would return them.
 * Leaves 15H, 16H and 40000010H are replaced; in 1, 6, 7.0, 80000001H and 80000007H the bits
 * about time are set or cleared. Returns false for any other leaf and changes nothing. In 15H,
 * ECX * EBX / EAX is the exact frequency and EAX is 1. */
bool tk_cpuid(const struct tk *tk, uint32_t leaf, uint32_t subleaf, uint32_t regs[4]);

/* --- timers ---------------------------------------------------------------------------------------
 *
 * The loop that runs instructions needs one number, the distance to the next event: arm what is
 * waited for, run tk_budget instructions, take out what has expired. */

#define TK_TIMER_RESERVED (UINT64_C(1) << 63)                    /* ids from here on are the library's own */
#define TK_TIMER_TSC_DEADLINE(vcpu) (TK_TIMER_RESERVED | (vcpu)) /* popped at MSR 6E0H's deadline */

/* Arms timer `id` at virtual time `deadline`, or moves it if it is armed; TK_NEVER disarms it.
 * Returns 0, or -1 if TK_MAX_TIMERS others are armed. */
int tk_arm(const struct tk *tk, uint64_t id, int64_t deadline);

/* Returns true if the timer was armed. */
bool tk_disarm(const struct tk *tk, uint64_t id);

/* Returns the earliest deadline, or TK_NEVER. */
int64_t tk_next_deadline(const struct tk *tk);

/* Takes out the earliest timer that has expired: in order of deadline, ties in order of arming.
 * Returns false if none has. */
bool tk_pop_expired(const struct tk *tk, uint64_t insns, uint64_t *id, int64_t *deadline);

/* Returns how many instructions may run before the next event. In mode icount that is exactly
 * ceil((deadline - now) / ns per instruction), at most TK_MAX_BUDGET, and 0 if the event is due.
 * In the other modes time does not follow instructions and it is TK_MAX_BUDGET: call
 * tk_pop_expired at the end of each slice. Ask again after arming a timer. */
uint64_t tk_budget(const struct tk *tk, uint64_t insns);

/* To be called at each event (a system call, the end of a slice). Adjusts the auto rate, and
 * draws the apparent TSC towards the host's. Returns how many ns the caller should now wait
 * (align=on), usually 0. */
int64_t tk_tick(const struct tk *tk, uint64_t insns);

/* Returns the rate in mode icount, in 2^-32 ns for each instruction. */
uint64_t tk_ns_per_insn(const struct tk *tk);

/* Returns virtual minus real time since creation, in ns. 0 unless the mode is icount with
 * sleep=on, which alone reads the host's clock. */
int64_t tk_drift(const struct tk *tk, uint64_t insns);

/* --- idle: every guest thread is blocked ----------------------------------------------------------
 *
 * sleep=on: the clock follows the host's while nothing runs. sleep=off: it jumps to the next
 * deadline, so a program that sleeps for an hour is done at once; it jumps to nothing but a
 * deadline, and not past what came from outside. */

enum tk_idle {
	TK_IDLE_WAIT,     /* wait *wait_ns on the host, or less if something external comes; may be 0 */
	TK_IDLE_FOREVER,  /* wait until an external event comes */
	TK_IDLE_DEADLOCK, /* no event can ever come */
};

enum tk_wake { TK_WAKE_TIMER, TK_WAKE_EXTERNAL };

/* Begins a wait. `external`: an outside event (a file, a signal, a child) could end it. With
 * sleep=off *wait_ns is 0, and the caller should still check, without waiting, for an external
 * event. */
enum tk_idle tk_idle_begin(const struct tk *tk, uint64_t insns, bool external, int64_t *wait_ns);

/* Ends the wait. In mode icount with sleep=on the clock has followed the host's (with rate auto,
 * at most up to real time). With sleep=off it jumps to the next deadline on TK_WAKE_TIMER and
 * stays on TK_WAKE_EXTERNAL. Without a tk_idle_begin this does nothing. */
void tk_idle_end(const struct tk *tk, uint64_t insns, enum tk_wake wake);

/* --- stop, continue, load -------------------------------------------------------------------------
 *
 * Ticks and nanoseconds freeze together and go on together, so a stopped guest does not run out
 * its sleeps. */

/* Stops the guest: its TSC and its clocks freeze together until tk_cont. A second call does
 * nothing. In mode host and with offsetting off, the TSC runs on, since it is the host's. */
void tk_stop(const struct tk *tk, uint64_t insns);
void tk_cont(const struct tk *tk, uint64_t insns);
bool tk_stopped(const struct tk *tk);

/* The vCPU was placed on another host CPU. A TSC read on that CPU has the same effect. */
void tk_load(const struct tk *tk, unsigned vcpu, uint64_t insns);

/* --- synchronisation of vCPUs --------------------------------------------------------------------- */

struct tk_sync_result {
	uint64_t generation; /* of the vCPU now */
	bool matched;        /* took the offset of its generation */
};

/* A TSC write by the host, as a restore makes. If it matches the last one by the rule of
 * tk_config.sync, the vCPU takes its generation's offset; on an unstable host the cycles elapsed
 * since are added first. Otherwise a new generation begins. TK_EMODE in mode host. */
enum tk_error tk_host_write(const struct tk *tk, unsigned vcpu, uint64_t insns, uint64_t value, struct tk_sync_result *result);

/* --- save, restore, migrate -----------------------------------------------------------------------
 *
 * On a host of another frequency the guest's goes on as it was: offset = G - ((H * mult) >> 48)
 * with the new mult. */

enum tk_away {
	TK_FREEZE,  /* time stood still */
	TK_ADVANCE, /* it moved by away_ns */
};

struct tk_restore {
	uint64_t host_khz; /* of this host's TSC and, in mode host, of the guest's; 0: as before */
	enum tk_away policy;
	int64_t away_ns; /* from tk_away(), or the caller's own value */
};

/* Writes an image of tk_size() bytes: frequency, TSC, clocks, offsets, adjust, aux, timers,
 * incarnation. The clock itself runs on. Time slept since a tk_idle_begin without its
 * tk_idle_end is not in the image. */
void tk_save(const struct tk *tk, uint64_t insns, void *image);

/* Returns the wall time that has passed since the image was taken, in ns by this host's
 * CLOCK_REALTIME; never negative. */
int64_t tk_away(const struct tk_host *host, const void *image);

/* Continues an image in tk->state. It asks the host again if its TSC is stable, but keeps the
 * saved table of its CPUs' offsets. `insns` is the count from which the caller goes on. Returns
 * 0, or -1 with a sentence in `error`: this is no image, or this host cannot continue it. */
int tk_restore(const struct tk *tk, const void *image, size_t image_size, const struct tk_restore *restore, uint64_t insns, char *error,
	size_t error_size);

/* Returns 0 after creation, and one more after each restore. */
uint64_t tk_incarnation(const struct tk *tk);

/* Names the fields of an image, so that it can be kept in a form that outlives this version's
 * memory layout. Returns the name of field number `field`, from 0, and its number of elements in
 * *count; NULL after the last. */
const char *tk_image_field(unsigned field, unsigned *count);
uint64_t tk_image_get(const void *image, unsigned field, unsigned index);

/* tk_image_begin makes an image whose fields are all 0. tk_image_set sets one element; it
 * returns false if the value does not fit. tk_restore checks the whole. */
void tk_image_begin(void *image);
bool tk_image_set(void *image, unsigned field, unsigned index, uint64_t value);

/* --- pvclock -------------------------------------------------------------------------------------- */

/* KVM's page, Documentation/virt/kvm/x86/msr.rst. */
struct tk_pvclock {
	uint32_t version; /* odd while it is written */
	uint32_t pad0;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags; /* 1: all vCPUs' TSCs agree */
	uint8_t pad[2];
};

struct tk_pvwall {
	uint32_t version;
	uint32_t sec;
	uint32_t nsec;
};

/* Refreshes the vCPU's page; its version is odd in between. The time that a reader computes
 * moves by at most 1 ns, never back. */
void tk_pvclock_refresh(const struct tk *tk, unsigned vcpu, uint64_t insns, volatile struct tk_pvclock *page);

/* Writes CLOCK_REALTIME at virtual time 0. */
void tk_pvwall_refresh(const struct tk *tk, uint64_t insns, volatile struct tk_pvwall *page);

/* The reader's formula for a G read just now. Returns false if the page is being written; try
 * again. */
bool tk_pvclock_read(const volatile struct tk_pvclock *page, uint64_t tsc, uint64_t *ns);

/* --- statistics ----------------------------------------------------------------------------------- */

struct tk_stats {
	uint64_t backsteps;        /* readings of H that were below the one before */
	uint64_t largest_backstep; /* in host ticks */
	uint64_t raised;           /* ticks a guard has added to offsets */
	uint64_t exits;            /* TSC reads that went to the policy */
};

/* Returns the counts since the clock was created. */
struct tk_stats tk_stats(const struct tk *tk);

/* --- injected faults ------------------------------------------------------------------------------
 *
 * What a broken machine would do to its guest, so no guard undoes it. (A rate for all clocks is
 * in tk_config.) */

/* Makes the vCPU's TSC alone wrong by `ticks`, with a drift of `ppm` (at most 10^6 either way)
 * of the time since creation. Errors: TK_EMODE in mode host, TK_EVCPU, TK_EVALUE. */
enum tk_error tk_inject_skew(const struct tk *tk, unsigned vcpu, int64_t ticks, int64_t ppm);

/* When virtual time reaches `at`, every clock and TSC jumps by `delta` ns; tk_inject_step moves
 * CLOCK_REALTIME alone. Returns 0, or -1 in mode host or if TK_MAX_INJECTIONS are pending. */
int tk_inject_jump(const struct tk *tk, int64_t at, int64_t delta);
int tk_inject_wall_step(const struct tk *tk, int64_t at, int64_t delta);

/* --- host clock traces (.clk) ---------------------------------------------------------------------
 *
 * One event a line, `#` starts a comment: EVENT key=value ... => key=value ... Before the arrow
 * what happens, after it what must come out. Integers are decimal or 0x hex, may be negative and
 * hold `_` between digits. Every event but `clock` takes vcpu (0), cpu (host CPU, 0), and tsc,
 * ns, real: the host's TSC, CLOCK_MONOTONIC and CLOCK_REALTIME now; the last three keep their
 * last values.
 *
 *	clock      keys below; begins a new clock, must come first
 *	host       khz cpus stable=0|1 table=CPU:TICKS,...     later in the trace: the host changes
 *	create     the guest, or another vCPU                   => offset
 *	rdtsc rdtscp                                            => tsc aux, or fault=ud
 *	rdmsr      msr                                          => value or fault=gp, offset adjust
 *	wrmsr      msr value                                    => the same
 *	hostwrite  value       a TSC write of a restore         => offset generation matched
 *	load       the vCPU is placed on a host CPU             => offset
 *	stop cont
 *	now        id=monotonic|realtime|boottime|monotonic_raw|tai => time
 *	wall       value=NS or step=NS: CLOCK_REALTIME is set   => time, or fault=gp
 *	run        insns                                        => insns (in all) time fired
 *	budget                                                  => insns
 *	arm        timer deadline                               => insns (the budget now)
 *	disarm     timer                                        => insns
 *	idle       ns: when the wait ended; wake=timer|external => time fired wait (ns, forever or deadlock)
 *	tick       the end of a slice                           => shift time drift wait
 *	inject     vcpu skew drift; at jump; at step            => insns
 *	save                                                    => value time
 *	restore    khz policy=freeze|advance away=NS (by `real`) => offset incarnation
 *	pvclock    the page is refreshed                        => version timestamp system mul shift flags
 *	pvread     its reader                                   => time
 *	cpuid      leaf                                         => eax ebx ecx edx
 *	stats                                                   => backsteps largest_backstep raised exits
 *
 * Keys of `clock`, by default as tk_config_default has them: mode=host|offset|icount vcpus
 * node_vcpus (vCPUs on each node) guest_khz start guard=none|clamp|strict|catchup|table
 * sync=1s|2010|exact|max shift=0..10|auto ns-per-insn=P/Q sleep=on|off align=on|off epoch
 * rate=P/Q policy=never-emulate|default|always-emulate|apparent, and the switches exiting
 * offsetting scaling rdtscp=on|off. A clock without `create` has offset 0. Frequencies that are
 * not given are equal, and 1 GHz. `fired` is the ids of the timers that expired, in order, as
 * 3,1, or 0. */

/* Feeds the events of `in` to a clock on a scripted host. Writes results to `out`, one line for
 * each event, and failed expectations and errors to `err` as NAME:LINE: message. Returns 0 if
 * all expectations hold, 1 if some do not, 2 if the trace is malformed. */
int tk_trace_replay(FILE *in, const char *name, FILE *out, FILE *err);

/* Samples host CPUs 0 to cpus - 1 in turn, by pinning, `rounds` times, `interval` ns apart, and
 * writes the trace of a guest that saw them without a guard. Leaves out CPUs that must not be
 * used. Reports progress on `err` unless that is NULL. Returns 0, or -1 if no CPU could be
 * pinned or writing failed. */
int tk_trace_record(const struct tk_host *host, unsigned cpus, unsigned rounds, int64_t interval, FILE *out, FILE *err);

/* Replays `in` and draws guest time against host time as SVG, with backward steps marked; below
 * it, the drift of ticks (rate auto). Returns 0, or 2 if the trace is malformed. */
int tk_trace_plot(FILE *in, const char *name, FILE *svg, FILE *err);

#endif
