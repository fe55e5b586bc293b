/* What the attack programs share: addresses that are the emulator's, or near it, and the end of the guest's. Natively nothing is mapped
 * there, and the same program is run natively. */
#ifndef TESTS_ATTACK_ATTACK_H
#define TESTS_ATTACK_ATTACK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/mem/layout.h"

enum { NOBODY = 65534, TARGETS = 16 };

struct target {
	const char *name;
	uint64_t address;
};

/* Fills in the targets; `argument` is an address of the emulator's data, in hexadecimal. The last page below the window is mapped. Returns
 * their number. */
static inline unsigned find_targets(const char *argument, struct target target[TARGETS])
{
	uint64_t data = strtoull(argument, NULL, 16);
	const struct target all[] = {
		{ "data", data },
		{ "data, odd", data + 5 },
		{ "end", WINDOW_START },
		{ "ends there", WINDOW_START - 8 },
		{ "across", WINDOW_START - 4 },
		{ "last byte", WINDOW_START - 1 },
		{ "guard", WINDOW_START + WINDOW_GUARD - 1 },
		{ "the last that is not theirs", WINDOW_END - 8 },
		{ "across the kernel", USER_END - 4 },
		{ "kernel", USER_END },
		{ "not canonical", UINT64_C(1) << 47 },
		{ "upper half", 0xffff800000000000 },
		{ "wraps", UINT64_MAX - 3 },
		{ "last", UINT64_MAX },
	};
	unsigned count = 0;

	mmap((void *)(WINDOW_START - GUEST_PAGE), GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (; count < sizeof(all) / sizeof(all[0]); count++)
		target[count] = all[count];
	return count;
}

/* The attacks are made without privileges, natively too: they must not change the machine. */
static inline void drop_privileges(void)
{
	if (geteuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0))
		exit(99);
}

#endif
