/* The list of mappings behind struct space, and what emu/mem's files share. Not for others. */
#ifndef TICK86_EMU_VMA_H
#define TICK86_EMU_VMA_H

#include <sys/mman.h>

#include "emu/mem/space.h"

/* The protection of the host mapping that stands for a guest's: never executable, but readable where a guest could execute
 * (x86 without protection keys has no execute-only pages). */
static inline int host_prot(int prot)
{
	return prot & PROT_EXEC ? (prot & PROT_WRITE) | PROT_READ : prot & (PROT_READ | PROT_WRITE);
}

/* Tells the space's follower, if there is one. */
static inline void vma_tell(const struct space *space, const struct space_change *change)
{
	if (space->follow)
		space->follow(space->follower, change);
}

/* Index of the first mapping that ends above `address`; `count` if there is none. */
size_t vma_lower(const struct space *space, uint64_t address);
bool vma_range_free(const struct space *space, uint64_t start, uint64_t end);
/* Inserts a mapping into a free range, taking over its name, and merges it with its neighbours. */
void vma_insert(struct space *space, struct vma vma);
/* Frees what a mapping owns that is no longer in the list. */
void vma_free(struct vma *vma);
/* Removes what is mapped in the range from the list, splitting mappings at its ends. */
void vma_remove(struct space *space, uint64_t start, uint64_t end);
void vma_set_prot(struct space *space, uint64_t start, uint64_t end, int prot);
void vma_set_fork(struct space *space, uint64_t start, uint64_t end, int advice); /* MADV_DONTFORK and its kin */
void vma_set_name(struct space *space, uint64_t start, uint64_t end, const char *name);
/* A copy of a part of a mapping, with a name of its own and without its file_pages: to be inserted, or the name to be freed. */
struct vma vma_part(const struct vma *vma, uint64_t start, uint64_t length);
/* What the host grew by itself (MAP_GROWSDOWN) enters the list. */
void vma_catch_up_growth(struct space *space);

/* --- copied.c ------------------------------------------------------------------------------------------ */

/* The copied pages of [start, end), which lies in the mapping, are the file's again. */
void copied_refill(const struct vma *vma, uint64_t start, uint64_t end);
/* mremap(2) of a mapping with copied pages to `new`. */
int64_t copied_move(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length, int flags, uint64_t new);
/* What madvise(2) says to advice that a file's private mapping does not take, though the copy would: -errno, or 0. */
int64_t copied_refuses(const struct vma *vma, int advice);

/* --- place.c ------------------------------------------------------------------------------------------- */

/* What mmap's flags want addresses and lengths to be multiples of: huge pages. */
uint64_t place_alignment(int flags);
/* Whether a mapping there would neither overlap the next one nor come too near to a stack that grows down. */
bool place_fits(const struct space *space, uint64_t start, uint64_t length);
/* A place as the kernel finds it: the hint if it is free, else downwards from the top, else anywhere. -ENOMEM if there is none. */
int64_t place_find(const struct space *space, uint64_t hint, uint64_t length, int flags);
/* The same where flags may have MAP_FIXED or MAP_FIXED_NOREPLACE: also -EINVAL, -EEXIST. */
int64_t place_mapping(const struct space *space, uint64_t address, uint64_t length, int flags);

/* --- writing ------------------------------------------------------------------------------------------- */

/* Rights have changed, or code has come. */
static inline void forget_plain_page(struct space *space)
{
	space->plain_page = NO_PAGE;
}

/* Drops the decoded code of the range and makes its pages writable again where the guest may write. */
void code_forget(struct space *space, uint64_t start, uint64_t end);
/* The same for every mapping of a file: a new way to write its pages has come up. */
void code_forget_file(struct space *space, dev_t dev, ino_t inode);
/* What holds code in the range becomes writable, where the guest may write, and the code is dropped. */
void code_open(struct space *space, uint64_t address, uint64_t length);
/* Empties the set without touching pages (they are gone). */
void code_forget_all(struct space *space);

#endif
