/* Describes events as text. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emu/trace/look.h"

enum { OUTPUT_SHOWN = 160, DATA_SHOWN = 32 };

/* --- memory, for strace's printers -------------------------------------------------------------------- */

/* Returns how many bytes from `address` on are known, and points *bytes to them. 0: none. Later pieces are newer. */
static size_t find_bytes(const struct look_memory *memory, uint64_t address, const uint8_t **bytes)
{
	for (unsigned k = memory->pieces; k-- > 0;) {
		uint64_t start = memory->piece[k].address;

		if (address >= start && address - start < memory->piece[k].size) {
			*bytes = memory->bytes + memory->piece[k].at + (address - start);
			return memory->piece[k].size - (address - start);
		}
	}
	return 0;
}

static bool read_memory(void *of, uint64_t address, void *to, size_t size)
{
	const uint8_t *bytes = NULL;

	if (size > find_bytes(of, address, &bytes))
		return false;
	if (size)
		memcpy(to, bytes, size);
	return true;
}

static int64_t read_string(void *of, uint64_t address, char *to, size_t size)
{
	const uint8_t *bytes = NULL;
	size_t known = find_bytes(of, address, &bytes), length = known ? strnlen((const char *)bytes, known) : 0;

	if (length == known)
		return -EFAULT;
	if (length >= size)
		return -ENAMETOOLONG;
	memcpy(to, bytes, length + 1);
	return (int64_t)length;
}

/* --- system calls ------------------------------------------------------------------------------------- */

static void put_call(struct strace_line *line, const struct look_event *event)
{
	const struct look_call *call = event->call;
	const struct strace_memory memory = { (void *)&call->memory, read_memory, read_string };
	bool unfinished = event->phase == LOOK_UNFINISHED;

	strace_put(line, event->phase == LOOK_RESUMED ? "<... " : "");
	strace_put_name(line, call->row, call->number, call->arg);
	strace_put_arguments(line, &memory, call->row, call->arg,
		unfinished                                  ? -EINTR
			: call->result == SYSCALL_NO_RESULT ? 0
							    : call->result);
	if (unfinished) {
		strace_put(line, " <unfinished ...>");
		return;
	}
	strace_put(line, event->phase == LOOK_RESUMED ? " resumed>" : "");
	strace_put_gap(line);
	strace_put_outcome(line, call->row, call->result);
}

/* --- instructions ------------------------------------------------------------------------------------- */

static uint64_t edx_eax(const struct trace_registers *registers)
{
	return registers->r[RDX] << 32 | (uint32_t)registers->r[RAX];
}

/* Prints the first register that the instruction changed, in the order of their numbers. */
static void put_changes(struct strace_line *line, const struct look_call *call)
{
	for (unsigned k = 0; k < TRACE_RIP; k++) {
		if (call->registers.r[k] == call->after.r[k])
			continue;
		strace_put(line, "%s=%#" PRIx64, trace_register_names[k], call->after.r[k]);
		return;
	}
	strace_put(line, "done");
}

/* Prints the time that a function of the vDSO has stored, if it has. */
static void put_vdso(struct strace_line *line, const struct look_call *call)
{
	const struct look_memory *memory = &call->memory;
	uint64_t time[2];

	for (unsigned k = 0; k < memory->pieces; k++) {
		if (memory->piece[k].size != sizeof(time))
			continue;
		memcpy(time, memory->bytes + memory->piece[k].at, sizeof(time));
		strace_put(line, "{%" PRId64 ", %" PRId64 "}", (int64_t)time[0], (int64_t)time[1]);
		return;
	}
	strace_put(line, "%" PRId64, (int64_t)call->after.r[RAX]);
}

static void put_instruction(struct strace_line *line, uint8_t exit, const struct look_call *call)
{
	const uint64_t *r = call->registers.r, *after = call->after.r;

	strace_put(line, "%s", trace_exit_names[exit]);
	if (exit == TRACE_EXIT_CPUID)
		strace_put(line, "(%#x, %#x)", (unsigned)r[RAX], (unsigned)r[RCX]);
	else if (exit == TRACE_EXIT_RDMSR)
		strace_put(line, "(%#x)", (unsigned)r[RCX]);
	else if (exit == TRACE_EXIT_WRMSR)
		strace_put(line, "(%#x, %#" PRIx64 ")", (unsigned)r[RCX], edx_eax(&call->registers));
	strace_put_gap(line);
	if (r[TRACE_RIP] == after[TRACE_RIP])
		strace_put(line, "?");
	else if (exit == TRACE_EXIT_CPUID)
		strace_put(line, "{eax=%#x, ebx=%#x, ecx=%#x, edx=%#x}", (unsigned)after[RAX], (unsigned)after[RBX], (unsigned)after[RCX],
			(unsigned)after[RDX]);
	else if (exit == TRACE_EXIT_VDSO)
		put_vdso(line, call);
	else if (exit == TRACE_EXIT_RDTSCP)
		strace_put(line, "%" PRIu64 ", aux %#x", edx_eax(&call->after), (unsigned)after[RCX]);
	else if (exit == TRACE_EXIT_RDTSC || exit == TRACE_EXIT_RDMSR)
		strace_put(line, "%" PRIu64, edx_eax(&call->after));
	else
		put_changes(line, call);
}

/* --- other records ------------------------------------------------------------------------------------ */

static bool is_text(uint8_t kind)
{
	return kind == TRACE_CONFIG || kind == TRACE_MAP || kind == TRACE_OUTPUT || kind == TRACE_EXEC || kind == TRACE_FIELDS
		|| kind == TRACE_PATH || kind == TRACE_FILE;
}

void look_put_record(struct strace_line *line, const struct trace_record *record)
{
	const struct trace_kind_row *row = &trace_kinds[record->kind];
	size_t shown = record->size < DATA_SHOWN ? record->size : DATA_SHOWN;

	strace_put(line, "%s", row->name);
	for (unsigned k = 0; k < row->fields; k++) {
		uint64_t value = record->field[k];

		if (trace_field_signed(row->field[k]))
			strace_put(line, " %s=%" PRId64, row->field[k], trace_unzigzag(value));
		else
			strace_put(line, value > 9999999 ? " %s=%#" PRIx64 : " %s=%" PRIu64, row->field[k], value);
	}
	if (!row->data)
		return;
	strace_put(line, " %zu bytes ", record->size);
	if (is_text(record->kind)) {
		strace_put_quoted(line, record->data, record->size < OUTPUT_SHOWN ? record->size : OUTPUT_SHOWN,
			record->size > OUTPUT_SHOWN);
		return;
	}
	for (size_t k = 0; k < shown; k++)
		strace_put(line, "%02x", record->data[k]);
	strace_put(line, record->size > shown ? "..." : "");
}

static void put_words(struct strace_line *line, const struct trace_record *record)
{
	const char *separator = "";
	size_t length;

	for (size_t at = 0; at < record->size; at += length + 1) {
		length = strnlen((const char *)record->data + at, record->size - at);
		strace_put(line, "%s", separator);
		strace_put_quoted(line, record->data + at, length < OUTPUT_SHOWN ? length : OUTPUT_SHOWN, length > OUTPUT_SHOWN);
		separator = at ? ", " : ", [";
	}
	strace_put(line, *separator == ',' && separator[2] == '[' ? "" : "]");
}

static void put_signal(struct strace_line *line, const struct trace_record *record)
{
	strace_put(line, "--- ");
	strace_put_signal(line, (int)record->field[0]);
	strace_put(line, " {si_code=%" PRId64, trace_unzigzag(record->field[1]));
	if (record->field[2])
		strace_put(line, ", si_pid=%" PRIu64, record->field[2]);
	if (record->field[3])
		strace_put(line, ", si_addr=%#" PRIx64, record->field[3]);
	strace_put(line, "} ---");
}

static void put_record(struct strace_line *line, const struct trace_record *record)
{
	static const char *const thread_does[] = { [TRACE_THREAD] = "goes on", [TRACE_TASK] = "begins", [TRACE_TASK_END] = "ends" };
	bool more = record->size > OUTPUT_SHOWN;

	switch (record->kind) {
	case TRACE_CONFIG: look_put_config(line, record); break;
	case TRACE_THREAD:
	case TRACE_TASK:
	case TRACE_TASK_END: strace_put(line, "thread %" PRIu64 " %s", record->field[0], thread_does[record->kind]); break;
	case TRACE_FORK: strace_put(line, "process %" PRIu64 " begins, a copy of this one", record->field[0]); break;
	case TRACE_EXEC:
		strace_put(line, "runs ");
		put_words(line, record);
		break;
	case TRACE_SIGNAL: put_signal(line, record); break;
	case TRACE_OUTPUT:
		strace_put(line, record->field[0] == 2 ? "error output: " : "output: ");
		strace_put_quoted(line, record->data, more ? OUTPUT_SHOWN : record->size, more);
		break;
	case TRACE_EXIT: strace_put_death(line, (int)record->field[0]); break;
	case TRACE_END: strace_put(line, "end of the recording"); break;
	default: look_put_record(line, record); break;
	}
}

void look_put_event(struct strace_line *line, const struct look_event *event)
{
	if (event->record)
		put_record(line, event->record);
	else if (event->exit == TRACE_EXIT_SYSCALL)
		put_call(line, event);
	else if (event->call)
		put_instruction(line, event->exit, event->call);
	else
		strace_put(line, event->exit == TRACE_EXIT_EXCEPTION ? "exception at %#" PRIx64 : "pause at %#" PRIx64, event->rip);
}
