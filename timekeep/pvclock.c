/* KVM's paravirtual clock page (Linux Documentation/virt/kvm/x86/msr.rst). */
#include "timekeep/state.h"

#define NS_PER_S UINT64_C(1000000000)
#define TSC_STABLE 1

/* ns = (ticks shifted by tsc_shift) * mul >> 32. Chooses the shift that brings one second of
 * ticks to between 1 and 2 times 10^9: this makes mul as exact as 32 bits can be. */
static void find_scale(uint64_t khz, uint32_t *mul, int8_t *shift)
{
	uint64_t hz = khz * 1000;

	*shift = 0;
	for (; hz > 2 * NS_PER_S; hz >>= 1)
		--*shift;
	for (; hz <= NS_PER_S; hz <<= 1)
		++*shift;
	*mul = (uint32_t)((NS_PER_S << 32) / hz);
}

/* The page's time at `tsc`. A TSC below the timestamp, which a broken host can show, counts as
 * no time since then. */
static uint64_t page_ns(uint64_t timestamp, uint64_t system, uint32_t mul, int8_t shift, uint64_t tsc)
{
	int64_t ticks = (int64_t)(tsc - timestamp);
	uint128 shifted;

	if (ticks <= 0)
		return system;
	shifted = shift < 0 ? (uint128)ticks >> -shift : (uint128)ticks << shift;
	return system + (uint64_t)(shifted * mul >> 32);
}

static uint64_t formula(const struct tk_pvclock *pv, uint64_t tsc)
{
	return page_ns(pv->tsc_timestamp, pv->system_time, pv->tsc_to_system_mul, pv->tsc_shift, tsc);
}

static bool tscs_agree(const struct timekeep *s)
{
	if (s->quirks || (s->mode != TK_ICOUNT && !s->host_stable))
		return false;
	for (unsigned i = 1; i < s->vcpus; i++)
		if (s->vcpu[i].offset != s->vcpu[0].offset)
			return false;
	return true;
}

/* The page's multiplier is a little too small, so its time lags. A refresh makes that good by at
 * most 1 ns at once, so no reader sees a jump. After a jump of the clock itself nothing needs to
 * be continuous. */
static uint64_t continuous(const struct vcpu *v, uint64_t tsc, uint64_t ns)
{
	uint64_t before = formula(&v->pv, tsc);

	if (v->pv.version == 0 || (int64_t)(tsc - v->pv.tsc_timestamp) < 0)
		return ns;
	return (int64_t)(ns - before) > 0 ? before + 1 : before;
}

static void compute(const struct tk *tk, unsigned vcpu, uint64_t insns)
{
	struct timekeep *s = tk->state;
	struct vcpu *v = &s->vcpu[vcpu];
	struct moment present = now(tk, insns);
	uint64_t tsc = vcpu_tsc(s, vcpu, present.eff);

	v->pv.system_time = continuous(v, tsc, (uint64_t)present.ns);
	v->pv.tsc_timestamp = tsc;
	find_scale(s->guest_khz, &v->pv.tsc_to_system_mul, &v->pv.tsc_shift);
	v->pv.flags = tscs_agree(s) ? TSC_STABLE : 0;
	v->pv.version += 2;
}

static void publish(volatile struct tk_pvclock *page, const struct tk_pvclock *pv)
{
	page->version = pv->version - 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	page->pad0 = 0;
	page->tsc_timestamp = pv->tsc_timestamp;
	page->system_time = pv->system_time;
	page->tsc_to_system_mul = pv->tsc_to_system_mul;
	page->tsc_shift = pv->tsc_shift;
	page->flags = pv->flags;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	page->version = pv->version;
}

void tk_pvclock_refresh(const struct tk *tk, unsigned vcpu, uint64_t insns, volatile struct tk_pvclock *page)
{
	compute(tk, vcpu, insns);
	publish(page, &tk->state->vcpu[vcpu].pv);
}

void tk_pvwall_refresh(const struct tk *tk, uint64_t insns, volatile struct tk_pvwall *page)
{
	struct timekeep *s = tk->state;
	int64_t wall = tk_wall_offset(tk, insns);

	s->pv_wall_version += 2;
	page->version = s->pv_wall_version - 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	page->sec = (uint32_t)((uint64_t)wall / NS_PER_S);
	page->nsec = (uint32_t)((uint64_t)wall % NS_PER_S);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	page->version = s->pv_wall_version;
}

bool tk_pvclock_read(const volatile struct tk_pvclock *page, uint64_t tsc, uint64_t *ns)
{
	uint32_t version = page->version;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (version & 1)
		return false;
	*ns = page_ns(page->tsc_timestamp, page->system_time, page->tsc_to_system_mul, page->tsc_shift, tsc);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return page->version == version;
}
