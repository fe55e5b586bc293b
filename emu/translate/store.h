/* Inside emu/translate: the memory of translated code, and the routines by which it is entered and left. */
#ifndef TICK86_EMU_TRANSLATE_STORE_H
#define TICK86_EMU_TRANSLATE_STORE_H

#include "emu/op/insn.h"
#include "emu/translate/encode.h"

/* An instruction that its handler runs, called from translated code: its records, and one that returns. */
enum { CALLED_RECORDS = 3 };
struct called {
	struct insn insn[CALLED_RECORDS + 1];
	struct trace *trace;
	uint64_t rip;
	int32_t charged; /* instructions charged to the budget that have not run, ahead of it */
	uint8_t records; /* without the last */
	uint8_t length;
	bool general; /* its handlers use no vector registers */
};

struct store {
	struct home *home;
	void **target; /* TARGETS */
	uint8_t *code;
	size_t size, used, first; /* `first`: of it the routines, which are never dropped */
	size_t cold, cold_used;   /* from `cold` on stands what hardly ever runs, so that what runs stands close together */
	void *region;             /* one mapping holds home, targets and code */
	size_t region_bytes;
	/* Routines. Each but `enter` takes RAX in its slot, and in RAX what home.leaving is to be; `call` is called on the host's stack,
	 * with RSP in its slot, and leaves vector registers alone if the called handlers do. */
	const void *(*enter)(struct cpu *cpu, const void *code); /* to code with COUNTING; returns home.leaving, or NULL after a handler */
	const uint8_t *leave[CONVENTIONS];
	const uint8_t *call[2][CONVENTIONS];
	const uint8_t *look_up; /* an indirect branch's target in RCX is in no table */
};

/* False: the host gives no memory to write and run. `look_up_exit` is what home.leaving is
 * after look_up; `code_bytes` how much code there may be, 0: as much as is usual. */
bool store_create(struct store *store, const void *look_up_exit, size_t code_bytes);
void store_destroy(struct store *store);
/* Forgets all code but the routines. */
void store_clear(struct store *store);

static inline struct emitter store_emitter(const struct store *store)
{
	return (struct emitter){ store->code + store->used, store->home };
}

static inline struct emitter store_cold_emitter(const struct store *store)
{
	return (struct emitter){ store->code + store->cold_used, store->home };
}

static inline bool store_holds(const struct store *store, uint64_t address)
{
	return address - (uint64_t)store->code < store->size;
}

/* The last record of struct called: back_record, or timed_back_record where the clock has been asked (call.c). */
handler_t back_record, timed_back_record;
static inline bool is_back(const struct insn *record)
{
	return record->run == back_record || record->run == timed_back_record;
}

static inline const struct called *called_of_back(const struct insn *back)
{
	return (const struct called *)(back - back->a);
}

#endif
