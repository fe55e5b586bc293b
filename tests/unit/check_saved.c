/* The parts of saved programs: structures as JSON, and address spaces that are taken apart and put up again. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/mem/image.h"
#include "emu/trace/saved.h"
#include "tests/unit/suite.h"

/* --- structures ------------------------------------------------------------------------------------------- */

struct sample {
	uint8_t byte;
	bool flag;
	int32_t negative;
	uint64_t large;
	uint16_t list[5];
	struct {
		int64_t inner;
	} nested;
	uint32_t late;
};

/* clang-format off */
static const struct field sample_fields[] = {
	FIELD(struct sample, byte), FIELD(struct sample, flag), FIELD(struct sample, negative), FIELD(struct sample, large),
	FIELD_ARRAY(struct sample, list), FIELD(struct sample, nested.inner), LATE_FIELD(struct sample, late),
	FIELDS_END,
};
/* clang-format on */

START_TEST(a_structure_comes_back)
{
	struct sample from = { 255, true, -7, UINT64_MAX - 1, { 1, 0, 65535 }, { INT64_MIN }, 5 }, to;
	char *text;
	json_t *json = fields_write(sample_fields, &from);

	memset(&to, 0xee, sizeof(to));
	ck_assert_ptr_null(fields_read(sample_fields, json, &to));
	ck_assert_uint_eq(to.byte, 255);
	ck_assert(to.flag);
	ck_assert_int_eq(to.negative, -7);
	ck_assert_uint_eq(to.large, UINT64_MAX - 1);
	ck_assert_mem_eq(to.list, from.list, sizeof(to.list));
	ck_assert_int_eq(to.nested.inner, INT64_MIN);
	ck_assert_uint_eq(to.late, 5);
	text = json_dumps(json, JSON_COMPACT);
	ck_assert_str_eq(text,
		"{\"byte\":255,\"flag\":1,\"negative\":4294967289,\"large\":-2,\"list\":[1,0,65535],"
		"\"nested.inner\":-9223372036854775808,\"late\":5}");
	free(text);
	json_object_del(json, "late"); /* as written by an earlier version */
	to.late = 0;
	ck_assert_ptr_null(fields_read(sample_fields, json, &to));
	ck_assert_uint_eq(to.late, 0);
	json_decref(json);
}
END_TEST

START_TEST(a_wrong_structure_is_named)
{
	static const struct {
		const char *text, *wrong;
	} cases[] = {
		{ "{}", "byte" },
		{ "{\"byte\":256}", "byte" },
		{ "{\"byte\":-1}", "byte" },
		{ "{\"byte\":\"1\"}", "byte" },
		{ "{\"byte\":1.5}", "byte" },
		{ "{\"byte\":1,\"flag\":2}", "flag" },
		{ "{\"byte\":1,\"flag\":0,\"negative\":4294967296}", "negative" },
		{ "{\"byte\":1,\"flag\":0,\"negative\":0,\"large\":0,\"list\":3}", "list" },
		{ "{\"byte\":1,\"flag\":0,\"negative\":0,\"large\":0,\"list\":[1,2,3,4,5,6]}", "list" },
		{ "{\"byte\":1,\"flag\":0,\"negative\":0,\"large\":0,\"list\":[1,65536]}", "list" },
		{ "{\"byte\":1,\"flag\":0,\"negative\":0,\"large\":0,\"list\":[]}", "nested.inner" },
		{ "{\"byte\":1,\"flag\":0,\"negative\":0,\"large\":0,\"list\":[],\"nested.inner\":0,\"late\":4294967296}", "late" },
	};
	struct sample to;
	json_t *json = json_loads(cases[_i].text, 0, NULL);

	ck_assert_ptr_nonnull(json);
	ck_assert_str_eq(fields_read(sample_fields, json, &to), cases[_i].wrong);
	json_decref(json);
}
END_TEST

/* A member that is left out would come back wrong. */
START_TEST(all_tables_round_trip)
{
	static uint8_t from[1 << 18], to[1 << 18];
	const struct field *table = saved_fields[_i];
	json_t *json, *again;

	if (!table)
		return; /* the clock's, which timekeep knows */
	for (size_t k = 0; k < sizeof(from); k++)
		from[k] = 1; /* any bool is one */
	json = fields_write(table, from);
	ck_assert_ptr_null(fields_read(table, json, to));
	again = fields_write(table, to);
	ck_assert(json_equal(json, again));
	json_decref(json);
	json_decref(again);
}
END_TEST

/* --- address spaces ----------------------------------------------------------------------------------------- */

#define AT 0x200000000000ULL

static struct space space;
static int beyond;

static void set_up(void)
{
	memset(&space, 0, sizeof(space));
	space_init(&space);
	beyond = memfd_create("beyond", MFD_CLOEXEC);
}

static void tear_down(void)
{
	space_reset(&space);
	close(beyond);
}

static struct vma mapping(unsigned page, unsigned pages, int prot, int flags)
{
	return (struct vma){ .start = AT + page * GUEST_PAGE, .end = AT + (page + pages) * GUEST_PAGE, .prot = prot, .flags = flags };
}

/* Returns which accesses to the byte the kernel allows. */
static int rights(uint64_t address)
{
	int pipe_fd[2];
	char byte = 0;
	int found = 0;

	ck_assert_int_eq(pipe(pipe_fd), 0);
	if (write(pipe_fd[1], (void *)address, 1) == 1)
		found |= PROT_READ;
	else
		ck_assert_int_eq(write(pipe_fd[1], &byte, 1), 1);
	if (read(pipe_fd[0], (void *)address, 1) == 1)
		found |= PROT_WRITE;
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	return found;
}

START_TEST(memory_is_put_up_with_its_rights)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC };
	uint8_t bytes[GUEST_PAGE];

	memset(bytes, 0x77, sizeof(bytes));
	for (unsigned k = 0; k < 4; k++) {
		struct vma vma = mapping(2 * k, 1, prots[k], MAP_PRIVATE | MAP_ANONYMOUS);

		ck_assert_int_eq(space_place(&space, &vma, -1, 0, beyond), 0);
		ck_assert(space_fill(&space, vma.start, bytes, sizeof(bytes)));
	}
	ck_assert(space_seal(&space));
	for (unsigned k = 0; k < 4; k++) {
		const struct vma *vma = space_find(&space, AT + 2 * k * GUEST_PAGE);

		ck_assert_int_eq(vma->prot, prots[k]);
		ck_assert_int_eq(rights(vma->start + 5), prots[k] & (PROT_READ | PROT_WRITE));
		ck_assert(space_lift_protection(vma, PROT_READ));
		ck_assert_uint_eq(*(uint8_t *)(vma->start + 9), 0x77);
		space_restore_protection(vma, PROT_READ);
		ck_assert_int_eq(rights(vma->start + 5), prots[k] & (PROT_READ | PROT_WRITE));
	}
}
END_TEST

START_TEST(shared_memory_is_one)
{
	struct vma writable = mapping(0, 2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	struct vma constant = mapping(4, 1, PROT_READ, MAP_SHARED | MAP_ANONYMOUS);
	int fd = memfd_create("object", MFD_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, 2 * GUEST_PAGE), 0);
	writable.inode = constant.inode = 1;
	constant.offset = GUEST_PAGE;
	ck_assert_int_eq(space_place(&space, &writable, fd, 0, beyond), 0);
	ck_assert_int_eq(space_place(&space, &constant, fd, constant.offset, beyond), 0);
	close(fd);
	ck_assert(space_fill(&space, constant.start, "one", 4));
	ck_assert(space_seal(&space));
	ck_assert_str_eq((char *)writable.start + GUEST_PAGE, "one");
	strcpy((char *)writable.start + GUEST_PAGE, "two");
	ck_assert_str_eq((char *)constant.start, "two");
	ck_assert_int_eq(rights(constant.start), PROT_READ);
}
END_TEST

/* Pages of a private mapping that lie beyond its file's end cannot be accessed, and hold nothing. */
START_TEST(the_end_of_a_file_stays)
{
	struct vma vma = mapping(0, 3, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	vma.inode = 5;
	vma.name = "/a/file";
	vma.file_end = vma.start + GUEST_PAGE;
	ck_assert_int_eq(space_place(&space, &vma, -1, 0, beyond), 0);
	ck_assert(space_fill(&space, vma.start, "within", 7));
	ck_assert(!space_fill(&space, vma.start + GUEST_PAGE - 2, "across", 7));
	ck_assert(!space_fill(&space, vma.start + GUEST_PAGE, "beyond", 7));
	ck_assert(space_seal(&space));
	ck_assert_str_eq((char *)vma.start + 0, "within");
	ck_assert_int_eq(rights(vma.start), PROT_READ | PROT_WRITE);
	ck_assert_int_eq(rights(vma.start + GUEST_PAGE), 0);
	ck_assert_str_eq(space_find(&space, vma.start)->name, "/a/file");
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	struct vma good = mapping(4, 2, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS),
		   over = mapping(5, 4, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
	struct vma odd = good, empty = mapping(9, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS), outside = good;

	odd.end++;
	outside.start = GUEST_END;
	outside.end = GUEST_END + GUEST_PAGE;
	ck_assert_int_eq(space_place(&space, &good, -1, 0, beyond), 0);
	ck_assert_int_eq(space_place(&space, &over, -1, 0, beyond), -EINVAL);
	ck_assert_int_eq(space_place(&space, &odd, -1, 0, beyond), -EINVAL);
	ck_assert_int_eq(space_place(&space, &empty, -1, 0, beyond), -EINVAL);
	ck_assert_int_eq(space_place(&space, &outside, -1, 0, beyond), -EINVAL);
	ck_assert(!space_fill(&space, AT, "nothing there", 3));
	ck_assert(!space_fill(&space, UINT64_MAX - 1, "wraps", 5));
	ck_assert_uint_eq(space.count, 1);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("saved");

	signal(SIGPIPE, SIG_IGN);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_structure_comes_back);
	tcase_add_loop_test(tests, a_wrong_structure_is_named, 0, 11);
	tcase_add_loop_test(tests, all_tables_round_trip, 0, SAVED_PARTS);
	tcase_add_test(tests, memory_is_put_up_with_its_rights);
	tcase_add_test(tests, shared_memory_is_one);
	tcase_add_test(tests, the_end_of_a_file_stays);
	tcase_add_test(tests, what_cannot_be_is_refused);
	return run_suite("saved programs", tests);
}
