/* What the main functions of the unit tests share. */
#ifndef TESTS_UNIT_SUITE_H
#define TESTS_UNIT_SUITE_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Check's own 4 seconds for a test are too few where the machine is busy. */
enum { SUITE_SECONDS = 300 };

/* Runs the tests of one case as a suite of that name, and frees both. Returns main's status, 0 where all passed. */
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

/* TICK86_SEED, where 0 is another one in each run; by default 1, so that the tests are the same in each. Printed, so that a failure
 * can be repeated. */
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
