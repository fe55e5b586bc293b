/* CPUID, the time instructions, SYSCALL, software interrupts, privileged instructions, and instructions without effect. */
#include <sys/syscall.h>

#include "emu/cpu/model.h"
#include "emu/cpu/seconds.h"
#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"
#include "emu/op/pvclock.h"
#include "emu/op/vdso.h"
#include "timekeep/timekeep.h"

/* Returns the number of instructions that the clock has seen before this record: FORM_COUNTS has put the block's into imm. */
static inline uint64_t insns_before(const struct cpu *cpu, const struct insn *i)
{
	return cpu->clock_base + cpu_count(cpu, i->imm);
}

static void set_edx_eax(struct cpu *cpu, uint64_t value)
{
	cpu->r[RAX] = (uint32_t)value;
	cpu->r[RDX] = value >> 32;
}

/* --- time stamp counter and its MSRs ------------------------------------------------------------------ */

static __attribute__((noinline)) HANDLER(rdtsc_called)
{
	set_edx_eax(cpu, tk_rdtsc(cpu->clock, cpu->vcpu, insns_before(cpu, i)));
	cpu->time_reads[TIME_READ_RDTSC]++;
	NEXT();
}

static HANDLER(rdtsc)
{
	uint64_t tsc;

	if (unlikely(cpu->tsc_faults))
		return raise_gp(cpu, i);
	if (unlikely(!tk_rdtsc_quick(cpu->clock, cpu->vcpu, insns_before(cpu, i), &tsc)))
		return rdtsc_called(cpu, i);
	set_edx_eax(cpu, tsc);
	cpu->time_reads[TIME_READ_RDTSC]++;
	NEXT();
}

/* #UD comes before every other fault. */
static HANDLER(rdtscp)
{
	if (unlikely(cpu->rdtscp_disabled))
		return raise_ud(cpu, i);
	if (unlikely(cpu->tsc_faults))
		return raise_gp(cpu, i);
	set_edx_eax(cpu, tk_rdtsc(cpu->clock, cpu->vcpu, insns_before(cpu, i)));
	cpu->r[RCX] = tk_aux(cpu->clock, cpu->vcpu);
	cpu->time_reads[TIME_READ_RDTSCP]++;
	NEXT();
}

static HANDLER(rdpid)
{
	if (unlikely(cpu->rdtscp_disabled))
		return raise_ud(cpu, i);
	*reg64(cpu, i->a) = tk_aux(cpu->clock, cpu->vcpu);
	NEXT();
}

static HANDLER(rdmsr)
{
	uint64_t value;

	if (cpu->pvclock && (uint32_t)cpu->r[RCX] == MSR_PVCLOCK_NATIVE) {
		tk_emulation_off(cpu->clock);
		set_edx_eax(cpu, 1);
		NEXT();
	}
	if ((!cpu->msr_allowed && !(cpu->pvclock && (uint32_t)cpu->r[RCX] == MSR_PVCLOCK_PAGE))
		|| tk_rdmsr(cpu->clock, cpu->vcpu, insns_before(cpu, i), (uint32_t)cpu->r[RCX], &value) != TK_OK)
		return raise_gp(cpu, i);
	set_edx_eax(cpu, value);
	cpu->time_reads[TIME_READ_MSR]++;
	NEXT();
}

/* A write may move deadlines, so the run ends after it. */
static HANDLER(wrmsr)
{
	uint64_t value = (uint32_t)cpu->r[RAX] | cpu->r[RDX] << 32;

	if (!cpu->msr_allowed || tk_wrmsr(cpu->clock, cpu->vcpu, insns_before(cpu, i), (uint32_t)cpu->r[RCX], value) != TK_OK)
		return raise_gp(cpu, i);
	cpu->rip = links_of(i)->next;
	CHARGE();
	cpu->exit = EXIT_RESUME;
	return NULL;
}

/* SDM vol. 2, TPAUSE: the wait ends when the TSC reaches EDX:EAX, or at the limit that the OS sets (Linux: 100000 cycles); in the latter
 * case CF is 1. */
static const struct insn *pause_until(struct cpu *cpu, const struct insn *i)
{
	enum { OS_LIMIT = 100000 };
	uint64_t deadline = (uint32_t)cpu->r[RAX] | cpu->r[RDX] << 32;
	uint64_t now = tk_rdtsc(cpu->clock, cpu->vcpu, insns_before(cpu, i));
	bool is_long = deadline > now && deadline - now > OS_LIMIT;

	cpu->flags = is_long ? FLAG_CF : 0;
	cpu->pause_tsc = is_long ? now + OS_LIMIT : deadline;
	cpu->rip = links_of(i)->next;
	CHARGE();
	cpu->exit = EXIT_PAUSE;
	return NULL;
}

static bool pause_refused(const struct cpu *cpu, const struct insn *i)
{
	return *reg32((struct cpu *)cpu, i->a) & ~1u || cpu->tsc_faults;
}

static HANDLER(tpause)
{
	return pause_refused(cpu, i) ? raise_gp(cpu, i) : pause_until(cpu, i);
}

/* Faults as the load of a byte would. */
static HANDLER(umonitor)
{
	uint64_t line = *reg64(cpu, i->a) / MONITOR_LINE * MONITOR_LINE;

	guest_load8(cpu, i, *reg64(cpu, i->a));
	for (unsigned k = 0; k < MONITOR_LINE / 8; k++)
		cpu->monitor.content[k] = guest_load64(cpu, i, line + 8 * k);
	cpu->monitor.address = line;
	cpu->monitor.armed = true;
	NEXT();
}

/* The wait itself is done outside the run, and so is the check for a store (emu/linux/time/pause.c). */
static HANDLER(umwait)
{
	const struct insn *next;

	if (pause_refused(cpu, i))
		return raise_gp(cpu, i);
	next = pause_until(cpu, i);
	if (!cpu->monitor.armed) { /* nothing to wait for */
		cpu->flags = 0;
		cpu->pause_tsc = 0;
	}
	cpu->monitor.waits = cpu->monitor.armed;
	cpu->monitor.armed = false;
	return next;
}

static HANDLER(cpuid)
{
	struct cpuid_context context = {
		.vcpu = cpu->vcpu,
		.vcpus = tk_vcpus(cpu->clock),
		.tsc_khz = tk_guest_khz(cpu->clock),
		.tsc_invariant = true,
		.rdtscp_disabled = cpu->rdtscp_disabled,
	};
	uint32_t leaf = (uint32_t)cpu->r[RAX], subleaf = (uint32_t)cpu->r[RCX];
	struct cpuid_result result = cpu_model_cpuid(cpu->model, &context, leaf, subleaf);
	uint32_t regs[4] = { result.eax, result.ebx, result.ecx, result.edx };

	tk_cpuid(cpu->clock, leaf, subleaf, regs);
	cpu->r[RAX] = regs[0];
	cpu->r[RBX] = regs[1];
	cpu->r[RCX] = regs[2];
	cpu->r[RDX] = regs[3];
	NEXT();
}

/* --- the vDSO's calls: emu/op/vdso.h ---------------------------------------------------------------- */

/* Returns true for the clocks that Linux's vDSO handles. Others, and those of CPU time, use the system call. */
static bool vdso_knows(uint32_t clock)
{
	const uint32_t known = 1 << TK_REALTIME | 1 << TK_MONOTONIC | 1 << TK_MONOTONIC_RAW | 1 << TK_REALTIME_COARSE
		| 1 << TK_MONOTONIC_COARSE | 1 << TK_BOOTTIME | 1 << TK_TAI;

	return clock < 32 && known >> clock & 1;
}

static int64_t clock_before(const struct cpu *cpu, const struct insn *i, enum tk_clock_id clock)
{
	return tk_clock_ns(cpu->clock, clock, insns_before(cpu, i));
}

/* Stores a struct timespec or struct timeval: seconds, and the rest in units of `unit` ns. */
static inline void store_time(struct cpu *cpu, const struct insn *i, uint64_t address, int64_t ns, int64_t unit)
{
	int64_t seconds = seconds_of(ns);

	guest_store64(cpu, i, address, (uint64_t)seconds);
	guest_store64(cpu, i, address + 8, (uint64_t)((ns - seconds * NS_PER_S) / unit));
}

static __attribute__((noinline)) HANDLER(vdso_clock_gettime_called)
{
	uint32_t clock = (uint32_t)cpu->r[RDI];

	cpu->r[RAX] = SYS_clock_gettime;
	if (vdso_knows(clock)) {
		store_time(cpu, i, cpu->r[RSI], clock_before(cpu, i, (enum tk_clock_id)clock), 1);
		cpu->r[RAX] = 0;
	}
	NEXT();
}

static inline HANDLER(vdso_clock_gettime)
{
	uint32_t clock = (uint32_t)cpu->r[RDI];
	int64_t ns;

	if (unlikely(!vdso_knows(clock) || !tk_clock_quick(cpu->clock, (enum tk_clock_id)clock, insns_before(cpu, i), &ns)))
		return vdso_clock_gettime_called(cpu, i);
	store_time(cpu, i, cpu->r[RSI], ns, 1);
	cpu->r[RAX] = 0;
	NEXT();
}

static __attribute__((noinline)) HANDLER(vdso_gettimeofday)
{
	if (cpu->r[RDI])
		store_time(cpu, i, cpu->r[RDI], clock_before(cpu, i, TK_REALTIME), NS_PER_US);
	if (cpu->r[RSI])
		guest_store64(cpu, i, cpu->r[RSI], 0); /* struct timezone: UTC, as the system call says */
	cpu->r[RAX] = 0;
	NEXT();
}

static __attribute__((noinline)) HANDLER(vdso_time)
{
	uint64_t seconds = (uint64_t)seconds_of(clock_before(cpu, i, TK_REALTIME));

	if (cpu->r[RDI])
		guest_store64(cpu, i, cpu->r[RDI], seconds);
	cpu->r[RAX] = seconds;
	NEXT();
}

static __attribute__((noinline)) HANDLER(vdso_getcpu)
{
	enum { NODE_SHIFT = 12 };
	uint32_t aux = tk_aux(cpu->clock, cpu->vcpu);

	if (cpu->r[RDI])
		guest_store32(cpu, i, cpu->r[RDI], aux & ((1 << NODE_SHIFT) - 1));
	if (cpu->r[RSI])
		guest_store32(cpu, i, cpu->r[RSI], aux >> NODE_SHIFT);
	cpu->r[RAX] = 0;
	NEXT();
}

static HANDLER(vdso_call)
{
	if (i->disp != VDSO_MARK || i->b != gpr_offset(RAX, false))
		return raise_ud(cpu, i);
	cpu->time_reads[TIME_READ_VDSO]++;
	switch (i->a / 8) {
	case VDSO_CLOCK_GETTIME: return vdso_clock_gettime(cpu, i);
	case VDSO_GETTIMEOFDAY: return vdso_gettimeofday(cpu, i);
	case VDSO_TIME: return vdso_time(cpu, i);
	case VDSO_GETCPU: return vdso_getcpu(cpu, i);
	default: return raise_ud(cpu, i);
	}
}

/* --- SYSCALL and software interrupts --------------------------------------------------------------- */

static HANDLER(syscall)
{
	cpu->rip = links_of(i)->next;
	cpu->r[RCX] = cpu->rip;
	cpu->r[R11] = rflags_get(cpu);
	CHARGE();
	if (cpu->answer && !cpu->tf && cpu->answer(cpu))
		GO_CHARGED(links_of(i)->fall);
	cpu->exit = EXIT_SYSCALL;
	return NULL;
}

/* INT3 and INT1 are traps: RIP is after them. */
static const struct insn *trap(struct cpu *cpu, const struct insn *i, uint8_t vector)
{
	cpu->rip = links_of(i)->next;
	cpu->exception = (struct exception){ .vector = vector };
	CHARGE();
	cpu->exit = EXIT_EXCEPTION;
	cpu->at = NULL;
	return NULL;
}

static HANDLER(int3)
{
	return trap(cpu, i, VECTOR_BP);
}
static HANDLER(int1)
{
	return trap(cpu, i, VECTOR_DB);
}

/* INT n. The vectors 3, 4 and 80H are open to CPL 3 on Linux. 80H, for i386, is refused, as by a kernel without CONFIG_IA32_EMULATION.
 * Any other is #GP with the vector in the error code (SDM vol. 3, 6.13). */
static HANDLER(int_n)
{
	if (i->imm == 3)
		return trap(cpu, i, VECTOR_BP);
	if (i->imm == 4)
		return trap(cpu, i, VECTOR_OF);
	return raise_gp_error(cpu, i, (uint32_t)(i->imm & 0xff) << 3 | 2);
}

HANDLER(undefined_record)
{
	return raise_ud(cpu, i);
}

HANDLER(world_record)
{
	cpu->at = i;
	cpu->world = i->a;
	cpu->exit = EXIT_WORLD;
	return NULL;
}

static HANDLER(privileged)
{
	return raise_gp(cpu, i);
}
static HANDLER(nop)
{
	NEXT();
}

/* Faults as the load of a byte would. Its effect on caches cannot be observed. */
static HANDLER(clflush)
{
	guest_load8(cpu, i, address_based(cpu, i));
	NEXT();
}

/* --- FS and GS bases ------------------------------------------------------------------------------ */

static HANDLER(rdfsbase32)
{
	*reg64(cpu, i->a) = (uint32_t)cpu->r[SLOT_FS_BASE];
	NEXT();
}
static HANDLER(rdfsbase64)
{
	*reg64(cpu, i->a) = cpu->r[SLOT_FS_BASE];
	NEXT();
}
static HANDLER(rdgsbase32)
{
	*reg64(cpu, i->a) = (uint32_t)cpu->r[SLOT_GS_BASE];
	NEXT();
}
static HANDLER(rdgsbase64)
{
	*reg64(cpu, i->a) = cpu->r[SLOT_GS_BASE];
	NEXT();
}
static HANDLER(wrfsbase32)
{
	cpu->r[SLOT_FS_BASE] = *reg32(cpu, i->a);
	NEXT();
}
static HANDLER(wrgsbase32)
{
	cpu->r[SLOT_GS_BASE] = *reg32(cpu, i->a);
	NEXT();
}

static HANDLER(wrfsbase64)
{
	if (!is_canonical(*reg64(cpu, i->a)))
		return raise_gp(cpu, i);
	cpu->r[SLOT_FS_BASE] = *reg64(cpu, i->a);
	NEXT();
}

static HANDLER(wrgsbase64)
{
	if (!is_canonical(*reg64(cpu, i->a)))
		return raise_gp(cpu, i);
	cpu->r[SLOT_GS_BASE] = *reg64(cpu, i->a);
	NEXT();
}

/* --- rows ---------------------------------------------------------------------------------------- */

#define PLAIN(OP, ATTRIBUTES, READS, handler)                                          \
	{                                                                              \
		.op = OP, .attributes = ATTRIBUTES, .reads = READS, .run = { handler } \
	}
/* clang-format off */
#define WORLD(NAME, ATTRIBUTES, READS, handler) \
	{ .op = OP_##NAME, .world = WORLD_##NAME, .attributes = ATTRIBUTES, .reads = READS, .run = { handler } }
/* clang-format on */
#define TRAPS(OP, handler) PLAIN(OP, FORM_ENDS | FORM_FAULTS, FLAGS_ALL, handler)
#define OMITTED(OP, PATTERN) OMITTED_WITH(OP, PATTERN, 0)
#define OMITTED_WITH(OP, PATTERN, ATTRIBUTES)                                                                          \
	{                                                                                                              \
		.op = OP, .pattern = PATTERN, .attributes = FORM_OMIT | FORM_ADDRESS_ONLY | ATTRIBUTES, .run = { nop } \
	}
/* Other numbers in ModRM's reg field are CLDEMOTE, RDSSP and instructions to come. */
#define HINT(OP, PATTERN) OMITTED_WITH(OP, PATTERN, FORM_REG_SELECTS)
#define PRIVILEGED(OP, PATTERN)                                                                                              \
	{                                                                                                                    \
		.op = OP, .pattern = PATTERN, .attributes = FORM_ENDS | FORM_FAULTS | FORM_ADDRESS_ONLY, .reads = FLAGS_ALL, \
		.run = { privileged }                                                                                        \
	}

/* clang-format off */
static const struct form rows[] = {
	WORLD(RDTSC, FORM_COUNTS | FORM_FAULTS, 0, rdtsc),
	WORLD(RDTSCP, FORM_COUNTS | FORM_FAULTS, 0, rdtscp),
	{ .op = OP_RDPID, .pattern = K_R, .world = WORLD_RDPID, .attributes = FORM_FAULTS, .run = { rdpid } },
	WORLD(RDMSR, FORM_COUNTS | FORM_FAULTS, 0, rdmsr),
	WORLD(WRMSR, FORM_COUNTS | FORM_FAULTS | FORM_ENDS, 0, wrmsr),
	{ .op = OP_TPAUSE, .size0 = 4, .pattern = K_R, .world = WORLD_OTHER, .attributes = FORM_COUNTS | FORM_FAULTS | FORM_ENDS,
	  .writes = FLAGS_ALL, .run = { tpause } },
	{ .op = OP_UMWAIT, .size0 = 4, .pattern = K_R, .world = WORLD_OTHER, .attributes = FORM_COUNTS | FORM_FAULTS | FORM_ENDS,
	  .writes = FLAGS_ALL, .run = { umwait } },
	{ .op = OP_UMONITOR, .size0 = 8, .pattern = K_R, .attributes = FORM_FAULTS, .run = { umonitor } },
	WORLD(CPUID, 0, 0, cpuid),
	{ .op = OP_UD1, .size0 = 4, .pattern = PATTERN2(K_R, K_M),
	  .world = WORLD_VDSO, .attributes = FORM_COUNTS | FORM_FAULTS | FORM_ADDRESS_ONLY, .run = { vdso_call } },
	TRAPS(OP_SYSCALL, syscall),
	TRAPS(OP_INT3, int3),
	TRAPS(OP_INT1, int1),
	{ .op = OP_INT, .pattern = K_I, .attributes = FORM_ENDS | FORM_FAULTS, .reads = FLAGS_ALL, .run = { int_n } },
	TRAPS(OP_UD2, undefined_record),
	{ .op = OP_RDFSBASE, .size0 = 4, .pattern = K_R, .run = { rdfsbase32 } },
	{ .op = OP_RDFSBASE, .size0 = 8, .pattern = K_R, .run = { rdfsbase64 } },
	{ .op = OP_RDGSBASE, .size0 = 4, .pattern = K_R, .run = { rdgsbase32 } },
	{ .op = OP_RDGSBASE, .size0 = 8, .pattern = K_R, .run = { rdgsbase64 } },
	{ .op = OP_WRFSBASE, .size0 = 4, .pattern = K_R, .run = { wrfsbase32 } },
	{ .op = OP_WRFSBASE, .size0 = 8, .pattern = K_R, .attributes = FORM_FAULTS, .run = { wrfsbase64 } },
	{ .op = OP_WRGSBASE, .size0 = 4, .pattern = K_R, .run = { wrgsbase32 } },
	{ .op = OP_WRGSBASE, .size0 = 8, .pattern = K_R, .attributes = FORM_FAULTS, .run = { wrgsbase64 } },

	/* Fences and hints have no effect: one host thread runs all guest threads, in order. */
	OMITTED(OP_NOP, PATTERN_NONE), HINT(OP_NOP, K_R), HINT(OP_NOP, K_M),
	HINT(OP_NOP, PATTERN2(K_R, K_R)), HINT(OP_NOP, PATTERN2(K_M, K_R)), OMITTED(OP_PAUSE, PATTERN_NONE),
	OMITTED(OP_ENDBR64, PATTERN_NONE), OMITTED(OP_ENDBR32, PATTERN_NONE),
	OMITTED(OP_LFENCE, PATTERN_NONE), OMITTED(OP_MFENCE, PATTERN_NONE), OMITTED(OP_SFENCE, PATTERN_NONE),
	OMITTED(OP_PREFETCH, K_M), OMITTED(OP_PREFETCHW, K_M), OMITTED(OP_PREFETCHWT1, K_M), OMITTED(OP_PREFETCHNTA, K_M),
	OMITTED(OP_PREFETCHT0, K_M), OMITTED(OP_PREFETCHT1, K_M), OMITTED(OP_PREFETCHT2, K_M),
	OMITTED(OP_RDSSPD, K_R), OMITTED(OP_RDSSPQ, K_R), /* shadow stacks are off: SDM vol. 2, RDSSP */

	{ .op = OP_CLFLUSH, .pattern = K_M, .run = { clflush } },

	PRIVILEGED(OP_HLT, PATTERN_NONE), PRIVILEGED(OP_CLI, PATTERN_NONE), PRIVILEGED(OP_STI, PATTERN_NONE),
	PRIVILEGED(OP_CLTS, PATTERN_NONE), PRIVILEGED(OP_INVD, PATTERN_NONE), PRIVILEGED(OP_WBINVD, PATTERN_NONE),
	PRIVILEGED(OP_RDPMC, PATTERN_NONE), PRIVILEGED(OP_SWAPGS, PATTERN_NONE), PRIVILEGED(OP_XSETBV, PATTERN_NONE),
	PRIVILEGED(OP_SYSRET, PATTERN_NONE), PRIVILEGED(OP_SYSEXIT, PATTERN_NONE),
	PRIVILEGED(OP_INVLPG, K_M), PRIVILEGED(OP_LGDT, K_M), PRIVILEGED(OP_LIDT, K_M), PRIVILEGED(OP_LMSW, K_M),
	PRIVILEGED(OP_LMSW, K_R), PRIVILEGED(OP_LTR, K_M), PRIVILEGED(OP_LTR, K_R), PRIVILEGED(OP_LLDT, K_M),
	PRIVILEGED(OP_LLDT, K_R), PRIVILEGED(OP_IN, PATTERN2(K_R, K_I)), PRIVILEGED(OP_IN, PATTERN2(K_R, K_R)),
	PRIVILEGED(OP_OUT, PATTERN2(K_I, K_R)), PRIVILEGED(OP_OUT, PATTERN2(K_R, K_R)),
	PRIVILEGED(OP_INS, PATTERN_NONE), PRIVILEGED(OP_OUTS, PATTERN_NONE),
	PRIVILEGED(OP_MOV, PATTERN2(K_R, K_SYS)), PRIVILEGED(OP_MOV, PATTERN2(K_SYS, K_R)),
};
/* clang-format on */

const struct form_list system_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .handled = true };
