/* stat(2), access(2) and the like: the host's answers, except for files that the emulator makes up. */
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emu/linux/file/device.h"
#include "emu/linux/file/file.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/calls.h"

/* Returns true if the path is one of ours. Then `result` is 0, and `status` is filled in, or -errno. */
static bool is_ours(struct task *task, int dirfd, uint64_t address, struct stat *status, int64_t *result)
{
	struct process *process = task->process;
	char start[8], guest[PATH_MAX], path[PATH_MAX];
	bool absolute = space_read(&process->space, address, start, sizeof(start)) && memcmp(start, "/dev/cpu", sizeof(start)) == 0;
	if (!absolute && !process->files.dev_cpu)
		return false;
	if (space_read_string(&process->space, address, guest, sizeof(guest)) < 0)
		return false;
	if (!guest[0] || !dev_cpu_path(process, dirfd, guest, path))
		return false;
	*result = dev_cpu_stat(process, path, status);
	return true;
}

static int64_t give(struct task *task, uint64_t address, const void *from, size_t size)
{
	return space_write(&task->process->space, address, from, size) ? 0 : -EFAULT;
}

/* --- stat(2) ------------------------------------------------------------------------------------------------------- */

static int64_t stat_path(struct task *task, uint64_t number, const uint64_t arg[6], int dirfd, unsigned path)
{
	struct stat status;
	int64_t result;
	if (!is_ours(task, dirfd, arg[path], &status, &result))
		return syscall_pass(task, number, arg);
	return result ? result : give(task, arg[path + 1], &status, sizeof(status));
}

int64_t sys_stat(struct task *task, const uint64_t arg[6])
{
	return stat_path(task, SYS_stat, arg, AT_FDCWD, 0);
}

int64_t sys_lstat(struct task *task, const uint64_t arg[6])
{
	return stat_path(task, SYS_lstat, arg, AT_FDCWD, 0);
}

int64_t sys_fstat(struct task *task, const uint64_t arg[6])
{
	struct stat status;
	if (!device_stat(task->process, (int)arg[0], &status))
		return syscall_host(SYS_fstat, arg);
	return give(task, arg[1], &status, sizeof(status));
}

static bool names_descriptor(struct task *task, uint64_t path, uint64_t flags)
{
	char first = 0;
	return flags & AT_EMPTY_PATH && (!path || (space_read(&task->process->space, path, &first, 1) && !first));
}

int64_t sys_newfstatat(struct task *task, const uint64_t arg[6])
{
	struct stat status;
	if (names_descriptor(task, arg[1], arg[3]) && device_stat(task->process, (int)arg[0], &status))
		return give(task, arg[2], &status, sizeof(status));
	return stat_path(task, SYS_newfstatat, arg, (int)arg[0], 1);
}

static struct statx statx_of(const struct stat *from)
{
	return (struct statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = (uint32_t)from->st_blksize,
		.stx_nlink = (uint32_t)from->st_nlink,
		.stx_uid = from->st_uid,
		.stx_gid = from->st_gid,
		.stx_mode = (uint16_t)from->st_mode,
		.stx_ino = from->st_ino,
		.stx_size = (uint64_t)from->st_size,
		.stx_blocks = (uint64_t)from->st_blocks,
		.stx_atime = { .tv_sec = from->st_atim.tv_sec, .tv_nsec = (uint32_t)from->st_atim.tv_nsec },
		.stx_mtime = { .tv_sec = from->st_mtim.tv_sec, .tv_nsec = (uint32_t)from->st_mtim.tv_nsec },
		.stx_ctime = { .tv_sec = from->st_ctim.tv_sec, .tv_nsec = (uint32_t)from->st_ctim.tv_nsec },
		.stx_rdev_major = major(from->st_rdev),
		.stx_rdev_minor = minor(from->st_rdev),
		.stx_dev_major = major(from->st_dev),
		.stx_dev_minor = minor(from->st_dev),
	};
}

int64_t sys_statx(struct task *task, const uint64_t arg[6])
{
	struct statx extended;
	struct stat status;
	int64_t result = 0;
	if (!(names_descriptor(task, arg[1], arg[2]) && device_stat(task->process, (int)arg[0], &status))
		&& !is_ours(task, (int)arg[0], arg[1], &status, &result))
		return syscall_pass(task, SYS_statx, arg);
	extended = statx_of(&status);
	return result ? result : give(task, arg[4], &extended, sizeof(extended));
}

/* --- access(2) ----------------------------------------------------------------------------------------------------- */

/* Every program may open a made-up file, whatever its user. */
static int64_t access_path(struct task *task, uint64_t number, const uint64_t arg[6], int dirfd, unsigned path)
{
	struct stat status;
	int64_t result;
	if (!is_ours(task, dirfd, arg[path], &status, &result))
		return syscall_pass(task, number, arg);
	if (!result && arg[path + 1] & X_OK && S_ISCHR(status.st_mode))
		return -EACCES;
	return result;
}

int64_t sys_access(struct task *task, const uint64_t arg[6])
{
	return access_path(task, SYS_access, arg, AT_FDCWD, 0);
}

int64_t sys_faccessat(struct task *task, const uint64_t arg[6])
{
	return access_path(task, SYS_faccessat, arg, (int)arg[0], 1);
}

int64_t sys_faccessat2(struct task *task, const uint64_t arg[6])
{
	return access_path(task, SYS_faccessat2, arg, (int)arg[0], 1);
}

/* --- getxattr(2): none ---------------------------------------------------------------------------------------------- */

static int64_t attribute(struct task *task, uint64_t number, const uint64_t arg[6], int64_t none)
{
	struct stat status;
	int64_t result;
	if (!is_ours(task, AT_FDCWD, arg[0], &status, &result))
		return syscall_pass(task, number, arg);
	return result ? result : none;
}

int64_t sys_getxattr(struct task *task, const uint64_t arg[6])
{
	return attribute(task, SYS_getxattr, arg, -ENODATA);
}

int64_t sys_lgetxattr(struct task *task, const uint64_t arg[6])
{
	return attribute(task, SYS_lgetxattr, arg, -ENODATA);
}

int64_t sys_listxattr(struct task *task, const uint64_t arg[6])
{
	return attribute(task, SYS_listxattr, arg, 0);
}

int64_t sys_llistxattr(struct task *task, const uint64_t arg[6])
{
	return attribute(task, SYS_llistxattr, arg, 0);
}
