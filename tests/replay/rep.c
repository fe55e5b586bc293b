/* A repeated string instruction over many gigabytes of zeros, which are one page: rep GIGABYTES [SECONDS until SIGALRM] */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int count, char **argument)
{
	size_t size = strtoul(count > 1 ? argument[1] : "1", NULL, 10) << 30, left = size;
	char *zeros = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), *at = zeros;

	if (zeros == MAP_FAILED)
		return 1;
	if (count > 2)
		alarm((unsigned)atoi(argument[2]));
	__asm__ volatile("rep lodsb" : "+S"(at), "+c"(left) : : "rax", "memory");
	printf("done: %zu left, %s\n", left, at == zeros + size ? "at the end" : "elsewhere");
	return 0;
}
