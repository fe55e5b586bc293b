# The compiler driver with its parts (cc1, as, collect2, ld), and the program that it makes.
cat >program.c <<'END'
#include <stdio.h>
#include <string.h>
struct shape { const char *name; double (*area)(double); };
static double square(double x) { return x * x; }
static double circle(double r) { return 3.14159265358979 * r * r; }
int main(void)
{
	struct shape shapes[] = { { "square", square }, { "circle", circle } };
	for (unsigned i = 0; i < sizeof shapes / sizeof *shapes; i++)
		printf("%s %.6f %zu\n", shapes[i].name, shapes[i].area(1.5), strlen(shapes[i].name));
	return 42;
}
END
gcc -O2 -Wall program.c -o program && ./program
echo "status $?"
gcc -S -O1 program.c -o - | grep -c mulsd
echo 'int broken(' | gcc -x c -c - -o /dev/null 2>&1 | head -n 1
