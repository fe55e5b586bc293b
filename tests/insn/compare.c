/* Compares the state after an instruction: native and emulated. */
#include "tests/insn/compare.h"

#include <stdarg.h>
#include <string.h>

#include "tests/insn/native.h"

/* The part of RFLAGS that a program can see. RF is the debugger's, and is set in the frame of a fault. */
enum { RFLAGS_COMPARED = RFLAGS_STATUS | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC | RFLAGS_ID };

/* The two bits of a #PF error code that depend on the access; the others depend on the kernel's page tables. */
enum { ERROR_COMPARED = 2 | 16 };

struct differences {
	FILE *report;
	unsigned count;
};

static void difference(struct differences *differences, const char *name, const char *format, ...)
{
	va_list arguments;

	differences->count++;
	if (!differences->report)
		return;
	fprintf(differences->report, "  %-8s ", name);
	va_start(arguments, format);
	vfprintf(differences->report, format, arguments);
	va_end(arguments);
	fputc('\n', differences->report);
}

static void compare_number(struct differences *differences, const char *name, uint64_t before, uint64_t native, uint64_t emulated)
{
	if (native != emulated)
		difference(differences, name, "%016lx native, %016lx emulated, was %016lx", native, emulated, before);
}

static const char *hex(const uint8_t *bytes, unsigned size, char *text)
{
	for (unsigned k = 0; k < size; k++) /* the highest byte first, as registers are written */
		sprintf(text + 2 * k, "%02x", bytes[size - 1 - k]);
	return text;
}

static void compare_bytes(struct differences *differences, const char *name, unsigned size, const uint8_t *before, const uint8_t *native,
	const uint8_t *emulated)
{
	char text[3][80];

	if (memcmp(native, emulated, size) != 0)
		difference(differences, name, "%s native\n           %s emulated\n           %s before", hex(native, size, text[0]),
			hex(emulated, size, text[1]), hex(before, size, text[2]));
}

/* clang-format off */
static const char *const gpr_names[GPR_COUNT] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};
/* clang-format on */

static const char *vector_name(uint8_t vector)
{
	/* clang-format off */
	static const char *const names[32] = {
		[VECTOR_DE] = "#DE", [VECTOR_DB] = "#DB", [VECTOR_BP] = "#BP", [VECTOR_OF] = "#OF", [VECTOR_BR] = "#BR",
		[VECTOR_UD] = "#UD", [VECTOR_NM] = "#NM", [VECTOR_GP] = "#GP", [VECTOR_PF] = "#PF", [VECTOR_MF] = "#MF",
		[VECTOR_AC] = "#AC", [VECTOR_XM] = "#XM", [12] = "#SS",
	};
	/* clang-format on */

	return vector < 32 && names[vector] ? names[vector] : "no exception";
}

/* Returns the instruction before which a case ended, or NULL if it ran to its end. */
static const struct decoded *stopped_at(const struct test_case *test, const struct result *result)
{
	for (unsigned k = 0; k < test->insns; k++) {
		if (test->in.rip + test->at[k] == result->out.rip)
			return &test->decoded[k];
	}
	return NULL;
}

/* A stack access with a non-canonical address is #SS, which Linux shows to the program as SIGBUS. */
static void compare_outcomes(struct differences *differences, const struct test_case *test, const struct result *native_result,
	const struct outcome *emulated)
{
	const struct outcome *native = &native_result->outcome;
	const struct decoded *stopped = stopped_at(test, native_result);
	unsigned slack = stopped ? rules_address_slack(stopped) : 0;

	if (native->vector != emulated->vector) {
		difference(differences, "outcome", "%s native, %s emulated; address %lx native, %lx emulated", vector_name(native->vector),
			vector_name(emulated->vector), native->address, emulated->address);
	} else if (native->vector == VECTOR_PF) {
		if (native->address - emulated->address + slack > 2 * slack)
			compare_number(differences, "address", 0, native->address, emulated->address);
		compare_number(differences, "error", 0, native->error & ERROR_COMPARED, emulated->error & ERROR_COMPARED);
	}
}

/* Returns true if floats are equal, or close if the instruction is an approximation. */
static bool close_enough(const uint8_t *native, const uint8_t *emulated)
{
	float n, e, difference;

	memcpy(&n, native, sizeof(n));
	memcpy(&e, emulated, sizeof(e));
	difference = n > e ? n - e : e - n;
	return memcmp(native, emulated, sizeof(n)) == 0 || difference <= (n < 0 ? -n : n) * 2 * 1.5f / 4096;
}

static void compare_vector(struct differences *differences, const char *name, bool approximate, const uint8_t *before,
	const uint8_t *native, const uint8_t *emulated)
{
	bool close = approximate;

	for (unsigned k = 0; k < 16 && close; k += 4)
		close = close_enough(native + k, emulated + k);
	if (!close)
		compare_bytes(differences, name, 16, before, native, emulated);
}

/* Of the pointers to the last x87 instruction only FIP is compared, and only if the host shows it: newer CPUs of Intel keep FOP and FDP
 * for unmasked exceptions only. */
static void compare_x87(struct differences *differences, const struct fp_state *in, const struct fp_state *native,
	const struct fp_state *emulated)
{
	char name[16];

	compare_number(differences, "fcw", in->fcw, native->fcw, emulated->fcw);
	compare_number(differences, "fsw", in->fsw, native->fsw, emulated->fsw);
	if (native_shows_fip())
		compare_number(differences, "fip", in->fip, native->fip, emulated->fip);
	compare_number(differences, "ftw", in->ftw, native->ftw, emulated->ftw);
	for (int k = 0; k < 8; k++) {
		snprintf(name, sizeof(name), "st%d", k);
		compare_bytes(differences, name, 10, in->st[k], native->st[k], emulated->st[k]);
	}
}

/* `stopped` is the instruction that has faulted, or NULL. */
static void compare_vectors(struct differences *differences, bool approximate, const struct decoded *stopped, const struct fp_state *in,
	const struct fp_state *native, const struct fp_state *emulated)
{
	char name[16];

	compare_number(differences, "mxcsr", in->mxcsr, native->mxcsr, emulated->mxcsr);
	for (unsigned k = 0; k < 16; k++) {
		snprintf(name, sizeof(name), "xmm%u", k);
		if (!stopped || !rules_vector_at_fault(stopped, k, false))
			compare_vector(differences, name, approximate, in->xmm[k], native->xmm[k], emulated->xmm[k]);
		snprintf(name, sizeof(name), "ymm%u hi", k);
		if (!stopped || !rules_vector_at_fault(stopped, k, true))
			compare_vector(differences, name, approximate, in->ymm_high[k], native->ymm_high[k], emulated->ymm_high[k]);
	}
}

static void compare_memory(struct differences *differences, const struct test_case *test, const uint8_t *native, const uint8_t *emulated)
{
	char name[24];

	if (memcmp(native, emulated, DATA_SIZE) == 0)
		return;
	for (unsigned at = 0; at < DATA_SIZE; at += 16) {
		snprintf(name, sizeof(name), "%lx", test->data_address + at);
		compare_bytes(differences, name, 16, test->data + at, native + at, emulated + at);
	}
}

unsigned compare_results(const struct test_case *test, const struct result *native, const struct result *emulated, FILE *report)
{
	struct differences differences = { .report = report };
	const struct machine *n = &native->out, *e = &emulated->out;
	bool ran_to_end = native->outcome.vector == VECTOR_BP && emulated->outcome.vector == VECTOR_BP;
	const struct decoded *stopped = stopped_at(test, native);
	uint64_t flags = RFLAGS_COMPARED & ~(ran_to_end ? test->undefined_flags : test->undefined_flags_anywhere);

	compare_outcomes(&differences, test, native, &emulated->outcome);
	compare_number(&differences, "rip", test->in.rip, n->rip, e->rip);
	for (int k = 0; k < GPR_COUNT; k++)
		compare_number(&differences, gpr_names[k], test->in.r[k], n->r[k], e->r[k]);
	compare_number(&differences, "rflags", test->in.rflags & flags, n->rflags & flags, e->rflags & flags);
	if (ran_to_end && test->insns == 1) /* recordings must replay on any CPU, so the result must not depend on the host's */
		compare_number(&differences, "undefined flags", 0,
			rules_chosen_flags(&test->decoded[0], test->in.rflags) & test->undefined_flags, e->rflags & test->undefined_flags);
	compare_number(&differences, "fs base", test->in.fs_base, n->fs_base, e->fs_base);
	compare_number(&differences, "gs base", test->in.gs_base, n->gs_base, e->gs_base);
	if (!stopped || rules_x87_at_fault(stopped))
		compare_x87(&differences, &test->in.fp, &n->fp, &e->fp);
	compare_vectors(&differences, test->insns == 1 && rules_approximate(&test->decoded[0]), stopped, &test->in.fp, &n->fp, &e->fp);
	compare_memory(&differences, test, native->data, emulated->data);
	return differences.count;
}

static void describe_code(const struct test_case *test, FILE *report)
{
	char text[128];

	for (unsigned k = 0; k < test->insns; k++) {
		const uint8_t *bytes = test->code + test->at[k];

		decode_text(bytes, test->decoded[k].length, test->in.rip + test->at[k], text, sizeof(text));
		fprintf(report, "  %lx: ", test->in.rip + test->at[k]);
		for (unsigned b = 0; b < test->decoded[k].length; b++)
			fprintf(report, "%02x", bytes[b]);
		fprintf(report, "  %s\n", text);
	}
}

static bool uses(const struct test_case *test, unsigned kind)
{
	for (unsigned k = 0; k < test->insns; k++) {
		for (int n = 0; n < test->decoded[k].operands && n < 5; n++) {
			if (test->decoded[k].operand[n].kind == kind)
				return true;
		}
	}
	return false;
}

void compare_describe(const struct test_case *test, FILE *report)
{
	const struct machine *in = &test->in;
	char text[80];

	describe_code(test, report);
	for (int k = 0; k < GPR_COUNT; k++)
		fprintf(report, "%s%s=%lx", k % 6 ? " " : k ? "\n  " : "  ", gpr_names[k], in->r[k]);
	fprintf(report, "\n  rflags=%lx fs=%lx gs=%lx mxcsr=%x fcw=%x fsw=%x ftw=%x data at %lx\n", in->rflags, in->fs_base, in->gs_base,
		in->fp.mxcsr, in->fp.fcw, in->fp.fsw, in->fp.ftw, test->data_address);
	for (int k = 0; k < 16 && (uses(test, OPERAND_XMM) || uses(test, OPERAND_YMM)); k++) {
		fprintf(report, "  ymm%-2d %s", k, hex(in->fp.ymm_high[k], 16, text));
		fprintf(report, "%s\n", hex(in->fp.xmm[k], 16, text));
	}
	for (int k = 0; k < 8 && (uses(test, OPERAND_ST) || uses(test, OPERAND_MMX)); k++)
		fprintf(report, "  st%d %s\n", k, hex(in->fp.st[k], 10, text));
}
