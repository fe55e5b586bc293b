/* The compiler's job: the same few functions many times over, so that one fixed text takes cc1 long enough. */
#include <stddef.h>
#include <stdint.h>

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define SOME(n) FUNCTIONS(JOIN(n, 0)) FUNCTIONS(JOIN(n, 1)) FUNCTIONS(JOIN(n, 2)) FUNCTIONS(JOIN(n, 3))

#define FUNCTIONS(n)                                                                                                     \
	struct JOIN(node, n) {                                                                                           \
		struct JOIN(node, n) * left, *right;                                                                     \
		long key;                                                                                                \
		double weight;                                                                                           \
	};                                                                                                               \
	struct JOIN(node, n) * JOIN(insert, n)(struct JOIN(node, n) * root, struct JOIN(node, n) * new)                  \
	{                                                                                                                \
		struct JOIN(node, n) **link = &root;                                                                     \
		while (*link != NULL)                                                                                    \
			link = new->key < (*link)->key ? &(*link)->left : &(*link)->right;                               \
		*link = new;                                                                                             \
		return root;                                                                                             \
	}                                                                                                                \
	double JOIN(total, n)(const struct JOIN(node, n) * root)                                                         \
	{                                                                                                                \
		return root == NULL ? 0 : root->weight * 1.5 + JOIN(total, n)(root->left) + JOIN(total, n)(root->right); \
	}                                                                                                                \
	uint32_t JOIN(mix, n)(const uint8_t *p, size_t size)                                                             \
	{                                                                                                                \
		uint32_t h = 0x9e3779b9u;                                                                                \
		for (size_t i = 0; i < size; i++) {                                                                      \
			switch (p[i] % 7) {                                                                              \
			case 0: h += p[i]; break;                                                                        \
			case 1: h ^= h >> 13; break;                                                                     \
			case 2: h *= 0x85ebca6bu; break;                                                                 \
			case 3: h = h << 5 | h >> 27; break;                                                             \
			case 4: h -= (uint32_t)i; break;                                                                 \
			default: h = ~h; break;                                                                          \
			}                                                                                                \
		}                                                                                                        \
		return h;                                                                                                \
	}                                                                                                                \
	void JOIN(multiply, n)(double(*a)[8], double(*b)[8], double(*c)[8])                                              \
	{                                                                                                                \
		for (int i = 0; i < 8; i++)                                                                              \
			for (int j = 0; j < 8; j++)                                                                      \
				for (int k = 0; k < 8; k++)                                                              \
					c[i][j] += a[i][k] * b[k][j];                                                    \
	}

SOME(0) SOME(1) SOME(2) SOME(3)
