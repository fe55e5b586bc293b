/* Memory that both sides see at the same addresses: two data areas and slots for code. */
#ifndef TICK86_TESTS_INSN_MEMORY_H
#define TICK86_TESTS_INSN_MEMORY_H

#include <stdint.h>

#include "emu/mem/space.h"

/* A data area: nothing is mapped below it, then DATA_SIZE bytes to read and write, a page to read, and nothing mapped above. Every kind
 * of address reaches the low area; the high area is where most programs have their data. */
enum { DATA_SIZE = 0x2000, READ_ONLY_SIZE = 0x1000 };
#define DATA_LOW 0x10000000ULL
#define DATA_HIGH 0x4ffd00000000ULL

/* Code slots, low enough that RIP-relative operands reach the low area. The rest of a slot is INT3. */
enum { SLOT_SIZE = 512, SLOT_CODE_AT = 224, CODE_SLOTS = 2048 };
#define CODE_START 0x20000000ULL

/* Maps everything into the guest's space, and makes the code executable for the host. Exits with a message on failure. */
void memory_map(struct space *space);

/* Writes code to a slot. Returns its address. The caller must drop blocks decoded from the slot's old code. */
uint64_t memory_put_code(unsigned slot, const uint8_t *code, unsigned length);

/* Returns the address at which memory_put_code puts a slot's code. */
static inline uint64_t memory_code_address(unsigned slot)
{
	return CODE_START + (uint64_t)slot * SLOT_SIZE + SLOT_CODE_AT;
}

#endif
