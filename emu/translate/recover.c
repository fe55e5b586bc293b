/* The guest's state where translated code was interrupted, and where a handler that it called ended the run. */
#include "emu/cpu/flags.h"
#include "emu/translate/trace.h"

/* The translator that a tier is. */
static const struct translator *of(const struct tier *tier)
{
	return (const struct translator *)tier;
}

/* The trace whose code holds this address, or NULL. */
static const struct trace *find_trace(const struct translator *translator, const uint8_t *code)
{
	unsigned low = 0, high = translator->traces;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (translator->trace[middle]->code <= code)
			low = middle + 1;
		else
			high = middle;
	}
	return low && code < translator->trace[low - 1]->end ? translator->trace[low - 1] : NULL;
}

static const struct site *find_site(const struct trace *trace, uint32_t at)
{
	unsigned low = 0, high = trace->sites;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (trace->site[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &trace->site[low - 1] : NULL;
}

static const struct trace *interrupted(const struct translator *translator, const ucontext_t *uc)
{
	uint64_t rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];

	if (!translator->arena || !store_holds(&translator->store, rip))
		return NULL;
	return find_trace(translator, (const uint8_t *)rip);
}

/* --- registers ------------------------------------------------------------------------------------------ */

static void take_registers(struct cpu *cpu, const greg_t *gregs)
{
	/* clang-format off */
	static const int from[GPR_COUNT] = {
		REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
		REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	};
	/* clang-format on */
	uint64_t rflags = (uint64_t)gregs[REG_EFL];

	for (unsigned k = 0; k < GPR_COUNT; k++)
		cpu->r[k] = (uint64_t)gregs[from[k]];
	cpu->flags = (flags_t)((rflags & RFLAGS_STATUS & 0xff) << 8 | (rflags & RFLAGS_OF ? FLAG_OF : 0));
}

/* The signal frame's XSAVE area, in the standard format: SDM vol. 1, 13.4. Linux's struct _fpx_sw_bytes says what there is. */
static void take_vectors(struct cpu *cpu, const struct _libc_fpstate *fp)
{
	enum { SW_BYTES = 464, SW_MAGIC = 0x46505853, XSTATE_BV = 512, YMM_HIGH = 576, YMM = 1 << 2 };
	const uint8_t *area = (const uint8_t *)fp;
	uint32_t magic;
	uint64_t present = 0;

	memcpy(&magic, area + SW_BYTES, sizeof(magic));
	if (magic == SW_MAGIC)
		memcpy(&present, area + XSTATE_BV, sizeof(present));
	for (unsigned k = 0; k < 16; k++) {
		memcpy(cpu->v[k].u8, &fp->_xmm[k], 16);
		if (present & YMM)
			memcpy(cpu->v[k].u8 + 16, area + YMM_HIGH + 16 * k, 16);
		else
			memset(cpu->v[k].u8 + 16, 0, 16);
	}
}

/* --- called handlers ------------------------------------------------------------------------------------ */

static const struct called *find_called(const struct translator *translator, const struct insn *at)
{
	const uint8_t *record = (const uint8_t *)at;

	if (!translator->arena || record < translator->arena || record - translator->arena >= ARENA_BYTES)
		return NULL;
	while (!is_back(at))
		at++;
	return called_of_back(at);
}

bool trace_recover(const struct tier *tier, struct cpu *cpu, const ucontext_t *uc)
{
	const struct trace *trace = interrupted(of(tier), uc);
	const struct home *home = trace ? of(tier)->store.home : NULL;
	const struct site *site = trace ? find_site(trace, (uint32_t)((uint64_t)uc->uc_mcontext.gregs[REG_RIP] - (uint64_t)trace->code))
					: NULL;

	if (!site) {
		const struct called *called = find_called(of(tier), cpu->at);

		if (called && called->general)
			take_vectors(cpu, uc->uc_mcontext.fpregs);
		return false;
	}
	take_registers(cpu, uc->uc_mcontext.gregs);
	take_vectors(cpu, uc->uc_mcontext.fpregs);
	cpu->flags &= (flags_t)~site->stale;
	if (site->aside != NOWHERE)
		cpu->r[site->aside] = home->slot[site->aside];
	cpu->budget = trace->convention == COUNTING ? (int64_t)cpu->r[COUNTER] : home->budget;
	if (trace->convention == COUNTING)
		cpu->r[COUNTER] = home->slot[COUNTER];
	cpu->budget += site->charged;
	cpu->rip = trace->rip + (uint64_t)(int64_t)site->rip;
	return true;
}

bool trace_holds(const struct tier *tier, const ucontext_t *uc)
{
	return interrupted(of(tier), uc);
}

bool trace_is_dropped(const struct tier *tier, const ucontext_t *uc)
{
	const struct trace *trace = interrupted(of(tier), uc);

	return trace && trace->dropped;
}

bool trace_settle(const struct tier *tier, struct cpu *cpu, const struct insn *at)
{
	const struct called *called = find_called(of(tier), at);
	bool behind;

	if (!called)
		return false;
	behind = at == &called->insn[called->records];
	cpu->rip = called->rip + (behind ? called->length : 0);
	cpu->budget += called->charged - behind;
	return true;
}

bool trace_called_dropped(const struct tier *tier, const struct insn *at)
{
	const struct called *called = find_called(of(tier), at);

	return called && called->trace->dropped;
}
