/* Descriptors: dup, dup2 and dup3, flags, locks, memfd, limits, ownership and times of files, extended attributes. */
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

#include "show.h"

static void duplicates(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0600), copy;

	SHOW(write(fd, "abc", 3));
	SUCCEEDS(copy = dup(fd));
	SHOW(lseek(copy, 0, SEEK_CUR));
	SHOW(dup2(fd, 50));
	SHOW(dup2(fd, fd) == fd);
	SHOW(dup2(99, 98));
	SHOW(dup3(fd, 51, O_CLOEXEC));
	SHOW(dup3(fd, fd, 0));
	SHOW(dup3(fd, 52, 1));
	SHOW(fcntl(51, F_GETFD));
	SHOW(fcntl(50, F_GETFD));
	SHOW(fcntl(50, F_SETFD, FD_CLOEXEC));
	SHOW(fcntl(50, F_GETFD));
	SHOW(fcntl(fd, F_DUPFD, 60));
	SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 60));
	SHOW(fcntl(fd, F_DUPFD, -1));
	SHOW(fcntl(fd, 12345, 0));
	SHOW(fcntl(99, F_GETFL));
	SHOW(close(50));
	SHOW(syscall(SYS_close_range, 51, 70, 0));
	SHOW(fcntl(60, F_GETFD));
	SHOW(isatty(fd));
	SHOW(ioctl(fd, TIOCGWINSZ, &copy));
	SHOW(ioctl(fd, FIONREAD, &copy));
	SHOW(close(-1));
}

static void locks(void)
{
	int fd = open("lock", O_CREAT | O_RDWR, 0600), other = open("lock", O_RDWR);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5 };

	SHOW(flock(fd, LOCK_EX));
	SHOW(flock(other, LOCK_EX | LOCK_NB));
	SHOW(flock(fd, LOCK_UN));
	SHOW(flock(other, LOCK_SH | LOCK_NB));
	SHOW(flock(fd, 77));
	SHOW(fcntl(fd, F_SETLK, &lock));
	if (fork() == 0) {
		SHOW(fcntl(fd, F_SETLK, &lock));
		lock.l_start = 0;
		lock.l_len = 0;
		SHOW(fcntl(fd, F_GETLK, &lock));
		printf("type %d start %ld length %ld by parent %d\n", lock.l_type, (long)lock.l_start, (long)lock.l_len,
			lock.l_pid == getppid());
		_exit(0);
	}
	wait(NULL);
	lock.l_type = F_UNLCK;
	SHOW(fcntl(fd, F_SETLKW, &lock));
	SHOW(lockf(fd, F_TLOCK, 0));
	if (fork() == 0) {
		SHOW(flock(open("lock", O_RDWR), LOCK_SH));
		_exit(0);
	}
	wait(NULL);
}

static void memory_file(void)
{
	int fd = memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char path[64], target[64] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	SHOW(readlink(path, target, sizeof(target) - 1));
	printf("'%s'\n", target);
	SHOW(write(fd, "12345", 5));
	SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	SHOW(fcntl(fd, F_GET_SEALS));
	SHOW(ftruncate(fd, 1));
	SHOW(ftruncate(fd, 100));
	SHOW(pwrite(fd, "x", 1, 0));
	SHOW(memfd_create("x", 0x100));
}

static void attributes(void)
{
	struct timespec times[2] = { { 1000000000, 123456789 }, { 2000000000, 0 } };
	struct statfs fs;
	struct statvfs vfs;
	struct stat s;
	char value[20];
	int fd = open("attributes", O_CREAT | O_RDWR, 0666);

	SHOW(umask(027));
	SHOW(umask(022));
	SHOW(chmod("attributes", 04751));
	SHOW(fchmod(fd, 0640));
	SHOW(fchmodat(AT_FDCWD, "none", 0640, 0));
	SHOW(chown("attributes", getuid(), getgid()));
	SHOW(fchownat(fd, "", -1, -1, AT_EMPTY_PATH));
	SHOW(utimensat(AT_FDCWD, "attributes", times, 0));
	fstat(fd, &s);
	printf("mode %o times %ld.%09ld %ld.%09ld\n", s.st_mode, (long)s.st_atim.tv_sec, s.st_atim.tv_nsec, (long)s.st_mtim.tv_sec,
		s.st_mtim.tv_nsec);
	times[0].tv_nsec = UTIME_OMIT;
	times[1].tv_sec = 5;
	SHOW(futimens(fd, times));
	times[0].tv_nsec = 1000000000;
	SHOW(futimens(fd, times));
	SHOW(utimes("attributes", (struct timeval[2]){ { 7, 8 }, { 9, 10 } }));
	fstat(fd, &s);
	printf("times %ld.%09ld %ld.%09ld\n", (long)s.st_atim.tv_sec, s.st_atim.tv_nsec, (long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
	SHOW(setxattr("attributes", "user.one", "first", 5, 0));
	SHOW(fsetxattr(fd, "user.one", "again", 5, XATTR_CREATE));
	SHOW(getxattr("attributes", "user.one", value, sizeof(value)));
	printf("'%.5s'\n", value);
	SHOW(fgetxattr(fd, "user.two", value, sizeof(value)));
	SHOW(getxattr("attributes", "user.one", value, 2));
	SHOW(listxattr("attributes", value, sizeof(value)));
	SHOW(removexattr("attributes", "user.one"));
	SHOW(flistxattr(fd, value, sizeof(value)));
	SHOW(statfs(".", &fs));
	SHOW(fstatvfs(fd, &vfs));
	CHECK((unsigned long)fs.f_bsize == vfs.f_bsize && fs.f_blocks == vfs.f_blocks && vfs.f_namemax == 255);
	SHOW(statfs("none", &fs));
}

static void limits(void)
{
	struct rlimit limit;

	SHOW(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 20;
	SHOW(setrlimit(RLIMIT_NOFILE, &limit));
	SHOW(dup2(0, 20));
	SHOW(fcntl(0, F_DUPFD, 19) == 19 || errno == EMFILE);
	SHOW(fcntl(0, F_DUPFD, 20));
	limit.rlim_cur = limit.rlim_max + 1;
	SHOW(limit.rlim_max == RLIM_INFINITY ? -1 : setrlimit(RLIMIT_NOFILE, &limit));
	SHOW(getrlimit(99, &limit));
	SHOW(getrlimit(RLIMIT_CORE, &limit));
}

static int wrong; /* descriptors that were given out but are none */

static int take(int fd)
{
	if (fd >= 0 && fcntl(fd, F_GETFD) < 0)
		wrong++;
	return fd;
}

/* Every way to get descriptors, up to the limit: none may be another than it says, and the end is EMFILE. */
static void all_descriptors(rlim_t most)
{
	struct rlimit limit;
	int pair[2];

	if (fork() == 0) {
		getrlimit(RLIMIT_NOFILE, &limit);
		limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		while (take(open("/dev/null", O_RDONLY)) >= 0 && take(socket(AF_UNIX, SOCK_STREAM, 0)) >= 0 && take(eventfd(0, 0)) >= 0
			&& take(dup(0)) >= 0 && pipe(pair) == 0 && take(pair[0]) >= 0 && take(pair[1]) >= 0
			&& socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && take(pair[0]) >= 0 && take(pair[1]) >= 0)
			;
		printf("errno %d, wrong %d\n", errno, wrong);
		SHOW(open("/dev/null", O_RDONLY));
		_exit(0);
	}
	wait(NULL);
}

static void owners(void)
{
	struct {
		int type, pid;
	} owner = { 1, getpid() }, got = { -1, -1 }; /* F_OWNER_PID */
	int pair[2];

	if (pipe(pair) != 0)
		return;
	SHOW(fcntl(pair[0], 15 /* F_SETOWN_EX */, &owner));
	SHOW(fcntl(pair[0], 16 /* F_GETOWN_EX */, &got));
	CHECK(got.type == owner.type && got.pid == owner.pid);
	owner.pid = 0;
	SHOW(fcntl(pair[0], 15, &owner));
	SHOW(fcntl(pair[0], 16, &got));
	CHECK(got.pid == 0);
	SHOW(fcntl(pair[0], 16, (void *)8));
}

int main(void)
{
	duplicates();
	locks();
	memory_file();
	attributes();
	limits();
	all_descriptors(1024);
	all_descriptors(1500);
	owners();
	return 0;
}
