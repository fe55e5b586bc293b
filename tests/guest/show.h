/* How guest tests report. Their output is compared with the native run's, so it holds results of calls and of checks, and
 * nothing that differs between two native runs: no addresses, times or process numbers. */
#ifndef TESTS_GUEST_SHOW_H
#define TESTS_GUEST_SHOW_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Evaluate a call and print its text and its result, with the error when it is -1. */
#define SHOW(call)                                \
	do {                                      \
		errno = 0;                        \
		show_result(#call, (long)(call)); \
	} while (0)

/* The same for a call whose result differs from run to run: print only whether it failed. */
#define SUCCEEDS(call)                             \
	do {                                       \
		errno = 0;                         \
		show_success(#call, (long)(call)); \
	} while (0)

/* Print a condition's text and whether it holds. */
#define CHECK(condition) printf("%s: %s\n", #condition, (condition) ? "yes" : "NO")

static inline void show_result(const char *text, long result)
{
	if (result == -1)
		printf("%s = -1, errno %d\n", text, errno);
	else
		printf("%s = %ld\n", text, result);
}

static inline void show_success(const char *text, long result)
{
	if (result == -1)
		printf("%s failed, errno %d\n", text, errno);
	else
		printf("%s succeeded\n", text);
}

/* Line by line, so that a forked child inherits no unwritten output. */
__attribute__((constructor)) static void write_lines_at_once(void)
{
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

#endif
