/* Bits: BT BTS BTR BTC, BSF BSR TZCNT LZCNT POPCNT, BSWAP, the rest of BMI1 and BMI2, CRC32, and the flag instructions. */
#include "emu/op/address.h"
#include "emu/op/dispatch.h"
#include "emu/op/lists.h"

#define EACH_WIDE_WIDTH(STAMP, ...) STAMP(__VA_ARGS__, 16, "w") STAMP(__VA_ARGS__, 32, "l") STAMP(__VA_ARGS__, 64, "q")
#define EACH_LONG_WIDTH(STAMP, ...) STAMP(__VA_ARGS__, 32, "l") STAMP(__VA_ARGS__, 64, "q")

/* --- BT BTS BTR BTC: they write CF only; OF, SF, AF and PF, which the SDM leaves undefined, keep their values --- */

/* `result` writes the register: set_reg, or test_only for BT, which must not clear the upper half. */
#define test_only16(cpu, offset, value) ((void)(value))
#define test_only32(cpu, offset, value) ((void)(value))
#define test_only64(cpu, offset, value) ((void)(value))

#define BIT_TEST_HANDLERS(name, lock, result, BITS, suffix)                                                      \
	static inline uint##BITS##_t name##BITS(uint##BITS##_t dst, uint##BITS##_t bit, flags_t *flags)          \
	{                                                                                                        \
		uint32_t ax;                                                                                     \
		__asm__(#name suffix " %2, %0\n\tlahf" : "+r"(dst), "=a"(ax) : "r"(bit) : "cc");                 \
		*flags = (flags_t)((*flags & ~FLAG_CF) | (ax & FLAG_CF));                                        \
		return dst;                                                                                      \
	}                                                                                                        \
	static HANDLER(name##BITS##_rr)                                                                          \
	{                                                                                                        \
		result##BITS(cpu, i->a, name##BITS(*reg##BITS(cpu, i->a), *reg##BITS(cpu, i->b), &cpu->flags));  \
		NEXT();                                                                                          \
	}                                                                                                        \
	static HANDLER(name##BITS##_ri)                                                                          \
	{                                                                                                        \
		result##BITS(cpu, i->a, name##BITS(*reg##BITS(cpu, i->a), (uint##BITS##_t)i->imm, &cpu->flags)); \
		NEXT();                                                                                          \
	}                                                                                                        \
	BIT_TEST_MEMORY(name, mi, "", address_based(cpu, i), (uint##BITS##_t)i->imm, BITS, suffix)               \
	BIT_TEST_MEMORY(name, mr, "", bit_address##BITS(cpu, i), *reg##BITS(cpu, i->a), BITS, suffix)            \
	BIT_TEST_MEMORY(name, lock_mi, lock, address_based(cpu, i), (uint##BITS##_t)i->imm, BITS, suffix)        \
	BIT_TEST_MEMORY(name, lock_mr, lock, bit_address##BITS(cpu, i), *reg##BITS(cpu, i->a), BITS, suffix)

/* The bit number is taken modulo the width, so the host accesses only this operand. */
#define BIT_TEST_MEMORY(name, operands, lock, address, bit, BITS, suffix)                                                 \
	static HANDLER(name##BITS##_##operands)                                                                           \
	{                                                                                                                 \
		guest_u##BITS *p = guest_pointer(cpu, i, address);                                                        \
		uint##BITS##_t value = (uint##BITS##_t)((bit) & (BITS - 1));                                              \
		uint32_t ax;                                                                                              \
		__asm__ volatile(lock #name suffix " %2, %1\n\tlahf" : "=a"(ax), "+m"(*p) : "r"(value) : "cc", "memory"); \
		cpu->flags = (flags_t)((cpu->flags & ~FLAG_CF) | (ax & FLAG_CF));                                         \
		NEXT();                                                                                                   \
	}

/* A bit number in a register moves the operand by that many bits from the address (SDM vol. 1, 3.1.1.9). */
#define BIT_ADDRESS(unused, BITS, suffix)                                                                               \
	static inline uint64_t bit_address##BITS(struct cpu *cpu, const struct insn *i)                                 \
	{                                                                                                               \
		int64_t bit = (int##BITS##_t) * reg##BITS(cpu, i->a);                                                   \
		return address_based(cpu, i) + (uint64_t)((bit >> (BITS == 64 ? 6 : BITS == 32 ? 5 : 4)) * (BITS / 8)); \
	}

EACH_WIDE_WIDTH(BIT_ADDRESS, )
EACH_WIDE_WIDTH(BIT_TEST_HANDLERS, bt, "", test_only)
EACH_WIDE_WIDTH(BIT_TEST_HANDLERS, bts, "lock ", set_reg)
EACH_WIDE_WIDTH(BIT_TEST_HANDLERS, btr, "lock ", set_reg)
EACH_WIDE_WIDTH(BIT_TEST_HANDLERS, btc, "lock ", set_reg)

enum { BMI_FLAGS = FLAGS_ALL & ~(FLAG_AF | FLAG_PF) };

/* --- dst = f(src), with the host's flags; a guest has only those that its host has ------------------ */

/* BSF and BSR keep all of dst if src is 0 (APM vol. 3, BSF), even its upper half, which other 32-bit writes clear. Flags that are not
 * `defined` are 0, since hosts differ in them. */
#define ALWAYS_WRITES(src) true
#define WRITES_IF_ANY(src) ((src) != 0)
#define SCAN_HANDLERS(name, writes, defined, BITS, suffix)                                        \
	static inline void name##BITS(struct cpu *cpu, uint8_t to, uint##BITS##_t src)            \
	{                                                                                         \
		uint##BITS##_t dst = *reg##BITS(cpu, to);                                         \
		uint32_t ax = cpu->flags;                                                         \
		__asm__("addb $127, %%al\n\tsahf\n\t" #name suffix " %2, %0\n\tseto %%al\n\tlahf" \
			: "+r"(dst), "+a"(ax)                                                     \
			: "r"(src)                                                                \
			: "cc");                                                                  \
		if (writes(src))                                                                  \
			set_reg##BITS(cpu, to, dst);                                              \
		cpu->flags = (flags_t)(ax & (defined));                                           \
	}                                                                                         \
	static HANDLER(name##BITS##_rr)                                                           \
	{                                                                                         \
		name##BITS(cpu, i->a, *reg##BITS(cpu, i->b));                                     \
		NEXT();                                                                           \
	}                                                                                         \
	static HANDLER(name##BITS##_rm)                                                           \
	{                                                                                         \
		name##BITS(cpu, i->a, guest_load##BITS(cpu, i, address_based(cpu, i)));           \
		NEXT();                                                                           \
	}
EACH_WIDE_WIDTH(SCAN_HANDLERS, bsf, WRITES_IF_ANY, FLAG_ZF)
EACH_WIDE_WIDTH(SCAN_HANDLERS, bsr, WRITES_IF_ANY, FLAG_ZF)
EACH_WIDE_WIDTH(SCAN_HANDLERS, tzcnt, ALWAYS_WRITES, FLAG_ZF | FLAG_CF)
EACH_WIDE_WIDTH(SCAN_HANDLERS, lzcnt, ALWAYS_WRITES, FLAG_ZF | FLAG_CF)
EACH_WIDE_WIDTH(SCAN_HANDLERS, popcnt, ALWAYS_WRITES, FLAGS_ALL)
EACH_LONG_WIDTH(SCAN_HANDLERS, blsi, ALWAYS_WRITES, BMI_FLAGS)
EACH_LONG_WIDTH(SCAN_HANDLERS, blsr, ALWAYS_WRITES, BMI_FLAGS)
EACH_LONG_WIDTH(SCAN_HANDLERS, blsmsk, ALWAYS_WRITES, BMI_FLAGS)

/* dst = f(src1, src2), the sources in Intel's order */
#define THREE_HANDLERS(name, defined, BITS, suffix)                                                          \
	static inline void name##BITS(struct cpu *cpu, uint8_t to, uint##BITS##_t src1, uint##BITS##_t src2) \
	{                                                                                                    \
		uint##BITS##_t dst;                                                                          \
		uint32_t ax = cpu->flags;                                                                    \
		__asm__("addb $127, %%al\n\tsahf\n\t" #name " %3, %2, %0\n\tseto %%al\n\tlahf"               \
			: "=&r"(dst), "+a"(ax)                                                               \
			: "r"(src1), "r"(src2)                                                               \
			: "cc");                                                                             \
		set_reg##BITS(cpu, to, dst);                                                                 \
		cpu->flags = (flags_t)(ax & (defined));                                                      \
	}                                                                                                    \
	static HANDLER(name##BITS##_rrr)                                                                     \
	{                                                                                                    \
		name##BITS(cpu, i->a, *reg##BITS(cpu, i->b), *reg##BITS(cpu, i->c));                         \
		NEXT();                                                                                      \
	}                                                                                                    \
	static HANDLER(name##BITS##_rrm)                                                                     \
	{                                                                                                    \
		uint##BITS##_t src2 = guest_load##BITS(cpu, i, address_based(cpu, i));                       \
		name##BITS(cpu, i->a, *reg##BITS(cpu, i->c), src2);                                          \
		NEXT();                                                                                      \
	}                                                                                                    \
	static HANDLER(name##BITS##_rmr)                                                                     \
	{                                                                                                    \
		uint##BITS##_t src1 = guest_load##BITS(cpu, i, address_based(cpu, i));                       \
		name##BITS(cpu, i->a, src1, *reg##BITS(cpu, i->c));                                          \
		NEXT();                                                                                      \
	}
#pragma GCC diagnostic ignored "-Wunused-function" /* each of these instructions has its memory operand in one place only */
EACH_LONG_WIDTH(THREE_HANDLERS, andn, BMI_FLAGS)
EACH_LONG_WIDTH(THREE_HANDLERS, bextr, FLAG_ZF | FLAG_CF | FLAG_OF)
EACH_LONG_WIDTH(THREE_HANDLERS, bzhi, BMI_FLAGS)
EACH_LONG_WIDTH(THREE_HANDLERS, pdep, FLAGS_ALL)
EACH_LONG_WIDTH(THREE_HANDLERS, pext, FLAGS_ALL)

/* ADCX and ADOX add with one flag, and write only that flag. */
#define ADX_HANDLERS(name, BITS, suffix)                                                                         \
	static inline uint##BITS##_t name##BITS(uint##BITS##_t dst, uint##BITS##_t src, flags_t *flags)          \
	{                                                                                                        \
		uint32_t ax = *flags;                                                                            \
		__asm__("addb $127, %%al\n\tsahf\n\t" #name suffix " %2, %0\n\tseto %%al\n\tlahf"                \
			: "+r"(dst), "+a"(ax)                                                                    \
			: "r"(src)                                                                               \
			: "cc");                                                                                 \
		*flags = (flags_t)ax;                                                                            \
		return dst;                                                                                      \
	}                                                                                                        \
	static HANDLER(name##BITS##_rr)                                                                          \
	{                                                                                                        \
		set_reg##BITS(cpu, i->a, name##BITS(*reg##BITS(cpu, i->a), *reg##BITS(cpu, i->b), &cpu->flags)); \
		NEXT();                                                                                          \
	}                                                                                                        \
	static HANDLER(name##BITS##_rm)                                                                          \
	{                                                                                                        \
		uint##BITS##_t src = guest_load##BITS(cpu, i, address_based(cpu, i));                            \
		set_reg##BITS(cpu, i->a, name##BITS(*reg##BITS(cpu, i->a), src, &cpu->flags));                   \
		NEXT();                                                                                          \
	}
EACH_LONG_WIDTH(ADX_HANDLERS, adcx)
EACH_LONG_WIDTH(ADX_HANDLERS, adox)

#define CRC32_STEP(BITS, suffix, REGISTER)                                                              \
	static HANDLER(crc32_##BITS##_rr)                                                               \
	{                                                                                               \
		uint64_t crc = (uint32_t)*reg64(cpu, i->a);                                             \
		__asm__("crc32" suffix " %1, %" REGISTER "0" : "+r"(crc) : "q"(*reg##BITS(cpu, i->b))); \
		*reg64(cpu, i->a) = (uint32_t)crc;                                                      \
		NEXT();                                                                                 \
	}                                                                                               \
	static HANDLER(crc32_##BITS##_rm)                                                               \
	{                                                                                               \
		uint##BITS##_t src = guest_load##BITS(cpu, i, address_based(cpu, i));                   \
		uint64_t crc = (uint32_t)*reg64(cpu, i->a);                                             \
		__asm__("crc32" suffix " %1, %" REGISTER "0" : "+r"(crc) : "q"(src));                   \
		*reg64(cpu, i->a) = (uint32_t)crc;                                                      \
		NEXT();                                                                                 \
	}
CRC32_STEP(8, "b", "k")
CRC32_STEP(16, "w", "k")
CRC32_STEP(32, "l", "k")
CRC32_STEP(64, "q", "q")

static HANDLER(bswap16)
{
	set_reg16(cpu, i->a, 0); /* the SDM leaves it undefined; every CPU clears it */
	NEXT();
}

static HANDLER(bswap32)
{
	set_reg32(cpu, i->a, __builtin_bswap32(*reg32(cpu, i->a)));
	NEXT();
}

static HANDLER(bswap64)
{
	*reg64(cpu, i->a) = __builtin_bswap64(*reg64(cpu, i->a));
	NEXT();
}

#define MOVBE_HANDLERS(unused, BITS, suffix)                                                                      \
	static HANDLER(movbe##BITS##_rm)                                                                          \
	{                                                                                                         \
		set_reg##BITS(cpu, i->a, __builtin_bswap##BITS(guest_load##BITS(cpu, i, address_based(cpu, i)))); \
		NEXT();                                                                                           \
	}                                                                                                         \
	static HANDLER(movbe##BITS##_mr)                                                                          \
	{                                                                                                         \
		guest_store##BITS(cpu, i, address_based(cpu, i), __builtin_bswap##BITS(*reg##BITS(cpu, i->a)));   \
		NEXT();                                                                                           \
	}
EACH_WIDE_WIDTH(MOVBE_HANDLERS, )

/* --- flags --------------------------------------------------------------------------------------- */

static HANDLER(clc)
{
	cpu->flags &= (flags_t)~FLAG_CF;
	NEXT();
}
static HANDLER(stc)
{
	cpu->flags |= FLAG_CF;
	NEXT();
}
static HANDLER(cmc)
{
	cpu->flags ^= FLAG_CF;
	NEXT();
}
static HANDLER(cld)
{
	cpu->df = false;
	NEXT();
}
static HANDLER(std)
{
	cpu->df = true;
	NEXT();
}

static HANDLER(lahf)
{
	*reg8(cpu, gpr_offset(RAX, true)) = (uint8_t)(cpu->flags >> 8) | RFLAGS_FIXED;
	NEXT();
}

static HANDLER(sahf)
{
	uint8_t ah = *reg8(cpu, gpr_offset(RAX, true));

	cpu->flags = (flags_t)((cpu->flags & FLAG_OF) | ((ah & RFLAGS_STATUS & 0xff) << 8));
	NEXT();
}

/* --- rows ---------------------------------------------------------------------------------------- */

/* clang-format off */
/* BT and its kin: "The OF, SF, AF, and PF flags are undefined" (SDM vol. 2), but no CPU is known to change them. */
#define BIT_TEST_ROW(OP, BITS, PATTERN, ATTRIBUTES, HANDLER) \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN, .attributes = ATTRIBUTES, .writes = FLAG_CF, .run = { HANDLER } },
#define BIT_TEST_ROWS(OP, name, BITS, suffix)                                             \
	BIT_TEST_ROW(OP, BITS, PATTERN2(K_R, K_R), 0, name##BITS##_rr)                    \
	BIT_TEST_ROW(OP, BITS, PATTERN2(K_R, K_I), 0, name##BITS##_ri)                    \
	BIT_TEST_ROW(OP, BITS, PATTERN2(K_M, K_R), 0, name##BITS##_mr)                    \
	BIT_TEST_ROW(OP, BITS, PATTERN2(K_M, K_I), 0, name##BITS##_mi)                    \
	BIT_TEST_ROW(OP, BITS, PATTERN2(K_M, K_R), FORM_LOCK, name##BITS##_lock_mr)       \
	BIT_TEST_ROW(OP, BITS, PATTERN2(K_M, K_I), FORM_LOCK, name##BITS##_lock_mi)

/* Rows that write all flags, of which the manual leaves some undefined. */
#define BIT_ROW(OP, OLDER, BITS, PATTERN, ATTRIBUTES, ZEROED, HANDLER)                                                             \
	{ .op = OP, .older = OLDER, .size0 = BYTES##BITS, .pattern = PATTERN, .attributes = ATTRIBUTES, .writes = FLAGS_ALL,       \
	  .zeroed = ZEROED, .run = { HANDLER } },
#define TWO_ROWS(OP, OLDER, name, BITS, ATTRIBUTES, ZEROED)                                             \
	BIT_ROW(OP, OLDER, BITS, PATTERN2(K_R, K_R), ATTRIBUTES, ZEROED, name##BITS##_rr)               \
	BIT_ROW(OP, OLDER, BITS, PATTERN2(K_R, K_M), ATTRIBUTES, ZEROED, name##BITS##_rm)
#define SCAN_ROWS(OP, name, BITS, suffix) TWO_ROWS(OP, OP_NONE, name, BITS, FORM_KEEPS_RESULT, FLAGS_ALL & ~FLAG_ZF)
#define COUNT_ROWS(OP, OLDER, name, BITS, suffix) TWO_ROWS(OP, OLDER, name, BITS, 0, FLAGS_ALL & ~(FLAG_ZF | FLAG_CF))
#define POPCNT_ROWS(OP, name, BITS, suffix) TWO_ROWS(OP, OP_NONE, name, BITS, 0, 0)
#define LOWEST_ROWS(OP, name, BITS, suffix) TWO_ROWS(OP, OP_NONE, name, BITS, 0, FLAG_AF | FLAG_PF)

/* The memory operand of ANDN, PDEP and PEXT is the last one, that of BEXTR and BZHI the middle one. */
#define ANDN_ROWS(OP, name, BITS, suffix)                                                                      \
	BIT_ROW(OP, OP_NONE, BITS, PATTERN3(K_R, K_R, K_R), 0, FLAG_AF | FLAG_PF, name##BITS##_rrr)            \
	BIT_ROW(OP, OP_NONE, BITS, PATTERN3(K_R, K_R, K_M), 0, FLAG_AF | FLAG_PF, name##BITS##_rrm)
#define MIDDLE_ROWS(OP, ZEROED, name, BITS, suffix)                                                            \
	BIT_ROW(OP, OP_NONE, BITS, PATTERN3(K_R, K_R, K_R), 0, ZEROED, name##BITS##_rrr)                       \
	BIT_ROW(OP, OP_NONE, BITS, PATTERN3(K_R, K_M, K_R), 0, ZEROED, name##BITS##_rmr)
#define DEPOSIT_ROWS(OP, name, BITS, suffix)                                                                   \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN3(K_R, K_R, K_R), .run = { name##BITS##_rrr } },   \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN3(K_R, K_R, K_M), .run = { name##BITS##_rrm } },
#define ADX_ROWS(OP, FLAG, name, BITS, suffix)                                                                            \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_R), .reads = FLAG, .writes = FLAG,                   \
	  .run = { name##BITS##_rr } },                                                                                   \
	{ .op = OP, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_M), .reads = FLAG, .writes = FLAG,                   \
	  .run = { name##BITS##_rm } },
/* clang-format on */
#define CRC32_ROWS(BITS, to)                                                                                                \
	{ .op = OP_CRC32, .size0 = to, .size1 = BYTES##BITS, .pattern = PATTERN2(K_R, K_R), .run = { crc32_##BITS##_rr } }, \
		{ .op = OP_CRC32, .size0 = to, .size1 = BYTES##BITS, .pattern = PATTERN2(K_R, K_M), .run = { crc32_##BITS##_rm } },
#define MOVBE_ROWS(unused, BITS, suffix)                                                                      \
	{ .op = OP_MOVBE, .size0 = BYTES##BITS, .pattern = PATTERN2(K_R, K_M), .run = { movbe##BITS##_rm } }, \
		{ .op = OP_MOVBE, .size0 = BYTES##BITS, .pattern = PATTERN2(K_M, K_R), .run = { movbe##BITS##_mr } },

static const struct form rows[] = {
	EACH_WIDE_WIDTH(BIT_TEST_ROWS, OP_BT, bt) EACH_WIDE_WIDTH(BIT_TEST_ROWS, OP_BTS, bts) EACH_WIDE_WIDTH(BIT_TEST_ROWS, OP_BTR,
		btr) EACH_WIDE_WIDTH(BIT_TEST_ROWS, OP_BTC, btc) EACH_WIDE_WIDTH(SCAN_ROWS, OP_BSF, bsf) EACH_WIDE_WIDTH(SCAN_ROWS, OP_BSR,
		bsr) EACH_WIDE_WIDTH(COUNT_ROWS, OP_TZCNT, OP_BSF, tzcnt) EACH_WIDE_WIDTH(COUNT_ROWS, OP_LZCNT, OP_BSR, lzcnt)
		EACH_WIDE_WIDTH(POPCNT_ROWS, OP_POPCNT, popcnt) EACH_LONG_WIDTH(LOWEST_ROWS, OP_BLSI, blsi) EACH_LONG_WIDTH(LOWEST_ROWS,
			OP_BLSR, blsr) EACH_LONG_WIDTH(LOWEST_ROWS, OP_BLSMSK, blsmsk) EACH_LONG_WIDTH(ANDN_ROWS, OP_ANDN,
			andn) EACH_LONG_WIDTH(DEPOSIT_ROWS, OP_PDEP, pdep) EACH_LONG_WIDTH(DEPOSIT_ROWS, OP_PEXT, pext)
			EACH_LONG_WIDTH(MIDDLE_ROWS, OP_BEXTR, FLAG_AF | FLAG_SF | FLAG_PF, bextr) EACH_LONG_WIDTH(MIDDLE_ROWS, OP_BZHI,
				FLAG_AF | FLAG_PF, bzhi) EACH_LONG_WIDTH(ADX_ROWS, OP_ADCX, FLAG_CF, adcx) EACH_LONG_WIDTH(ADX_ROWS,
				OP_ADOX, FLAG_OF, adox) CRC32_ROWS(8, 4) CRC32_ROWS(8, 8) CRC32_ROWS(16, 4) CRC32_ROWS(32, 4) CRC32_ROWS(64,
				8){ .op = OP_BSWAP, .size0 = 2, .pattern = K_R, .attributes = FORM_HANDLED, .run = { bswap16 } },
	{ .op = OP_BSWAP, .size0 = 4, .pattern = K_R, .run = { bswap32 } },
	{ .op = OP_BSWAP, .size0 = 8, .pattern = K_R, .run = { bswap64 } },
	EACH_WIDE_WIDTH(MOVBE_ROWS, ){ .op = OP_CLC, .writes = FLAG_CF, .run = { clc } },
	{ .op = OP_STC, .writes = FLAG_CF, .run = { stc } },
	{ .op = OP_CMC, .reads = FLAG_CF, .writes = FLAG_CF, .run = { cmc } },
	{ .op = OP_CLD, .attributes = FORM_HANDLED, .run = { cld } },
	{ .op = OP_STD, .attributes = FORM_HANDLED, .run = { std } },
	{ .op = OP_LAHF, .reads = FLAGS_ALL, .run = { lahf } },
	{ .op = OP_SAHF, .writes = FLAGS_ALL & ~FLAG_OF, .run = { sahf } },
};

const struct form_list bit_forms = { .rows = rows, .count = sizeof(rows) / sizeof(*rows), .general = GENERAL_ONLY };
