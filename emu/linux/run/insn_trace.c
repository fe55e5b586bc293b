/* --trace-insns: prints each instruction with the registers that it changed. */
#include "emu/linux/kernel/machine.h"
#include "emu/linux/run/insn_trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "decode/decode.h"

enum { BYTES_COLUMN = 2 * DECODE_MAX_LENGTH, TEXT_COLUMN = 36 };

struct line {
	size_t length;
	char text[768]; /* sixteen registers fit */
};

static void __attribute__((format(printf, 2, 3))) put(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->length;
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(line->text + line->length, room, format, list);
	va_end(list);
	line->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* Called before the instruction runs, since it may change its own bytes. */
static void put_instruction(struct line *line, struct task *task)
{
	struct space *space = &task->process->space;
	char text[128], hex[BYTES_COLUMN + 1] = "";
	uint8_t bytes[DECODE_MAX_LENGTH];
	size_t size = space_fetchable(space, task->cpu.rip);
	struct decoded decoded;

	size = size < sizeof(bytes) ? size : sizeof(bytes);
	if (!space_read(space, task->cpu.rip, bytes, size) || decode(bytes, size, task->cpu.rip, &decoded) != DECODE_OK)
		return; /* the instruction will fault, and then no line is printed */
	for (unsigned k = 0; k < decoded.length; k++)
		snprintf(hex + 2 * k, 3, "%02x", bytes[k]);
	decode_text(bytes, size, task->cpu.rip, text, sizeof(text));
	put(line, "%012" PRIx64 "  %-20s  %-*s", task->cpu.rip, hex, TEXT_COLUMN, text);
}

static void put_changes(struct line *line, const uint64_t before[GPR_COUNT], const uint64_t after[GPR_COUNT])
{
	static const char *const names[GPR_COUNT] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11",
		"r12", "r13", "r14", "r15" };

	for (unsigned k = 0; k < GPR_COUNT; k++)
		if (before[k] != after[k])
			put(line, " %s=%" PRIx64, names[k], after[k]);
}

/* Writes whole lines at once, so that processes can share the file, and at once, so that they precede the output of later instructions. */
static void print(struct task *task, struct line *line, bool event)
{
	FILE *out = task->process->insn_trace;

	while (line->length > 0 && line->text[line->length - 1] == ' ')
		line->length--;
	if (task->process->show_pids || task->process->tasks->next)
		fprintf(out, "[pid %5d] ", task->tid);
	fprintf(out, "%8" PRIu64 "  %.*s\n", task->process->insns + 1, (int)line->length, line->text);
	if (event || __fpending(out) + sizeof(*line) > __fbufsize(out))
		fflush(out);
}

enum cpu_exit insn_trace_step(struct task *task)
{
	struct line line = { 0 };
	uint64_t before[GPR_COUNT];
	enum cpu_exit exit;

	memcpy(before, task->cpu.r, sizeof(before));
	put_instruction(&line, task);
	exit = cpu_run(&task->cpu, task->process->blocks, 1);
	if (cpu_count(&task->cpu, 0) == 1) {
		put_changes(&line, before, task->cpu.r);
		print(task, &line, exit != EXIT_BUDGET);
	}
	return exit;
}
