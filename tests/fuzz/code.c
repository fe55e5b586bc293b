/* Fuzzing the decoder, the block builder and the handlers: the input is a seed for the machine's state and code to run on
 * pages that it may overwrite. `make fuzz` builds and runs this with libFuzzer. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "emu/mem/fault.h"
#include "tests/insn/emulated.h"
#include "tests/insn/memory.h"
#include "tests/insn/values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CODE 0x30000000ULL
enum { FUZZ_SIZE = 0x2000, CODE_AT = 0x0f80 }; /* so that code crosses to the second page */

static struct emulated *start(void)
{
	static struct emulated emulated;

	emulated_init(&emulated);
	memory_map(&emulated.space);
	if (space_mmap(&emulated.space, FUZZ_CODE, FUZZ_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		    -1, 0)
		!= (int64_t)FUZZ_CODE)
		abort();
	fault_install();
	return &emulated;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct emulated *emulated;
	static uint8_t code[FUZZ_SIZE];
	struct random random = { 0 };
	struct machine in, out;
	struct outcome outcome;

	if (!emulated)
		emulated = start();
	if (size <= 2 || size - 2 > FUZZ_SIZE - CODE_AT)
		return 0;
	memcpy(&random.state, data, 2);
	values_machine(&random, &in);
	for (int k = 0; k < GPR_COUNT; k += 2)
		in.r[k] = (k & 2 ? DATA_LOW : FUZZ_CODE) + random_below(&random, 4096);
	in.rip = FUZZ_CODE + CODE_AT;
	memset(code, 0xcc, sizeof(code));
	memcpy(code + CODE_AT, data + 2, size - 2);
	if (!space_write(&emulated->space, FUZZ_CODE, code, sizeof(code)))
		abort();
	emulated_run(emulated, &in, &out, &outcome);
	if (cpu_count(emulated->cpu, 0) > EMULATED_BUDGET)
		abort();
	return 0;
}
