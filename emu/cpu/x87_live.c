/* Moves the guest's x87 state into the host's x87 unit and back. */
#include "emu/cpu/x87_live.h"

#include <string.h>

#include "emu/cpu/x87_image.h"

void x87_to_host(struct x87 *x87)
{
	struct x87_image image;

	x87_save(x87, &image);
	__asm__ volatile("frstor %0" : : "m"(image));
	x87->live = true;
}

void x87_from_host(struct x87 *x87)
{
	struct x87_image image;

	if (!x87->live)
		return;
	__asm__ volatile("fnsave %0" : "=m"(image));
	x87_load_words(x87, image.control, image.status, image.tag);
	x87_load_registers(x87, image.st);
	x87->live = false;
}

void x87_from_frame(struct x87 *x87, uint16_t control, uint16_t status, uint8_t valid, const uint8_t st[8][16])
{
	if (!x87->live)
		return;
	x87_load_words(x87, control, status, 0);
	x87->valid = valid;
	for (unsigned k = 0; k < 8; k++)
		memcpy(x87->r[x87_physical(x87, k)].bytes, st[k], 10);
	x87->live = false;
}
