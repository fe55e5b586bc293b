/* The vDSO, found by hand as the C libraries and Go find it: symbols, versions, hash tables; its functions against the system
 * calls, with clocks and pointers that are wrong. */
#include <elf.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "show.h"

static struct {
	const char *base;
	const Elf64_Sym *symbol;
	const char *string;
	const Elf64_Half *version;
	const Elf64_Verdef *verdef;
	const uint32_t *hash, *gnu_hash;
} vdso;

static void find_vdso(void)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Phdr *segment;
	const Elf64_Dyn *dynamic = NULL;
	int loads = 0, executable = 0;

	CHECK(header && !memcmp(header->e_ident, ELFMAG, SELFMAG) && header->e_type == ET_DYN && header->e_machine == EM_X86_64);
	vdso.base = (const char *)header;
	segment = (const Elf64_Phdr *)(vdso.base + header->e_phoff);
	for (int k = 0; k < header->e_phnum; k++) {
		if (segment[k].p_type == PT_LOAD && loads++ == 0)
			executable = segment[k].p_flags == (PF_R | PF_X) && segment[k].p_vaddr == 0;
		if (segment[k].p_type == PT_DYNAMIC)
			dynamic = (const Elf64_Dyn *)(vdso.base + segment[k].p_vaddr);
	}
	CHECK(loads == 1 && executable);
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		const void *at = vdso.base + dynamic->d_un.d_ptr;

		switch (dynamic->d_tag) {
		case DT_SYMTAB: vdso.symbol = at; break;
		case DT_STRTAB: vdso.string = at; break;
		case DT_VERSYM: vdso.version = at; break;
		case DT_VERDEF: vdso.verdef = at; break;
		case DT_HASH: vdso.hash = at; break;
		case DT_GNU_HASH: vdso.gnu_hash = at; break;
		}
	}
	CHECK(vdso.symbol && vdso.string && vdso.version && vdso.verdef);
}

/* Returns 1 if the symbol has the version, which is neither hidden nor the file's own. */
static int has_version(unsigned symbol, const char *name)
{
	const Elf64_Verdef *def = vdso.verdef;

	for (;; def = (const Elf64_Verdef *)((const char *)def + def->vd_next)) {
		const Elf64_Verdaux *aux = (const Elf64_Verdaux *)((const char *)def + def->vd_aux);

		if (!(def->vd_flags & VER_FLG_BASE) && def->vd_ndx == (vdso.version[symbol] & 0x7fff))
			return !strcmp(vdso.string + aux->vda_name, name);
		if (!def->vd_next)
			return 0;
	}
}

static int is_function(unsigned k, const char *name)
{
	const Elf64_Sym *symbol = &vdso.symbol[k];

	return !strcmp(vdso.string + symbol->st_name, name) && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF
		&& has_version(k, "LINUX_2.6");
}

/* By the table of gABI, chapter 5. */
static void *by_hash(const char *name)
{
	const uint32_t *bucket = vdso.hash + 2, *chain = bucket + vdso.hash[0];
	uint32_t h = 0;

	for (const char *c = name; *c; c++) {
		h = (h << 4) + (unsigned char)*c;
		h = (h ^ (h >> 24 & 0xf0)) & 0x0fffffff;
	}
	for (uint32_t k = bucket[h % vdso.hash[0]]; k; k = chain[k])
		if (is_function(k, name))
			return (void *)(vdso.base + vdso.symbol[k].st_value);
	return NULL;
}

static void *by_gnu_hash(const char *name)
{
	uint32_t buckets = vdso.gnu_hash[0], first = vdso.gnu_hash[1], words = vdso.gnu_hash[2], h = 5381, k;
	const uint32_t *bucket = vdso.gnu_hash + 4 + 2 * words, *chain = bucket + buckets;

	for (const char *c = name; *c; c++)
		h = h * 33 + (unsigned char)*c;
	for (k = bucket[h % buckets]; k; k++) {
		if ((chain[k - first] | 1) == (h | 1) && is_function(k, name))
			return (void *)(vdso.base + vdso.symbol[k].st_value);
		if (chain[k - first] & 1)
			return NULL;
	}
	return NULL;
}

static void *function(const char *name)
{
	void *plain = vdso.hash ? by_hash(name) : NULL, *gnu = vdso.gnu_hash ? by_gnu_hash(name) : NULL;

	printf("%s: %s\n", name, plain && (!vdso.gnu_hash || gnu == plain) ? "found" : "NOT FOUND");
	return plain;
}

static int (*vdso_gettime)(clockid_t, struct timespec *);
static int (*vdso_getres)(clockid_t, struct timespec *);
static int (*vdso_gettimeofday)(struct timeval *, struct timezone *);
static time_t (*vdso_time)(time_t *);
static int (*vdso_getcpu)(unsigned *, unsigned *, void *);

/* A vDSO reading lies between two system calls. */
static int between(clockid_t clock)
{
	struct timespec a, b, c;

	syscall(SYS_clock_gettime, clock, &a);
	if (vdso_gettime(clock, &b))
		return 0;
	syscall(SYS_clock_gettime, clock, &c);
	return (a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec <= b.tv_nsec))
		&& (b.tv_sec < c.tv_sec || (b.tv_sec == c.tv_sec && b.tv_nsec <= c.tv_nsec));
}

static void clocks(void)
{
	for (clockid_t clock = -1; clock < 14; clock++) {
		struct timespec t, plain, ours;

		if (clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM)
			continue; /* not on a machine without a real-time clock */
		long expected = syscall(SYS_clock_gettime, clock, &t) ? -errno : 0;
		int result = vdso_gettime(clock, &t);

		printf("clock %d: %d%s", clock, result, result == expected ? "" : " UNLIKE THE SYSTEM CALL");
		if (!result)
			printf(", %s, %s", between(clock) ? "in between" : "NOT IN BETWEEN",
				vdso_getres(clock, &ours) == 0 && !syscall(SYS_clock_getres, clock, &plain) && ours.tv_nsec == plain.tv_nsec
						&& ours.tv_sec == 0
					? "same resolution"
					: "OTHER RESOLUTION");
		printf("\n");
	}
	SHOW(vdso_getres(14, NULL));
	SHOW(vdso_getres(CLOCK_MONOTONIC, NULL));
}

static void times(void)
{
	struct timeval v;
	struct timezone zone = { 1, 1 };
	struct timespec a, b;
	time_t t = 0, result;

	clock_gettime(CLOCK_REALTIME, &a);
	SHOW(vdso_gettimeofday(&v, &zone));
	clock_gettime(CLOCK_REALTIME, &b);
	CHECK(v.tv_sec * 1000000 + v.tv_usec >= a.tv_sec * 1000000 + a.tv_nsec / 1000
		&& v.tv_sec * 1000000 + v.tv_usec <= b.tv_sec * 1000000 + b.tv_nsec / 1000);
	CHECK(zone.tz_minuteswest == 0 && zone.tz_dsttime == 0);
	SHOW(vdso_gettimeofday(NULL, NULL));
	result = vdso_time(&t);
	CHECK(result == t && result >= a.tv_sec - 1 && result <= b.tv_sec + 1);
	result = vdso_time(NULL);
	CHECK(result >= t && result <= t + 1);
}

static void cpus(void)
{
	unsigned cpu = ~0u, node = ~0u, plain = 0, plain_node = 0;
	unsigned first = 0;
	cpu_set_t set;

	SHOW(sched_getaffinity(0, sizeof(set), &set)); /* a container may be without CPU 0 */
	while (!CPU_ISSET(first, &set))
		first++;
	CPU_ZERO(&set);
	CPU_SET(first, &set);
	SHOW(sched_setaffinity(0, sizeof(set), &set));
	SHOW(vdso_getcpu(&cpu, &node, NULL));
	syscall(SYS_getcpu, &plain, &plain_node, NULL);
	CHECK(cpu == plain && node == plain_node && cpu == first);
	SHOW(vdso_getcpu(NULL, NULL, NULL));
}

static sigjmp_buf back;
static struct fault {
	int signal, code;
	void *address;
} fault;

static void caught(int number, siginfo_t *info, void *context)
{
	(void)context;
	fault = (struct fault){ number, info->si_code, info->si_addr };
	siglongjmp(back, 1);
}

/* Bad pointers are the caller's fault. Some are an error to be returned, too, where the kernel's clock source is one that only it
 * can read. */
#define FAULTS(call, at)                                                                                   \
	do {                                                                                               \
		fault = (struct fault){ 0 };                                                               \
		if (!sigsetjmp(back, 1))                                                                   \
			fault.code = (int)(call);                                                          \
		printf("%s: %s\n", #call, bad_pointer((void *)(at)) ? "faults or fails" : "DOES NEITHER"); \
	} while (0)

static int bad_pointer(const void *at)
{
	if (fault.signal == 0)
		return fault.code == -EFAULT;
	return fault.signal == SIGSEGV && fault.code == SEGV_MAPERR && fault.address == at;
}

static void faults(void)
{
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	FAULTS(vdso_gettime(CLOCK_MONOTONIC, (struct timespec *)16), 16);
	FAULTS(vdso_gettimeofday((struct timeval *)32, NULL), 32);
	FAULTS(vdso_time((time_t *)64), 64);
	FAULTS(vdso_getcpu((unsigned *)128, NULL, NULL), 128);
	SHOW(vdso_gettime(CLOCK_PROCESS_CPUTIME_ID, (struct timespec *)16));
}

static void undefined(int number)
{
	printf("signal %d\n", number);
	siglongjmp(back, 1);
}

/* The encodings that the emulator's own vDSO uses are undefined elsewhere. */
static void undefined_opcodes(void)
{
	signal(SIGILL, undefined);
	if (!sigsetjmp(back, 1))
		__asm__ volatile("ud1l (%rax), %eax");
	if (!sigsetjmp(back, 1))
		__asm__ volatile("ud1l %eax, %eax");
}

int main(void)
{
	find_vdso();
	vdso_gettime = function("__vdso_clock_gettime");
	vdso_gettimeofday = function("__vdso_gettimeofday");
	vdso_time = function("__vdso_time");
	vdso_getcpu = function("__vdso_getcpu");
	vdso_getres = function("__vdso_clock_getres");
	function("clock_gettime");
	CHECK(vdso_gettime && vdso_gettimeofday && vdso_time && vdso_getcpu && vdso_getres);
	clocks();
	times();
	cpus();
	faults();
	undefined_opcodes();
	return 0;
}
