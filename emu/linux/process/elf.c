/* Checks and maps ELF files, as fs/binfmt_elf.c does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/linux/process/load.h"

enum { HEADERS_MAX = 65536 }; /* maximum size of the program headers that the kernel accepts, in bytes */

/* --- error messages about a file ----------------------------------------------------------------------------------- */

struct machine_name {
	unsigned number;
	const char *name;
};

static const char *machine_name(unsigned number)
{
	/* clang-format off */
	static const struct machine_name names[] = {
		{EM_386, "i386"},     {EM_AARCH64, "aarch64"}, {EM_ARM, "arm"},   {EM_RISCV, "riscv"},
		{EM_PPC64, "ppc64"},  {EM_PPC, "ppc"},         {EM_S390, "s390"}, {EM_MIPS, "mips"},
		{EM_SPARCV9, "sparc64"}, {EM_68K, "m68k"},     {EM_IA_64, "ia64"}, {EM_ALPHA, "alpha"},
		{EM_PARISC, "hppa"},  {EM_SH, "sh4"},          {258, "loongarch"},
	};
	/* clang-format on */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].number == number)
			return names[i].name;
	}
	return NULL;
}

static bool wrong_machine(const struct elf *elf, struct load_error *error)
{
	unsigned number = elf->header.e_machine;
	/* in a big-endian file the number's bytes are swapped */
	if (elf->header.e_ident[EI_DATA] == ELFDATA2MSB)
		number = (number >> 8 | number << 8) & 0xffff;
	const char *name = machine_name(number);
	if (name)
		return load_fail(error, ENOEXEC, "%s: built for %s, not x86-64", elf->path, name);
	return load_fail(error, ENOEXEC, "%s: built for machine %u, not x86-64", elf->path, number);
}

static bool wrong_type(const struct elf *elf, struct load_error *error)
{
	switch (elf->header.e_type) {
	case ET_REL: return load_fail(error, ENOEXEC, "%s: an object file, not a linked program", elf->path);
	case ET_CORE: return load_fail(error, ENOEXEC, "%s: a core dump, not a program", elf->path);
	default: return load_fail(error, ENOEXEC, "%s: ELF type %u, not a program", elf->path, elf->header.e_type);
	}
}

bool load_fail(struct load_error *error, int number, const char *format, ...)
{
	va_list list;
	error->error = number;
	error->status = number == ENOENT || number == ENOTDIR ? 127 : 126;
	va_start(list, format);
	vsnprintf(error->text, sizeof(error->text), format, list);
	va_end(list);
	return false;
}

/* --- checking ------------------------------------------------------------------------------------------------------ */

static bool check_header(struct elf *elf, struct load_error *error)
{
	const Elf64_Ehdr *header = &elf->header;
	ssize_t have = pread(elf->fd, &elf->header, sizeof(elf->header), 0);
	if (have < 0)
		return load_fail(error, errno, "%s: %s", elf->path, strerror(errno));
	if (have < SELFMAG || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return load_fail(error, ENOEXEC, "%s: not an ELF file", elf->path);
	if (have < (ssize_t)sizeof(elf->header))
		return load_fail(error, ENOEXEC, "%s: truncated: the ELF header ends at %zu of %zd bytes", elf->path, sizeof(elf->header),
			have);
	if (header->e_machine != EM_X86_64) /* the kernel looks at nothing else of e_ident */
		return wrong_machine(elf, error);
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return wrong_type(elf, error);
	return true;
}

static bool read_segments(struct elf *elf, struct load_error *error)
{
	const Elf64_Ehdr *header = &elf->header;
	size_t size = (size_t)header->e_phnum * sizeof(Elf64_Phdr);
	if (header->e_phentsize != sizeof(Elf64_Phdr) && header->e_ident[EI_CLASS] == ELFCLASS32)
		return load_fail(error, ENOEXEC, "%s: a 32-bit (x32) program, not a 64-bit one", elf->path);
	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return load_fail(error, ENOEXEC, "%s: malformed: program headers of %u bytes each, not %zu", elf->path, header->e_phentsize,
			sizeof(Elf64_Phdr));
	if (size == 0)
		return load_fail(error, ENOEXEC, "%s: malformed: it has no program headers", elf->path);
	if (size > HEADERS_MAX)
		return load_fail(error, ENOEXEC, "%s: malformed: %u program headers", elf->path, header->e_phnum);
	if (header->e_phoff > elf->file_size || size > elf->file_size - header->e_phoff)
		return load_fail(error, ENOEXEC, "%s: truncated: program headers end at %#lx + %zu of %lu bytes", elf->path,
			header->e_phoff, size, elf->file_size);
	elf->segment = malloc(size);
	if (!elf->segment)
		return load_fail(error, ENOMEM, "%s: no memory for the program headers", elf->path);
	if (pread(elf->fd, elf->segment, size, (off_t)header->e_phoff) != (ssize_t)size)
		return load_fail(error, EIO, "%s: cannot read the program headers", elf->path);
	return true;
}

static bool check_loadable(const struct elf *elf, unsigned number, struct load_error *error)
{
	const Elf64_Phdr *segment = &elf->segment[number];

	if (segment->p_filesz > segment->p_memsz)
		return load_fail(error, EINVAL, "%s: malformed: segment %u is larger in the file than in memory", elf->path, number);
	if (segment->p_vaddr >= GUEST_END || segment->p_memsz > GUEST_END - segment->p_vaddr)
		return load_fail(error, EINVAL, "%s: malformed: segment %u at %#lx with %#lx bytes is outside the address space", elf->path,
			number, segment->p_vaddr, segment->p_memsz);
	if ((segment->p_vaddr - segment->p_offset) % GUEST_PAGE && segment->p_filesz)
		return load_fail(error, EINVAL, "%s: malformed: segment %u: offset %#lx does not fit address %#lx", elf->path, number,
			segment->p_offset, segment->p_vaddr);
	return true;
}

static bool read_interpreter(struct elf *elf, const Elf64_Phdr *segment, struct load_error *error)
{
	if (segment->p_filesz < 2 || segment->p_filesz > sizeof(elf->interpreter))
		return load_fail(error, ENOEXEC, "%s: malformed: the interpreter's name has %lu bytes", elf->path, segment->p_filesz);
	if (pread(elf->fd, elf->interpreter, segment->p_filesz, (off_t)segment->p_offset) != (ssize_t)segment->p_filesz)
		return load_fail(error, EIO, "%s: truncated: the interpreter's name ends at %#lx + %lu of %lu bytes", elf->path,
			segment->p_offset, segment->p_filesz, elf->file_size);
	if (elf->interpreter[segment->p_filesz - 1])
		return load_fail(error, ENOEXEC, "%s: malformed: the interpreter's name does not end", elf->path);
	return true;
}

static bool check_segments(struct elf *elf, bool interpreter, struct load_error *error)
{
	unsigned loadable = 0;
	bool named = false;
	for (unsigned i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *segment = &elf->segment[i];
		if (segment->p_type == PT_LOAD) {
			loadable++;
			if (!check_loadable(elf, i, error))
				return false;
		} else if (segment->p_type == PT_INTERP && !named && !interpreter) {
			named = true; /* only the first one counts */
			if (!read_interpreter(elf, segment, error))
				return false;
		} else if (segment->p_type == PT_GNU_STACK) {
			elf->executable_stack = segment->p_flags & PF_X;
		}
	}
	if (loadable == 0)
		return load_fail(error, EINVAL, "%s: malformed: no segment is to be loaded", elf->path);
	return true;
}

bool elf_open(struct elf *elf, int fd, const char *path, bool interpreter, struct load_error *error)
{
	struct stat status;
	memset(elf, 0, sizeof(*elf));
	elf->fd = fd;
	elf->path = path;
	if (fstat(fd, &status) < 0)
		return load_fail(error, errno, "%s: %s", path, strerror(errno));
	elf->file_size = (uint64_t)status.st_size;
	if (check_header(elf, error) && read_segments(elf, error) && check_segments(elf, interpreter, error))
		return true;
	if (interpreter)
		error->error = ELIBBAD;
	free(elf->segment);
	elf->segment = NULL;
	return false;
}

void elf_close(struct elf *elf)
{
	free(elf->segment);
	elf->segment = NULL;
	if (elf->fd >= 0)
		close(elf->fd);
	elf->fd = -1;
}

/* --- mapping ------------------------------------------------------------------------------------------------------- */

static int segment_prot(const Elf64_Phdr *segment)
{
	return (segment->p_flags & PF_R ? PROT_READ : 0) | (segment->p_flags & PF_W ? PROT_WRITE : 0)
		| (segment->p_flags & PF_X ? PROT_EXEC : 0);
}

/* Maps the part that is in the file. `first` must not replace any mapping. Later segments of the same file may overlap; the last one
 * wins. */
static int64_t map_file_part(const struct space_file *file, struct space *space, const Elf64_Phdr *segment, uint64_t base, bool first)
{
	uint64_t slack = segment->p_vaddr % GUEST_PAGE;
	return space_mmap_file(space, page_floor(base + segment->p_vaddr), segment->p_filesz + slack, segment_prot(segment),
		MAP_PRIVATE | (first ? MAP_FIXED_NOREPLACE : MAP_FIXED), file, segment->p_offset - slack);
}

/* Clears the rest of the last file page if the segment is writable (otherwise leaves it, as the kernel does). Whole pages after it are
 * anonymous, readable and writable. */
static int64_t map_bss(struct space *space, const Elf64_Phdr *segment, uint64_t base)
{
	static const char zeros[GUEST_PAGE];
	uint64_t start = base + segment->p_vaddr + segment->p_filesz;
	uint64_t end = page_ceil(base + segment->p_vaddr + segment->p_memsz);

	if (segment->p_filesz == 0)
		start = page_floor(start);
	else if (start % GUEST_PAGE && !space_write(space, start, zeros, page_ceil(start) - start) && segment->p_flags & PF_W)
		return -EFAULT;
	start = page_ceil(start);
	if (start >= end)
		return 0;
	return space_mmap(space, start, end - start, PROT_READ | PROT_WRITE | (segment->p_flags & PF_X ? PROT_EXEC : 0),
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static int64_t map_segment(const struct space_file *file, struct space *space, const Elf64_Phdr *segment, uint64_t base, bool first)
{
	int64_t result = 0;
	if (segment->p_filesz)
		result = map_file_part(file, space, segment, base, first);
	if (result >= 0 && segment->p_memsz > segment->p_filesz)
		result = map_bss(space, segment, base);
	return result;
}

static uint64_t lowest_address(const struct elf *elf)
{
	for (unsigned i = 0; i < elf->header.e_phnum; i++) {
		if (elf->segment[i].p_type == PT_LOAD)
			return page_floor(elf->segment[i].p_vaddr); /* the first one: segments must be in order */
	}
	return 0;
}

static uint64_t highest_address(const struct elf *elf)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *segment = &elf->segment[i];

		if (segment->p_type == PT_LOAD && segment->p_vaddr + segment->p_memsz > end)
			end = segment->p_vaddr + segment->p_memsz;
	}
	return end;
}

/* maximum_alignment() */
static uint64_t largest_alignment(const struct elf *elf)
{
	uint64_t alignment = GUEST_PAGE;

	for (unsigned i = 0; i < elf->header.e_phnum; i++) {
		uint64_t wanted = elf->segment[i].p_align;

		if (elf->segment[i].p_type == PT_LOAD && (wanted & (wanted - 1)) == 0 && wanted > alignment)
			alignment = wanted;
	}
	return alignment;
}

/* Returns what is added to the file's addresses, or -errno. */
static int64_t choose_base(const struct elf *elf, struct space *space, const struct space_file *file, uint64_t base)
{
	int64_t room;

	if (elf->header.e_type != ET_DYN)
		return 0;
	if (!base) {
		room = space_find_room(space, highest_address(elf) - lowest_address(elf), file);
		if (room < 0)
			return room;
		base = (uint64_t)room;
	}
	return (int64_t)((base & ~(largest_alignment(elf) - 1)) - lowest_address(elf));
}

/* Returns the address of the program headers: they are in the segment that contains them in the file. */
static uint64_t headers_address(const struct elf *elf, uint64_t base)
{
	uint64_t offset = elf->header.e_phoff;
	for (unsigned i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *segment = &elf->segment[i];
		if (segment->p_type == PT_LOAD && segment->p_offset <= offset && offset < segment->p_offset + segment->p_filesz)
			return base + offset - segment->p_offset + segment->p_vaddr;
	}
	return 0;
}

static bool map_segments(const struct elf *elf, const struct space_file *file, struct space *space, struct elf_place *place,
	struct load_error *error)
{
	bool first = true;
	for (unsigned i = 0; i < elf->header.e_phnum; i++) {
		const Elf64_Phdr *segment = &elf->segment[i];
		if (segment->p_type != PT_LOAD)
			continue;
		int64_t result = map_segment(file, space, segment, place->base, first);
		if (result < 0)
			return load_fail(error, (int)-result, "%s: segment %u cannot be mapped at %#lx: %s", elf->path, i,
				place->base + segment->p_vaddr, strerror((int)-result));
		uint64_t end = place->base + segment->p_vaddr + segment->p_memsz;
		place->end = end > place->end ? end : place->end;
		first = false;
	}
	return true;
}

bool elf_map(const struct elf *elf, struct space *space, uint64_t base, struct elf_place *place, struct load_error *error)
{
	struct space_file file;
	bool mapped;

	if (space_file_open(&file, elf->fd) < 0)
		return load_fail(error, EBADF, "%s: %s", elf->path, strerror(EBADF));
	*place = (struct elf_place){ .base = (uint64_t)choose_base(elf, space, &file, base) };
	mapped = map_segments(elf, &file, space, place, error);
	space_file_close(&file);
	if (!mapped)
		return false;
	place->entry = place->base + elf->header.e_entry;
	place->headers = headers_address(elf, place->base);
	return true;
}
