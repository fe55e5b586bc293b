/* /dev/cpu/N/msr as Linux has it. usage: msr VCPUS MODE, MODE being "host" where the TSC is read only */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "check.h"

enum { TSC = 0x10, TSC_ADJUST = 0x3b, TSC_AUX = 0xc0000103u };

static int open_vcpu(int vcpu, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", vcpu);
	return open(path, flags);
}

static uint64_t read_msr(int fd, uint32_t msr)
{
	uint64_t value = 0;

	CHECK(pread(fd, &value, 8, msr) == 8, "msr %x: %s", msr, strerror(errno));
	return value;
}

static void errors(int fd, int vcpus)
{
	char buffer[16];

	CHECK(open_vcpu(vcpus, O_RDONLY) == -1 && errno == ENXIO, "errno %d", errno);
	CHECK(pread(fd, buffer, 4, TSC) == -1 && errno == EINVAL, "errno %d", errno);
	CHECK(pread(fd, buffer, 12, TSC) == -1 && errno == EINVAL, "errno %d", errno);
	CHECK(pwrite(fd, buffer, 7, TSC) == -1 && errno == EINVAL, "errno %d", errno);
	CHECK(pread(fd, buffer, 8, 0x12345) == -1 && errno == EIO, "errno %d", errno);
	CHECK(pwrite(fd, buffer, 8, 0xce) == -1 && errno == EIO, "errno %d", errno);
	CHECK(pread(fd, (void *)16, 8, TSC) == -1 && errno == EFAULT, "errno %d", errno);
	CHECK(pread(fd, buffer, 8, -1) == -1 && errno == EINVAL, "errno %d", errno);
	CHECK(open("/dev/cpu/0/msr", O_RDONLY | O_DIRECTORY) == -1 && errno == ENOTDIR, "errno %d", errno);
	fd = open_vcpu(0, O_RDONLY);
	CHECK(pwrite(fd, buffer, 8, TSC) == -1 && errno == EBADF, "errno %d", errno);
	fd = open_vcpu(0, O_WRONLY);
	CHECK(pread(fd, buffer, 8, TSC) == -1 && errno == EBADF, "errno %d", errno);
}

/* A read lies between two RDTSCs on that vCPU. */
static void agrees(int fd, int vcpu)
{
	cpu_set_t set;
	uint64_t before, value, after;

	CPU_ZERO(&set);
	CPU_SET(vcpu, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == 0, "errno %d", errno);
	before = rdtsc();
	value = read_msr(fd, TSC);
	after = rdtsc();
	CHECK(before <= value && value <= after, "%lu, %lu, %lu", before, value, after);
	CHECK(read_msr(fd, TSC_AUX) == (uint64_t)vcpu, "vcpu %d", vcpu);
}

static void position(int fd)
{
	uint64_t first, second;

	CHECK(lseek(fd, TSC, SEEK_SET) == TSC, "errno %d", errno);
	CHECK(read(fd, &first, 8) == 8 && read(fd, &second, 8) == 8, "errno %d", errno);
	CHECK(second > first, "%lu, %lu: the position stays", first, second);
	fd = dup(fd);
	CHECK(read(fd, &first, 8) == 8 && first > second, "a duplicate");
	if (fork() == 0) {
		CHECK(read(fd, &second, 8) == 8 && second > first, "a child");
		exit(check_result());
	}
	wait(&fd);
	CHECK(fd == 0, "child's status %x", fd);
}

/* An MSR is the vCPU's, whichever process writes it. */
static void written_by_child(int fd)
{
	uint64_t value = UINT64_C(1) << 62;
	int status;

	if (fork() == 0) {
		CHECK(pwrite(fd, &value, 8, TSC) == 8, "errno %d", errno);
		exit(check_result());
	}
	wait(&status);
	CHECK(status == 0 && read_msr(fd, TSC) >= value, "%lu, status %x", read_msr(fd, TSC), status);
	if (fork() == 0) {
		CHECK(read_msr(fd, TSC) >= value && read_msr(fd, TSC) < value * 3 / 2, "%lu", read_msr(fd, TSC));
		exit(check_result());
	}
	wait(&status);
	CHECK(status == 0, "status %x", status);
}

static void writes(int fd, int read_only)
{
	uint64_t value = 1000000, adjust, after;

	if (read_only) {
		CHECK(pwrite(fd, &value, 8, TSC) == -1 && errno == EIO, "errno %d", errno);
		return;
	}
	adjust = read_msr(fd, TSC_ADJUST);
	CHECK(pwrite(fd, &value, 8, TSC) == 8, "errno %d", errno);
	after = read_msr(fd, TSC);
	CHECK(after >= value && after < value + 100000000, "%lu", after);
	CHECK(read_msr(fd, TSC_ADJUST) != adjust, "%lu", adjust);
	CHECK(pwrite(fd, &adjust, 8, TSC_ADJUST) == 8, "errno %d", errno);
	written_by_child(fd);
}

static void vectors(int fd)
{
	uint64_t first = 0, second = 0;
	struct iovec parts[2] = { { &first, 8 }, { &second, 8 } };

	CHECK(preadv(fd, parts, 2, TSC) == 16 && second >= first && first, "%lu, %lu", first, second);
	lseek(fd, TSC, SEEK_SET);
	second = 0;
	CHECK(readv(fd, parts, 2) == 16 && second >= first, "%lu, %lu", first, second);
	parts[1].iov_len = 4;
	CHECK(preadv(fd, parts, 2, TSC) == 8, "errno %d", errno);
	CHECK(preadv(fd, parts + 1, 1, TSC) == -1 && errno == EINVAL, "errno %d", errno);
	CHECK(preadv(fd, parts, 1, 0x12345) == -1 && errno == EIO, "errno %d", errno);
	CHECK(pwritev(fd, parts, 1, 0xce) == -1 && errno == EIO, "errno %d", errno);
}

static void attributes(int fd, int vcpus)
{
	char path[32];
	struct stat status;
	struct dirent *entry;
	DIR *directory = opendir("/dev/cpu");
	int seen = 0;

	CHECK(fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(202, 0), "mode %o", status.st_mode);
	CHECK(stat("/dev/cpu/0/msr", &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(202, 0), "mode %o",
		status.st_mode);
	CHECK(stat("/dev/cpu/0", &status) == 0 && S_ISDIR(status.st_mode), "mode %o", status.st_mode);
	CHECK(access("/dev/cpu/0/msr", R_OK | W_OK) == 0, "errno %d", errno);
	CHECK(access("/dev/cpu/0/msr", X_OK) == -1 && errno == EACCES, "errno %d", errno);
	CHECK(access("/dev/cpu/0/cpuid", R_OK) == -1 && errno == ENOENT, "errno %d: the host's CPUID", errno);
	snprintf(path, sizeof(path), "/dev/cpu/%d", vcpus);
	CHECK(stat(path, &status) == -1 && errno == ENOENT, "errno %d", errno);
	while (directory && (entry = readdir(directory)))
		seen += entry->d_name[0] != '.';
	CHECK(seen == vcpus, "%d", seen);
	CHECK(directory && faccessat(dirfd(directory), "0/msr", F_OK, 0) == 0, "errno %d", errno);
	CHECK(directory && openat(dirfd(directory), "0/msr", O_RDONLY) >= 0, "errno %d", errno);
}

int main(int argc, char **argv)
{
	int vcpus = argc > 1 ? atoi(argv[1]) : 1, fd = open_vcpu(0, O_RDWR);

	CHECK(fd >= 0, "errno %d", errno);
	errors(fd, vcpus);
	position(fd);
	vectors(fd);
	attributes(fd, vcpus);
	for (int vcpu = 0; vcpu < vcpus; vcpu++)
		agrees(open_vcpu(vcpu, O_RDWR), vcpu);
	writes(open_vcpu(0, O_RDWR), argc > 2 && !strcmp(argv[2], "host"));
	return check_result();
}
