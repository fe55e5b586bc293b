/* The allocator under many sizes and orders, checked by patterns; malloc's edges. */
#include <malloc.h>
#include <stdint.h>
#include <string.h>

#include "show.h"

enum { SLOTS = 500 };

static struct {
	uint8_t *data;
	size_t size;
	uint8_t pattern;
} slots[SLOTS];

static uint32_t next_random(void)
{
	static uint32_t state = 12345;

	return state = state * 1103515245 + 12345;
}

static int intact(int slot)
{
	for (size_t i = 0; i < slots[slot].size; i++)
		if (slots[slot].data[i] != slots[slot].pattern)
			return 0;
	return 1;
}

static size_t random_size(void)
{
	uint32_t r = next_random() >> 8;

	return r % 100 < 90 ? r % 2000 : r % 300000;
}

static long churn(int rounds)
{
	long damaged = 0;

	for (int i = 0; i < rounds; i++) {
		int slot = next_random() >> 8 & 1023;
		size_t size = random_size();

		if (slot >= SLOTS)
			continue;
		damaged += !intact(slot);
		if (slots[slot].data != NULL && size % 3 == 0) {
			size_t kept = size < slots[slot].size ? size : slots[slot].size;

			slots[slot].data = realloc(slots[slot].data, size + 1);
			slots[slot].size = kept;
			damaged += !intact(slot);
		} else {
			free(slots[slot].data);
			slots[slot].data = size % 2 ? malloc(size + 1) : calloc(1, size + 1);
			if (size % 2 == 0)
				damaged += slots[slot].data[size / 2] != 0;
		}
		slots[slot].size = size;
		slots[slot].pattern = (uint8_t)size;
		memset(slots[slot].data, slots[slot].pattern, size);
	}
	return damaged;
}

int main(void)
{
	void *volatile p;

	printf("damaged %ld\n", churn(6000));
	for (size_t alignment = 16; alignment <= 1 << 20; alignment *= 16) {
		p = NULL;
		SHOW(posix_memalign((void **)&p, alignment, 100));
		CHECK((uintptr_t)p % alignment == 0);
		free(p);
	}
	p = malloc(0);
	CHECK(p != NULL);
	free(p);
	p = malloc((size_t)1 << 62);
	CHECK(p == NULL && errno == ENOMEM);
	p = malloc(64 << 20);
	memset(p, 1, 64 << 20);
	p = realloc(p, 128 << 20);
	CHECK(p != NULL && ((char *)p)[(64 << 20) - 1] == 1);
	free(p);
	free(NULL);
	for (int i = 0; i < SLOTS; i++)
		free(slots[i].data);
	return 0;
}
