/* Output by every call that writes to a descriptor; which of them the kernel permits depends on what standard output is. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hard.h"

static void put(const char *text)
{
	must(write(STDOUT_FILENO, text, strlen(text)) == (ssize_t)strlen(text), "write");
}

static struct iovec part(const char *text)
{
	return (struct iovec){ (void *)text, strlen(text) };
}

static void to_anything(void)
{
	const struct iovec parts[] = { part("writev, "), part(""), part("in parts\n") };

	put("write\n");
	must(writev(STDOUT_FILENO, parts, 3) > 0, "writev");
	must(syscall(SYS_pwritev2, STDOUT_FILENO, parts, 3, -1L, 0, 0) > 0, "pwritev2");
}

static void to_a_file(void)
{
	const struct iovec parts[] = { part("pwritev "), part("at 20\n") };
	off_t end;

	if (pwrite(STDOUT_FILENO, "", 0, 0) < 0)
		return;
	end = lseek(STDOUT_FILENO, 0, SEEK_CUR);
	must(pwrite(STDOUT_FILENO, "pwrite\n", 7, end) == 7, "pwrite");
	must(pwritev(STDOUT_FILENO, parts, 2, end + 7) == 14, "pwritev");
	must(lseek(STDOUT_FILENO, end + 21, SEEK_SET) >= 0, "lseek");
}

static void to_a_socket(void)
{
	struct iovec parts[] = { part("one of "), part("two\n"), part("two of two\n") };
	struct mmsghdr messages[] = { { .msg_hdr = { .msg_iov = parts, .msg_iovlen = 2 } },
		{ .msg_hdr = { .msg_iov = parts + 2, .msg_iovlen = 1 } } };

	if (send(STDOUT_FILENO, "send\n", 5, 0) < 0)
		return;
	must(sendmsg(STDOUT_FILENO, &messages[0].msg_hdr, 0) == 11, "sendmsg");
	must(sendmmsg(STDOUT_FILENO, messages, 2, 0) == 2, "sendmmsg");
}

static void to_a_pipe(void)
{
	static char text[] = "vmsplice\n";
	const struct iovec one = { text, sizeof(text) - 1 };

	if (vmsplice(STDOUT_FILENO, &one, 1, 0) < 0)
		return;
	put("after vmsplice\n");
}

/* Calls whose output a recording could not see are refused, so that none is lost; the program then uses read and write. */
static void from_a_file(void)
{
	char text[] = "from a file\n", again[sizeof(text)];
	int file = memfd_create("text", 0), copied;

	must(write(file, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1, "write");
	must(lseek(file, 0, SEEK_SET) == 0, "lseek");
	copied = sendfile(STDOUT_FILENO, file, NULL, sizeof(text)) > 0;
	if (!copied && read(file, again, sizeof(again)) > 0)
		put(text);
	close(file);
}

/* Another number for it, and another process. */
static void by_others(void)
{
	int other = dup(STDOUT_FILENO);
	FILE *child;

	must(write(other, "by another number\n", 18) == 18, "write");
	close(other);
	child = popen("echo by a child", "w");
	pclose(child);
}

int main(void)
{
	to_anything();
	to_a_file();
	to_a_socket();
	to_a_pipe();
	from_a_file();
	by_others();
	put("end\n");
	return 0;
}
