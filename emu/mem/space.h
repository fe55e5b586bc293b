/* The guest's address space: which pages it has mapped, with which rights, and which hold decoded code. */
#ifndef TICK86_EMU_SPACE_H
#define TICK86_EMU_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "emu/mem/layout.h"

/* One mapping. Adjacent ones are distinct where any field differs (addresses and offsets continuing). */
struct vma {
	uint64_t start, end;  /* page-aligned */
	int prot;             /* PROT_* as the guest asked; the host mapping never has PROT_EXEC */
	int flags;            /* MAP_PRIVATE or MAP_SHARED, MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_NORESERVE, ... */
	uint64_t offset;      /* in the file */
	dev_t dev;
	ino_t inode;
	uint64_t file_end;    /* first address beyond the file's last page when it was mapped; 0 if not of a file */
	bool noexec;          /* the file's mount forbids PROT_EXEC */
	bool copied;          /* of a file, but all its pages below file_end are anonymous copies (copied.c) */
	uint64_t file_pages;  /* copied: where the emulator has the file's own pages of [start, end) mapped, or 0; owned */
	uint64_t tag;         /* a follower's mark on what it was told of; parts of the mapping keep it */
	bool dont_fork, wipe_on_fork; /* MADV_DONTFORK: no child has it; MADV_WIPEONFORK: it is 0 there */
	char *name;           /* path as /proc/self/maps shows it, "[heap]", "[stack]", or NULL; owned */
};

/* What has just happened to a space, for somebody who follows it (a recorder). */
struct space_change {
	enum {
		SPACE_MAPPED,    /* [start, start + length) is new, as `vma` says; `fd` is the file's, or -1 */
		SPACE_UNMAPPED,
		SPACE_PROTECTED, /* `prot` */
		SPACE_MOVED,     /* mremap(2): to [new_start, new_start + new_length), with its `flags` */
		SPACE_DISCARDED, /* madvise(2) `advice` that changes what the pages hold */
		SPACE_RESET,     /* nothing is mapped any more */
		SPACE_WRITTEN,   /* by the emulator: done, or about to be */
		SPACE_OPENED,    /* the host's kernel may be about to write there, or part of it */
	} kind;
	uint64_t start, length;
	uint64_t new_start, new_length;
	int prot, flags, advice, fd;
	struct vma *vma; /* may be given to space_follow_file */
};

#define NO_PAGE UINT64_MAX

struct space {
	struct vma *vma;      /* sorted by start */
	size_t count, capacity;
	uint64_t brk_start, brk;
	uint64_t mmap_top;    /* where the search for a free place begins, downwards */
	uint64_t stack_limit;  /* the guest's RLIMIT_STACK in bytes, at first the host's; survives space_reset */
	uint64_t stack_mapped; /* bytes of the main stack */
	ino_t next_shared;    /* shared anonymous memory is told apart by made-up inode numbers */
	uint64_t *code_pages; /* open-addressed set of page numbers that are write-protected since they hold decoded code */
	size_t code_count, code_capacity;
	bool shared_code;     /* some of them may be in memory that is shared: what changes it there need not come by these pages */
	uint64_t plain_page;  /* the page last written, if it is still writable, without code, and no file's; or NO_PAGE */
	/* Called when code in [start, end) may no longer be what was decoded. */
	void (*code_changed)(void *context, uint64_t start, uint64_t end);
	void *context;
	void (*follow)(void *follower, const struct space_change *change); /* or NULL */
	void *follower;
};

void space_init(struct space *space);
/* Unmaps everything of the guest (execve) and starts anew; the callback stays. */
void space_reset(struct space *space);

/* The kernel's own semantics (mmap(2), munmap(2), mprotect(2), mremap(2), brk(2), madvise(2)) with the guest's limits; each
 * returns what the system call returns: an address or 0, or -errno. */
int64_t space_mmap(struct space *space, uint64_t address, uint64_t length, int prot, int flags, int fd, uint64_t offset);
int64_t space_munmap(struct space *space, uint64_t address, uint64_t length);
int64_t space_mprotect(struct space *space, uint64_t address, uint64_t length, int prot);
int64_t space_mremap(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length, int flags, uint64_t new);
int64_t space_remap_file_pages(struct space *space, uint64_t start, uint64_t size, uint64_t prot, uint64_t page, uint64_t flags);
int64_t space_brk(struct space *space, uint64_t address);
int64_t space_madvise(struct space *space, uint64_t address, uint64_t length, int advice);
int64_t space_shmat(struct space *space, int id, uint64_t address, int flags);
int64_t space_shmdt(struct space *space, uint64_t address);

/* The main thread's stack: mapped in full, so that it need not grow on faults, up to the limit (at most GUEST_STACK_CEILING).
 * After the limit was raised, space_extend_stack maps what is new if that place is free. 0 or -errno. */
int64_t space_map_stack(struct space *space, bool executable);
int64_t space_extend_stack(struct space *space);
/* Where the heap begins: the end of the program's last segment. */
void space_set_brk(struct space *space, uint64_t start);
/* Renames what is mapped in the range, as prctl(PR_SET_VMA) does; NULL for no name. Page-aligned. */
void space_set_name(struct space *space, uint64_t start, uint64_t end, const char *name);

/* The mapping that holds `address`, or NULL. */
const struct vma *space_find(const struct space *space, uint64_t address);

/* Whether [address, address + length) lies below GUEST_END without wrapping. */
static inline bool space_in_guest(uint64_t address, uint64_t length)
{
	return address <= GUEST_END && length <= GUEST_END - address;
}

/* Before the host kernel or the emulator writes guest memory: pages in the range that are protected because they hold
 * decoded code become writable again (their blocks are dropped). Safe on any range. */
void space_prepare_write(struct space *space, uint64_t address, uint64_t length);

/* The file may have changed in a way that page protection does not show (write(2)): what is decoded of its shared mappings is dropped. */
void space_file_changed(struct space *space, dev_t dev, ino_t inode);
/* Other processes may have run: the same for all shared memory. */
void space_shared_changed(struct space *space);

/* The same where the host's kernel is about to write whatever the pages' protection is, as a debugger does. */
void space_prepare_poke(struct space *space, uint64_t address, uint64_t length);
/* What is decoded of the range is dropped: it was written so. */
void space_drop_code(struct space *space, uint64_t address, uint64_t length);

/* The emulator is about to write, or has written, the range by itself: a follower is told. */
static inline void space_note_write(struct space *space, uint64_t address, uint64_t length)
{
	if (space->follow)
		space->follow(space->follower, &(struct space_change){ .kind = SPACE_WRITTEN, .start = address, .length = length });
}

/* What the list says of a file, asked for once for several mappings of an open descriptor. 0 or -EBADF. */
struct space_file {
	int fd;
	dev_t dev;
	ino_t inode;
	uint64_t size;
	bool zero;            /* /dev/zero: each shared mapping is anonymous memory of its own (shmem_zero_setup()) */
	bool has_end, noexec; /* a regular file, beyond whose last page an access is SIGBUS; on a mount that forbids PROT_EXEC */
	char *name;           /* or NULL */
};
int space_file_open(struct space_file *file, int fd);
void space_file_close(struct space_file *file); /* the descriptor stays open */
/* As space_mmap; no `file` for anonymous memory. */
int64_t space_mmap_file(struct space *space, uint64_t address, uint64_t length, int prot, int flags, const struct space_file *file,
                        uint64_t offset);

/* The pages of a new private mapping of a file are to be copies: what happens to the file is no longer seen, unless the guest gives pages
 * back (MADV_DONTNEED) or asks for more (mremap), or the file grows. For that the file, `fd` or -1, is mapped a second time. */
void space_follow_file(struct vma *vma, int fd);
/* The pages from `start` to `end` become copies. False: the file's pages cannot be read, or memory is short; the mapping is as it was. */
bool space_copy_file(const struct vma *vma, uint64_t start, uint64_t end);
/* Whether the file has the page of `address`, which lay beyond its end when it was mapped. */
bool space_file_has(struct space *space, const struct vma *vma, uint64_t address);
/* In a child of fork(2), before its code runs: what madvise(2) said of its memory has come true. */
void space_begin_child(struct space *space);
/* Maps shared memory of a file without asking what file it is: the list says object `inode`. As space_mmap with MAP_FIXED. */
int64_t space_map_object(struct space *space, uint64_t address, uint64_t length, int prot, int fd, uint64_t offset, uint64_t inode);
/* The same at an `offset` that is beyond the file's end: any access is SIGBUS. */
int64_t space_map_beyond_end(struct space *space, uint64_t address, uint64_t length, int prot, int fd, uint64_t offset);

/* Whether the emulator may write there without asking further. */
static inline bool space_is_plain(const struct space *space, uint64_t address, uint64_t length)
{
	return address / GUEST_PAGE * GUEST_PAGE == space->plain_page && length <= GUEST_PAGE - address % GUEST_PAGE;
}

/* space_write, where the pages are still to be looked up. */
bool space_write_checked(struct space *space, uint64_t address, const void *from, size_t length);

/* Copies between guest and emulator; false where the guest has no such access there (nothing is signalled). */
bool space_read(struct space *space, uint64_t address, void *to, size_t length);
static inline bool space_write(struct space *space, uint64_t address, const void *from, size_t length)
{
	if (!space_is_plain(space, address, length))
		return space_write_checked(space, address, from, length);
	memcpy((void *)address, from, length);
	return true;
}
/* Reads from one mapping whatever its protection is. False: not all of the range is there, or lies before the file's end. */
bool space_peek(struct space *space, uint64_t address, void *to, size_t length);
/* Writes whatever the pages' protection is, as a debugger does. False: not all of the range is mapped, and nothing is written. */
bool space_poke(struct space *space, uint64_t address, const void *from, size_t length);
/* Reads a string of at most size - 1 bytes. Returns its length, or -EFAULT, or -ENAMETOOLONG. */
int64_t space_read_string(struct space *space, uint64_t address, char *to, size_t size);

/* For the block builder: the bytes at `address` that may be executed, up to the end of the next page; 0 if none.
 * Marks nothing. */
size_t space_fetchable(const struct space *space, uint64_t address);
/* Decoded code now stands on the page of `address`: writes to it are trapped from here on. */
void space_protect_code(struct space *space, uint64_t address);
/* A write fault at `address`: true when it was only the protection of decoded code, which is now lifted (and the code
 * dropped): the write may be tried again. */
bool space_unprotect_code(struct space *space, uint64_t address);

#endif
