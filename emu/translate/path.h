/* Inside emu/translate: the instructions of a trace, one way through guest code, chosen by what has run so far. */
#ifndef TICK86_EMU_TRANSLATE_PATH_H
#define TICK86_EMU_TRANSLATE_PATH_H

#include "emu/block/steps.h"

enum { PATH_MAX_INSNS = BUDGET_RESERVE };

enum unit_kind {
	UNIT_NOTHING,  /* no code: NOP, fences, a jump that the path follows */
	UNIT_COPIED,   /* the guest's own instruction, perhaps with another base register */
	UNIT_CALLED,   /* its handler */
	UNIT_TIME,     /* RDTSC: a function of the budget where that is known, else its handler */
	UNIT_CALL,     /* pushes the return address; the path goes on with what is called */
	UNIT_BRANCH,   /* Jcc: the path goes on at one side */
	UNIT_INDIRECT, /* JMP, CALL, RET to where a register or memory says; the last one */
	UNIT_GUARDED,  /* the same where that is likely to be `expected`; the path goes on there */
};

/* One instruction of a path. */
struct unit {
	struct step step;
	struct encoding in; /* with its own bytes */
	uint8_t kind;       /* enum unit_kind */
	uint8_t segment;    /* SEG_FS or SEG_GS, or 0 */
	uint8_t prefixes;   /* legacy ones, ahead of REX, VEX or the opcode */
	bool follows_taken; /* UNIT_BRANCH */
	uint64_t expected;  /* UNIT_GUARDED */
	bool faults;
	bool may_keep;    /* leaves flags that it writes as they were, if a count is 0 */
	bool keeps_flags; /* by rule it leaves the flags as they were, and the host's own does not */
	flags_t reads, writes;
	flags_t zero;              /* of those written: 0 by rule, and undefined on the host */
	flags_t zero_by_one;       /* may_keep: the same if the count is 1 */
	bool clears;               /* a shift by CL whose undefined flags can be seen: they are cleared behind it */
	flags_t live, live_behind; /* flags that may be seen ahead of it, and behind it */
	flags_t clear;             /* flags to be cleared ahead of it, where they are undefined and seen; */
	flags_t stale;             /* those that are still undefined then, and 0 by rule */
};

enum path_end {
	END_GOES,     /* to `next` */
	END_LOOPS,    /* to its own beginning */
	END_BRANCHES, /* the last unit's branch goes to its own beginning on one side, to `next` on the other */
	END_INDIRECT,
};

struct path {
	uint64_t rip, next;
	struct unit unit[PATH_MAX_INSNS];
	unsigned count;
	enum path_end end;
	flags_t stale;      /* at the end */
	struct draft draft; /* for its pages, and for records */
	struct reach reach;
	uint64_t highest; /* address of a unit */
	bool chargeable;  /* a unit covers the flags */
};

/* Chooses the path from `rip` on. False: its first instruction cannot be translated. */
bool path_choose(struct cpu *cpu, const struct blocks *blocks, uint64_t rip, struct path *path);

/* Where a branch goes that the path does not follow. */
uint64_t unit_other_side(const struct unit *unit);

/* Whether no flag can be seen ahead of it, and it cannot fault. */
bool unit_covers_flags(const struct unit *unit);

static inline uint64_t unit_behind(const struct unit *unit)
{
	return unit->step.address + unit->step.plan->length;
}

static inline bool unit_names(const struct unit *unit, unsigned reg)
{
	return (unit->in.reads | unit->in.addresses | unit->in.changes) >> reg & 1;
}

#endif
