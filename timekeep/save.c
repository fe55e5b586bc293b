/* Saving, restoring and migrating. The state is plain memory, so an image is a copy of it in
 * which time stands still. */
#include <string.h>

#include "timekeep/state.h"

void tk_save(const struct tk *tk, uint64_t insns, void *image)
{
	struct timekeep *s = tk->state;
	struct timekeep *copy = image;
	struct moment present = now(tk, insns);

	memcpy(copy, s, sizeof(*copy));
	copy->stopped_eff = present.eff;
	copy->idle = false;
	copy->stretch = (struct tk_stretch){ 0 };
	copy->direct = (struct direct){ 0 };
	copy->saved_wall = tk->host->clock(tk->host->ctx, TK_REALTIME);
	copy->saved_insns = insns;
	if (follows_real(s))
		copy->real_base = real_now(tk);
}

int64_t tk_away(const struct tk_host *host, const void *image)
{
	const struct timekeep *copy = image;

	return max_i64(sub_i64(host->clock(host->ctx, TK_REALTIME), copy->saved_wall), 0);
}

static bool is_in(uint64_t value, uint64_t least, uint64_t most)
{
	return value >= least && value <= most;
}

/* Checks the shift that a pvclock page's reader would use. */
static bool pages_are_valid(const struct timekeep *s)
{
	for (unsigned i = 0; i < TK_MAX_VCPUS; i++)
		if (s->vcpu[i].pv.tsc_shift < -63 || s->vcpu[i].pv.tsc_shift > 63)
			return false;
	return true;
}

/* Checks an image, which comes from a file: no value in it may break an assumption of the code. */
static bool is_valid(const struct timekeep *s)
{
	bool ours = s->magic == TK_MAGIC && s->format == TK_FORMAT && s->size == sizeof(*s);
	bool choices = s->mode <= TK_ICOUNT && s->guard <= TK_GUARD_TABLE && s->sync <= TK_SYNC_MAX && s->policy <= TK_POLICY_APPARENT
		&& s->rate <= TK_RATE_AUTO;
	bool counts = is_in(s->vcpus, 1, TK_MAX_VCPUS) && s->timers <= TK_MAX_TIMERS && s->injections <= TK_MAX_INJECTIONS;
	bool rates = is_in(s->guest_khz, 1, TK_MAX_KHZ) && is_in(s->host_khz, 1, TK_MAX_KHZ) && is_in(s->rate_num, 1, TK_MAX_RATE)
		&& is_in(s->rate_den, 1, TK_MAX_RATE);

	return ours && choices && counts && rates && s->line.num && s->line.den && s->line.shift < 64 && pages_are_valid(s);
}

static void go_on(const struct tk *tk, uint64_t insns, int64_t away_ns)
{
	struct timekeep *s = tk->state;
	uint64_t eff = s->stopped_eff + ns_to_ticks(s, away_ns);

	s->line.insns0 += insns - s->saved_insns; /* this keeps the fraction of a nanosecond, too */
	read_the_long_way(s);                     /* whatever the image holds */
	s->last_write.have_last = false;
	s->host_seen = false;
	for (unsigned i = 0; i < TK_MAX_VCPUS; i++)
		s->vcpu[i].host_written = false;
	if (s->mode == TK_OFFSET) {
		s->stopped_eff = eff;
		host_resume(tk, eff);
		s->line.insns0 = insns;
		s->line.value0 = eff;
		control_start(&s->control, insns, (int64_t)(eff - s->eff_base), s->control.per_insn);
	}
	if (s->mode == TK_ICOUNT) {
		s->line.value0 += (uint64_t)away_ns;
		s->real_base = add_i64(s->real_base, away_ns);
		if (follows_real(s))
			real_resume(tk);
		control_start(&s->control, insns, s->real_base, s->control.per_insn);
	}
}

int tk_restore(const struct tk *tk, const void *image, size_t image_size, const struct tk_restore *restore, uint64_t insns, char *error,
	size_t error_size)
{
	const struct timekeep *saved = image;
	struct timekeep *s = tk->state;
	uint64_t khz, mult;

	if (image_size < sizeof(*saved) || !is_valid(saved))
		return refuse(error, error_size, "this is not the image of a clock that this version saved");
	khz = restore->host_khz ? restore->host_khz : saved->host_khz;
	if (saved->policy == TK_POLICY_ALWAYS_EMULATE)
		khz = saved->host_khz;
	mult = scale_factor(saved, khz);
	if (!mult || khz > TK_MAX_KHZ)
		return refuse(error, error_size, "a TSC of %llu kHz cannot be scaled to the image's %llu kHz", (unsigned long long)khz,
			(unsigned long long)saved->guest_khz);
	if (saved->mode == TK_OFFSET && khz != saved->guest_khz && !(saved->traps & TK_SCALING))
		return refuse(error, error_size, "the image's TSC runs at %llu kHz, this host's at %llu kHz, and scaling is off",
			(unsigned long long)saved->guest_khz, (unsigned long long)khz);
	if (s != saved)
		memcpy(s, saved, sizeof(*s));
	if (s->mode == TK_HOST)
		s->guest_khz = khz;
	s->host_khz = khz;
	s->host_stable = ticks_are_stable((enum tk_mode)s->mode, tk->host);
	s->mult = mult;
	s->incarnation++;
	go_on(tk, insns, restore->policy == TK_ADVANCE ? restore->away_ns : 0);
	return 0;
}

uint64_t tk_incarnation(const struct tk *tk)
{
	return tk->state->incarnation;
}
