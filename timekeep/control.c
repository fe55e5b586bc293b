/* Keeps a line over instructions at a target that moves with real time: the auto rate of mode
 * icount, and the apparent TSC.
 * The speed of the emulator is measured. The new slope is that of the target, corrected so that
 * the difference vanishes by the next run. Under a constant load this settles at once; stepping
 * the shift by one in either direction, as QEMU does, can only oscillate. Only the slope
 * changes, so the value never jumps. */
#include "timekeep/state.h"

#define ONE (UINT64_C(1) << 32)
#define MEASURE_AT_LEAST 1000000      /* shorter intervals are mostly noise */
#define SLOPE_MAX (UINT64_C(1) << 52) /* about 10^6 for each instruction */

void control_start(struct control *control, uint64_t insns, int64_t real, uint64_t per_insn)
{
	*control = (struct control){
		.insns = insns,
		.real = real,
		.per_insn = per_insn,
		.measured_insns = insns,
		.measured_real = real,
	};
}

static void measure(struct control *control, uint64_t insns, int64_t real)
{
	uint64_t ran = insns - control->measured_insns;
	int64_t took = sub_i64(real, control->measured_real);
	uint64_t per_insn;

	if (took < MEASURE_AT_LEAST)
		return;
	if (ran > 0) {
		per_insn = mul_div((uint64_t)took, ONE, ran);
		control->per_insn = per_insn < 1 ? 1 : per_insn > SLOPE_MAX ? SLOPE_MAX : per_insn;
	}
	control->measured_insns = insns;
	control->measured_real = real;
}

/* Returns the new slope in 2^-32 for each instruction. The correction is spread over the time
 * since the last run, but at least `shortest`. `slowest` and `fastest` bound it, in 2^-32 of the
 * target's own slope. */
uint64_t control_run(struct control *control, uint64_t insns, int64_t value, int64_t real, int64_t shortest, uint64_t slowest,
	uint64_t fastest)
{
	int64_t horizon = max_i64(sub_i64(real, control->real), shortest);
	int128 factor;
	uint128 slope;

	measure(control, insns, real);
	control->insns = insns;
	control->real = real;
	factor = (int128)ONE - (int128)sub_i64(value, real) * (int64_t)ONE / horizon;
	if (factor < (int128)slowest)
		factor = (int128)slowest;
	if (factor > (int128)fastest)
		factor = (int128)fastest;
	slope = (uint128)control->per_insn * (uint64_t)factor >> 32;
	return slope < 1 ? 1 : slope > SLOPE_MAX ? SLOPE_MAX : (uint64_t)slope;
}
