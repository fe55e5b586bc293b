/* The vsyscall page: a clock at addresses of the kernel's half, which can be called and not read. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>

#include "show.h"

static long (*const vsyscall_gettimeofday)(void *, void *) = (void *)0xffffffffff600000;
static long (*const vsyscall_time)(void *) = (void *)0xffffffffff600400;
static long (*const vsyscall_getcpu)(void *, void *, void *) = (void *)0xffffffffff600800;

static sigjmp_buf back;
static volatile int quiet;

static void handler(int signal, siginfo_t *info, void *context)
{
	(void)context;
	if (!quiet)
		printf("signal %d code %d address %#lx\n", signal, info->si_code, (unsigned long)info->si_addr);
	siglongjmp(back, 1);
}

#define TRY(name, ...)                         \
	do {                                   \
		printf("%s: ", name);          \
		if (sigsetjmp(back, 1) == 0) { \
			__VA_ARGS__;           \
			puts("no signal");     \
		}                              \
	} while (0)

static volatile int there;

/* Returns 1 if the host's kernel has the page (vsyscall=none removes it). */
static int has_page(void)
{
	quiet = 1;
	if (sigsetjmp(back, 1) == 0) {
		vsyscall_time(NULL);
		there = 1;
	}
	quiet = 0;
	return there;
}

static int between(int64_t first, int64_t middle, int64_t last)
{
	return first <= middle && middle <= last;
}

static void calls(void)
{
	struct timeval before, tv = { 0 }, after;
	struct timezone tz = { 5, 5 };
	unsigned cpu = 77, node = 77;
	time_t stored = 0, seconds;

	gettimeofday(&before, NULL);
	SHOW(vsyscall_gettimeofday(&tv, &tz));
	seconds = vsyscall_time(&stored);
	gettimeofday(&after, NULL);
	CHECK(between(before.tv_sec * 1000000 + before.tv_usec, tv.tv_sec * 1000000 + tv.tv_usec, after.tv_sec * 1000000 + after.tv_usec));
	CHECK(between(before.tv_sec - 1, seconds, after.tv_sec));
	CHECK(seconds == stored);
	printf("zone %d %d\n", tz.tz_minuteswest, tz.tz_dsttime);
	SHOW(vsyscall_gettimeofday(NULL, NULL));
	SHOW(vsyscall_getcpu(&cpu, &node, NULL));
	CHECK(cpu < 4096 && node < 64);
	SHOW(vsyscall_getcpu(NULL, NULL, NULL));
}

static void wrong(void)
{
	TRY("read", *(volatile char *)0xffffffffff600000);
	TRY("an entry that is none", ((long (*)(void))0xffffffffff600c00)());
	TRY("behind the first byte", ((long (*)(void))0xffffffffff600001)());
	TRY("a page above", ((long (*)(void))0xffffffffff601000)());
	TRY("a bad pointer", vsyscall_gettimeofday((void *)8, NULL));
	TRY("a pointer to the kernel", vsyscall_time((void *)0xffff800000000000));
}

static void shown(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[300];

	while (fgets(line, sizeof(line), maps)) {
		if (strstr(line, "[vsyscall]"))
			fputs(line, stdout);
	}
	fclose(maps);
}

/* The results of a kernel with the page. */
static const char documented[] =
	"vsyscall_gettimeofday(&tv, &tz) = 0\n"
	"between(before.tv_sec * 1000000 + before.tv_usec, tv.tv_sec * 1000000 + tv.tv_usec, after.tv_sec * 1000000 + after.tv_usec): yes\n"
	"between(before.tv_sec - 1, seconds, after.tv_sec): yes\n"
	"seconds == stored: yes\n"
	"zone 0 0\n"
	"vsyscall_gettimeofday(NULL, NULL) = 0\n"
	"vsyscall_getcpu(&cpu, &node, NULL) = 0\n"
	"cpu < 4096 && node < 64: yes\n"
	"vsyscall_getcpu(NULL, NULL, NULL) = 0\n"
	"read: signal 11 code 1 address 0xffffffffff600000\n"
	"an entry that is none: signal 11 code 128 address 0\n"
	"behind the first byte: signal 11 code 128 address 0\n"
	"a page above: signal 11 code 1 address 0xffffffffff601000\n"
	"a bad pointer: signal 11 code 128 address 0\n"
	"a pointer to the kernel: signal 11 code 1 address 0xffff800000000000\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	if (!has_page()) {
		printf("host: the kernel has no vsyscall page\n%s", documented);
		return 0;
	}
	calls();
	wrong();
	shown();
	return 0;
}
