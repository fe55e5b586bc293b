/* madvise(2), and its effects on children of fork(2). */
#include <errno.h>

#include "emu/mem/host.h"
#include "emu/mem/vma.h"

enum { SOFT_OFFLINE = 101, GUARD_INSTALL = 102, GUARD_REMOVE = 103 }; /* MADV_ constants of newer headers */

/* Returns true for advice that changes what the pages hold. */
static bool discards(int advice)
{
	return advice == MADV_DONTNEED || advice == MADV_FREE || advice == MADV_REMOVE || advice == SPACE_DONTNEED_LOCKED;
}

static bool populates(int advice)
{
	return advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE;
}

static bool is_about_fork(int advice)
{
	return advice == MADV_DONTFORK || advice == MADV_DOFORK || advice == MADV_WIPEONFORK || advice == MADV_KEEPONFORK;
}

/* can_madvise_modify(): returns true if the advice would discard what is sealed and cannot be written. A file gives its pages again. */
static bool seal_forbids(const struct vma *vma, int advice)
{
	bool loses = discards(advice) || advice == MADV_DONTFORK || advice == MADV_WIPEONFORK || advice == GUARD_INSTALL;
	bool anonymous = vma->flags & MAP_ANONYMOUS && vma->flags & MAP_PRIVATE;

	return vma->flags & SPACE_SEALED && loses && anonymous && !(vma->prot & PROT_WRITE);
}

/* Advises [start, end), which lies in one mapping. */
static int64_t advise_part(struct space *space, uint64_t start, uint64_t end, int advice)
{
	const struct vma *vma = space_find(space, start);
	int64_t refused = vma->copied ? copied_refuses(vma, advice) : 0;

	if (refused)
		return refused;
	if (seal_forbids(vma, advice))
		return -EPERM;
	if (discards(advice) || advice == MADV_POPULATE_WRITE) /* to be populated, pages must be writable for the host */
		code_forget(space, start, end);
	if (advice == MADV_FREE && space->follow)
		advice =
			MADV_DONTNEED; /* frees the pages now, so that what the guest reads does not depend on when the host is short of memory */
	if (madvise((void *)start, end - start, advice) < 0)
		return -errno;
	if (is_about_fork(advice))
		vma_set_fork(space, start, end, advice);
	if (!discards(advice) && advice != MADV_POPULATE_WRITE)
		return 0;
	if (vma->copied && discards(advice))
		copied_refill(vma, start, end);
	vma_tell(space, &(struct space_change){ .kind = SPACE_DISCARDED, .start = start, .length = end - start, .advice = advice });
	return 0;
}

/* As madvise_walk_vmas(): advises all mapped parts up to the first error. If there were holes, the result is -ENOMEM in the end; a hole is
 * not populated (madvise_populate()). */
static int64_t advise_each(struct space *space, uint64_t start, uint64_t end, int advice)
{
	int64_t hole = 0;

	while (start < end) {
		size_t i = vma_lower(space, start);
		uint64_t next = i < space->count && space->vma[i].start < end ? space->vma[i].start : end, stop;
		int64_t error;

		if (next > start)
			hole = -ENOMEM;
		if (next == end || (hole && populates(advice)))
			break;
		start = next > start ? next : start;
		stop = space->vma[i].end < end ? space->vma[i].end : end;
		error = advise_part(space, start, stop, advice);
		if (error)
			return error;
		start = stop;
	}
	return hole;
}

int64_t space_madvise(struct space *space, uint64_t address, uint64_t length, int advice)
{
	if (address % GUEST_PAGE || address > GUEST_END || (length && page_ceil(length) == 0))
		return -EINVAL;
	if (!space_in_guest(address, page_ceil(length)))
		return -ENOMEM;
	if (advice == MADV_HWPOISON || advice == SOFT_OFFLINE)
		return -EPERM;
	if (space->follow && (advice == GUARD_INSTALL || advice == GUARD_REMOVE))
		return -EINVAL;                      /* as Linux before 6.13: a replay's memory cannot have guards */
	forget_plain_page(space);                    /* the page may be one that MADV_GUARD_INSTALL takes away */
	if (madvise((void *)address, 0, advice) < 0) /* there is no such advice */
		return -errno;
	return advise_each(space, address, address + page_ceil(length), advice);
}

/* The host has already done this to the memory, since it knows the advice; the list follows. */
void space_begin_child(struct space *space)
{
	for (size_t i = 0; i < space->count; i++) {
		uint64_t start = space->vma[i].start, end = space->vma[i].end;

		if (space->vma[i].dont_fork) {
			vma_remove(space, start, end);
			i--;
			host_reserve(start, end);
			code_forget(space, start, end);
			vma_tell(space, &(struct space_change){ .kind = SPACE_UNMAPPED, .start = start, .length = end - start });
		} else if (space->vma[i].wipe_on_fork) {
			code_forget(space, start, end);
			vma_tell(space,
				&(struct space_change){
					.kind = SPACE_DISCARDED,
					.start = start,
					.length = end - start,
					.advice = MADV_DONTNEED,
				});
		}
	}
}

void space_fork_whole(const struct space *space, bool on)
{
	for (size_t i = 0; i < space->count; i++) {
		const struct vma *vma = &space->vma[i];

		if (vma->dont_fork)
			madvise((void *)vma->start, vma->end - vma->start, on ? MADV_DOFORK : MADV_DONTFORK);
		if (vma->wipe_on_fork)
			madvise((void *)vma->start, vma->end - vma->start, on ? MADV_KEEPONFORK : MADV_WIPEONFORK);
	}
}
