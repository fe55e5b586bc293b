/* Names and files: open in all its ways, stat, directories, links, renames, sizes, and the errors of each. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "show.h"

enum { NOREPLACE = 1, EXCHANGE = 2 }; /* renameat2's flags */

static void *volatile nowhere = (void *)8;

static void opening(void)
{
	int fd, directory;

	SUCCEEDS(fd = open("a", O_CREAT | O_EXCL | O_RDWR, 0640));
	SHOW(open("a", O_CREAT | O_EXCL | O_RDWR, 0640));
	SHOW(open("missing", O_RDONLY));
	SHOW(open("a/b", O_RDONLY));
	SHOW(open("a", O_DIRECTORY | O_RDONLY));
	SHOW(open(".", O_WRONLY));
	SHOW(open("", O_RDONLY));
	SHOW(open(nowhere, O_RDONLY));
	SHOW(write(fd, "0123456789", 10));
	SHOW(lseek(fd, -3, SEEK_END));
	SHOW(lseek(fd, -30, SEEK_CUR));
	SHOW(lseek(fd, 0, 99));
	SHOW(lseek(fd, 0, SEEK_DATA));
	SHOW(lseek(fd, 0, SEEK_HOLE));
	SHOW(fcntl(fd, F_GETFL) & O_ACCMODE);
	SHOW(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	printf("flags %#x\n", fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK));
	SHOW(lseek(fd, 0, SEEK_SET));
	SHOW(write(fd, "ab", 2));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(write(fd, nowhere, 2));
	SHOW(read(fd, nowhere, 2));
	SHOW(close(fd));
	SHOW(close(fd));
	SHOW(read(fd, &fd, 1));
	SUCCEEDS(fd = open("a", O_TRUNC | O_WRONLY));
	SHOW(read(fd, &directory, 1));
	SHOW(lseek(fd, 0, SEEK_END));
	close(fd);
	SUCCEEDS(mkdir("d", 0755));
	SUCCEEDS(directory = open("d", O_PATH));
	SUCCEEDS(fd = openat(directory, "in", O_CREAT | O_WRONLY, 0600));
	SHOW(read(directory, &fd, 1));
	SHOW(faccessat(directory, "in", R_OK, 0));
	SHOW(faccessat(directory, "out", F_OK, 0));
	SHOW(access("d/in", W_OK));
	SHOW(openat(fd, "x", O_RDONLY));
	SHOW(openat(777, "x", O_RDONLY));
	close(fd);
	close(directory);
	SUCCEEDS(fd = open(".", O_TMPFILE | O_RDWR, 0600));
	SHOW(write(fd, "t", 1));
	close(fd);
}

static void show_stat(const char *name, const struct stat *s)
{
	printf("%s: type %o mode %o links %ld size %ld\n", name, s->st_mode & S_IFMT, s->st_mode & 07777, (long)s->st_nlink,
		S_ISDIR(s->st_mode) ? 0L : (long)s->st_size);
}

static void statuses(void)
{
	struct stat s, t;
	struct { /* statx's, as far as it is looked at: musl has no such header */
		uint32_t mask, block_size;
		uint64_t attributes;
		uint32_t links, uid, gid;
		uint16_t mode, spare;
		uint64_t inode, size;
		uint8_t rest[256 - 48];
	} x;
	int fd = open("s", O_CREAT | O_RDWR, 0600);

	SHOW(write(fd, "12345", 5));
	SHOW(stat("s", &s));
	show_stat("stat", &s);
	SHOW(fstat(fd, &t));
	CHECK(s.st_ino == t.st_ino && s.st_dev == t.st_dev);
	SHOW(fstatat(AT_FDCWD, "d", &s, 0));
	show_stat("directory", &s);
	SHOW(fstatat(fd, "", &s, AT_EMPTY_PATH));
	show_stat("empty path", &s);
	SHOW(stat("/dev/null", &s));
	printf("device %u:%u\n", major(s.st_rdev), minor(s.st_rdev));
	SHOW(stat("none", &s));
	SHOW(fstat(99, &s));
	SHOW(syscall(SYS_statx, AT_FDCWD, "s", 0, 0x202, &x)); /* STATX_SIZE | STATX_MODE */
	printf("statx size %lu mode %o\n", (unsigned long)x.size, x.mode & 07777);
	close(fd);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *name)
{
	char *names[300];
	int count = 0;
	struct dirent *entry;
	DIR *directory = opendir(name);

	while ((entry = readdir(directory)) != NULL)
		names[count++] = strdup(entry->d_name);
	closedir(directory);
	qsort(names, count, sizeof(*names), by_name);
	printf("%s:", name);
	for (int i = 0; i < count; i++)
		printf(" %s", names[i]);
	putchar('\n');
}

static void directories(void)
{
	char buffer[200], name[32];
	long total = 0, n;
	int fd;

	mkdir("many", 0700);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "many/file-%03d", i);
		close(open(name, O_CREAT | O_WRONLY, 0600));
	}
	fd = open("many", O_RDONLY | O_DIRECTORY);
	while ((n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < n; at += *(unsigned short *)(buffer + at + 16))
			total++;
	printf("entries %ld\n", total);
	SHOW(syscall(SYS_getdents64, fd, buffer, 10));
	lseek(fd, 0, SEEK_SET);
	SHOW(syscall(SYS_getdents64, fd, buffer, 10));
	close(fd);
	list("many");
	SHOW(rmdir("many"));
	SHOW(rmdir("s"));
	SHOW(mkdir("s", 0700));
	SHOW(mkdir("no/such", 0700));
	SHOW(mkdir("deep", 0700));
	SHOW(chdir("deep"));
	SHOW(chdir("none"));
	CHECK(strcmp(strrchr(getcwd(buffer, sizeof(buffer)), '/'), "/deep") == 0);
	SHOW(getcwd(buffer, 2) == NULL ? -1 : 0);
	SHOW(rmdir("../deep"));
	SHOW(open("x", O_CREAT | O_WRONLY, 0600));
	SHOW(chdir("/proc/self/cwd/.."));
	fd = open("d", O_RDONLY);
	SHOW(fchdir(fd));
	SHOW(access("in", F_OK));
	SHOW(chdir(".."));
	close(fd);
}

static void links(void)
{
	char target[PATH_MAX];
	struct stat s;

	close(open("f", O_CREAT | O_WRONLY, 0600));
	SHOW(link("f", "g"));
	SHOW(link("f", "g"));
	SHOW(link("d", "e"));
	SHOW(symlink("f", "l"));
	SHOW(symlink("loop", "loop"));
	SHOW(lstat("l", &s));
	show_stat("symbolic link", &s);
	SHOW(stat("l", &s));
	show_stat("its target", &s);
	SHOW(readlink("l", target, sizeof(target)));
	SHOW(readlink("l", target, 0));
	SHOW(readlink("f", target, sizeof(target)));
	SHOW(open("loop", O_RDONLY));
	SHOW(open("l", O_NOFOLLOW | O_RDONLY));
	SHOW(linkat(AT_FDCWD, "l", AT_FDCWD, "h", AT_SYMLINK_FOLLOW));
	SHOW(unlink("f"));
	SHOW(unlink("f"));
	SHOW(unlink("d"));
	SHOW(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
	SHOW(stat("l", &s));
	SHOW(stat("g", &s));
	show_stat("left", &s);
	CHECK(readlink("/proc/self/exe", target, sizeof(target)) > 4 && strstr(target, "file") != NULL);
}

static void renames(void)
{
	SHOW(rename("g", "r"));
	SHOW(rename("g", "r"));
	SHOW(rename("r", "d"));
	SHOW(rename("d", "many/d"));
	SHOW(rename("many", "many/d/many"));
	SHOW(syscall(SYS_renameat2, AT_FDCWD, "r", AT_FDCWD, "s", NOREPLACE));
	SHOW(syscall(SYS_renameat2, AT_FDCWD, "r", AT_FDCWD, "s", EXCHANGE));
	SHOW(rename("many/d/in", "in"));
	SHOW(mknod("fifo", S_IFIFO | 0600, 0));
	list(".");
}

static void sizes(void)
{
	struct stat s;
	int fd = open("z", O_CREAT | O_RDWR, 0600);

	SHOW(ftruncate(fd, 100000));
	SHOW(ftruncate(fd, -1));
	SHOW(truncate("z", 5000));
	SHOW(truncate("none", 1));
	SHOW(fallocate(fd, 0, 0, 20000));
	SHOW(fstat(fd, &s));
	show_stat("allocated", &s);
	SHOW(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 4096));
	SHOW(fallocate(fd, 0, 0, 0));
	SHOW(posix_fallocate(fd, 30000, 10));
	SHOW(lseek(fd, 0, SEEK_END));
	SHOW(fsync(fd));
	SHOW(fdatasync(fd));
	SHOW(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
	close(fd);
}

/* openat2(2) takes nothing that it does not know. */
static void opening_strictly(void)
{
	struct {
		uint64_t flags, mode, resolve, more;
	} how = { .flags = O_RDONLY };
	int fd;

	SUCCEEDS(fd = syscall(SYS_openat2, AT_FDCWD, "/dev/null", &how, 24));
	SUCCEEDS(fd = syscall(SYS_openat2, AT_FDCWD, "/dev/null", &how, sizeof(how)));
	close(fd);
	SHOW(syscall(SYS_openat2, AT_FDCWD, "/dev/null", &how, 16));
	how.mode = 0600;
	SHOW(syscall(SYS_openat2, AT_FDCWD, "/dev/null", &how, 24));
	how.mode = 0;
	how.flags = 1 << 30;
	SHOW(syscall(SYS_openat2, AT_FDCWD, "/dev/null", &how, 24));
	how.flags = O_RDONLY;
	how.more = 1;
	SHOW(syscall(SYS_openat2, AT_FDCWD, "/dev/null", &how, sizeof(how)));
}

/* Its own process by path: the program, not what runs it. */
static void process_by_path(void)
{
	struct stat by_path, by_link;
	char path[64], target[PATH_MAX] = "";

	SUCCEEDS(readlink("/proc/self/exe", target, sizeof(target) - 1));
	SHOW(stat("/proc/self/exe", &by_path));
	SHOW(stat(target, &by_link));
	CHECK(by_path.st_ino == by_link.st_ino && by_path.st_dev == by_link.st_dev);
	SHOW(lstat("/proc/self/exe", &by_link));
	CHECK(S_ISLNK(by_link.st_mode));
	SHOW(fstatat(AT_FDCWD, "/proc/self/exe", &by_link, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISLNK(by_link.st_mode));
	snprintf(path, sizeof(path), "/proc/%d", getpid());
	SHOW(stat(path, &by_path));
	CHECK(S_ISDIR(by_path.st_mode));
	snprintf(path, sizeof(path), "/proc/%d/exe", getpid());
	SHOW(access(path, X_OK));
	SHOW(access("/proc/self/none", F_OK));
}

int main(void)
{
	opening();
	opening_strictly();
	process_by_path();
	statuses();
	directories();
	links();
	renames();
	sizes();
	return 0;
}
