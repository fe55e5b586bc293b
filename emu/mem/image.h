/* Takes an address space apart and puts it up again elsewhere: for saving and restoring. */
#ifndef TICK86_EMU_IMAGE_H
#define TICK86_EMU_IMAGE_H

#include "emu/mem/space.h"

/* Returns the address at which the mapping's pages end; the rest of the mapping is beyond the end of its file. */
uint64_t space_content_end(const struct vma *vma);

/* Gives the mapping's pages the right `right` on the host, if they lack it; space_seal takes it away. Returns false if the host refuses. */
bool space_lift_protection(const struct vma *vma, int right);
void space_restore_protection(const struct vma *vma, int right);

/* Maps what `vma` describes at its address, where nothing may be mapped yet: shared memory of `fd` at `offset`, or, with fd -1, new
 * private memory, even if the list says that it is a file's. `beyond` is an empty file, for the part beyond a file's end. The list gets
 * a copy of `vma`. Private memory is writable until space_seal. Returns 0 or -errno. */
int64_t space_place(struct space *space, const struct vma *vma, int fd, uint64_t offset, int beyond);
/* Writes the content of what was placed. Returns false if part of the range is not the space's private memory. */
bool space_fill(struct space *space, uint64_t address, const void *from, size_t length);
/* Gives all mappings their rights. Returns false if the host refuses. */
bool space_seal(struct space *space);

#endif
