/* The state of one virtual CPU as a guest thread sees it, and the few fields that handlers need at every step. */
#ifndef TICK86_EMU_CPU_H
#define TICK86_EMU_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "emu/cpu/x87.h"

struct insn;
struct tk;

/* ORDER REG: the order in which the SDM encodes the general registers. */
enum gpr { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, GPR_COUNT };

/* What follows the general registers in the register file, so that an address can name it as its base. */
enum { SLOT_ZERO = GPR_COUNT, SLOT_TMP, SLOT_FS_BASE, SLOT_GS_BASE, SLOT_COUNT };

union vector {
	uint8_t u8[32];
	uint16_t u16[16];
	uint32_t u32[8];
	uint64_t u64[4];
	int8_t i8[32];
	int16_t i16[16];
	int32_t i32[8];
	int64_t i64[4];
	float f32[8];
	double f64[4];
} __attribute__((aligned(32)));

/* Arithmetic flags as the host leaves them in AX after `seto %al; lahf`: OF in bit 0, SF ZF AF PF CF in bits 15..8. */
typedef uint16_t flags_t;

/* Exception vectors: SDM vol. 3, table 6-1. */
enum vector_number {
	VECTOR_DE = 0, VECTOR_DB = 1, VECTOR_BP = 3, VECTOR_OF = 4, VECTOR_BR = 5, VECTOR_UD = 6, VECTOR_NM = 7,
	VECTOR_SS = 12, VECTOR_GP = 13, VECTOR_PF = 14, VECTOR_MF = 16, VECTOR_AC = 17, VECTOR_XM = 19,
};

/* Why a run of handlers ended. cpu->rip is the address of the next instruction in each case. */
enum cpu_exit {
	EXIT_NONE,
	EXIT_LOOKUP,    /* no block known for rip; cpu->link, when not NULL, wants to be pointed at it */
	EXIT_BUDGET,    /* its reserve is touched, before the block whose first record is at cpu->at; from cpu_run: nothing is left of it */
	EXIT_HOT,       /* before the block whose first record, at cpu->at, has found that it is hot; not from cpu_run */
	EXIT_STOP,      /* before the record at cpu->at, which a new block is to begin with */
	EXIT_SYSCALL,   /* SYSCALL was executed and counted; RCX and R11 are set */
	EXIT_EXCEPTION, /* struct cpu's exception; rip is the faulting instruction (the next one for INT3, INT1) */
	EXIT_WORLD,     /* before an instruction whose result the world decides, cpu's `world`, where blocks leave those */
	EXIT_PAUSE,     /* behind a TPAUSE or UMWAIT: nothing runs until the TSC is at pause_tsc */
	EXIT_RESUME,    /* go on at rip, behind a WRMSR: the clock has changed */
};

/* Instructions whose result is not the guest's own: time, the CPU it runs on. ORDER WORLD. */
enum world {
	WORLD_NONE,
	WORLD_OTHER, /* those that wait */
	WORLD_RDTSC, WORLD_RDTSCP, WORLD_RDPID, WORLD_RDMSR, WORLD_WRMSR, WORLD_CPUID, WORLD_VDSO,
};

struct exception {
	uint8_t vector;      /* enum vector_number */
	uint32_t error;      /* the hardware's error code; for #PF bit 1 is a write, bit 4 a fetch */
	uint64_t address;    /* CR2 for #PF */
	int32_t si_code;     /* the host kernel's si_code where the host raised it, else 0 */
};

enum time_read { TIME_READ_RDTSC, TIME_READ_RDTSCP, TIME_READ_MSR, TIME_READ_VDSO, TIME_READ_SYSCALL, TIME_READ_KINDS };

/* UMONITOR and UMWAIT: a line of memory, as it was when it began to be watched. CPUID's leaf 5 tells its size. */
enum { MONITOR_LINE = 64 };
struct monitor {
	bool armed;          /* by UMONITOR, no UMWAIT since */
	bool waits;          /* UMWAIT waits for a store to the line */
	uint64_t address;    /* of the line */
	uint64_t content[MONITOR_LINE / 8];
};

struct jump_cache_entry {
	uint64_t rip;
	const struct insn *first; /* record of the block at rip */
};
enum { JUMP_CACHE_SIZE = 4096 };

/* A call that has not returned yet: where it returns to, and the record that its link for that led to when it was made. */
struct return_entry {
	uint64_t rip;
	const struct insn *first;
};
enum { RETURNS_SIZE = 32 };

/* No block is longer: whatever is entered with so much budget left can run to its end. */
enum { BUDGET_RESERVE = 64 };

struct cpu {
	/* The register file. A record's operand bytes are byte offsets into it. */
	uint64_t r[SLOT_COUNT];

	flags_t flags;
	bool df;             /* direction flag */
	bool ac, id, nt;     /* RFLAGS bits that CPL 3 may set and that do nothing here */
	bool tf;             /* trap flag: #DB after each instruction */
	uint32_t mxcsr;      /* valid outside cpu_run; inside, the host's MXCSR is the guest's */

	/* Instructions that may still run before the next event, less BUDGET_RESERVE. What has run of a block is taken off where it is
	 * left; it is left for another one as long as the reserve is whole. Executed so far: limit - budget, and what has run of the block. */
	int64_t budget;
	int64_t limit;

	uint64_t rip;        /* valid outside cpu_run */
	const struct insn *at; /* the record whose guest access or exception is under way */
	const struct insn **link; /* EXIT_LOOKUP: the link that was not yet set, or NULL */
	enum cpu_exit exit;
	uint8_t world;       /* EXIT_WORLD: enum world */
	uint16_t selector[6]; /* ES CS SS DS FS GS, but for CS and SS, which are always the same */
	bool shadow;         /* the last instruction has loaded SS: it is not followed by a trap (SDM vol. 3, 6.8.3) */
	struct exception exception;
	uint64_t fault_address; /* of an access that the limit check refused */

	/* Answers a system call, SYSCALL having been counted and RCX and R11 set, so that the run goes on; false: the run is to
	 * end, as it does where this is NULL. */
	bool (*answer)(struct cpu *cpu);

	const struct tk *clock; /* what RDTSC and its kin read, with the count clock_base + cpu_count() */
	uint64_t clock_base;   /* the clock's instructions (of all threads and processes) when this run began */
	unsigned vcpu;         /* on which vCPU this thread is scheduled */
	const struct cpu_model *model; /* what CPUID says */
	bool tsc_faults;       /* PR_SET_TSC, PR_TSC_SIGSEGV: RDTSC and RDTSCP raise #GP */
	bool rdtscp_disabled;  /* RDTSCP and RDPID raise #UD */
	bool msr_allowed;      /* RDMSR and WRMSR of the time MSRs do not raise #GP at CPL 3 */
	uint64_t pause_tsc;    /* EXIT_PAUSE */
	bool pvclock;          /* the special RDMSRs of emu/op/pvclock.h do not either */
	struct monitor monitor;
	uint64_t time_reads[TIME_READ_KINDS]; /* for --stats */

	struct x87 x87;
	union vector v[16];
	uint64_t generation; /* of the block cache that jump_cache leads into; 0: it is empty */
	struct jump_cache_entry jump_cache[JUMP_CACHE_SIZE];
	struct return_entry returns[RETURNS_SIZE]; /* a ring: the oldest are overwritten */
	uint32_t returns_top;
};

/* Byte offset of a general register in the register file, as records hold it. */
static inline uint8_t gpr_offset(unsigned reg, bool high)
{
	return (uint8_t)(reg * 8 + high);
}

/* Registers named by a record's operand byte. */
static inline uint8_t *reg8(struct cpu *cpu, uint8_t offset)
{
	return (uint8_t *)cpu + offset;
}

static inline uint16_t *reg16(struct cpu *cpu, uint8_t offset)
{
	return (uint16_t *)((uint8_t *)cpu + offset);
}

static inline uint32_t *reg32(struct cpu *cpu, uint8_t offset)
{
	return (uint32_t *)((uint8_t *)cpu + offset);
}

static inline uint64_t *reg64(struct cpu *cpu, uint8_t offset)
{
	return (uint64_t *)((uint8_t *)cpu + offset);
}

/* A vector register's operand byte is its number times 4, so that one scaled address reaches it. */
static inline uint8_t vector_offset(unsigned reg)
{
	return (uint8_t)(reg * 4);
}

static inline union vector *vreg(struct cpu *cpu, uint8_t offset)
{
	return (union vector *)((uint8_t *)cpu->v + (uint64_t)offset * 8);
}

/* Instructions that this thread has executed in this run, `ran` of them in the block that is running. */
static inline uint64_t cpu_count(const struct cpu *cpu, uint64_t ran)
{
	return (uint64_t)(cpu->limit - cpu->budget) + ran;
}

#endif
