/* The floating-point part of a signal frame: an XSAVE area in standard format. The kernel uses the bytes that the CPU leaves to software
 * for its own words (struct _fpx_sw_bytes, asm/sigcontext.h). */
#include <string.h>

#include "emu/cpu/model.h"
#include "emu/cpu/xsave.h"
#include "emu/linux/signal/signal.h"

enum { MAGIC1 = 0x46505853, MAGIC2 = 0x46505845 };

struct software_words {
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t xstate_size, padding[7];
};
_Static_assert(sizeof(struct software_words) == sizeof(((struct xsave_area *)0)->software), "asm/sigcontext.h");

size_t fpstate_size(const struct cpu *cpu)
{
	return cpu->model->avx ? XSAVE_SIZE + sizeof(uint32_t) : FXSAVE_SIZE;
}

void fpstate_write(const struct cpu *cpu, uint8_t *image)
{
	struct xsave_area area = { 0 };
	struct software_words words = {
		.magic1 = MAGIC1,
		.extended_size = (uint32_t)fpstate_size(cpu),
		.features = xsave_components(cpu),
		.xstate_size = XSAVE_SIZE,
	};
	uint32_t magic2 = MAGIC2;

	if (!cpu->model->avx) {
		fxsave(cpu, &area, true);
		memcpy(image, &area, FXSAVE_SIZE);
		return;
	}
	xsave(cpu, &area, xsave_components(cpu), true);
	area.xstate_bv |= XSAVE_X87 | XSAVE_SSE; /* save_xstate_epilog() */
	memcpy(area.software, &words, sizeof(words));
	memcpy(image, &area, XSAVE_SIZE);
	memcpy(image + XSAVE_SIZE, &magic2, sizeof(magic2));
}

void fpstate_reset(struct cpu *cpu)
{
	xsave_init(cpu, XSAVE_X87 | XSAVE_SSE | XSAVE_YMM);
	cpu->mxcsr = MXCSR_INIT;
}

/* Returns true if the image has the parts that its software words claim. If not, only the FXSAVE part counts, as in the kernel
 * (check_xstate_in_sigframe()). */
static bool has_extended(const struct cpu *cpu, const uint8_t *image, size_t size, struct software_words *words)
{
	uint32_t magic2;

	memcpy(words, image + offsetof(struct xsave_area, software), sizeof(*words));
	if (!cpu->model->avx || size < fpstate_size(cpu) || words->magic1 != MAGIC1 || words->xstate_size < XSAVE_HEADER_END
		|| words->xstate_size > XSAVE_SIZE || words->xstate_size > words->extended_size)
		return false;
	memcpy(&magic2, image + words->xstate_size, sizeof(magic2));
	return magic2 == MAGIC2;
}

bool fpstate_read(struct cpu *cpu, const uint8_t *image, size_t size)
{
	struct xsave_area area = { 0 };
	struct software_words words;

	if (!has_extended(cpu, image, size, &words)) {
		memcpy(&area, image, FXSAVE_SIZE);
		if (!fxrstor(cpu, &area, true))
			return false;
		xsave_init(cpu, XSAVE_YMM);
		return true;
	}
	memcpy(&area, image, words.xstate_size);
	if (!xrstor(cpu, &area, words.features & xsave_components(cpu), true))
		return false;
	xsave_init(cpu, xsave_components(cpu) & ~words.features);
	return true;
}
