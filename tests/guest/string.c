/* String functions at every alignment and length up to 300, with buffers that end where the mapping ends. */
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <wchar.h>

#include "show.h"

enum { PAGE = 4096, MOST = 300 };

static uint64_t hash;

static void mix(uint64_t value)
{
	hash = (hash ^ value) * 0x100000001b3u;
	hash ^= hash >> 29;
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

/* Two pages, the second without access. Returns the end of the first. */
static char *guarded(void)
{
	char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(pages + PAGE, PAGE, PROT_NONE);
	return pages + PAGE;
}

static void fill(char *p, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (char)('a' + (seed >> 16) % 26);
	}
}

/* A string of this length at this address: everything that reads it. */
static void searches(char *s, size_t length, char *other)
{
	memcpy(other, s, length + 1);
	mix(strlen(s));
	mix(strnlen(s, 100));
	mix(length == 0 || strchr(s, s[length / 2]) == NULL ? 999 : strchr(s, s[length / 2]) - s);
	mix(strrchr(s, 'e') == NULL ? 999 : strrchr(s, 'e') - s);
	mix(memchr(s, 'q', length) == NULL ? 999 : (char *)memchr(s, 'q', length) - s);
	mix(memrchr(s, 'x', length) == NULL ? 999 : (char *)memrchr(s, 'x', length) - s);
	mix((char *)memchr(s, 0, length + 1) == s + length);
	mix(strchrnul(s, 'z') - s);
	mix(strspn(s, "abcdefghijklmnopqrstuv"));
	mix(strcspn(s, "wxyz"));
	mix(strpbrk(s, "jk") == NULL ? 999 : strpbrk(s, "jk") - s);
	mix(strstr(s, "ab") == NULL ? 999 : strstr(s, "ab") - s);
	mix(sign(strcmp(s, other)));
	mix(sign(memcmp(s, other, length)));
	if (length > 0) {
		other[length - 1] ^= 1;
		mix(sign(strcmp(s, other)));
		mix(sign(strncmp(s, other, length)));
		mix(sign(strncmp(s, other, length - 1)));
		mix(sign(memcmp(s, other, length)));
		mix(sign(strcasecmp(s, other)));
		other[length / 2] = (char)toupper(other[length / 2]);
		mix(sign(strncasecmp(s, other, length)));
	}
}

static void copies(char *target, const char *s, size_t length)
{
	memset(target, '#', length + 1);
	mix(stpcpy(target, s) - target);
	mix(strcmp(target, s));
	memset(target, 0x5a, length + 1);
	mix(memcmp(memcpy(target, s, length), s, length));
	mix(target[length]);
	mix((char *)mempcpy(target, s, length) - target);
	memmove(target + length / 3, target, length - length / 3); /* overlapping, upwards */
	for (size_t i = 0; i < length; i++)
		mix(target[i]);
	memmove(target, target + length / 4, length - length / 4); /* and downwards */
	for (size_t i = 0; i < length; i++)
		mix(target[i]);
	memset(target, '?', length + 1);
	strncpy(target, s, length / 2 + 1);
	mix(target[length / 2]);
	target[0] = '\0';
	strncat(target, s, length / 2);
	mix(strlen(target));
	bzero(target, length);
	mix(length == 0 || target[length - 1] == 0);
}

static void wide(void)
{
	wchar_t a[MOST + 1], b[MOST + 1];

	for (size_t length = 0; length < MOST; length += 7) {
		for (size_t i = 0; i < length; i++)
			a[i] = L'a' + (wchar_t)(i % 26);
		a[length] = 0;
		wcscpy(b, a);
		mix(wcslen(a));
		mix(sign(wcscmp(a, b)));
		mix(wcschr(a, L'z') == NULL ? 999 : wcschr(a, L'z') - a);
		mix(sign(wmemcmp(a, b, length)));
		wmemset(b, L'x', length);
		mix(wcscspn(b, L"x"));
	}
}

int main(void)
{
	char *end = guarded(), *other_end = guarded(), text[] = "one, two;three", *save, *token;

	for (size_t length = 0; length <= MOST; length++) {
		hash = 1;
		for (size_t offset = 0; offset < 64; offset += length < 70 ? 1 : 5) {
			char *s = end - length - 1 - offset;

			fill(s, length, (unsigned)(length * 64 + offset));
			s[length] = '\0';
			searches(s, length, other_end - length - 1 - (offset * 7 & 63));
			copies(other_end - length - 1 - (offset * 3 & 63), s, length);
		}
		if (length % 10 == 0)
			printf("length %zu: %016lx\n", length, (unsigned long)hash);
	}
	wide();
	printf("wide: %016lx\n", (unsigned long)hash);
	for (token = strtok_r(text, ", ;", &save); token != NULL; token = strtok_r(NULL, ", ;", &save))
		puts(token);
	return 0;
}
