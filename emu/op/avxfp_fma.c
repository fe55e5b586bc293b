/* FMA3: fused multiplication and addition. The digits of a mnemonic tell which operands are multiplied. The operands stay in their
 * places: another order would choose another NaN. */
#include "emu/op/fp_lists.h"

#define EACH_ORDER(X, name, type) X(name##132##type) X(name##213##type) X(name##231##type)
#define EACH_NAME(X, type) EACH_ORDER(X, VFMADD, type) EACH_ORDER(X, VFMSUB, type) EACH_ORDER(X, VFNMADD, type) EACH_ORDER(X, VFNMSUB, type)

#define FMA_SCALAR_OPS(X) EACH_NAME(X, SS) EACH_NAME(X, SD)
#define FMA_PACKED_OPS(X) \
	EACH_NAME(X, PS)  \
	EACH_NAME(X, PD) EACH_ORDER(X, VFMADDSUB, PS) EACH_ORDER(X, VFMADDSUB, PD) EACH_ORDER(X, VFMSUBADD, PS) EACH_ORDER(X, VFMSUBADD, PD)

/* a = the operation on a, b, c/m */
#define FMA_BODY(NAME, WIDTH, set)                                                                                                   \
	BODY NAME##_##WIDTH(BODY_PARAMETERS, const union vector *first, const void *source)                                          \
	{                                                                                                                            \
		union vector *a = vreg(cpu, i->a);                                                                                   \
		v##WIDTH value = *(const v##WIDTH *)a;                                                                               \
		announce(cpu, i);                                                                                                    \
		__asm__ volatile(#NAME " %2, %1, %0" : "+x"(value) : "x"(*(const v##WIDTH *)first), "m"(*(const v##WIDTH *)source)); \
		set(a, value);                                                                                                       \
	}
#define FMA128(NAME) FMA_BODY(NAME, 128, set_vex128) THREE_OPERAND_HANDLERS(NAME##_x, NAME##_128)
#define FMA256(NAME) FMA_BODY(NAME, 256, set_vex256) THREE_OPERAND_HANDLERS(NAME##_y, NAME##_256)

FMA_SCALAR_OPS(FMA128)
FMA_PACKED_OPS(FMA128)
FMA_PACKED_OPS(FMA256)

#define FMA128_ROWS(NAME) THREE_OPERAND_ROWS(OP_##NAME, NAME##_x, K_X, K_X, K_X, FORM_FAULTS)
#define FMA256_ROWS(NAME) THREE_OPERAND_ROWS(OP_##NAME, NAME##_y, K_Y, K_Y, K_Y, FORM_FAULTS)

static const struct form rows[] = { FMA_SCALAR_OPS(FMA128_ROWS) FMA_PACKED_OPS(FMA128_ROWS) FMA_PACKED_OPS(FMA256_ROWS) };

const struct form_list avxfp_fma_forms = FORM_LIST(rows);
