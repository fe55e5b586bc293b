/* Who waits for futexes: see futex_queue.h. */
#include "emu/linux/process/futex_queue.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "emu/linux/kernel/task.h"

enum { WAITERS_MAX = 32768 };

struct futex_table {
	uint64_t order; /* counts waits, so that waiters are woken in turn */
	uint32_t used;  /* waiters from here on have never been used, or are free again */
	struct futex_waiter waiter[WAITERS_MAX];
};

static struct futex_table *map_table(int flags)
{
	return mmap(NULL, sizeof(struct futex_table), PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

bool futex_tables_create(struct process *process)
{
	process->futexes = map_table(MAP_PRIVATE);
	process->shared_futexes = map_table(MAP_SHARED);
	return process->futexes != MAP_FAILED && process->shared_futexes != MAP_FAILED;
}

void futex_tables_begin_child(struct process *process)
{
	memset(process->futexes->waiter, 0, process->futexes->used * sizeof(process->futexes->waiter[0]));
	process->futexes->used = 0;
	process->tasks->wait.futex_waiter = 0;
}

/* --- keys --------------------------------------------------------------------------------------------- */

/* A mapping that is not shared has pages of its own once it is written to, which the kernel does first if it may (get_futex_key()). */
static bool is_object(const struct vma *vma)
{
	return vma->flags & MAP_SHARED || (vma->dev && vma->inode && !(vma->prot & PROT_WRITE));
}

int64_t futex_key_of(struct process *process, uint64_t address, bool private, struct futex_key *key)
{
	const struct vma *vma;
	uint32_t word;

	if (address % sizeof(word))
		return -EINVAL;
	if (!space_in_guest(address, sizeof(word)))
		return -EFAULT;
	*key = (struct futex_key){ .offset = address, .scope = FUTEX_PRIVATE };
	if (private)
		return 0;
	vma = space_find(&process->space, address);
	if (!vma || !space_read(&process->space, address, &word, sizeof(word)))
		return -EFAULT;
	key->scope = FUTEX_MEMORY;
	if (is_object(vma))
		*key = (struct futex_key){ vma->dev, vma->inode, vma->offset + (address - vma->start), FUTEX_OBJECT };
	else if (!(vma->prot & PROT_WRITE))
		return -EFAULT;
	return 0;
}

uint64_t futex_address(struct process *process, const struct futex_key *key)
{
	const struct space *space = &process->space;

	if (key->scope != FUTEX_OBJECT)
		return key->offset;
	for (size_t i = 0; i < space->count; i++) {
		const struct vma *vma = &space->vma[i];

		if (is_object(vma) && vma->dev == key->dev && vma->inode == key->object && key->offset >= vma->offset
			&& key->offset - vma->offset < vma->end - vma->start)
			return vma->start + (key->offset - vma->offset);
	}
	return 0;
}

bool futex_same_key(const struct futex_key *a, const struct futex_key *b)
{
	return a->offset == b->offset && a->object == b->object && a->dev == b->dev && a->scope == b->scope;
}

static bool is_shared(const struct futex_key *key)
{
	return key && key->scope >= FUTEX_OBJECT;
}

static struct futex_table *table_of(const struct process *process, const struct futex_key *key)
{
	return is_shared(key) ? process->shared_futexes : process->futexes;
}

void futex_lock(struct process *process, const struct futex_key *key, const struct futex_key *other)
{
	if (is_shared(key) || is_shared(other))
		peers_lock(process);
}

void futex_unlock(struct process *process, const struct futex_key *key, const struct futex_key *other)
{
	if (is_shared(key) || is_shared(other))
		peers_unlock(process);
}

/* --- a task's waiters --------------------------------------------------------------------------------- */

/* How a task names its waiters: 0 for none, else 2 * (place + 1), and 1 more in the shared table. */
static uint32_t name_of(const struct process *process, const struct futex_waiter *waiter)
{
	const struct futex_table *table = table_of(process, &waiter->key);

	return 2 * (uint32_t)(waiter - table->waiter + 1) + is_shared(&waiter->key);
}

static struct futex_waiter *by_name(const struct process *process, uint32_t name)
{
	struct futex_table *table = name & 1 ? process->shared_futexes : process->futexes;

	return name ? &table->waiter[name / 2 - 1] : NULL;
}

struct futex_waiter *futex_waiter_of(struct task *task)
{
	return by_name(task->process, task->wait.futex_waiter);
}

static struct futex_waiter *free_waiter(struct futex_table *table)
{
	for (uint32_t i = 0; i < table->used; i++)
		if (table->waiter[i].state == WAITER_NONE)
			return &table->waiter[i];
	return table->used < WAITERS_MAX ? &table->waiter[table->used++] : NULL;
}

struct futex_waiter *futex_add(struct task *task, const struct futex_key *key)
{
	struct process *process = task->process;
	struct futex_table *table = table_of(process, key);
	struct futex_waiter *waiter;

	if (is_shared(key) && process->peer.seat == NO_SEAT)
		return NULL;
	waiter = free_waiter(table);
	if (!waiter)
		return NULL;
	*waiter = (struct futex_waiter){
		.bits = ~0u,
		.seat = process->peer.seat,
		.tid = task->tid,
		.task = task,
		.key = *key,
		.order = table->order++,
		.next = task->wait.futex_waiter,
	};
	__atomic_store_n(&waiter->state, WAITER_WAITS, __ATOMIC_SEQ_CST);
	task->wait.futex_waiter = name_of(process, waiter);
	return waiter;
}

static void release(struct futex_table *table, struct futex_waiter *waiter)
{
	waiter->state = WAITER_NONE;
	while (table->used > 0 && table->waiter[table->used - 1].state == WAITER_NONE)
		table->used--;
}

static bool any_shared(const struct task *task)
{
	for (uint32_t name = task->wait.futex_waiter; name; name = by_name(task->process, name)->next)
		if (name & 1)
			return true;
	return false;
}

int futex_remove(struct task *task)
{
	struct process *process = task->process;
	bool shared = any_shared(task);
	int woken = -1;

	if (shared)
		peers_lock(process);
	while (task->wait.futex_waiter) {
		struct futex_waiter *waiter = futex_waiter_of(task);

		task->wait.futex_waiter = waiter->next;
		if (waiter->state == WAITER_WOKEN && woken < 0)
			woken = (int)waiter->index;
		release(table_of(process, &waiter->key), waiter);
	}
	if (shared)
		peers_unlock(process);
	return woken;
}

void futex_remove_seat(struct process *process, int seat)
{
	struct futex_table *table = process->shared_futexes;

	for (uint32_t i = table->used; i-- > 0;)
		if (table->waiter[i].state != WAITER_NONE && table->waiter[i].seat == seat)
			release(table, &table->waiter[i]);
}

/* --- finding, waking, moving -------------------------------------------------------------------------- */

static bool is_own(const struct process *process, const struct futex_waiter *waiter)
{
	return !is_shared(&waiter->key) || waiter->seat == process->peer.seat;
}

struct futex_waiter *futex_first(struct process *process, const struct futex_key *key, uint32_t bits, uint64_t before)
{
	struct futex_table *table = table_of(process, key);
	struct futex_waiter *first = NULL;

	for (uint32_t i = 0; i < table->used; i++) {
		struct futex_waiter *waiter = &table->waiter[i];

		if (waiter->state != WAITER_WAITS || !(waiter->bits & bits) || !futex_same_key(&waiter->key, key)
			|| waiter->order >= before)
			continue;
		if ((!first || waiter->order < first->order) && (is_own(process, waiter) || !peers_is_dead(process, waiter->seat)))
			first = waiter;
	}
	return first;
}

uint64_t futex_next_order(struct process *process, const struct futex_key *key)
{
	return table_of(process, key)->order;
}

void futex_wake_waiter(struct process *process, struct futex_waiter *waiter)
{
	__atomic_store_n(&waiter->state, WAITER_WOKEN, __ATOMIC_SEQ_CST);
	if (is_own(process, waiter))
		task_wake(waiter->task, WAKE_READY);
	else
		peers_call(process, waiter->seat);
}

/* Between the two tables only the waiter's own process could move it: its thread looks again instead. */
void futex_move(struct process *process, struct futex_waiter *waiter, const struct futex_key *to)
{
	if (table_of(process, &waiter->key) != table_of(process, to)) {
		futex_wake_waiter(process, waiter);
		return;
	}
	waiter->key = *to;
	waiter->order = table_of(process, to)->order++;
}

struct futex_waiter *futex_waiter_at(struct process *process, bool shared, uint32_t place)
{
	struct futex_table *table = shared ? process->shared_futexes : process->futexes;

	return place < table->used ? &table->waiter[place] : NULL;
}

void futex_each_shared(struct process *process, void (*visit)(struct process *process, struct futex_waiter *waiter))
{
	struct futex_table *table = process->shared_futexes;

	for (uint32_t i = 0; i < table->used; i++)
		if (table->waiter[i].state != WAITER_NONE && table->waiter[i].seat == process->peer.seat)
			visit(process, &table->waiter[i]);
}
