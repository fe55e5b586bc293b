/* Integer kernel: multiplication of integer matrices. Strided loads and IMUL. */
#include "bench.h"

enum { N = 128 };

static uint32_t a[N][N], b[N][N], c[N][N];

static void multiply(void)
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			uint32_t sum = 0;

			for (int k = 0; k < N; k++)
				sum += a[i][k] * b[k][j];
			c[i][j] = sum;
		}
}

int main(int argc, char **argv)
{
	uint64_t seed = 7;
	uint32_t check = 0;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			a[i][j] = (uint32_t)xorshift64(&seed);
			b[i][j] = (uint32_t)xorshift64(&seed);
		}
	for (long round = work(argc, argv, 90); round > 0; round--) {
		multiply();
		a[round % N][0] += c[0][round % N];
		check = check * 31 + c[round % N][round % N];
	}
	printf("%08x\n", check);
	return 0;
}
