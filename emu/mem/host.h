/* The host's mappings of guest memory. What the guest has not mapped is reserved (layout.h), and none of these functions may touch the
 * window: their callers have refused it, or left it out. */
#ifndef TICK86_EMU_HOST_H
#define TICK86_EMU_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* mmap(2) of pages that the list of mappings does not have, or that are to be replaced; `fixed`: they may be replaced. `flags` without
 * MAP_FIXED and its kin. Returns 0 or -errno. */
int64_t host_map(uint64_t start, uint64_t length, int prot, int flags, int fd, uint64_t offset, bool fixed);
/* munmap(2). Returns 0 or -errno. */
int64_t host_unmap(uint64_t start, uint64_t end);
/* For a range whose pages the host's kernel has unmapped in another way: moved, detached, not given to a child. */
void host_reserve(uint64_t start, uint64_t end);
/* For a range that the host's kernel is to map in its own way: lifts the reservation. */
void host_release(uint64_t start, uint64_t end);
/* Unmaps everything of the guest's. Only with a reservation. */
void host_unmap_all(void);

#endif
