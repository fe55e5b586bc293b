/* Reads and writes an image field by field. Callers that store images use this, since memory
 * layouts change from one version to the next. */
#include <string.h>

#include "timekeep/state.h"

struct field {
	const char *name;
	uint32_t offset, size; /* those of the first element */
	uint32_t stride, count;
};

#define STATE(member) ((struct timekeep *)0)->member
#define ROW(member)                                                                     \
	{                                                                               \
#member, offsetof(struct timekeep, member), sizeof(STATE(member)), 0, 1 \
	}
/* clang-format off */
#define ARRAY(member) \
	{ #member, offsetof(struct timekeep, member[0]), sizeof(STATE(member[0])), sizeof(STATE(member[0])), \
	  sizeof(STATE(member)) / sizeof(STATE(member[0])) }

#define EACH(array, member) \
	{ #array "." #member, offsetof(struct timekeep, array[0].member), sizeof(STATE(array[0].member)), sizeof(STATE(array[0])), \
	  sizeof(STATE(array)) / sizeof(STATE(array[0])) }

static const struct field fields[] = {
	ROW(mode), ROW(guard), ROW(sync), ROW(policy), ROW(rate), ROW(traps), ROW(vcpus), ROW(vcpus_per_node), ROW(sleep_off),
	ROW(align), ROW(guest_khz), ROW(tsc_start), ROW(rate_num), ROW(rate_den),
	ROW(host_khz), ROW(mult), ROW(bias), ROW(host_stable), ROW(host_seen), ROW(last_tsc), ROW(last_eff), ROW(last_ns),
	ROW(stats.backsteps), ROW(stats.largest_backstep), ROW(stats.raised), ROW(stats.exits),
	ROW(eff_base), ROW(wall_offset), ROW(wall_generation), ROW(stopped), ROW(quirks), ROW(stopped_eff), ROW(incarnation),
	ROW(saved_wall), ROW(saved_insns), ROW(real_base), ROW(real_host), ROW(real_seen),
	ROW(line.insns0), ROW(line.value0), ROW(line.num), ROW(line.den), ROW(line.shift), ROW(line.binary),
	ROW(control.insns), ROW(control.real), ROW(control.per_insn), ROW(control.measured_insns), ROW(control.measured_real),
	ROW(idle), ROW(injections), ROW(idle_real), ROW(idle_eff), ROW(next_injection),
	ROW(last_write.value), ROW(last_write.ns), ROW(last_write.offset), ROW(last_write.generation), ROW(last_write.have_last),
	ROW(pv_wall), ROW(pv_wall_version), ROW(timers),
	EACH(injection, at), EACH(injection, delta), EACH(injection, wall),
	EACH(timer, deadline), EACH(timer, id),
	EACH(vcpu, offset), EACH(vcpu, adjust), EACH(vcpu, mperf), EACH(vcpu, aperf), EACH(vcpu, tsc_deadline), EACH(vcpu, pv_system),
	EACH(vcpu, generation), EACH(vcpu, skew), EACH(vcpu, drift_ppm), EACH(vcpu, aux), EACH(vcpu, host_written),
	EACH(vcpu, pv.version), EACH(vcpu, pv.tsc_timestamp), EACH(vcpu, pv.system_time), EACH(vcpu, pv.tsc_to_system_mul),
	EACH(vcpu, pv.tsc_shift), EACH(vcpu, pv.flags),
	ARRAY(table),
};
/* clang-format on */

void tk_image_begin(void *image)
{
	struct timekeep *s = image;

	memset(s, 0, sizeof(*s));
	s->magic = TK_MAGIC;
	s->format = TK_FORMAT;
	s->size = sizeof(*s);
}

const char *tk_image_field(unsigned field, unsigned *count)
{
	if (field >= sizeof(fields) / sizeof(fields[0]))
		return NULL;
	*count = fields[field].count;
	return fields[field].name;
}

uint64_t tk_image_get(const void *image, unsigned field, unsigned index)
{
	const struct field *f = &fields[field];
	uint64_t value = 0;

	memcpy(&value, (const char *)image + f->offset + index * f->stride, f->size);
	return value;
}

bool tk_image_set(void *image, unsigned field, unsigned index, uint64_t value)
{
	const struct field *f = &fields[field];

	if (f->size < sizeof(value) && value >> 8 * f->size)
		return false;
	memcpy((char *)image + f->offset + index * f->stride, &value, f->size);
	return true;
}
