/* Applies effects: repeats what the world did to the process when it was recorded. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "emu/cpu/xsave.h"
#include "emu/trace/check.h"
#include "emu/trace/replayer.h"

enum { OBJECT_SHIFT = 40, OBJECT_NUMBERS = 1 << 20 };
#define BEYOND_END (1ULL << 62)

/* --- threads ------------------------------------------------------------------------------------------ */

struct replay_task *replay_new_task(struct replay *replay, pid_t tid)
{
	struct replay_task *task = replay->tasks;

	while (task && task->tid != tid)
		task = task->next;
	if (!task) {
		task = aligned_alloc(64, (sizeof(*task) + 63) & ~(size_t)63);
		if (!task)
			return NULL;
		task->next = replay->tasks;
		replay->tasks = task;
	}
	memset(&task->cpu, 0, sizeof(task->cpu));
	memset(&task->logged, 0, sizeof(task->logged));
	task->tid = tid;
	task->cpu.model = replay->model;
	task->cpu.mxcsr = MXCSR_INIT;
	return task;
}

void replay_drop_tasks(struct replay *replay, const struct replay_task *survivor)
{
	struct replay_task **link = &replay->tasks;

	while (*link) {
		struct replay_task *task = *link;

		if (task == survivor) {
			link = &task->next;
			continue;
		}
		*link = task->next;
		free(task);
	}
	replay->current = replay->tasks;
}

static bool choose_thread(struct replay *replay, pid_t tid)
{
	for (struct replay_task *task = replay->tasks; task; task = task->next) {
		if (task->tid == tid) {
			replay->current = task;
			return true;
		}
	}
	return false;
}

static void end_task(struct replay *replay, pid_t tid)
{
	for (struct replay_task **link = &replay->tasks; *link; link = &(*link)->next) {
		struct replay_task *task = *link;

		if (task->tid != tid)
			continue;
		*link = task->next;
		if (replay->current == task)
			replay->current = NULL;
		free(task);
		return;
	}
}

static bool set_state(struct replay *replay, const struct trace_record *record)
{
	struct replay_task *task = replay->current;

	if (!task || !trace_get_changes(record->data, record->size, &task->logged))
		return false;
	trace_registers_to(&task->logged, &task->cpu);
	return true;
}

static bool set_vector(struct replay *replay, const struct trace_record *record)
{
	struct xsave_area area;

	if (!replay->current || record->size != sizeof(area))
		return false;
	memcpy(&area, record->data, sizeof(area));
	return trace_vector_to(&area, &replay->current->cpu);
}

static bool advance(struct replay *replay, uint64_t insns)
{
	replay->insns += insns;
	replay->shared->state.now.insns += insns;
	return true;
}

void replay_pass_time(struct replay *replay, uint64_t zigzag_ns)
{
	int64_t *now = &replay->shared->state.now.guest_ns;

	*now = (int64_t)((uint64_t)*now + (uint64_t)trace_unzigzag(zigzag_ns));
}

/* --- memory ------------------------------------------------------------------------------------------- */

static bool map(struct replay *replay, const struct trace_record *record)
{
	uint64_t address = record->field[0], length = record->field[1], flags = record->field[3];
	uint64_t object = record->field[4], offset = record->field[5];
	int prot = (int)record->field[2], extra = 0;

	if (length == 0 || !space_in_guest(address, length))
		return false;
	if (flags & TRACE_MAP_BEYOND_END)
		return space_map_beyond_end(&replay->space, address, length, prot, replay->objects, BEYOND_END) >= 0;
	if (flags & TRACE_MAP_SHARED) {
		replay->shared->state.writes_objects |= prot & PROT_WRITE;
		if (object == 0 || object >= OBJECT_NUMBERS || offset >> OBJECT_SHIFT || length >> OBJECT_SHIFT)
			return false;
		return space_map_object(&replay->space, address, length, prot, replay->objects, (object << OBJECT_SHIFT) + offset, object)
			>= 0;
	}
	extra |= flags & TRACE_MAP_GROWSDOWN ? MAP_GROWSDOWN : 0;
	extra |= flags & TRACE_MAP_NORESERVE ? MAP_NORESERVE : 0;
	return space_mmap(&replay->space, address, length, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | extra, -1, 0) >= 0;
}

static bool protect(struct replay *replay, uint64_t address, uint64_t length, int prot)
{
	const struct vma *vma;

	for (uint64_t at = address; prot & PROT_WRITE && (vma = space_find(&replay->space, at)) && at - address < length; at = vma->end)
		replay->shared->state.writes_objects |= vma->flags & MAP_SHARED;
	return space_mprotect(&replay->space, address, length, prot) == 0;
}

static bool move(struct replay *replay, const struct trace_record *record)
{
	uint64_t old = record->field[0], new = record->field[2];
	int flags = old == new ? 0 : MREMAP_MAYMOVE | MREMAP_FIXED | ((int)record->field[4] & MREMAP_DONTUNMAP);

	return space_mremap(&replay->space, old, record->field[1], record->field[3], flags, new) == (int64_t) new;
}

static bool discard(struct replay *replay, const struct trace_record *record)
{
	int advice = (int)record->field[2];

	if (advice != MADV_DONTNEED && advice != MADV_REMOVE && advice != MADV_POPULATE_WRITE && advice != SPACE_DONTNEED_LOCKED)
		return false;
	return space_madvise(&replay->space, record->field[0], record->field[1], advice) == 0;
}

static bool add_chunk(struct replay *replay, const struct trace_record *record)
{
	struct replay_shared *shared = replay->shared;

	if (shared->state.chunks == REPLAY_CHUNKS_MAX || record->size > REPLAY_CHUNK_MEMORY - shared->state.chunk_bytes)
		return false;
	shared->chunk[shared->state.chunks++] = (struct replay_chunk){ shared->state.chunk_bytes, record->size };
	memcpy(replay->chunk_memory + shared->state.chunk_bytes, record->data, record->size);
	shared->state.chunk_bytes += record->size;
	return true;
}

/* Returns the chunk of that number, or NULL if the log has not had it. */
static const struct replay_chunk *find_chunk(const struct replay *replay, uint64_t number)
{
	return number < replay->shared->state.chunks ? &replay->shared->chunk[number] : NULL;
}

static bool fill(struct replay *replay, uint64_t address, uint64_t number)
{
	const struct replay_chunk *chunk = find_chunk(replay, number);
	const struct vma *vma = space_find(&replay->space, address);

	replay->shared->objects += vma && vma->flags & MAP_SHARED;
	return chunk && space_poke(&replay->space, address, replay->chunk_memory + chunk->offset, chunk->size);
}

/* Returns true if the objects already hold this content: each mapping of a file records it again. */
static bool holds(int objects, off_t offset, const uint8_t *content, size_t size)
{
	uint8_t bytes[4096];

	for (size_t at = 0, piece; at < size; at += piece) {
		piece = size - at < sizeof(bytes) ? size - at : sizeof(bytes);
		if (pread(objects, bytes, piece, offset + (off_t)at) != (ssize_t)piece || memcmp(bytes, content + at, piece) != 0)
			return false;
	}
	return true;
}

static bool fill_object(struct replay *replay, uint64_t object, uint64_t offset, uint64_t number)
{
	const struct replay_chunk *chunk = find_chunk(replay, number);

	if (!chunk || object == 0 || object >= OBJECT_NUMBERS || offset >> OBJECT_SHIFT)
		return false;
	offset += object << OBJECT_SHIFT;
	if (holds(replay->objects, (off_t)offset, replay->chunk_memory + chunk->offset, chunk->size))
		return true;
	replay->shared->objects++;
	space_file_changed(&replay->space, 0, object);
	return pwrite(replay->objects, replay->chunk_memory + chunk->offset, chunk->size, (off_t)offset) == (ssize_t)chunk->size;
}

static bool reset(struct replay *replay)
{
	blocks_clear(replay->blocks);
	space_reset(&replay->space);
	replay_drop_tasks(replay, replay->current);
	return true;
}

static bool cut_object(struct replay *replay, uint64_t object, uint64_t offset)
{
	const int hole = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	if (object == 0 || object >= OBJECT_NUMBERS || offset >> OBJECT_SHIFT)
		return false;
	replay->shared->objects++;
	space_file_changed(&replay->space, 0, object);
	return fallocate(replay->objects, hole, (off_t)((object << OBJECT_SHIFT) + offset), (off_t)((1ULL << OBJECT_SHIFT) - offset)) == 0;
}

/* --- checks, output ----------------------------------------------------------------------------------- */

/* Checks that guest memory from `address` on holds the record's data. */
static void check_bytes(struct replay *replay, const struct trace_record *record, uint64_t address, const char *what)
{
	const uint8_t *recorded = record->data;
	uint8_t bytes[4096];

	for (size_t left = record->size, piece; left > 0; left -= piece, recorded += piece, address += piece) {
		piece = left < sizeof(bytes) ? left : sizeof(bytes);
		if (!space_read(&replay->space, address, bytes, piece))
			replay_diverged(replay, what, NULL);
		if (memcmp(bytes, recorded, piece) != 0)
			replay_diverged_bytes(replay, what, address, bytes, recorded, piece);
	}
}

static bool is_private_page(const struct replay *replay, uint64_t page)
{
	const struct vma *vma = space_find(&replay->space, page);

	return page % GUEST_PAGE == 0 && vma && !vma->inode && (vma->prot & PROT_READ);
}

static bool check_state(struct replay *replay, const struct trace_record *record)
{
	uint64_t page[64];
	size_t pages = 0, at = 0;

	while (at < record->size && pages < sizeof(page) / sizeof(page[0])) {
		size_t taken = trace_get_number(record->data + at, record->size - at, &page[pages]);

		page[pages] *= GUEST_PAGE;
		if (!taken || !is_private_page(replay, page[pages++]))
			return false;
		at += taken;
	}
	if (at != record->size || !replay->current)
		return false;
	if (check_vector(&replay->current->cpu) != record->field[0])
		replay_diverged(replay, "x87 or vector registers differ", NULL);
	if (check_memory(page, pages) != record->field[1])
		replay_diverged(replay, "memory differs", NULL);
	return true;
}

/* Writes recorded output. The replay goes on if that fails; it is no error if no process reads the pipe any more. */
static bool put_out(const struct replay *replay, const struct trace_record *record)
{
	const uint8_t *bytes = record->data;
	bool printed = replay->shared->state.now.events < replay->shared->printed;
	size_t left = replay->quiet || printed ? 0 : record->size;

	if (record->field[0] != STDOUT_FILENO && record->field[0] != STDERR_FILENO)
		return false;
	while (left > 0) {
		ssize_t written = write((int)record->field[0], bytes, left);

		if (written < 0 && errno != EINTR) {
			if (errno != EPIPE)
				replay->shared->output_error = errno;
			break;
		}
		if (written > 0) {
			bytes += written;
			left -= (size_t)written;
		}
	}
	return true;
}

/* ------------------------------------------------------------------------------------------------------ */

bool replay_apply(struct replay *replay, const struct trace_record *record)
{
	const uint64_t *field = record->field;

	switch (record->kind) {
	case TRACE_THREAD: return choose_thread(replay, (pid_t)field[0]);
	case TRACE_TASK: return replay_new_task(replay, (pid_t)field[0]);
	case TRACE_TASK_END: end_task(replay, (pid_t)field[0]); return true;
	case TRACE_STATE: return set_state(replay, record);
	case TRACE_VECTOR: return set_vector(replay, record);
	case TRACE_ADVANCE: return advance(replay, field[0]);
	case TRACE_TIME: replay_pass_time(replay, field[0]); return true;
	case TRACE_WRITE: return space_poke(&replay->space, field[0], record->data, record->size);
	case TRACE_MAP: return map(replay, record);
	case TRACE_UNMAP: return space_munmap(&replay->space, field[0], field[1]) == 0;
	case TRACE_PROTECT: return protect(replay, field[0], field[1], (int)field[2]);
	case TRACE_MOVE: return move(replay, record);
	case TRACE_DISCARD: return discard(replay, record);
	case TRACE_RESET: return reset(replay);
	case TRACE_CHUNK: return add_chunk(replay, record);
	case TRACE_FILL: return fill(replay, field[0], field[1]);
	case TRACE_FILL_OBJECT: return fill_object(replay, field[0], field[1], field[2]);
	case TRACE_INPUT: check_bytes(replay, record, field[0], "memory that the system call reads differs"); return true;
	case TRACE_CHECK: return check_state(replay, record);
	case TRACE_CUT_OBJECT: return cut_object(replay, field[0], field[1]);
	case TRACE_OUTPUT: check_bytes(replay, record, field[1], "output differs"); return put_out(replay, record);
	case TRACE_EXEC:
	case TRACE_SIGNAL:
	case TRACE_RESULT: return true;
	default: return false;
	}
}
