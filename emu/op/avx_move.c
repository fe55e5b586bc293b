/* Moves of AVX and AVX2 into vector registers, YMM stores, broadcasts. A 256-bit access is one access of the host, so that a page fault
 * leaves nothing half done. */
#include "emu/op/vector_lists.h"

/* --- whole registers -------------------------------------------------------------------------------- */

static HANDLER(copy_x)
{
	set_vex128(vreg(cpu, i->a), *xmm(cpu, i->b));
	NEXT();
}

static HANDLER(copy_y)
{
	*ymm(cpu, i->a) = *ymm(cpu, i->b);
	NEXT();
}

VEX128_UNARY_BODY(VMOVDQA, )
VEX256_UNARY_BODY(VMOVDQA, )
VEX128_UNARY_BODY(VMOVDQU, )
VEX256_UNARY_BODY(VMOVDQU, )

BODY store_aligned_256(BODY_PARAMETERS, void *destination)
{
	__asm__ volatile("vmovdqa %1, %0" : "=m"(*(v256 *)destination) : "x"(*ymm(cpu, i->a)));
}

BODY store_unaligned_256(BODY_PARAMETERS, void *destination)
{
	__asm__ volatile("vmovdqu %1, %0" : "=m"(*(v256 *)destination) : "x"(*ymm(cpu, i->a)));
}

MEMORY_HANDLERS(load_aligned_x, VMOVDQA_128)
MEMORY_HANDLERS(load_aligned_y, VMOVDQA_256)
MEMORY_HANDLERS(load_unaligned_x, VMOVDQU_128)
MEMORY_HANDLERS(load_unaligned_y, VMOVDQU_256)
MEMORY_HANDLERS(store_aligned_y, store_aligned_256)
MEMORY_HANDLERS(store_unaligned_y, store_unaligned_256)

/* --- parts of registers, zeros above ------------------------------------------------------------------ */

PART_HANDLERS(set_vex128)

/* --- parts of registers, the rest from b ---------------------------------------------------------------- */

#define REGISTER(NAME)                                                                 \
	static HANDLER(V##NAME##_r)                                                    \
	{                                                                              \
		v128 value = *xmm(cpu, i->b);                                          \
		__asm__("V" #NAME " %1, %0, %0" : "+x"(value) : "x"(*xmm(cpu, i->c))); \
		set_vex128(vreg(cpu, i->a), value);                                    \
		NEXT();                                                                \
	}
MOVE_REGISTER_OPS(REGISTER)

#define HALF(NAME)                                                  \
	VEX128_BINARY_BODY(V##NAME, )                               \
	THREE_OPERAND_MEMORY_HANDLER(V##NAME, V##NAME##_128, based) \
	THREE_OPERAND_MEMORY_HANDLER(V##NAME, V##NAME##_128, absolute)
MOVE_HALF_OPS(HALF)

/* --- broadcasts ------------------------------------------------------------------------------------------- */

#define BROADCAST_OPS(X) X(VBROADCASTSS) X(VPBROADCASTB) X(VPBROADCASTW) X(VPBROADCASTD) X(VPBROADCASTQ)
BROADCAST_OPS(VEX128_UNARY)
BROADCAST_OPS(VEX256_UNARY)
VEX256_UNARY(VBROADCASTSD)
VEX256_UNARY_BODY(VBROADCASTI128, )
MEMORY_HANDLERS(VBROADCASTI128, VBROADCASTI128_256)

/* --- clearing --------------------------------------------------------------------------------------------- */

static HANDLER(VZEROUPPER_none)
{
#pragma GCC unroll 16
	for (unsigned n = 0; n < 16; n++)
		((v128 *)&cpu->v[n])[1] = (v128){ 0 };
	NEXT();
}

static HANDLER(VZEROALL_none)
{
#pragma GCC unroll 16
	for (unsigned n = 0; n < 16; n++)
		*(v256 *)&cpu->v[n] = (v256){ 0 };
	NEXT();
}

/* --- rows --------------------------------------------------------------------------------------------------- */

#define REGISTER_ROW(OP, to, from, handler) { .op = OP, .pattern = PATTERN2(to, from), .run = { handler } },
#define LOAD_ROWS(op, name)                                \
	MEMORY_ROW(op, name##_x, PATTERN2(K_X, K_M), 0, 0) \
	MEMORY_ROW(op, name##_y, PATTERN2(K_Y, K_M), 0, 0)
#define STORE_ROW(op, name) MEMORY_ROW(op, name##_y, PATTERN2(K_M, K_Y), 0, 0)
#define WHOLE_ROWS(op, kind)               \
	REGISTER_ROW(op, K_X, K_X, copy_x) \
	REGISTER_ROW(op, K_Y, K_Y, copy_y) \
	LOAD_ROWS(op, load_##kind)         \
	STORE_ROW(op, store_##kind)
#define PART_ROW(op, name) MEMORY_ROW(op, name, PATTERN2(K_X, K_M), 0, 0)
#define REGISTER_ROW_OF(NAME) { .op = OP_V##NAME, .pattern = PATTERN3(K_X, K_X, K_X), .run = { V##NAME##_r } },
#define HALF_ROW(NAME) { .op = OP_V##NAME, .pattern = PATTERN3(K_X, K_X, K_M), .run = { V##NAME##_based, NULL, V##NAME##_absolute } },
#define BROADCAST_ROWS(NAME) VEX128_UNARY_ROWS(NAME) VEX256_UNARY_ROWS(NAME, K_X)

static const struct form rows[] = {
	WHOLE_ROWS(OP_VMOVAPS, aligned) WHOLE_ROWS(OP_VMOVAPD, aligned) WHOLE_ROWS(OP_VMOVDQA, aligned) WHOLE_ROWS(OP_VMOVUPS,
		unaligned) WHOLE_ROWS(OP_VMOVUPD, unaligned) WHOLE_ROWS(OP_VMOVDQU, unaligned) STORE_ROW(OP_VMOVNTPS, store_aligned)
		STORE_ROW(OP_VMOVNTPD, store_aligned) STORE_ROW(OP_VMOVNTDQ, store_aligned) LOAD_ROWS(OP_VMOVNTDQA, load_aligned)
			LOAD_ROWS(OP_VLDDQU, load_unaligned) PART_ROW(OP_VMOVD, load32) PART_ROW(OP_VMOVSS, load32) PART_ROW(OP_VMOVSD,
				load64) TWO_OPERAND_ROWS(OP_VMOVQ, load64, K_X, K_X, 0, 0) REGISTER_ROW(OP_VMOVD, K_X, K_R, load_gpr32)
				REGISTER_ROW(OP_VMOVQ, K_X, K_R, load_gpr64) MOVE_REGISTER_OPS(REGISTER_ROW_OF) MOVE_HALF_OPS(HALF_ROW)
					BROADCAST_OPS(BROADCAST_ROWS) VEX256_UNARY_ROWS(VBROADCASTSD, K_X) MEMORY_ROW(OP_VBROADCASTF128,
						VBROADCASTI128, PATTERN2(K_Y, K_M), 0, 0) MEMORY_ROW(OP_VBROADCASTI128, VBROADCASTI128,
						PATTERN2(K_Y, K_M), 0, 0){ .op = OP_VZEROUPPER, .run = { VZEROUPPER_none } },
	{ .op = OP_VZEROALL, .run = { VZEROALL_none } },
};

const struct form_list avx_move_forms = FORM_LIST(rows);
