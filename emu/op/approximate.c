/* RCP and RSQRT, in SSE's and AVX's encodings. They raise no floating-point exceptions. */
#include "emu/op/approximate.h"

#include <string.h>

#include "emu/op/fp_lists.h"

typedef uint32_t approximation_t(uint32_t);

/* Replaces the lowest `lanes` of `to`. Reads all of the source before it changes anything. */
static inline __attribute__((always_inline)) void approximate(union vector *to, const void *source, unsigned lanes,
	approximation_t *function)
{
	uint32_t lane[8];

	memcpy(lane, source, lanes * sizeof(lane[0]));
	compiler_barrier();
	for (unsigned k = 0; k < lanes; k++)
		to->u32[k] = function(lane[k]);
}

/* SSE: a misaligned operand of 16 bytes faults, as for any instruction that loads one. */
#define PACKED(NAME, function)                                                                \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)                                 \
	{                                                                                     \
		v128 value;                                                                   \
		__asm__ volatile("movaps %1, %0" : "=x"(value) : "m"(*(const v128 *)source)); \
		approximate(vreg(cpu, i->a), &value, 4, function);                            \
	}                                                                                     \
	TWO_OPERAND_HANDLERS(NAME, NAME##_body)
#define SCALAR(NAME, function)                                     \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)      \
	{                                                          \
		approximate(vreg(cpu, i->a), source, 1, function); \
	}                                                          \
	TWO_OPERAND_HANDLERS(NAME, NAME##_body)

#define VEX_PACKED(NAME, function)                                     \
	BODY NAME##_128(BODY_PARAMETERS, const void *source)           \
	{                                                              \
		approximate(vreg(cpu, i->a), source, 4, function);     \
		vreg(cpu, i->a)->u64[2] = vreg(cpu, i->a)->u64[3] = 0; \
	}                                                              \
	BODY NAME##_256(BODY_PARAMETERS, const void *source)           \
	{                                                              \
		approximate(vreg(cpu, i->a), source, 8, function);     \
	}                                                              \
	TWO_OPERAND_HANDLERS(NAME##_x, NAME##_128)                     \
	TWO_OPERAND_HANDLERS(NAME##_y, NAME##_256)
#define VEX_SCALAR(NAME, function)                                                      \
	BODY NAME##_128(BODY_PARAMETERS, const union vector *first, const void *source) \
	{                                                                               \
		union vector *a = vreg(cpu, i->a);                                      \
		uint64_t low = first->u64[0], high = first->u64[1];                     \
		uint32_t value = function(*(const guest_u32 *)source);                  \
		a->u64[0] = (low & ~0xffffffffULL) | value;                             \
		a->u64[1] = high;                                                       \
		a->u64[2] = a->u64[3] = 0;                                              \
	}                                                                               \
	THREE_OPERAND_HANDLERS(NAME##_x, NAME##_128)

PACKED(RCPPS, approximate_reciprocal)
PACKED(RSQRTPS, approximate_reciprocal_root)
SCALAR(RCPSS, approximate_reciprocal)
SCALAR(RSQRTSS, approximate_reciprocal_root)
VEX_PACKED(VRCPPS, approximate_reciprocal)
VEX_PACKED(VRSQRTPS, approximate_reciprocal_root)
VEX_SCALAR(VRCPSS, approximate_reciprocal)
VEX_SCALAR(VRSQRTSS, approximate_reciprocal_root)

static const struct form rows[] = { TWO_OPERAND_ROWS(OP_RCPPS, RCPPS, K_X, K_X, 0, 0) TWO_OPERAND_ROWS(OP_RSQRTPS, RSQRTPS, K_X, K_X, 0,
	0) TWO_OPERAND_ROWS(OP_RCPSS, RCPSS, K_X, K_X, 0, 0) TWO_OPERAND_ROWS(OP_RSQRTSS, RSQRTSS, K_X, K_X, 0, 0)
		TWO_OPERAND_ROWS(OP_VRCPPS, VRCPPS_x, K_X, K_X, 0, 0) TWO_OPERAND_ROWS(OP_VRCPPS, VRCPPS_y, K_Y, K_Y, 0, 0)
			TWO_OPERAND_ROWS(OP_VRSQRTPS, VRSQRTPS_x, K_X, K_X, 0, 0) TWO_OPERAND_ROWS(OP_VRSQRTPS, VRSQRTPS_y, K_Y, K_Y, 0, 0)
				THREE_OPERAND_ROWS(OP_VRCPSS, VRCPSS_x, K_X, K_X, K_X, 0)
					THREE_OPERAND_ROWS(OP_VRSQRTSS, VRSQRTSS_x, K_X, K_X, K_X, 0) };

const struct form_list approximate_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .handled = true };
