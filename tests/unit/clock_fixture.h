/* A checked fixture: a clock on a scripted host that starts anew in each test. */
#ifndef TESTS_UNIT_CLOCK_FIXTURE_H
#define TESTS_UNIT_CLOCK_FIXTURE_H

#include "tests/unit/scripted_host.h"
#include "tests/unit/suite.h"

static struct script script;
static struct tk_host host;
static struct tk tk;
static char error[200];

static inline void set_up(void)
{
	script = (struct script){ 0 };
	host = script_host(&script);
	tk = (struct tk){ calloc(1, tk_size()), &host };
}

static inline void tear_down(void)
{
	free(tk.state);
}

static inline TCase *clock_case(const char *name)
{
	TCase *tests = tcase_create(name);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	return tests;
}

static inline struct tk_config icount(unsigned shift)
{
	struct tk_config config = tk_config_default();

	config.mode = TK_ICOUNT;
	config.rate = TK_RATE_SHIFT;
	config.shift = shift;
	return config;
}

static inline void create(struct tk_config config)
{
	ck_assert_msg(tk_create(&tk, &config, error, sizeof(error)) == 0, "%s", error);
}

#endif
