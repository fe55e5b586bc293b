/* Inside emu/translate: traces, and what is known of their code. */
#ifndef TICK86_EMU_TRANSLATE_TRACE_H
#define TICK86_EMU_TRANSLATE_TRACE_H

#include "emu/block/tier.h"
#include "emu/translate/path.h"
#include "emu/translate/store.h"
#include "emu/translate/translate.h"

/* A way out of a trace. */
enum exit_kind {
	EXIT_TO,       /* to `rip`; its jump leads there once there is a trace */
	EXIT_SPENT,    /* the budget does not hold the whole trace: ahead of the instruction at `rip` */
	EXIT_INDIRECT, /* the branch at `rip` goes to home.target, which may not be an address */
};

struct trace_exit {
	uint64_t rip;
	uint8_t *jump;            /* EXIT_TO: displacement */
	uint8_t *out;             /* EXIT_TO: where that leads as long as there is no trace: out of translated code */
	const struct insn *first; /* EXIT_TO: the record of the block there, once it is known */
	struct trace_exit *next;  /* of those that lead to the same trace */
	uint8_t kind;             /* enum exit_kind */
	uint8_t convention;
	int16_t charged; /* EXIT_SPENT, EXIT_INDIRECT: instructions charged that have not run */
	int32_t moved;   /* EXIT_INDIRECT: by how much RSP was moved */
};

/* Where a guest instruction's code begins that may fault. */
struct site {
	uint32_t at;     /* from the trace's code */
	int32_t rip;     /* from the trace's rip */
	int16_t charged; /* instructions charged that have not run, ahead of it */
	uint8_t aside;   /* the guest register that is in its slot, or NOWHERE */
	flags_t stale;   /* flags that are 0 by rule, whatever the host has */
};
enum { NOWHERE = 0xff };

struct trace_page {
	uint64_t page;
	struct trace *trace;
	struct trace_page *next;
};

struct trace {
	uint64_t rip;
	struct translator *translator;
	struct block *block;
	uint8_t *code, *end;
	const uint8_t *entry[CONVENTIONS];
	uint8_t *pad;            /* where indirect branches land, with COUNTING; checks that RCX is rip */
	uint8_t *pad_next;       /* displacement of its jump to the next pad in the list of those that share a place in the table */
	struct trace_exit *into; /* exits whose jumps lead here */
	struct site *site;
	struct trace_page *page;
	uint16_t sites;
	uint8_t pages;
	uint8_t insns;
	uint8_t convention;
	bool dropped;
};

enum { PAGE_LISTS = 1 << 10, BEGINS = 1 << 16 };

struct translator {
	struct tier tier;
	struct translate_config config;
	struct store store;
	uint8_t *arena; /* traces and what belongs to them */
	size_t arena_used;
	struct trace **trace; /* all, by address of their code */
	unsigned traces, capacity;
	struct trace_page *page[PAGE_LISTS];
	uint64_t begins[BEGINS / 64]; /* a bit for the addresses with the same hash: no trace begins at any, if it is 0 */
	struct trace_exit look_up;    /* what home.leaving is behind an indirect branch to where no trace is known */
	struct trace_exit *open;      /* the exit by which translated code was left last */
	bool missed;                  /* it was left by look_up */
	bool paused;                  /* the handlers run everything (--verify) */
	bool entered;                 /* translated code has run since this was cleared */
};

enum { ARENA_BYTES = 128 << 20 };

static inline void *arena_take(struct translator *translator, size_t bytes)
{
	void *memory = translator->arena + translator->arena_used;

	translator->arena_used += (bytes + 7) & ~(size_t)7;
	return memory;
}

/* How often the code at `rip` has been entered: 0 never. Whether a trace begins there. */
unsigned trace_entries(const struct blocks *blocks, uint64_t rip);
bool trace_known(const struct blocks *blocks, uint64_t rip);
/* The trace that begins there, or NULL. */
const struct trace *trace_at(const struct blocks *blocks, uint64_t rip);

/* Writes guest instructions and what is made of them. `start`: where the code of each unit begins. */
void trace_dump_code(FILE *out, const struct trace *trace); /* the host's alone */
void trace_dump(FILE *out, const struct trace *trace, const struct path *path, uint8_t *const *start);

/* recover.c, of struct tier_calls */
bool trace_holds(const struct tier *tier, const ucontext_t *uc);
bool trace_is_dropped(const struct tier *tier, const ucontext_t *uc);
bool trace_recover(const struct tier *tier, struct cpu *cpu, const ucontext_t *uc);
bool trace_settle(const struct tier *tier, struct cpu *cpu, const struct insn *at);
bool trace_called_dropped(const struct tier *tier, const struct insn *at);

/* Writes the code of a path. NULL: there is no more room. */
struct trace *trace_write(struct translator *translator, struct blocks *blocks, const struct path *path);

/* Lets an exit lead to a trace, or nowhere again. */
void trace_link(struct trace_exit *exit, struct trace *to);
void trace_unlink(struct trace_exit *exit);

#endif
