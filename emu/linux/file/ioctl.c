/* ioctl. The host's kernel writes to wherever a request's argument points. The tables here and in tails.c say where that is; a request
 * about which they cannot say it is refused. */
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/if.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <net/route.h>
#include <sys/ioctl.h>

#include "emu/linux/file/device.h"
#include "emu/linux/file/file.h"
#include "emu/linux/kernel/descriptor.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/rows/calls.h"

/* Requests that do not encode the direction and size of what their argument points to. */
struct old_request {
	uint32_t number;
	uint16_t in, out; /* bytes; both 0: the argument is a number */
};

enum { TERMIOS = 36, TERMIO = 18, WINSIZE = 8, IFREQ = 40, IFCONF = 16, NUMBER = 4 };

static const struct old_request *find_old_request(uint32_t number)
{
	/* clang-format off */
	static const struct old_request requests[] = {
		{TCGETS, 0, TERMIOS}, {TCSETS, TERMIOS, 0}, {TCSETSW, TERMIOS, 0}, {TCSETSF, TERMIOS, 0},
		{TCGETA, 0, TERMIO}, {TCSETA, TERMIO, 0}, {TCSETAW, TERMIO, 0}, {TCSETAF, TERMIO, 0},
		{TCSBRK, 0, 0}, {TCXONC, 0, 0}, {TCFLSH, 0, 0}, {TCSBRKP, 0, 0}, {TIOCSBRK, 0, 0}, {TIOCCBRK, 0, 0},
		{TIOCEXCL, 0, 0}, {TIOCNXCL, 0, 0}, {TIOCSCTTY, 0, 0}, {TIOCNOTTY, 0, 0}, {TIOCCONS, 0, 0},
		{TIOCGPGRP, 0, NUMBER}, {TIOCSPGRP, NUMBER, 0}, {TIOCGSID, 0, NUMBER}, {TIOCOUTQ, 0, NUMBER},
		{TIOCSTI, 1, 0}, {TIOCGWINSZ, 0, WINSIZE}, {TIOCSWINSZ, WINSIZE, 0}, {TIOCMGET, 0, NUMBER},
		{TIOCMBIS, NUMBER, 0}, {TIOCMBIC, NUMBER, 0}, {TIOCMSET, NUMBER, 0}, {TIOCGSOFTCAR, 0, NUMBER},
		{TIOCSSOFTCAR, NUMBER, 0}, {FIONREAD, 0, NUMBER}, {FIONBIO, NUMBER, 0}, {FIOASYNC, NUMBER, 0},
		{TIOCSETD, NUMBER, 0}, {TIOCGETD, 0, NUMBER}, {TIOCPKT, NUMBER, 0}, {TIOCVHANGUP, 0, 0}, {TIOCGLCKTRMIOS, 0, TERMIOS},
		{TIOCSLCKTRMIOS, TERMIOS, 0}, {TIOCGPTPEER, 0, 0}, {FIOCLEX, 0, 0}, {FIONCLEX, 0, 0},
		{FIOQSIZE, 0, 8}, {FICLONE, 0, 0},
		{NS_GET_USERNS, 0, 0}, {NS_GET_PARENT, 0, 0}, {NS_GET_NSTYPE, 0, 0}, {NS_GET_OWNER_UID, 0, NUMBER},
		{SIOCATMARK, 0, NUMBER}, {SIOCGPGRP, 0, NUMBER}, {SIOCSPGRP, NUMBER, 0}, {FIOSETOWN, NUMBER, 0}, {FIOGETOWN, 0, NUMBER},
		{SIOCGIFCONF, IFCONF, IFCONF}, {SIOCGIFNAME, IFREQ, IFREQ}, {SIOCGIFFLAGS, IFREQ, IFREQ}, {SIOCSIFFLAGS, IFREQ, 0}, {SIOCGIFADDR, IFREQ, IFREQ},
		{SIOCSIFADDR, IFREQ, 0}, {SIOCGIFDSTADDR, IFREQ, IFREQ}, {SIOCGIFBRDADDR, IFREQ, IFREQ},
		{SIOCGIFNETMASK, IFREQ, IFREQ}, {SIOCSIFNETMASK, IFREQ, 0}, {SIOCGIFMETRIC, IFREQ, IFREQ},
		{SIOCGIFMTU, IFREQ, IFREQ}, {SIOCSIFMTU, IFREQ, 0}, {SIOCGIFHWADDR, IFREQ, IFREQ}, {SIOCGIFINDEX, IFREQ, IFREQ},
		{SIOCGIFTXQLEN, IFREQ, IFREQ}, {BLKROGET, 0, NUMBER}, {BLKGETSIZE, 0, 8}, {BLKFLSBUF, 0, 0}, {BLKSSZGET, 0, NUMBER},
		{BLKRAGET, 0, 8}, {BLKSECTGET, 0, 2}, {FIBMAP, NUMBER, NUMBER}, {FIGETBSZ, 0, NUMBER},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].number == number)
			return &requests[i];
	}
	return NULL;
}

/* Requests that encode a size, but whose structure has pointers, or is followed by what it counts, and which have no row in tails.c: ranges
 * of numbers of a type (Documentation/userspace-api/ioctl/ioctl-number.rst). */
struct interface {
	uint8_t type, first, last;
};

static bool holds_pointers(uint32_t request)
{
	/* clang-format off */
	static const struct interface interfaces[] = {
		{0x12, 130, 130} /* zones of block devices */, {0x1b, 0, 255} /* RDMA */, {';', 0, 255} /* VFIO, IOMMUFD */,
		{'A', 0, 255} /* sound: PCM */, {'M', 0, 255} /* MTD */, {'N', 0x40, 0xff} /* NVMe */, {'P', 0, 255} /* Xen */,
		{'T', 213, 214} /* filters of TUN */, {'U', 0, 255} /* USB, sound: controls */, {'V', 0, 255} /* video */,
		{'X', 36, 58} /* XFS */, {'X', 60, 118} /* XFS */, {'b', 0, 255} /* binder */, {'d', 0, 255} /* DRM */,
		{'f', 133, 133} /* enables fs-verity */, {'f', 135, 135} /* its metadata */, {'k', 0, 255} /* SPI */,
		{'o', 82, 83} /* DVB */, {'p', 220, 255} /* Opal */, {'t', 70, 77} /* PPP */, {'|', 0, 255} /* media */,
		{0x81, 0, 255} /* VDUSE */, {0x94, 0, 8} /* btrfs, apart from what is every file system's */,
		{0x94, 10, 12}, {0x94, 14, 48}, {0x94, 51, 53}, {0x94, 55, 255}, {0xa2, 0, 255} /* ACRN */, {0xa4, 0, 255} /* TEE, SGX */,
		{0xaa, 0, 255} /* userfaultfd */, {0xae, 0, 255} /* KVM */, {0xaf, 0, 255} /* vhost */, {0xb3, 0, 255} /* MMC */,
		{0xfd, 0, 255} /* device mapper */,
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]); i++) {
		const struct interface *one = &interfaces[i];

		if (_IOC_TYPE(request) == one->type && _IOC_NR(request) >= one->first && _IOC_NR(request) <= one->last)
			return true;
	}
	return false;
}

/* Finds how many bytes the request's argument points to, which the kernel reads and which it writes; none: it is a number. Returns false
 * if that is not known. */
static bool find_sizes(uint32_t request, uint64_t *in, uint64_t *out)
{
	const struct old_request *old = find_old_request(request);

	*in = old ? old->in : _IOC_DIR(request) & _IOC_WRITE ? _IOC_SIZE(request) : 0;
	*out = old ? old->out : _IOC_DIR(request) & _IOC_READ ? _IOC_SIZE(request) : 0;
	return old || (_IOC_DIR(request) != _IOC_NONE && !holds_pointers(request));
}

int64_t ioctl_refused(const uint64_t arg[6])
{
	int64_t result = syscall_host(SYS_ioctl, (const uint64_t[6]){ arg[0], arg[1], WINDOW_START });

	return result < 0 ? result : -EFAULT;
}

/* Returns true if the request is about another file, and its descriptor is the emulator's. */
static bool names_hidden(struct task *task, const uint64_t arg[6])
{
	int64_t source = (int)arg[2];

	if ((uint32_t)arg[1] == FICLONERANGE && !space_read(&task->process->space, arg[2], &source, sizeof(source)))
		return false;
	return ((uint32_t)arg[1] == FICLONE || (uint32_t)arg[1] == FICLONERANGE) && fd_is_hidden((int)source);
}

static bool makes_descriptor(uint32_t request)
{
	return request == TIOCGPTPEER || request == NS_GET_USERNS || request == NS_GET_PARENT;
}

int64_t sys_ioctl(struct task *task, const uint64_t arg[6])
{
	uint32_t request = (uint32_t)arg[1];
	uint64_t host[6] = { arg[0], arg[1], arg[2] }, in, out;
	int64_t error = 0;

	task->process->signals.calls_signal |= request == FIOASYNC || request == FIOSETOWN || request == SIOCSPGRP;
	if (device_ioctl(task, arg, &error))
		return error;
	if (!find_sizes(request, &in, &out)) {
		log_line(task->process->options, LOG_INFO, "ioctl %#x is not supported", request);
		return fcntl((int)arg[0], F_GETFD) < 0 ? -EBADF : -ENOTTY;
	}
	if (names_hidden(task, arg))
		return -EBADF;
	if (in || out)
		host[2] = space_host_pointer(arg[2], in > out ? in : out);
	space_prepare_write(&task->process->space, arg[2], out);
	if (ioctl_prepare_tail(task, request, arg[2]) != 0)
		return ioctl_refused(arg);
	return makes_descriptor(request) ? descriptor_make(task->process, SYS_ioctl, host) : syscall_host(SYS_ioctl, host);
}
