/* Structures that tell how many elements follow them, or are at another address: for ioctl(2), whose requests tell only the size of the
 * structure, getsockopt(2) and setsockopt(2). */
#include <errno.h>
#include <linux/fiemap.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <linux/fsverity.h>
#include <linux/if_packet.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "emu/linux/file/file.h"

/* The request, or the option and its level; the offset and size of the number of elements; the offset of the elements, or of a pointer to
 * them; the size of each. */
struct tail {
	uint32_t number;
	int level;
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

/* include/uapi/linux/netfilter_ipv4/ip_tables.h and its kin: struct ipt_replace, ip6t_replace, arpt_replace */
struct ip_table {
	char name[32];
	uint32_t valid_hooks, entries, entries_size, hook_entry[5], underflow[5], counters_count;
	uint64_t counters;
};
struct arp_table {
	char name[32];
	uint32_t valid_hooks, entries, entries_size, hook_entry[3], underflow[3], counters_count;
	uint64_t counters;
};
/* include/uapi/linux/fs.h, as of Linux 6.11 */
struct map_query {
	uint64_t size, flags, address, start, end, vma_flags, page_size, offset, inode;
	uint32_t dev_major, dev_minor, name_size, build_id_size;
	uint64_t name, build_id;
};

enum { BRIDGE_ENTRIES = 129, BRIDGE_INITIAL_ENTRIES = 131, BRIDGE_REPLACE = 128, TABLE_REPLACE = 64, ARP_REPLACE = 96, COUNTER = 16 };

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
	POINTS(_IOWR('f', 17, struct map_query) /* PROCMAP_QUERY */, struct map_query, name_size, name, 1),
	POINTS(_IOWR('f', 17, struct map_query), struct map_query, build_id_size, build_id, 1),
	POINTS(_IOWR('f', 16, struct scan_arg) /* PAGEMAP_SCAN */, struct scan_arg, vec_len, vec, sizeof(struct scan_region)),
	{ .number = _IOWR('f', 22, struct policy_arg) /* FS_IOC_GET_ENCRYPTION_POLICY_EX */, .count_size = 8, .elements_at = 8, .unit = 1 },
};

/* Options, which the kernel fills, and those that it is given: a table's counters come back when it is replaced. */
#define SOCKET_OPTION(LEVEL, NUMBER, STRUCT, COUNT, POINTER, UNIT)                                                               \
	{                                                                                                                        \
		.level = LEVEL, .number = NUMBER, .count_at = offsetof(STRUCT, COUNT), .count_size = MEMBER_SIZE(STRUCT, COUNT), \
		.elements_at = offsetof(STRUCT, POINTER), .unit = UNIT, .pointer = true                                          \
	}

static const struct tail got_options[] = {
	SOCKET_OPTION(SOL_IP, BRIDGE_ENTRIES, struct bridge_table, entries_size, entries_address, 1),
	SOCKET_OPTION(SOL_IP, BRIDGE_ENTRIES, struct bridge_table, counters_count, counters, COUNTER),
	SOCKET_OPTION(SOL_IP, BRIDGE_INITIAL_ENTRIES, struct bridge_table, entries_size, entries_address, 1),
	SOCKET_OPTION(SOL_IP, BRIDGE_INITIAL_ENTRIES, struct bridge_table, counters_count, counters, COUNTER),
	SOCKET_OPTION(IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, struct tcp_zerocopy_receive, copybuf_len, copybuf_address, 1),
	SOCKET_OPTION(IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, struct tcp_zerocopy_receive, msg_controllen, msg_control, 1),
};

static const struct tail set_options[] = {
	SOCKET_OPTION(SOL_SOCKET, SO_ATTACH_FILTER, struct sock_fprog, len, filter, sizeof(struct sock_filter)),
	SOCKET_OPTION(SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, struct sock_fprog, len, filter, sizeof(struct sock_filter)),
	SOCKET_OPTION(SOL_PACKET, PACKET_FANOUT_DATA, struct sock_fprog, len, filter, sizeof(struct sock_filter)),
	SOCKET_OPTION(SOL_IP, TABLE_REPLACE, struct ip_table, counters_count, counters, COUNTER),
	SOCKET_OPTION(SOL_IPV6, TABLE_REPLACE, struct ip_table, counters_count, counters, COUNTER),
	SOCKET_OPTION(SOL_IP, ARP_REPLACE, struct arp_table, counters_count, counters, COUNTER),
	SOCKET_OPTION(SOL_IP, BRIDGE_REPLACE, struct bridge_table, entries_size, entries_address, 1),
	SOCKET_OPTION(SOL_IP, BRIDGE_REPLACE, struct bridge_table, counters_count, counters, COUNTER),
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

static int64_t prepare_each(struct task *task, const struct tail *tail, size_t tails, int level, uint32_t number, uint64_t address)
{
	int64_t error = 0;

	for (size_t k = 0; k < tails && !error; k++)
		if (tail[k].level == level && tail[k].number == number)
			error = prepare(task, &tail[k], address);
	return error;
}

int64_t ioctl_prepare_tail(struct task *task, uint32_t request, uint64_t address)
{
	return prepare_each(task, requests, sizeof(requests) / sizeof(requests[0]), 0, request, address);
}

int64_t sockopt_prepare_tail(struct task *task, bool set, int level, int option, uint64_t address)
{
	const struct tail *options = set ? set_options : got_options;
	size_t count = set ? sizeof(set_options) / sizeof(set_options[0]) : sizeof(got_options) / sizeof(got_options[0]);

	return prepare_each(task, options, count, level, (uint32_t)option, address);
}
