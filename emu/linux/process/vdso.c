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

int64_t vdso_map(struct space *space)
{
	size_t bytes = (size_t)(vdso_image_end - vdso_image), size = page_ceil(bytes);
	int64_t address = space_mmap(space, GUEST_VDSO, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		0);

	if (address < 0)
		return address;
	space_note_write(space, GUEST_VDSO, bytes);
	memcpy((void *)GUEST_VDSO, vdso_image, bytes);
	space_set_name(space, GUEST_VDSO, GUEST_VDSO + size, "[vdso]");
	return space_mprotect(space, GUEST_VDSO, size, PROT_READ | PROT_EXEC);
}
