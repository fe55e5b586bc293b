/* 10 million calls of one of three functions with clock_gettime's arguments, which libc does not stand before: `vdso`, the vDSO's own;
 * `syscall`, the system call and nothing else; `empty`, which returns at once and so tells what the loop itself costs. */
#include "bench.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

typedef int clock_call(clockid_t clock, struct timespec *time);

static __attribute__((noinline)) int empty(clockid_t clock, struct timespec *time)
{
	__asm__ volatile("" ::"r"(clock), "r"(time));
	return 0;
}

static __attribute__((noinline)) int by_syscall(clockid_t clock, struct timespec *time)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "0"(SYS_clock_gettime), "D"(clock), "S"(time) : "rcx", "r11", "memory");
	return (int)result;
}

static clock_call *by_vdso(void)
{
	void *vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);

	return vdso ? (clock_call *)dlvsym(vdso, "__vdso_clock_gettime", "LINUX_2.6") : NULL;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 2 ? argv[2] : "";
	clock_call *call = strcmp(kind, "vdso") == 0 ? by_vdso() : strcmp(kind, "syscall") == 0 ? by_syscall : empty;
	struct timespec time = { 0 };
	long failed = 0;

	if (!call) {
		fputs("no vDSO\n", stderr);
		return EXIT_FAILURE;
	}
	for (long i = work(argc, argv, 10000000); i > 0; i--)
		failed += call(CLOCK_MONOTONIC, &time) != 0;
	printf("failed %ld\n", failed);
	return failed != 0;
}
