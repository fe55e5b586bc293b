/* Reads the records of the run's other processes from their memory. */
#include "emu/linux/kernel/peer.h"

#include <stddef.h>
#include <sys/uio.h>
#include <unistd.h>

#include "emu/linux/kernel/tree.h"

bool peer_read(pid_t host, const void *from, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)from, size };

	return process_vm_readv(host, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

bool peer_write(pid_t host, void *to, const void *from, size_t size)
{
	struct iovec local = { (void *)from, size }, remote = { to, size };

	return process_vm_writev(host, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

bool peer_record(const struct process *own, pid_t host, struct process *copy)
{
	enum { TRIES = 20000, PAUSE_US = 50 }; /* one second: it may have been killed */

	if (host > 0)
		tree_await_ready(own, host);
	for (int k = 0; k < TRIES && host > 0; k++) {
		if (!peer_read(host, own, copy, sizeof(*copy)) || copy->options != own->options || copy->tree != own->tree)
			return false;
		if (own->tree || copy->pid == host) /* otherwise a child of fork that has not yet made the record its own */
			return true;
		usleep(PAUSE_US);
	}
	return false;
}

bool peer_task(pid_t host, const struct task *from, struct task *copy)
{
	size_t registers = offsetof(struct task, process);

	return peer_read(host, (const char *)from + registers, (char *)copy + registers, sizeof(*copy) - registers);
}
