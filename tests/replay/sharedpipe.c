/* One pipe that several processes read, whoever comes first; and bytes that reach standard output without passing memory. */
#include <fcntl.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hard.h"

enum { READERS = 4, MESSAGES = 120 };

static void read_messages(int fd, int reader)
{
	uint64_t sum = (uint64_t)reader;
	int messages = 0, value;

	while (read(fd, &value, sizeof(value)) == sizeof(value)) {
		mix(&sum, (uint64_t)value);
		messages++;
		for (volatile int spin = 0; spin < value % 17 * 300; spin++)
			;
	}
	printf("reader %d: messages %d, sum %016lx\n", reader, messages, (unsigned long)sum);
	exit(0);
}

static void readers(void)
{
	int pipes[2];

	must(pipe(pipes) == 0, "pipe");
	for (int k = 0; k < READERS; k++) {
		if (fork() == 0) {
			close(pipes[1]);
			read_messages(pipes[0], k);
		}
	}
	close(pipes[0]);
	for (int k = 0; k < MESSAGES; k++) {
		must(write(pipes[1], &k, sizeof(k)) == sizeof(k), "write");
		if (k % 16 == 15)
			usleep(500);
	}
	close(pipes[1]);
	while (wait(NULL) > 0)
		;
}

/* Each may be refused for this output; then it is written in the ordinary way, as programs do. */
static void without_memory(void)
{
	static const char text[] = "by splice, tee, sendfile, vmsplice\n";
	int pipes[2], other[2], file = open(".", O_TMPFILE | O_RDWR, 0600);
	char back[64];
	ssize_t got;

	must(pipe(pipes) == 0 && pipe(other) == 0, "pipe");
	must(write(pipes[1], text, sizeof(text) - 1) > 0, "write");
	if (tee(pipes[0], other[1], 64, 0) > 0 && splice(other[0], NULL, STDOUT_FILENO, NULL, 64, 0) < 0) {
		got = read(other[0], back, sizeof(back));
		must(write(STDOUT_FILENO, back, (size_t)got) == got, "write");
	}
	if (file >= 0 && write(file, text, sizeof(text) - 1) > 0) {
		off_t offset = 3;

		if (sendfile(STDOUT_FILENO, file, &offset, 7) < 0) {
			must(pread(file, back, 7, 3) == 7, "pread");
			must(write(STDOUT_FILENO, back, 7) == 7, "write");
		}
		must(write(STDOUT_FILENO, "\n", 1) == 1, "write");
	}
	must(splice(pipes[0], NULL, other[1], NULL, 64, 0) > 0, "splice between pipes");
	got = read(other[0], back, sizeof(back));
	must(writev(STDOUT_FILENO, (struct iovec[]){ { "pipes: ", 7 }, { back, (size_t)got } }, 2) > 0, "writev");
}

int main(void)
{
	setbuf(stdout, NULL);
	readers();
	without_memory();
}
