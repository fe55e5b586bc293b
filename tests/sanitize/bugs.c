/* One bug for each sanitizer, by name: what tests/sanitize.test builds and runs. Without a name, a correct program. */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int shared;

static void *add(void *unused)
{
	(void)unused;
	shared++;
	return NULL;
}

__attribute__((noinline)) static void overflow_heap(char *bytes)
{
	bytes[10] = 1;
}

__attribute__((noinline)) static void overflow_stack(int index)
{
	volatile char bytes[16] = "";

	bytes[index] = 1;
}

__attribute__((noinline)) static void use_freed(char *bytes)
{
	free(bytes);
	printf("%d\n", bytes[1]);
}

__attribute__((noinline)) static void race(void)
{
	pthread_t thread[2];

	pthread_create(&thread[0], NULL, add, NULL);
	pthread_create(&thread[1], NULL, add, NULL);
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
}

__attribute__((noinline)) static void uninitialized(int index)
{
	int numbers[4];

	if (*(volatile int *)&numbers[index])
		puts("not zero");
}

__attribute__((noinline)) static void overflow_integer(int by)
{
	printf("%d\n", INT_MAX - 1 + by);
}

__attribute__((noinline)) static void leak(void)
{
	char *volatile lost = malloc(7);

	memset(lost, 1, 7);
	lost = NULL;
}

int main(int argc, char **argv)
{
	const char *bug = argc > 1 ? argv[1] : "none";
	char *bytes = malloc(10);

	memset(bytes, 0, 10);
	if (!strcmp(bug, "heap"))
		overflow_heap(bytes);
	if (!strcmp(bug, "stack"))
		overflow_stack(15 + argc);
	if (!strcmp(bug, "freed"))
		use_freed(bytes);
	if (!strcmp(bug, "race"))
		race();
	if (!strcmp(bug, "uninitialized"))
		uninitialized(argc);
	if (!strcmp(bug, "integer"))
		overflow_integer(argc);
	if (!strcmp(bug, "leak"))
		leak();
	printf("done: %s\n", bug);
	free(bytes);
	return 0;
}
