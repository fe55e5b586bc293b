/* An address space that is taken down as it is, and put up again elsewhere. */
#ifndef TICK86_EMU_IMAGE_H
#define TICK86_EMU_IMAGE_H

#include "emu/mem/space.h"

/* The list says what the host has done by itself, too (MAP_GROWSDOWN). */
void space_update(struct space *space);

/* Where the mapping's pages end: the rest, to its end, is beyond the end of its file. */
uint64_t space_content_end(const struct vma *vma);

/* For a while the host lets us access the mapping's pages, if they lack that right. False: it does not. */
bool space_lift_protection(const struct vma *vma, int right);
void space_restore_protection(const struct vma *vma, int right);

/* Maps what `vma` says at its place, where nothing may be mapped yet: shared memory of `fd` at `offset`, or (-1) fresh private memory,
 * whatever file the list says it is of; `beyond` is an empty file for what lies beyond the end of a file. The list gets a copy. Until
 * space_seal private memory can be written. 0 or -errno. */
int64_t space_place(struct space *space, const struct vma *vma, int fd, uint64_t offset, int beyond);
/* Content of what was placed. False: some of that is no memory of the space's own. */
bool space_fill(struct space *space, uint64_t address, const void *from, size_t length);
/* All mappings get their rights. False: the host refuses. */
bool space_seal(struct space *space);

#endif
