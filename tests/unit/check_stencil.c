/* The handlers of frequent instructions must have stencils, and these must not read the record. */
#include "decode/machine.h"
#include "emu/block/stencil.h"
#include "emu/op/dispatch.h"
#include "emu/op/form.h"
#include "tests/unit/suite.h"

static struct form_index *forms;

/* Returns the handler of an instruction for this kind of address. */
static handler_t *handler_of(const char *bytes, enum address_kind kind, bool dead)
{
	struct decoded d;
	const struct form *form;

	ck_assert_int_eq(decode((const uint8_t *)bytes, DECODE_MAX_LENGTH, 0x1000, &d), DECODE_OK);
	form = form_find(forms, &d);
	ck_assert_ptr_nonnull(form);
	return (dead ? form->run_dead : form->run)[kind];
}

/* Returns how many instructions of a stencil read the record. */
static unsigned count_reads(const struct stencil *stencil)
{
	unsigned count = 0;
	struct machine_insn in;

	for (unsigned at = 0; at + stencil->step < stencil->size; at += in.length) {
		ck_assert(machine_decode(stencil->code + at, &in));
		count += in.base == 6; /* RSI */
	}
	return count;
}

START_TEST(test_hot)
{
	static const struct {
		const char *text, *bytes;
		enum address_kind kind;
		bool dead, uses_record;
		unsigned size; /* maximum size in bytes, without the jump to the next record */
	} hot[] = {
		{ "mov rax, rbx", "\x48\x89\xd8", ADDRESS_BASED, false, false, 8 },
		{ "mov ecx, 7", "\xb9\x07\x00\x00\x00", ADDRESS_BASED, false, false, 12 },
		{ "add rax, rbx", "\x48\x01\xd8", ADDRESS_BASED, true, false, 12 },
		{ "sub rax, 8", "\x48\x83\xe8\x08", ADDRESS_BASED, false, false, 32 },
		{ "xor eax, eax", "\x31\xc0", ADDRESS_BASED, true, false, 16 },
		{ "mov rax, [rbx+8]", "\x48\x8b\x43\x08", ADDRESS_BASED, false, true, 52 },
		{ "mov rax, [rbx+rcx*8]", "\x48\x8b\x04\xcb", ADDRESS_INDEXED, false, true, 72 },
		{ "mov [rbx+8], rax", "\x48\x89\x43\x08", ADDRESS_BASED, false, true, 52 },
		{ "movzx eax, byte [rbx]", "\x0f\xb6\x03", ADDRESS_BASED, false, true, 52 },
		{ "lea rax, [rbx+8]", "\x48\x8d\x43\x08", ADDRESS_BASED, false, false, 20 },
		{ "push rbx", "\x53", ADDRESS_BASED, false, true, 52 },
		{ "shl rax, 3", "\x48\xc1\xe0\x03", ADDRESS_BASED, true, false, 24 },
		{ "pxor xmm0, xmm1", "\x66\x0f\xef\xc1", ADDRESS_BASED, false, false, 24 },
		{ "shr edi, 1", "\xd1\xef", ADDRESS_BASED, false, false, 72 },
		{ "inc rax", "\x48\xff\xc0", ADDRESS_BASED, false, false, 40 },
		{ "sbb al, bl", "\x18\xd8", ADDRESS_BASED, false, true, 72 },
		{ "movdqa xmm0, xmm1", "\x66\x0f\x6f\xc1", ADDRESS_BASED, false, false, 40 },
	};

	for (unsigned k = 0; k < sizeof(hot) / sizeof(*hot); k++) {
		struct stencil stencil;

		stencil_make(&stencil, handler_of(hot[k].bytes, hot[k].kind, hot[k].dead), true);
		ck_assert_msg(stencil.size && stencil.records == 1, "%s has no stencil", hot[k].text);
		ck_assert_msg(stencil.uses_record == hot[k].uses_record, "%s: uses_record", hot[k].text);
		ck_assert_msg(stencil.size - stencil.step <= (int)hot[k].size, "%s: %d bytes", hot[k].text, stencil.size - stencil.step);
		ck_assert_msg(count_reads(&stencil) == 0, "%s reads its record", hot[k].text);
	}
}
END_TEST

static unsigned count_jumps(const struct stencil *stencil)
{
	unsigned count = 0;
	struct machine_insn in;

	for (unsigned at = 0; at < stencil->size; at += in.length) {
		ck_assert(machine_decode(stencil->code + at, &in));
		count += in.flow == FLOW_INDIRECT;
	}
	return count;
}

/* Blocks are left through their links, which change. Each way has its own jump. */
START_TEST(test_ends)
{
	static const struct {
		const char *text, *bytes;
		unsigned jumps;
	} ends[] = {
		{ "jmp", "\xeb\x10", 1 }, { "jz", "\x74\x10", 2 }, { "jle", "\x7e\x10", 2 }, { "call", "\xe8\x10\x00\x00\x00", 1 }, { "ret", "\xc3", 1 },
	};

	for (unsigned k = 0; k < sizeof(ends) / sizeof(*ends); k++) {
		struct stencil stencil;

		stencil_make(&stencil, handler_of(ends[k].bytes, ADDRESS_BASED, false), true);
		ck_assert_msg(stencil.size && stencil.records == 0, "%s", ends[k].text);
		ck_assert_msg(count_jumps(&stencil) == ends[k].jumps, "%s: %u jumps", ends[k].text, count_jumps(&stencil));
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("stencil");
	int status;

	forms = form_index_create();
	if (HANDLERS_CHAIN) {
		tcase_add_test(tests, test_hot);
		tcase_add_test(tests, test_ends);
	}
	status = run_suite("stencil", tests);
	form_index_destroy(forms);
	return status;
}
