/* tick86 save: makes a running tick86 save its program to a file. */
#include "emu/save_command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/mem/doorbell.h"

enum { EXIT_USAGE = COMMAND_LINE_WRONG, EXIT_CANNOT_SAVE = 126, FIRST_FD = 100, PATIENCE_MS = 60000 };

static int fail(int status, const char *format, const char *what)
{
	fprintf(stderr, "tick86: save: ");
	fprintf(stderr, format, what);
	fputc('\n', stderr);
	return status;
}

/* A check before the signal, which might end any other program. */
static bool is_tick86(pid_t pid)
{
	struct stat own, other;
	char link[32], path[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	if (!stat(link, &other) && !stat("/proc/self/exe", &own) && other.st_dev == own.st_dev && other.st_ino == own.st_ino)
		return true;
	return strrchr(path, '/') && !strcmp(strrchr(path, '/'), "/tick86");
}

/* Reads the answer, one line without its newline; empty if there is none. */
static void wait_for_answer(int fd, pid_t pid, char *line, size_t size)
{
	struct pollfd answer = { .fd = fd, .events = POLLIN };
	ssize_t length = 0;

	for (int waited = 0; waited < PATIENCE_MS && poll(&answer, 1, 100) == 0; waited += 100)
		if (kill(pid, 0) != 0)
			break;
	if (poll(&answer, 1, 0) == 1)
		length = read(fd, line, size - 1);
	line[length > 0 ? length : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

/* A regular file is replaced, and keeps its mode; then `part` is another name. Anything else is written. */
static int ask(pid_t pid, const char *path, const char *part)
{
	bool replaces = part != path;
	int file = open(part, O_CLOEXEC | (replaces ? O_RDWR | O_CREAT | O_TRUNC : O_WRONLY), 0666), answer[2];
	struct stat old;
	char line[512];

	if (file < 0)
		return fail(EXIT_USAGE, "cannot write its file: %s", strerror(errno));
	if (replaces && stat(path, &old) == 0)
		fchmod(file, old.st_mode & ALLPERMS);
	if (pipe2(answer, O_CLOEXEC) < 0 || dup2(file, FIRST_FD) < 0 || dup2(answer[1], FIRST_FD + 1) < 0)
		return fail(EXIT_USAGE, "%s", strerror(errno));
	if (!doorbell_ask_to_save(pid, FIRST_FD))
		return fail(EXIT_USAGE, "it cannot be asked: %s", strerror(errno));
	wait_for_answer(answer[0], pid, line, sizeof(line));
	if (*line == '-')
		return fail(EXIT_CANNOT_SAVE, "%s", line + 1);
	if (*line != '+')
		return fail(EXIT_CANNOT_SAVE, "%s", "the process has ended, or does not answer");
	if (replaces && rename(part, path) != 0)
		return fail(EXIT_USAGE, "cannot write its file: %s", strerror(errno));
	printf("saved to %s after %s\n", path, line + 1);
	return 0;
}

static int save(pid_t pid, const char *path)
{
	char chosen[64], name[PATH_MAX];
	const char *part = name;
	struct stat old;
	int status;

	if (!is_tick86(pid))
		return fail(EXIT_USAGE, "%s", "that process is no tick86");
	snprintf(chosen, sizeof(chosen), "tick86-%d.saved", (int)pid);
	path = path ? path : chosen;
	snprintf(name, sizeof(name), "%s.part", path);
	if (stat(path, &old) == 0 && !S_ISREG(old.st_mode))
		part = path;
	status = ask(pid, path, part);
	if (status && part != path)
		unlink(part);
	return status;
}

static const struct option_row save_options[] = {
	OPTION("-o", VALUE_NEEDED, "FILE", option_keep, "the file to write (default tick86-PID.saved)"),
	OPTION_END,
};

static int save_command(char **argv)
{
	const char *path = NULL;
	char *word[2], *end;
	int status;
	long pid;

	if (!command_read(&save_command_row, argv, &path, word, &status))
		return status;
	pid = strtol(word[0], &end, 10);
	if (pid <= 0 || pid > INT_MAX || *end)
		return fail(EXIT_USAGE, "'%s' is no process id", word[0]);
	return save((pid_t)pid, path);
}

const struct command_row save_command_row = {
	.name = "save",
	.words = "PID",
	.does = "Make a running tick86 save its program to a file.",
	.options = { save_options },
	.statuses = "  0    saved\n"
		    "  2    wrong command line, no such tick86, or the file cannot be written\n"
		    "  126  the program cannot be saved\n",
	.example = "tick86 save -o job.saved 4711",
	.least = 1,
	.most = 1,
	.run = save_command,
};
