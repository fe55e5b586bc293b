/* SSE to SSE4.1, AES, CLMUL and SHA: instructions with an immediate or XMM0 as a control, and moves of single elements. */
#include "emu/op/vector_lists.h"

/* a = OP b/m, imm */
#define UNARY_IMMEDIATE(NAME)                                                      \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)                      \
	{                                                                          \
		v128 value;                                                        \
		uint64_t n = i->imm;                                               \
		__asm__ volatile(LADDER(256, #NAME " $.Limmediate, %[source], %0") \
				 : "=x"(value), LADDER_OPERANDS(n)                 \
				 : [source] "m"(*(const v128 *)source));           \
		*xmm(cpu, i->a) = value;                                           \
	}                                                                          \
	TWO_OPERAND_IMMEDIATE_HANDLERS(NAME, NAME##_body)
SHUFFLE_OPS(UNARY_IMMEDIATE)
UNARY_IMMEDIATE(AESKEYGENASSIST)

/* a OP= b/m, imm */
#define BINARY_IMMEDIATE(NAME, copies, ...)                                           \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)                         \
	{                                                                             \
		v128 *a = xmm(cpu, i->a), value = *a;                                 \
		uint64_t n = i->imm;                                                  \
		__asm__ volatile(LADDER(copies, #NAME " $.Limmediate, %[source], %0") \
				 : "+x"(value), LADDER_OPERANDS(n)                    \
				 : [source] "m"(*(const v128 *)source));              \
		*a = value;                                                           \
	}                                                                             \
	TWO_OPERAND_IMMEDIATE_HANDLERS(NAME, NAME##_body)
BLEND_OPS(BINARY_IMMEDIATE)
BINARY_IMMEDIATE(PCLMULQDQ, 32)
BINARY_IMMEDIATE(SHA1RNDS4, 4)

/* a OP= b/m under XMM0 */
#define BY_XMM0_OPS(X) X(PBLENDVB) X(BLENDVPS) X(BLENDVPD) X(SHA256RNDS2)
#define BY_XMM0(NAME)                                                                                                     \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)                                                             \
	{                                                                                                                 \
		v128 *a = xmm(cpu, i->a), value = *a;                                                                     \
		__asm__ volatile(#NAME " %%xmm0, %1, %0" : "+x"(value) : "m"(*(const v128 *)source), "Yz"(*xmm(cpu, 0))); \
		*a = value;                                                                                               \
	}                                                                                                                 \
	TWO_OPERAND_HANDLERS(NAME, NAME##_body)
BY_XMM0_OPS(BY_XMM0)

#define SHA_OPS(X) X(SHA1MSG1) X(SHA1MSG2) X(SHA1NEXTE) X(SHA256MSG1) X(SHA256MSG2)
SHA_OPS(SSE_BINARY)

/* --- into single elements ----------------------------------------------------------------------------- */

/* From a general register, read where it lies in the register file, or from memory */
#define INSERT(NAME, bytes, positions)                                                   \
	BODY NAME##_body(BODY_PARAMETERS, const void *source)                            \
	{                                                                                \
		v128 *a = xmm(cpu, i->a), value = *a;                                    \
		uint64_t n = i->imm;                                                     \
		__asm__ volatile(LADDER(positions, #NAME " $.Limmediate, %[source], %0") \
				 : "+x"(value), LADDER_OPERANDS(n)                       \
				 : [source] "m"(*(const uint8_t(*)[bytes])source));      \
		*a = value;                                                              \
	}                                                                                \
	static HANDLER(NAME##_r)                                                         \
	{                                                                                \
		NAME##_body(cpu, i, reg64(cpu, i->b));                                   \
		NEXT();                                                                  \
	}                                                                                \
	MEMORY_HANDLER(NAME, NAME##_body, based)
INSERT_OPS(INSERT)

/* With a register source, imm 7..6 choose the element; in memory there is one element. */
static HANDLER(INSERTPS_r)
{
	v128 *a = xmm(cpu, i->a), value = *a;
	uint64_t n = i->imm;

	__asm__(LADDER(256, "insertps $.Limmediate, %[other], %0") : "+x"(value), LADDER_OPERANDS(n) : [other] "x"(*xmm(cpu, i->b)));
	*a = value;
	NEXT();
}

BODY INSERTPS_memory_body(BODY_PARAMETERS, const void *source)
{
	v128 *a = xmm(cpu, i->a), value = *a;
	uint64_t n = i->imm;

	__asm__ volatile(LADDER(64, "insertps $.Limmediate, %[source], %0")
			 : "+x"(value), LADDER_OPERANDS(n)
			 : [source] "m"(*(const guest_u32 *)source));
	*a = value;
}
MEMORY_HANDLER(INSERTPS, INSERTPS_memory_body, based)

/* --- rows ------------------------------------------------------------------------------------------------- */

#define IMMEDIATE_ROWS(NAME, ...) TWO_OPERAND_IMMEDIATE_ROWS(OP_##NAME, NAME, K_X, K_X, 0, 0)
#define INSERT_ROWS(NAME, ...) TWO_OPERAND_IMMEDIATE_ROWS(OP_##NAME, NAME, K_X, K_R, 0, 0)
static const struct form rows[] = { SHUFFLE_OPS(IMMEDIATE_ROWS) BLEND_OPS(IMMEDIATE_ROWS) IMMEDIATE_ROWS(AESKEYGENASSIST) IMMEDIATE_ROWS(
	PCLMULQDQ) IMMEDIATE_ROWS(SHA1RNDS4) IMMEDIATE_ROWS(INSERTPS) BY_XMM0_OPS(SSE_ROWS) SHA_OPS(SSE_ROWS) INSERT_OPS(INSERT_ROWS) };

const struct form_list sse_shuffle_forms = FORM_LIST(rows);
