/* Fuzzing what reads recordings: a byte that says what the rest is, a file or the records of one. `make fuzz` builds and runs this
 * with libFuzzer. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/trace/look_json.h"
#include "emu/trace/look_line.h"
#include "emu/trace/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool look(void *context, const struct look_event *event)
{
	char text[LOOK_LINE_MAX];

	(void)context;
	look_line(event, false, text, sizeof(text));
	if (event->record)
		look_line(event, true, text, sizeof(text));
	json_decref(look_json(event));
	return true;
}

/* One frame of such records, which may begin where a thread runs. A record's length may lie beyond the end of them all. */
static void write_records(int fd, const uint8_t *data, size_t size, bool begun)
{
	static const uint8_t beginning[] = { TRACE_CONFIG, 2, '{', '}', TRACE_PROCESS, 1, TRACE_TASK, 1, TRACE_THREAD, 1 };
	static struct trace_writer writer;

	writer.fd = fd;
	if (trace_writer_begin(&writer, fd) < 0 || size > sizeof(writer.raw) - sizeof(beginning))
		return;
	for (size_t k = 0; begun && k < sizeof(beginning); k++)
		writer.raw[writer.at.used++] = beginning[k];
	for (size_t k = 0; k < size; k++)
		writer.raw[writer.at.used++] = data[k];
	trace_flush(&writer, 0);
}

static void look_at(const char *path, bool raw)
{
	char error[128] = "";
	struct walk *walk = walk_open(path, error, sizeof(error));

	if (!walk && !error[0])
		abort(); /* a failure without a word */
	if (!walk)
		return;
	look_at_events(walk, raw, look, NULL);
	if (walk->reader.status == TRACE_OK || (walk->reader.status == TRACE_DAMAGED && !walk->reader.error[0]))
		abort();
	walk_close(walk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd = memfd_create("trace", 0);

	if (fd < 0 || size == 0)
		return 0;
	if (data[0] & 1)
		write_records(fd, data + 1, size - 1, data[0] & 2);
	else if (write(fd, data + 1, size - 1) < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	look_at(path, false);
	look_at(path, true);
	close(fd);
	return 0;
}
