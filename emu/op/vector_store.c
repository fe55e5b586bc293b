/* Moves from XMM registers to memory and general registers. SSE and AVX are the same here, since no vector register changes.
 * Non-temporal hints have no effect: the stores are ordinary ones. */
#include "emu/op/vector_lists.h"

BODY store_aligned_body(BODY_PARAMETERS, void *destination)
{
	__asm__ volatile("movdqa %1, %0" : "=m"(*(v128 *)destination) : "x"(*xmm(cpu, i->a)));
}

BODY store_unaligned_body(BODY_PARAMETERS, void *destination)
{
	*(v128_unaligned *)destination = *xmm(cpu, i->a);
}

BODY store32_body(BODY_PARAMETERS, void *destination)
{
	*(guest_u32 *)destination = vreg(cpu, i->a)->u32[0];
}

BODY store64_body(BODY_PARAMETERS, void *destination)
{
	*(guest_u64 *)destination = vreg(cpu, i->a)->u64[0];
}

BODY store_high64_body(BODY_PARAMETERS, void *destination)
{
	*(guest_u64 *)destination = vreg(cpu, i->a)->u64[1];
}

MEMORY_HANDLERS(store_aligned, store_aligned_body)
MEMORY_HANDLERS(store_unaligned, store_unaligned_body)
MEMORY_HANDLERS(store32, store32_body)
MEMORY_HANDLERS(store64, store64_body)
MEMORY_HANDLERS(store_high64, store_high64_body)

static HANDLER(store_gpr32)
{
	set_reg32(cpu, i->a, vreg(cpu, i->b)->u32[0]);
	NEXT();
}

static HANDLER(store_gpr64)
{
	set_reg64(cpu, i->a, vreg(cpu, i->b)->u64[0]);
	NEXT();
}

/* r/m = a's element at imm: mnemonic, element type, number of elements */
/* clang-format off */
#define EXTRACT_OPS(X) \
	X(PEXTRB, u8, 16) X(PEXTRW, u16, 8) X(PEXTRD, u32, 4) X(PEXTRQ, u64, 2) X(EXTRACTPS, u32, 4)
/* clang-format on */
#define EXTRACT(NAME, element, elements)                                                             \
	static HANDLER(NAME##_r)                                                                     \
	{                                                                                            \
		set_reg64(cpu, i->a, vreg(cpu, i->b)->element[i->imm & (elements - 1)]);             \
		NEXT();                                                                              \
	}                                                                                            \
	BODY NAME##_body(BODY_PARAMETERS, void *destination)                                         \
	{                                                                                            \
		*(guest_##element *)destination = vreg(cpu, i->a)->element[i->imm & (elements - 1)]; \
	}                                                                                            \
	MEMORY_HANDLER(NAME, NAME##_body, based)
EXTRACT_OPS(EXTRACT)

/* Stores the bytes of `a` whose mask in `b` is negative at RDI; c is the segment's base, d is 1 with 32-bit addresses. */
static HANDLER(store_masked_bytes)
{
	uint64_t offset = i->d ? (uint32_t)cpu->r[RDI] : cpu->r[RDI];
	void *destination = guest_pointer(cpu, i, *reg64(cpu, i->c) + offset);

	__asm__ volatile("maskmovdqu %1, %0" : : "x"(*xmm(cpu, i->a)), "x"(*xmm(cpu, i->b)), "D"(destination) : "memory");
	NEXT();
}

/* --- rows -------------------------------------------------------------------------------------------- */

#define STORE_ROWS(NAME, name) STORE_ROW(OP_##NAME, name) STORE_ROW(OP_V##NAME, name)
#define STORE_ROW(op, name) MEMORY_ROW(op, name, PATTERN2(K_M, K_X), 0, 0)
#define TO_GPR_ROWS(NAME, name) TO_GPR_ROW(OP_##NAME, name) TO_GPR_ROW(OP_V##NAME, name)
#define TO_GPR_ROW(OP, name) { .op = OP, .pattern = PATTERN2(K_R, K_X), .run = { name } },
#define EXTRACT_ROWS(NAME, ...) EXTRACT_ROW(OP_##NAME, NAME) EXTRACT_ROW(OP_V##NAME, NAME)
#define EXTRACT_ROW(OP, name)                                                  \
	{ .op = OP, .pattern = PATTERN3(K_R, K_X, K_I), .run = { name##_r } }, \
		{ .op = OP, .pattern = PATTERN3(K_M, K_X, K_I), .run = { name##_based } },
#define MASKED_ROW(OP)                                       \
	{ .op = OP,                                          \
		.pattern = PATTERN2(K_X, K_X),               \
		.hidden = HIDDEN_RDI,                        \
		.attributes = FORM_FAULTS | FORM_WRITES_RDI, \
		.run = { store_masked_bytes } },

static const struct form rows[] = { STORE_ROWS(MOVAPS, store_aligned) STORE_ROWS(MOVAPD, store_aligned) STORE_ROWS(MOVDQA, store_aligned)
		STORE_ROWS(MOVNTPS, store_aligned) STORE_ROWS(MOVNTPD, store_aligned) STORE_ROWS(MOVNTDQ, store_aligned) STORE_ROWS(MOVUPS,
			store_unaligned) STORE_ROWS(MOVUPD, store_unaligned) STORE_ROWS(MOVDQU, store_unaligned) STORE_ROWS(MOVD, store32)
			STORE_ROWS(MOVSS, store32) STORE_ROWS(MOVQ, store64) STORE_ROWS(MOVSD, store64) STORE_ROWS(MOVLPS, store64)
				STORE_ROWS(MOVLPD, store64) STORE_ROWS(MOVHPS, store_high64) STORE_ROWS(MOVHPD, store_high64)
					TO_GPR_ROWS(MOVD, store_gpr32) TO_GPR_ROWS(MOVQ, store_gpr64) EXTRACT_OPS(EXTRACT_ROWS)
						MASKED_ROW(OP_MASKMOVDQU) MASKED_ROW(OP_VMASKMOVDQU) };

const struct form_list vector_store_forms = FORM_LIST(rows);
