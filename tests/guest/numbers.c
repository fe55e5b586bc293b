/* Numbers to text and back: printf, strtod and the integer conversions, with their edges. */
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "show.h"

static void printing(void)
{
	/* clang-format off */
	static const double values[] = {
		0.0, -0.0, 1.0, -1.5, 0.1, 1e-5, 123456.789, 1e15, 1e16, 1e300, 5e-324, DBL_MAX, DBL_MIN, 2.5, 3.5,
		0.5, 1.0 / 3, 9.995, 99999.95, INFINITY, -INFINITY, 1e22, 1e23, 4.35, 0x1.fffffffffffffp-1,
	};
	/* clang-format on */
	static const char *const formats[] = { "%f", "%e", "%g", "%a", "%.0f", "%.3f", "%.17g", "%+012.4e", "%-10.2g|", "%#.5g" };
	char line[400];

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		for (size_t j = 0; j < sizeof(formats) / sizeof(*formats); j++) {
			snprintf(line, sizeof(line), formats[j], values[i]);
			printf("%s%c", line, j + 1 < sizeof(formats) / sizeof(*formats) ? ' ' : '\n');
		}
		snprintf(line, sizeof(line), "%Lf %.20Le %La", (long double)values[i], (long double)values[i] / 3,
			(long double)values[i] / 3);
		puts(line);
	}
	printf("%d %i %u %o %x %X %c %s %5d|%-5d|%05d|%+d|% d|%#x|%#o\n", -1, INT_MIN, UINT_MAX, 8, 255, 255, 'c', "s", 42, 42, 42, 42, 42,
		255, 8);
	printf("%hhd %hd %ld %lld %zu %jd %td %.3s %*d %-*d| %.0d|\n", (signed char)300, (short)70000, LONG_MIN, LLONG_MAX, SIZE_MAX,
		INTMAX_MIN, (ptrdiff_t)-5, "abcdef", 6, 7, 6, 7, 0);
	printf("%ls %lc\n", L"wide", L'w');
}

static void reading(void)
{
	/* clang-format off */
	static const char *const texts[] = {
		"0", "-0", "1", "0.1", "1e10", "1e-10", "123456789012345678901234567890", "1.7976931348623157e308", "1e309",
		"4.9e-324", "2e-324", "2.2250738585072011e-308", "0x1.8p3", "0x.1p-1074", "inf", "-infinity", "nan", "1e", "+.5e1x",
		"9007199254740993", "9007199254740992.5", "0.5000000000000000000000000000000000000000000001", ".", "  12 34",
		"8.5e-1000", "1.00000000000000011102230246251565404236316680908203125",
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char *end;
		double d;

		errno = 0;
		d = strtod(texts[i], &end);
		printf("%s -> %a, %ld used, errno %d, float %a, long double %La\n", texts[i], d, (long)(end - texts[i]), errno,
			(double)strtof(texts[i], NULL), strtold(texts[i], NULL));
	}
}

static void integers(void)
{
	static const char *const texts[] = { "0", "-1", "0x7f", "077", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
		"z", " +15rest", "18446744073709551616", "0x" };
	int a, n;
	unsigned b;
	float f;
	char word[20];

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char *end;
		long l;

		errno = 0;
		l = strtol(texts[i], &end, 0);
		printf("%s -> %ld, %ld used, errno %d", texts[i], l, (long)(end - texts[i]), errno);
		errno = 0;
		printf(", %lu, errno %d, base 36 %ld\n", strtoul(texts[i], NULL, 10), errno, strtol(texts[i], NULL, 36));
	}
	SHOW(sscanf("12 ff 2.5 word", "%d %x %f %19s%n", &a, &b, &f, word, &n));
	printf("%d %x %g %s %d\n", a, b, (double)f, word, n);
	SHOW(sscanf("x", "%d", &a));
	SHOW(sscanf("", "%d", &a));
	SHOW(sscanf("abc123", "%[a-c]%d", word, &a));
	for (int i = -7; i <= 7; i += 7)
		for (int j = -3; j <= 3; j += 2)
			printf("%d/%d %d,%d ", i, j, div(i, j).quot, div(i, j).rem);
	putchar('\n');
}

/* Conversions and arithmetic under each rounding mode. */
static void rounding(void)
{
	static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
	volatile double one = 1, three = 3, half = 2.5, large = 1e300, small = 1e-300;
	volatile long double ten = 10;

	for (int i = 0; i < 4; i++) {
		fesetround(modes[i]);
		feclearexcept(FE_ALL_EXCEPT);
		printf("mode %d: %a %a %La %g %ld %ld %a", i, one / three, -one / three, ten / 3, rint(half), lrint(-half), lrintl(ten / 4),
			(double)(float)(one / three));
		printf(" %a %a %#x\n", large * large, small * small, fetestexcept(FE_ALL_EXCEPT));
	}
	fesetround(FE_TONEAREST);
	feclearexcept(FE_ALL_EXCEPT);
	one = one / (large - large);
	printf("exceptions %#x", fetestexcept(FE_ALL_EXCEPT));
	feclearexcept(FE_ALL_EXCEPT);
	three = sqrt(-three);
	printf(" %#x\n", fetestexcept(FE_ALL_EXCEPT));
}

int main(void)
{
	setlocale(LC_ALL, "C");
	printing();
	reading();
	integers();
	rounding();
	return 0;
}
