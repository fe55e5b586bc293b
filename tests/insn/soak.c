/* Long runs: several processes run many cases. */
#include "tests/insn/soak.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "emu/mem/fault.h"
#include "emu/op/form.h"
#include "tests/insn/emulated.h"
#include "tests/insn/memory.h"
#include "tests/insn/values.h"

/* Pages of code that the guest may write, and the length of a case's code. */
#define SOAK_CODE 0x30000000ULL
enum { SOAK_PAGES = 16, SOAK_SIZE = SOAK_PAGES * 4096, CASE_SIZE = 512, HANG_SECONDS = 20 };

/* The parent's view of its child. */
struct progress {
	uint64_t next, exceptions[33], instructions;
};

static void map_code(struct space *space)
{
	if (space_mmap(space, SOAK_CODE, SOAK_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
		!= (int64_t)SOAK_CODE) {
		fprintf(stderr, "mapping the pages for the soak failed\n");
		exit(2);
	}
}

/* Makes random bytes, or a row of instructions. */
static void make_code(struct random *random, const struct test_forms *forms, uint64_t address, uint8_t code[CASE_SIZE])
{
	unsigned at = 0;

	for (; at < CASE_SIZE; at++)
		code[at] = (uint8_t)random_u64(random);
	if (random_percent(random, 40))
		return;
	for (at = 0; at < CASE_SIZE - DECODE_MAX_LENGTH;) {
		const struct test_form *form = &forms->form[random_below(random, forms->count)];
		struct encoded encoded;

		if (!encode_random(random, form, address + at, (struct encode_limits){ 0 }, &encoded))
			continue;
		memcpy(code + at, encoded.bytes, encoded.length);
		at += encoded.length;
	}
}

/* Registers that often point to memory: data, code, edges. */
static void make_state(struct random *random, struct machine *machine)
{
	static const uint64_t places[] = { DATA_LOW, DATA_HIGH, DATA_LOW + DATA_SIZE, SOAK_CODE, GUEST_END - 8, CODE_START };

	values_machine(random, machine);
	for (int k = 0; k < GPR_COUNT; k++) {
		if (random_percent(random, 60))
			machine->r[k] = places[random_below(random, sizeof(places) / sizeof(places[0]))] + random_below(random, 4096);
	}
	machine->rflags |= random_percent(random, 10) ? RFLAGS_DF : 0;
	machine->rflags |= random_percent(random, 2) ? RFLAGS_TF : 0;
	machine->fp.mxcsr |= random_percent(random, 70) ? 0x1f80 : 0;
}

static void run_case(struct emulated *emulated, struct random *random, const struct test_forms *forms, struct progress *progress)
{
	uint64_t address = SOAK_CODE + (random_below(random, SOAK_SIZE - CASE_SIZE));
	struct machine in, out;
	struct outcome outcome;
	uint8_t code[CASE_SIZE];

	make_code(random, forms, address, code);
	make_state(random, &in);
	in.rip = address + (random_percent(random, 20) ? random_below(random, 64) : 0);
	if (!space_write(&emulated->space, address, code, sizeof(code)))
		abort();
	emulated_run(emulated, &in, &out, &outcome);
	progress->exceptions[outcome.vector < 32 ? outcome.vector : 32]++;
	progress->instructions += cpu_count(emulated->cpu, 0);
	if (cpu_count(emulated->cpu, 0) > EMULATED_BUDGET) {
		fprintf(stderr, "%lu instructions were run, the budget was %d\n", cpu_count(emulated->cpu, 0), EMULATED_BUDGET);
		abort();
	}
}

static _Noreturn void run_child(const struct test_forms *forms, uint64_t seed, unsigned seconds, struct progress *progress)
{
	struct emulated emulated;
	const struct itimerval hang = { .it_value.tv_sec = HANG_SECONDS }; /* of CPU time */
	time_t end = time(NULL) + seconds;

	emulated_init(&emulated);
	memory_map(&emulated.space);
	map_code(&emulated.space);
	fault_install();
	do {
		struct random random = { random_mix(seed) + progress->next };

		setitimer(ITIMER_PROF, &hang, NULL);
		run_case(&emulated, &random, forms, progress);
		progress->next++;
	} while (time(NULL) < end);
	exit(0);
}

bool soak(const struct test_forms *forms, uint64_t seed, uint64_t first, unsigned seconds)
{
	struct progress *progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	if (progress == MAP_FAILED)
		return false;
	progress->next = first;
	pid = fork();
	if (pid < 0)
		return false;
	if (pid == 0)
		run_child(forms, seed, seconds, progress);
	waitpid(pid, &status, 0);
	printf("soak: %lu cases, %lu instructions, ended by", progress->next - first, progress->instructions);
	for (int k = 0; k < 33; k++) {
		if (progress->exceptions[k])
			printf(k < 32 ? " vector %2$d: %1$lu" : " others: %1$lu", progress->exceptions[k], k);
	}
	putchar('\n');
	if (status == 0)
		return progress->next != first;
	printf("soak: case %lu of seed %lu ended the emulator: %s\n", progress->next, seed,
		WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit");
	return false;
}
