/* A program that may write no large files: its recording may be one all the same, and what it may itself is as without. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hard.h"

enum { LIMIT = 1000, BYTES = 20000 };

static volatile sig_atomic_t exceeded;

static void note(int number)
{
	exceeded = number;
}

/* Bytes that no compression makes small. */
static void draw(const char *who)
{
	int random = open("/dev/urandom", O_RDONLY);
	unsigned char bytes[BYTES];
	uint64_t sum = 0;

	must(read(random, bytes, sizeof(bytes)) == sizeof(bytes), "read");
	for (int k = 0; k < BYTES; k++)
		mix(&sum, bytes[k]);
	printf("%s drew %016lx\n", who, (unsigned long)sum);
	fflush(stdout);
	close(random);
}

static void write_beyond(const char *who)
{
	static char text[2 * LIMIT];
	int file = open(who, O_RDWR | O_CREAT | O_TRUNC, 0600);
	int first = (int)write(file, text, sizeof(text)), then = (int)write(file, text, 1);

	printf("%s wrote %d, then %d, %s, signal %d\n", who, first, then, strerror(errno), (int)exceeded);
	fflush(stdout);
	close(file);
	unlink(who);
}

static void show(const char *what)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_FSIZE, &limit) == 0, "getrlimit");
	printf("%s: %ld %ld\n", what, (long)limit.rlim_cur, (long)limit.rlim_max);
}

int main(void)
{
	const struct rlimit limit = { LIMIT, LIMIT }, none = { RLIM_INFINITY, RLIM_INFINITY }, wrong = { 2, 1 },
			    less = { LIMIT / 2, LIMIT / 2 };

	signal(SIGXFSZ, note);
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
	show("limited");
	draw("parent");
	write_beyond("parent");
	printf("wrong: %d\n", setrlimit(RLIMIT_FSIZE, &wrong) < 0 ? errno : 0);
	if (geteuid() != 0)
		printf("lifted: %d\n", setrlimit(RLIMIT_FSIZE, &none) < 0 ? errno : 0);
	if (fork() == 0) {
		exceeded = 0;
		must(setrlimit(RLIMIT_FSIZE, &less) == 0, "setrlimit");
		show("child");
		draw("child");
		write_beyond("child");
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	show("parent");
	draw("parent");
	return 0;
}
