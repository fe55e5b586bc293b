/* Structures that tell how many elements follow them, or are at another address: for ioctl(2), whose requests tell only the size of the
 * structure, and getsockopt(2). */
#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <linux/fsverity.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "emu/linux/file/file.h"

/* The offset and size of the number of elements; the offset of the elements, or of a pointer to them; the size of each. */
struct tail {
	uint32_t number;
	uint16_t count_at, count_size, elements_at, unit;
	bool pointer;
};

/* As of Linux 6.7 (include/uapi/linux/fs.h); for fscrypt, size is that of the second part in bytes. */
struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, anyof, returned;
};
struct scan_region {
	uint64_t start, end, categories;
};
struct policy_arg {
	uint64_t size;
	uint8_t first;
} __attribute__((packed));
/* include/uapi/linux/netfilter_bridge/ebtables.h: struct ebt_replace */
struct bridge_table {
	char name[32];
	uint32_t valid_hooks, entries, entries_size;
	uint64_t hook_entry[6];
	uint32_t counters_count;
	uint64_t counters, entries_address;
};

enum { BRIDGE_ENTRIES = 129, BRIDGE_INITIAL_ENTRIES = 131, BRIDGE_COUNTER = 16 };

#define MEMBER_SIZE(STRUCT, MEMBER) sizeof(((STRUCT *)0)->MEMBER)
/* The elements follow the structure; the structure has a pointer to them. */
/* clang-format off */
#define FOLLOWED(NUMBER, STRUCT, COUNT, UNIT) \
	{ .number = NUMBER, .count_at = offsetof(STRUCT, COUNT), .count_size = MEMBER_SIZE(STRUCT, COUNT), .elements_at = sizeof(STRUCT), .unit = UNIT }

#define POINTS(NUMBER, STRUCT, COUNT, POINTER, UNIT) \
	{ .number = NUMBER, .count_at = offsetof(STRUCT, COUNT), .count_size = MEMBER_SIZE(STRUCT, COUNT), .elements_at = offsetof(STRUCT, POINTER), \
	  .unit = UNIT, .pointer = true }
/* clang-format on */

static const struct tail requests[] = {
	FOLLOWED(FS_IOC_FIEMAP, struct fiemap, fm_extent_count, sizeof(struct fiemap_extent)),
	FOLLOWED(FIDEDUPERANGE, struct file_dedupe_range, dest_count, sizeof(struct file_dedupe_range_info)),
	FOLLOWED(FS_IOC_GETFSMAP, struct fsmap_head, fmh_count, sizeof(struct fsmap)),
	FOLLOWED(FS_IOC_MEASURE_VERITY, struct fsverity_digest, digest_size, 1),
	POINTS(SIOCGIFCONF, struct ifconf, ifc_len, ifc_buf, 1),
	POINTS(_IOWR('f', 16, struct scan_arg) /* PAGEMAP_SCAN */, struct scan_arg, vec_len, vec, sizeof(struct scan_region)),
	{ .number = _IOWR('f', 22, struct policy_arg) /* FS_IOC_GET_ENCRYPTION_POLICY_EX */, .count_size = 8, .elements_at = 8, .unit = 1 },
};

static const struct tail options[] = {
	POINTS(BRIDGE_ENTRIES, struct bridge_table, entries_size, entries_address, 1),
	POINTS(BRIDGE_ENTRIES, struct bridge_table, counters_count, counters, BRIDGE_COUNTER),
	POINTS(BRIDGE_INITIAL_ENTRIES, struct bridge_table, entries_size, entries_address, 1),
	POINTS(BRIDGE_INITIAL_ENTRIES, struct bridge_table, counters_count, counters, BRIDGE_COUNTER),
};

/* If the guest's memory cannot be read, the kernel returns the error. */
static int64_t prepare(struct task *task, const struct tail *tail, uint64_t address)
{
	struct space *space = &task->process->space;
	uint64_t count = 0, elements = address + tail->elements_at, length;

	if (!space_read(space, address + tail->count_at, &count, tail->count_size)
		|| (tail->pointer && !space_read(space, address + tail->elements_at, &elements, sizeof(elements))))
		return 0;
	if (tail->number == SIOCGIFCONF && (int32_t)count < 0)
		count = 0;
	if (__builtin_mul_overflow(count, tail->unit, &length) || !space_in_guest(elements, length))
		return -EFAULT;
	space_prepare_write(space, elements, length);
	return 0;
}

static int64_t prepare_each(struct task *task, const struct tail *tail, size_t tails, uint32_t number, uint64_t address)
{
	int64_t error = 0;

	for (size_t k = 0; k < tails && !error; k++)
		if (tail[k].number == number)
			error = prepare(task, &tail[k], address);
	return error;
}

int64_t ioctl_prepare_tail(struct task *task, uint32_t request, uint64_t address)
{
	return prepare_each(task, requests, sizeof(requests) / sizeof(requests[0]), request, address);
}

int64_t sockopt_prepare_tail(struct task *task, int level, int option, uint64_t address)
{
	enum { BRIDGES = 0 /* SOL_IP */ };

	return level == BRIDGES ? prepare_each(task, options, sizeof(options) / sizeof(options[0]), (uint32_t)option, address) : 0;
}
