/* What the files of the file family share. */
#ifndef TICK86_EMU_FILE_H
#define TICK86_EMU_FILE_H

#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "emu/linux/file/device.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/syscall.h"

/* --- vectors: file_io.c -------------------------------------------------------------------------------------------- */

enum { FILE_IOV_MAX = 1024 }; /* UIO_MAXIOV */

/* Copies and checks the guest's vector; `written` says that the kernel will write where it points. 0 or -errno. */
int64_t file_read_vector(struct task *task, uint64_t address, uint64_t count, bool written,
                         struct iovec vector[FILE_IOV_MAX]);
uint64_t file_vector_length(const struct iovec *vector, uint64_t count);
/* Drops `skip` bytes at the front and what is beyond `limit` bytes after them. Returns the new count. */
uint64_t file_trim_vector(struct iovec *vector, uint64_t count, uint64_t skip, uint64_t limit);

/* --- emulated files: proc_files.c ---------------------------------------------------------------------------------- */

/* Opens what the emulator must make up, as a file of its own: a descriptor, -errno, or NOT_EMULATED. */
enum { NOT_EMULATED = INT_MIN };
int64_t proc_open(struct task *task, int dirfd, const char *path, int flags);
/* Such files as descriptors: one that is read from its beginning has its text as it is now. */
extern const struct device made_up_file;
/* What the links /proc/self and /proc/thread-self hold, or NULL for any other path. */
const char *proc_link(const struct task *task, const char *path, char target[PATH_MAX]);

/* --- directories of threads: proc_threads.c ------------------------------------------------------------------------ */

/* They list the guest's threads. */
extern const struct device threads_directory;

/* --- directories of descriptors: proc_fds.c ------------------------------------------------------------------------ */

/* Whether the path's last part names one of the emulator's own descriptors in such a directory: to the guest that does not exist. */
bool proc_path_is_hidden(const struct process *process, int dirfd, const char *path);

/* --- structures that say how much follows them: tails.c ------------------------------------------------------------ */

/* The host's kernel is about to fill what ioctl(2) `request`, or getsockopt(2), is given at `address`, and what that says is to be filled
 * besides. 0, or -EFAULT where it is not the guest's. */
int64_t ioctl_prepare_tail(struct task *task, uint32_t request, uint64_t address);
int64_t sockopt_prepare_tail(struct task *task, int level, int option, uint64_t address);

/* --- memory written through files and by other processes: memory_file.c --------------------------------------------- */

/* A descriptor was opened, or -errno: from then on the two functions that follow are to be called. */
void memory_file_opened(struct process *process, int64_t fd);
/* Ahead of each call: 0, or -EIO where it would write to what is not the guest's. */
int64_t memory_file_prepare(struct task *task, const struct syscall_row *row, const uint64_t arg[6]);
/* After it. */
void memory_file_written(struct task *task, const struct syscall_row *row, const uint64_t arg[6], int64_t result);
/* The host has copied `size` bytes from parts of our memory to parts of that of `pid`, which may be of this run. */
void memory_written(struct task *task, pid_t pid, const struct iovec *from, uint64_t from_count, const struct iovec *to, uint64_t size);

/* --- /dev/cpu: dev_cpu.c ------------------------------------------------------------------------------------------- */

/* Whether a path, relative to `dirfd` or not, lies there; `absolute` is then what the functions below take. */
bool dev_cpu_path(const struct process *process, int dirfd, const char *path, char absolute[PATH_MAX]);
/* open(2): a descriptor, or -errno (ENXIO: the MSRs of a vCPU that is none). */
int64_t dev_cpu_open(struct task *task, const char *path, int flags);
/* stat(2): 0 or -ENOENT. fstat(2): false if the descriptor is of something else. */
int64_t dev_cpu_stat(const struct process *process, const char *path, struct stat *status);
bool dev_cpu_fstat(const struct process *process, int fd, struct stat *status);
/* The directories as descriptors. */
extern const struct device cpu_directory;

/* --- MSRs: msr_device.c -------------------------------------------------------------------------------------------- */

/* Opens the MSRs of a vCPU that exists: a descriptor, or -errno. */
int64_t msr_open(struct task *task, unsigned vcpu, int flags);
/* Whether a descriptor is such a device, and of which vCPU. */
bool msr_device_vcpu(int fd, unsigned *vcpu);
/* Its transfers give 8, EINVAL for any other length, EIO for an MSR or a value that the vCPU refuses. */
extern const struct device msr_device;

#endif
