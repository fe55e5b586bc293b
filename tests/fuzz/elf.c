/* Fuzzing the loader: the input is an executable. `make fuzz` builds and runs this with libFuzzer. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/cpu/model.h"
#include "emu/linux/process/load.h"
#include "emu/mem/fault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void no_code(void *context, uint64_t start, uint64_t end)
{
	(void)context;
	(void)start;
	(void)end;
}

static void load(const char *path)
{
	struct options options = { .seed = 1 };
	static struct task task;
	struct process process = { .options = &options, .tasks = &task, .current = &task };
	struct load_error error = { 0 };
	char *argv[] = { "fuzz", NULL }, *envp[] = { NULL };

	task.cpu.model = cpu_model_find("x86-64-v3");
	fault_install();
	space_init(&process.space);
	process.space.code_changed = no_code;
	if (!process_load(&process, path, argv, envp, &error) && !error.text[0])
		abort(); /* a failure without a word */
	space_reset(&process.space);
	free(process.image.exe_path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd = memfd_create("elf", 0);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || fchmod(fd, 0755) < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	load(path);
	close(fd);
	return 0;
}
