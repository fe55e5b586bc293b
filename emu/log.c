/* Messages on standard error. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/options.h"

/* A name that stands in a message cannot change the terminal, or begin a line of its own. Returns the length of the result, at most
 * 4 * `size`. */
static size_t escape(const char *text, size_t size, char *to)
{
	size_t length = 0;

	for (size_t k = 0; k < size; k++) {
		unsigned char byte = (unsigned char)text[k];

		if ((byte >= ' ' && byte != 0x7f) || byte == '\t' || (byte == '\n' && k == size - 1))
			to[length++] = text[k];
		else
			length += (size_t)sprintf(to + length, "\\x%02x", byte);
	}
	return length;
}

static bool write_all(const char *text, size_t size)
{
	return write(STDERR_FILENO, text, size) == (ssize_t)size; /* in one write, since several processes may share the stream */
}

/* Messages begin with the program's name; the other texts, such as --help, are ours. */
static ssize_t write_errors(void *cookie, const char *text, size_t size)
{
	static const char start[] = "tick86: ";
	char *escaped = NULL;
	bool written;

	(void)cookie;
	if (size > strlen(start) && memcmp(text, start, strlen(start)) == 0)
		escaped = malloc(4 * size);
	written = escaped ? write_all(escaped, escape(text, size, escaped)) : write_all(text, size);
	free(escaped);
	return written ? (ssize_t)size : 0;
}

void log_escapes(void)
{
	FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = write_errors });

	if (!stream)
		return;
	setvbuf(stream, NULL, _IONBF, 0); /* each call makes one write */
	stderr = stream;
}

void log_line(const struct options *options, enum log_level level, const char *format, ...)
{
	char line[1024], escaped[4 * sizeof(line)];
	int length, room = (int)sizeof(line) - 1;
	va_list args;

	if (level > options->log)
		return;
	length = snprintf(line, sizeof(line), "tick86: ");
	va_start(args, format);
	length += vsnprintf(line + length, (size_t)(room - length), format, args);
	va_end(args);
	if (length > room)
		length = room;
	line[length++] = '\n';
	write_all(escaped, escape(line, (size_t)length, escaped));
}
