/* Memory that is written by other ways than stores: /proc/PID/mem and process_vm_writev(2), of this process and of a child; data, code, and
 * pages that may not be written. */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"

enum { PAGE = 4096, ROUNDS = 3000, CODE_SIZE = 6 };

typedef int function(void);

static volatile char data[64] = "as it was";
static char *page, *fixed;

/* mov $value, %eax; ret */
static void make_code(uint8_t code[CODE_SIZE], int value)
{
	code[0] = 0xb8;
	memcpy(code + 1, &value, sizeof(value));
	code[5] = 0xc3;
}

/* Often enough that it is decoded, and hot. */
static int run(const char *code)
{
	int value = 0;

	for (int k = 0; k < ROUNDS; k++)
		value = ((function *)code)();
	return value;
}

static char *map(int prot)
{
	return mmap(NULL, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void own_data(int memory)
{
	const struct iovec parts[] = { { "in ", 3 }, { "parts", 6 } };

	SHOW(pwrite(memory, "by pwrite", 10, (off_t)data));
	printf("%s\n", (const char *)data);
	CHECK(lseek(memory, (off_t)data, SEEK_SET) == (off_t)data);
	SHOW(write(memory, "by write", 9));
	printf("%s\n", (const char *)data);
	CHECK(lseek(memory, 0, SEEK_CUR) == (off_t)data + 9);
	SHOW(pwritev(memory, parts, 2, (off_t)data));
	printf("%s\n", (const char *)data);
}

static void own_code(int memory)
{
	uint8_t code[CODE_SIZE];

	page = map(PROT_READ | PROT_WRITE | PROT_EXEC);
	make_code((uint8_t *)page, 1);
	printf("code: %d, ", run(page));
	make_code(code, 2);
	SHOW(pwrite(memory, code, sizeof(code), (off_t)page));
	printf("then %d, ", run(page));
	mprotect(page, PAGE, PROT_READ | PROT_EXEC);
	run(page);
	make_code(code, 3);
	SHOW(pwrite(memory, code, sizeof(code), (off_t)page));
	printf("read-only, then %d\n", run(page));
	munmap(page, PAGE);
}

static void without_rights(int memory)
{
	char *read_only = map(PROT_READ), *none = map(PROT_NONE);
	struct iovec local = { "text", 5 }, remote = { read_only, 5 };

	SHOW(pwrite(memory, "poked", 6, (off_t)read_only));
	printf("%s\n", read_only);
	SHOW(pwrite(memory, "hidden", 7, (off_t)none));
	mprotect(none, PAGE, PROT_READ);
	printf("%s\n", none);
	SHOW(process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	SHOW(pwrite(memory, "x", 1, 0x50ffc0000000)); /* nothing is there */
	SHOW(pread(memory, read_only, 1, 0x50ffc0000000));
	SHOW(pwrite(memory, "x", 1, PAGE));
}

static void wait_for(int fd)
{
	char c;

	while (read(fd, &c, 1) < 0 && errno == EINTR)
		;
}

static void tell(int fd)
{
	if (write(fd, "g", 1) != 1)
		perror("write");
}

static int child(int go, int ready)
{
	for (int k = 0; k < 4; k++) {
		int value = run(page);

		tell(ready);
		wait_for(go);
		printf("child: %s, code %d, then %d\n", (const char *)data, value, run(page));
	}
	return 0;
}

/* Data, then code on a page of its own, then a page that may not be written. */
static void code_by_vector(pid_t pid)
{
	uint8_t code[CODE_SIZE];
	struct iovec local[] = { { "again", 6 }, { code, CODE_SIZE }, { code, 1 } },
		     remote[] = { { (void *)data, 6 }, { page, CODE_SIZE }, { fixed, 1 } };

	make_code(code, 12);
	SHOW(process_vm_writev(pid, local, 3, remote, 3, 0));
	SHOW(process_vm_writev(pid, local + 1, 1, remote + 1, 1, 0));
	SHOW(process_vm_writev(pid, local + 2, 1, remote + 2, 1, 0));
}

/* The child's memory is written while it waits. */
static void of_a_child(void)
{
	struct iovec local[] = { { "by ", 3 }, { "process_vm_writev", 18 } },
		     remote[] = { { (void *)data, 10 }, { (void *)(data + 10), 11 } };
	int go[2], ready[2], status, memory;
	uint8_t code[CODE_SIZE];
	char path[32];
	pid_t pid;

	page = map(PROT_READ | PROT_WRITE | PROT_EXEC);
	make_code((uint8_t *)page, 10);
	fixed = map(PROT_READ);
	if (pipe(go) < 0 || pipe(ready) < 0)
		return;
	pid = fork();
	if (pid == 0)
		_exit(child(go[0], ready[1]));
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	wait_for(ready[0]);
	SHOW(process_vm_writev(pid, local, 2, remote, 2, 0));
	tell(go[1]);
	wait_for(ready[0]);
	memory = open(path, O_RDWR);
	SHOW(pwrite(memory, "by its mem", 11, (off_t)data));
	make_code(code, 11);
	SHOW(pwrite(memory, code, sizeof(code), (off_t)page));
	tell(go[1]);
	wait_for(ready[0]);
	CHECK(lseek(memory, (off_t)data, SEEK_SET) == (off_t)data);
	SHOW(write(memory, "by write", 9));
	tell(go[1]);
	wait_for(ready[0]);
	code_by_vector(pid);
	tell(go[1]);
	waitpid(pid, &status, 0);
	printf("own data: %s, status %d\n", (const char *)data, WEXITSTATUS(status));
}

int main(void)
{
	int memory = open("/proc/self/mem", O_RDWR);

	own_data(memory);
	own_code(memory);
	without_rights(memory);
	of_a_child();
	return 0;
}
