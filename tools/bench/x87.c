/* A series in long double: the x87 unit, as gcc uses it. */
#include "bench.h"

int main(int argc, char **argv)
{
	long double sum = 0, x = 0.5L, sign = 1;

	for (long n = work(argc, argv, 72000000); n > 0; n--) {
		sum += sign / (2 * x + 1);
		x = x * 1.0000001L + 0.75L;
		sign = -sign;
		if (x > 1e6L)
			x /= 1e5L;
	}
	printf("%La %La\n", sum, x);
	return 0;
}
