/* Other parts of the C library that lean on the processor: setjmp, qsort, random numbers, time of day arithmetic, regex, wide integers. */
#include <fnmatch.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "show.h"

static jmp_buf environment;

static int __attribute__((noinline)) deep(int n, int value)
{
	if (n == 0)
		longjmp(environment, value);
	return n < 0 ? 0 : deep(n - 1, value) + 1;
}

static void jumps(void)
{
	volatile int count = 0;
	volatile double d = 1.5;
	int value = setjmp(environment);

	if (value < 5) {
		count++;
		d *= 2;
		deep(10 * value, value + 1);
	}
	printf("jumps %d, value %d, %g\n", count, value, d);
	if (setjmp(environment) == 0)
		longjmp(environment, 0);
	puts("longjmp of 0 returns 1");
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void sorting(void)
{
	static uint32_t values[5000];
	uint32_t seed = 1, key, *found;

	for (int i = 0; i < 5000; i++)
		values[i] = (seed = seed * 1103515245 + 12345) >> 8;
	key = values[777];
	qsort(values, 5000, sizeof(*values), compare);
	for (int i = 1; i < 5000; i++)
		if (values[i - 1] > values[i])
			puts("not sorted");
	found = bsearch(&key, values, 5000, sizeof(*values), compare);
	printf("median %u, found %d\n", values[2500], found != NULL && *found == key);
	srand(5);
	printf("%d %d\n", rand(), rand());
	srandom(5);
	printf("%ld\n", random());
	srand48(5);
	printf("%a %ld\n", drand48(), lrand48());
}

static double sum(int count, ...)
{
	va_list arguments;
	double total = 0;

	va_start(arguments, count);
	for (int i = 0; i < count; i++)
		total += i % 2 ? va_arg(arguments, double) : va_arg(arguments, int);
	va_end(arguments);
	return total;
}

static void dates(void)
{
	time_t t = 1700000000;
	struct tm tm;
	char text[100];

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %j %a", &tm);
	puts(text);
	localtime_r(&t, &tm);
	strftime(text, sizeof(text), "%c %Z", &tm);
	puts(text);
	tm.tm_mon += 20;
	printf("%ld\n", (long)mktime(&tm));
	printf("%g\n", difftime(t + 5, t));
}

static void patterns(void)
{
	regex_t regex;
	regmatch_t match[3];

	SHOW(regcomp(&regex, "([a-z]+)-([0-9]{2,3})", REG_EXTENDED));
	SHOW(regexec(&regex, "  abc-1234", 3, match, 0));
	printf("%ld %ld %ld %ld\n", (long)match[1].rm_so, (long)match[1].rm_eo, (long)match[2].rm_so, (long)match[2].rm_eo);
	SHOW(regexec(&regex, "nothing", 3, match, 0));
	SHOW(fnmatch("*.[ch]", "file.c", 0));
	SHOW(fnmatch("*.[ch]", "file.o", 0));
}

/* 128-bit arithmetic, and what the compiler makes of bit operations. */
static void wide_integers(void)
{
	unsigned __int128 a = 1, b;
	volatile uint64_t x = 0x123456789abcdef0u;

	for (int i = 0; i < 40; i++)
		a = a * 1000003 + (uint64_t)i;
	b = a / 1234567891011u;
	printf("%016lx%016lx %016lx %016lx\n", (uint64_t)(a >> 64), (uint64_t)a, (uint64_t)b, (uint64_t)(a % 1000000007));
	printf("%d %d %d %d %lx\n", __builtin_popcountl(x), __builtin_clzl(x), __builtin_ctzl(x), __builtin_parityl(x),
		__builtin_bswap64(x));
	printf("%lx %lx\n", x << 13 | x >> 51, x >> 7 | x << 57);
	printf("%d\n", __builtin_mul_overflow(x, x, &(uint64_t){ 0 }));
}

int main(void)
{
	jumps();
	sorting();
	printf("%g\n", sum(12, 1, 2.5, 3, 4.5, 5, 6.5, 7, 8.5, 9, 10.5, 11, 12.5));
	dates();
	patterns();
	wide_integers();
	return 0;
}
