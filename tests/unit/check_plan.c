/* A plan that is kept must give the same as decoding the instruction alone. */
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "emu/block/plan.h"
#include "emu/cpu/model.h"
#include "tests/unit/suite.h"

/* Returns true if a kept plan equals the one made for this instruction alone, but for the bytes that it was made from. */
static bool same_plan(const struct plan *plan, const struct plan *alone)
{
	struct plan same = *plan;

	memcpy(same.encoding.bytes, alone->encoding.bytes, sizeof(same.encoding.bytes));
	same.key = alone->key;
	return memcmp(&same, alone, sizeof(same)) == 0;
}

/* Returns the plan of the instruction at `address` without any other plan known: choosing another model drops all. */
static const struct plan *find_alone(struct plans *plans, uint64_t address, struct plan *room)
{
	plan_find(plans, cpu_model_find("x86-64"), address, DECODE_MAX_LENGTH, room);
	return plan_find(plans, NULL, address, DECODE_MAX_LENGTH, room);
}

/* Checks the plan of the instruction at `address`. Returns whether it was kept. (An assertion that holds is slow in libcheck.) */
static bool compare(struct plans *plans, struct plans *others, const struct form_index *forms, uint64_t address)
{
	struct plan room;
	const struct plan *plan = plan_find(plans, NULL, address, DECODE_MAX_LENGTH, &room);
	const struct form *form = NULL;
	struct decoded alone, planned;
	struct plan other_room;
	bool same = address % 8 || same_plan(plan, find_alone(others, address, &other_room)); /* this is slow */

	if (decode((const uint8_t *)address, DECODE_MAX_LENGTH, address, &alone) == DECODE_OK)
		form = form_find(forms, &alone);
	if (plan_excludes(plan, plan_imm(plan, address)))
		plan = plan_for_shift_by_0(plans, plan, address, &room);
	same &= plan->form == form;
	if (form) {
		same &= plan->op == alone.op && plan->length == alone.length;
		same &= alone.mem.index_is_vector || plan_imm(plan, address) == alone.imm;
		same &= !(plan->flags & PLAN_MEMORY) || plan_disp(plan, address) == alone.mem.disp + plan->popped;
		plan_decode(plan, address, &planned);
		same &= planned.imm == alone.imm && planned.operands == alone.operands;
		same &= plan->op == OP_POP || planned.mem.disp == alone.mem.disp;
	}
	if (!same)
		ck_abort_msg("the plan of %s is another one's: its bytes, the first one lowest, are %lx",
			op_name(form ? alone.op : OP_NONE), *(const uint64_t *)address);
	return plan != &room;
}

struct found {
	struct plans *plans, *others;
	const struct form_index *forms;
	unsigned remembered, all;
};

static int compare_segment(struct dl_phdr_info *object, size_t size, void *context)
{
	struct found *found = context;

	(void)size;
	for (unsigned k = 0; k < object->dlpi_phnum; k++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[k];
		uint64_t start = object->dlpi_addr + segment->p_vaddr;

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		for (uint64_t at = start; at < start + segment->p_memsz - DECODE_MAX_LENGTH; at += 1 + at % 2, found->all++)
			found->remembered += compare(found->plans, found->others, found->forms, at);
	}
	return 1; /* the others are longer */
}

START_TEST(test_code)
{
	struct form_index *forms = form_index_create();
	struct found found = { plans_create(forms), plans_create(forms), forms, 0, 0 };

	dl_iterate_phdr(compare_segment, &found);
	ck_assert_msg(found.remembered > found.all / 2, "only %u of %u are remembered", found.remembered, found.all);
	plans_destroy(found.plans);
	plans_destroy(found.others);
	form_index_destroy(forms);
}
END_TEST

/* Opcodes of all maps with all ModRM bytes, and prefixes that make them something else. */
START_TEST(test_random_bytes)
{
	static const uint8_t prefix[] = { 0x66, 0xf2, 0xf3, 0xf0, 0x67, 0x64 }, map[] = { 0x0f, 0x0f, 0x38, 0x3a };
	struct form_index *forms = form_index_create();
	struct plans *plans = plans_create(forms), *others = plans_create(forms);
	uint8_t bytes[2 * DECODE_MAX_LENGTH];
	unsigned remembered = 0;

	srand(1);
	for (unsigned k = 0; k < 600000; k++) {
		uint8_t *at = bytes + k % 8;

		for (size_t n = 0; n < sizeof(bytes); n++)
			bytes[n] = (uint8_t)(rand() >> 8);
		if (k % 3 == 0)
			*at++ = prefix[rand() % sizeof(prefix)];
		if (k % 5 < 3)
			*at++ = 0x40 | (rand() & 15);
		if (k % 2)
			*at++ = 0x0f;
		if (k % 14 == 1)
			*at++ = map[rand() % sizeof(map)];
		remembered += compare(plans, others, forms, (uint64_t)bytes + k % 8);
	}
	ck_assert_uint_gt(remembered, 100000);
	plans_destroy(plans);
	plans_destroy(others);
	form_index_destroy(forms);
}
END_TEST

/* One key, two forms. */
START_TEST(test_shift_by_zero)
{
	static const uint8_t by_3[] = { 0x48, 0xc1, 0xe0, 3 }, by_64[] = { 0x48, 0xc1, 0xe0, 64 }; /* shl rax, n */
	struct form_index *forms = form_index_create();
	struct plans *plans = plans_create(forms);
	struct plan room, other;
	const struct plan *wide = plan_find(plans, NULL, (uint64_t)by_3, sizeof(by_3), &room), *zero;

	ck_assert_ptr_eq(plan_find(plans, NULL, (uint64_t)by_64, sizeof(by_64), &room), wide);
	ck_assert(!plan_excludes(wide, 3) && !plan_excludes(wide, 32) && plan_excludes(wide, 64));
	zero = plan_for_shift_by_0(plans, wide, (uint64_t)by_64, &other);
	ck_assert(!(zero->attributes & FORM_WIDE_SHIFT));
	plans_destroy(plans);
	form_index_destroy(forms);
}
END_TEST

/* A plan depends on the CPU model. */
START_TEST(test_models)
{
	static const uint8_t lzcnt[] = { 0xf3, 0x0f, 0xbd, 0xc1 }, vpaddd[] = { 0xc5, 0xf5, 0xfe, 0xc2 };
	const struct cpu_model *old = cpu_model_find("x86-64"), *new = cpu_model_find("x86-64-v3");
	struct form_index *forms = form_index_create();
	struct plans *plans = plans_create(forms);
	struct plan room;

	for (unsigned round = 0; round < 2; round++) {
		ck_assert_uint_eq(plan_find(plans, new, (uint64_t)lzcnt, sizeof(lzcnt), &room)->op, OP_LZCNT);
		ck_assert_ptr_nonnull(plan_find(plans, new, (uint64_t)vpaddd, sizeof(vpaddd), &room)->form);
		ck_assert_uint_eq(plan_find(plans, old, (uint64_t)lzcnt, sizeof(lzcnt), &room)->op, OP_BSR);
		ck_assert_ptr_null(plan_find(plans, old, (uint64_t)vpaddd, sizeof(vpaddd), &room)->form);
	}
	plans_destroy(plans);
	form_index_destroy(forms);
}
END_TEST

/* A known plan must not be found if the instruction cannot be fetched in full. */
START_TEST(test_truncated)
{
	static const uint8_t bytes[] = { 0x48, 0x8b, 0x05, 0x10, 0x00, 0x00, 0x00 }; /* mov rax, [rip + 0x10] */
	struct form_index *forms = form_index_create();
	struct plans *plans = plans_create(forms);
	struct plan room;

	for (unsigned round = 0; round < 2; round++) {
		for (size_t size = 1; size < sizeof(bytes); size++)
			ck_assert_ptr_null(plan_find(plans, NULL, (uint64_t)bytes, size, &room));
		ck_assert_ptr_ne(plan_find(plans, NULL, (uint64_t)bytes, sizeof(bytes), &room), &room);
	}
	plans_destroy(plans);
	form_index_destroy(forms);
}
END_TEST

int main(void)
{
	TCase *plans = tcase_create("plans");

	tcase_add_test(plans, test_code);
	tcase_add_test(plans, test_random_bytes);
	tcase_add_test(plans, test_shift_by_zero);
	tcase_add_test(plans, test_models);
	tcase_add_test(plans, test_truncated);
	return run_suite("plan", plans);
}
