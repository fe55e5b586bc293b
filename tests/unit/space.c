/* The guest's address space against the host kernel: the same random calls in a native arena and through space_*. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/mem/fault.h"
#include "emu/mem/space.h"
#include "tests/unit/suite.h"

enum { ARENA_PAGES = 48, STEPS = 1500 };
/* both outside the address sanitizer's memory */
#define NATIVE 0x700000000000ULL
#define GUEST 0x200000000000ULL
#define PAGE GUEST_PAGE

static uint64_t random_state;

static uint64_t below(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

static struct space space;
static uint64_t changed; /* bit n: the code of page n of the guest's arena was dropped */

static void on_change(void *context, uint64_t start, uint64_t end)
{
	(void)context;
	for (uint64_t page = start; page < end && page < GUEST + 64 * PAGE; page += PAGE)
		changed |= page >= GUEST ? 1ULL << (page - GUEST) / PAGE : 0;
}

/* Returns the pages that changed since the last call. */
static uint64_t take_changed(void)
{
	uint64_t taken = changed;
	changed = 0;
	return taken;
}

static void set_up(void)
{
	munmap((void *)NATIVE, ARENA_PAGES * PAGE); /* it may be reserved */
	memset(&space, 0, sizeof(space));
	space_init(&space);
	space.code_changed = on_change;
	changed = 0;
}

static void tear_down(void)
{
	space_reset(&space);
	munmap((void *)NATIVE, ARENA_PAGES * PAGE);
}

/* Reads the host's protection of each page of an arena; -1: not mapped. */
static void read_host(uint64_t arena, int prot[ARENA_PAGES])
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	for (int i = 0; i < ARENA_PAGES; i++)
		prot[i] = -1;
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end;
		char rights[8];
		if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) != 3)
			continue;
		for (int i = 0; i < ARENA_PAGES; i++) {
			uint64_t page = arena + (uint64_t)i * PAGE;
			if (page >= start && page < end)
				prot[i] = (rights[0] == 'r' ? PROT_READ : 0) | (rights[1] == 'w' ? PROT_WRITE : 0)
					| (rights[2] == 'x' ? PROT_EXEC : 0);
		}
	}
	fclose(maps);
}

static int64_t result_of(void *pointer)
{
	return pointer == MAP_FAILED ? -errno : (int64_t)((uint64_t)pointer - NATIVE);
}

static int64_t relative(int64_t result)
{
	return result < 0 ? result : result - (int64_t)GUEST;
}

struct request {
	unsigned what;
	uint64_t at, length, new_length, to;
	int prot, flags, fd;
};

static int64_t run_native(const struct request *r)
{
	void *at = (void *)(NATIVE + r->at);
	switch (r->what) {
	case 0: return result_of(mmap(at, r->length, r->prot, r->flags, r->fd, 0));
	case 1: return munmap(at, r->length) ? -errno : 0;
	case 2: return mprotect(at, r->length, r->prot) ? -errno : 0;
	case 3: return madvise(at, r->length, r->flags) ? -errno : 0;
	default: return result_of(mremap(at, r->length, r->new_length, r->flags, NATIVE + r->to));
	}
}

static int64_t run_guest(const struct request *r)
{
	uint64_t at = GUEST + r->at;
	switch (r->what) {
	case 0: return relative(space_mmap(&space, at, r->length, r->prot, r->flags, r->fd, 0));
	case 1: return space_munmap(&space, at, r->length);
	case 2: return space_mprotect(&space, at, r->length, r->prot);
	case 3: return space_madvise(&space, at, r->length, r->flags);
	default: return relative(space_mremap(&space, at, r->length, r->new_length, r->flags, GUEST + r->to));
	}
}

/* Returns true if the mapping reaches beyond one VMA: some kernels move it (since 6.17), some do not. */
static bool spans_mappings(const struct request *r)
{
	const struct vma *vma = space_find(&space, GUEST + r->at);
	return r->what == 4 && vma && vma->end - (GUEST + r->at) < r->length;
}

static struct request random_request(int file)
{
	static const int advices[] = { MADV_DONTNEED, MADV_WILLNEED, MADV_FREE, MADV_NORMAL, 12345 };
	static const int moves[] = { 0, MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_FIXED, MREMAP_DONTUNMAP,
		MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP };
	struct request r = { .what = (unsigned)below(5), .fd = -1 };
	r.at = below(ARENA_PAGES - 12) * PAGE + (below(16) ? 0 : 7);
	r.length = below(12) * PAGE + below(2) * 100;
	r.new_length = below(12) * PAGE;
	r.to = below(ARENA_PAGES - 12) * PAGE + (below(16) ? 0 : 7);
	r.prot = (int)below(8) | (below(30) ? 0 : 0x100);
	if (r.what == 0) {
		r.flags = MAP_FIXED | (below(2) ? MAP_PRIVATE : MAP_SHARED);
		if (below(3) == 0)
			r.flags = (r.flags & ~MAP_FIXED) | MAP_FIXED_NOREPLACE;
		if (below(2))
			r.flags |= MAP_ANONYMOUS;
		else
			r.fd = file;
		r.prot &= 7;
	} else if (r.what == 3) {
		r.flags = advices[below(5)];
	} else if (r.what == 4) {
		r.flags = moves[below(5)];
	}
	return r;
}

START_TEST(same_as_the_kernel)
{
	char path[] = "/tmp/tick86-space-XXXXXX";
	int native[ARENA_PAGES], guest[ARENA_PAGES];
	int file = mkstemp(path), read_only = open(path, 0);
	unlink(path);
	ck_assert_int_eq(ftruncate(file, 64 * PAGE), 0);
	random_state = 88172645463325252ULL + (uint64_t)_i;
	for (int step = 0; step < STEPS; step++) {
		struct request r = random_request(below(2) ? file : read_only);
		if (spans_mappings(&r))
			continue;
		int64_t want = run_native(&r), got = run_guest(&r);
		ck_assert_msg(want == got,
			"seed %d step %d: call %u at %#lx length %#lx new %#lx to %#lx prot %d flags %#x: %ld, kernel %ld", _i, step,
			r.what, r.at, r.length, r.new_length, r.to, r.prot, r.flags, got, want);
		read_host(NATIVE, native);
		read_host(GUEST, guest);
		for (int i = 0; i < ARENA_PAGES; i++) {
			const struct vma *vma = space_find(&space, GUEST + (uint64_t)i * PAGE);
			int listed = vma ? vma->prot : -1, unlisted = GUEST_RESERVED ? PROT_NONE : -1;
			ck_assert_msg(listed == native[i],
				"seed %d step %d call %u at %#lx length %#lx new %#lx to %#lx flags %#x: page %d listed %d, kernel %d", _i,
				step, r.what, r.at, r.length, r.new_length, r.to, r.flags, i, listed, native[i]);
			int expected = listed < 0 ? unlisted : listed & PROT_EXEC ? (listed & PROT_WRITE) | PROT_READ : listed;
			ck_assert_int_eq(guest[i], expected);
		}
	}
	close(file);
	close(read_only);
}
END_TEST

START_TEST(places_go_down_from_the_top)
{
	int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	int64_t first = space_mmap(&space, 0, 3 * PAGE, PROT_READ, anonymous, -1, 0);
	int64_t second = space_mmap(&space, 0, 1, PROT_NONE, anonymous, -1, 0);
	ck_assert_uint_eq((uint64_t)first, space.mmap_top - 3 * PAGE);
	ck_assert_uint_eq((uint64_t)second, space.mmap_top - 4 * PAGE);
	ck_assert_int_eq(space_munmap(&space, (uint64_t)first, 2 * PAGE), 0);
	ck_assert_int_eq(space_mmap(&space, 0, 2 * PAGE, PROT_READ, anonymous, -1, 0), first);
	/* A free hint is honoured, an occupied one or one above the guest's end is not. */
	ck_assert_int_eq(space_mmap(&space, GUEST + 5, PAGE, PROT_READ, anonymous, -1, 0), GUEST);
	ck_assert_int_eq(space_mmap(&space, GUEST, PAGE, PROT_READ, anonymous, -1, 0), second - (int64_t)PAGE);
	ck_assert_int_eq(space_mmap(&space, GUEST_END, PAGE, PROT_READ, anonymous, -1, 0), second - 2 * (int64_t)PAGE);
	ck_assert_int_lt(space_mmap(&space, 0, PAGE, PROT_READ, anonymous | MAP_32BIT, -1, 0), 0x80000000);
	ck_assert_int_eq(space_mmap(&space, GUEST_END, PAGE, PROT_READ, anonymous | MAP_FIXED, -1, 0), -ENOMEM);
	ck_assert_int_eq(space_mmap(&space, 0, -1ULL, PROT_READ, anonymous, -1, 0), -ENOMEM);
	ck_assert_int_eq(space_mmap(&space, 0, 0, PROT_READ, anonymous, -1, 0), -EINVAL);
}
END_TEST

/* A mapping without access may cover the window, where there is one, and touches nothing in it. No other may. */
START_TEST(the_window_stays)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
	uint64_t before = WINDOW_START - 16 * PAGE, length = WINDOW_SIZE + 32 * PAGE;

	if (WINDOW_SIZE == 0)
		return;
	ck_assert_int_eq(space_mmap(&space, before, length, PROT_NONE, flags, -1, 0), (int64_t)before);
	ck_assert_ptr_nonnull(space_find(&space, WINDOW_START - 1));
	ck_assert_ptr_null(space_find(&space, WINDOW_START));
	ck_assert_ptr_null(space_find(&space, WINDOW_END - 1));
	ck_assert_ptr_nonnull(space_find(&space, WINDOW_END));
	ck_assert_int_eq(space_mprotect(&space, before, length, PROT_NONE), 0);
	ck_assert_int_eq(space_mprotect(&space, before, length, PROT_READ), -ENOMEM);
	ck_assert_int_eq(space_mmap(&space, before, length, PROT_READ, flags, -1, 0), -ENOMEM);
	ck_assert_int_eq(space_mmap(&space, WINDOW_START + PAGE, PAGE, PROT_READ, flags, -1, 0), -ENOMEM);
	ck_assert_int_eq(space_mmap(&space, WINDOW_START + PAGE, PAGE, PROT_NONE, flags, -1, 0), (int64_t)(WINDOW_START + PAGE));
	ck_assert_int_eq(space_mremap(&space, before, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, WINDOW_START), -ENOMEM);
	ck_assert(!space_write(&space, WINDOW_START + (1 << 20), "", 1));
	ck_assert(!space_write(&space, before, "", 1));
	ck_assert_int_eq(space_munmap(&space, before, length), 0);
	ck_assert_ptr_null(space_find(&space, WINDOW_START - 1));
	/* Places that the space chooses, for hints and without, are not in it. */
	ck_assert_int_eq(space_mmap(&space, WINDOW_START, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		(int64_t)(space.mmap_top - PAGE));
	ck_assert_int_eq(space_mmap(&space, 0, 0x2f0000001000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
		(int64_t)(space.mmap_top - PAGE - 0x2f0000001000));
	ck_assert_int_eq(space_mmap(&space, 0, 0x200000001000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
		WINDOW_START - 0x200000001000);
}
END_TEST

START_TEST(break_grows_and_shrinks)
{
	uint64_t start = 0x1234567;
	space_set_brk(&space, start);
	ck_assert_uint_eq(space_brk(&space, 0), start);
	ck_assert_uint_eq(space_brk(&space, start + 3 * PAGE), start + 3 * PAGE);
	*(char *)(start + 3 * PAGE - 1) = 1;
	ck_assert_uint_eq(space_brk(&space, start + PAGE), start + PAGE);
	ck_assert_ptr_null(space_find(&space, start + 3 * PAGE - 1));
	/* Something is in the way, so the break stays. */
	ck_assert_int_gt(space_mmap(&space, 0x123a000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), 0);
	ck_assert_uint_eq(space_brk(&space, start + 8 * PAGE), start + PAGE);
}
END_TEST

START_TEST(copies_respect_rights)
{
	char text[16] = "";
	int anonymous = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	space_mmap(&space, GUEST, 2 * PAGE, PROT_READ | PROT_WRITE, anonymous, -1, 0);
	space_mmap(&space, GUEST + 2 * PAGE, PAGE, PROT_NONE, anonymous, -1, 0);
	ck_assert(space_write(&space, GUEST + PAGE - 3, "hello", 6));
	ck_assert_int_eq(space_read_string(&space, GUEST + PAGE - 3, text, sizeof(text)), 5);
	ck_assert_str_eq(text, "hello");
	ck_assert_int_eq(space_read_string(&space, GUEST + PAGE - 3, text, 5), -ENAMETOOLONG);
	ck_assert(!space_read(&space, GUEST + 2 * PAGE - 1, text, 2));
	ck_assert(!space_write(&space, GUEST + 2 * PAGE - 1, text, 2));
	ck_assert(!space_read(&space, GUEST + 3 * PAGE, text, 1));
	ck_assert(!space_read(&space, GUEST_END - 1, text, 2));
	memset((void *)(GUEST + PAGE), 'x', PAGE);
	ck_assert_int_eq(space_read_string(&space, GUEST + 2 * PAGE - 2, text, sizeof(text)), -EFAULT);
	/* Beyond the end of a file: an error, not SIGBUS. */
	int fd = memfd_create("short", 0);
	space_mmap(&space, GUEST, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, 0);
	ck_assert(!space_read(&space, GUEST, text, 1));
	ck_assert(!space_write(&space, GUEST, text, 1));
	ck_assert_uint_eq(space_fetchable(&space, GUEST), 0);
	ck_assert_int_eq(ftruncate(fd, 1), 0);
	ck_assert(space_read(&space, GUEST, text, 1));
	ck_assert_uint_eq(space_fetchable(&space, GUEST + 1), PAGE - 1);
	close(fd);
}
END_TEST

static bool writable(uint64_t address)
{
	int prot[ARENA_PAGES];
	read_host(GUEST, prot);
	return prot[(address - GUEST) / PAGE] & PROT_WRITE;
}

START_TEST(code_pages_are_trapped)
{
	int rwx = PROT_READ | PROT_WRITE | PROT_EXEC, anonymous = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	space_mmap(&space, GUEST, 40 * PAGE, rwx, anonymous, -1, 0);
	for (int i = 0; i < 40; i++)
		space_protect_code(&space, GUEST + (uint64_t)i * PAGE + 5);
	ck_assert(!writable(GUEST + 17 * PAGE));
	ck_assert(space_unprotect_code(&space, GUEST + 17 * PAGE + 9));
	ck_assert(writable(GUEST + 17 * PAGE) && !writable(GUEST + 16 * PAGE));
	ck_assert_uint_eq(take_changed(), 1ULL << 17);
	ck_assert(!space_unprotect_code(&space, GUEST + 17 * PAGE));
	space_prepare_write(&space, GUEST + 3 * PAGE - 1, 2);
	ck_assert(writable(GUEST + 2 * PAGE) && writable(GUEST + 3 * PAGE) && !writable(GUEST + 4 * PAGE));
	ck_assert_uint_eq(take_changed(), 3ULL << 2);
	/* Taking the right to write away and giving it back must not lose the trap or leave stale code. */
	space_mprotect(&space, GUEST + 5 * PAGE, PAGE, PROT_READ | PROT_EXEC);
	ck_assert_uint_eq(take_changed(), 1ULL << 5);
	space_protect_code(&space, GUEST + 5 * PAGE);
	ck_assert(!space_unprotect_code(&space, GUEST + 5 * PAGE));
	space_mprotect(&space, GUEST + 5 * PAGE, PAGE, rwx);
	ck_assert_uint_eq(take_changed(), 1ULL << 5);
	ck_assert(writable(GUEST + 5 * PAGE));
	space_munmap(&space, GUEST + 20 * PAGE, PAGE);
	ck_assert_uint_eq(take_changed(), 1ULL << 20);
	space_madvise(&space, GUEST + 21 * PAGE, PAGE, MADV_DONTNEED);
	ck_assert_uint_eq(take_changed(), 1ULL << 21);
	ck_assert_int_eq(space_mremap(&space, GUEST, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, GUEST + 45 * PAGE),
		GUEST + 45 * PAGE);
	ck_assert_uint_eq(take_changed(), 3);
	ck_assert(writable(GUEST + 45 * PAGE));
	space_reset(&space);
	ck_assert_uint_eq(space.code_count, 0);
}
END_TEST

START_TEST(aliases_of_code_are_trapped)
{
	int fd = memfd_create("jit", 0), rw = PROT_READ | PROT_WRITE, rx = PROT_READ | PROT_EXEC;
	ck_assert_int_eq(ftruncate(fd, 4 * PAGE), 0);
	space_mmap(&space, GUEST, 4 * PAGE, rw, MAP_SHARED | MAP_FIXED, fd, 0);
	space_mmap(&space, GUEST + 10 * PAGE, 2 * PAGE, rx, MAP_SHARED | MAP_FIXED, fd, PAGE);
	space_protect_code(&space, GUEST + 10 * PAGE);
	ck_assert(!writable(GUEST + PAGE));
	ck_assert(writable(GUEST) && writable(GUEST + 2 * PAGE));
	ck_assert(space_unprotect_code(&space, GUEST + PAGE));
	ck_assert(writable(GUEST + PAGE));
	ck_assert_uint_eq(take_changed() & 1ULL << 10, 1ULL << 10);
	/* A new alias of code that is already decoded. */
	space_protect_code(&space, GUEST + 10 * PAGE);
	space_mmap(&space, GUEST + 20 * PAGE, 4 * PAGE, rw, MAP_SHARED | MAP_FIXED, fd, 0);
	ck_assert_uint_eq(take_changed() & 1ULL << 10, 1ULL << 10);
	/* mremap with an old length of 0 makes another. */
	space_protect_code(&space, GUEST + 10 * PAGE);
	ck_assert_int_eq(space_mremap(&space, GUEST + 20 * PAGE, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, GUEST + 30 * PAGE),
		GUEST + 30 * PAGE);
	ck_assert_uint_eq(take_changed() & 1ULL << 10, 1ULL << 10);
	close(fd);
}
END_TEST

START_TEST(stack_and_growing_mappings)
{
	space.stack_limit = 1 << 20;
	ck_assert_int_eq(space_map_stack(&space, false), 0);
	space.stack_limit = 2 << 20;
	ck_assert_int_eq(space_extend_stack(&space), 0);
	*(volatile char *)(GUEST_STACK_TOP - (2 << 20)) = 1;
	const struct vma *stack = space_find(&space, GUEST_STACK_TOP - 1);
	ck_assert_str_eq(stack->name, "[stack]");
	ck_assert_uint_eq(stack->end - stack->start, 2 << 20);
	ck_assert_int_eq(space_mprotect(&space, GUEST_STACK_TOP - PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN), 0);
	ck_assert_int_eq(space_find(&space, GUEST_STACK_TOP - (2 << 20))->prot, PROT_READ | PROT_WRITE | PROT_EXEC);
	/* MAP_GROWSDOWN grows where it is accessed. */
	uint64_t top = GUEST + 0x10000000;
	space_mmap(&space, top - PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
	ck_assert(space_write(&space, top - 3 * PAGE, "", 1));
	ck_assert_int_eq(space_mprotect(&space, top - 3 * PAGE, PAGE, PROT_READ), 0);
	ck_assert_int_eq(space_munmap(&space, top - 3 * PAGE, 3 * PAGE), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("space");

	fault_install();
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, same_as_the_kernel, 0, 8);
	tcase_add_test(tests, places_go_down_from_the_top);
	tcase_add_test(tests, the_window_stays);
	tcase_add_test(tests, break_grows_and_shrinks);
	tcase_add_test(tests, copies_respect_rights);
	tcase_add_test(tests, code_pages_are_trapped);
	tcase_add_test(tests, aliases_of_code_are_trapped);
	tcase_add_test(tests, stack_and_growing_mappings);
	return run_suite("space", tests);
}
