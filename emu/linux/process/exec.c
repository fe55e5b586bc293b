/* From a path to a program that is ready to run: scripts, the interpreter, the first register values. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/cpu/fatal.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/path.h"
#include "emu/linux/process/load.h"
#include "emu/linux/signal/signal.h"
#include "emu/linux/time/pvclock.h"
#include "emu/linux/kernel/observer.h"

enum {
	SCRIPT_LINE = 256, /* BINPRM_BUF_SIZE: the kernel reads only so much of a script's first line */
	SCRIPT_DEPTH = 5,  /* scripts whose interpreters are scripts: exec_binprm() */
	SCRIPT_ARGS = 3,   /* interpreter, its argument, the script */
};

/* A program that was found and checked. Nothing is mapped yet. */
struct program {
	struct elf elf, interpreter;             /* interpreter.fd is -1 if there is none */
	char *path;                              /* path of the ELF file, or of the script's interpreter; owned */
	char **argv;                             /* the vector is owned, the strings are the caller's or in `words` */
	char *words[SCRIPT_DEPTH * SCRIPT_ARGS]; /* owned */
	unsigned word_count;
	char interpreter_path[PATH_MAX];
};

static void program_close(struct program *program)
{
	elf_close(&program->elf);
	elf_close(&program->interpreter);
	for (unsigned i = 0; i < program->word_count; i++)
		free(program->words[i]);
	free(program->path);
	free(program->argv);
}

/* --- opening ------------------------------------------------------------------------------------------------------- */

static int open_executable(const char *path, struct load_error *error)
{
	struct stat status;
	int fd = -1;
	/* Sockets and devices are not opened, since that may fail with another error, or have an effect. */
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
		load_fail(error, EACCES, "%s: not a regular file", path);
		return -1;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		load_fail(error, errno, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
		load_fail(error, EACCES, "%s: a directory", path);
	else if (!S_ISREG(status.st_mode))
		load_fail(error, EACCES, "%s: not a regular file", path);
	else if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		load_fail(error, errno, "%s: not executable: %s", path, strerror(errno));
	else
		return fd;
	close(fd);
	return -1;
}

/* --- scripts ------------------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Splits "#! interpreter argument" in place. The argument is the rest of the line as one word, or NULL. The argument may be cut off by
 * the end of the buffer, the interpreter's name may not. */
static bool parse_script_line(char line[SCRIPT_LINE + 1], char **interpreter, char **argument)
{
	char *end = strchr(line, '\n');
	bool cut = !end && strlen(line) == SCRIPT_LINE;
	if (!end)
		end = line + strlen(line);
	while (end > line + 2 && is_blank(end[-1]))
		end--;
	*end = 0;
	char *at = line + 2;
	while (is_blank(*at))
		at++;
	*interpreter = at;
	while (*at && !is_blank(*at))
		at++;
	if (at == *interpreter || (cut && !*at))
		return false;
	char *rest = at;
	while (is_blank(*rest))
		rest++;
	*argument = *rest ? rest : NULL;
	*at = 0;
	return true;
}

static size_t vector_length(char *const *vector)
{
	size_t length = 0;
	while (vector[length])
		length++;
	return length;
}

static char *keep(struct program *program, const char *word)
{
	return program->words[program->word_count++] = strdup(word);
}

/* argv becomes: interpreter, its argument if any, the script's path, the script's arguments. */
static void rewrite_arguments(struct program *program, const char *interpreter, const char *argument)
{
	size_t rest = vector_length(program->argv);
	char **argv = fatal_unless(calloc(rest + SCRIPT_ARGS + 1, sizeof(*argv)));
	size_t n = 0;
	argv[n++] = keep(program, interpreter);
	if (argument)
		argv[n++] = keep(program, argument);
	argv[n++] = program->path;
	for (size_t i = 1; i < rest; i++)
		argv[n++] = program->argv[i];
	free(program->argv);
	program->argv = argv;
}

/* Replaces a script by its interpreter, and closes `fd`. */
static bool follow_script(struct program *program, int fd, char line[SCRIPT_LINE + 1], struct load_error *error)
{
	char *interpreter, *argument;
	close(fd);
	if (!parse_script_line(line, &interpreter, &argument))
		return load_fail(error, ENOEXEC, "%s: a script without an interpreter in its first line", program->path);
	rewrite_arguments(program, interpreter, argument);
	program->words[program->word_count++] = program->path; /* argv still refers to it */
	program->path = strdup(interpreter);
	return true;
}

static bool open_program(struct process *process, struct program *program, struct load_error *error)
{
	for (unsigned depth = 0;; depth++) {
		char line[SCRIPT_LINE + 1] = "", plain[PATH_MAX], host[PATH_MAX];
		const char *path = path_plain(process, AT_FDCWD, program->path, plain);
		int fd = open_executable(file_host_path(process, path, host), error);
		if (fd < 0)
			return false;
		if (pread(fd, line, SCRIPT_LINE, 0) < 2 || line[0] != '#' || line[1] != '!')
			return elf_open(&program->elf, fd, program->path, false, error);
		if (depth == SCRIPT_DEPTH) {
			close(fd);
			return load_fail(error, ELOOP, "%s: too many scripts run by scripts", program->path);
		}
		if (!follow_script(program, fd, line, error))
			return false;
	}
}

static bool open_interpreter(struct process *process, struct program *program, struct load_error *error)
{
	const char *name = program->elf.interpreter;
	if (!*name)
		return true;
	int fd = open_executable(file_host_path(process, name, program->interpreter_path), error);
	if (fd < 0) {
		char reason[sizeof(error->text)];
		snprintf(reason, sizeof(reason), "%s", error->text);
		return load_fail(error, error->error, "%.80s: its interpreter %.150s", program->path, reason);
	}
	return elf_open(&program->interpreter, fd, name, true, error);
}

static bool find_program(struct process *process, struct program *program, const char *path, char *const argv[], struct load_error *error)
{
	size_t count = vector_length(argv);
	memset(program, 0, sizeof(*program));
	program->elf.fd = program->interpreter.fd = -1;
	program->path = strdup(path);
	program->argv = calloc(count + 1, sizeof(*argv));
	if (!program->path || !program->argv)
		return load_fail(error, ENOMEM, "%s: no memory", path);
	memcpy(program->argv, argv, count * sizeof(*argv));
	return open_program(process, program, error) && open_interpreter(process, program, error);
}

int process_check_executable(struct process *process, const char *path, char *const argv[], char *const envp[])
{
	struct load_error error = { 0 };
	struct program program;
	bool found = find_program(process, &program, path, argv, &error);
	struct start start = { .argv = program.argv, .envp = envp, .execfn = path };
	bool fits = found && stack_can_hold(process, &start);
	program_close(&program);
	return !found ? -error.error : fits ? 0 : -E2BIG;
}

/* --- starting ------------------------------------------------------------------------------------------------------ */

/* ELF psABI for x86-64, 3.4.1: RDX is a function to call at exit; the kernel clears all registers. */
static void set_registers(struct cpu *cpu, uint64_t rip, uint64_t rsp)
{
	memset(cpu->r, 0, sizeof(cpu->r));
	cpu->r[RSP] = rsp;
	cpu->rip = rip;
	cpu->flags = 0;
	memset(cpu->selector, 0, sizeof(cpu->selector));
	cpu->df = cpu->ac = cpu->id = cpu->nt = cpu->tf = false;
	cpu->monitor = (struct monitor){ 0 };
	fpstate_reset(cpu);
}

/* Sets the program's name for /proc/PID/exe and /proc/PID/comm. */
static void name_process(struct process *process, const struct program *program, const char *path)
{
	char link[32], exe[PATH_MAX];
	const char *slash = strrchr(path, '/');

	snprintf(link, sizeof(link), "/proc/self/fd/%d", program->elf.fd);
	ssize_t length = readlink(link, exe, sizeof(exe) - 1);
	free(process->image.exe_path);
	process->image.exe_path = length > 0 ? strndup(exe, (size_t)length) : strdup(path);
	prctl(PR_SET_NAME, slash ? slash + 1 : path);
}

static bool map_program(struct process *process, const struct program *program, const char *path, char *const envp[],
	struct load_error *error)
{
	struct start start = { .argv = program->argv, .envp = envp, .execfn = path, .elf = &program->elf };
	struct elf_place interpreter;
	uint64_t entry;

	/* A loader that is run as a program, or a program without one, goes where mmap places it, and the heap to where programs are. */
	bool loads_itself = program->interpreter.fd < 0 && program->elf.header.e_type == ET_DYN;

	space_lay_out(&process->space);
	if (!elf_map(&program->elf, &process->space, loads_itself ? 0 : GUEST_PIE_BASE, &start.program, error))
		return false;
	space_set_brk(&process->space, loads_itself ? GUEST_PIE_BASE + GUEST_PAGE : page_ceil(start.program.end));
	entry = start.program.entry;
	if (program->interpreter.fd >= 0) {
		if (!elf_map(&program->interpreter, &process->space, 0, &interpreter, error))
			return false;
		start.interpreter_base = interpreter.base;
		entry = interpreter.entry;
	}
	int64_t vdso = vdso_map(&process->space), result = vdso < 0 ? vdso : pvclock_map(process);

	start.vdso = (uint64_t)vdso;
	if (result < 0)
		return load_fail(error, (int)-result, "%s: the vDSO cannot be mapped: %s", path, strerror((int)-result));
	uint64_t stack = stack_build(process, &start, error);
	if (!stack)
		return false;
	set_registers(&process->tasks->cpu, entry, stack);
	name_process(process, program, path);
	return true;
}

bool process_load(struct process *process, const char *path, char *const argv[], char *const envp[], struct load_error *error)
{
	struct program program;
	bool loaded = find_program(process, &program, path, argv, error) && map_program(process, &program, path, envp, error);
	program_close(&program);
	if (loaded)
		OBSERVE(process, exec, process, path, argv);
	return loaded;
}
