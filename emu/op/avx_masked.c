/* Masked moves and gathers of AVX and AVX2. */
#include "emu/op/vector_lists.h"

/* --- masked moves ---------------------------------------------------------------------------------------
 * The host's instruction does not fault for elements that the mask leaves out: the first of the others is announced. When
 * there is none no address is wrong, and the operand may as well be the register itself. */

static inline __attribute__((always_inline)) void *masked_pointer(struct cpu *cpu, const struct insn *i, uint64_t address, uint32_t signs,
	unsigned element_size)
{
	unsigned skipped;

	if (!signs)
		return vreg(cpu, i->a);
	skipped = (unsigned)__builtin_ctz(signs) * element_size;
	return (uint8_t *)guest_pointer(cpu, i, address + skipped) - skipped;
}

/* a = m under c; m = c under a. SIGNS is the instruction that takes the masks' signs. */
#define MASKED(name, NAME, SIGNS, element_size, type, set)                                                                 \
	static inline uint32_t name##_signs(const union vector *mask)                                                      \
	{                                                                                                                  \
		uint32_t signs;                                                                                            \
		__asm__(SIGNS " %1, %0" : "=r"(signs) : "x"(*(const type *)mask));                                         \
		return signs;                                                                                              \
	}                                                                                                                  \
	BODY name##_load_body(BODY_PARAMETERS, uint64_t address)                                                           \
	{                                                                                                                  \
		const union vector *mask = vreg(cpu, i->c);                                                                \
		const void *source = masked_pointer(cpu, i, address, name##_signs(mask), element_size);                    \
		type value;                                                                                                \
		__asm__ volatile(NAME " %1, %2, %0" : "=x"(value) : "m"(*(const type *)source), "x"(*(const type *)mask)); \
		set(vreg(cpu, i->a), value);                                                                               \
	}                                                                                                                  \
	BODY name##_store_body(BODY_PARAMETERS, uint64_t address)                                                          \
	{                                                                                                                  \
		const union vector *mask = vreg(cpu, i->a);                                                                \
		void *destination = masked_pointer(cpu, i, address, name##_signs(mask), element_size);                     \
		__asm__ volatile(NAME " %1, %2, %0"                                                                        \
				 : "+m"(*(type *)destination)                                                              \
				 : "x"(*(const type *)vreg(cpu, i->c)), "x"(*(const type *)mask));                         \
	}                                                                                                                  \
	MASKED_HANDLER(name##_load, based)                                                                                 \
	MASKED_HANDLER(name##_load, absolute)                                                                              \
	MASKED_HANDLER(name##_store, based)                                                                                \
	MASKED_HANDLER(name##_store, absolute)
#define MASKED_HANDLER(name, kind)                           \
	static HANDLER(name##_##kind)                        \
	{                                                    \
		name##_body(cpu, i, address_##kind(cpu, i)); \
		NEXT();                                      \
	}

MASKED(masked32_x, "vmaskmovps", "vmovmskps", 4, v128, set_vex128)
MASKED(masked32_y, "vmaskmovps", "vmovmskps", 4, v256, set_vex256)
MASKED(masked64_x, "vmaskmovpd", "vmovmskpd", 8, v128, set_vex128)
MASKED(masked64_y, "vmaskmovpd", "vmovmskpd", 8, v256, set_vex256)

/* --- gathers ----------------------------------------------------------------------------------------------
 * Element by element, since a fault must leave those before it done and their masks clear. b = base, c = vector of indices,
 * d = scale, imm = mask register, above it the index register's size in bytes, above that the slot of a 32-bit address's segment. */

static inline __attribute__((always_inline)) uint64_t gather_address64(struct cpu *cpu, const struct insn *i, int64_t index)
{
	return *reg64(cpu, i->b) + ((uint64_t)index << i->d) + (uint64_t)(int64_t)i->disp;
}

static inline __attribute__((always_inline)) uint64_t gather_address32(struct cpu *cpu, const struct insn *i, int64_t index)
{
	return (uint32_t)gather_address64(cpu, i, index) + *reg64(cpu, (uint8_t)(i->imm >> 16));
}

/* The elements after the last one become 0; all elements of the mask do. */
BODY gather_finish(union vector *a, union vector *mask, unsigned quadwords)
{
	for (unsigned n = quadwords; n < 4; n++)
		a->u64[n] = mask->u64[n] = 0;
}

#define GATHER_HANDLER(name, ADDRESS, ELEMENT, INDEX, count)                                                                         \
	static HANDLER(name##_at##ADDRESS)                                                                                           \
	{                                                                                                                            \
		union vector *a = vreg(cpu, i->a), *mask = vreg(cpu, (uint8_t)i->imm);                                               \
		const union vector *index = vreg(cpu, i->c);                                                                         \
		const unsigned elements = (count);                                                                                   \
		for (unsigned n = 0; n < elements; n++) {                                                                            \
			if (mask->i##ELEMENT[n] < 0)                                                                                 \
				a->u##ELEMENT[n] = guest_load##ELEMENT(cpu, i, gather_address##ADDRESS(cpu, i, index->i##INDEX[n])); \
			mask->u##ELEMENT[n] = 0;                                                                                     \
		}                                                                                                                    \
		gather_finish(a, mask, elements *ELEMENT / 64);                                                                      \
		NEXT();                                                                                                              \
	}
#define GATHER(name, ELEMENT, INDEX, count) GATHER_HANDLER(name, 64, ELEMENT, INDEX, count) GATHER_HANDLER(name, 32, ELEMENT, INDEX, count)

GATHER(gather32_by32_x, 32, 32, 4)
GATHER(gather32_by32_y, 32, 32, 8)
GATHER(gather64_by32_x, 64, 32, 2)
GATHER(gather64_by32_y, 64, 32, 4)
GATHER(gather64_by64_x, 64, 64, 2)
GATHER(gather64_by64_y, 64, 64, 4)
/* the size of the indices alone tells the width */
GATHER(gather32_by64, 32, 64, (uint8_t)(i->imm >> 8) / 8)

/* --- rows ---------------------------------------------------------------------------------------------------- */

#define MASKED_ROW(OP, name, k)                                                                                 \
	{ .op = OP, .pattern = PATTERN3(k, k, K_M), .run = { name##_load_based, NULL, name##_load_absolute } }, \
		{ .op = OP, .pattern = PATTERN3(K_M, k, k), .run = { name##_store_based, NULL, name##_store_absolute } },
#define MASKED_ROWS(op, name) MASKED_ROW(op, name##_x, K_X) MASKED_ROW(op, name##_y, K_Y)
/* Where a gather faults, what it has done to its registers differs between makers of CPUs. */
enum { GATHERS = FORM_BY_ADDRESS_WIDTH | FORM_HANDLED };
#define GATHER_ROW(OP, name, k)                                                                                  \
	{ .op = OP, .size0 = 8, .pattern = PATTERN3(k, K_M, k), .attributes = GATHERS, .run = { name##_at64 } }, \
		{ .op = OP, .size0 = 4, .pattern = PATTERN3(k, K_M, k), .attributes = GATHERS, .run = { name##_at32 } },
#define GATHER_ROWS(op, name) GATHER_ROW(op, name##_x, K_X) GATHER_ROW(op, name##_y, K_Y)

static const struct form rows[] = { MASKED_ROWS(OP_VMASKMOVPS, masked32) MASKED_ROWS(OP_VMASKMOVPD, masked64) MASKED_ROWS(OP_VPMASKMOVD,
	masked32) MASKED_ROWS(OP_VPMASKMOVQ, masked64) GATHER_ROWS(OP_VPGATHERDD, gather32_by32) GATHER_ROWS(OP_VGATHERDPS, gather32_by32)
		GATHER_ROWS(OP_VPGATHERDQ, gather64_by32) GATHER_ROWS(OP_VGATHERDPD, gather64_by32)
			GATHER_ROWS(OP_VPGATHERQQ, gather64_by64) GATHER_ROWS(OP_VGATHERQPD, gather64_by64)
				GATHER_ROW(OP_VPGATHERQD, gather32_by64, K_X) GATHER_ROW(OP_VGATHERQPS, gather32_by64, K_X) };

const struct form_list avx_masked_forms = FORM_LIST(rows);
