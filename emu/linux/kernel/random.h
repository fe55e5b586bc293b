/* Random bytes, from the host or from the run's seed. */
#ifndef TICK86_EMU_RANDOM_H
#define TICK86_EMU_RANDOM_H

#include "emu/linux/kernel/machine.h"

/* Returns word number `n` of the stream that starts at `start`: splitmix64. */
uint64_t random_word(uint64_t start, uint64_t n);
/* Returns true if random bytes come from the seed (mode icount). */
bool random_is_seeded(const struct process *process);
/* Writes the next bytes of the process's seeded stream to guest memory. Returns `length` or -EFAULT. */
int64_t random_fill(struct process *process, uint64_t address, uint64_t length);
/* random_peek returns the next bytes of the stream and does not take them; random_take takes bytes. */
void random_peek(struct process *process, uint8_t *bytes, uint64_t size);
void random_take(struct process *process, uint64_t size);
/* Returns true if `fd` is /dev/random or /dev/urandom. */
bool random_is_device(int fd);

#endif
