/* rseq(2) on several vCPUs: what it says is what RDTSCP, RDPID, getcpu(2) and libc say, wherever the thread is moved; counters of each
 * vCPU are right whenever threads lose theirs. Prints how often. usage: rseq VCPUS [shared]
 * shared: processes that take turns share a counter */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../guest/rseq.h"
#include "check.h"

enum { THREADS = 9, ROUNDS = 40, SPINS = 10000, AUX_FEATURE_SIZE = 27, AUX_ALIGN = 28, CPU_BITS = 0xfff, NODE_SHIFT = 12 };

static int vcpus;

static int move(pid_t tid, int vcpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(vcpu, &set);
	return sched_setaffinity(tid, sizeof(set), &set);
}

static unsigned rdtscp(void)
{
	unsigned aux;

	__asm__ volatile("rdtscp" : "=c"(aux) : : "eax", "edx");
	return aux;
}

static unsigned rdpid(void)
{
	uint64_t aux;

	__asm__ volatile(".byte 0xf3, 0x0f, 0xc7, 0xf8" : "=a"(aux)); /* rdpid rax */
	return (unsigned)aux;
}

static void *everywhere(void *libc)
{
	unsigned cpu, node;

	for (int k = 2 * vcpus; k-- > 0;) {
		CHECK(move(0, k % vcpus) == 0, "vCPU %d: errno %d", k % vcpus, errno);
		CHECK(syscall(SYS_getcpu, &cpu, &node, NULL) == 0 && cpu == (unsigned)(k % vcpus), "%u on %d", cpu, k % vcpus);
		CHECK((rdtscp() & CPU_BITS) == cpu && (rdpid() & CPU_BITS) == cpu, "%u, %u on %u", rdtscp(), rdpid(), cpu);
		CHECK(sched_getcpu() == (int)cpu, "%d on %u", sched_getcpu(), cpu);
		if (libc)
			continue;
		CHECK(own_area.cpu_id == (int)cpu && own_area.cpu_id_start == cpu, "%d, %u on %u", own_area.cpu_id, own_area.cpu_id_start,
			cpu);
		CHECK(own_area.node_id == node && node == rdpid() >> NODE_SHIFT, "node %u, not %u", own_area.node_id, node);
		CHECK(own_area.mm_cid == 0, "the only thread has %u", own_area.mm_cid);
	}
	return NULL;
}

/* Depends on the kernel's version. */
static void areas(void)
{
	static volatile struct area large[2];

	CHECK(getauxval(AUX_FEATURE_SIZE) == 28 && getauxval(AUX_ALIGN) == 32, "%lu, %lu", getauxval(AUX_FEATURE_SIZE),
		getauxval(AUX_ALIGN));
	CHECK(rseq((char *)large + 16, 48, 0, 1) == -1 && errno == EINVAL, "errno %d", errno);
	CHECK(rseq(NULL, 32, 0, 1) == -1 && errno == EFAULT, "errno %d", errno);
	CHECK(rseq((void *)0x100000, 32, 0, 1) == -1 && errno == EFAULT, "errno %d", errno);
	large[0].section = 77;
	CHECK(rseq(large, 64, 0, 1) == 0, "errno %d", errno);
	CHECK(large[0].section == 0 && large[0].cpu_id >= 0, "%lx, %d", large[0].section, large[0].cpu_id);
	CHECK(rseq(large, 64, RSEQ_UNREGISTER, 1) == 0 && large[0].cpu_id == -1, "errno %d", errno);
}

/* --- counters ---------------------------------------------------------------------------------------- */

static volatile long of_cpu[64], of_id[64];
static long commits, outcomes[3];
static pid_t tids[THREADS];

static void *count(void *number)
{
	unsigned next = (unsigned)(long)number;

	tids[next] = gettid();
	CHECK(attach() == 0, "errno %d", errno);
	for (int done = 0; done < ROUNDS;) {
		int cpu = (int)own_area.cpu_id_start;
		unsigned id = own_area.mm_cid;
		volatile long *counter = done % 2 ? &of_id[id] : &of_cpu[cpu];
		enum outcome outcome = increment(counter, cpu, SPINS);

		CHECK(id < (unsigned)vcpus && id < THREADS + 1, "mm_cid %u", id);
		outcomes[outcome]++; /* is not exact, and need not be */
		if (outcome != COMMITTED)
			continue;
		done++;
		__atomic_fetch_add(&commits, 1, __ATOMIC_SEQ_CST);
		next++;
		if (done % 8 == 0) /* itself or another one, which may be gone */
			move(tids[next % THREADS], (int)(next % (unsigned)vcpus));
	}
	CHECK(detach() == 0, "errno %d", errno);
	return NULL;
}

static void counters(void)
{
	pthread_t threads[THREADS];
	cpu_set_t all;
	long sum = 0;

	CPU_ZERO(&all);
	for (int vcpu = 0; vcpu < vcpus; vcpu++)
		CPU_SET(vcpu, &all);
	CHECK(sched_setaffinity(0, sizeof(all), &all) == 0, "errno %d", errno);
	for (long k = 0; k < THREADS; k++)
		pthread_create(&threads[k], NULL, count, (void *)k);
	for (int k = 0; k < THREADS; k++)
		pthread_join(threads[k], NULL);
	for (int k = 0; k < vcpus; k++)
		sum += of_cpu[k] + of_id[k];
	CHECK(sum == commits && commits == THREADS * ROUNDS, "%ld of %ld", sum, commits);
	CHECK(outcomes[ABORTED] > 10, "%ld aborts", outcomes[ABORTED]);
	printf("%ld committed, %ld aborted, %ld moved\n", outcomes[COMMITTED], outcomes[ABORTED], outcomes[MOVED]);
}

static int processes(void)
{
	volatile long *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, children = 3, aborted = 0;

	attach();
	for (int k = 0; k < children; k++) {
		if (fork() == 0) {
			for (int done = 0; done < ROUNDS;) {
				enum outcome outcome = increment(shared, own_area.cpu_id, SPINS);

				done += outcome == COMMITTED;
				aborted += outcome == ABORTED;
			}
			_exit(aborted);
		}
	}
	for (int k = 0; k < children; k++) {
		wait(&status);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) > 1, "status %x", status);
	}
	CHECK(*shared == children * ROUNDS, "%ld", *shared);
	return check_result();
}

int main(int argc, char **argv)
{
	pthread_t thread;

	vcpus = argc > 1 ? atoi(argv[1]) : 1;
	if (argc > 2)
		return processes();
	everywhere("libc");
	pthread_create(&thread, NULL, everywhere, "libc");
	pthread_join(thread, NULL);
	leave_libc();
	areas();
	CHECK(attach() == 0, "errno %d", errno);
	everywhere(NULL);
	counters();
	return check_result();
}
