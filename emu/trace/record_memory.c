/* Records memory: mappings with the content of their files, and writes by others than guest code. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xxhash.h>

#include "emu/cpu/fatal.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/tree.h"
#include "emu/mem/image.h"
#include "emu/trace/recorder.h"

enum { WRITE_PIECE = 1 << 16, CHUNK_SIZE = 1 << 15 };

/* --- writes ------------------------------------------------------------------------------------------- */

static void note_write(struct recorder *recorder, uint64_t start, uint64_t length, bool sure)
{
	struct range *last = recorder->ranges > recorder->call_mark ? &recorder->range[recorder->ranges - 1] : NULL;

	if (length == 0 || !space_in_guest(start, length))
		return;
	if (last && last->sure == sure && last->start <= start && start <= last->start + last->length) {
		uint64_t end = start + length > last->start + last->length ? start + length : last->start + last->length;

		last->length = end - last->start;
		return;
	}
	if (recorder->ranges == recorder->capacity) {
		recorder->capacity = recorder->capacity * 2 + 16;
		recorder->range = fatal_unless(realloc(recorder->range, recorder->capacity * sizeof(*recorder->range)));
	}
	recorder->range[recorder->ranges++] = (struct range){ start, length, sure };
}

/* Reads whatever the protection is: /proc/PID/mem ignores it. */
static bool read_written(struct recorder *recorder, uint64_t start, uint8_t *bytes, uint64_t length)
{
	struct space *space = &recorder->process->space;

	return space_read(space, start, bytes, length) || space_peek(space, start, bytes, length);
}

/* Memory that cannot be read now was not written, or is unmapped again. */
static void emit_written(struct recorder *recorder, uint64_t start, uint64_t length)
{
	uint8_t bytes[WRITE_PIECE];

	while (length > 0) {
		uint64_t to_page_end = GUEST_PAGE - start % GUEST_PAGE, piece = length < sizeof(bytes) ? length : sizeof(bytes);

		if (!read_written(recorder, start, bytes, piece)) {
			piece = length < to_page_end ? length : to_page_end;
			if (read_written(recorder, start, bytes, piece))
				recorder_emit(recorder, RECORD_DATA(WRITE, bytes, piece, start));
		} else {
			recorder_emit(recorder, RECORD_DATA(WRITE, bytes, piece, start));
		}
		start += piece;
		length -= piece;
	}
}

/* --- content ------------------------------------------------------------------------------------------ */

/* Returns the number of the chunk with these bytes, and records it if it is new. A full table takes no new ones. */
static uint64_t chunk_of(struct recorder *recorder, const uint8_t *bytes, size_t size)
{
	struct recording *recording = recorder->recording;
	XXH128_hash_t hash = XXH3_128bits(bytes, size);
	size_t slot = hash.low64 % CHUNK_SLOTS;

	for (unsigned probe = 0; probe < CHUNK_SLOTS / 2; probe++, slot = (slot + 1) % CHUNK_SLOTS) {
		struct chunk_slot *chunk = &recording->chunk[slot];

		if (!chunk->number) {
			*chunk = (struct chunk_slot){ { hash.low64, hash.high64 }, recording->log.chunks + 1 };
			break;
		}
		if (chunk->hash[0] == hash.low64 && chunk->hash[1] == hash.high64)
			return chunk->number - 1;
	}
	recorder_emit(recorder, RECORD_DATA(CHUNK, bytes, size));
	return recording->log.chunks++;
}

/* Returns the distance to the next place where a chunk may begin. It is the same in each mapping of a file, so that their chunks are
 * equal. */
static size_t chunk_size(uint64_t offset, uint64_t left)
{
	uint64_t size = CHUNK_SIZE - offset % CHUNK_SIZE;

	return left < size ? left : size;
}

/* Records the content of the pages of [start, end) of the mapping, whatever their protection is, since it may be lifted later. */
static void emit_private_content(struct recorder *recorder, const struct vma *vma, uint64_t start, uint64_t end)
{
	uint64_t offset = vma->offset + (start - vma->start);
	uint8_t bytes[CHUNK_SIZE];

	if (!space_lift_protection(vma, PROT_READ))
		return;
	for (uint64_t at = start; at < end;) {
		size_t size = chunk_size(offset + (at - start), end - at);

		if (space_read(&recorder->process->space, at, bytes, size))
			recorder_emit(recorder, RECORD(FILL, at, chunk_of(recorder, bytes, size)));
		at += size;
	}
	space_restore_protection(vma, PROT_READ);
}

/* Records the content of the file of `fd` in [offset, end). */
static void emit_object_content(struct recorder *recorder, int fd, uint64_t object, uint64_t offset, uint64_t end)
{
	uint8_t bytes[CHUNK_SIZE];

	for (ssize_t got; offset < end; offset += (uint64_t)got) {
		got = pread(fd, bytes, chunk_size(offset, end - offset), (off_t)offset);
		if (got <= 0)
			break;
		recorder_emit(recorder, RECORD(FILL_OBJECT, object, offset, chunk_of(recorder, bytes, (size_t)got)));
	}
}

/* --- shared objects ----------------------------------------------------------------------------------- */

/* Returns a file's object: numbers from 1 are files, those after them anonymous memory. 0: the table is full. */
static uint64_t file_object(struct recording *recording, dev_t dev, ino_t inode, bool add)
{
	for (unsigned k = 0; k < recording->log.objects; k++)
		if (recording->object[k].dev == dev && recording->object[k].inode == inode)
			return k + 1;
	if (!add || recording->log.objects == OBJECTS_MAX)
		return 0;
	recording->object[recording->log.objects] = (struct shared_object){ dev, inode };
	return ++recording->log.objects;
}

/* Returns the object of the file of `fd`, or 0 if no process has it mapped. */
static uint64_t open_object(const struct recorder *recorder, int fd, struct stat *status)
{
	struct recording *recording = recorder->recording;

	if (recording->log.objects == 0 || fstat(fd, status) < 0)
		return 0;
	return file_object(recording, status->st_dev, status->st_ino, false);
}

void recorder_file_cut(struct recorder *recorder, int fd)
{
	struct stat status;
	uint64_t object = open_object(recorder, fd, &status);

	if (object)
		recorder_emit(recorder, RECORD(CUT_OBJECT, object, (uint64_t)status.st_size));
}

void recorder_file_written(struct recorder *recorder, int fd, uint64_t offset, uint64_t length)
{
	struct stat status;
	uint64_t object = open_object(recorder, fd, &status);
	char path[32];
	int readable;

	if (!object)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	readable = open(path, O_RDONLY | O_CLOEXEC);
	if (readable < 0)
		return;
	emit_object_content(recorder, readable, object, offset, length > UINT64_MAX - offset ? UINT64_MAX : offset + length);
	close(readable);
}

/* --- mappings ----------------------------------------------------------------------------------------- */

static struct trace_record map_record(const struct vma *vma, uint64_t start, uint64_t end, uint64_t flags, uint64_t object)
{
	const char *name = vma->name ? vma->name : "";

	flags |= vma->flags & MAP_GROWSDOWN ? TRACE_MAP_GROWSDOWN : 0;
	flags |= vma->flags & MAP_NORESERVE ? TRACE_MAP_NORESERVE : 0;
	return *RECORD_DATA(MAP, (const uint8_t *)name, strlen(name), start, end - start, (uint64_t)vma->prot, flags, object,
		object ? vma->offset + (start - vma->start) : 0);
}

static void emit_map(struct recorder *recorder, const struct vma *vma, uint64_t start, uint64_t end, uint64_t flags, uint64_t object)
{
	const struct trace_record record = map_record(vma, start, end, flags, object);

	recorder_emit(recorder, &record);
}

/* Copies the pages of a private mapping of a file: they stay as they are now, and neither the recording nor the run sees later changes
 * of the file. */
static void copy_file(struct recorder *recorder, const struct vma *vma, uint64_t start, uint64_t end)
{
	if (!space_copy_file(vma, start, end))
		log_line(recorder->process->options, LOG_WARNING, "recording: %s cannot be read: a replay will differ",
			vma->name ? vma->name : "a file");
}

static void emit_private(struct recorder *recorder, struct vma *vma, int fd)
{
	bool copied = vma->copied; /* mremap(2) has made it from a copied one */
	uint64_t content_end = space_content_end(vma);

	if (!vma->inode) {
		emit_map(recorder, vma, vma->start, vma->end, 0, 0);
		return;
	}
	if (!copied)
		space_follow_file(vma, fd);
	if (content_end < vma->end) {
		recorder->behind_end = true;
		emit_map(recorder, vma, content_end, vma->end, TRACE_MAP_BEYOND_END, 0);
	}
	if (content_end == vma->start)
		return;
	emit_map(recorder, vma, vma->start, content_end, 0, 0);
	if (!copied)
		copy_file(recorder, vma, vma->start, content_end);
	emit_private_content(recorder, vma, vma->start, content_end);
}

/* Records pages of private mappings that were beyond their file's end and now exist. */
static void emit_growth(struct recorder *recorder)
{
	for (size_t k = 0; k < recorder->process->space.count; k++) {
		struct vma *vma = &recorder->process->space.vma[k];
		uint64_t start = vma->file_end > vma->start ? vma->file_end : vma->start, end = start;

		if (vma->flags & MAP_SHARED || !vma->file_end)
			continue;
		while (end < vma->end && space_file_has(&recorder->process->space, vma, end))
			end += GUEST_PAGE;
		if (end == start)
			continue;
		emit_map(recorder, vma, start, end, 0, 0);
		copy_file(recorder, vma, start, end);
		vma->file_end = end;
		emit_private_content(recorder, vma, start, end);
	}
}

void recorder_emit_writes(struct recorder *recorder)
{

	if (recorder->behind_end)
		emit_growth(recorder);
	for (size_t k = 0; k < recorder->ranges; k++)
		emit_written(recorder, recorder->range[k].start, recorder->range[k].length);
	recorder->ranges = recorder->call_mark = 0;
}

static void emit_shared(struct recorder *recorder, struct vma *vma, int fd)
{
	struct recording *recording = recorder->recording;
	bool anonymous = vma->flags & MAP_ANONYMOUS;
	uint64_t object = vma->tag; /* remap_file_pages(2): another part of an object that is already mapped */

	if (!object && !anonymous)
		object = file_object(recording, vma->dev, vma->inode, true);
	if (!object)
		object = OBJECTS_MAX + 1 + recording->log.anonymous_objects++;
	vma->tag = object;
	emit_map(recorder, vma, vma->start, vma->end, TRACE_MAP_SHARED, object);
	if (fd >= 0)
		emit_object_content(recorder, fd, object, vma->offset, vma->offset + (vma->end - vma->start));
	else if (!anonymous) /* System V memory, which may already have content */
		emit_private_content(recorder, vma, vma->start, vma->end);
}

/* Reads whatever the pages' protection is, since it may be lifted later. The file ends at the first page that cannot be read. */
static void emit_shared_content(struct recorder *recorder, const struct vma *vma)
{
	uint8_t bytes[CHUNK_SIZE];
	uint64_t at = vma->start, object = 0;

	for (size_t size; at < vma->end; at += size) {
		size = chunk_size(vma->offset + (at - vma->start), vma->end - at);
		if (!space_peek(&recorder->process->space, at, bytes, size)
			&& !space_peek(&recorder->process->space, at, bytes, size = GUEST_PAGE))
			break;
		recorder_emit(recorder, RECORD(FILL, at, chunk_of(recorder, bytes, size)));
	}
	if (at < vma->end)
		object = file_object(recorder->recording, vma->dev, vma->inode, false);
	if (object)
		recorder_emit(recorder, RECORD(CUT_OBJECT, object, vma->offset + (at - vma->start)));
}

void recorder_emit_shared(struct recorder *recorder)
{
	for (size_t k = 0; k < recorder->process->space.count; k++)
		if (recorder->process->space.vma[k].flags & MAP_SHARED)
			emit_shared_content(recorder, &recorder->process->space.vma[k]);
}

/* In a replay objects have no end. So until the stop is reached, this page is mapped beyond the end of a file; after it, the object is
 * mapped again. */
void recorder_stop_beyond_end(struct recorder *recorder, uint64_t address)
{
	uint64_t page = address & ~(GUEST_PAGE - 1), object;
	const struct vma *vma = space_find(&recorder->process->space, address);
	struct trace_record record;
	char byte;

	if (!vma || !(vma->flags & MAP_SHARED) || space_read(&recorder->process->space, page, &byte, 1))
		return;
	object = file_object(recorder->recording, vma->dev, vma->inode, false);
	if (!object)
		return;
	record = map_record(vma, page, page + GUEST_PAGE, TRACE_MAP_BEYOND_END, 0);
	recorder_append(recorder, recorder->process->pid, &record);
	emit_map(recorder, vma, page, page + GUEST_PAGE, TRACE_MAP_SHARED, object);
}

/* After MADV_DONTNEED a private mapping of a file has the file's content again. */
static void emit_refilled(struct recorder *recorder, const struct space_change *change)
{
	const struct vma *vma = space_find(&recorder->process->space, change->start);
	uint64_t end = change->start + change->length;

	if (change->advice != MADV_POPULATE_WRITE && vma && vma->copied && change->start < space_content_end(vma))
		emit_private_content(recorder, vma, change->start, space_content_end(vma) < end ? space_content_end(vma) : end);
}

void recorder_memory(struct observer *self, struct process *process, const struct space_change *change)
{
	struct recorder *recorder = recorder_of(self);

	(void)process;
	switch (change->kind) {
	case SPACE_MAPPED:
		if (change->vma->flags & MAP_SHARED)
			emit_shared(recorder, change->vma, change->fd);
		else
			emit_private(recorder, change->vma, change->fd);
		break;
	case SPACE_UNMAPPED: recorder_emit(recorder, RECORD(UNMAP, change->start, change->length)); break;
	case SPACE_PROTECTED: recorder_emit(recorder, RECORD(PROTECT, change->start, change->length, (uint64_t)change->prot)); break;
	case SPACE_MOVED:
		recorder_emit(recorder,
			RECORD(MOVE, change->start, change->length, change->new_start, change->new_length, (uint64_t)change->flags));
		break;
	case SPACE_DISCARDED:
		recorder_emit(recorder, RECORD(DISCARD, change->start, change->length, (uint64_t)change->advice));
		emit_refilled(recorder, change);
		break;
	case SPACE_RESET:
		recorder->ranges = recorder->call_mark = 0;
		recorder_emit(recorder, RECORD(RESET));
		break;
	case SPACE_WRITTEN:
	case SPACE_OPENED: note_write(recorder, change->start, change->length, change->kind == SPACE_WRITTEN); break;
	}
}

/* The other process waits for its turn, so everything that it has done is in the log. */
void recorder_written(struct observer *self, struct process *process, pid_t pid, uint64_t address, const void *bytes, size_t size)
{
	const uint8_t *rest = bytes;

	if (tree_to_host(process->tree, pid) <= 0)
		return; /* a process outside the run */
	for (size_t piece; size > 0; size -= piece, rest += piece, address += piece) {
		piece = size < WRITE_PIECE ? size : WRITE_PIECE;
		recorder_append(recorder_of(self), pid, RECORD_DATA(WRITE, rest, piece, address));
	}
}
