/* The memory of translated code, and the routines by which it is entered and left: they move the guest's state between the host's registers
 * and struct cpu. */
#include "emu/translate/store.h"

#include <stddef.h>
#include <sys/mman.h>

#include "emu/op/dispatch.h"

/* At least the longest trace must fit. */
enum { HOME_BYTES = 4096, TABLE_BYTES = TARGETS * 8, CODE_BYTES = 64 << 20, CODE_MIN = 64 << 10, COLD_PART = 4 };

/* DF may have been set, and translated code counts on its being clear. Vector registers may be the guest's. */
__attribute__((target("general-regs-only"))) HANDLER(back_record)
{
	if (cpu->df) {
		cpu->at = i;
		cpu->exit = EXIT_STOP;
	}
	return NULL;
}

/* --- moving the state --------------------------------------------------------------------------------- */

static void emit_vector(struct emitter *e, bool wide, unsigned opcode, unsigned number)
{
	emit8(e, 0xc5);
	emit8(e, (number < 8 ? 0xf8 : 0x78) | (wide ? 4 : 0) | 1);
	emit8(e, opcode);
	emit_based(e, number, RDI, (int32_t)(offsetof(struct cpu, v) + number * sizeof(union vector)));
}

static void emit_vzeroupper(struct emitter *e)
{
	emit_bytes(e, (const uint8_t[]){ 0xc5, 0xf8, 0x77 }, 3);
}

/* MOVAPS xmm, [RDI + disp] or the reverse, where the host has no AVX. */
static void emit_narrow_vector(struct emitter *e, unsigned opcode, unsigned number)
{
	if (number >= 8)
		emit8(e, REX | REX_R);
	emit8(e, 0x0f);
	emit8(e, opcode);
	emit_based(e, number, RDI, (int32_t)(offsetof(struct cpu, v) + number * sizeof(union vector)));
}

static bool has_avx(void)
{
	return __builtin_cpu_supports("avx");
}

static void emit_vectors_out(struct emitter *e)
{
	for (unsigned k = 0; k < 16; k++)
		if (has_avx())
			emit_vector(e, true, 0x7f, k);
		else
			emit_narrow_vector(e, 0x29, k);
	if (has_avx())
		emit_vzeroupper(e);
}

/* XMM0 = the upper halves of all, ORed; ZF: there is nothing in them. A program that uses no AVX must not find upper halves in use, which
 * makes its SSE instructions slow. */
static void emit_upper_halves(struct emitter *e)
{
	for (unsigned k = 0; k < 16; k++) {
		emit_bytes(e, k ? (const uint8_t[]){ 0xc5, 0xf9, 0xeb } : (const uint8_t[]){ 0xc5, 0xf9, 0x6f }, 3); /* VPOR, VMOVDQA */
		emit_based(e, 0, RDI, (int32_t)(offsetof(struct cpu, v) + k * sizeof(union vector) + 16));
	}
	emit_bytes(e, (const uint8_t[]){ 0xc4, 0xe2, 0x79, 0x17, 0xc0 }, 5); /* VPTEST XMM0, XMM0 */
}

static void emit_vectors_in(struct emitter *e)
{
	uint8_t *narrow, *done;

	if (!has_avx()) {
		for (unsigned k = 0; k < 16; k++)
			emit_narrow_vector(e, 0x28, k);
		return;
	}
	emit_upper_halves(e);
	narrow = emit_branch(e, CC_Z, e->at);
	for (unsigned k = 0; k < 16; k++)
		emit_vector(e, true, 0x6f, k);
	emit_jump(e, e->at);
	done = e->at - 4;
	emit_here(e, narrow);
	emit_vzeroupper(e);
	for (unsigned k = 0; k < 16; k++)
		emit_vector(e, false, 0x6f, k);
	emit_here(e, done);
}

#define CPU(field) ((int32_t)offsetof(struct cpu, field))
#define CPU_REG(reg) ((int32_t)(offsetof(struct cpu, r) + 8 * (reg)))

enum rsp_place { RSP_IN_RSP, RSP_IN_SLOT };

/* From the guest's general registers and flags to struct cpu, RAX being in its slot and in RAX what home.leaving is to be. Then RDI is cpu. */
static void emit_general_out(struct emitter *e, enum convention convention, enum rsp_place rsp)
{
	emit_store(e, RDI, HOME_SLOT(RDI));
	emit_load(e, RDI, HOME(cpu));
	for (unsigned reg = RCX; reg < GPR_COUNT; reg++)
		if (reg != RDI && reg != COUNTER && (reg != RSP || rsp == RSP_IN_RSP))
			emit_memory(e, 0x89, reg, RDI, CPU_REG(reg));
	if (rsp == RSP_IN_SLOT) {
		emit_load(e, RCX, HOME_SLOT(RSP));
		emit_memory(e, 0x89, RCX, RDI, CPU_REG(RSP));
	}
	emit_memory(e, 0x89, COUNTER, RDI, convention == COUNTING ? CPU(budget) : CPU_REG(COUNTER));
	emit_load(e, RCX, convention == COUNTING ? HOME_SLOT(COUNTER) : HOME(budget));
	emit_memory(e, 0x89, RCX, RDI, convention == COUNTING ? CPU_REG(COUNTER) : CPU(budget));
	emit_load(e, RCX, HOME_SLOT(RDI));
	emit_memory(e, 0x89, RCX, RDI, CPU_REG(RDI));
	emit_load(e, RCX, HOME_SLOT(RAX));
	emit_memory(e, 0x89, RCX, RDI, CPU_REG(RAX));
	emit_store(e, RAX, HOME(leaving));
	emit_flags_to_ax(e);
	emit8(e, 0x66); /* MOV [RDI + flags], AX */
	emit8(e, 0x89);
	emit_based(e, RAX, RDI, CPU(flags));
}

/* The reverse, with RDI as cpu. */
static void emit_general_in(struct emitter *e, enum convention convention, enum rsp_place rsp)
{
	if (rsp == RSP_IN_SLOT) {
		emit_memory(e, 0x8b, RAX, RDI, CPU_REG(RSP));
		emit_store(e, RAX, HOME_SLOT(RSP));
	}
	emit_memory(e, 0x8b, RAX, RDI, convention == COUNTING ? CPU_REG(COUNTER) : CPU(budget));
	emit_store(e, RAX, convention == COUNTING ? HOME_SLOT(COUNTER) : HOME(budget));
	emit_memory(e, 0x8b, COUNTER, RDI, convention == COUNTING ? CPU(budget) : CPU_REG(COUNTER));
	emit_memory(e, 0x8b, RAX, RDI, CPU(flags)); /* what is above is not looked at */
	emit_flags_from_ax(e);
	for (unsigned reg = RAX; reg < GPR_COUNT; reg++)
		if (reg != RDI && reg != COUNTER && (reg != RSP || rsp == RSP_IN_RSP))
			emit_memory(e, 0x8b, reg, RDI, CPU_REG(reg));
	emit_memory(e, 0x8b, RDI, RDI, CPU_REG(RDI));
}

static void emit_bases_in(struct emitter *e)
{
	for (unsigned k = 0; k < 2; k++) {
		emit_memory(e, 0x8b, RAX, RDI, CPU_REG(SLOT_FS_BASE + k));
		emit_store(e, RAX, HOME(base) + 8 * k);
	}
}

/* --- routines ----------------------------------------------------------------------------------------- */

/* Callee-saved registers, and as much again as aligns the stack for a call. */
static void emit_enter(struct emitter *e)
{
	emit_bytes(e, (const uint8_t[]){ 0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57, 0x48, 0x83, 0xec, 0x08 }, 14);
	emit_store(e, RSP, HOME(host_rsp));
	emit_store(e, RDI, HOME(cpu));
	emit_store(e, RSI, HOME(target));
	emit_bytes(e, (const uint8_t[]){ 0x48, 0xc7, 0x05 }, 3); /* MOV qword [home.time.over], constant */
	emit_relative(e, &e->home->time.over, 4);
	emit32(e, TIME_UNKNOWN);
	emit_vectors_in(e);
	emit_bases_in(e);
	emit_general_in(e, COUNTING, RSP_IN_RSP);
	emit_bytes(e, (const uint8_t[]){ 0xff, 0x25 }, 2); /* JMP [home.target] */
	emit_relative(e, &e->home->target, 0);
}

/* To the caller of `enter`, RAX being its result. */
static void emit_return(struct emitter *e)
{
	emit_load(e, RSP, HOME(host_rsp));
	emit_bytes(e, (const uint8_t[]){ 0x48, 0x83, 0xc4, 0x08, 0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3 }, 15);
}

static void emit_leave(struct emitter *e, enum convention convention)
{
	emit_general_out(e, convention, RSP_IN_RSP);
	emit_vectors_out(e);
	emit_load(e, RAX, HOME(leaving));
	emit_return(e);
}

/* A handler that ends the run says so in cpu->exit. If it is `general`, the vector registers hold the guest's all the while. */
static void emit_call(struct emitter *e, enum convention convention, bool general)
{
	uint8_t *ends;

	emit_general_out(e, convention, RSP_IN_SLOT);
	if (!general)
		emit_vectors_out(e);
	emit_load(e, RSI, HOME(leaving));
	emit_lea(e, RSP, RSP, -8);
	emit_bytes(e, (const uint8_t[]){ 0xff, 0x16 }, 2); /* CALL [RSI] */
	emit_lea(e, RSP, RSP, 8);
	emit_load(e, RDI, HOME(cpu));
	emit8(e, 0x83); /* CMP dword [RDI + exit], 0 */
	emit_based(e, 7, RDI, CPU(exit));
	emit8(e, 0);
	ends = emit_branch(e, CC_NZ, e->at);
	if (!general) {
		emit_vectors_in(e);
		emit_bases_in(e);
	}
	emit_general_in(e, convention, RSP_IN_SLOT);
	emit8(e, 0xc3); /* RET */
	emit_here(e, ends);
	if (general)
		emit_vectors_out(e);
	emit_bytes(e, (const uint8_t[]){ 0x31, 0xc0 }, 2); /* XOR EAX, EAX */
	emit_return(e);
}

/* RCX and R10 are in their slots. */
static void emit_look_up(struct emitter *e, const void *exit, const uint8_t *leave)
{
	emit_store(e, RCX, HOME(target));
	emit_load(e, RCX, HOME_SLOT(RCX));
	emit_load(e, R10, HOME_SLOT(R10));
	emit_store(e, RAX, HOME_SLOT(RAX));
	emit_constant(e, RAX, (uint64_t)exit);
	emit_jump(e, leave);
}

static void make_routines(struct store *store, const void *look_up_exit)
{
	struct emitter e = store_emitter(store);

	store->enter = (const void *(*)(struct cpu *, const void *))(uintptr_t)e.at;
	emit_enter(&e);
	for (enum convention convention = COUNTING; convention < CONVENTIONS; convention++) {
		store->leave[convention] = e.at;
		emit_leave(&e, convention);
		for (unsigned general = 0; general < 2; general++) {
			store->call[general][convention] = e.at;
			emit_call(&e, convention, general);
		}
	}
	store->look_up = e.at;
	emit_look_up(&e, look_up_exit, store->leave[COUNTING]);
	store->first = store->used = (size_t)(e.at - store->code);
}

/* --- memory ------------------------------------------------------------------------------------------- */

/* [home, at the end of its part][targets, aligned to their size][code] */
static bool map(struct store *store)
{
	uint8_t *table;

	store->region_bytes = 2 * TABLE_BYTES + HOME_BYTES + CODE_BYTES;
	store->region = mmap(NULL, store->region_bytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		0);
	if (store->region == MAP_FAILED)
		return false;
	table = (uint8_t *)(((uintptr_t)store->region + HOME_BYTES + TABLE_BYTES - 1) / TABLE_BYTES * TABLE_BYTES);
	store->home = (struct home *)(table - HOME_BYTES);
	store->target = (void **)table;
	store->code = table + TABLE_BYTES;
	store->size = (size_t)((uint8_t *)store->region + store->region_bytes - store->code);
	mprotect(store->home, HOME_BYTES + TABLE_BYTES, PROT_READ | PROT_WRITE);
	store->home->table = (uint64_t)table / 8;
	return true;
}

static void forget_targets(struct store *store)
{
	for (unsigned k = 0; k < TARGETS; k++)
		store->target[k] = (void *)(uintptr_t)store->look_up;
}

bool store_create(struct store *store, const void *look_up_exit, size_t code_bytes)
{
	*store = (struct store){ 0 };
	if (!map(store))
		return false;
	make_routines(store, look_up_exit);
	if (code_bytes && code_bytes < CODE_MIN)
		code_bytes = CODE_MIN;
	if (code_bytes && store->first + code_bytes < store->size)
		store->size = store->first + code_bytes;
	store->cold = store->cold_used = store->size - store->size / COLD_PART;
	forget_targets(store);
	return true;
}

void store_destroy(struct store *store)
{
	munmap(store->region, store->region_bytes);
}

void store_clear(struct store *store)
{
	if (store->used == store->first)
		return;
	store->used = store->first;
	store->cold_used = store->cold;
	forget_targets(store);
}
