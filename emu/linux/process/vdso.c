/* Maps the vDSO, which is linked separately (emu/linux/process/vdso.S), into the guest's memory. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "emu/linux/process/load.h"

__asm__(".section .rodata\n"
	".balign 16\n"
	"vdso_image: .incbin \"" VDSO_IMAGE "\"\n"
	"vdso_image_end:\n"
	".previous\n");
extern const char vdso_image[], vdso_image_end[];

/* Sizes of what Linux 6.18 maps, in the order of its addresses, so that the mappings below have a native run's. Our vDSO reads no pages. */
enum { VVAR_BYTES = 0x4000, CLOCK_BYTES = 0x2000, VDSO_BYTES = 0x2000 };

static int64_t map_part(struct space *space, uint64_t start, uint64_t bytes, int prot, const char *name)
{
	int64_t result = space_mmap(space, start, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | (start ? MAP_FIXED : 0), -1, 0);

	if (result >= 0)
		space_set_name(space, (uint64_t)result, (uint64_t)result + bytes, name);
	return result;
}

int64_t vdso_map(struct space *space)
{
	size_t bytes = (size_t)(vdso_image_end - vdso_image);
	int64_t start = map_part(space, 0, VVAR_BYTES + CLOCK_BYTES + VDSO_BYTES, PROT_READ, "[vvar]"), result;
	uint64_t clock = (uint64_t)start + VVAR_BYTES, vdso = clock + CLOCK_BYTES;

	if (start < 0)
		return start;
	space_set_name(space, clock, vdso, "[vvar_vclock]");
	result = map_part(space, vdso, VDSO_BYTES, PROT_READ | PROT_WRITE, "[vdso]");
	if (result < 0)
		return result;
	space_note_write(space, vdso, bytes);
	memcpy((void *)vdso, vdso_image, bytes);
	result = space_mprotect(space, vdso, VDSO_BYTES, PROT_READ | PROT_EXEC);
	return result < 0 ? result : (int64_t)vdso;
}
