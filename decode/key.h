/* An instruction's key: the bytes before its displacement and immediates. Instructions with the same key differ in these values only. A
 * program consists of few keys (python3 -c pass: 8,400 among 190,000 instructions), so each needs to be decoded only once. */
#ifndef TICK86_DECODE_KEY_H
#define TICK86_DECODE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the key of the instruction at `bytes`, of which at most `size` count, and the key's length in bytes in `length`. If decode()
 * finds the same length in `key`, all instructions that begin with these bytes have this key. Returns 0 if there are more than KEY_MAX
 * such bytes, or all are 0. */
enum { KEY_MAX = sizeof(uint64_t) };
uint64_t key_of(const uint8_t *bytes, size_t size, unsigned *length);

/* Returns true for the bytes of a legacy prefix: segments, operand and address size, LOCK, REP (SDM vol. 2, 2.1.1). */
bool key_is_prefix(uint8_t byte);

#endif
