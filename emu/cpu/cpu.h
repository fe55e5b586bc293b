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

/* These follow the general registers in the register file, so that an address can use them as its base. */
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
/* clang-format off */
enum vector_number {
	VECTOR_DE = 0, VECTOR_DB = 1, VECTOR_BP = 3, VECTOR_OF = 4, VECTOR_BR = 5, VECTOR_UD = 6, VECTOR_NM = 7,
	VECTOR_SS = 12, VECTOR_GP = 13, VECTOR_PF = 14, VECTOR_MF = 16, VECTOR_AC = 17, VECTOR_XM = 19,
};
/* clang-format on */

/* Bits of a #PF's error code: SDM vol. 3, 4.7. */
enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_FETCH = 16 };

/* Returns true if bits 63:48 of an address equal bit 47: SDM vol. 1, 3.3.7.1. */
static inline bool is_canonical(uint64_t address)
{
	return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

/* The reasons for which a run of handlers ends. In each case cpu->rip is the address of the next instruction. */
enum cpu_exit {
	EXIT_NONE,
	EXIT_LOOKUP, /* no block is known for rip; cpu->link, unless NULL, is to be set to its first record */
	/* less than the reserve is left, before the block whose first record is at cpu->at; from cpu_run: nothing is left */
	EXIT_BUDGET,
	EXIT_HOT,       /* the block whose first record is at cpu->at has become hot, and has not run; never returned by cpu_run */
	EXIT_STOP,      /* before the record at cpu->at, with which a new block is to begin */
	EXIT_SYSCALL,   /* SYSCALL was executed and counted; RCX and R11 are set */
	EXIT_EXCEPTION, /* see struct cpu's exception; rip is the faulting instruction (the next one for INT3, INT1) */
	EXIT_WORLD,     /* before an instruction whose result the world decides (cpu->world), in blocks that leave those to the caller */
	EXIT_PAUSE,     /* after a TPAUSE or UMWAIT: nothing runs until the TSC reaches pause_tsc */
	EXIT_AGAIN,     /* after a part of the repeated string instruction at rip, which counts as an instruction */
	EXIT_RESUME,    /* after a WRMSR that changed the clock: go on at rip */
};

/* Instructions whose result the world decides: the time, the number of the CPU. ORDER WORLD. */
/* clang-format off */
enum world {
	WORLD_NONE,
	WORLD_OTHER, /* instructions that wait */
	WORLD_RDTSC, WORLD_RDTSCP, WORLD_RDPID, WORLD_RDMSR, WORLD_WRMSR, WORLD_CPUID, WORLD_VDSO,
};
/* clang-format on */

struct exception {
	uint8_t vector;   /* enum vector_number */
	uint32_t error;   /* the hardware's error code; for #PF bit 1 is a write, bit 4 a fetch */
	uint64_t address; /* CR2 for #PF */
	int32_t si_code;  /* the host kernel's si_code if the host raised it, otherwise 0 */
};

enum time_read { TIME_READ_RDTSC, TIME_READ_RDTSCP, TIME_READ_MSR, TIME_READ_VDSO, TIME_READ_SYSCALL, TIME_READ_KINDS };

/* UMONITOR and UMWAIT: a cache line, and a copy of it from when UMONITOR began to watch it. CPUID leaf 5 reports its size. */
enum { MONITOR_LINE = 64 };
struct monitor {
	bool armed;       /* a UMONITOR was executed, and no UMWAIT since */
	bool waits;       /* UMWAIT waits for a store to the line */
	uint64_t address; /* address of the line */
	uint64_t content[MONITOR_LINE / 8];
};

struct jump_cache_entry {
	uint64_t rip;
	const struct insn *first; /* first record of the block at rip */
};
enum { JUMP_CACHE_SIZE = 4096 };

/* A call that has not returned: its return address, and the record that its link to that address led to when the call was made. */
struct return_entry {
	uint64_t rip;
	const struct insn *first;
};
enum { RETURNS_SIZE = 32 };

/* The maximum length of a block in instructions. A block that is entered with at least so much budget can run to its end. */
enum { BUDGET_RESERVE = 64 };

struct cpu {
	/* The register file. A record's operand bytes are byte offsets into it. */
	uint64_t r[SLOT_COUNT];

	flags_t flags;
	bool df;        /* direction flag */
	bool id, nt;    /* RFLAGS bits that CPL 3 may set and that have no effect here */
	bool ac;        /* alignment check: #AC for an access that is not aligned */
	bool tf;        /* trap flag: #DB after each instruction */
	uint32_t mxcsr; /* valid outside cpu_run; inside, the host's MXCSR is the guest's */

	/* How many instructions may run before the next event, less BUDGET_RESERVE. The end of a block subtracts the instructions of the
	 * block that have run. As long as the result is not negative, the next block may be entered, since no block is longer than the
	 * reserve.
	 * Executed so far: limit - budget, plus what the running block has executed. */
	int64_t budget;
	int64_t limit;

	uint64_t rip;             /* valid outside cpu_run */
	const struct insn *at;    /* the record that is accessing guest memory or raising an exception */
	const struct insn **link; /* EXIT_LOOKUP: the link that was not yet set, or NULL */
	enum cpu_exit exit;
	uint8_t world;        /* EXIT_WORLD: enum world */
	uint16_t selector[6]; /* ES CS SS DS FS GS; CS and SS never change */
	bool shadow;          /* the last instruction has loaded SS, so no trap follows it (SDM vol. 3, 6.8.3) */
	struct exception exception;
	uint64_t fault_address; /* address of the access that the limit check refused */

	/* Answers a system call within the run. SYSCALL has been counted, and RCX and R11 are set. Returns false if the run must end with
	 * EXIT_SYSCALL. NULL: all system calls end the run. */
	bool (*answer)(struct cpu *cpu);

	const struct tk *clock;        /* RDTSC and similar instructions read it, at the count clock_base + cpu_count() */
	uint64_t clock_base;           /* the clock's instructions (of all threads and processes) at the beginning of this run */
	unsigned vcpu;                 /* the vCPU on which this thread is scheduled */
	const struct cpu_model *model; /* decides what CPUID reports */
	bool tsc_faults;               /* PR_SET_TSC, PR_TSC_SIGSEGV: RDTSC and RDTSCP raise #GP */
	bool rdtscp_disabled;          /* RDTSCP and RDPID raise #UD */
	bool msr_allowed;              /* RDMSR and WRMSR of the time MSRs do not raise #GP at CPL 3 */
	uint64_t pause_tsc;            /* EXIT_PAUSE */
	bool pvclock;                  /* nor do the special RDMSRs of emu/op/pvclock.h */
	struct monitor monitor;
	uint64_t time_reads[TIME_READ_KINDS]; /* for --stats */

	struct x87 x87;
	union vector v[16];
	uint64_t generation; /* generation of the block cache that jump_cache points into; 0: jump_cache is empty */
	struct jump_cache_entry jump_cache[JUMP_CACHE_SIZE];
	struct return_entry returns[RETURNS_SIZE]; /* a ring: new entries overwrite the oldest */
	uint32_t returns_top;
};

/* Returns the byte offset of a general register in the register file, as records hold it. */
static inline uint8_t gpr_offset(unsigned reg, bool high)
{
	return (uint8_t)(reg * 8 + high);
}

/* The registers that a record's operand byte names. */
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

/* Returns the number of instructions that this thread has executed in this run, `ran` of them in the block that is running. */
static inline uint64_t cpu_count(const struct cpu *cpu, uint64_t ran)
{
	return (uint64_t)(cpu->limit - cpu->budget) + ran;
}

#endif
