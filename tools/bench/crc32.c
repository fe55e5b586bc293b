/* Integer kernel: table-driven CRC-32. One dependent load for each byte. */
#include "bench.h"

static uint32_t table[256];

static void make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
		table[i] = c;
	}
}

static uint32_t crc32(uint32_t crc, const uint8_t *data, size_t size)
{
	crc = ~crc;
	for (size_t i = 0; i < size; i++)
		crc = table[(crc ^ data[i]) & 255] ^ (crc >> 8);
	return ~crc;
}

int main(int argc, char **argv)
{
	static uint8_t data[1 << 16];
	uint64_t seed = 1;
	uint32_t crc = 0;

	make_table();
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)xorshift64(&seed);
	for (long i = work(argc, argv, 2000); i > 0; i--)
		crc = crc32(crc, data, sizeof(data));
	printf("%08x\n", crc);
	return 0;
}
