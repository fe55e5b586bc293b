/* The list of mappings in struct space, and what the files of emu/mem share. Not for other rooms. */
#ifndef TICK86_EMU_VMA_H
#define TICK86_EMU_VMA_H

#include <sys/mman.h>

#include "emu/mem/space.h"

/* Returns the protection of the host's mapping for a guest's. It is never executable, but readable if the guest may execute (x86 without
 * protection keys has no execute-only pages). */
static inline int host_prot(int prot)
{
	return prot & PROT_EXEC ? (prot & PROT_WRITE) | PROT_READ : prot & (PROT_READ | PROT_WRITE);
}

/* Tells the space's follower of a change, if there is a follower. */
static inline void vma_tell(const struct space *space, const struct space_change *change)
{
	if (space->follow)
		space->follow(space->follower, change);
}

/* Returns the index of the first mapping that ends above `address`, or `count` if there is none. */
size_t vma_lower(const struct space *space, uint64_t address);
bool vma_range_free(const struct space *space, uint64_t start, uint64_t end);
/* Inserts a mapping into a free range, and joins it with its neighbours. The list takes its name over. */
void vma_insert(struct space *space, struct vma vma);
/* Frees what a mapping outside the list owns. */
void vma_free(struct vma *vma);
/* Removes what is mapped in the range from the list, splitting mappings at its ends. */
void vma_remove(struct space *space, uint64_t start, uint64_t end);
void vma_set_prot(struct space *space, uint64_t start, uint64_t end, int prot);
void vma_set_fork(struct space *space, uint64_t start, uint64_t end, int advice); /* advice: MADV_DONTFORK and the like */
void vma_set_name(struct space *space, uint64_t start, uint64_t end, const char *name);
void vma_set_sealed(struct space *space, uint64_t start, uint64_t end);
/* Returns true if part of the range is sealed. */
bool vma_sealed(const struct space *space, uint64_t start, uint64_t end);
/* Returns a copy of a part of a mapping, with its own copy of the name and without file_pages. The caller inserts it or frees the name. */
struct vma vma_part(const struct vma *vma, uint64_t start, uint64_t length);

/* --- copied.c ------------------------------------------------------------------------------------------ */

/* Copies the file's content into [start, end) again; the range must lie in the mapping. */
void copied_refill(const struct vma *vma, uint64_t start, uint64_t end);
/* mremap(2) of a mapping with copied pages to `new`. */
int64_t copied_move(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length, int flags, uint64_t new);
/* Returns -errno for advice that the kernel refuses for private mappings of files but accepts for the anonymous copy; otherwise 0. */
int64_t copied_refuses(const struct vma *vma, int advice);

#define STACK_GAP (256 * GUEST_PAGE) /* stack_guard_gap: stays free below what grows down */

/* --- place.c ------------------------------------------------------------------------------------------- */

/* Returns what addresses and lengths must be multiples of for these mmap flags (huge pages). */
uint64_t place_alignment(int flags);
/* Returns true if a mapping there would not overlap the next one, nor be too close to a stack that grows down. */
bool place_fits(const struct space *space, uint64_t start, uint64_t length);
/* Finds a place as the kernel does: the hint if it is free, otherwise downwards from the top, otherwise anywhere. `offset` is that of a
 * file which huge pages may hold, else PLACE_SMALL_PAGES. Returns -ENOMEM if there is none. */
#define PLACE_SMALL_PAGES UINT64_MAX
int64_t place_find(struct space *space, uint64_t hint, uint64_t length, int flags, uint64_t offset);
/* The same where flags may have MAP_FIXED or MAP_FIXED_NOREPLACE; may also return -EINVAL or -EEXIST. */
int64_t place_mapping(struct space *space, uint64_t address, uint64_t length, int flags, uint64_t offset);

/* --- growing, heap_stack.c ----------------------------------------------------------------------------- */

/* Lets what grows down grow as an access of the range by the host's kernel would. Returns true if something has grown. */
bool grow_into(struct space *space, uint64_t address, uint64_t length);

/* --- writing ------------------------------------------------------------------------------------------- */

/* To be called when rights change or a page gets code. */
static inline void forget_plain_page(struct space *space)
{
	space->plain_page = NO_PAGE;
}

/* Drops the decoded code of the range, and makes its pages writable again if the guest may write them. */
void code_forget(struct space *space, uint64_t start, uint64_t end);
bool code_is_on(const struct space *space, uint64_t page);
/* Write-protects the pages with code of a mapping again, after its protection was set as a whole. */
void code_protect_again(struct space *space, const struct vma *vma);
/* The same for every mapping of a file, whose pages can now be written in a new way. */
void code_forget_file(struct space *space, dev_t dev, ino_t inode);
/* Makes pages in the range that hold code writable, if the guest may write them, and drops the code. */
void code_open(struct space *space, uint64_t address, uint64_t length);
/* Empties the set without touching the pages, which are gone. */
void code_forget_all(struct space *space);

#endif
