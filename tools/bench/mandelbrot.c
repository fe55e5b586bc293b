/* The Mandelbrot set, double precision: scalar SSE2 in one tight loop. */
#include "bench.h"

enum { WIDTH = 600, HEIGHT = 400, LIMIT = 1500 };

static int iterations(double cr, double ci)
{
	double zr = 0, zi = 0;
	int n = 0;

	while (n < LIMIT && zr * zr + zi * zi <= 4) {
		double t = zr * zr - zi * zi + cr;

		zi = 2 * zr * zi + ci;
		zr = t;
		n++;
	}
	return n;
}

int main(int argc, char **argv)
{
	long rows = work(argc, argv, HEIGHT);
	uint64_t check = 0;

	for (long y = 0; y < rows; y++)
		for (int x = 0; x < WIDTH; x++)
			check = check * 31 + iterations(3.0 * x / WIDTH - 2.1, 2.4 * (double)y / (double)rows - 1.2);
	printf("%016lx\n", check);
	return 0;
}
