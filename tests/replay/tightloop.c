/* Signals into loops without a system call: from a timer, from a sibling, and into a long REP MOVSB. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hard.h"

enum { TICKS = 40, KILLS = 30, COPY = 1 << 22 };

static volatile uint64_t count, sum;
static volatile int signals;

/* Notes the loop's state and all registers: a signal one instruction later has another sum. */
static void note(int number, siginfo_t *info, void *context)
{
	uint64_t mixed = sum;

	mix(&mixed, count);
	mix(&mixed, (uint64_t)number);
	mix(&mixed, (uint64_t)info->si_code);
	for (int k = 0; k < 17; k++)
		mix(&mixed, ((uint64_t *)context)[5 + k]);
	sum = mixed;
	signals++;
}

static void timer_loop(void)
{
	timer_every(1500);
	while (signals < TICKS)
		count++;
	timer_every(0);
	printf("timer: %d signals, sum %016lx\n", signals, (unsigned long)sum);
}

static void sibling_loop(void)
{
	pid_t parent = getpid(), child = fork();

	if (child == 0) {
		for (int k = 0; k < KILLS; k++) {
			kill(parent, SIGUSR1);
			for (volatile int spin = 0; spin < 3000; spin++)
				;
		}
		_exit(0);
	}
	signals = 0;
	while (waitpid(child, NULL, WNOHANG) == 0)
		for (int k = 0; k < 10000; k++)
			count++;
	printf("sibling: signals %s, sum %016lx\n", signals > 0 ? "came" : "did not come", (unsigned long)sum);
}

static void string_loop(void)
{
	char *from = malloc(COPY), *to = malloc(COPY);
	uint64_t copied = 0;

	for (int k = 0; k < COPY; k++)
		from[k] = (char)(k * 7);
	signals = 0;
	timer_every(1000);
	for (int k = 0; k < 4; k++) {
		void *source = from, *target = to;
		size_t length = COPY - (size_t)k;

		__asm__ volatile("rep movsb" : "+S"(source), "+D"(target), "+c"(length) : : "memory");
		mix(&copied, (uint64_t)((char *)target - to) + length);
	}
	timer_every(0);
	printf("rep movsb: equal %d, sum %016lx %016lx\n", memcmp(from, to, COPY) == 0, (unsigned long)copied, (unsigned long)sum);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART };

	setbuf(stdout, NULL);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	timer_loop();
	sibling_loop();
	string_loop();
}
