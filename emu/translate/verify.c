/* Both tiers in lockstep. Memory is taken back between them by page (emu/mem/undo.h), registers by a copy of struct cpu. */
#include "emu/translate/verify.h"

#include <inttypes.h>
#include <stdlib.h>

#include "decode/decode.h"
#include "emu/cpu/fatal.h"
#include "emu/cpu/flags.h"
#include "emu/mem/undo.h"
#include "emu/translate/trace.h"

/* Translated code is left with the reserve in the budget, which the handlers use up: so a stretch is longer than that. */
enum { SHORTEST = BUDGET_RESERVE + 1, LENGTHS = 4 * BUDGET_RESERVE };

/* What comes behind are caches, which are no part of the state. */
enum { STATE_BYTES = offsetof(struct cpu, generation) };

struct state {
	_Alignas(struct cpu) uint8_t bytes[STATE_BYTES];
	enum cpu_exit exit;
	uint64_t count;
};

struct verify {
	struct undo *undo;
	struct blocks *blocks;
	struct translator *translator;
	uint64_t stretches;
	struct state start, translated, handled;
};

struct verify *verify_create(struct space *space, struct blocks *blocks)
{
	struct verify *verify;

	if (!blocks->tier)
		return NULL;
	verify = fatal_unless(aligned_alloc(_Alignof(struct verify), sizeof(*verify)));

	*verify = (struct verify){ .undo = undo_create(space), .blocks = blocks, .translator = (struct translator *)blocks->tier };
	blocks_leave_world(blocks);
	return verify;
}

/* --- the state --------------------------------------------------------------------------------------------- */

/* The parts of struct cpu that a guest can see. */
struct visible {
	const char *name;
	uint16_t at, size;
};

#define FIELD(NAME, MEMBER)                                                           \
	{                                                                             \
		NAME, offsetof(struct cpu, MEMBER), sizeof(((struct cpu *)0)->MEMBER) \
	}
#define X87_FIELD(NAME, N)                               \
	{                                                \
		NAME, offsetof(struct cpu, x87.r[N]), 10 \
	}

/* clang-format off */
static const struct visible fields[] = {
	FIELD("rip", rip),
	FIELD("rax", r[RAX]), FIELD("rcx", r[RCX]), FIELD("rdx", r[RDX]), FIELD("rbx", r[RBX]),
	FIELD("rsp", r[RSP]), FIELD("rbp", r[RBP]), FIELD("rsi", r[RSI]), FIELD("rdi", r[RDI]),
	FIELD("r8", r[R8]), FIELD("r9", r[R9]), FIELD("r10", r[R10]), FIELD("r11", r[R11]),
	FIELD("r12", r[R12]), FIELD("r13", r[R13]), FIELD("r14", r[R14]), FIELD("r15", r[R15]),
	FIELD("flags (SF ZF AF PF CF, OF)", flags), FIELD("DF", df), FIELD("ID", id), FIELD("NT", nt), FIELD("AC", ac), FIELD("TF", tf),
	FIELD("fs base", r[SLOT_FS_BASE]), FIELD("gs base", r[SLOT_GS_BASE]), FIELD("selectors", selector), FIELD("SS shadow", shadow),
	FIELD("mxcsr", mxcsr),
	FIELD("ymm0", v[0]), FIELD("ymm1", v[1]), FIELD("ymm2", v[2]), FIELD("ymm3", v[3]),
	FIELD("ymm4", v[4]), FIELD("ymm5", v[5]), FIELD("ymm6", v[6]), FIELD("ymm7", v[7]),
	FIELD("ymm8", v[8]), FIELD("ymm9", v[9]), FIELD("ymm10", v[10]), FIELD("ymm11", v[11]),
	FIELD("ymm12", v[12]), FIELD("ymm13", v[13]), FIELD("ymm14", v[14]), FIELD("ymm15", v[15]),
	X87_FIELD("x87 r0", 0), X87_FIELD("x87 r1", 1), X87_FIELD("x87 r2", 2), X87_FIELD("x87 r3", 3),
	X87_FIELD("x87 r4", 4), X87_FIELD("x87 r5", 5), X87_FIELD("x87 r6", 6), X87_FIELD("x87 r7", 7),
	FIELD("fcw", x87.control), FIELD("fsw", x87.status), FIELD("x87 top", x87.top), FIELD("x87 valid", x87.valid),
	FIELD("x87 opcode", x87.opcode), FIELD("x87 ip", x87.ip), FIELD("x87 dp", x87.dp), FIELD("monitor", monitor),
};

/* Of a fault: compared only where there is one. */
static const struct visible fault_fields[] = {
	FIELD("vector", exception.vector), FIELD("fault address", exception.address),
	FIELD("si_code", exception.si_code),
};
/* clang-format on */

enum { FIELDS = sizeof(fields) / sizeof(*fields), FAULT_FIELDS = sizeof(fault_fields) / sizeof(*fault_fields) };

static void take_state(struct state *state, const struct cpu *cpu, enum cpu_exit exit)
{
	memcpy(state->bytes, cpu, STATE_BYTES);
	((struct cpu *)state->bytes)->flags &= FLAGS_ALL; /* LAHF leaves more */
	state->exit = exit;
	state->count = cpu_count(cpu, 0);
}

static void put_state(struct cpu *cpu, const struct state *state)
{
	memcpy(cpu, state->bytes, STATE_BYTES);
}

static void put_bytes(FILE *report, const uint8_t *bytes, unsigned size)
{
	while (size--)
		fprintf(report, "%02x", bytes[size]);
}

/* Compares, and prints what differs unless `report` is NULL. */
static bool fields_equal(const struct verify *verify, const struct visible *list, unsigned count, FILE *report)
{
	const uint8_t *translated = verify->translated.bytes, *handled = verify->handled.bytes;
	bool equal = true;

	for (unsigned k = 0; k < count; k++) {
		const struct visible *part = &list[k];

		if (!memcmp(translated + part->at, handled + part->at, part->size))
			continue;
		equal = false;
		if (!report)
			break;
		fprintf(report, "  %s: translated ", part->name);
		put_bytes(report, translated + part->at, part->size);
		fputs(", handlers ", report);
		put_bytes(report, handled + part->at, part->size);
		fputs(", before ", report);
		put_bytes(report, verify->start.bytes + part->at, part->size);
		fputc('\n', report);
	}
	return equal;
}

static bool numbers_equal(const char *name, uint64_t translated, uint64_t handled, FILE *report)
{
	if (translated == handled)
		return true;
	if (report)
		fprintf(report, "  %s: translated %" PRIu64 ", handlers %" PRIu64 "\n", name, translated, handled);
	return false;
}

static bool memory_equal(const struct verify *verify, FILE *report)
{
	uint64_t address;
	uint8_t kept;

	if (!undo_differs(verify->undo, &address, &kept))
		return true;
	if (report)
		fprintf(report, "  memory at 0x%" PRIx64 ": translated %02x, handlers %02x\n", address, kept, *(const uint8_t *)address);
	return false;
}

/* Whether the page was present is the host kernel's affair: it gives a page at the first access. */
static uint32_t error_code(const struct state *state)
{
	const struct exception *exception = &((const struct cpu *)state->bytes)->exception;

	return exception->vector == VECTOR_PF ? exception->error & ~(uint32_t)PF_PRESENT : exception->error;
}

static bool equal(const struct verify *verify, FILE *report)
{
	const struct state *translated = &verify->translated, *handled = &verify->handled;
	bool same = numbers_equal("end of the run (enum cpu_exit)", translated->exit, handled->exit, report);

	same &= numbers_equal("instructions", translated->count, handled->count, report);
	if (translated->exit == EXIT_EXCEPTION && handled->exit == EXIT_EXCEPTION) {
		same &= fields_equal(verify, fault_fields, FAULT_FIELDS, report);
		same &= numbers_equal("error code", error_code(translated), error_code(handled), report);
	}
	same &= fields_equal(verify, fields, FIELDS, report);
	same &= memory_equal(verify, report);
	return same;
}

/* --- running ----------------------------------------------------------------------------------------------- */

static enum cpu_exit run_handlers(struct verify *verify, struct cpu *cpu, uint64_t budget)
{
	enum cpu_exit exit;

	verify->translator->paused = true;
	exit = cpu_run(cpu, verify->blocks, budget);
	verify->translator->paused = false;
	return exit;
}

/* One stretch in both tiers. Where nothing translated was entered, the handlers have done it all, and there is nothing to compare. */
static bool run_both(struct verify *verify, struct cpu *cpu, uint64_t budget)
{
	enum cpu_exit exit;

	undo_mark(verify->undo);
	take_state(&verify->start, cpu, EXIT_NONE);
	verify->translator->entered = false;
	exit = cpu_run(cpu, verify->blocks, budget);
	take_state(&verify->translated, cpu, exit);
	verify->handled = verify->translated;
	if (!verify->translator->entered)
		return true;
	undo_back(verify->undo);
	put_state(cpu, &verify->start);
	exit = run_handlers(verify, cpu, exit == EXIT_BUDGET ? verify->translated.count : budget);
	take_state(&verify->handled, cpu, exit);
	return equal(verify, NULL);
}

static void go_back(struct verify *verify, struct cpu *cpu)
{
	undo_back(verify->undo);
	put_state(cpu, &verify->start);
}

/* --- the report -------------------------------------------------------------------------------------------- */

static void put_instruction(FILE *report, const struct space *space, uint64_t rip)
{
	const uint8_t *code = (const uint8_t *)rip;
	size_t size = space_fetchable(space, rip);
	struct decoded decoded;
	char text[128];

	size = size < DECODE_MAX_LENGTH ? size : DECODE_MAX_LENGTH;
	if (!size || decode(code, size, rip, &decoded) != DECODE_OK)
		return;
	decode_text(code, size, rip, text, sizeof(text));
	fprintf(report, "  %012" PRIx64 "  ", rip);
	for (unsigned k = 0; k < decoded.length; k++)
		fprintf(report, "%02x", code[k]);
	fprintf(report, "  %s\n", text);
}

/* The instructions that run from the start of the stretch, by the handlers. */
static void put_path(struct verify *verify, struct cpu *cpu, unsigned insns, FILE *report)
{
	go_back(verify, cpu);
	for (unsigned k = 0; k < insns; k++) {
		put_instruction(report, verify->blocks->space, cpu->rip);
		if (run_handlers(verify, cpu, 1) != EXIT_BUDGET)
			break;
	}
}

/* Goes along the stretch by the handlers, and tries each trace by itself that begins where they come by. Returns the one that makes a
 * difference, with the stretch at its beginning, or NULL. */
static const struct trace *find_culprit(struct verify *verify, struct cpu *cpu, uint64_t insns)
{
	go_back(verify, cpu);
	for (uint64_t k = 0; k <= insns; k++) {
		const struct trace *trace = trace_at(verify->blocks, cpu->rip);

		undo_mark(verify->undo);
		if (trace && !run_both(verify, cpu, BUDGET_RESERVE + trace->insns))
			return trace;
		if (trace)
			go_back(verify, cpu);
		if (run_handlers(verify, cpu, 1) != EXIT_BUDGET)
			break;
	}
	return NULL;
}

static void put_report(struct verify *verify, struct cpu *cpu, FILE *report)
{
	uint64_t rip = ((const struct cpu *)verify->start.bytes)->rip, insns = verify->handled.count;
	uint64_t budget = verify->translated.count > insns ? verify->translated.count : insns;
	const struct trace *trace;

	fprintf(report, "tick86: --verify: translated code and handlers differ in the %" PRIu64 " instructions from 0x%" PRIx64 "\n", insns,
		rip);
	equal(verify, report);
	trace = find_culprit(verify, cpu, budget);
	if (!trace) {
		fprintf(report, "no trace shows the difference by itself\n");
		return;
	}
	fprintf(report, "the trace at 0x%" PRIx64 " by itself, and what runs behind it:\n", trace->rip);
	equal(verify, report);
	fprintf(report, "guest instructions:\n");
	put_path(verify, cpu, trace->insns, report);
	fprintf(report, "what is made of them:\n");
	trace_dump_code(report, trace);
}

/* --- the whole --------------------------------------------------------------------------------------------- */

/* Other lengths each time, so that stretches end at all places of a loop. */
static uint64_t stretch(struct verify *verify, uint64_t left)
{
	uint64_t length = SHORTEST + verify->stretches++ * 37 % LENGTHS;

	return length < left ? length : left;
}

bool verify_run(struct verify *verify, struct cpu *cpu, uint64_t budget, enum cpu_exit *exit, FILE *report)
{
	uint64_t done = 0, clock_base = cpu->clock_base;
	bool good;

	undo_begin(verify->undo);
	do {
		cpu->clock_base = clock_base + done;
		good = run_both(verify, cpu, stretch(verify, budget - done));
		done += verify->handled.count;
		*exit = verify->handled.exit;
	} while (good && *exit == EXIT_BUDGET && done < budget && verify->handled.count);
	if (!good)
		put_report(verify, cpu, report);
	undo_end(verify->undo);
	cpu->clock_base = clock_base;
	cpu->limit = cpu->budget + (int64_t)done;
	cpu->exit = *exit;
	return good;
}
