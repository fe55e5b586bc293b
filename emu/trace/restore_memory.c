/* Maps a saved program's memory again. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/linux/kernel/machine.h"
#include "emu/mem/image.h"
#include "emu/trace/restore.h"

struct restored_object {
	struct restored_object *next;
	uint64_t number;
	int fd;
};

bool restore_mapping(struct restorer *restorer, const struct trace_record *record)
{
	const uint64_t *field = record->field;

	restorer->next = (struct vma){ .flags = (int)field[0],
		.dev = field[1],
		.inode = field[2],
		.noexec = field[3],
		.file_end = field[4] };
	return true;
}

/* Returns the memory of object `number`, of at least `size` bytes, or -1. */
static int object_memory(struct restorer *restorer, uint64_t number, uint64_t size)
{
	struct restored_object *object = restorer->objects;
	struct stat status;

	while (object && object->number != number)
		object = object->next;
	if (!object) {
		object = malloc(sizeof(*object));
		if (!object)
			return -1;
		*object = (struct restored_object){ restorer->objects, number, memfd_create("tick86-shared", MFD_CLOEXEC) };
		restorer->objects = object;
	}
	if (object->fd < 0 || fstat(object->fd, &status) < 0)
		return -1;
	return (uint64_t)status.st_size >= size || ftruncate(object->fd, (off_t)size) == 0 ? object->fd : -1;
}

/* The file does not tell if the mapped descriptor was writable: opens it with as many rights as are granted. */
static int open_mapped(const struct vma *vma)
{
	int fd = open(vma->name, O_RDWR | O_CLOEXEC);

	return fd < 0 && !(vma->prot & PROT_WRITE) ? open(vma->name, O_RDONLY | O_CLOEXEC) : fd;
}

static bool place_file(struct restorer *restorer, struct vma *vma)
{
	struct space *space = &restorer->process->space;
	int fd = open_mapped(vma), error;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return restore_refuse(restorer, "%s, which the program had mapped, cannot be opened: %s", vma->name,
			fd < 0 ? strerror(errno) : "it is no regular file");
	vma->dev = status.st_dev;
	vma->inode = status.st_ino;
	error = (int)-space_place(space, vma, fd, vma->offset, restorer->empty);
	close(fd);
	return !error || restore_refuse(restorer, "%s cannot be mapped again: %s", vma->name, strerror(error));
}

static bool place_memory(struct restorer *restorer, const struct vma *vma, uint64_t object)
{
	int fd = object ? object_memory(restorer, object, vma->offset + (vma->end - vma->start)) : -1;
	int64_t error;

	if (object && fd < 0)
		return restore_refuse(restorer, "out of memory");
	error = -space_place(&restorer->process->space, vma, fd, vma->offset, restorer->empty);
	return !error
		|| restore_refuse(restorer, "memory at 0x%llx cannot be mapped: %s", (unsigned long long)vma->start, strerror((int)error));
}

bool restore_map(struct restorer *restorer, const struct trace_record *record)
{
	const uint64_t *field = record->field;
	struct vma vma = restorer->next;
	char name[4096 + 16];
	bool shared = field[3] & TRACE_MAP_SHARED, own = vma.flags & MAP_ANONYMOUS;

	if (record->size >= sizeof(name) || !space_in_guest(field[0], field[1]) || shared != !!(vma.flags & MAP_SHARED)
		|| (shared && own) != !!field[4] || field[5] >> 56)
		return false;
	memcpy(name, record->data, record->size);
	name[record->size] = '\0';
	vma.start = field[0];
	vma.end = field[0] + field[1];
	vma.prot = (int)field[2] & (PROT_READ | PROT_WRITE | PROT_EXEC);
	vma.offset = field[5];
	vma.name = record->size ? name : NULL;
	if (shared && !own)
		return vma.name && place_file(restorer, &vma);
	return place_memory(restorer, &vma, field[4]);
}

void restore_memory_done(struct restorer *restorer)
{
	while (restorer->objects) {
		struct restored_object *object = restorer->objects;

		restorer->objects = object->next;
		close(object->fd);
		free(object);
	}
}
