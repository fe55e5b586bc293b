/* Scratch memory that both sides see at the same addresses: two data areas and slots for code. */
#ifndef TICK86_TESTS_INSN_MEMORY_H
#define TICK86_TESTS_INSN_MEMORY_H

#include <stdint.h>

#include "emu/mem/space.h"

/* A data area: nothing mapped below it, DATA_SIZE bytes to read and write, a page to read, nothing mapped above. The low one
 * can be reached by every kind of address, the high one is where most programs' data are. */
enum { DATA_SIZE = 0x2000, READ_ONLY_SIZE = 0x1000 };
#define DATA_LOW  0x10000000ULL
#define DATA_HIGH 0x4ffd00000000ULL

/* Code slots, low enough for RIP-relative operands to reach the low area. What a slot's code does not fill is INT3. */
enum { SLOT_SIZE = 512, SLOT_CODE_AT = 224, CODE_SLOTS = 2048 };
#define CODE_START 0x20000000ULL

/* Maps everything into the guest's space, and makes the code executable for the host. Exits with a message on failure. */
void memory_map(struct space *space);

/* Writes code to a slot; returns its address. Blocks decoded from the slot's former code are the caller's affair. */
uint64_t memory_put_code(unsigned slot, const uint8_t *code, unsigned length);

/* The address at which memory_put_code puts a slot's code. */
static inline uint64_t memory_code_address(unsigned slot)
{
	return CODE_START + (uint64_t)slot * SLOT_SIZE + SLOT_CODE_AT;
}

#endif
