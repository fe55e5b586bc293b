/* A bit of all that a saved program must keep: rounds of work whose state is in registers, memory, files, timers and signals, and a line
 * about it all after each. Under icount what it prints, and what it leaves in its files, depends on nothing outside. everything DIRECTORY */
#include <errno.h>
#include <fcntl.h>
#include <immintrin.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 6, PAGE = 4096 };

static volatile sig_atomic_t alarms, timers, blocked, on_altstack;
static char stack[1 << 16];

static void fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static void handler(int number, siginfo_t *info, void *context)
{
	char here;

	(void)context;
	alarms += number == SIGALRM;
	timers += number == SIGUSR1 ? info->si_value.sival_int : 0;
	blocked += number == SIGUSR2;
	on_altstack += &here >= stack && &here < stack + sizeof(stack);
}

static void prepare_signals(timer_t *timer)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 3 };
	struct itimerval interval = { { 0, 1700 }, { 0, 900 } };
	struct itimerspec every = { { 0, 2300000 }, { 0, 1100000 } };
	sigset_t set;

	sigaltstack(&alternate, NULL);
	sigaddset(&action.sa_mask, SIGCHLD);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setitimer(ITIMER_REAL, &interval, NULL);
	if (timer_create(CLOCK_MONOTONIC, &event, timer) || timer_settime(*timer, 0, &every, NULL))
		fail("timer");
}

/* --- registers ------------------------------------------------------------------------------------------- */

__attribute__((target("avx2,fma"), noinline)) static double vectors(int turns)
{
	__m256d sum = _mm256_setzero_pd(), factor = _mm256_set_pd(1.0000001, 0.9999999, 1.5, 0.5);
	__m256i bits = _mm256_set1_epi32(0x12345);
	double lane[4];

	for (int k = 1; k <= turns; k++) {
		sum = _mm256_fmadd_pd(factor, _mm256_set1_pd(1.0 / k), sum);
		bits = _mm256_add_epi32(_mm256_slli_epi32(bits, 1), _mm256_srli_epi32(bits, 7));
	}
	_mm256_storeu_pd(lane, _mm256_add_pd(sum, _mm256_cvtepi32_pd(_mm256_castsi256_si128(bits))));
	return lane[0] + 3 * lane[1] + 5 * lane[2] + 7 * lane[3];
}

/* With single precision and rounding up in x87, rounding down in SSE; values stay on the x87 stack for the whole loop. */
static long double x87(int turns)
{
	uint16_t old, new;
	uint32_t mxcsr = _mm_getcsr();
	long double sum = 0, term = 1;
	float single = 0;

	__asm__ volatile("fnstcw %0" : "=m"(old));
	new = (old & ~0xf00) | 0x800;
	__asm__ volatile("fldcw %0" : : "m"(new));
	_mm_setcsr((mxcsr & ~0x6000u) | 0x2000);
	for (int k = 1; k <= turns; k++) {
		__asm__ volatile("fld %%st(0)\n\tfsqrt\n\tfaddp" : "+t"(term));
		term /= 1.7L;
		sum += term / k;
		single += 1.0f / (float)k;
	}
	_mm_setcsr(mxcsr);
	__asm__ volatile("fldcw %0" : : "m"(old));
	return sum + single;
}

static uint64_t integers(int turns)
{
	uint64_t a = 1, b = 2, c = 3, d = 4;

	for (int k = 0; k < turns; k++) {
		a = a * 6364136223846793005u + 1442695040888963407u;
		b ^= a >> 7 | c << 3;
		c += b * (d | 1);
		d = c % (a | 1);
	}
	return a ^ b ^ c ^ d;
}

/* --- memory and files ------------------------------------------------------------------------------------- */

struct world {
	char *private_file, *shared_file, *shared, *unreadable, *heap;
	int in, same, out, log, directory, null, timerfd;
	timer_t timer;
};

static char *map(size_t size, int prot, int flags, int fd)
{
	char *at = mmap(NULL, size, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		fail("mmap");
	return at;
}

static void prepare(struct world *w, const char *place)
{
	struct itimerspec every = { { 0, 700000 }, { 0, 700000 } };
	char text[3 * PAGE];

	if (mkdir(place, 0777) || chdir(place))
		fail(place);
	for (size_t k = 0; k < sizeof(text); k++)
		text[k] = (char)(k * k >> 5);
	w->in = open("in", O_RDWR | O_CREAT | O_TRUNC, 0666);
	if (write(w->in, text, sizeof(text)) != sizeof(text) || lseek(w->in, 100, SEEK_SET) != 100)
		fail("in");
	w->same = dup(w->in);
	w->out = open("out", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	w->log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0666);
	w->directory = open(".", O_RDONLY | O_DIRECTORY);
	w->null = open("/dev/null", O_RDWR);
	w->private_file = map(sizeof(text), PROT_READ | PROT_WRITE, MAP_PRIVATE, w->in);
	w->shared_file = map(sizeof(text), PROT_READ | PROT_WRITE, MAP_SHARED, w->in);
	w->shared = map(1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	w->unreadable = map(1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	memset(w->unreadable + 5 * PAGE, 0x5a, PAGE);
	mprotect(w->unreadable, 1 << 20, PROT_NONE);
	w->heap = malloc(300000);
	memset(w->heap, 1, 300000);
	w->timerfd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	timerfd_settime(w->timerfd, 0, &every, NULL);
	umask(027);
	prctl(PR_SET_NAME, "renamed");
	prepare_signals(&w->timer);
}

static uint64_t hash(uint64_t h, const void *bytes, size_t size)
{
	for (const unsigned char *b = bytes; size--; b++)
		h = (h ^ *b) * 1099511628211u;
	return h;
}

static uint64_t work_on_memory(struct world *w, int round)
{
	uint64_t h = 14695981039346656037u;

	w->private_file[round * 1000] ^= 0x55;
	w->shared_file[round * 1000 + 1] ^= 0x33;
	w->shared[round * 70000] = (char)round;
	w->heap[round * 40000] = (char)round;
	mprotect(w->unreadable, 1 << 20, PROT_READ | PROT_WRITE);
	w->unreadable[5 * PAGE + round]++;
	h = hash(h, w->unreadable + 4 * PAGE, 3 * PAGE);
	mprotect(w->unreadable, 1 << 20, PROT_NONE);
	h = hash(h, w->private_file, 3 * PAGE);
	h = hash(h, w->shared, 8 * PAGE);
	return hash(h, w->heap, 300000 / 4);
}

static long work_on_files(struct world *w, int round)
{
	char text[512];
	uint64_t expired = 0;
	struct stat status;
	long got = read(w->in, text, 200);

	got = got * 10000 + lseek(w->same, 0, SEEK_CUR);
	if (write(w->out, text, 100 + (size_t)round) < 0 || dprintf(w->log, "round %d\n", round) < 0 || write(w->null, text, 9) != 9)
		fail("write");
	if (read(w->timerfd, &expired, sizeof(expired)) < 0 && errno != EAGAIN)
		fail("timerfd");
	if (fstatat(w->directory, "out", &status, 0) || !(fcntl(w->out, F_GETFD) & FD_CLOEXEC) || fcntl(w->timerfd, F_GETFD))
		fail("descriptors");
	return got * 1000 + (long)expired * 7 + status.st_size;
}

/* --- time ------------------------------------------------------------------------------------------------- */

static long wait_a_little(int round)
{
	struct timespec sleep = { 0, 1234567 }, left = { 0, 0 }, then;
	struct pollfd none = { .fd = -1 };
	sigset_t set;

	while (nanosleep(&sleep, &left) != 0)
		sleep = left;
	poll(&none, 1, 2);
	if (round % 2 == 0)
		raise(SIGUSR2); /* waits for the next round */
	if (round % 2) {
		sigemptyset(&set);
		sigsuspend(&set);
	}
	clock_gettime(CLOCK_REALTIME, &then);
	return then.tv_nsec;
}

int main(int argc, char **argv)
{
	struct world w = { 0 };
	struct rlimit limit;
	char name[16], place[4096];
	struct timespec now;
	struct rusage usage;

	if (argc < 2)
		return 2;
	setvbuf(stdout, NULL, _IONBF, 0);
	prepare(&w, argv[1]);
	for (int round = 0; round < ROUNDS; round++) {
		double v = vectors(500);
		long double x = x87(500);
		uint64_t n = integers(2000), m = work_on_memory(&w, round);
		long f = work_on_files(&w, round), t = wait_a_little(round);

		printf("%d: %.17g %.21Lg %lx %lx %ld %ld\n", round, v, x, n, m, f, t);
		printf("   alarms %d timers %d blocked %d on_altstack %d\n", alarms, timers, blocked, on_altstack);
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	getrusage(RUSAGE_SELF, &usage);
	getrlimit(RLIMIT_STACK, &limit);
	prctl(PR_GET_NAME, name);
	printf("%ld.%09ld %ld tsc %llu pid %d %s umask %o\n", now.tv_sec, now.tv_nsec, usage.ru_utime.tv_usec, __rdtsc(), getpid(), name,
		umask(0));
	printf("%s %d\n", strrchr(getcwd(place, sizeof(place)), '/'), timer_getoverrun(w.timer));
	return 7;
}
