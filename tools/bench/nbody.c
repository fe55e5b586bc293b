/* Five bodies under gravity, double precision: scalar SSE2 with SQRT and DIV. */
#include "bench.h"

#include <math.h>

enum { BODIES = 5 };

struct body {
	double position[3], velocity[3], mass;
};

static struct body bodies[BODIES];

static void set_up(void)
{
	uint64_t seed = 17;

	for (int i = 0; i < BODIES; i++) {
		for (int k = 0; k < 3; k++) {
			bodies[i].position[k] = (double)(xorshift64(&seed) % 20000) / 100 - 100;
			bodies[i].velocity[k] = (double)(xorshift64(&seed) % 200) / 100 - 1;
		}
		bodies[i].mass = 1 + (double)(xorshift64(&seed) % 100) / 10;
	}
}

static void attract(struct body *a, struct body *b, double step)
{
	double d[3], square = 0.01, pull;

	for (int k = 0; k < 3; k++) {
		d[k] = a->position[k] - b->position[k];
		square += d[k] * d[k];
	}
	pull = step / (square * sqrt(square));
	for (int k = 0; k < 3; k++) {
		a->velocity[k] -= d[k] * b->mass * pull;
		b->velocity[k] += d[k] * a->mass * pull;
	}
}

int main(int argc, char **argv)
{
	const double step = 0.001;

	set_up();
	for (long n = work(argc, argv, 2800000); n > 0; n--) {
		for (int i = 0; i < BODIES; i++)
			for (int j = i + 1; j < BODIES; j++)
				attract(&bodies[i], &bodies[j], step);
		for (int i = 0; i < BODIES; i++)
			for (int k = 0; k < 3; k++)
				bodies[i].position[k] += step * bodies[i].velocity[k];
	}
	for (int i = 0; i < BODIES; i++)
		printf("%a %a %a\n", bodies[i].position[0], bodies[i].position[1], bodies[i].position[2]);
	return 0;
}
