/* Functions that the files of this room share. */
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

/* Copies the guest's vector for the host's kernel (space_host_pointer). `written`: the kernel will write to the memory that it describes.
 * Returns 0 or -errno. */
int64_t file_read_vector(struct task *task, uint64_t address, uint64_t count, bool written, struct iovec vector[FILE_IOV_MAX]);
/* The vector, or what else the call's second argument points to, cannot be read: `error`. Returns the error that the kernel would find
 * first, if it finds one in the descriptor. */
int64_t file_vector_refused(uint64_t number, const uint64_t arg[6], int64_t error);
uint64_t file_vector_length(const struct iovec *vector, uint64_t count);
/* Drops `skip` bytes at the front, and what comes after the next `limit` bytes. Returns the new count. */
uint64_t file_trim_vector(struct iovec *vector, uint64_t count, uint64_t skip, uint64_t limit);

/* --- emulated files: proc_files.c ---------------------------------------------------------------------------------- */

/* Opens a file that the emulator must make up. Returns a descriptor, -errno, or NOT_EMULATED. */
enum { NOT_EMULATED = INT_MIN };
int64_t proc_open(struct task *task, const char *path, int flags);
/* Called with what the host has opened with these flags, or -errno. If that is a file which the emulator must make up, by whatever name it
 * was opened, the descriptor becomes that file. Returns the descriptor or -errno. */
int64_t proc_opened(struct task *task, int64_t fd, int flags);
/* Open made-up files. A read at the beginning of one gives its text as of now. */
extern const struct device made_up_file;
/* Returns the target of the links /proc/self and /proc/thread-self, or NULL for any other path. */
const char *proc_link(const struct task *task, const char *path, char target[PATH_MAX]);

/* --- directories of threads: proc_threads.c ------------------------------------------------------------------------ */

/* Open directories /proc/PID/task: they list the guest's threads. */
extern const struct device threads_directory;

/* --- directories of descriptors: proc_fds.c ------------------------------------------------------------------------ */

/* Returns true if the path's last part is the number of one of the emulator's descriptors in such a directory, or the range of a mapping
 * of its in map_files. The guest must not see it. */
bool proc_path_is_hidden(const struct process *process, int dirfd, const char *path);
/* Returns true if the host's process runs this emulator. */
bool proc_runs_emulator(pid_t host_pid);

/* --- structures that tell how much follows them: tails.c ------------------------------------------------------------ */

/* Called before the host's kernel uses the structure at `address`, for ioctl(2) `request`, getsockopt(2) or (`set`) setsockopt(2), and
 * the elements that the structure describes. Returns 0, or -EFAULT if the elements are not in the guest's memory. */
int64_t ioctl_prepare_tail(struct task *task, uint32_t request, uint64_t address);
int64_t sockopt_prepare_tail(struct task *task, bool set, int level, int option, uint64_t address);

/* Returns the error of an ioctl(2) whose argument, or a pointer in its structure, is not the guest's: EFAULT, unless the kernel finds
 * another one first. ioctl.c. */
int64_t ioctl_refused(const uint64_t arg[6]);

/* --- memory reached through files and by other processes: memory_file.c ---------------------------------------------- */

/* Called when a file of /proc was opened. Only after such a file was opened, descriptors are looked at. */
void memory_file_opened(struct process *process, int fd);
/* Open files /proc/PID/mem and /proc/PID/pagemap. */
extern const struct device memory_file;
/* Called when the host has copied `result` bytes (or has failed so) from parts of our memory to parts of the memory of process `pid`. Goes on
 * where it was stopped by a page that only decoded code makes read-only. Returns how many bytes are copied now, or the error. */
int64_t memory_write_code(struct task *task, pid_t pid, const struct iovec *from, uint64_t from_count, const struct iovec *to,
	uint64_t to_count, int64_t result);
/* Called when the host has copied `size` bytes from parts of our memory to parts of the memory of process `pid`, which may be of this
 * run. */
void memory_written(struct task *task, pid_t pid, const struct iovec *from, uint64_t from_count, const struct iovec *to, uint64_t size);

/* --- /dev/cpu: dev_cpu.c ------------------------------------------------------------------------------------------- */

/* Returns true if a path, relative to `dirfd` or not, is below /dev/cpu. `absolute` is the path for the functions below. */
bool dev_cpu_path(const struct process *process, int dirfd, const char *path, char absolute[PATH_MAX]);
/* open(2). Returns a descriptor or -errno (ENXIO: the MSRs of a vCPU that does not exist). */
int64_t dev_cpu_open(struct task *task, const char *path, int flags);
/* stat(2): returns 0 or -ENOENT. fstat(2): returns false if the descriptor is not below /dev/cpu. */
int64_t dev_cpu_stat(const struct process *process, const char *path, struct stat *status);
bool dev_cpu_fstat(const struct process *process, int fd, struct stat *status);
/* Open directories. */
extern const struct device cpu_directory;

/* --- MSRs: msr_device.c -------------------------------------------------------------------------------------------- */

/* Opens the MSRs of an existing vCPU. Returns a descriptor or -errno. */
int64_t msr_open(struct task *task, unsigned vcpu, int flags);
/* Returns true if a descriptor is such a device, and of which vCPU. */
bool msr_device_vcpu(int fd, unsigned *vcpu);
/* Open MSR devices. A transfer gives 8, EINVAL for any other length, or EIO for an MSR or a value that the vCPU refuses. */
extern const struct device msr_device;

#endif
