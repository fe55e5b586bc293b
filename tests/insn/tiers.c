/* Makes random code, and runs it with both tiers in lockstep. */
#include "tests/insn/tiers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/insn/memory.h"
#include "tests/insn/values.h"

/* Two pages that the guest may write; code begins so that it may cross from one to the other. */
#define TIERS_CODE 0x30000000ULL
enum { CODE_BYTES = 0x2000, CODE_AT = 0xf80, INT3 = 0xcc };
/* How often code goes on behind an exception, and how many instructions run in all. */
enum { GO_ON = 3, BUDGET = 1500 };

void tiers_init(struct tiers *tiers, const struct test_forms *forms)
{
	*tiers = (struct tiers){ .forms = forms };
	emulated_init(&tiers->emulated);
	memory_map(&tiers->emulated.space);
	if (space_mmap(&tiers->emulated.space, TIERS_CODE, CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
		!= (int64_t)TIERS_CODE)
		abort();
	tiers->verify = verify_create(&tiers->emulated.space, tiers->emulated.blocks);
	if (!tiers->verify) {
		fprintf(stderr, "this build translates nothing\n");
		exit(2);
	}
}

/* --- code -------------------------------------------------------------------------------------------------- */

/* A branch whose displacement ends at `end`, and leads to an instruction. */
struct aim {
	unsigned end, size, to;
};

struct code {
	uint8_t bytes[CODE_BYTES];
	unsigned length, insns, aims;
	unsigned at[2 * TIERS_INSNS_MAX]; /* where each instruction begins */
	struct aim aim[TIERS_INSNS_MAX];
};

static void put(struct code *code, const void *bytes, unsigned size)
{
	memcpy(code->bytes + code->length, bytes, size);
	code->length += size;
}

static void put_aimed(struct code *code, const void *opcode, unsigned opcode_size, unsigned size, unsigned to)
{
	static const uint8_t nothing[4];

	put(code, opcode, opcode_size);
	put(code, nothing, size);
	code->aim[code->aims++] = (struct aim){ code->length, size, to };
}

/* Flow in all its forms: chance alone would give few. LEA RAX and JMP or CALL RAX stand for indirect branches. */
static void put_flow(struct code *code, struct random *random, unsigned insns)
{
	static const uint8_t jump_near[] = { 0xe9 }, call[] = { 0xe8 }, ret[] = { 0xc3 }, ret_imm[] = { 0xc2, 8, 0 };
	static const uint8_t lea[] = { 0x48, 0x8d, 0x05 }, jump_rax[] = { 0xff, 0xe0 }, call_rax[] = { 0xff, 0xd0 };
	unsigned to = (unsigned)random_below(random, insns);
	uint8_t near[] = { 0x0f, (uint8_t)(0x80 + random_below(random, 16)) }, jcc = (uint8_t)(0x70 + random_below(random, 16));
	uint8_t loop = (uint8_t)(0xe0 + random_below(random, 4)), stack = (uint8_t)(0x50 + random_below(random, 16));

	switch (random_below(random, 12)) {
	case 0: put_aimed(code, near, 2, 4, to); break;
	case 1: put_aimed(code, jump_near, 1, 4, to); break;
	case 2: put_aimed(code, call, 1, 4, to); break;
	case 3: put_aimed(code, &loop, 1, 1, to); break;
	case 4: put(code, ret, 1); break;
	case 5: put(code, ret_imm, 3); break;
	case 6: put(code, &stack, stack == 0x5c ? 0 : 1); break; /* not POP RSP */
	case 7:
	case 8:
		put_aimed(code, lea, 3, 4, to);
		code->at[code->insns++] = code->length;
		put(code, random_percent(random, 50) ? jump_rax : call_rax, 2);
		break;
	default: put_aimed(code, &jcc, 1, 1, to); break;
	}
}

/* Half of all forms are AVX and SSE. */
static const struct test_form *choose_form(const struct tiers *tiers, struct random *random)
{
	const struct test_form *form = NULL;

	for (int attempt = 0; attempt < 3; attempt++) {
		form = &tiers->forms->form[random_below(random, tiers->forms->count)];
		if (!form->sample.vex && form->sample.op < OP_ADDPD)
			break;
	}
	return form;
}

static bool put_insn(struct code *code, const struct tiers *tiers, struct random *random)
{
	uint64_t address = TIERS_CODE + CODE_AT + code->length, target = DATA_LOW + random_below(random, DATA_SIZE);
	struct encoded encoded;

	if (!encode_random(random, choose_form(tiers, random), address, (struct encode_limits){ .tame = random_percent(random, 90) },
		    &encoded))
		return false;
	if (random_percent(random, 3))
		target = TIERS_CODE + CODE_AT + random_below(random, 256);
	if (encoded.disp_at) {
		uint32_t displacement = (uint32_t)(target - (encoded.rip_relative ? address + encoded.length : 0));

		memcpy(encoded.bytes + encoded.disp_at, &displacement, sizeof(displacement));
	}
	put(code, encoded.bytes, encoded.length);
	return true;
}

static void aim_all(struct code *code)
{
	for (unsigned k = 0; k < code->aims; k++) {
		const struct aim *aim = &code->aim[k];
		int32_t way = (int32_t)(code->at[aim->to] - aim->end);

		if (aim->size == 1 && way != (int8_t)way)
			way = 0;
		memcpy(code->bytes + aim->end - aim->size, &way, aim->size);
	}
}

static void make_code(struct code *code, const struct tiers *tiers, const uint32_t *insns, unsigned count)
{
	memset(code->bytes, INT3, sizeof(code->bytes));
	code->length = code->insns = code->aims = 0;
	for (unsigned k = 0; k < count; k++) {
		struct random random = { random_mix(insns[k]) };

		code->at[code->insns++] = code->length;
		if (random_percent(&random, 25))
			put_flow(code, &random, count);
		else if (!put_insn(code, tiers, &random))
			code->insns--;
	}
	for (unsigned k = code->insns; k < count; k++) /* some gave none: branches to them lead to the end */
		code->at[k] = code->length;
	aim_all(code);
}

/* --- state ------------------------------------------------------------------------------------------------- */

/* RSP points to addresses of instructions, R15 into the data, at times to its edges. */
static void make_state(struct machine *in, struct random *random, const struct code *code)
{
	uint64_t edge = random_percent(random, 50) ? DATA_LOW : DATA_LOW + DATA_SIZE;
	uint64_t *stack = (uint64_t *)(DATA_LOW + 0x800);

	values_machine(random, in);
	values_fill(random, (uint8_t *)DATA_LOW, DATA_SIZE);
	for (unsigned k = 0; k < 64; k++)
		stack[k] = TIERS_CODE + CODE_AT + (code->insns ? code->at[random_below(random, code->insns)] : random_below(random, 64));
	in->r[RSP] = (uint64_t)&stack[random_below(random, 48)];
	in->r[R15] = random_percent(random, 10) ? edge + random_below(random, 128) - 64
						: DATA_LOW + DATA_SIZE / 2 + random_below(random, 2048);
	in->r[R14] = random_below(random, 16) * 16 - 128;
	if (random_percent(random, 50))
		in->r[RCX] = random_below(random, 80);
	if (random_percent(random, 70)) { /* otherwise most end at the first exception */
		in->fp.fcw |= 0x3f;
		in->fp.fsw &= 0x7f7f;
		in->fp.mxcsr |= 0x1f80;
	}
	if (random_percent(random, 3))
		in->rflags |= RFLAGS_DF;
	in->rip = TIERS_CODE + CODE_AT;
}

/* --- running ----------------------------------------------------------------------------------------------- */

static bool run(struct tiers *tiers, struct random *random, const struct code *code, FILE *report)
{
	struct emulated *emulated = &tiers->emulated;
	struct cpu *cpu = emulated->cpu;
	struct machine in;
	uint64_t left = 1 + random_below(random, BUDGET);
	enum cpu_exit exit;

	make_state(&in, random, code);
	if (!space_write(&emulated->space, TIERS_CODE, code->bytes, sizeof(code->bytes)))
		abort();
	emulated_make_hot(emulated, true);
	blocks_leave_world(emulated->blocks);
	emulated_put(emulated, &in);
	tiers->cases++;
	for (unsigned k = 0; k < GO_ON && left; k++) {
		uint64_t count;

		if (!verify_run(tiers->verify, cpu, left, &exit, report))
			return false;
		count = cpu_count(cpu, 0);
		tiers->instructions += count;
		tiers->faults += exit == EXIT_EXCEPTION;
		left -= count < left ? count : left;
		if (!code->insns)
			break;
		cpu->rip = TIERS_CODE + CODE_AT + code->at[random_below(random, code->insns)];
		cpu->tf = cpu->ac = false;
	}
	return true;
}

bool tiers_run(struct tiers *tiers, uint64_t state, const uint32_t *insns, unsigned count, FILE *report)
{
	struct random random = { random_mix(state) };
	struct code code;

	make_code(&code, tiers, insns, count < TIERS_INSNS_MAX ? count : TIERS_INSNS_MAX);
	memmove(code.bytes + CODE_AT, code.bytes, code.length);
	memset(code.bytes, INT3, code.length < CODE_AT ? code.length : CODE_AT);
	return run(tiers, &random, &code, report);
}

bool tiers_run_bytes(struct tiers *tiers, uint64_t state, const uint8_t *bytes, unsigned size, FILE *report)
{
	struct random random = { random_mix(state) };
	struct code code = { .length = size < TIERS_BYTES_MAX ? size : TIERS_BYTES_MAX };

	memset(code.bytes, INT3, sizeof(code.bytes));
	memcpy(code.bytes + CODE_AT, bytes, code.length);
	return run(tiers, &random, &code, report);
}
