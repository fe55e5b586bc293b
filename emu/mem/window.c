/* What runs before the C library: it moves everything out of the guest's addresses, which are all but the window's.
 *
 * The kernel puts the stack and the vDSO on top of the user half, where the guest's are to be, and the dynamic loader and the libraries
 * wherever it likes. So the program has no PT_INTERP that the kernel sees, and an entry of its own: this moves the vDSO and the stack into the window, reserves all
 * other addresses, and maps the loader as the kernel would have done. From then on the kernel finds free places in the window only. Nothing
 * here may call a function of a library. */
#include "emu/mem/window.h"

#include <asm/unistd_64.h>
#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/prctl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "emu/mem/layout.h"

enum {
	STACK_BYTES = 8 << 20,
	VDSO_ROOM = 1 << 20,
	VDSO_PARTS = 4,
	MAPS_BYTES = 8192,       /* of /proc/self/maps, which has some eight lines now */
	RESERVED_FROM = 0x10000, /* vm.mmap_min_addr, the usual one; the kernel gives nobody less without being asked for it */
	EXIT_CANNOT_RUN = 126,
	HEADERS_MAX = 24,     /* program headers */
	HEADERS_BYTES = 2048, /* of the loader's file: its ELF header and program headers */
};

/* Called by the entry, below. */
uint64_t *window_move_stack(uint64_t *start);
uint64_t window_load(uint64_t *start);

static struct rlimit address_limit = { RLIM_INFINITY, RLIM_INFINITY };

rlim_t window_address_limit(rlim_t now)
{
	return now < address_limit.rlim_cur ? now : address_limit.rlim_cur;
}

/* --- without a library -------------------------------------------------------------------------------- */

static long call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static bool failed(long result)
{
	return (unsigned long)result > -4096UL;
}

static void copy(void *to, const void *from, size_t size)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

static size_t length_of(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

static _Noreturn void give_up(const char *why)
{
	static const char prefix[] = "tick86: ";

	call(__NR_write, 2, (long)prefix, sizeof(prefix) - 1, 0, 0, 0);
	call(__NR_write, 2, (long)why, (long)length_of(why), 0, 0, 0);
	call(__NR_exit_group, EXIT_CANNOT_RUN, 0, 0, 0, 0, 0);
	__builtin_unreachable();
}

static uint64_t map(uint64_t at, uint64_t size, int prot, int flags, int fd, uint64_t offset)
{
	return (uint64_t)call(__NR_mmap, (long)at, (long)size, prot, flags, fd, (long)offset);
}

/* --- the vDSO ----------------------------------------------------------------------------------------- */

struct mapping {
	uint64_t start, end;
	bool of_vdso; /* [vdso], [vvar], [vvar_vclock] */
};

static uint64_t read_hex(const char **text)
{
	uint64_t value = 0;

	for (;; ++*text) {
		unsigned digit = (unsigned)**text, low = (digit | 0x20) - 'a';

		if (digit - '0' > 9 && low > 5)
			return value;
		value = value << 4 | (digit - '0' <= 9 ? digit - '0' : low + 10);
	}
}

/* Reads a line of /proc/self/maps and returns the next one. */
static const char *read_mapping(const char *line, struct mapping *mapping)
{
	mapping->start = read_hex(&line);
	line++;
	mapping->end = read_hex(&line);
	while (*line && *line != '[' && *line != '\n')
		line++;
	mapping->of_vdso = line[0] == '[' && line[1] == 'v' && (line[2] == 'v' || line[2] == 'd'); /* not [vsyscall] */
	while (*line && *line != '\n')
		line++;
	return *line ? line + 1 : line;
}

/* Finds the vDSO and the pages that it reads, in order of address. Returns how many mappings these are; none where /proc is missing. */
static unsigned find_vdso(struct mapping found[VDSO_PARTS])
{
	char text[MAPS_BYTES];
	const char *line = text;
	unsigned count = 0;
	long fd = call(__NR_open, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0, 0, 0);
	long size = failed(fd) ? 0 : call(__NR_read, fd, (long)text, sizeof(text) - 1, 0, 0, 0);

	call(__NR_close, fd, 0, 0, 0, 0, 0);
	text[failed(size) ? 0 : size] = 0;
	while (*line && count < VDSO_PARTS) {
		line = read_mapping(line, &found[count]);
		count += found[count].of_vdso;
	}
	return count;
}

/* Moves the vDSO so that it ends at `end`. Returns its new address, or 0 where it cannot be moved: the C library then does without. */
static uint64_t move_vdso(uint64_t vdso, uint64_t end)
{
	struct mapping part[VDSO_PARTS];
	unsigned count = find_vdso(part);
	uint64_t distance = count ? end - part[count - 1].end : 0, moved = 0;

	for (unsigned k = 0; k < count; k++) {
		long length = (long)(part[k].end - part[k].start), to = (long)(part[k].start + distance);

		if (failed(call(__NR_mremap, (long)part[k].start, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to, 0)))
			return 0;
		moved = part[k].start == vdso ? (uint64_t)to : moved;
	}
	return moved;
}

/* --- the stack ---------------------------------------------------------------------------------------- */

/* What the kernel puts on a new stack: argc, argv, envp, the auxiliary vector, strings, the last of which is the file's name. */
struct first_stack {
	uint64_t *start, *argv, *envp;
	Elf64_auxv_t *auxv;
	size_t auxv_bytes;
	uint64_t name, name_end;
};

/* The kernel passes every entry that is asked for here, to every program. */
static uint64_t *auxiliary(const struct first_stack *stack, uint64_t type)
{
	Elf64_auxv_t *entry = stack->auxv;

	while (entry->a_type != type)
		entry++;
	return &entry->a_un.a_val;
}

static struct first_stack read_stack(uint64_t *start)
{
	struct first_stack stack = { .start = start, .argv = start + 1, .envp = start + 1 + start[0] + 1 };
	uint64_t *word = stack.envp;

	while (*word)
		word++;
	stack.auxv = (Elf64_auxv_t *)(word + 1);
	stack.auxv_bytes = (size_t)((char *)(auxiliary(&stack, AT_NULL) + 1) - (char *)stack.auxv);
	stack.name = *auxiliary(&stack, AT_EXECFN);
	stack.name_end = stack.name + length_of((const char *)stack.name) + 1;
	return stack;
}

static void move_pointers(uint64_t *pointer, uint64_t distance)
{
	for (; *pointer; pointer++)
		*pointer += distance;
}

extern const char _start[]; /* the C library's, in crt1.o */

static void move_auxv(Elf64_auxv_t *entry, uint64_t distance)
{
	for (; entry->a_type != AT_NULL; entry++) {
		switch (entry->a_type) {
		case AT_RANDOM:
		case AT_EXECFN:
		case AT_PLATFORM:
		case AT_BASE_PLATFORM: entry->a_un.a_val += distance; break;
		case AT_ENTRY: entry->a_un.a_val = (uint64_t)_start; break;
		case AT_SYSINFO_EHDR:
			entry->a_un.a_val = move_vdso(entry->a_un.a_val, WINDOW_END - WINDOW_GUARD);
			entry->a_type = entry->a_un.a_val ? AT_SYSINFO_EHDR : AT_IGNORE;
			break;
		}
	}
}

extern const char __executable_start[], etext[], edata[];

/* Tells the kernel where arguments and environment are now, for /proc/PID/cmdline. Kernels without CONFIG_CHECKPOINT_RESTORE cannot be told. */
static void tell_kernel(const struct first_stack *stack)
{
	uint64_t brk = (uint64_t)call(__NR_brk, 0, 0, 0, 0, 0, 0);
	uint64_t environment = stack->envp[0] ? stack->envp[0] : stack->name, arguments = stack->argv[0] ? stack->argv[0] : environment;
	struct prctl_mm_map map = {
		.start_code = (uint64_t)__executable_start,
		.end_code = (uint64_t)etext,
		.start_data = (uint64_t)etext,
		.end_data = (uint64_t)edata,
		.start_brk = brk,
		.brk = brk,
		.start_stack = (uint64_t)stack->start,
		.arg_start = arguments,
		.arg_end = environment,
		.env_start = environment,
		.env_end = stack->name,
		.auxv = (__u64 *)stack->auxv,
		.auxv_size = (uint32_t)stack->auxv_bytes,
		.exe_fd = (uint32_t)-1,
	};

	call(__NR_prctl, PR_SET_MM, PR_SET_MM_MAP, (long)&map, sizeof(map), 0, 0);
}

/* Copies the stack into the window, below the vDSO's place. Returns the stack pointer for it. */
uint64_t *window_move_stack(uint64_t *start)
{
	struct first_stack old = read_stack(start), new;
	uint64_t end = page_ceil(old.name_end), size = end - page_floor((uint64_t)start) + STACK_BYTES;
	uint64_t new_end = WINDOW_END - WINDOW_GUARD - VDSO_ROOM, distance = new_end - end;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;

	if (failed((long)map(new_end - size, size, PROT_READ | PROT_WRITE, flags, -1, 0)))
		give_up("no memory for a stack\n");
	copy((char *)start + distance, start, old.name_end - (uint64_t)start);
	new = read_stack((uint64_t *)((char *)start + distance));
	move_pointers(new.argv, distance);
	move_pointers(new.envp, distance);
	move_auxv(new.auxv, distance);
	new.name += distance;
	tell_kernel(&new);
	return new.start;
}

/* --- the guest's addresses ---------------------------------------------------------------------------- */

static bool reserve(uint64_t start, uint64_t end)
{
	return !failed((long)map(start, end - start, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0));
}

/* Takes all addresses outside the window and its guards, with what the kernel has put there. */
static bool reserve_all(void)
{
	return reserve(RESERVED_FROM, WINDOW_START + WINDOW_GUARD) && reserve(WINDOW_END - WINDOW_GUARD, GUEST_END);
}

/* A soft limit on address space must not hold for the emulator. The guest gets it (limits_begin). */
static void reserve_guest(void)
{
	struct rlimit raised;

	call(__NR_getrlimit, RLIMIT_AS, (long)&address_limit, 0, 0, 0, 0);
	if (address_limit.rlim_cur != RLIM_INFINITY) {
		raised = (struct rlimit){ address_limit.rlim_max, address_limit.rlim_max };
		call(__NR_setrlimit, RLIMIT_AS, (long)&raised, 0, 0, 0, 0);
	}
	if (reserve_all())
		return;
	if (address_limit.rlim_max != RLIM_INFINITY)
		give_up("the hard limit on address space (ulimit -Hv) leaves no room to lay out the program's: lift it\n");
	give_up("the host's kernel does not let the program's address space be reserved\n");
}

/* --- the loader --------------------------------------------------------------------------------------- */

static const Elf64_Phdr *segments(const Elf64_Ehdr *header)
{
	return (const Elf64_Phdr *)((const char *)header + header->e_phoff);
}

static bool headers_valid(const Elf64_Ehdr *header, long size)
{
	return size >= (long)sizeof(*header) && header->e_phoff <= HEADERS_BYTES
		&& header->e_phoff + header->e_phnum * sizeof(Elf64_Phdr) <= (uint64_t)size;
}

/* Returns how much space the segments take together; the first one of a loader begins at 0. */
static uint64_t loaded_bytes(const Elf64_Ehdr *header)
{
	uint64_t end = 0;

	for (unsigned k = 0; k < header->e_phnum; k++)
		if (segments(header)[k].p_type == PT_LOAD)
			end = segments(header)[k].p_vaddr + segments(header)[k].p_memsz;
	return page_ceil(end);
}

static void map_segment(const Elf64_Phdr *segment, uint64_t base, int fd)
{
	int prot = (segment->p_flags & PF_R ? PROT_READ : 0) | (segment->p_flags & PF_W ? PROT_WRITE : 0)
		| (segment->p_flags & PF_X ? PROT_EXEC : 0);
	uint64_t start = base + segment->p_vaddr, slack = start % GUEST_PAGE, file_end = start + segment->p_filesz;
	uint64_t zero_end = page_ceil(file_end), end = page_ceil(start + segment->p_memsz);

	if (failed((long)map(start - slack, segment->p_filesz + slack, prot, MAP_PRIVATE | MAP_FIXED, fd, segment->p_offset - slack)))
		give_up("the dynamic loader cannot be mapped\n");
	if (segment->p_memsz == segment->p_filesz)
		return;
	for (volatile char *byte = (char *)file_end; byte < (char *)zero_end; byte++)
		*byte = 0;
	if (zero_end < end && failed((long)map(zero_end, end - zero_end, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)))
		give_up("no memory for the dynamic loader\n");
}

/* Maps the loader as the kernel maps an interpreter: fs/binfmt_elf.c. Returns its base address; `entry` becomes its entry's. */
static uint64_t map_loader(const char *loader, uint64_t *entry)
{
	union {
		Elf64_Ehdr header;
		char bytes[HEADERS_BYTES];
	} file;
	long fd = call(__NR_open, (long)loader, O_RDONLY | O_CLOEXEC, 0, 0, 0, 0);
	uint64_t base;

	if (failed(fd) || !headers_valid(&file.header, call(__NR_read, fd, (long)file.bytes, sizeof(file.bytes), 0, 0, 0)))
		give_up("the dynamic loader cannot be read\n");
	base = map(0, loaded_bytes(&file.header), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (failed((long)base))
		give_up("no memory for the dynamic loader\n");
	for (unsigned k = 0; k < file.header.e_phnum; k++)
		if (segments(&file.header)[k].p_type == PT_LOAD)
			map_segment(&segments(&file.header)[k], base, (int)fd);
	call(__NR_close, fd, 0, 0, 0, 0, 0);
	*entry = base + file.header.e_entry;
	return base;
}

/* The loader wants a program with PT_INTERP, which the kernel must not see: the Makefile has made that PT_NULL. Returns a copy of the
 * program headers that has it again. */
static Elf64_Phdr *headers_with_interpreter(const Elf64_Phdr *of_file, uint64_t count)
{
	static Elf64_Phdr header[HEADERS_MAX];

	if (count > HEADERS_MAX)
		give_up("too many program headers\n");
	copy(header, of_file, count * sizeof(*header));
	for (uint64_t k = 0; k < count; k++) {
		if (header[k].p_type == PT_PHDR)
			header[k].p_vaddr = (uint64_t)header;
		if (header[k].p_type == PT_NULL)
			header[k].p_type = PT_INTERP;
	}
	return header;
}

static const char *interpreter_of(const Elf64_Phdr *header)
{
	while (header->p_type != PT_INTERP)
		header++;
	return (const char *)header->p_vaddr;
}

/* On the new stack, whose start this gets: the old one goes. Returns where to go on. */
uint64_t window_load(uint64_t *start)
{
	struct first_stack stack = read_stack(start);
	uint64_t *headers = auxiliary(&stack, AT_PHDR), entry;
	const Elf64_Phdr *header = headers_with_interpreter((const Elf64_Phdr *)*headers, *auxiliary(&stack, AT_PHNUM));

	reserve_guest();
	*headers = (uint64_t)header;
	*auxiliary(&stack, AT_BASE) = map_loader(interpreter_of(header), &entry);
	return entry;
}

/* The entry. RDX is 0, as at the start of a program: the loader has no function to call at exit. */
__asm__(".text\n"
	".globl window_entry\n"
	".type window_entry, @function\n"
	"window_entry:\n"
	"	xorl %ebp, %ebp\n"
	"	movq %rsp, %rdi\n"
	"	andq $-16, %rsp\n"
	"	call window_move_stack\n"
	"	movq %rax, %rbx\n"
	"	movq %rax, %rdi\n"
	"	movq %rax, %rsp\n"
	"	andq $-16, %rsp\n"
	"	call window_load\n"
	"	movq %rbx, %rsp\n"
	"	xorl %edx, %edx\n"
	"	jmp *%rax\n"
	".size window_entry, . - window_entry\n");
