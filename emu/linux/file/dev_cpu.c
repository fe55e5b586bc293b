/* /dev/cpu of a machine with these vCPUs: directories 0, 1, ..., each with one file msr (msr_device.c). An open directory is in fact a
 * real one, empty and already removed, whose name tells which of ours it is. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/calls.h"
#include "timekeep/timekeep.h"

#define ROOT "/dev/cpu"
#define STAND_IN "tick86-dev-cpu"

enum { MSR_MAJOR = 202, ROOT_LENGTH = sizeof(ROOT) - 1 };

/* --- paths --------------------------------------------------------------------------------------------------------- */

struct node {
	enum { NODE_OTHER, NODE_MISSING, NODE_ROOT, NODE_VCPU, NODE_MSR } kind;
	unsigned vcpu;
};

static struct node find_node(const struct process *process, const char *path)
{
	struct node node = { .kind = NODE_MISSING };
	int end = 0, msr = 0;
	if (strncmp(path, ROOT, ROOT_LENGTH) != 0 || (path[ROOT_LENGTH] && path[ROOT_LENGTH] != '/'))
		return (struct node){ .kind = NODE_OTHER };
	path += ROOT_LENGTH;
	if (strspn(path, "/.") == strlen(path))
		return (struct node){ .kind = strstr(path, "..") ? NODE_OTHER : NODE_ROOT };
	if (sscanf(path, "/%3u%n/msr%n", &node.vcpu, &end, &msr) < 1 || node.vcpu >= tk_vcpus(process->clock))
		return node;
	if (msr && !path[msr])
		node.kind = NODE_MSR;
	else if (strspn(path + end, "/") == strlen(path + end))
		node.kind = NODE_VCPU;
	return node;
}

/* Returns which of our directories a descriptor is. */
static struct node node_of_directory(int fd)
{
	char link[32], name[PATH_MAX] = "", *at;
	struct node node = { .kind = NODE_OTHER };
	int vcpu;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, name, sizeof(name) - 1) < 0 || !(at = strrchr(name, '/')) || sscanf(at, "/" STAND_IN "%d-", &vcpu) != 1)
		return node;
	node.kind = vcpu < 0 ? NODE_ROOT : NODE_VCPU;
	node.vcpu = vcpu < 0 ? 0 : (unsigned)vcpu;
	return node;
}

bool dev_cpu_path(const struct process *process, int dirfd, const char *path, char absolute[PATH_MAX])
{
	struct node base = { .kind = NODE_ROOT };
	if (path[0] == '/') {
		snprintf(absolute, PATH_MAX, "%s", path);
		return find_node(process, path).kind != NODE_OTHER;
	}
	if (!process->files.dev_cpu || dirfd == AT_FDCWD)
		return false;
	base = node_of_directory(dirfd);
	if (base.kind == NODE_OTHER)
		return false;
	if (base.kind == NODE_ROOT)
		return snprintf(absolute, PATH_MAX, ROOT "/%s", path) < PATH_MAX;
	return snprintf(absolute, PATH_MAX, ROOT "/%u/%s", base.vcpu, path) < PATH_MAX;
}

/* --- opening, reading ---------------------------------------------------------------------------------------------- */

static int64_t open_stand_in(struct node node, int flags)
{
	const char *place = getenv("TMPDIR");
	char path[PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/" STAND_IN "%d-XXXXXX", place ? place : "/tmp",
		node.kind == NODE_ROOT ? -1 : (int)node.vcpu);
	if (length >= (int)sizeof(path) || !mkdtemp(path))
		return -errno;
	int fd = open(path, O_RDONLY | O_DIRECTORY | (flags & O_CLOEXEC));
	int64_t result = fd < 0 ? -errno : fd;
	rmdir(path);
	return result;
}

int64_t dev_cpu_open(struct task *task, const char *path, int flags)
{
	struct node node = find_node(task->process, path);
	switch (node.kind) {
	case NODE_ROOT:
	case NODE_VCPU:
		if ((flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT)
			return -EISDIR;
		task->process->files.dev_cpu = true;
		return open_stand_in(node, flags);
	case NODE_MSR: return flags & O_DIRECTORY ? -ENOTDIR : msr_open(task, node.vcpu, flags);
	default:
		/* a node whose vCPU does not exist, as in the driver */
		return strlen(path) > 4 && strcmp(path + strlen(path) - 4, "/msr") == 0 ? -ENXIO : -ENOENT;
	}
}

struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[12];
};

static bool nth_entry(const struct process *process, struct node node, int64_t n, struct entry *entry)
{
	int64_t last = node.kind == NODE_ROOT ? 2 + tk_vcpus(process->clock) : 3;
	if (n >= last)
		return false;
	*entry = (struct entry){ .inode = (uint64_t)n + 1, .offset = n + 1, .type = n > 1 && node.kind == NODE_VCPU ? DT_CHR : DT_DIR };
	if (n < 2)
		snprintf(entry->name, sizeof(entry->name), "%s", n ? ".." : ".");
	else if (node.kind == NODE_VCPU)
		snprintf(entry->name, sizeof(entry->name), "msr");
	else
		snprintf(entry->name, sizeof(entry->name), "%ld", n - 2);
	entry->length = (uint16_t)((offsetof(struct entry, name) + strlen(entry->name) + 8) & ~7u);
	return true;
}

static bool list_entries(struct task *task, int fd, uint64_t buffer, uint64_t size, int64_t *result)
{
	struct node node = task->process->files.dev_cpu ? node_of_directory(fd) : (struct node){ .kind = NODE_OTHER };
	struct entry entry;
	int64_t position;
	uint64_t filled = 0;
	if (node.kind == NODE_OTHER)
		return false;
	position = lseek(fd, 0, SEEK_CUR);
	for (; nth_entry(task->process, node, position, &entry) && filled + entry.length <= size; position++) {
		if (!space_write(&task->process->space, buffer + filled, &entry, entry.length)) {
			*result = -EFAULT;
			return true;
		}
		filled += entry.length;
	}
	lseek(fd, position, SEEK_SET);
	*result = filled || !nth_entry(task->process, node, position, &entry) ? (int64_t)filled : -EINVAL;
	return true;
}

/* --- stat ----------------------------------------------------------------------------------------------------------- */

static void describe(struct node node, struct stat *status)
{
	bool device = node.kind == NODE_MSR;
	if (stat(device ? "/dev/null" : "/dev", status) != 0)
		memset(status, 0, sizeof(*status));
	status->st_ino = node.kind == NODE_ROOT ? 1 : 2 * node.vcpu + 2 + device;
	status->st_nlink = device ? 1 : 2;
	status->st_mode = device ? S_IFCHR | 0600 : S_IFDIR | 0755;
	status->st_size = status->st_blocks = 0;
	status->st_uid = geteuid();
	status->st_gid = getegid();
	status->st_rdev = device ? makedev(MSR_MAJOR, node.vcpu) : 0;
}

int64_t dev_cpu_stat(const struct process *process, const char *path, struct stat *status)
{
	struct node node = find_node(process, path);
	if (node.kind == NODE_MISSING)
		return -ENOENT;
	describe(node, status);
	return 0;
}

bool dev_cpu_fstat(const struct process *process, int fd, struct stat *status)
{
	struct node node = { .kind = NODE_MSR };
	if (!process->files.dev_cpu)
		return false;
	if (!msr_device_vcpu(fd, &node.vcpu))
		node = node_of_directory(fd);
	if (node.kind == NODE_OTHER)
		return false;
	describe(node, status);
	return true;
}

static bool is_cpu_directory(struct process *process, int fd)
{
	return process->files.dev_cpu && node_of_directory(fd).kind != NODE_OTHER;
}

const struct device cpu_directory = { .is = is_cpu_directory, .stat = dev_cpu_fstat, .entries = list_entries };
