/* Prints a system call as strace does: name(arguments) = result. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "emu/linux/run/strace_text.h"

enum { STRING_SHOWN = 32, WORDS_SHOWN = 32 };

void strace_put(struct strace_line *line, const char *format, ...)
{
	va_list list;
	size_t room = sizeof(line->text) - line->length;
	va_start(list, format);
	int length = vsnprintf(line->text + line->length, room, format, list);
	va_end(list);
	line->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* --- values -------------------------------------------------------------------------------------------------------- */

static void put_words(struct strace_line *line, const struct flag_word *words, uint64_t value, bool bits)
{
	const char *separator = "";
	uint64_t rest = value;

	for (const struct flag_word *word = words; word->name; word++) {
		uint64_t mask = word->mask == UINT64_MAX ? value | ~0ULL : word->mask;
		if ((value & mask) != word->value || (word->value == 0 && mask == 0) || (bits && word->value & ~rest))
			continue;
		strace_put(line, "%s%s", separator, word->name);
		separator = "|";
		rest &= ~word->value;
		if (word->mask == UINT64_MAX)
			return;
	}
	if (rest || !*separator)
		strace_put(line, rest ? "%s%#" PRIx64 : "%s%" PRIu64, separator, rest);
}

static void put_byte(struct strace_line *line, uint8_t byte, bool digit_follows)
{
	static const char *const escapes
		[] = { ['\t'] = "\\t", ['\n'] = "\\n", ['\v'] = "\\v", ['\f'] = "\\f", ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\" };
	if (byte < sizeof(escapes) / sizeof(escapes[0]) && escapes[byte])
		strace_put(line, "%s", escapes[byte]);
	else if (byte >= ' ' && byte < 0x7f)
		strace_put(line, "%c", byte);
	else
		strace_put(line, digit_follows ? "\\%03o" : "\\%o", byte);
}

void strace_put_quoted(struct strace_line *line, const uint8_t *bytes, size_t length, bool more)
{
	strace_put(line, "\"");
	for (size_t i = 0; i < length; i++)
		put_byte(line, bytes[i], i + 1 < length && bytes[i + 1] >= '0' && bytes[i + 1] <= '9');
	strace_put(line, more ? "\"..." : "\"");
}

static void put_address(struct strace_line *line, uint64_t address)
{
	if (address)
		strace_put(line, "%#" PRIx64, address);
	else
		strace_put(line, "NULL");
}

static void put_bytes(struct strace_line *line, const struct strace_memory *memory, uint64_t address, uint64_t length)
{
	uint8_t bytes[STRING_SHOWN];
	size_t shown = length < STRING_SHOWN ? length : STRING_SHOWN;
	if (!address || !memory->read(memory->of, address, bytes, shown))
		put_address(line, address);
	else
		strace_put_quoted(line, bytes, shown, length > shown);
}

/* Paths are shown in full, as by strace; other strings are cut. */
static void put_string(struct strace_line *line, const struct strace_memory *memory, uint64_t address, size_t limit)
{
	char text[512];
	int64_t length = address ? memory->read_string(memory->of, address, text, sizeof(text)) : -EFAULT;
	if (length == -ENAMETOOLONG)
		length = sizeof(text);
	if (length < 0)
		put_address(line, address);
	else
		strace_put_quoted(line, (uint8_t *)text, (size_t)length < limit ? (size_t)length : limit, (size_t)length > limit);
}

static uint64_t count_pointers(const struct strace_memory *memory, uint64_t address)
{
	uint64_t count = 0, pointer;
	while (memory->read(memory->of, address + 8 * count, &pointer, 8) && pointer)
		count++;
	return count;
}

static void put_string_list(struct strace_line *line, const struct strace_memory *memory, uint64_t address)
{
	uint64_t pointer, count = count_pointers(memory, address);

	if (!memory->read(memory->of, address, &pointer, sizeof(pointer))) {
		put_address(line, address);
		return;
	}
	strace_put(line, "[");
	for (uint64_t i = 0; i < count && i < WORDS_SHOWN; i++) {
		if (!memory->read(memory->of, address + 8 * i, &pointer, 8))
			break;
		strace_put(line, "%s", i ? ", " : "");
		put_string(line, memory, pointer, STRING_SHOWN);
	}
	strace_put(line, count > WORDS_SHOWN ? ", ...]" : "]");
}

static void put_environment(struct strace_line *line, const struct strace_memory *memory, uint64_t address)
{
	uint64_t pointer;

	put_address(line, address);
	if (memory->read(memory->of, address, &pointer, sizeof(pointer)))
		strace_put(line, " /* %" PRIu64 " vars */", count_pointers(memory, address));
}

static void put_timespec(struct strace_line *line, const struct strace_memory *memory, uint64_t address, const char *fraction)
{
	int64_t time[2];
	if (!address || !memory->read(memory->of, address, time, sizeof(time)))
		put_address(line, address);
	else
		strace_put(line, "{tv_sec=%" PRId64 ", %s=%" PRId64 "}", time[0], fraction, time[1]);
}

static void put_int_pair(struct strace_line *line, const struct strace_memory *memory, uint64_t address)
{
	int32_t pair[2];
	if (!address || !memory->read(memory->of, address, pair, sizeof(pair)))
		put_address(line, address);
	else
		strace_put(line, "[%d, %d]", pair[0], pair[1]);
}

static void put_file_status(struct strace_line *line, const struct strace_memory *memory, uint64_t address)
{
	/* clang-format off */
	static const struct flag_word types[] = {
		{S_IFREG, "S_IFREG", S_IFMT}, {S_IFDIR, "S_IFDIR", S_IFMT}, {S_IFLNK, "S_IFLNK", S_IFMT}, {S_IFCHR, "S_IFCHR", S_IFMT},
		{S_IFBLK, "S_IFBLK", S_IFMT}, {S_IFIFO, "S_IFIFO", S_IFMT}, {S_IFSOCK, "S_IFSOCK", S_IFMT}, {0, NULL, 0},
	};
	/* clang-format on */
	struct stat status;
	if (!address || !memory->read(memory->of, address, &status, sizeof(status))) {
		put_address(line, address);
		return;
	}
	strace_put(line, "{st_mode=");
	put_words(line, types, status.st_mode & S_IFMT, true);
	strace_put(line, "|%#o, ", status.st_mode & ~S_IFMT);
	if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
		strace_put(line, "st_rdev=makedev(%#x, %#x), ...}", major(status.st_rdev), minor(status.st_rdev));
	else
		strace_put(line, "st_size=%" PRId64 ", ...}", status.st_size);
}

static void put_int(struct strace_line *line, const struct strace_memory *memory, uint64_t address)
{
	int32_t value;
	if (!address || !memory->read(memory->of, address, &value, sizeof(value)))
		put_address(line, address);
	else
		strace_put(line, "[%d]", value);
}

/* Structures whose members are printed. */
static void put_struct(struct strace_line *line, const struct strace_memory *memory, const struct syscall_arg *arg, uint64_t value,
	bool filled)
{
	switch (arg->direction == DIR_OUT && !filled ? ARG_STRUCT : arg->type) {
	case ARG_STRINGS: put_string_list(line, memory, value); break;
	case ARG_ENVIRONMENT: put_environment(line, memory, value); break;
	case ARG_TIMESPEC: put_timespec(line, memory, value, "tv_nsec"); break;
	case ARG_TIMEVAL: put_timespec(line, memory, value, "tv_usec"); break;
	case ARG_STAT: put_file_status(line, memory, value); break;
	case ARG_INT_AT: put_int(line, memory, value); break;
	case ARG_INT_PAIR: put_int_pair(line, memory, value); break;
	default: put_address(line, value); break;
	}
}

void strace_put_signal(struct strace_line *line, int number)
{
	const char *name = sigabbrev_np(number);
	if (name)
		strace_put(line, "SIG%s", name);
	else if (number >= 34 && number <= 64)
		strace_put(line, "SIGRT_%d", number - 32);
	else
		strace_put(line, "%d", number);
}

static void put_dirfd(struct strace_line *line, int fd)
{
	if (fd == AT_FDCWD)
		strace_put(line, "AT_FDCWD");
	else
		strace_put(line, "%d", fd);
}

/* An int's upper half in a register is unspecified; offsets use all bits. */
static int64_t as_int(uint64_t value)
{
	return value >> 32 ? (int64_t)value : (int32_t)value;
}

static bool fcntl_takes_nothing(int command)
{
	return command == F_GETFD || command == F_GETFL || command == F_GETOWN || command == F_GETSIG || command == F_GETLEASE
		|| command == F_GETPIPE_SZ || command == F_GET_SEALS;
}

static void put_fcntl_argument(struct strace_line *line, int command, uint64_t value)
{
	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC || command == F_SETPIPE_SZ || command == F_SETOWN)
		strace_put(line, "%d", (int)value);
	else if (command == F_SETFD && value <= FD_CLOEXEC)
		strace_put(line, value ? "FD_CLOEXEC" : "0");
	else
		strace_put(line, "%#" PRIx64, value);
}

static void put_argument(struct strace_line *line, const struct strace_memory *memory, const struct syscall_row *row, unsigned i,
	const uint64_t arg[6], int64_t result)
{
	const struct syscall_arg *a = &row->arg[i];
	uint64_t value = arg[i];

	switch (a->type) {
	case ARG_INT: strace_put(line, "%" PRId64, as_int(value)); break;
	case ARG_FD:
	case ARG_PID: strace_put(line, "%d", (int)value); break;
	case ARG_UINT: strace_put(line, "%u", (unsigned)value); break;
	case ARG_SIZE: strace_put(line, "%" PRIu64, value); break;
	case ARG_HEX: strace_put(line, value ? "%#" PRIx64 : "%" PRIx64, value); break;
	case ARG_MODE: strace_put(line, "%#o", (unsigned)value); break;
	case ARG_DIRFD: put_dirfd(line, (int)value); break;
	case ARG_SIGNAL: strace_put_signal(line, (int)value); break;
	case ARG_FLAGS: put_words(line, a->words, (uint32_t)value, true); break;
	case ARG_ENUM: put_words(line, a->words, (uint32_t)value, false); break;
	case ARG_PATH: put_string(line, memory, value, SIZE_MAX); break;
	case ARG_STRING: put_string(line, memory, value, STRING_SHOWN); break;
	case ARG_FCNTL: put_fcntl_argument(line, (int)arg[i - 1], value); break;
	case ARG_ADDRESS: put_address(line, value); break;
	case ARG_BUFFER:
		if (a->direction == DIR_IN)
			put_bytes(line, memory, value, syscall_extent(row, i, arg));
		else if (result >= 0 && a->extent == EXTENT_RESULT)
			put_bytes(line, memory, value, (uint64_t)result);
		else
			put_address(line, value);
		break;
	default: put_struct(line, memory, a, value, result >= 0); break;
	}
}

/* Returns true for arguments that the kernel ignores, which are not printed: the mode if no file can be created, and fcntl's argument if
 * the command takes none. */
static bool is_unused(const struct syscall_row *row, unsigned i, const uint64_t arg[6])
{
	const struct syscall_arg *ahead = i > 0 ? &row->arg[i - 1] : NULL;

	if (row->arg[i].type == ARG_FCNTL)
		return fcntl_takes_nothing((int)arg[i - 1]);
	return ahead && ahead->role == ROLE_CREATES && !(arg[i - 1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)));
}

void strace_put_arguments(struct strace_line *line, const struct strace_memory *memory, const struct syscall_row *row,
	const uint64_t arg[6], int64_t result)
{
	for (unsigned i = 0; row && i < row->args; i++) {
		if (is_unused(row, i, arg))
			continue;
		strace_put(line, "%s", i ? ", " : "");
		put_argument(line, memory, row, i, arg, result);
	}
	strace_put(line, row ? ")" : "");
}

/* --- results ------------------------------------------------------------------------------------------------------- */

void strace_put_outcome(struct strace_line *line, const struct syscall_row *row, int64_t result)
{
	if (result == SYSCALL_NO_RESULT)
		strace_put(line, row && row->after == AFTER_PROGRAM ? "0" : "?");
	else if (result == -ERESTARTSYS)
		strace_put(line, "? ERESTARTSYS (To be restarted if SA_RESTART is set)");
	else if (result == -ERESTARTNOINTR || result == -ERESTARTNOHAND || result == -ERESTART_RESTARTBLOCK)
		strace_put(line, "? ERESTARTNOHAND (To be restarted if no handler)");
	else if (result < 0 && result >= -4095 && strerrorname_np((int)-result))
		strace_put(line, "-1 %s (%s)", strerrorname_np((int)-result), strerrordesc_np((int)-result));
	else if (row && row->class == CLASS_MEMORY && result)
		strace_put(line, "%#" PRIx64, (uint64_t)result);
	else
		strace_put(line, "%" PRId64, result);
}

/* --- calls --------------------------------------------------------------------------------------------------------- */

bool strace_destroys_arguments(const struct syscall_row *row)
{
	return row && row->after != AFTER_RETURNS;
}

void strace_put_name(struct strace_line *line, const struct syscall_row *row, uint64_t number, const uint64_t arg[6])
{
	if (row)
		strace_put(line, "%s(", row->name);
	else
		strace_put(line, "syscall_%#" PRIx64 "(%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ")", number, arg[0], arg[1], arg[2]);
}

void strace_put_gap(struct strace_line *line)
{
	strace_put(line, "%*s= ", line->length < 39 ? (int)(39 - line->length) + 1 : 1, "");
}

void strace_put_death(struct strace_line *line, int status)
{
	if (WIFEXITED(status)) {
		strace_put(line, "+++ exited with %d +++", WEXITSTATUS(status));
	} else {
		strace_put(line, "+++ killed by ");
		strace_put_signal(line, WTERMSIG(status));
		strace_put(line, " +++");
	}
}
