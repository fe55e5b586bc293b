/* Integer kernel: words hashed (FNV-1a) and counted in an open-addressed table. Byte loads, IMUL, probing. */
#include "bench.h"

#include <string.h>

enum { WORDS = 4096, SLOTS = 16384 };

static char words[WORDS][12];
static struct {
	const char *word;
	long count;
} table[SLOTS];

static uint64_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *s != '\0'; s++)
		h = (h ^ (uint8_t)*s) * 0x100000001b3u;
	return h;
}

static void count(const char *word)
{
	size_t slot = hash(word) % SLOTS;

	while (table[slot].word != NULL && strcmp(table[slot].word, word) != 0)
		slot = (slot + 1) % SLOTS;
	table[slot].word = word;
	table[slot].count++;
}

int main(int argc, char **argv)
{
	uint64_t seed = 5, check = 0;

	for (int i = 0; i < WORDS; i++) {
		int length = 3 + (int)(xorshift64(&seed) % 8);

		for (int j = 0; j < length; j++)
			words[i][j] = (char)('a' + xorshift64(&seed) % 26);
	}
	for (long i = work(argc, argv, 14000000); i > 0; i--)
		count(words[xorshift64(&seed) % WORDS]);
	for (size_t i = 0; i < SLOTS; i++)
		if (table[i].word != NULL)
			check = check * 31 + hash(table[i].word) * table[i].count;
	printf("%016lx\n", check);
	return 0;
}
