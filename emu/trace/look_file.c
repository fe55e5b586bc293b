/* Opens recordings for the commands that only look into them. */
#include "emu/trace/look_file.h"

#include <errno.h>
#include <string.h>

static void say(const char *command, const char *path, const char *what)
{
	fflush(stdout);
	fprintf(stderr, "tick86: %s: %s: %s\n", command, path, what);
}

struct walk *look_open(const char *command, const char *path)
{
	char error[128];
	struct walk *walk = walk_open(path, error, sizeof(error));

	if (!walk)
		say(command, path, error);
	return walk;
}

int look_tell_trouble(const char *command, const char *path, const struct walk *walk)
{
	const char *trouble = walk_trouble(walk);

	if (trouble)
		say(command, path, trouble);
	return trouble ? LOOK_INCOMPLETE : 0;
}

int look_close(const char *command, const char *path, struct walk *walk)
{
	int status = look_tell_trouble(command, path, walk);

	walk_close(walk);
	return status;
}

FILE *look_create(const char *command, const char *path)
{
	FILE *out = fopen(path, "we");

	if (!out)
		say(command, path, strerror(errno));
	return out;
}

int look_written(const char *command, const char *path, FILE *out, int status)
{
	bool failed = ferror(out);

	errno = 0;
	failed |= out == stdout ? fflush(out) : fclose(out);
	if (!failed)
		return status;
	say(command, path, errno ? strerror(errno) : "cannot be written");
	return LOOK_TROUBLE;
}
