/* The memory that cases use: data pages, code, pages without access. */
#include "tests/insn/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/insn/values.h"

enum { CODE_SIZE = SLOT_SIZE * CODE_SLOTS, INT3 = 0xcc };

/* The guest may not write to its code, so the emulator need not protect it. The harness writes through a second mapping of the same
 * memory. */
static uint8_t *code_alias;

static void check(int64_t result, uint64_t want, const char *what)
{
	if (result == (int64_t)want)
		return;
	fprintf(stderr, "mapping %s: %s\n", what, strerror((int)-result));
	exit(2);
}

static void map_data(struct space *space, uint64_t address)
{
	struct random random = { 7 };
	int64_t got = space_mmap(space, address, DATA_SIZE + READ_ONLY_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	check(got, address, "data");
	values_fill(&random, (uint8_t *)address + DATA_SIZE, READ_ONLY_SIZE);
	check(space_mprotect(space, address + DATA_SIZE, READ_ONLY_SIZE, PROT_READ), 0, "read-only data");
}

void memory_map(struct space *space)
{
	int fd = memfd_create("code", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, CODE_SIZE) != 0) {
		perror("memfd_create");
		exit(2);
	}
	code_alias = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (code_alias == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	memset(code_alias, INT3, CODE_SIZE);
	check(space_mmap(space, CODE_START, CODE_SIZE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, 0), CODE_START, "code");
	close(fd);
	if (mprotect((void *)CODE_START, CODE_SIZE, PROT_READ | PROT_EXEC) != 0) {
		perror("mprotect");
		exit(2);
	}
	map_data(space, DATA_LOW);
	map_data(space, DATA_HIGH);
}

uint64_t memory_put_code(unsigned slot, const uint8_t *code, unsigned length)
{
	uint8_t *to = code_alias + (size_t)slot * SLOT_SIZE;

	memset(to, INT3, SLOT_SIZE);
	memcpy(to + SLOT_CODE_AT, code, length);
	return memory_code_address(slot);
}
