/* What the files of the file family share. */
#ifndef TICK86_EMU_FILE_H
#define TICK86_EMU_FILE_H

#include <limits.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "emu/linux/rows/syscall.h"

/* --- paths: file_path.c -------------------------------------------------------------------------------------------- */

/* The file that the guest means by `path`: the program for /proc/self/exe, with -L PREFIX the file below the prefix if the path
 * is absolute and exists there, else `path` itself. May use `buffer`. */
const char *file_host_path(const struct process *process, const char *path, char buffer[PATH_MAX]);
/* The same for a call that does not follow a link at the path's end: /proc/self/exe is the link then. */
const char *file_host_path_of_link(const struct process *process, const char *path, char buffer[PATH_MAX]);
/* Which argument is the path of a file that the call only looks at, so that the two above apply; or a number beyond the last. And whether
 * the call, with these arguments, follows a link at the path's end. */
unsigned file_row_looks(const struct syscall_row *row);
bool file_call_follows(const struct syscall_row *row, const uint64_t arg[6]);

/* --- descriptors: file.c ------------------------------------------------------------------------------------------- */

/* Moves a descriptor that the host has given out from the emulator's range to one that the guest can use. Takes results
 * and errors of system calls as they are. */
int64_t file_outside_hidden(int64_t fd);
/* The number of the line `name` in a descriptor's /proc/PID/fdinfo; FILE_NO_INFO: it has no such line. */
enum { FILE_NO_INFO = INT_MIN };
int file_info(int fd, const char *name);
/* Before a host call on `fd` that could block until `events`: 0 to go on (ready, O_NONBLOCK, or nothing that poll knows),
 * SYSCALL_WAIT, -ERESTARTSYS (-EINTR where the socket has a timeout: signal(7)), or -EAGAIN after that timeout. */
int64_t file_ready(struct task *task, int fd, short events);
/* For a call on `fd` that is made without blocking first. file_woken, ahead of it: 0 to go on, or why not, as above. file_wait_again, after
 * it said EAGAIN although the descriptor blocks: 0 to make it again at once, SYSCALL_WAIT, or -EAGAIN after the socket's timeout. */
int64_t file_woken(struct task *task, int fd, short events);
int64_t file_wait_again(struct task *task, int fd, short events);
/* When a wait for `events` ends by the socket's SO_RCVTIMEO or SO_SNDTIMEO, which count on the guest's clock; WAIT_FOREVER: it has none. */
uint64_t file_socket_deadline(struct task *task, int fd, short events);
/* For what cannot be polled: waits a millisecond, after which the call is tried again; -ETIMEDOUT at `deadline` (that of the first try
 * counts). file_retry_later: without one. At a call's beginning file_retried tells 0, or -ERESTARTSYS when a signal ended that wait. */
int64_t file_retry_until(struct task *task, uint64_t deadline);
int64_t file_retry_later(struct task *task);
int64_t file_retried(struct task *task);
/* The virtual deadline of a timeout in the guest's struct timespec (NULL: forever). 0 or -errno. */
int64_t file_deadline(struct task *task, uint64_t timespec, uint64_t *deadline);

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
int64_t proc_open(struct task *task, const char *path, int flags);

/* --- directories of descriptors: proc_fds.c ------------------------------------------------------------------------ */

/* Whether the path's last part names one of the emulator's own descriptors in such a directory: to the guest that does not exist. */
bool proc_path_is_hidden(const struct process *process, int dirfd, const char *path);

/* --- timerfds: timerfd.c ------------------------------------------------------------------------------------------- */

/* Whether a read of `fd`, which is ready, is to end with ECANCELED: TFD_TIMER_CANCEL_ON_SET. */
bool timerfd_read_canceled(struct task *task, int fd);

/* --- /dev/cpu: dev_cpu.c ------------------------------------------------------------------------------------------- */

/* Whether a path, relative to `dirfd` or not, lies there; `absolute` is then what the functions below take. */
bool dev_cpu_path(const struct process *process, int dirfd, const char *path, char absolute[PATH_MAX]);
/* open(2): a descriptor, or -errno (ENXIO: the MSRs of a vCPU that is none). */
int64_t dev_cpu_open(struct task *task, const char *path, int flags);
/* stat(2): 0 or -ENOENT. fstat(2): false if the descriptor is of something else. */
int64_t dev_cpu_stat(const struct process *process, const char *path, struct stat *status);
bool dev_cpu_fstat(const struct process *process, int fd, struct stat *status);
/* getdents64(2): false if the descriptor is of something else; `result` is that of the call. */
bool dev_cpu_entries(struct task *task, int fd, uint64_t buffer, uint64_t size, int64_t *result);

/* --- MSRs: msr_device.c -------------------------------------------------------------------------------------------- */

/* Opens the MSRs of a vCPU that exists: a descriptor, or -errno. */
int64_t msr_open(struct task *task, unsigned vcpu, int flags);
/* Whether a descriptor is such a device, and of which vCPU. */
bool msr_device_vcpu(int fd, unsigned *vcpu);
/* A read or write of arg[0..2] at `position` (MSR_POSITION_OF_FILE: the descriptor's own). False if the descriptor is no MSR
 * device; else `result` is that of the system call: 8, EINVAL for any other length, EIO for an MSR or a value that the vCPU refuses. */
enum { MSR_POSITION_OF_FILE = -1 };
bool msr_transfer(struct task *task, const uint64_t arg[6], int64_t position, bool write, int64_t *result);

/* --- random bytes: random.c ---------------------------------------------------------------------------------------- */

/* Word number `n` of the stream that starts at `start`: splitmix64. */
uint64_t random_word(uint64_t start, uint64_t n);
/* Whether random bytes come from the seed (mode icount). */
bool random_is_seeded(const struct process *process);
/* The next bytes of the process's seeded stream into guest memory. Returns `length` or -EFAULT. */
int64_t random_fill(struct process *process, uint64_t address, uint64_t length);
/* Whether `fd` is /dev/random or /dev/urandom. */
bool random_is_device(int fd);

#endif
