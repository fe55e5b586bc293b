/* Random bytes: the host's, or the seed's. */
#ifndef TICK86_EMU_RANDOM_H
#define TICK86_EMU_RANDOM_H

#include "emu/linux/kernel/machine.h"

/* Word number `n` of the stream that starts at `start`: splitmix64. */
uint64_t random_word(uint64_t start, uint64_t n);
/* Whether random bytes come from the seed (mode icount). */
bool random_is_seeded(const struct process *process);
/* The next bytes of the process's seeded stream into guest memory. Returns `length` or -EFAULT. */
int64_t random_fill(struct process *process, uint64_t address, uint64_t length);
/* The next bytes of that stream without taking them; and taking some. */
void random_peek(struct process *process, uint8_t *bytes, uint64_t size);
void random_take(struct process *process, uint64_t size);
/* Whether `fd` is /dev/random or /dev/urandom. */
bool random_is_device(int fd);

#endif
