/* Mapped files that change: by write(2), by another process, through another mapping, by ftruncate, after a fork. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hard.h"

enum { PAGE = 4096, PAGES = 5 };

static int file;
static sigjmp_buf beyond;

static void bus(int number)
{
	siglongjmp(beyond, number);
}

static void show(const char *what, const volatile char *memory)
{
	uint64_t sum = 0;

	for (int k = 0; k < PAGE; k++)
		mix(&sum, (uint64_t)memory[k]);
	printf("%-40s %016lx\n", what, (unsigned long)sum);
}

static void touch(const char *what, volatile char *memory)
{
	int number = sigsetjmp(beyond, 1);

	if (number)
		printf("%-40s signal %d\n", what, number);
	else
		show(what, memory);
}

static void put(const char *text, off_t offset)
{
	must(pwrite(file, text, strlen(text), offset) == (ssize_t)strlen(text), "pwrite");
}

static void in_child(char *shared, char *private)
{
	pid_t child = fork();

	if (child == 0) {
		int again = open("mapped", O_RDWR);

		must(pwrite(again, "of the child", 12, PAGE + 50) == 12, "pwrite");
		strcpy(shared + 2 * PAGE, "stored by the child");
		private[100] = 'c';
		show("child: private", private);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	show("shared, after the child's write", shared + PAGE);
	show("shared, after the child's store", shared + 2 * PAGE);
	show("private, after the child's store", private);
}

static void shorter_and_longer(char *shared, char *private)
{
	must(ftruncate(file, 2 * PAGE + 100) == 0, "ftruncate");
	show("shared, last page cut", shared + 2 * PAGE);
	touch("shared, beyond the end", shared + 3 * PAGE);
	touch("private, beyond the end, once read", private + 3 * PAGE);
	must(ftruncate(file, PAGES * PAGE) == 0, "ftruncate");
	touch("shared, long again", shared + 3 * PAGE);
	put("written after it", 3 * PAGE + 9);
	touch("shared, written after that", shared + 3 * PAGE);
}

/* Cut by its name, and by being opened anew. */
static void emptied(char *shared)
{
	int again;

	must(truncate("mapped", PAGE + 200) == 0, "truncate");
	show("shared, cut by name", shared + PAGE);
	touch("shared, behind that", shared + 2 * PAGE);
	again = open("mapped", O_RDWR | O_TRUNC);
	touch("shared, emptied", shared);
	must(write(again, "anew", 4) == 4, "write");
	show("shared, begun anew", shared);
	close(again);
}

static int open_by_handle(void)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} named = { .handle.handle_bytes = MAX_HANDLE_SZ };
	int mount, directory = open(".", O_RDONLY | O_DIRECTORY), opened = -1;

	if (name_to_handle_at(AT_FDCWD, "mapped", &named.handle, &mount, 0) == 0)
		opened = open_by_handle_at(directory, &named.handle, O_RDWR | O_TRUNC);
	close(directory);
	return opened; /* only root may, and not on each file system */
}

/* The file is 5000 bytes of `c`, and then what opens it anew has cut it. */
static void cut_by(const char *what, char *shared, char c, int (*opens)(void))
{
	char text[5000];
	int again;

	memset(text, c, sizeof(text));
	must(pwrite(file, text, sizeof(text), 0) == sizeof(text), "pwrite");
	again = opens();
	if (again < 0)
		must(ftruncate(file, 0) == 0, "ftruncate");
	must(pwrite(again < 0 ? file : again, "y", 1, PAGE - 1) == 1, "pwrite");
	show(what, shared);
	close(again);
}

static int open_openat2(void)
{
	const struct {
		uint64_t flags, mode, resolve;
	} how = { .flags = O_RDWR | O_TRUNC }; /* struct open_how */

	return (int)syscall(SYS_openat2, AT_FDCWD, "mapped", &how, sizeof(how));
}

static int open_creat(void)
{
	return creat("mapped", 0600);
}

/* An offset does not count where a file is appended to. */
static void appended(char *shared)
{
	const struct iovec text = { "by RWF_APPEND", 13 };
	int again = open("mapped", O_WRONLY | O_APPEND);

	must(pwrite(again, "by O_APPEND", 11, 3) == 11, "pwrite");
	must(syscall(SYS_pwritev2, file, &text, 1, 3, 0, 0x10 /* RWF_APPEND */) == 13, "pwritev2");
	must(ftruncate(file, 2 * PAGE) == 0, "ftruncate");
	show("shared, appended to", shared);
	show("shared, appended to", shared + PAGE);
	close(again);
}

/* By calls whose bytes come from another descriptor. */
static void filled(char *shared)
{
	int other = open("source", O_RDWR | O_CREAT | O_TRUNC, 0600), ends[2];
	off_t from = 0, to = 2 * PAGE;
	char text[PAGE];

	memset(text, 's', sizeof(text));
	must(write(other, text, sizeof(text)) == sizeof(text), "write");
	must(ftruncate(file, PAGES * PAGE) == 0, "ftruncate");
	must(lseek(file, 10, SEEK_SET) == 10, "lseek");
	must(sendfile(file, other, &from, 100) == 100, "sendfile");
	show("shared, after sendfile", shared);
	must(pipe(ends) == 0 && write(ends[1], text, 200) == 200, "pipe");
	must(splice(ends[0], NULL, file, &to, 200, 0) == 200, "splice");
	show("shared, after splice", shared + 2 * PAGE);
	from = 0;
	to = 3 * PAGE;
	must(copy_file_range(other, &from, file, &to, 300, 0) == 300, "copy_file_range");
	show("shared, after copy_file_range", shared + 3 * PAGE);
	must(pread(other, shared + PAGE, 50, 0) == 50, "pread");
	show("shared, after pread into it", shared + PAGE);
	if (fallocate(file, 1 | 2 /* FALLOC_FL_PUNCH_HOLE, KEEP_SIZE */, 0, PAGE) < 0) /* not on each file system */
		memset(shared, 0, PAGE);
	show("shared, a hole punched", shared);
	close(ends[0]);
	close(ends[1]);
	close(other);
	unlink("source");
}

/* Maps what the file does not have yet. */
static void ahead(void)
{
	int other = open("later", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);

	touch("nothing there yet", shared);
	must(write(other, "now", 3) == 3, "write");
	touch("something there", shared);
	touch("nothing behind it", shared + PAGE);
	must(ftruncate(other, 2 * PAGE) == 0, "ftruncate");
	strcpy(shared + PAGE, "stored");
	touch("stored behind it", shared + PAGE);
	must(msync(shared, 2 * PAGE, MS_SYNC) == 0, "msync");
	must(pread(other, shared + 100, 6, PAGE) == 6, "pread into the mapping");
	touch("read from itself", shared);
	munmap(shared, 2 * PAGE);
	close(other);
	unlink("later");
}

int main(void)
{
	char *shared, *private, *again;
	char text[PAGE];

	setbuf(stdout, NULL);
	signal(SIGBUS, bus);
	file = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
	must(file >= 0, "open");
	for (int k = 0; k < PAGES; k++) {
		memset(text, 'a' + k, sizeof(text));
		must(write(file, text, sizeof(text)) == sizeof(text), "write");
	}
	shared = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	again = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, PAGE);
	private = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	must(shared != MAP_FAILED && again != MAP_FAILED && private != MAP_FAILED, "mmap");
	private[2 * PAGE + 1] = private[2 * PAGE + 2];
	put("written below the mapping", 10);
	show("shared, after write", shared);
	strcpy(shared + PAGE, "stored through one mapping");
	show("the other mapping", again);
	in_child(shared, private);
	shorter_and_longer(shared, private);
	must(mremap(again, PAGE, 2 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED, "mremap");
	must(madvise(private + 2 * PAGE, PAGE, MADV_DONTNEED) == 0, "madvise");
	show("private, its store forgotten", private + 2 * PAGE);
	emptied(shared);
	cut_by("cut by openat2", shared, '2', open_openat2);
	cut_by("cut by creat", shared, 'c', open_creat);
	cut_by("cut by a handle", shared, 'h', open_by_handle);
	appended(shared);
	filled(shared);
	ahead();
	unlink("mapped");
}
