/* A ring of the last writes between processes, in memory that all processes of the run share. */
#include "emu/linux/kernel/written.h"

#include <sys/mman.h>
#include <unistd.h>

enum { WRITES = 64 };

struct written {
	uint64_t count; /* atomic: number of writes so far; write n is in write[n % WRITES] */
	struct {
		uint64_t done; /* atomic: n + 1 when the entry is complete */
		pid_t host_pid;
		uint64_t address, length;
	} write[WRITES];
};

bool written_share(struct process *process)
{
	struct written *written = mmap(NULL, sizeof(*written), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	process->written = written == MAP_FAILED ? NULL : written;
	return process->written;
}

void written_tell(struct process *process, pid_t host_pid, uint64_t address, uint64_t length)
{
	struct written *written = process->written;
	uint64_t number = __atomic_fetch_add(&written->count, 1, __ATOMIC_SEQ_CST), k = number % WRITES;

	written->write[k].host_pid = host_pid;
	written->write[k].address = address;
	written->write[k].length = length;
	__atomic_store_n(&written->write[k].done, number + 1, __ATOMIC_SEQ_CST);
}

void written_look(struct process *process)
{
	struct written *written = process->written;
	uint64_t count = __atomic_load_n(&written->count, __ATOMIC_SEQ_CST);

	if (count - process->written_seen > WRITES / 2) { /* some entries may already be overwritten */
		space_drop_code(&process->space, 0, GUEST_END);
		process->written_seen = count;
	}
	while (process->written_seen < count) {
		uint64_t k = process->written_seen % WRITES;

		if (__atomic_load_n(&written->write[k].done, __ATOMIC_SEQ_CST) != process->written_seen + 1)
			return; /* its writer has not completed the entry, so its system call has not returned */
		if (written->write[k].host_pid == getpid())
			space_drop_code(&process->space, written->write[k].address, written->write[k].length);
		process->written_seen++;
	}
}
