/* Shared by the main functions of the unit tests. */
#ifndef TESTS_UNIT_SUITE_H
#define TESTS_UNIT_SUITE_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Check's default of 4 seconds for a test is too short on a busy machine. */
enum { SUITE_SECONDS = 300 };

/* Runs the tests of one case as a suite of that name, and frees both. Returns main's status, 0 if all passed. */
static inline int run_suite(const char *name, TCase *tests)
{
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, SUITE_SECONDS);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Returns TICK86_SEED: 1 by default, so that every run has the same tests; 0 stands for a new seed in each run. Prints it, so that a
 * failure can be repeated. */
static inline uint64_t suite_seed(void)
{
	const char *given = getenv("TICK86_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : 1;

	if (seed == 0)
		seed = (uint64_t)time(NULL);
	printf("TICK86_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

#endif
