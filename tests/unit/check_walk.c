/* Records that cannot be in a recording, or in a saved program's file, are refused where they are, and never shown. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/trace/look_json.h"
#include "emu/trace/look_line.h"
#include "emu/trace/writer.h"
#include "tests/unit/suite.h"

#define JSON(KIND)                                                             \
	{                                                                      \
		.kind = TRACE_##KIND, .data = (const uint8_t *)"{}", .size = 2 \
	}

/* The first records of a file, after which a thread of a process runs, or none does. */
static const struct trace_record recording[] = {
	JSON(CONFIG), { .kind = TRACE_PROCESS, .field = { 10000 } }, { .kind = TRACE_TASK, .field = { 10000 } },
	{ .kind = TRACE_THREAD, .field = { 10000 } }, { 0 },
}, saved[] = { JSON(CONFIG), JSON(FIELDS), { 0 } };

static bool look(void *context, const struct look_event *event)
{
	char text[LOOK_LINE_MAX];

	(void)context;
	look_line(event, false, text, sizeof(text));
	json_decref(look_json(event));
	return true;
}

/* Returns true if a file of these records and one more of that kind is valid so far. */
static bool may_follow(const struct trace_record *records, uint8_t kind)
{
	static const uint8_t no_changes[1];
	bool of_what_runs = kind == TRACE_PROCESS || kind == TRACE_THREAD, of_new = kind == TRACE_FORK || kind == TRACE_TASK;
	struct trace_record last = { .kind = kind, .field = { of_what_runs ? 10000 : of_new }, .data = no_changes, .size = 1 };
	struct trace_writer *writer = calloc(1, sizeof(*writer));
	int fd = memfd_create("walk", MFD_CLOEXEC);
	char path[40], error[128];
	struct walk *walk;
	bool right;

	ck_assert_int_eq(trace_writer_begin(writer, fd), 0);
	for (; records->kind; records++)
		trace_append(writer, records);
	trace_append(writer, &last);
	trace_flush(writer, 0);
	free(writer);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	walk = walk_open(path, error, sizeof(error));
	ck_assert_msg(walk, "%s", error);
	look_at_events(walk, false, look, NULL);
	right = walk->reader.status == TRACE_AT_END;
	ck_assert(right || strstr(walk_trouble(walk), "a record that cannot be there"));
	walk_close(walk);
	close(fd);
	return right;
}

START_TEST(kinds_have_their_place)
{
	/* clang-format off */
	static const bool of_saved[TRACE_KINDS] = {
		[TRACE_FIELDS] = true, [TRACE_PATH] = true, [TRACE_MAPPING] = true, [TRACE_MAP] = true, [TRACE_WRITE] = true,
		[TRACE_FILE] = true, [TRACE_ACTION] = true, [TRACE_TASK] = true, [TRACE_STATE] = true, [TRACE_VECTOR] = true,
		[TRACE_POLL] = true, [TRACE_PENDING] = true, [TRACE_END] = true,
	};
	/* clang-format on */

	bool of_recording = _i != TRACE_CONFIG && _i < TRACE_FIELDS;

	ck_assert_msg(may_follow(saved, (uint8_t)_i) == of_saved[_i], "%s in a saved program", trace_kinds[_i].name);
	ck_assert_msg(may_follow(recording, (uint8_t)_i) == of_recording, "%s in a recording", trace_kinds[_i].name);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("walk");

	tcase_add_loop_test(tests, kinds_have_their_place, 1, TRACE_KINDS);
	return run_suite("walk", tests);
}
