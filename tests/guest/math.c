/* libm over a grid of arguments: float, double and long double, every bit of the results. */
#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "show.h"

/* clang-format off */
static const double grid[] = {
	0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 0.1, 2.0, -2.0, 3.0, 0.7, 1.5, 10.0, -7.25, 100.0, 709.5, -745.0, 1e-10, 1e-300,
	5e-324, 1e10, 1e22, 1e300, 3.141592653589793, 1.5707963267948966, 0.7853981633974483, INFINITY, -INFINITY, NAN,
};
/* clang-format on */

enum { GRID = sizeof(grid) / sizeof(*grid) };

static uint64_t hash = 0xcbf29ce484222325u;

static void mix(const void *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
}

/* NaNs are compared as NaNs only: their signs depend on the order of operands that the compiler chose. */
static void mix_double(double d)
{
	if (isnan(d))
		d = 0x1.badp0;
	mix(&d, sizeof(d));
}

static void mix_long_double(long double d)
{
	if (isnan(d))
		d = 0x1.badp0L;
	mix(&d, 10); /* the other 6 bytes are padding */
}

#define ONE(name)                             \
	{                                     \
#name, name, name##f, name##l \
	}
static const struct {
	const char *name;
	double (*d)(double);
	float (*f)(float);
	long double (*l)(long double);
} one_argument[] = {
	ONE(sin),
	ONE(cos),
	ONE(tan),
	ONE(asin),
	ONE(acos),
	ONE(atan),
	ONE(sinh),
	ONE(cosh),
	ONE(tanh),
	ONE(asinh),
	ONE(acosh),
	ONE(atanh),
	ONE(exp),
	ONE(exp2),
	ONE(expm1),
	ONE(log),
	ONE(log2),
	ONE(log10),
	ONE(log1p),
	ONE(sqrt),
	ONE(cbrt),
	ONE(erf),
	ONE(erfc),
	ONE(tgamma),
	ONE(lgamma),
	ONE(ceil),
	ONE(floor),
	ONE(trunc),
	ONE(round),
	ONE(rint),
	ONE(nearbyint),
	ONE(logb),
	ONE(fabs),
};

static const struct {
	const char *name;
	double (*d)(double, double);
	float (*f)(float, float);
	long double (*l)(long double, long double);
} two_arguments[] = {
	ONE(pow),
	ONE(atan2),
	ONE(hypot),
	ONE(fmod),
	ONE(remainder),
	ONE(fmax),
	ONE(fmin),
	ONE(fdim),
	ONE(copysign),
	ONE(nextafter),
};

static void show_one(size_t function)
{
	double sample = 0;

	hash = 0xcbf29ce484222325u;
	for (int i = 0; i < GRID; i++) {
		double d = one_argument[function].d(grid[i]);

		mix_double(d);
		mix_double((double)one_argument[function].f((float)grid[i]));
		mix_long_double(one_argument[function].l((long double)grid[i]));
		if (i == 10)
			sample = d;
	}
	for (double x = -12; x < 12; x += 0.37) {
		mix_double(one_argument[function].d(x));
		mix_double((double)one_argument[function].f((float)x));
		mix_long_double(one_argument[function].l((long double)x));
	}
	printf("%s(0.7) = %a, all %016lx\n", one_argument[function].name, sample, (unsigned long)hash);
}

static void show_two(size_t function)
{
	hash = 0xcbf29ce484222325u;
	for (int i = 0; i < GRID; i++)
		for (int j = 0; j < GRID; j++) {
			mix_double(two_arguments[function].d(grid[i], grid[j]));
			mix_double((double)two_arguments[function].f((float)grid[i], (float)grid[j]));
			mix_long_double(two_arguments[function].l((long double)grid[i], (long double)grid[j]));
		}
	printf("%s: all %016lx, (0.7, 1.5) = %a\n", two_arguments[function].name, (unsigned long)hash,
		two_arguments[function].d(grid[10], grid[11]));
}

static void others(void)
{
	hash = 0xcbf29ce484222325u;
	for (int i = 0; i < GRID; i++) {
		int exponent = 0, quotient = 0;
		double whole = 0;
		double complex z = cexp(grid[i] / 1000 + 0.3 * I);

		mix_double(frexp(grid[i], &exponent));
		if (isfinite(grid[i]))
			mix(&exponent, sizeof(exponent));
		mix_double(modf(grid[i], &whole));
		mix_double(whole);
		mix_double(ldexp(grid[i], -5));
		mix_double(remquo(grid[i], 3, &quotient));
		mix_double(fma(grid[i], 1.1, 2.2));
		mix_double((double)fmaf((float)grid[i], 1.1f, 2.2f));
		mix_long_double(fmal((long double)grid[i], 1.1L, 2.2L));
		mix_double(creal(z));
		mix_double(cimag(z));
		if (fabs(grid[i]) < 1e15) {
			long rounded = lround(grid[i]);

			mix(&rounded, sizeof(rounded));
		}
		printf("%d%d%d ", fpclassify(grid[i]) == FP_NORMAL, !!signbit(grid[i]), isless(grid[i], 1.0));
	}
	printf("others: %016lx\n", (unsigned long)hash);
}

/* x87 operations that libm may not use. */
static void x87(void)
{
	static const long double values[] = { 0.0L, 1.0L, 2.5L, -0.75L, 1e-20L, 12345.678L, 0.3L };

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		long double x = values[i], s, c, y, t = 1;
		uint16_t status;

		__asm__("fsincos" : "=t"(c), "=u"(s) : "0"(x));
		__asm__("fptan\n\tfstp %%st(0)" : "=t"(t) : "0"(x));
		__asm__("fpatan" : "=t"(y) : "0"(3.0L), "u"(x) : "st(1)");
		__asm__("fxam\n\tfnstsw %1" : "+t"(x), "=a"(status));
		printf("%La: %La %La %La %La %x", values[i], s, c, t, y, status & 0x4700);
		__asm__("f2xm1" : "=t"(t) : "0"(x / 20000));
		__asm__("fyl2x" : "=t"(y) : "0"(fabsl(x) + 1), "u"(3.0L) : "st(1)");
		__asm__("frndint" : "=t"(s) : "0"(x));
		__asm__("fscale" : "=t"(c) : "0"(x), "u"(3.0L));
		printf(" %La %La %La %La\n", t, y, s, c);
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof(one_argument) / sizeof(*one_argument); i++)
		show_one(i);
	for (size_t i = 0; i < sizeof(two_arguments) / sizeof(*two_arguments); i++)
		show_two(i);
	others();
	x87();
	return 0;
}
