/* Armed timers: a queue sorted by deadline, ties in order of arming. */
#include <string.h>

#include "timekeep/state.h"

static void take_out(struct timekeep *s, unsigned i)
{
	s->timers--;
	memmove(&s->timer[i], &s->timer[i + 1], (s->timers - i) * sizeof(s->timer[0]));
}

bool tk_disarm(const struct tk *tk, uint64_t id)
{
	struct timekeep *s = tk->state;

	for (unsigned i = 0; i < s->timers; i++) {
		if (s->timer[i].id == id) {
			take_out(s, i);
			return true;
		}
	}
	return false;
}

int tk_arm(const struct tk *tk, uint64_t id, int64_t deadline)
{
	struct timekeep *s = tk->state;
	unsigned i;

	tk_disarm(tk, id);
	if (deadline == TK_NEVER)
		return 0;
	if (s->timers == TK_MAX_TIMERS)
		return -1;
	for (i = s->timers++; i > 0 && s->timer[i - 1].deadline > deadline; i--)
		s->timer[i] = s->timer[i - 1];
	s->timer[i] = (struct timer){ .deadline = deadline, .id = id };
	return 0;
}

int64_t tk_next_deadline(const struct tk *tk)
{
	return tk->state->timers ? tk->state->timer[0].deadline : TK_NEVER;
}

bool tk_pop_expired(const struct tk *tk, uint64_t insns, uint64_t *id, int64_t *deadline)
{
	struct timekeep *s = tk->state;

	if (!s->timers || now_ns(tk, insns) < s->timer[0].deadline)
		return false;
	*id = s->timer[0].id;
	*deadline = s->timer[0].deadline;
	take_out(s, 0);
	tsc_deadline_fired(s, *id);
	return true;
}
