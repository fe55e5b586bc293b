/* The stack of a new program: fs/exec.c and create_elf_tables in fs/binfmt_elf.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/cpu/model.h"
#include "emu/linux/kernel/machine.h"
#include "emu/linux/kernel/random.h"
#include "emu/linux/process/load.h"
#include "emu/linux/signal/rseq.h"

/* some versions of <elf.h> lack it */
#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif
#ifndef AT_RSEQ_FEATURE_SIZE
#define AT_RSEQ_FEATURE_SIZE 27
#define AT_RSEQ_ALIGN 28
#endif

enum {
	CLOCK_TICKS = 100,         /* USER_HZ */
	STRING_MAX = 32 * 4096,    /* MAX_ARG_STRLEN */
	STRINGS_MAX = 6 << 20,     /* 3/4 of the default stack limit, _STK_LIM */
	ARGUMENTS_MIN = 32 * 4096, /* ARG_MAX: always allowed */
	AUXV_MAX = 32,
	HWCAP2_FSGSBASE = 2,
	CPUID7_EBX_FSGSBASE = 1,
	FRAME_SSE = 1040,
	FRAME_AVX = 1360, /* signal frame with its FXSAVE or XSAVE image: get_sigframe_size() */
};

struct builder {
	struct process *process;
	const struct start *start;
	uint64_t top; /* moves downwards */
	size_t argc, envc;
	uint64_t execfn, platform, random;
};

/* If there are no arguments, the kernel passes one empty string. */
static const char *const *arguments_of(const struct start *start)
{
	static const char *const empty[] = { "", NULL };
	return start->argv[0] ? (const char *const *)start->argv : empty;
}

static bool measure(const char *const *strings, size_t *count, uint64_t *bytes)
{
	for (*count = 0; strings[*count]; ++*count) {
		size_t length = strlen(strings[*count]) + 1;
		if (length > STRING_MAX)
			return false;
		*bytes += length + sizeof(uint64_t);
	}
	return true;
}

/* A quarter of the stack. ARG_MAX is always allowed if the stack is large enough; a page must remain besides. */
static uint64_t strings_limit(uint64_t stack_limit)
{
	uint64_t limit = stack_limit / 4;
	if (limit > STRINGS_MAX)
		limit = STRINGS_MAX;
	if (limit < ARGUMENTS_MIN)
		limit = ARGUMENTS_MIN;
	if (stack_limit < limit + GUEST_PAGE)
		limit = stack_limit > GUEST_PAGE ? stack_limit - GUEST_PAGE : 0;
	return limit;
}

static bool measure_all(const struct process *process, const struct start *start, size_t *argc, size_t *envc)
{
	uint64_t bytes = strlen(start->execfn) + 1;
	return measure(arguments_of(start), argc, &bytes) && measure((const char *const *)start->envp, envc, &bytes)
		&& bytes <= strings_limit(process->space.stack_limit);
}

bool stack_can_hold(const struct process *process, const struct start *start)
{
	size_t argc, envc;
	return measure_all(process, start, &argc, &envc);
}

static uint64_t push(struct builder *builder, const void *bytes, size_t size)
{
	builder->top -= size;
	memcpy((void *)builder->top, bytes, size);
	return builder->top;
}

/* Pushes the strings: in ascending order arguments, environment, the file's name, 8 bytes of zero. */
static void push_strings(struct builder *builder)
{
	const char *const *argv = arguments_of(builder->start);
	char *const *envp = builder->start->envp;
	struct process *process = builder->process;

	builder->top = GUEST_STACK_TOP - sizeof(uint64_t);
	builder->execfn = push(builder, builder->start->execfn, strlen(builder->start->execfn) + 1);
	process->image.env_end = builder->top;
	for (size_t i = builder->envc; i-- > 0;)
		push(builder, envp[i], strlen(envp[i]) + 1);
	process->image.env_start = process->image.arg_end = builder->top;
	for (size_t i = builder->argc; i-- > 0;)
		push(builder, argv[i], strlen(argv[i]) + 1);
	process->image.arg_start = builder->top;
}

static void push_platform_and_random(struct builder *builder)
{
	/* AT_RANDOM comes from the run's seed, so stack guards and hash seeds are the same in every run. */
	uint64_t seed = builder->process->options->seed, random[2] = { random_word(seed, 0), random_word(seed, 1) };
	builder->top &= ~15ULL;
	builder->platform = push(builder, "x86_64", sizeof "x86_64");
	builder->random = push(builder, random, sizeof(random));
}

static size_t fill_auxv(const struct builder *builder, Elf64_auxv_t auxv[AUXV_MAX])
{
	const struct start *start = builder->start;
	const struct cpu_model *model = builder->process->tasks->cpu.model;
	const struct cpuid_context context = { .vcpus = 1 };
	bool fsgsbase = cpu_model_cpuid(model, &context, 7, 0).ebx & CPUID7_EBX_FSGSBASE;
	bool secure = getuid() != geteuid() || getgid() != getegid();
	const uint64_t entries[][2] = {
		{ AT_SYSINFO_EHDR, start->vdso },
		{ AT_MINSIGSTKSZ, model->avx ? FRAME_AVX : FRAME_SSE },
		{ AT_HWCAP, cpu_model_cpuid(model, &context, 1, 0).edx },
		{ AT_PAGESZ, GUEST_PAGE },
		{ AT_CLKTCK, CLOCK_TICKS },
		{ AT_PHDR, start->program.headers },
		{ AT_PHENT, sizeof(Elf64_Phdr) },
		{ AT_PHNUM, start->elf->header.e_phnum },
		{ AT_BASE, start->interpreter_base },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, start->program.entry },
		{ AT_UID, getuid() },
		{ AT_EUID, geteuid() },
		{ AT_GID, getgid() },
		{ AT_EGID, getegid() },
		{ AT_SECURE, secure },
		{ AT_RANDOM, builder->random },
		{ AT_HWCAP2, fsgsbase ? HWCAP2_FSGSBASE : 0 },
		{ AT_EXECFN, builder->execfn },
		{ AT_PLATFORM, builder->platform },
		{ AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_SIZE },
		{ AT_RSEQ_ALIGN, RSEQ_ALIGN },
		{ AT_NULL, 0 },
	};
	memcpy(auxv, entries, sizeof(entries));
	return sizeof(entries) / sizeof(entries[0]);
}

/* Stores pointers to `count` strings, which follow each other from `string` on, and a NULL. */
static uint64_t *store_pointers(uint64_t *to, uint64_t string, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		*to++ = string;
		string += strlen((const char *)string) + 1;
	}
	*to++ = 0;
	return to;
}

static void push_vectors(struct builder *builder)
{
	struct process *process = builder->process;
	Elf64_auxv_t auxv[AUXV_MAX];
	size_t entries = fill_auxv(builder, auxv);
	size_t words = 1 + builder->argc + 1 + builder->envc + 1;

	builder->top = (builder->top - entries * sizeof(auxv[0]) - words * sizeof(uint64_t)) & ~15ULL; /* STACK_ROUND */
	uint64_t *at = (uint64_t *)builder->top;
	*at++ = builder->argc;
	at = store_pointers(at, process->image.arg_start, builder->argc);
	at = store_pointers(at, process->image.env_start, builder->envc);
	memcpy(at, auxv, entries * sizeof(auxv[0]));
	process->image.auxv_start = (uint64_t)at;
	process->image.auxv_end = process->image.auxv_start + entries * sizeof(auxv[0]);
}

uint64_t stack_build(struct process *process, const struct start *start, struct load_error *error)
{
	struct builder builder = { .process = process, .start = start };
	int64_t result = space_map_stack(&process->space, start->elf->executable_stack);
	if (result < 0) {
		load_fail(error, (int)-result, "%s: the stack cannot be mapped: %s", start->execfn, strerror((int)-result));
		return 0;
	}
	if (!measure_all(process, start, &builder.argc, &builder.envc)) {
		load_fail(error, E2BIG, "%s: the arguments and the environment are too long", start->execfn);
		return 0;
	}
	push_strings(&builder);
	push_platform_and_random(&builder);
	push_vectors(&builder);
	space_note_write(&process->space, builder.top, GUEST_STACK_TOP - builder.top);
	return builder.top;
}
