/* The table of devices, and the functions that ask all of them. */
#include "emu/linux/file/device.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/linux/file/file.h"
#include "emu/linux/file/tty.h"
#include "emu/linux/kernel/random.h"
#include "emu/linux/time/timer.h"

/* --- random devices, if random bytes come from the seed ----------------------------------------------- */

static bool is_seeded_random(struct process *process, int fd)
{
	return random_is_seeded(process) && random_is_device(fd);
}

static bool random_read(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result)
{
	int64_t total = 0;

	(void)fd;
	if (position < POSITION_OF_FILE)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		int64_t filled = random_fill(task->process, (uint64_t)vector[i].iov_base, vector[i].iov_len);

		if (filled < 0) {
			*result = total ? total : filled;
			return true;
		}
		total += filled;
	}
	*result = total;
	return true;
}

static const struct device random_device = {
	.is = is_seeded_random,
	.read = random_read,
	.peek = random_peek,
	.take = random_take,
};

/* --- timerfds: each is implemented by an eventfd -------------------------------------------------------- */

static bool is_timerfd(struct process *process, int fd)
{
	return timerfd_is(process, fd);
}

static bool timerfd_read(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result)
{
	*result = -ECANCELED;
	return position == POSITION_OF_FILE && file_vector_length(vector, count) >= sizeof(uint64_t) && timerfd_read_canceled(task, fd);
}

static bool timerfd_write(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result)
{
	(void)task, (void)fd, (void)vector, (void)count;
	*result = -EINVAL;
	return position == POSITION_OF_FILE;
}

static const struct device timerfd_device = { .is = is_timerfd, .read = timerfd_read, .write = timerfd_write };

/* --- the terminal: the host's, except for job control --------------------------------------------------- */

static bool is_anything(struct process *process, int fd)
{
	(void)process, (void)fd;
	return true;
}

static const struct device terminal = { .is = is_anything, .read_failed = tty_read_failed, .ioctl = tty_ioctl };

static const struct device *const devices[] = { &random_device, &msr_device, &cpu_directory, &made_up_file, &threads_directory,
	&memory_file, &timerfd_device, &terminal };

enum { DEVICES = sizeof(devices) / sizeof(devices[0]) };

/* --- asking all of them ------------------------------------------------------------------------------- */

#define ASK(PROCESS, FD, OPERATION, ...)                                                                                            \
	for (int k = 0; k < DEVICES; k++)                                                                                           \
		if (devices[k]->OPERATION && devices[k]->is((struct process *)(PROCESS), FD) && devices[k]->OPERATION(__VA_ARGS__)) \
			return true;                                                                                                \
	return false

bool device_read(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result)
{
	ASK(task->process, fd, read, task, fd, vector, count, position, result);
}

bool device_write(struct task *task, int fd, const struct iovec *vector, uint64_t count, int64_t position, int64_t *result)
{
	ASK(task->process, fd, write, task, fd, vector, count, position, result);
}

bool device_read_failed(struct task *task, int fd, int64_t *result)
{
	ASK(task->process, fd, read_failed, task, fd, result);
}

bool device_stat(const struct process *process, int fd, struct stat *status)
{
	ASK(process, fd, stat, process, fd, status);
}

bool device_entries(struct task *task, int fd, uint64_t buffer, uint64_t size, int64_t *result)
{
	ASK(task->process, fd, entries, task, fd, buffer, size, result);
}

bool device_ioctl(struct task *task, const uint64_t arg[6], int64_t *result)
{
	ASK(task->process, (int)arg[0], ioctl, task, arg, result);
}

bool device_can_map(struct process *process, int fd)
{
	for (int k = 0; k < DEVICES; k++)
		if (devices[k]->only_read_and_write && devices[k]->is(process, fd))
			return false;
	return true;
}

/* --- as the input of sendfile and splice ----------------------------------------------------------------- */

static const struct device *source_of(struct process *process, int fd)
{
	for (int k = 0; k < DEVICES; k++)
		if (devices[k]->peek && devices[k]->is(process, fd))
			return devices[k];
	return NULL;
}

static int file_of_bytes(struct process *process, const struct device *device, uint64_t size)
{
	int fd = memfd_create("device", MFD_CLOEXEC);
	uint8_t *bytes = malloc(size + 1);
	bool written;

	if (bytes)
		device->peek(process, bytes, size);
	written = bytes && fd >= 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size;
	free(bytes);
	if (!written && fd >= 0)
		close(fd);
	return written ? fd : -ENOMEM;
}

int64_t device_input_open(struct task *task, int fd, uint64_t size, struct device_input *input)
{
	enum { MOST = 1 << 20 }; /* a short count is allowed */

	*input = (struct device_input){ fd, source_of(task->process, fd) };
	if (!device_can_map(task->process, fd))
		return -EINVAL;
	if (!input->device)
		return 0;
	input->fd = file_of_bytes(task->process, input->device, size < MOST ? size : MOST);
	return input->fd < 0 ? input->fd : 0;
}

void device_input_close(struct task *task, struct device_input *input, int64_t result)
{
	if (!input->device)
		return;
	close(input->fd);
	if (result > 0)
		input->device->take(task->process, (uint64_t)result);
}
