/* Loading programs: the state at a start, the errors reported, and that no file, however broken, harms the loader. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emu/cpu/model.h"
#include "emu/linux/process/load.h"
#include "emu/mem/fault.h"
#include "tests/unit/suite.h"

enum { MUTATIONS = 20000, FILE_MAX = 64 << 10 };

static struct options options;
static struct process process;
static struct task task;
static struct load_error error;
static char directory[] = "/tmp/tick86-load-XXXXXX";
static char *no_environment[] = { NULL };

static void no_code(void *context, uint64_t start, uint64_t end)
{
	(void)context;
	(void)start;
	(void)end;
}

static void set_up(void)
{
	memset(&process, 0, sizeof(process));
	memset(&task, 0, sizeof(task));
	memset(&error, 0, sizeof(error));
	options.seed = 1;
	task.cpu.model = cpu_model_find("x86-64-v3");
	process.options = &options;
	process.tasks = process.current = &task;
	fault_install(); /* for copies */
	space_init(&process.space);
	process.space.code_changed = no_code;
	strcpy(directory, "/tmp/tick86-load-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void tear_down(void)
{
	char command[64];
	space_reset(&process.space);
	free(process.image.exe_path);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	ck_assert_int_eq(system(command), 0);
}

static const char *file_named(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static const char *make_file(const char *name, const void *bytes, size_t size, int mode)
{
	const char *path = file_named(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	close(fd);
	return path;
}

static bool load(const char *path, char **argv, char **envp)
{
	memset(&error, 0, sizeof(error));
	return process_load(&process, path, argv, envp, &error);
}

static bool load_plain(const char *path)
{
	char *argv[] = { (char *)path, NULL };
	return load(path, argv, no_environment);
}

static uint64_t auxiliary(uint64_t type)
{
	for (const Elf64_auxv_t *aux = (void *)process.image.auxv_start; aux->a_type != AT_NULL; aux++) {
		if (aux->a_type == type)
			return aux->a_un.a_val;
	}
	return UINT64_MAX;
}

static void check_vectors(char **argv, char **envp)
{
	uint64_t *at = (uint64_t *)task.cpu.r[RSP];
	ck_assert_uint_eq((uint64_t)at % 16, 0);
	size_t argc = *at++;
	for (size_t i = 0; i < argc; i++)
		ck_assert_str_eq((char *)*at++, argv[i]);
	ck_assert_ptr_null(argv[argc]);
	ck_assert_uint_eq(*at++, 0);
	while (*envp)
		ck_assert_str_eq((char *)*at++, *envp++);
	ck_assert_uint_eq(*at++, 0);
	ck_assert_uint_eq((uint64_t)at, process.image.auxv_start);
}

START_TEST(dynamic_program)
{
	char *argv[] = { "true", "one", "", "three", NULL }, *envp[] = { "A=1", "B=", NULL };
	ck_assert_msg(load("/bin/true", argv, envp), "%s", error.text);
	check_vectors(argv, envp);
	ck_assert(!strncmp(strrchr(space_find(&process.space, auxiliary(AT_BASE))->name, '/'), "/ld-linux", 9));
	ck_assert_uint_eq(auxiliary(AT_PHDR), GUEST_PIE_BASE + sizeof(Elf64_Ehdr));
	ck_assert_uint_eq(auxiliary(AT_PAGESZ), 4096);
	ck_assert_str_eq((char *)auxiliary(AT_EXECFN), "/bin/true");
	ck_assert_str_eq((char *)auxiliary(AT_PLATFORM), "x86_64");
	ck_assert_uint_eq(memcmp((void *)auxiliary(AT_PHDR), (void *)(GUEST_PIE_BASE + 64), 56), 0);
	ck_assert_uint_ge(task.cpu.rip, auxiliary(AT_BASE));
	ck_assert_uint_eq(task.cpu.r[RDX], 0);
	ck_assert_uint_eq(process.space.brk % GUEST_PAGE, 0);
	ck_assert_uint_gt(process.space.brk, GUEST_PIE_BASE);
	ck_assert_str_eq((char *)process.image.arg_start, "true");
	ck_assert_str_eq((char *)process.image.env_start, "A=1");
	ck_assert_str_eq(process.image.exe_path, realpath("/bin/true", NULL));
	/* The last words of the stack are zero, as the kernel leaves them. */
	ck_assert_uint_eq(*(uint64_t *)(GUEST_STACK_TOP - 8), 0);
}
END_TEST

START_TEST(static_program_with_bss)
{
	char command[256];

	snprintf(command, sizeof(command),
		"cd %s && echo 'char a[9999], b[5000] = {1}; int main(void) { return a[0]; }' >bss.c && "
		"gcc -static -o bss bss.c",
		directory);
	ck_assert_int_eq(system(command), 0);
	ck_assert_msg(load_plain(file_named("bss")), "%s", error.text);
	ck_assert_uint_eq(auxiliary(AT_BASE), 0);
	ck_assert_uint_eq(auxiliary(AT_ENTRY), task.cpu.rip);
	/* From the end of the data in the file to the end of the pages: zero. */
	const Elf64_Phdr *segment = (void *)auxiliary(AT_PHDR);
	unsigned checked = 0;
	for (uint64_t i = 0; i < auxiliary(AT_PHNUM); i++) {
		uint64_t at = segment[i].p_vaddr + segment[i].p_filesz;
		uint64_t end = (segment[i].p_vaddr + segment[i].p_memsz + 4095) & ~4095ULL;
		if (segment[i].p_type != PT_LOAD || !(segment[i].p_flags & PF_W))
			continue;
		for (; at < end; at++, checked++)
			ck_assert_int_eq(*(char *)at, 0);
	}
	ck_assert_uint_gt(checked, 9999);
}
END_TEST

START_TEST(same_random_bytes_for_the_same_seed)
{
	uint64_t first[2], second[2];
	ck_assert(load_plain("/bin/true"));
	memcpy(first, (void *)auxiliary(AT_RANDOM), 16);
	space_reset(&process.space);
	ck_assert(load_plain("/bin/true"));
	memcpy(second, (void *)auxiliary(AT_RANDOM), 16);
	ck_assert_mem_eq(first, second, 16);
	space_reset(&process.space);
	options.seed = 2;
	ck_assert(load_plain("/bin/true"));
	ck_assert_mem_ne((void *)auxiliary(AT_RANDOM), first, 16);
}
END_TEST

START_TEST(scripts)
{
	char path[128], *argv[] = { "name", "x", NULL };
	static const char script[] = "#! /bin/true  -a b  \nrest\n";
	strcpy(path, make_file("script", script, sizeof(script) - 1, 0755));
	char *expected[] = { "/bin/true", "-a b", path, "x", NULL }, *none[] = { NULL };
	ck_assert_msg(load(path, argv, none), "%s", error.text);
	check_vectors(expected, none);
	ck_assert_str_eq((char *)auxiliary(AT_EXECFN), path);
}
END_TEST

/* Chains of scripts up to the kernel's own limit, run natively, too. */
START_TEST(scripts_run_by_scripts)
{
	char text[256], previous[128] = "/bin/true";
	for (int depth = 1; depth <= 7; depth++) {
		char name[16];
		snprintf(text, sizeof(text), "#!%s\n", previous);
		snprintf(name, sizeof(name), "s%d", depth);
		strcpy(previous, make_file(name, text, strlen(text), 0755));
		pid_t child = fork();
		if (child == 0) {
			execl(previous, previous, NULL);
			_exit(errno);
		}
		int status;
		waitpid(child, &status, 0);
		bool loaded = load_plain(previous);
		ck_assert_msg(WEXITSTATUS(status) == (loaded ? 0 : error.error), "depth %d: kernel %d, here %d", depth, WEXITSTATUS(status),
			error.error);
		space_reset(&process.space);
	}
}
END_TEST

static void expect_failure(const char *path, int status, int number, const char *text)
{
	char *argv[] = { (char *)path, NULL };

	ck_assert(!load_plain(path));
	ck_assert_msg(strstr(error.text, text), "\"%s\" does not say \"%s\"", error.text, text);
	ck_assert_int_eq(error.status, status);
	ck_assert_int_eq(error.error, number);
	ck_assert_int_eq(process_check_executable(&process, path, argv, no_environment), -number);
}

static size_t read_whole(const char *path, uint8_t *bytes, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t have = read(fd, bytes, size);
	close(fd);
	return (size_t)have;
}

START_TEST(errors_say_what_is_wrong)
{
	static uint8_t bytes[FILE_MAX];
	size_t size = read_whole("/bin/true", bytes, sizeof(bytes));
	Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;

	expect_failure("/nowhere/at/all", 127, ENOENT, "No such file");
	expect_failure("/tmp", 126, EACCES, "a directory");
	expect_failure(make_file("text", "hello\n", 6, 0755), 126, ENOEXEC, "not an ELF file");
	expect_failure(make_file("empty", "", 0, 0755), 126, ENOEXEC, "not an ELF file");
	expect_failure(make_file("modeless", bytes, size, 0644), 126, EACCES, "not executable");
	expect_failure(make_file("short", bytes, 40, 0755), 126, ENOEXEC, "truncated: the ELF header ends at 64 of 40 bytes");
	expect_failure(make_file("cut", bytes, 100, 0755), 126, ENOEXEC, "truncated: program headers end at");
	header->e_machine = EM_AARCH64;
	expect_failure(make_file("arm", bytes, size, 0755), 126, ENOEXEC, "built for aarch64, not x86-64");
	header->e_machine = EM_X86_64;
	header->e_type = ET_REL;
	expect_failure(make_file("object", bytes, size, 0755), 126, ENOEXEC, "an object file");
	expect_failure(make_file("bang", "#!   \n", 6, 0755), 126, ENOEXEC, "without an interpreter");
	expect_failure(make_file("lost", "#!/nowhere\n", 11, 0755), 127, ENOENT, "/nowhere");
}
END_TEST

static uint64_t random_state = 88172645463325252ULL;

static uint64_t below(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

/* Damages bytes, mostly those of the headers. */
static void mutate(uint8_t *bytes, size_t size)
{
	static const uint64_t odd[] = { 0, 1, 0xff, 0xffff, 0x7fffffff, 0xffffffff, 0x7fffffffffffffff, ~0ULL, 4095, 0x500000000000 };
	for (uint64_t n = 1 + below(4); n > 0; n--) {
		size_t at = below(8) ? below(64 + 13 * 56) : below(size - 8);
		uint64_t value = odd[below(sizeof(odd) / sizeof(odd[0]))];
		if (below(2))
			bytes[at] ^= (uint8_t)(1 << below(8));
		else
			memcpy(bytes + (at & ~7ULL), &value, 1ULL << below(4));
	}
}

START_TEST(broken_files)
{
	static const char *const sources[] = { "/bin/true", "/lib64/ld-linux-x86-64.so.2", "/bin/busybox" };
	static uint8_t whole[3 << 20], bytes[3 << 20];
	size_t size = read_whole(sources[_i], whole, sizeof(whole));
	unsigned loaded = 0;
	char path[64];
	int fd = memfd_create("elf", 0);

	ck_assert_uint_gt(size, 4096);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ck_assert_int_eq(fchmod(fd, 0755), 0);
	ck_assert_int_eq(pwrite(fd, whole, size, 0), (ssize_t)size);
	memcpy(bytes, whole, size);
	for (int i = 0; i < MUTATIONS; i++) {
		size_t length = below(10) ? size : below(size);
		mutate(bytes, 4096);
		ck_assert_int_eq(pwrite(fd, bytes, 4096, 0), 4096);
		ck_assert_int_eq(ftruncate(fd, (off_t)length), 0);
		error.text[0] = 0;
		if (load_plain(path))
			loaded++;
		else
			ck_assert(error.text[0] && error.error && error.status);
		space_reset(&process.space);
		if (length < size)
			ck_assert_int_eq(pwrite(fd, whole + length, size - length, (off_t)length), (ssize_t)(size - length));
		memcpy(bytes, whole, 4096);
	}
	close(fd);
	ck_assert_uint_gt(loaded, MUTATIONS / 100);
	ck_assert_uint_lt(loaded, MUTATIONS);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("load");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, dynamic_program);
	tcase_add_test(tests, static_program_with_bss);
	tcase_add_test(tests, same_random_bytes_for_the_same_seed);
	tcase_add_test(tests, scripts);
	tcase_add_test(tests, scripts_run_by_scripts);
	tcase_add_test(tests, errors_say_what_is_wrong);
	tcase_add_loop_test(tests, broken_files, 0, 3);
	return run_suite("load", tests);
}
