/* Recursive Fibonacci numbers. Calls, returns and the stack. */
#include "bench.h"

__attribute__((noinline)) static long fib(int n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv)
{
	volatile int n = 27; /* or the compiler would call fib once only */
	long sum = 0;

	for (long i = work(argc, argv, 240); i > 0; i--)
		sum += fib(n);
	printf("%ld\n", sum);
	return 0;
}
