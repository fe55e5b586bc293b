/* The time MSRs (SDM volume 4, chapter 2) and the time leaves of CPUID (SDM volume 2, CPUID). */
#include "timekeep/state.h"

enum msr {
	MSR_TSC = 0x10,
	MSR_PVWALL_OLD = 0x11,
	MSR_PVSYSTEM_OLD = 0x12,
	MSR_TSC_ADJUST = 0x3b,
	MSR_PLATFORM_INFO = 0xce,
	MSR_MPERF = 0xe7,
	MSR_APERF = 0xe8,
	MSR_TSC_DEADLINE = 0x6e0,
	MSR_PVWALL = 0x4b564d00,
	MSR_PVSYSTEM = 0x4b564d01,
	MSR_TSC_AUX = 0xc0000103,
};

enum cpuid_bits {
	LEAF1_ECX_TSC_DEADLINE = 1 << 24,
	LEAF1_EDX_TSC = 1 << 4,
	LEAF6_ECX_APERFMPERF = 1 << 0,
	LEAF7_EBX_TSC_ADJUST = 1 << 1,
	LEAF7_ECX_RDPID = 1 << 22,
	LEAF80000001_EDX_RDTSCP = 1 << 27,
	LEAF80000007_EDX_INVARIANT_TSC = 1 << 8,
};

enum { BUS_MHZ = 100, REGS_EAX = 0, REGS_EBX, REGS_ECX, REGS_EDX };

static uint64_t platform_info(const struct timekeep *s)
{
	uint64_t ratio = (s->guest_khz + BUS_MHZ * 500) / (BUS_MHZ * 1000);

	return (ratio < 255 ? ratio : 255) << 8;
}

enum tk_error tk_rdmsr(const struct tk *tk, unsigned vcpu, uint64_t insns, uint32_t msr, uint64_t *value)
{
	struct timekeep *s = tk->state;
	struct vcpu *v = &s->vcpu[vcpu];

	if (vcpu >= s->vcpus)
		return TK_EVCPU;
	switch ((enum msr)msr) {
	case MSR_TSC: *value = tk_rdtsc(tk, vcpu, insns); return TK_OK;
	case MSR_TSC_ADJUST: *value = v->adjust; return TK_OK;
	case MSR_MPERF: *value = now_eff(tk, insns) + v->mperf; return TK_OK;
	case MSR_APERF: *value = now_eff(tk, insns) + v->aperf; return TK_OK;
	case MSR_PLATFORM_INFO: *value = platform_info(s); return TK_OK;
	case MSR_TSC_DEADLINE: *value = v->tsc_deadline; return TK_OK;
	case MSR_TSC_AUX: *value = v->aux; return TK_OK;
	case MSR_PVWALL:
	case MSR_PVWALL_OLD: *value = s->pv_wall; return TK_OK;
	case MSR_PVSYSTEM:
	case MSR_PVSYSTEM_OLD: *value = v->pv_system; return TK_OK;
	}
	return TK_EMSR;
}

/* Arms the deadline at the virtual time when the TSC, at its present offset, reaches it: timer
 * and MSR agree. */
static void arm_tsc_deadline(const struct tk *tk, unsigned vcpu, uint64_t insns)
{
	uint64_t tsc = tk->state->vcpu[vcpu].tsc_deadline;

	if (!tsc)
		tk_disarm(tk, TK_TIMER_TSC_DEADLINE(vcpu));
	else
		tk_arm(tk, TK_TIMER_TSC_DEADLINE(vcpu), tk_when_tsc(tk, vcpu, tsc, insns));
}

void tsc_deadline_fired(struct timekeep *s, uint64_t id)
{
	uint64_t vcpu = id & ~TK_TIMER_RESERVED;

	if (id & TK_TIMER_RESERVED && vcpu < TK_MAX_VCPUS)
		s->vcpu[vcpu].tsc_deadline = 0;
}

/* The pvclock page maps TSC values to times, so its timestamp moves together with the TSC. */
void tsc_moved(const struct tk *tk, unsigned vcpu, uint64_t insns, uint64_t ticks)
{
	struct vcpu *v = &tk->state->vcpu[vcpu];

	v->offset += ticks;
	tk->state->stretch.length = 0;
	v->pv.tsc_timestamp += ticks;
	if (v->tsc_deadline)
		arm_tsc_deadline(tk, vcpu, insns);
}

static enum tk_error write_tsc(const struct tk *tk, unsigned vcpu, uint64_t insns, uint64_t ticks)
{
	struct timekeep *s = tk->state;

	if (s->mode == TK_HOST)
		return TK_EMODE;
	if (!(s->traps & TK_OFFSETTING))
		return TK_ENATIVE;
	tsc_moved(tk, vcpu, insns, ticks);
	s->vcpu[vcpu].adjust += ticks;
	return TK_OK;
}

static enum tk_error write_aux(struct vcpu *v, uint64_t value)
{
	if (value >> 32)
		return TK_EVALUE;
	v->aux = (uint32_t)value;
	return TK_OK;
}

enum tk_error tk_wrmsr(const struct tk *tk, unsigned vcpu, uint64_t insns, uint32_t msr, uint64_t value)
{
	struct timekeep *s = tk->state;
	struct vcpu *v = &s->vcpu[vcpu];

	if (vcpu >= s->vcpus)
		return TK_EVCPU;
	switch ((enum msr)msr) {
	case MSR_TSC: return write_tsc(tk, vcpu, insns, value - vcpu_tsc(s, vcpu, now_eff(tk, insns)));
	case MSR_TSC_ADJUST: return write_tsc(tk, vcpu, insns, value - v->adjust);
	case MSR_MPERF: v->mperf = value - now_eff(tk, insns); return TK_OK;
	case MSR_APERF: v->aperf = value - now_eff(tk, insns); return TK_OK;
	case MSR_PLATFORM_INFO: return TK_EWRITE;
	case MSR_TSC_DEADLINE:
		v->tsc_deadline = value;
		arm_tsc_deadline(tk, vcpu, insns);
		return TK_OK;
	case MSR_TSC_AUX: return write_aux(v, value);
	case MSR_PVWALL:
	case MSR_PVWALL_OLD: s->pv_wall = value; return TK_OK;
	case MSR_PVSYSTEM:
	case MSR_PVSYSTEM_OLD: v->pv_system = value; return TK_OK;
	}
	return TK_EMSR;
}

/* --- CPUID ---------------------------------------------------------------------------------------- */

static void put_bit(uint32_t *reg, uint32_t bit, bool on)
{
	*reg = on ? *reg | bit : *reg & ~bit;
}

/* A crystal of 1000 Hz makes every frequency exact, in steps of 1 kHz. */
static void leaf_15(const struct timekeep *s, uint32_t regs[4])
{
	regs[REGS_EAX] = 1;
	regs[REGS_EBX] = (uint32_t)s->guest_khz;
	regs[REGS_ECX] = 1000;
	regs[REGS_EDX] = 0;
}

static void leaf_16(const struct timekeep *s, uint32_t regs[4])
{
	uint32_t mhz = (uint32_t)((s->guest_khz + 500) / 1000);

	regs[REGS_EAX] = mhz;
	regs[REGS_EBX] = mhz;
	regs[REGS_ECX] = BUS_MHZ;
	regs[REGS_EDX] = 0;
}

static void leaf_40000010(const struct timekeep *s, uint32_t regs[4])
{
	regs[REGS_EAX] = (uint32_t)s->guest_khz;
	regs[REGS_EBX] = regs[REGS_ECX] = regs[REGS_EDX] = 0;
}

bool tk_cpuid(const struct tk *tk, uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
	const struct timekeep *s = tk->state;

	switch (leaf) {
	case 1:
		put_bit(&regs[REGS_ECX], LEAF1_ECX_TSC_DEADLINE, true);
		put_bit(&regs[REGS_EDX], LEAF1_EDX_TSC, true);
		return true;
	case 6: put_bit(&regs[REGS_ECX], LEAF6_ECX_APERFMPERF, true); return true;
	case 7:
		if (subleaf != 0)
			return false;
		put_bit(&regs[REGS_EBX], LEAF7_EBX_TSC_ADJUST, true);
		if (!tk_has_rdtscp(tk))
			put_bit(&regs[REGS_ECX], LEAF7_ECX_RDPID, false);
		return true;
	case 0x15: leaf_15(s, regs); return true;
	case 0x16: leaf_16(s, regs); return true;
	case 0x40000010: leaf_40000010(s, regs); return true;
	case 0x80000001: put_bit(&regs[REGS_EDX], LEAF80000001_EDX_RDTSCP, tk_has_rdtscp(tk)); return true;
	case 0x80000007: put_bit(&regs[REGS_EDX], LEAF80000007_EDX_INVARIANT_TSC, s->mode != TK_HOST || s->host_stable); return true;
	}
	return false;
}
