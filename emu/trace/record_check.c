/* Checks between events: a hash of the vector registers and of some pages, other ones each time. */
#include <string.h>
#include <sys/mman.h>

#include "emu/linux/kernel/machine.h"
#include "emu/trace/check.h"
#include "emu/trace/recorder.h"

enum { CHECK_PAGES = 16 };

static bool is_checked(const struct vma *vma)
{
	const int readable_private = PROT_READ | PROT_WRITE;

	return (vma->prot & readable_private) == readable_private && (vma->flags & MAP_PRIVATE) && !vma->inode;
}

/* Returns the next page, from `at` on, whose content only the guest changes; 0 if there is none before the end. */
static uint64_t next_page(const struct space *space, uint64_t at)
{
	for (size_t k = 0; k < space->count; k++) {
		const struct vma *vma = &space->vma[k];

		if (vma->end > at && is_checked(vma))
			return at > vma->start ? at : vma->start;
	}
	return 0;
}

void recorder_emit_check(struct recorder *recorder, struct task *task)
{
	const struct space *space = &task->process->space;
	uint64_t page[CHECK_PAGES];
	uint8_t list[CHECK_PAGES * 10];
	size_t pages = 0, size = 0;

	page[0] = task->cpu.r[RSP] & ~(GUEST_PAGE - 1);
	if (page[0] && next_page(space, page[0]) == page[0])
		pages = 1;
	for (uint64_t next; pages < CHECK_PAGES; pages++) {
		next = next_page(space, recorder->check_cursor);
		recorder->check_cursor = next ? next + GUEST_PAGE : 0;
		if (!next)
			break;
		page[pages] = next;
	}
	for (size_t k = 0; k < pages; k++)
		size += trace_put_number(list + size, page[k] / GUEST_PAGE);
	recorder_emit(recorder, RECORD_DATA(CHECK, list, size, check_vector(&task->cpu), check_memory(page, pages)));
}
