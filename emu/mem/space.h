/* The guest's address space: which pages are mapped, with which rights, and which hold decoded code. */
#ifndef TICK86_EMU_SPACE_H
#define TICK86_EMU_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "emu/mem/layout.h"

/* One mapping. Two adjacent mappings are distinct if any member differs, apart from addresses and offsets that continue. */
struct vma {
	uint64_t start, end; /* page-aligned */
	int prot;            /* PROT_* as the guest asked; the host's mapping never has PROT_EXEC */
	int flags;           /* MAP_PRIVATE or MAP_SHARED, MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_NORESERVE, ...; SPACE_SEALED */
	uint64_t offset;     /* offset in the file, in bytes */
	dev_t dev;
	ino_t inode;
	uint64_t file_end;            /* the address where the file's last page ended when it was mapped; 0 if this is no file's mapping */
	bool noexec;                  /* the file's mount forbids PROT_EXEC */
	bool copied;                  /* a file's mapping, in which all pages below file_end are anonymous copies (copied.c) */
	uint64_t file_pages;          /* if copied: where the emulator has mapped the file's own pages of [start, end), or 0; owned */
	uint64_t tag;                 /* a follower's mark for a mapping that it was told of; its parts keep it */
	bool dont_fork, wipe_on_fork; /* MADV_DONTFORK: children do not get it; MADV_WIPEONFORK: children find zeros */
	char *name;                   /* path as /proc/self/maps shows it, "[heap]", "[stack]", or NULL; owned */
};

enum { SPACE_SEALED = 1 << 30 }; /* mseal(2): no call unmaps, moves or protects it, until execve(2) */

enum { SPACE_DONTNEED_LOCKED = 24 }; /* MADV_DONTNEED_LOCKED, which older headers lack */

/* A change of a space, for a follower (a recorder). */
struct space_change {
	enum {
		SPACE_MAPPED, /* [start, start + length) was mapped, as `vma` says; `fd` is the file's, or -1 */
		SPACE_UNMAPPED,
		SPACE_PROTECTED, /* the range now has `prot` */
		SPACE_MOVED,     /* mremap(2) moved it to [new_start, new_start + new_length), with its `flags` */
		SPACE_DISCARDED, /* madvise(2) with an `advice` that changes what the pages hold */
		SPACE_RESET,     /* everything was unmapped */
		SPACE_WRITTEN,   /* the emulator has written the range, or is about to */
		SPACE_OPENED,    /* the host's kernel may be about to write all or part of the range */
	} kind;
	uint64_t start, length;
	uint64_t new_start, new_length;
	int prot, flags, advice, fd;
	struct vma *vma; /* the follower may pass it to space_follow_file */
};

#define NO_PAGE UINT64_MAX

/* The "inode" of System V shared memory is this and its id; that of other anonymous memory which a process shares has the process's id,
 * as forked children have it, above it: so that all processes of a run call an object the same, and different ones differently. */
#define SPACE_SYSV (UINT64_C(1) << 31)

struct space {
	struct vma *vma; /* sorted by start; they lie in `block`, which has `capacity` slots (vma.c) */
	size_t count, capacity;
	struct vma *block;
	uint64_t brk_start, brk;
	/* No free place of this length and alignment lies above `end`, whoever looks for the highest (place.c); 0: not known. */
	struct {
		uint64_t length, alignment, end;
	} full;
	uint64_t mmap_top;     /* the search for a free place begins here and goes downwards; 0: it goes upwards (GUEST_UPWARDS) */
	uint64_t stack_limit;  /* the guest's RLIMIT_STACK in bytes; initially the host's; survives space_reset */
	uint64_t stack_mapped; /* size of the main stack in bytes */
	ino_t next_shared;     /* made-up inode numbers tell shared anonymous mappings apart (SPACE_SYSV, space_name_objects) */
	uint64_t *code_pages;  /* open-addressed set of the numbers of pages that are write-protected because they hold decoded code */
	size_t code_count, code_capacity;
	bool shared_code; /* some code pages may be in shared memory, which can change without a write to these pages */
	uint64_t
		plain_page; /* number of the page last written, if it is still writable, holds no code, and is no file's; otherwise NO_PAGE */
	/* Called when the decoded code of [start, end) may be out of date. */
	void (*code_changed)(void *context, uint64_t start, uint64_t end);
	void *context;
	void (*follow)(void *follower, const struct space_change *change); /* NULL: no follower */
	void *follower;
	struct undo *undo; /* its pages are write-protected for the moment (undo.h); or NULL */
};

void space_init(struct space *space);
/* Unmaps everything of the guest (execve) and starts again. The callbacks stay. */
void space_reset(struct space *space);

/* In a new child, which has the id `pid`: what it makes has other numbers than what its parent makes. */
static inline void space_name_objects(struct space *space, pid_t pid)
{
	space->next_shared = (ino_t)pid << 32 | 1;
}

/* System calls with the kernel's semantics (mmap(2), munmap(2), mprotect(2), mremap(2), brk(2), madvise(2)) and the guest's limits. Each
 * returns what the system call returns: an address or 0, or -errno. */
int64_t space_mmap(struct space *space, uint64_t address, uint64_t length, int prot, int flags, int fd, uint64_t offset);
int64_t space_munmap(struct space *space, uint64_t address, uint64_t length);
int64_t space_mprotect(struct space *space, uint64_t address, uint64_t length, int prot);
int64_t space_mremap(struct space *space, uint64_t old, uint64_t old_length, uint64_t new_length, int flags, uint64_t new);
int64_t space_remap_file_pages(struct space *space, uint64_t start, uint64_t size, uint64_t prot, uint64_t page, uint64_t flags);
int64_t space_brk(struct space *space, uint64_t address);
int64_t space_mseal(struct space *space, uint64_t address, uint64_t length, uint64_t flags);
int64_t space_madvise(struct space *space, uint64_t address, uint64_t length, int advice);
int64_t space_shmat(struct space *space, int id, uint64_t address, int flags);
int64_t space_shmdt(struct space *space, uint64_t address);

/* Where mmap finds places, for the stack limit: arch_pick_mmap_layout(). For a new program, before anything is mapped. */
void space_lay_out(struct space *space);
/* The main thread's stack. It is mapped up to the limit (at most GUEST_STACK_CEILING, and what is free above the area of mmap), so that the host's kernel can write to it. Call
 * space_extend_stack after raising the limit: it maps the new part if its place is free. Both return 0 or -errno. */
int64_t space_map_stack(struct space *space, bool executable);
int64_t space_extend_stack(struct space *space);
/* Called on a fault at `address`. Returns true if a mapping above it, which grows down, has grown and now includes it
 * (expand_downwards()). */
bool space_grow(struct space *space, uint64_t address);
/* Sets where the heap begins: the end of the program's last segment. */
void space_set_brk(struct space *space, uint64_t start);
/* Returns where mmap would place the first `length` bytes of the file, or -ENOMEM. */
struct space_file;
int64_t space_find_room(struct space *space, uint64_t length, const struct space_file *file);
/* Names the mappings in the range, as prctl(PR_SET_VMA) does; NULL removes the name. The range must be page-aligned. */
void space_set_name(struct space *space, uint64_t start, uint64_t end, const char *name);

/* Returns the mapping that holds `address`, or NULL. */
const struct vma *space_find(const struct space *space, uint64_t address);

/* Returns the end of what is mapped without a hole from `start` on, at most `end`. */
uint64_t space_mapped_until(const struct space *space, uint64_t start, uint64_t end);
/* Returns the first mapped address from `start` on, at most `end`. */
uint64_t space_next(const struct space *space, uint64_t start, uint64_t end);

/* Returns true if [address, address + length) does not wrap and the guest may have memory in all of it. */
static inline bool space_in_guest(uint64_t address, uint64_t length)
{
	return address <= GUEST_END && length <= GUEST_END - address && !window_overlaps(address, length);
}

/* Returns how many of the `length` bytes at an address that is not refused are before the next one that is. */
static inline uint64_t space_reach(uint64_t address, uint64_t length)
{
	uint64_t end = address < WINDOW_START ? WINDOW_START : GUEST_END;

	return length < end - address ? length : end - address;
}

/* Returns what the host's kernel gets for the guest's pointer to `length` bytes: the pointer itself, unless it could reach the emulator.
 * Then it is an equally aligned address where nothing is mapped, as for the guest there is nothing, or one that the kernel refuses
 * (access_ok()): so the kernel finds the error when it would find it natively. It accesses memory upwards, up to the first page that it
 * cannot access. */
static inline uint64_t space_host_pointer(uint64_t address, uint64_t length)
{
	if (address >= USER_END)
		return address;
	if (length > USER_END - address) /* the kernel goes no further by itself */
		length = USER_END - address;
	if (address >= EMULATOR_END || address + length <= EMULATOR_START)
		return address;
	return WINDOW_START | address % GUEST_PAGE;
}

/* Must be called before the host's kernel or the emulator writes guest memory. Pages in the range that hold decoded code become
 * writable, and their blocks are dropped. Any range is allowed. */
void space_prepare_write(struct space *space, uint64_t address, uint64_t length);

/* Drops the code decoded from shared mappings of the file. For changes that page protection does not show (write(2)). */
void space_file_changed(struct space *space, dev_t dev, ino_t inode);
/* Drops the code decoded from any shared memory: other processes may have run and changed it. */
void space_shared_changed(struct space *space);

/* As space_prepare_write, for a write by the host's kernel that ignores the pages' protection, as a debugger's does. */
void space_prepare_poke(struct space *space, uint64_t address, uint64_t length);
/* Drops the code decoded from the range, after such a write. */
void space_drop_code(struct space *space, uint64_t address, uint64_t length);

/* Tells the follower that the emulator is about to write the range, or has written it, without space_write. */
static inline void space_note_write(struct space *space, uint64_t address, uint64_t length)
{
	if (space->follow)
		space->follow(space->follower, &(struct space_change){ .kind = SPACE_WRITTEN, .start = address, .length = length });
}

/* What mappings need to know of an open file. Asked for once, for several mappings. space_file_open returns 0 or -EBADF. */
struct space_file {
	int fd;
	dev_t dev;
	ino_t inode;
	uint64_t size;
	bool zero;       /* /dev/zero: each shared mapping of it is separate anonymous memory (shmem_zero_setup()) */
	bool huge_pages; /* its file system places mappings so that huge pages can hold them */
	bool has_end,
		noexec; /* has_end: a regular file, where an access beyond the last page is SIGBUS. noexec: its mount forbids PROT_EXEC */
	char *name;     /* may be NULL */
};
int space_file_open(struct space_file *file, int fd);
void space_file_close(struct space_file *file); /* the descriptor stays open */
/* As space_mmap. `file` is NULL for anonymous memory. */
int64_t space_mmap_file(struct space *space, uint64_t address, uint64_t length, int prot, int flags, const struct space_file *file,
	uint64_t offset);

/* For a new private mapping of a file: turns its pages into copies. Later changes of the file show only where the guest gives pages back
 * (MADV_DONTNEED), asks for more (mremap), or the file grows. For these cases the file `fd` (or -1) is mapped a second time. */
void space_follow_file(struct vma *vma, int fd);
/* Copies the pages from `start` to `end`. Returns false, and leaves the mapping as it was, if the file's pages cannot be read or memory
 * is short. */
bool space_copy_file(const struct vma *vma, uint64_t start, uint64_t end);
/* Returns true if the file has grown to include the page of `address`, which was beyond its end when it was mapped. */
bool space_file_has(struct space *space, const struct vma *vma, uint64_t address);
/* Called in a child of fork(2) before its code runs: applies the advice of madvise(2) about children. */
void space_begin_child(struct space *space);
/* For vfork(2), whose child has all of its parent's memory, though the host forks: called with on = true before the fork, and with false
 * after it in both processes. */
void space_fork_whole(const struct space *space, bool on);
/* Maps shared memory of a file, which is listed as object `inode` whatever file it is. As space_mmap with MAP_FIXED. */
int64_t space_map_object(struct space *space, uint64_t address, uint64_t length, int prot, int fd, uint64_t offset, uint64_t inode);
/* The same at an `offset` beyond the file's end: any access is SIGBUS. */
int64_t space_map_beyond_end(struct space *space, uint64_t address, uint64_t length, int prot, int fd, uint64_t offset);

/* Returns true if the emulator may write there without further checks. */
static inline bool space_is_plain(const struct space *space, uint64_t address, uint64_t length)
{
	return address / GUEST_PAGE * GUEST_PAGE == space->plain_page && length <= GUEST_PAGE - address % GUEST_PAGE;
}

/* space_write for pages that must be looked up first. */
bool space_write_checked(struct space *space, uint64_t address, const void *from, size_t length);

/* Copy between guest and emulator. Return false, without a signal, if the guest has no such access there. */
bool space_read(struct space *space, uint64_t address, void *to, size_t length);
static inline bool space_write(struct space *space, uint64_t address, const void *from, size_t length)
{
	if (!space_is_plain(space, address, length))
		return space_write_checked(space, address, from, length);
	memcpy((void *)address, from, length);
	return true;
}
/* Writes `new` if the aligned word is `old`, in one step for other processes, too; `old` becomes what it was. False where the guest has no
 * such access. */
bool space_exchange(struct space *space, uint64_t address, uint32_t *old, uint32_t new);
/* Reads from one mapping, whatever its protection is. Returns false if part of the range is not mapped or beyond the file's end. */
bool space_peek(struct space *space, uint64_t address, void *to, size_t length);
/* Writes as a debugger does, whatever the pages' protection is. Returns false and writes nothing if part of the range is not mapped. */
bool space_poke(struct space *space, uint64_t address, const void *from, size_t length);
/* Reads a string of at most size - 1 bytes. Returns its length, -EFAULT, or -ENAMETOOLONG. */
int64_t space_read_string(struct space *space, uint64_t address, char *to, size_t size);

/* For the block builder: returns how many bytes from `address` on may be executed, up to the end of the next page; 0 if none. Does not
 * protect them. */
size_t space_fetchable(const struct space *space, uint64_t address);
/* Write-protects the page of `address`, which now holds decoded code. */
void space_protect_code(struct space *space, uint64_t address);
/* Called on a write fault at `address`. Returns true if only the protection of decoded code caused it: the protection is now lifted, the
 * code dropped, and the write may be tried again. */
bool space_unprotect_code(struct space *space, uint64_t address);

#endif
