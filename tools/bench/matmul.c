/* Multiplication of double matrices, which the compiler turns into packed SSE2. */
#include "bench.h"

enum { N = 192 };

static double a[N][N], b[N][N], c[N][N];

static void multiply(void)
{
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++)
			c[i][j] = 0;
		for (int k = 0; k < N; k++)
			for (int j = 0; j < N; j++)
				c[i][j] += a[i][k] * b[k][j];
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = 23;
	double check = 0;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			a[i][j] = (double)(xorshift64(&seed) % 1000) / 1000;
			b[i][j] = (double)(xorshift64(&seed) % 1000) / 1000;
		}
	for (long round = work(argc, argv, 220); round > 0; round--) {
		multiply();
		a[round % N][round % 7] += 0.001;
		check += c[round % N][(3 * round) % N];
	}
	printf("%a\n", check);
	return 0;
}
