/* Random bytes: the host's; in mode icount, a stream that depends on the run's seed. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/random.h"
#include "emu/linux/rows/calls.h"
#include "timekeep/timekeep.h"

enum { MEM_MAJOR = 1, RANDOM_MINOR = 8, URANDOM_MINOR = 9, REQUEST_MAX = 33554431 };

bool random_is_seeded(const struct process *process)
{
	return tk_mode(process->clock) == TK_ICOUNT;
}

bool random_is_device(int fd)
{
	struct stat status;
	if (fstat(fd, &status) < 0 || !S_ISCHR(status.st_mode) || major(status.st_rdev) != MEM_MAJOR)
		return false;
	return minor(status.st_rdev) == RANDOM_MINOR || minor(status.st_rdev) == URANDOM_MINOR;
}

static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

uint64_t random_word(uint64_t start, uint64_t n)
{
	return mix(start + (n + 1) * 0x9e3779b97f4a7c15ULL);
}

/* Returns the start of the process's stream. It depends on the seed and the process, so a child does not draw its parent's bytes. */
static uint64_t stream_of(const struct process *process)
{
	return mix(process->options->seed + mix((uint64_t)process->pid));
}

int64_t random_fill(struct process *process, uint64_t address, uint64_t length)
{
	if (length > REQUEST_MAX)
		length = REQUEST_MAX;
	for (uint64_t done = 0; done < length; done += sizeof(uint64_t)) {
		uint64_t value = random_word(stream_of(process), process->counts.random_words++);
		uint64_t size = length - done < sizeof(value) ? length - done : sizeof(value);
		uint64_t written = size;
		while (written && !space_write(&process->space, address + done, &value, written))
			written--;
		if (written < size)
			return done + written ? (int64_t)(done + written) : -EFAULT;
	}
	return (int64_t)length;
}

void random_peek(struct process *process, uint8_t *bytes, uint64_t size)
{
	for (uint64_t done = 0; done < size; done += sizeof(uint64_t)) {
		uint64_t value = random_word(stream_of(process), process->counts.random_words + done / sizeof(uint64_t));

		memcpy(bytes + done, &value, size - done < sizeof(value) ? size - done : sizeof(value));
	}
}

void random_take(struct process *process, uint64_t size)
{
	process->counts.random_words += (size + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

int64_t sys_getrandom(struct task *task, const uint64_t arg[6])
{
	enum { TRANSFER_MAX = 0x7ffff000 }; /* MAX_RW_COUNT */
	uint64_t length;

	if (!random_is_seeded(task->process))
		return syscall_host(SYS_getrandom, arg);
	if (arg[2] & ~(uint64_t)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	length = arg[1] < TRANSFER_MAX ? arg[1] : TRANSFER_MAX;
	if (arg[0] > USER_END || length > USER_END - arg[0]) /* import_ubuf(): nothing is filled */
		return -EFAULT;
	return random_fill(task->process, arg[0], length);
}
