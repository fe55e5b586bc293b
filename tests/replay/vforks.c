/* vforks [COUNT]: a storm of vforks, half of which execute this program again; forks from within them; exits whose order is the scheduler's. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hard.h"

enum { FORKS = 30 };

static volatile int stored;

static int child_of_exec(char *argument)
{
	return atoi(argument) % 100;
}

static void storm(char *program, int count, uint64_t *sum)
{
	for (volatile int k = 0; k < count; k++) {
		char number[16];
		int status;
		pid_t child;

		snprintf(number, sizeof(number), "%d", k);
		child = vfork();
		if (child == 0) {
			stored = k;
			if (k % 2)
				execl(program, "vforks", "child", number, (char *)NULL);
			_exit(k % 50);
		}
		must(child > 0 && waitpid(child, &status, 0) == child, "vfork");
		mix(sum, (uint64_t)status);
		mix(sum, (uint64_t)stored);
	}
}

static void forks(uint64_t *sum)
{
	int status;
	pid_t child, first = 0;

	for (int k = 0; k < FORKS; k++) {
		child = fork();
		if (child == 0) {
			for (volatile int spin = 0; spin < (k * 7919 % 31) * 1000; spin++)
				;
			_exit(k);
		}
		first = first ? first : child;
	}
	while ((child = wait(&status)) > 0) {
		mix(sum, (uint64_t)(child - first));
		mix(sum, (uint64_t)status);
	}
}

int main(int argc, char **argv)
{
	uint64_t sum = 0;

	if (argc == 3)
		return child_of_exec(argv[2]);
	storm("/proc/self/exe", argc > 1 ? atoi(argv[1]) : 240, &sum);
	printf("storm: %016lx, last stored %d\n", (unsigned long)sum, stored);
	fflush(stdout);
	forks(&sum);
	printf("forks: %016lx\n", (unsigned long)sum);
}
