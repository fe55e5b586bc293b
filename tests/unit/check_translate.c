/* The encoder of translated code: what it writes must read back as the instruction that was asked for. */
#include <stdlib.h>

#include "decode/decode.h"
#include "emu/translate/encode.h"
#include "tests/unit/suite.h"

static uint8_t code[64];
static struct home home;

static struct emitter start(void)
{
	return (struct emitter){ code, &home };
}

/* One instruction, and nothing behind it. */
static void expect(const struct emitter *e, const char *expected)
{
	char text[128];
	struct decoded d;

	ck_assert_int_eq(decode(code, sizeof(code), 0, &d), DECODE_OK);
	ck_assert_int_eq(e->at - code, d.length);
	decode_text(code, sizeof(code), 0, text, sizeof(text));
	ck_assert_str_eq(text, expected);
}

START_TEST(addresses)
{
	struct emitter e = start();

	emit_lea(&e, R15, R15, -3);
	expect(&e, "lea r15, [r15-0x03]");
	e = start();
	emit_lea(&e, RAX, RSP, 8);
	expect(&e, "lea rax, [rsp+0x08]");
	e = start();
	emit_lea(&e, RBX, R12, 1000);
	expect(&e, "lea rbx, [r12+0x3E8]");
	e = start();
	emit_memory(&e, 0x89, R9, RBP, 0);
	expect(&e, "mov [rbp], r9");
	e = start();
	emit_add(&e, RCX, RCX, RDX, 0);
	expect(&e, "lea rcx, [rcx+rdx*1]");
	e = start();
	emit_add(&e, RAX, R13, RAX, 0);
	expect(&e, "lea rax, [r13+rax*1]");
}
END_TEST

START_TEST(constants)
{
	struct emitter e = start();

	emit_constant(&e, R8, 0x1234567890);
	expect(&e, "mov r8, 0x1234567890");
	e = start();
	emit_constant(&e, RDI, 0xffffffff);
	expect(&e, "mov edi, 0xFFFFFFFF");
	e = start();
	emit_constant(&e, R10, 5);
	expect(&e, "mov r10d, 0x05");
}
END_TEST

/* Relative to RIP: at the address where the code stands. */
START_TEST(the_home)
{
	struct emitter e = start();
	struct decoded d;

	emit_store(&e, R11, HOME(budget));
	ck_assert_int_eq(decode(code, sizeof(code), (uint64_t)code, &d), DECODE_OK);
	ck_assert_int_eq(d.length, e.at - code);
	ck_assert_int_eq(d.op, OP_MOV);
	ck_assert_uint_eq((uint64_t)d.mem.disp, (uint64_t)&home.budget);
	ck_assert_int_eq(d.operand[1].reg, R11);
	e = start();
	emit_load(&e, RDX, HOME_SLOT(RDX));
	ck_assert_int_eq(decode(code, sizeof(code), (uint64_t)code, &d), DECODE_OK);
	ck_assert_uint_eq((uint64_t)d.mem.disp, (uint64_t)&home.slot[RDX]);
	ck_assert_int_eq(d.operand[0].reg, RDX);
}
END_TEST

START_TEST(branches)
{
	struct emitter e = start();
	uint8_t *field = emit_branch(&e, CC_L, e.at);
	struct decoded d;

	emit_constant(&e, RAX, 1);
	emit_here(&e, field);
	ck_assert_int_eq(decode(code, sizeof(code), (uint64_t)code, &d), DECODE_OK);
	ck_assert_int_eq(d.op, OP_JL);
	ck_assert_uint_eq(d.imm, (uint64_t)e.at);
	e = start();
	emit_jump(&e, code + 40);
	ck_assert_int_eq(decode(code, sizeof(code), (uint64_t)code, &d), DECODE_OK);
	ck_assert_uint_eq(d.imm, (uint64_t)code + 40);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("translate");

	tcase_add_test(tests, addresses);
	tcase_add_test(tests, constants);
	tcase_add_test(tests, the_home);
	tcase_add_test(tests, branches);
	return run_suite("translate", tests);
}
