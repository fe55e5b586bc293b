/* Every ioctl request that the kernel's headers know, and all numbers of the old ones, with the argument at the emulator's memory, at its
 * edges, and wrapping, on descriptors of many kinds. Prints the kernel's answers other than ENOTTY: ioctls DATA LIST, an address of the
 * emulator and a list of names and numbers. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "attack.h"

/* --- descriptors ------------------------------------------------------------------------------------------------- */

enum { FILES_MAX = 48 };

static struct {
	const char *name;
	int fd;
} files[FILES_MAX];
static unsigned file_count;

static void add(const char *name, int fd)
{
	files[file_count].name = name;
	files[file_count].fd = fd;
	file_count += fd >= 0;
}

static void open_files(void)
{
	static const char *const paths[] = { "/", "/proc/self/pagemap", "/proc/self/maps", "/proc/self/ns/mnt", "/proc/self/ns/pid",
		"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/ptmx", "/dev/net/tun", "/dev/fuse", "/dev/kvm",
		"/dev/vhost-vsock", "/dev/vsock", "/dev/rtc0", "/dev/loop-control", "/dev/hpet", "/dev/snapshot", "/dev/userfaultfd",
		"/dev/input/event0", "/dev/dri/renderD128" };
	int pair[2];

	for (size_t k = 0; k < sizeof(paths) / sizeof(paths[0]); k++) {
		int fd = open(paths[k], O_RDWR | O_NOCTTY | O_NONBLOCK);

		add(paths[k], fd >= 0 ? fd : open(paths[k], O_RDONLY | O_NOCTTY | O_NONBLOCK));
	}
	add("file", open(".", O_TMPFILE | O_RDWR, 0600));
	add("memory", memfd_create("attacked", 0));
	(void)!pipe(pair);
	add("pipe", pair[0]);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	add("unix socket", pair[0]);
	add("UDP socket", socket(AF_INET, SOCK_DGRAM, 0));
	add("TCP socket", socket(AF_INET6, SOCK_STREAM, 0));
	add("netlink socket", socket(AF_NETLINK, SOCK_RAW, 0));
	add("epoll", epoll_create1(0));
	add("events", eventfd(0, 0));
	add("timer", timerfd_create(CLOCK_MONOTONIC, 0));
	add("inotify", inotify_init1(0));
	add("process", (int)syscall(SYS_pidfd_open, getpid(), 0));
	if (openpty(&pair[0], &pair[1], NULL, NULL, NULL) == 0) {
		add("terminal's master", pair[0]);
		add("terminal", pair[1]);
	}
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

static struct target targets[TARGETS];
static unsigned target_count;

static void show(const char *name, const char *file, const char *target, int result)
{
	if (result == 0)
		printf("%s of %s at %s: done\n", name, file, target);
	else if (errno != ENOTTY)
		printf("%s of %s at %s: %s\n", name, file, target, strerrorname_np(errno));
}

/* These act without looking at their argument. */
static bool is_left_out(unsigned long request)
{
	return request == FIFREEZE || request == FITHAW || request == TIOCVHANGUP || request == TIOCSCTTY || request == TIOCNOTTY
		|| request == TIOCCONS || request == FIOCLEX || request == FIONCLEX || request == TIOCGPTPEER || request == TIOCEXCL;
}

static void attack(const char *name, unsigned long request)
{
	for (unsigned f = 0; f < file_count && !is_left_out(request); f++) {
		for (unsigned t = 0; t < target_count; t++) {
			int result = ioctl(files[f].fd, request, targets[t].address);

			show(name, files[f].name, targets[t].name, result > 0 ? 0 : result);
		}
	}
}

static void attack_old(unsigned long first, unsigned long last)
{
	char name[32];

	for (; first <= last; first++) {
		snprintf(name, sizeof(name), "%#lx", first);
		attack(name, first);
	}
}

static int attack_list(const char *path)
{
	FILE *list = fopen(path, "r");
	unsigned long request;
	char name[128];

	if (!list)
		return 1;
	while (fscanf(list, "%127s %lx", name, &request) == 2)
		attack(name, request);
	fclose(list);
	return 0;
}

/* --- pointers in structures -------------------------------------------------------------------------------------- */

struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, anyof, returned;
};

static void attack_structures(int pagemap)
{
	int inet = socket(AF_INET, SOCK_DGRAM, 0);
	char *pages = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	for (unsigned t = 0; t < target_count; t++) {
		struct scan scan = { .size = sizeof(scan),
			.start = (uint64_t)pages,
			.end = (uint64_t)pages + (1 << 16),
			.vec = targets[t].address,
			.vec_len = 8,
			.mask = 8,
			.returned = 8 };
		struct ifconf names = { .ifc_len = 64 };
		struct ifreq request = { .ifr_name = "lo" };

		names.ifc_buf = (char *)targets[t].address;
		request.ifr_data = (char *)targets[t].address;
		show("PAGEMAP_SCAN", "its vector", targets[t].name, ioctl(pagemap, _IOWR('f', 16, struct scan), &scan) < 0 ? -1 : 0);
		show("SIOCGIFCONF", "its buffer", targets[t].name, ioctl(inet, SIOCGIFCONF, &names));
		show("SIOCETHTOOL", "its data", targets[t].name, ioctl(inet, 0x8946, &request));
		show("SIOCGIFMAP", "its data", targets[t].name, ioctl(inet, 0x8970, &request));
	}
}

int main(int count, char **argument)
{
	int failed, pagemap;

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (count != 3)
		return 2;
	open_files();
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	drop_privileges();
	signal(SIGIO, SIG_IGN);
	target_count = find_targets(argument[1], targets);
	attack_old(0x5400, 0x54ff);
	attack_old(0x8900, 0x89ff);
	attack_old(0x8b00, 0x8b1f);
	attack_old(0x1260, 0x1280);
	attack_old(0x2280, 0x2290);
	attack_old(0x4b00, 0x4bff);
	attack_old(0x5600, 0x560f);
	attack_old(0, 3);
	attack_structures(pagemap);
	failed = attack_list(argument[2]);
	puts("alive");
	return failed;
}
