/* Skipping what has no pages in a /proc/PID/pagemap: a program may reserve terabytes and use a few pages of them. */
#ifndef TICK86_EMU_PAGEMAP_H
#define TICK86_EMU_PAGEMAP_H

#include <stdint.h>

/* Returns the address of the first page in [start, end) that is in memory or in swap, or `end`. Where the kernel cannot be asked
 * (PAGEMAP_SCAN is of Linux 6.7), it returns `start`: the caller reads each page's entry anyway. */
uint64_t pagemap_next(int pagemap, uint64_t start, uint64_t end);

#endif
