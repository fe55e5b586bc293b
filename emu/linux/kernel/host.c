/* Makes system calls on the host, with the kernel's results: a number or -errno. */
#include <errno.h>
#include <unistd.h>

#include "emu/linux/rows/syscall.h"

int64_t syscall_host(uint64_t number, const uint64_t arg[6])
{
	long result = syscall((long)number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	return result < 0 ? -errno : result;
}
