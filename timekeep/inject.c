/* Faults that are injected on purpose: jumps, wall clock steps, and vCPUs with skew or drift. */
#include "timekeep/state.h"

#define PPM_MAX 1000000

static int insert(struct timekeep *s, struct injection injection)
{
	unsigned i;

	if (s->mode == TK_HOST || s->injections == TK_MAX_INJECTIONS)
		return -1;
	for (i = s->injections++; i > 0 && s->injection[i - 1].at > injection.at; i--)
		s->injection[i] = s->injection[i - 1];
	s->injection[i] = injection;
	s->next_injection = s->injection[0].at;
	read_the_long_way(s);
	return 0;
}

int tk_inject_jump(const struct tk *tk, int64_t at, int64_t delta)
{
	return insert(tk->state, (struct injection){ .at = at, .delta = delta });
}

int tk_inject_wall_step(const struct tk *tk, int64_t at, int64_t delta)
{
	return insert(tk->state, (struct injection){ .at = at, .delta = delta, .wall = true });
}

enum tk_error tk_inject_skew(const struct tk *tk, unsigned vcpu, int64_t ticks, int64_t ppm)
{
	struct timekeep *s = tk->state;

	if (s->mode == TK_HOST)
		return TK_EMODE;
	if (vcpu >= s->vcpus)
		return TK_EVCPU;
	if (ppm < -PPM_MAX || ppm > PPM_MAX)
		return TK_EVALUE;
	s->vcpu[vcpu].skew = ticks;
	s->vcpu[vcpu].drift_ppm = ppm;
	s->quirks = true;
	read_the_long_way(s);
	return TK_OK;
}

static void remove_first(struct timekeep *s)
{
	s->injections--;
	for (unsigned i = 0; i < s->injections; i++)
		s->injection[i] = s->injection[i + 1];
	s->next_injection = s->injections ? s->injection[0].at : TK_NEVER;
}

int64_t inject_due(struct timekeep *s, int64_t ns)
{
	int64_t jump = 0;

	while (s->injections && s->injection[0].at <= add_i64(ns, jump)) {
		if (s->injection[0].wall) {
			s->wall_offset = add_i64(s->wall_offset, s->injection[0].delta);
			s->wall_generation++;
		} else {
			jump = add_i64(jump, s->injection[0].delta);
		}
		remove_first(s);
	}
	return jump;
}
