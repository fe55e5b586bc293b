/* Fuzzing both tiers against each other: the input is a seed for the machine's state, and seeds of instructions or the bytes of code.
 * `make fuzz` builds and runs this with libFuzzer; it aborts where translated code and handlers differ. */
#include <stdlib.h>
#include <string.h>

#include "emu/mem/fault.h"
#include "tests/insn/tiers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tiers *start(void)
{
	static struct test_forms forms;
	static struct tiers tiers;

	encode_enumerate(&forms);
	fault_install();
	tiers_init(&tiers, &forms);
	return &tiers;
}

/* The first byte's lowest bit chooses; the next two are the state's seed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { HEAD = 3 };
	static struct tiers *tiers;
	uint32_t insns[TIERS_INSNS_MAX];
	size_t rest = size - HEAD;
	uint64_t state;
	bool same;

	if (!tiers)
		tiers = start();
	if (size <= HEAD)
		return 0;
	state = data[1] | (uint64_t)data[2] << 8;
	if (rest > sizeof(insns))
		rest = sizeof(insns);
	if (data[0] & 1) {
		memcpy(insns, data + HEAD, rest);
		same = tiers_run(tiers, state, insns, (unsigned)(rest / sizeof(*insns)), stderr);
	} else {
		same = tiers_run_bytes(tiers, state, data + HEAD, size - HEAD < TIERS_BYTES_MAX ? (unsigned)(size - HEAD) : TIERS_BYTES_MAX,
			stderr);
	}
	if (!same)
		abort();
	return 0;
}
