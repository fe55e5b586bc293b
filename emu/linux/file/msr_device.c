/* /dev/cpu/N/msr (Linux arch/x86/kernel/msr.c) for the vCPUs' time MSRs: the MSR's number is the file's position, which a transfer does
 * not move. The device is implemented by an empty memfd, so the kernel duplicates, inherits, passes and seeks its descriptors. The
 * memfd's name tells the vCPU. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/linux/file/device.h"
#include "emu/linux/file/file.h"
#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/time/pvclock.h"
#include "timekeep/timekeep.h"

enum { MSR_BYTES = 8 };

int64_t msr_open(struct task *task, unsigned vcpu, int flags)
{
	char path[32], link[32];
	int fd, result;

	snprintf(path, sizeof(path), "/dev/cpu/%u/msr", vcpu);
	fd = memfd_create(path, MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* opened again to get the access mode */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	result = open(link, flags & (O_ACCMODE | O_CLOEXEC | O_NONBLOCK));
	if (result < 0)
		result = -errno;
	close(fd);
	task->process->files.dev_cpu |= result >= 0;
	return result;
}

bool msr_device_vcpu(int fd, unsigned *vcpu)
{
	enum { PREFIX = sizeof("/memfd:") - 1 };
	char link[32], name[64] = "";
	int end = 0;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, name, sizeof(name) - 1) <= PREFIX)
		return false;
	return sscanf(name, "/memfd:/dev/cpu/%3u/msr (deleted%n", vcpu, &end) == 1 && end > 0;
}

static int64_t result_of(enum tk_error error)
{
	switch (error) {
	case TK_OK: return MSR_BYTES;
	case TK_EVCPU: return -ENXIO;
	default: return -EIO; /* an error that would be #GP for the instruction */
	}
}

static int64_t read_msr(struct task *task, unsigned vcpu, uint32_t msr, uint64_t address)
{
	struct process *process = task->process;
	uint64_t value;
	int64_t result = result_of(tk_rdmsr(process->clock, vcpu, clock_insns(process), msr, &value));

	if (result > 0 && !space_write(&process->space, address, &value, MSR_BYTES))
		return -EFAULT;
	return result;
}

static int64_t write_msr(struct task *task, unsigned vcpu, uint32_t msr, uint64_t address)
{
	struct process *process = task->process;
	uint64_t value;

	if (!space_read(&process->space, address, &value, MSR_BYTES))
		return -EFAULT;
	enum tk_error error = tk_wrmsr(process->clock, vcpu, clock_insns(process), msr, value);

	process->time.deadlines_changed = true;
	if (error == TK_OK)
		pvclock_msr_written(process, vcpu, msr);
	return result_of(error);
}

/* Checks that the row allows this transfer on the descriptor, and gets its position. Returns 0 or -errno. */
static int64_t check_transfer(int fd, bool write, uint64_t length, int64_t *position)
{
	int mode = fcntl(fd, F_GETFL) & O_ACCMODE;

	if (mode == (write ? O_RDONLY : O_WRONLY))
		return -EBADF;
	if (*position == POSITION_OF_FILE)
		*position = lseek(fd, 0, SEEK_CUR);
	return *position < 0 || length != MSR_BYTES ? -EINVAL : 0;
}

static int64_t transfer(struct task *task, int fd, const struct iovec *part, int64_t position, bool write)
{
	unsigned vcpu;
	int64_t error = msr_device_vcpu(fd, &vcpu) ? check_transfer(fd, write, part->iov_len, &position) : -EBADF;

	if (error)
		return error;
	return write ? write_msr(task, vcpu, (uint32_t)position, (uint64_t)part->iov_base)
		     : read_msr(task, vcpu, (uint32_t)position, (uint64_t)part->iov_base);
}

/* As the driver does, transfers the parts one by one, each as long as an MSR, and returns how much was done before one failed. */
static bool transfer_all(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, bool write,
	int64_t *result)
{
	int64_t total = 0;

	if (position < POSITION_OF_FILE || count == 0)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		*result = transfer(task, fd, &vector[i], position, write);
		if (*result < 0) {
			*result = total ? total : *result;
			return true;
		}
		total += *result;
	}
	*result = total;
	return true;
}

static bool msr_read(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result)
{
	return transfer_all(task, fd, vector, count, position, false, result);
}

static bool msr_write(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result)
{
	return transfer_all(task, fd, vector, count, position, true, result);
}

static bool is_msr(struct process *process, int fd)
{
	unsigned vcpu;

	return process->files.dev_cpu && msr_device_vcpu(fd, &vcpu);
}

/* clang-format off */
const struct device msr_device = {
	.is = is_msr, .read = msr_read, .write = msr_write, .stat = dev_cpu_fstat, .only_read_and_write = true,
};
/* clang-format on */
