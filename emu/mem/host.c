/* The host's mappings of guest memory, and the reservation of all other addresses of the guest's. */
#include "emu/mem/host.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "emu/mem/layout.h"

enum { RESERVED = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, RESERVED_FROM = 0x10000 };

/* The list of mappings knows what is free. Without a reservation, other memory than the guest's may be there. */
int64_t host_map(uint64_t start, uint64_t length, int prot, int flags, int fd, uint64_t offset, bool fixed)
{
	flags |= GUEST_RESERVED || fixed ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	return mmap((void *)start, length, prot, flags, fd, (off_t)offset) == MAP_FAILED ? -errno : 0;
}

int64_t host_unmap(uint64_t start, uint64_t end)
{
	void *at = (void *)start;

	if (GUEST_RESERVED)
		return mmap(at, end - start, PROT_NONE, RESERVED, -1, 0) == MAP_FAILED ? -errno : 0;
	return munmap(at, end - start) < 0 ? -errno : 0;
}

void host_reserve(uint64_t start, uint64_t end)
{
	if (GUEST_RESERVED && start < end && host_unmap(start, end) < 0)
		abort(); /* our own memory would come to be among the guest's */
}

void host_release(uint64_t start, uint64_t end)
{
	if (GUEST_RESERVED)
		munmap((void *)start, end - start);
}

void host_unmap_all(void)
{
	munmap(NULL, RESERVED_FROM);
	host_reserve(RESERVED_FROM, WINDOW_START);
	host_reserve(WINDOW_END, GUEST_END);
}
