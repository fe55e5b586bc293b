/* MOVS CMPS STOS LODS SCAS, with and without REP. In a record a is the slot of the source's segment base, b is 1 with 32-bit addresses,
 * and d is the prefix. Registers are updated after each element, so a fault leaves them as the SDM demands. */
#include <string.h>

#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

/* The pointers and the counter, with the width of the addresses. */
static inline uint64_t string_register(const struct cpu *cpu, const struct insn *i, enum gpr reg)
{
	return i->b ? (uint32_t)cpu->r[reg] : cpu->r[reg];
}

static inline void string_advance(struct cpu *cpu, const struct insn *i, enum gpr reg, uint64_t by)
{
	cpu->r[reg] = i->b ? (uint32_t)(cpu->r[reg] + by) : cpu->r[reg] + by;
}

static inline uint64_t source(struct cpu *cpu, const struct insn *i)
{
	return *reg64(cpu, i->a) + string_register(cpu, i, RSI);
}

/* SDM vol. 3, 17.3.1.4: with TF set, a repeated string instruction traps after each element. If more elements follow, the run ends after
 * one element, with the instruction not counted and RIP at itself; then the run loop traps. */
static const struct insn *after_one(struct cpu *cpu, const struct insn *i, bool more)
{
	if (!more)
		NEXT();
	cpu->at = i;
	cpu->exit = EXIT_STOP;
	return NULL;
}

/* A repeated instruction can go on for minutes, and no signal and no other thread would get its turn. So the run ends after a part of it. */
enum { PART = 1 << 22 }; /* elements */

static const struct insn *after_part(struct cpu *cpu, const struct insn *i)
{
	cpu->at = i;
	cpu->exit = EXIT_AGAIN;
	return NULL;
}

static inline bool steps(const struct cpu *cpu, const struct insn *i)
{
	return unlikely(cpu->tf) && i->d;
}

/* Handles one element, if any is left, and tells if others follow. */
#define ONE_OF_MANY(element)                                       \
	do {                                                       \
		bool more_ = string_register(cpu, i, RCX) != 0;    \
		if (more_) {                                       \
			element;                                   \
			string_advance(cpu, i, RCX, -1ULL);        \
			more_ = string_register(cpu, i, RCX) != 0; \
		}                                                  \
		return after_one(cpu, i, more_);                   \
	} while (0)

/* Returns how many elements can be moved at once: forwards, within a page on both sides, at most `count`. A fault can then occur only at
 * the first one. 0: the next element itself crosses a page. */
static uint64_t chunk(uint64_t from, uint64_t to, uint64_t count, unsigned size)
{
	uint64_t room_from = GUEST_PAGE - from % GUEST_PAGE, room_to = GUEST_PAGE - to % GUEST_PAGE;
	uint64_t elements = (room_from < room_to ? room_from : room_to) / size;

	return elements < count ? elements : count;
}

/* The host's REP MOVSB equals the guest's REP MOVS of any width, also if source and destination overlap. Exception: if they are less
 * than an element apart, the bytes repeat differently, so elements wider than a byte are moved one by one. */
static void move_chunk(struct cpu *cpu, const struct insn *i, uint64_t elements, unsigned size)
{
	uint64_t from = source(cpu, i), to = string_register(cpu, i, RDI), bytes = elements * size;
	void *destination = guest_pointer(cpu, i, to);
	const void *origin = guest_pointer(cpu, i, from);

	__asm__ volatile("rep movsb" : "+D"(destination), "+S"(origin), "+c"(bytes) : : "memory");
	string_advance(cpu, i, RSI, elements * size);
	string_advance(cpu, i, RDI, elements * size);
	string_advance(cpu, i, RCX, -elements);
}

#define MOVS_STOS_HANDLERS(BITS)                                                                      \
	static inline void movs_one##BITS(struct cpu *cpu, const struct insn *i)                      \
	{                                                                                             \
		uint64_t step = cpu->df ? -(uint64_t)(BITS / 8) : BITS / 8;                           \
		uint##BITS##_t value = guest_load##BITS(cpu, i, source(cpu, i));                      \
		guest_store##BITS(cpu, i, string_register(cpu, i, RDI), value);                       \
		string_advance(cpu, i, RSI, step);                                                    \
		string_advance(cpu, i, RDI, step);                                                    \
	}                                                                                             \
	static HANDLER(movs##BITS)                                                                    \
	{                                                                                             \
		if (steps(cpu, i))                                                                    \
			ONE_OF_MANY(movs_one##BITS(cpu, i));                                          \
		if (!i->d) {                                                                          \
			movs_one##BITS(cpu, i);                                                       \
			NEXT();                                                                       \
		}                                                                                     \
		for (uint64_t count, done = 0; (count = string_register(cpu, i, RCX)) != 0;) {        \
			uint64_t from = source(cpu, i), to = string_register(cpu, i, RDI);            \
			if (unlikely(done >= PART))                                                   \
				return after_part(cpu, i);                                            \
			uint64_t elements = cpu->df ? 0 : chunk(from, to, count, BITS / 8);           \
			done += elements ? elements : 1;                                              \
			if (elements && (BITS == 8 || to - from >= BITS / 8)) {                       \
				move_chunk(cpu, i, elements, BITS / 8);                               \
			} else {                                                                      \
				movs_one##BITS(cpu, i);                                               \
				string_advance(cpu, i, RCX, -1ULL);                                   \
			}                                                                             \
		}                                                                                     \
		NEXT();                                                                               \
	}                                                                                             \
	static inline void stos_one##BITS(struct cpu *cpu, const struct insn *i)                      \
	{                                                                                             \
		guest_store##BITS(cpu, i, string_register(cpu, i, RDI), (uint##BITS##_t)cpu->r[RAX]); \
		string_advance(cpu, i, RDI, cpu->df ? -(uint64_t)(BITS / 8) : BITS / 8);              \
	}                                                                                             \
	static HANDLER(stos##BITS)                                                                    \
	{                                                                                             \
		if (steps(cpu, i))                                                                    \
			ONE_OF_MANY(stos_one##BITS(cpu, i));                                          \
		if (!i->d) {                                                                          \
			stos_one##BITS(cpu, i);                                                       \
			NEXT();                                                                       \
		}                                                                                     \
		for (uint64_t count, done = 0; (count = string_register(cpu, i, RCX)) != 0;) {        \
			uint64_t to = string_register(cpu, i, RDI);                                   \
			if (unlikely(done >= PART))                                                   \
				return after_part(cpu, i);                                            \
			uint64_t elements = cpu->df ? 0 : chunk(to, to, count, BITS / 8);             \
			done += elements ? elements : 1;                                              \
			if (!elements) {                                                              \
				stos_one##BITS(cpu, i);                                               \
				string_advance(cpu, i, RCX, -1ULL);                                   \
				continue;                                                             \
			}                                                                             \
			guest_u##BITS *p = guest_pointer(cpu, i, to);                                 \
			for (uint64_t k = 0; k < elements; k++)                                       \
				p[k] = (uint##BITS##_t)cpu->r[RAX];                                   \
			compiler_barrier();                                                           \
			string_advance(cpu, i, RDI, elements *(BITS / 8));                            \
			string_advance(cpu, i, RCX, -elements);                                       \
		}                                                                                     \
		NEXT();                                                                               \
	}                                                                                             \
	static inline void lods_one##BITS(struct cpu *cpu, const struct insn *i)                      \
	{                                                                                             \
		set_reg##BITS(cpu, gpr_offset(RAX, false), guest_load##BITS(cpu, i, source(cpu, i))); \
		string_advance(cpu, i, RSI, cpu->df ? -(uint64_t)(BITS / 8) : BITS / 8);              \
	}                                                                                             \
	static HANDLER(lods##BITS)                                                                    \
	{                                                                                             \
		if (steps(cpu, i))                                                                    \
			ONE_OF_MANY(lods_one##BITS(cpu, i));                                          \
		if (!i->d)                                                                            \
			lods_one##BITS(cpu, i);                                                       \
		for (uint64_t done = 0; i->d && string_register(cpu, i, RCX); done++) {               \
			if (unlikely(done == PART))                                                   \
				return after_part(cpu, i);                                            \
			lods_one##BITS(cpu, i);                                                       \
			string_advance(cpu, i, RCX, -1ULL);                                           \
		}                                                                                     \
		NEXT();                                                                               \
	}
MOVS_STOS_HANDLERS(8)
MOVS_STOS_HANDLERS(16)
MOVS_STOS_HANDLERS(32)
MOVS_STOS_HANDLERS(64)

/* Sets the flags of the last comparison only. d is 1 for REPE (and REP), 2 for REPNE. */
#define COMPARE_STRING(name, BITS, suffix, LEFT, RIGHT, ADVANCE)                                                \
	static inline bool name##_one##BITS(struct cpu *cpu, const struct insn *i, uint64_t step)               \
	{                                                                                                       \
		uint##BITS##_t left = LEFT(BITS), right = RIGHT(BITS);                                          \
		uint32_t ax;                                                                                    \
		__asm__("cmp" suffix " %2, %1\n\tseto %%al\n\tlahf" : "=a"(ax) : "q"(left), "q"(right) : "cc"); \
		ADVANCE;                                                                                        \
		cpu->flags = (flags_t)ax;                                                                       \
		return left == right;                                                                           \
	}                                                                                                       \
	static __attribute__((noinline)) HANDLER(name##_step##BITS)                                             \
	{                                                                                                       \
		bool same = false;                                                                              \
		if (!string_register(cpu, i, RCX))                                                              \
			return after_one(cpu, i, false);                                                        \
		same = name##_one##BITS(cpu, i, cpu->df ? -(uint64_t)(BITS / 8) : BITS / 8);                    \
		string_advance(cpu, i, RCX, -1ULL);                                                             \
		return after_one(cpu, i, string_register(cpu, i, RCX) && same == (i->d == 1));                  \
	}                                                                                                       \
	static HANDLER(name##BITS)                                                                              \
	{                                                                                                       \
		uint64_t step = cpu->df ? -(uint64_t)(BITS / 8) : BITS / 8;                                     \
		if (steps(cpu, i))                                                                              \
			return name##_step##BITS(cpu, i);                                                       \
		for (uint64_t done = 0; !i->d || string_register(cpu, i, RCX); done++) {                        \
			if (unlikely(done == PART))                                                             \
				return after_part(cpu, i);                                                      \
			bool same = name##_one##BITS(cpu, i, step);                                             \
			if (!i->d)                                                                              \
				break;                                                                          \
			string_advance(cpu, i, RCX, -1ULL);                                                     \
			if (same != (i->d == 1))                                                                \
				break;                                                                          \
		}                                                                                               \
		NEXT();                                                                                         \
	}
#define LOAD_SOURCE(BITS) guest_load##BITS(cpu, i, source(cpu, i))
#define LOAD_DESTINATION(BITS) guest_load##BITS(cpu, i, string_register(cpu, i, RDI))
#define LOAD_RAX(BITS) ((uint##BITS##_t)cpu->r[RAX])
#define ADVANCE_BOTH (string_advance(cpu, i, RSI, step), string_advance(cpu, i, RDI, step))
#define ADVANCE_DESTINATION string_advance(cpu, i, RDI, step)

COMPARE_STRING(cmps, 8, "b", LOAD_SOURCE, LOAD_DESTINATION, ADVANCE_BOTH)
COMPARE_STRING(cmps, 16, "w", LOAD_SOURCE, LOAD_DESTINATION, ADVANCE_BOTH)
COMPARE_STRING(cmps, 32, "l", LOAD_SOURCE, LOAD_DESTINATION, ADVANCE_BOTH)
COMPARE_STRING(cmps, 64, "q", LOAD_SOURCE, LOAD_DESTINATION, ADVANCE_BOTH)
COMPARE_STRING(scas, 8, "b", LOAD_RAX, LOAD_DESTINATION, ADVANCE_DESTINATION)
COMPARE_STRING(scas, 16, "w", LOAD_RAX, LOAD_DESTINATION, ADVANCE_DESTINATION)
COMPARE_STRING(scas, 32, "l", LOAD_RAX, LOAD_DESTINATION, ADVANCE_DESTINATION)
COMPARE_STRING(scas, 64, "q", LOAD_RAX, LOAD_DESTINATION, ADVANCE_DESTINATION)

/* --- rows: without operands, so size0 is the width ------------------------------------------------- */

/* clang-format off */
#define STRING_ROW(OP, BITS, name, ATTRIBUTES, FLAGS)                                                      \
	{ .op = OP, .size0 = BYTES##BITS, .hidden = HIDDEN_STRING, .attributes = FORM_FAULTS | ATTRIBUTES, \
	  .reads = FLAGS, .writes = FLAGS, .run = { name##BITS } },

#define STRING_ROWS(BITS)                                                                                  \
	STRING_ROW(OP_MOVS, BITS, movs, FORM_READS_RSI | FORM_WRITES_RDI, 0)                               \
	STRING_ROW(OP_STOS, BITS, stos, FORM_WRITES_RDI, 0)                                                \
	STRING_ROW(OP_LODS, BITS, lods, FORM_READS_RSI, 0)                                                 \
	STRING_ROW(OP_CMPS, BITS, cmps, FORM_READS_RSI | FORM_READS_RDI | FORM_PRESERVES, FLAGS_ALL)       \
	STRING_ROW(OP_SCAS, BITS, scas, FORM_READS_RDI | FORM_PRESERVES, FLAGS_ALL)
/* clang-format on */

static const struct form rows[] = { STRING_ROWS(8) STRING_ROWS(16) STRING_ROWS(32) STRING_ROWS(64) };

const struct form_list string_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows) };
