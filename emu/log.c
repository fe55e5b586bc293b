/* Messages on standard error. */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "emu/options.h"

void log_line(const struct options *options, enum log_level level, const char *format, ...)
{
	char line[1024];
	int length, room = (int)sizeof(line) - 1;
	va_list args;
	ssize_t written;

	if (level > options->log)
		return;
	length = snprintf(line, sizeof(line), "tick86: ");
	va_start(args, format);
	length += vsnprintf(line + length, (size_t)(room - length), format, args);
	va_end(args);
	if (length > room)
		length = room;
	line[length++] = '\n';
	written = write(STDERR_FILENO, line, (size_t)length); /* in one write, since several processes may share the stream */
	(void)written;
}
