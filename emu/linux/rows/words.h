/* Words for flags and numbered commands, as strace prints them. Included by table.c only. */
#ifndef TICK86_EMU_WORDS_H
#define TICK86_EMU_WORDS_H

#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/memfd.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "emu/linux/rows/syscall.h"

/* One bit, or several bits with one meaning. */
#define W(NAME) {NAME, #NAME, NAME}
/* One value of the field `MASK`. */
#define FIELD(NAME, MASK) {NAME, #NAME, MASK}
/* A value of the whole argument. */
#define E(NAME) {NAME, #NAME, UINT64_MAX}
#define END {0, NULL, 0}

/* Constants that the C library hides or lacks. */
#define KERNEL_O_LARGEFILE 0100000
#define KERNEL_SOCK_TYPE 0xf

static const struct flag_word open_words[] = {
	FIELD(O_RDONLY, O_ACCMODE), FIELD(O_WRONLY, O_ACCMODE), FIELD(O_RDWR, O_ACCMODE), W(O_CREAT), W(O_EXCL), W(O_NOCTTY),
	W(O_TRUNC), W(O_APPEND), W(O_NONBLOCK), W(O_SYNC), W(O_DSYNC), W(O_ASYNC), W(O_DIRECT),
	{KERNEL_O_LARGEFILE, "O_LARGEFILE", KERNEL_O_LARGEFILE}, W(O_NOFOLLOW), W(O_NOATIME), W(O_CLOEXEC), W(O_PATH),
	W(O_TMPFILE), W(O_DIRECTORY), END,
};
static const struct flag_word at_words[] = {
	W(AT_SYMLINK_NOFOLLOW), W(AT_REMOVEDIR), W(AT_SYMLINK_FOLLOW), W(AT_NO_AUTOMOUNT), W(AT_EMPTY_PATH),
	W(AT_STATX_FORCE_SYNC), W(AT_STATX_DONT_SYNC), END,
};
static const struct flag_word unlink_words[] = {W(AT_REMOVEDIR), END};
static const struct flag_word access_words[] = {E(F_OK), W(R_OK), W(W_OK), W(X_OK), END};
static const struct flag_word whence_words[] = {E(SEEK_SET), E(SEEK_CUR), E(SEEK_END), E(SEEK_DATA), E(SEEK_HOLE), END};
static const struct flag_word flock_words[] = {W(LOCK_SH), W(LOCK_EX), W(LOCK_UN), W(LOCK_NB), END};
static const struct flag_word fcntl_words[] = {
	E(F_DUPFD), E(F_GETFD), E(F_SETFD), E(F_GETFL), E(F_SETFL), E(F_GETLK), E(F_SETLK), E(F_SETLKW), E(F_SETOWN),
	E(F_GETOWN), E(F_SETSIG), E(F_GETSIG), E(F_OFD_GETLK), E(F_OFD_SETLK), E(F_OFD_SETLKW), E(F_SETLEASE), E(F_GETLEASE),
	E(F_NOTIFY), E(F_DUPFD_CLOEXEC), E(F_SETPIPE_SZ), E(F_GETPIPE_SZ), E(F_ADD_SEALS), E(F_GET_SEALS), E(F_SETOWN_EX),
	E(F_GETOWN_EX), END,
};

static const struct flag_word ioctl_words[] = {
	E(TCGETS), E(TCSETS), E(TCSETSW), E(TCSETSF), E(TIOCGPGRP), E(TIOCSPGRP), E(TIOCGWINSZ), E(TIOCSWINSZ), E(TIOCSCTTY),
	E(TIOCNOTTY), E(TIOCGSID), E(TIOCGPTN), E(TIOCSPTLCK), E(TCFLSH), E(FIONREAD), E(FIONBIO), E(FIOCLEX), E(FIONCLEX),
	E(SIOCGIFCONF), E(SIOCGIFADDR), E(SIOCGIFFLAGS), E(SIOCGIFINDEX), END,
};
static const struct flag_word random_words[] = {W(GRND_NONBLOCK), W(GRND_RANDOM), W(GRND_INSECURE), END};
static const struct flag_word splice_words[] = {{1, "SPLICE_F_MOVE", 1}, {2, "SPLICE_F_NONBLOCK", 2}, {4, "SPLICE_F_MORE", 4},
                                                {8, "SPLICE_F_GIFT", 8}, END};

static const struct flag_word prot_words[] = {E(PROT_NONE), W(PROT_READ), W(PROT_WRITE), W(PROT_EXEC), W(PROT_GROWSDOWN),
                                              W(PROT_GROWSUP), END};
static const struct flag_word map_words[] = {
	FIELD(MAP_SHARED, MAP_TYPE), FIELD(MAP_PRIVATE, MAP_TYPE), FIELD(MAP_SHARED_VALIDATE, MAP_TYPE), W(MAP_FIXED),
	W(MAP_ANONYMOUS), W(MAP_32BIT), W(MAP_FIXED_NOREPLACE), W(MAP_GROWSDOWN), W(MAP_HUGETLB), W(MAP_LOCKED),
	W(MAP_NONBLOCK), W(MAP_NORESERVE), W(MAP_POPULATE), W(MAP_STACK), W(MAP_SYNC), W(MAP_DENYWRITE), END,
};
static const struct flag_word mremap_words[] = {W(MREMAP_MAYMOVE), W(MREMAP_FIXED), W(MREMAP_DONTUNMAP), END};
static const struct flag_word msync_words[] = {W(MS_ASYNC), W(MS_INVALIDATE), W(MS_SYNC), END};
static const struct flag_word memfd_words[] = {W(MFD_CLOEXEC), W(MFD_ALLOW_SEALING), W(MFD_HUGETLB), END};
static const struct flag_word shm_words[] = {W(SHM_RDONLY), W(SHM_RND), W(SHM_REMAP), W(SHM_EXEC), END};
static const struct flag_word madvise_words[] = {
	E(MADV_NORMAL), E(MADV_RANDOM), E(MADV_SEQUENTIAL), E(MADV_WILLNEED), E(MADV_DONTNEED), E(MADV_FREE), E(MADV_REMOVE),
	E(MADV_DONTFORK), E(MADV_DOFORK), E(MADV_MERGEABLE), E(MADV_UNMERGEABLE), E(MADV_HUGEPAGE), E(MADV_NOHUGEPAGE),
	E(MADV_DONTDUMP), E(MADV_DODUMP), E(MADV_WIPEONFORK), E(MADV_KEEPONFORK), E(MADV_COLD), E(MADV_PAGEOUT),
	E(MADV_POPULATE_READ), E(MADV_POPULATE_WRITE), END,
};

static const struct flag_word clone_words[] = {
	W(CLONE_VM), W(CLONE_FS), W(CLONE_FILES), W(CLONE_SIGHAND), W(CLONE_PIDFD), W(CLONE_PTRACE), W(CLONE_VFORK),
	W(CLONE_PARENT), W(CLONE_THREAD), W(CLONE_NEWNS), W(CLONE_SYSVSEM), W(CLONE_SETTLS), W(CLONE_PARENT_SETTID),
	W(CLONE_CHILD_CLEARTID), W(CLONE_DETACHED), W(CLONE_UNTRACED), W(CLONE_CHILD_SETTID), W(CLONE_NEWCGROUP),
	W(CLONE_NEWUTS), W(CLONE_NEWIPC), W(CLONE_NEWUSER), W(CLONE_NEWPID), W(CLONE_NEWNET), W(CLONE_IO),
	{SIGHUP, "SIGHUP", CSIGNAL}, {SIGCHLD, "SIGCHLD", CSIGNAL}, END,
};
static const struct flag_word wait_words[] = {W(WNOHANG), W(WUNTRACED), W(WEXITED), W(WCONTINUED), W(WNOWAIT),
                                              {0x20000000, "__WNOTHREAD", 0x20000000}, {0x40000000, "__WALL", 0x40000000},
                                              {0x80000000, "__WCLONE", 0x80000000}, END};
static const struct flag_word waitid_words[] = {E(P_ALL), E(P_PID), E(P_PGID), E(P_PIDFD), END};
static const struct flag_word futex_words[] = {
	FIELD(FUTEX_WAIT, FUTEX_CMD_MASK), FIELD(FUTEX_WAKE, FUTEX_CMD_MASK), FIELD(FUTEX_FD, FUTEX_CMD_MASK),
	FIELD(FUTEX_REQUEUE, FUTEX_CMD_MASK), FIELD(FUTEX_CMP_REQUEUE, FUTEX_CMD_MASK), FIELD(FUTEX_WAKE_OP, FUTEX_CMD_MASK),
	FIELD(FUTEX_LOCK_PI, FUTEX_CMD_MASK), FIELD(FUTEX_UNLOCK_PI, FUTEX_CMD_MASK), FIELD(FUTEX_TRYLOCK_PI, FUTEX_CMD_MASK),
	FIELD(FUTEX_WAIT_BITSET, FUTEX_CMD_MASK), FIELD(FUTEX_WAKE_BITSET, FUTEX_CMD_MASK),
	FIELD(FUTEX_WAIT_REQUEUE_PI, FUTEX_CMD_MASK), FIELD(FUTEX_CMP_REQUEUE_PI, FUTEX_CMD_MASK),
	FIELD(FUTEX_LOCK_PI2, FUTEX_CMD_MASK), W(FUTEX_PRIVATE_FLAG), W(FUTEX_CLOCK_REALTIME), END,
};
static const struct flag_word prctl_words[] = {
	E(PR_SET_PDEATHSIG), E(PR_GET_PDEATHSIG), E(PR_GET_DUMPABLE), E(PR_SET_DUMPABLE), E(PR_GET_KEEPCAPS), E(PR_SET_KEEPCAPS),
	E(PR_SET_NAME), E(PR_GET_NAME), E(PR_GET_SECCOMP), E(PR_SET_SECCOMP), E(PR_CAPBSET_READ), E(PR_CAPBSET_DROP),
	E(PR_GET_TSC), E(PR_SET_TSC), E(PR_GET_SECUREBITS), E(PR_SET_SECUREBITS), E(PR_SET_TIMERSLACK), E(PR_GET_TIMERSLACK),
	E(PR_SET_MM), E(PR_SET_CHILD_SUBREAPER), E(PR_GET_CHILD_SUBREAPER), E(PR_SET_NO_NEW_PRIVS), E(PR_GET_NO_NEW_PRIVS),
	E(PR_SET_THP_DISABLE), E(PR_GET_THP_DISABLE), E(PR_CAP_AMBIENT), E(PR_SET_VMA), END,
};
static const struct flag_word arch_prctl_words[] = {E(ARCH_SET_GS), E(ARCH_SET_FS), E(ARCH_GET_FS), E(ARCH_GET_GS),
                                                    E(ARCH_GET_CPUID), E(ARCH_SET_CPUID), {0x3001, "ARCH_CET_STATUS", UINT64_MAX},
                                                    END};
static const struct flag_word rlimit_words[] = {
	E(RLIMIT_CPU), E(RLIMIT_FSIZE), E(RLIMIT_DATA), E(RLIMIT_STACK), E(RLIMIT_CORE), E(RLIMIT_RSS), E(RLIMIT_NPROC),
	E(RLIMIT_NOFILE), E(RLIMIT_MEMLOCK), E(RLIMIT_AS), E(RLIMIT_LOCKS), E(RLIMIT_SIGPENDING), E(RLIMIT_MSGQUEUE),
	E(RLIMIT_NICE), E(RLIMIT_RTPRIO), E(RLIMIT_RTTIME), END,
};
static const struct flag_word sigprocmask_words[] = {E(SIG_BLOCK), E(SIG_UNBLOCK), E(SIG_SETMASK), END};
static const struct flag_word clock_words[] = {
	E(CLOCK_REALTIME), E(CLOCK_MONOTONIC), E(CLOCK_PROCESS_CPUTIME_ID), E(CLOCK_THREAD_CPUTIME_ID), E(CLOCK_MONOTONIC_RAW),
	E(CLOCK_REALTIME_COARSE), E(CLOCK_MONOTONIC_COARSE), E(CLOCK_BOOTTIME), E(CLOCK_REALTIME_ALARM), E(CLOCK_BOOTTIME_ALARM),
	E(CLOCK_TAI), END,
};
static const struct flag_word timer_words[] = {W(TIMER_ABSTIME), END};
static const struct flag_word itimer_words[] = {E(ITIMER_REAL), E(ITIMER_VIRTUAL), E(ITIMER_PROF), END};
static const struct flag_word epoll_words[] = {E(EPOLL_CTL_ADD), E(EPOLL_CTL_DEL), E(EPOLL_CTL_MOD), END};
static const struct flag_word domain_words[] = {E(AF_UNSPEC), E(AF_UNIX), E(AF_INET), E(AF_INET6), E(AF_NETLINK), E(AF_PACKET),
                                                E(AF_VSOCK), E(AF_ALG), END};
static const struct flag_word socket_words[] = {
	FIELD(SOCK_STREAM, KERNEL_SOCK_TYPE), FIELD(SOCK_DGRAM, KERNEL_SOCK_TYPE), FIELD(SOCK_RAW, KERNEL_SOCK_TYPE),
	FIELD(SOCK_SEQPACKET, KERNEL_SOCK_TYPE), W(SOCK_CLOEXEC), W(SOCK_NONBLOCK), END,
};
static const struct flag_word msg_words[] = {
	W(MSG_OOB), W(MSG_PEEK), W(MSG_DONTROUTE), W(MSG_CTRUNC), W(MSG_TRUNC), W(MSG_DONTWAIT), W(MSG_EOR), W(MSG_WAITALL),
	W(MSG_CONFIRM), W(MSG_NOSIGNAL), W(MSG_MORE), W(MSG_WAITFORONE), W(MSG_CMSG_CLOEXEC), END,
};

#endif
