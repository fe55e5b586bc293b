/* Every system call of the emulator's table with each of its pointers at the emulator's memory, at its edges, and wrapping. Prints the
 * kernel's answers: calls DATA, an address of the emulator. */
#include <asm/unistd_64.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "emu/linux/rows/words.h"

#include "attack.h"

/* --- the table --------------------------------------------------------------------------------------------------- */

struct row {
	const char *name;
	long number;
	unsigned args;
	struct syscall_arg arg[6];
};

#include "emu/linux/rows/vocabulary.h"
#define ROW(NAME, ...) { #NAME, __NR_##NAME, sizeof((struct syscall_arg[]){ __VA_ARGS__ }) / sizeof(struct syscall_arg), { __VA_ARGS__ } },
#define RUN(CLASS, NAME, ...) ROW(NAME, __VA_ARGS__)
#define QUICK(CLASS, NAME, ...) ROW(NAME, __VA_ARGS__)
#define PASS(NAME, ...) ROW(NAME, __VA_ARGS__)
#define PASS_FD(NAME, ...) ROW(NAME, __VA_ARGS__)
#define PASS_THREAD(NAME, ...) ROW(NAME, __VA_ARGS__)
#define OPEN(NAME, ...) ROW(NAME, __VA_ARGS__)
#define OPEN_PASS(NAME, ...) ROW(NAME, __VA_ARGS__)
#define PROGRAM(NAME, ...) ROW(NAME, __VA_ARGS__)
#define NO_RETURN(CLASS, NAME, ...)
#define REFUSE(...) /* the kernel never sees these */

#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
#ifndef __NR_mseal
#define __NR_mseal 462
#endif

static const struct row rows[] = {
#include "emu/linux/rows/all.h"
};

/* --- what the calls are made on ---------------------------------------------------------------------------------- */

enum { FILES = 9, BUFFER = 8192 };

static int files[FILES];
static const char *const file_names[FILES] = { "file", "directory", "pipe", "pipe's end", "stream", "datagram", "epoll", "events",
	"listener" };
static char buffers[6][BUFFER] __attribute__((aligned(64)));
static struct target targets[TARGETS];
static unsigned target_count;

static void fill(void)
{
	static const char bytes[256] = "some bytes";

	(void)!write(files[3], bytes, sizeof(bytes));
	(void)!pwrite(files[0], bytes, sizeof(bytes), 0);
	lseek(files[0], 0, SEEK_SET);
	lseek(files[1], 0, SEEK_SET);
}

static void open_files(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX }; /* no path: the kernel names it */
	struct epoll_event ready = { .events = EPOLLOUT };
	int pair[2];

	files[0] = memfd_create("attacked", 0);
	files[1] = open("/", O_RDONLY | O_DIRECTORY);
	(void)!pipe2(&files[2], O_NONBLOCK);
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
	files[4] = pair[0];
	(void)!write(pair[1], buffers, 4096);
	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
	files[5] = pair[0];
	(void)!write(pair[1], buffers, 64);
	files[6] = epoll_create1(0);
	epoll_ctl(files[6], EPOLL_CTL_ADD, files[4], &ready);
	files[7] = eventfd(3, EFD_NONBLOCK);
	files[8] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	bind(files[8], (struct sockaddr *)&address, sizeof(address.sun_family));
	listen(files[8], 5);
	fill();
}

/* --- one call ---------------------------------------------------------------------------------------------------- */

/* These end or replace the program, map memory, or are made by hand below. */
static bool is_left_out(const char *name)
{
	static const char *const out[] = {
		"fork",
		"vfork",
		"clone",
		"clone3",
		"rt_sigsuspend",
		"pause",
		"set_tid_address",
		"set_robust_list",
		"rseq",
		"mmap",
		"munmap",
		"mprotect",
		"pkey_mprotect",
		"mremap",
		"brk",
		"madvise",
		"mseal",
		"msync",
		"mlock",
		"mlock2",
		"munlock",
		"shmat",
		"shmdt",
		"remap_file_pages",
		"arch_prctl",
		"fcntl",
		"ioctl",
		"semctl",
		"semop",
		"semtimedop",
		"msgsnd",
		"msgrcv",
		"close",
		"setns",
		"setrlimit",
		"prlimit64",
		"settimeofday",
		"execve",
		"execveat",
		"sigaltstack",
	};

	for (size_t k = 0; k < sizeof(out) / sizeof(out[0]); k++)
		if (strcmp(name, out[k]) == 0)
			return true;
	return false;
}

static bool is_pointer(const struct syscall_arg *arg)
{
	return arg->direction != DIR_NONE || arg->type == ARG_ADDRESS || arg->type == ARG_BUFFER;
}

static uint64_t value_of(const struct syscall_arg *arg, unsigned number, unsigned file)
{
	switch (arg->type) {
	case ARG_FD: return (uint64_t)files[(file + number) % FILES];
	case ARG_DIRFD: return (uint64_t)AT_FDCWD;
	case ARG_PID: return (uint64_t)getpid();
	case ARG_SIGNAL: return SIGUSR2;
	case ARG_SIZE: return 8;
	case ARG_INT:
	case ARG_UINT:
	case ARG_ENUM: return 1;
	case ARG_PATH: return (uint64_t) "/dev/null/absent";
	case ARG_STRING: return (uint64_t) "name";
	default: return is_pointer(arg) ? (uint64_t)buffers[number] : 0;
	}
}

static void show(const char *name, const char *what, const char *target, const char *file, long result)
{
	printf("%s %s at %s%s%s: %s\n", name, what, target, *file ? " of " : "", file, result == -1 ? strerrorname_np(errno) : "done");
}

static void attack(const struct row *row, unsigned pointer, const struct target *target, unsigned file)
{
	uint64_t arg[6] = { 0 };
	bool has_file = false;
	long result;

	for (unsigned i = 0; i < row->args; i++) {
		arg[i] = i == pointer ? target->address : value_of(&row->arg[i], i, file);
		has_file |= row->arg[i].type == ARG_FD;
	}
	if (!has_file && file > 0)
		return;
	memset(buffers, 0, sizeof(buffers));
	memset((void *)(WINDOW_START - GUEST_PAGE), 0, GUEST_PAGE);
	fill();
	result = syscall(row->number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	show(row->name, row->arg[pointer].name, target->name, has_file ? file_names[file] : "", result);
}

static void attack_rows(void)
{
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
		for (unsigned i = 0; i < rows[k].args && !is_left_out(rows[k].name); i++)
			for (unsigned t = 0; t < target_count && is_pointer(&rows[k].arg[i]); t++)
				for (unsigned file = 0; file < FILES; file++)
					attack(&rows[k], i, &targets[t], file);
}

/* --- by hand: commands that take pointers, and pointers in structures -------------------------------------------- */

#define ATTACK(NAME, CALL)                                                  \
	for (unsigned t = 0; t < target_count; t++) {                       \
		char *at = (char *)targets[t].address;                      \
		(void)at;                                                   \
		memset((void *)(WINDOW_START - GUEST_PAGE), 0, GUEST_PAGE); \
		show(NAME, "", targets[t].name, "", (long)(CALL));          \
	}

/* Those that change how the program ends, and those that the emulator does not know. */
static bool is_option_left_out(int option)
{
	static const int out[] = { PR_SET_SECCOMP, PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_TIMING, 31, 32, 35, 52, 53, 57, 58, 67 };

	for (size_t k = 0; k < sizeof(out) / sizeof(out[0]); k++)
		if (out[k] == option)
			return true;
	return false;
}

static void attack_commands(void)
{
	static const int commands[] = { 5, 6, 15, 16, 17, 36, 37, 1028, 1035, 1036, 1037, 1038, 1039, 1040, 999 };
	int queue = msgget(IPC_PRIVATE, 0600), set = semget(IPC_PRIVATE, 3, 0600), memory = shmget(IPC_PRIVATE, 4096, 0600);
	struct msqid_ds status;

	for (size_t k = 0; k < sizeof(commands) / sizeof(commands[0]); k++)
		ATTACK("fcntl", (printf("%d ", commands[k]), syscall(SYS_fcntl, files[0], commands[k], at)));
	for (int command = 0; command < 24; command++)
		if (command != IPC_RMID) {
			ATTACK("semctl", (printf("%d ", command), syscall(SYS_semctl, set, 0, command, at)));
			ATTACK("msgctl", (printf("%d ", command), syscall(SYS_msgctl, queue, command, at)));
			ATTACK("shmctl", (printf("%d ", command), syscall(SYS_shmctl, memory, command, at)));
		}
	ATTACK("semop", syscall(SYS_semop, set, at, 1));
	ATTACK("msgsnd", syscall(SYS_msgsnd, queue, at, 8, IPC_NOWAIT));
	ATTACK("msgrcv, empty", syscall(SYS_msgrcv, queue, at, 8, 0, IPC_NOWAIT));
	ATTACK("msgrcv",
		(msgsnd(queue, &(struct {
			long type;
			char text[8];
		}){ 1, "text" },
			 8, IPC_NOWAIT),
			syscall(SYS_msgrcv, queue, at, 8, 0, IPC_NOWAIT)));
	msgctl(queue, IPC_STAT, &status);
	msgctl(queue, IPC_RMID, NULL);
	semctl(set, 0, IPC_RMID);
	shmctl(memory, IPC_RMID, NULL);
	ATTACK("setrlimit", syscall(SYS_setrlimit, RLIMIT_NOFILE, at));
	ATTACK("prlimit64, new", syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, at, NULL));
	ATTACK("prlimit64, old", syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, at));
	for (int option = 1; option < 80; option++)
		if (!is_option_left_out(option))
			ATTACK("prctl", (printf("%d ", option), syscall(SYS_prctl, option, at, 0, 0, 0) == -1 ? -1 : 0));
}

static void attack_structures(void)
{
	struct iovec part, good = { buffers[0], 8 };
	struct msghdr message = { 0 };
	struct mmsghdr messages = { 0 };
	struct sockaddr_un name;
	int pair[2];

	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair);
	ATTACK("readv", (fill(), part = (struct iovec){ at, 8 }, readv(files[0], &part, 1)));
	ATTACK("readv, second", (fill(), readv(files[0], (struct iovec[2]){ good, { at, 8 } }, 2)));
	ATTACK("preadv2", (part = (struct iovec){ at, 8 }, preadv2(files[0], &part, 1, 0, 0)));
	ATTACK("writev", (part = (struct iovec){ at, 8 }, writev(files[3], &part, 1)));
	ATTACK("writev, long", (part = (struct iovec){ at, SIZE_MAX / 2 }, writev(files[3], &part, 1)));
	ATTACK("vmsplice", (part = (struct iovec){ at, 8 }, vmsplice(files[3], &part, 1, SPLICE_F_NONBLOCK)));
	ATTACK("process_vm_readv", (part = (struct iovec){ at, 8 }, process_vm_readv(getpid(), &good, 1, &part, 1, 0)));
	ATTACK("process_vm_writev", (part = (struct iovec){ at, 8 }, process_vm_writev(getpid(), &good, 1, &part, 1, 0)));
	ATTACK("process_vm_readv into", (part = (struct iovec){ at, 8 }, process_vm_readv(getpid(), &part, 1, &good, 1, 0)));
	ATTACK("sendmsg, name",
		(message = (struct msghdr){ .msg_name = at, .msg_namelen = 8, .msg_iov = &good, .msg_iovlen = 1 },
			sendmsg(pair[0], &message, 0)));
	ATTACK("sendmsg, control",
		(message = (struct msghdr){ .msg_control = at, .msg_controllen = 24, .msg_iov = &good, .msg_iovlen = 1 },
			sendmsg(pair[0], &message, 0)));
	ATTACK("sendmsg, vector", (message = (struct msghdr){ .msg_iov = (void *)at, .msg_iovlen = 1 }, sendmsg(pair[0], &message, 0)));
	ATTACK("recvmsg, name",
		((void)!write(pair[1], "12345678", 8),
			message = (struct msghdr){ .msg_name = at, .msg_namelen = 8, .msg_iov = &good, .msg_iovlen = 1 },
			recvmsg(pair[0], &message, 0)));
	ATTACK("recvmsg, part",
		((void)!write(pair[1], "12345678", 8), part = (struct iovec){ at, 8 },
			message = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 }, recvmsg(pair[0], &message, 0)));
	ATTACK("recvmmsg, part",
		((void)!write(pair[1], "12345678", 8), part = (struct iovec){ at, 8 },
			messages.msg_hdr = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 }, recvmmsg(pair[0], &messages, 1, 0, NULL)));
	ATTACK("getsockopt", getsockopt(pair[0], SOL_SOCKET, SO_TYPE, at, &(socklen_t){ 4 }));
	ATTACK("getsockopt, negative", getsockopt(pair[0], SOL_SOCKET, SO_TYPE, at, &(socklen_t){ -4 }));
	ATTACK("getsockopt, length", getsockopt(pair[0], SOL_SOCKET, SO_TYPE, buffers[0], (void *)at));
	ATTACK("SO_GET_FILTER", getsockopt(pair[0], SOL_SOCKET, SO_GET_FILTER, at, &(socklen_t){ 4 }));
	ATTACK("SO_ATTACH_FILTER",
		setsockopt(pair[0], SOL_SOCKET, SO_ATTACH_FILTER, &(struct {
			uint16_t count;
			void *filter;
		}){ 1, at },
			16));
	ATTACK("bind", bind(pair[0], (void *)at, 8));
	ATTACK("accept", accept(files[8], (void *)at, &(socklen_t){ sizeof(name) }));
	ATTACK("accept, length", accept(files[8], (void *)&name, (void *)at));
}

/* The kernel writes here when a process or thread ends, or walks a list. The parent must live. */
static void attack_ends(void)
{
	for (unsigned t = 0; t < target_count; t++) {
		char *at = (char *)targets[t].address;
		int status = 0;
		pid_t child = fork();

		if (child == 0) {
			syscall(SYS_set_tid_address, at);
			syscall(SYS_set_robust_list, at, 24);
			syscall(SYS_exit, 3);
		}
		show("wait4", "status", targets[t].name, "", wait4(child, (int *)at, 0, NULL));
		wait4(child, &status, 0, NULL);
		child = (pid_t)syscall(SYS_clone, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | SIGCHLD, 0, at, at, 0);
		if (child == 0)
			syscall(SYS_exit, 4);
		if (child > 0)
			waitpid(child, &status, 0);
		printf("clone at %s: %s, %x\n", targets[t].name, child > 0 ? "done" : strerrorname_np(errno), status);
		child = fork();
		if (child == 0)
			_exit(execve("/bin/true", (char **)at, NULL) < 0 ? errno : 0);
		waitpid(child, &status, 0);
		printf("execve at %s: %x\n", targets[t].name, status);
		show("settimeofday", "", targets[t].name, "", syscall(SYS_settimeofday, at, NULL));
		show("clone3", "", targets[t].name, "", syscall(SYS_clone3, at, 88));
		show("rseq", "", targets[t].name, "", syscall(SYS_rseq, (uint64_t)at & ~31UL, 32, 0, 0x1234));
		show("sigaltstack", "old", targets[t].name, "", sigaltstack(NULL, (stack_t *)at));
		show("sigaltstack", "new", targets[t].name, "", sigaltstack((stack_t *)at, NULL));
		show("sigaltstack", "", targets[t].name, "", sigaltstack(&(stack_t){ .ss_sp = at, .ss_size = 65536 }, NULL));
	}
	sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
}

int main(int count, char **argument)
{
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	drop_privileges();
	signal(SIGUSR2, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	target_count = find_targets(count > 1 ? argument[1] : "0", targets);
	open_files();
	attack_rows();
	attack_commands();
	attack_structures();
	fflush(stdout);
	attack_ends();
	puts("alive");
	return 0;
}
