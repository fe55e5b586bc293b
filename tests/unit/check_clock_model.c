/*
 * The library against a second, independent model: random events on random hosts, every result
 * compared. The model is the specification written down in 128-bit integers, without any of the
 * library's code, fast paths or state layout. TICK86_SEED repeats a run.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/timekeep_model.h"

typedef __int128 wide;

#define EVENTS 1200000
#define EVENTS_PER_CLOCK 600
#define VCPUS 4
#define CPUS 3
#define MODEL_TIMERS 40
#define MILLION ((wide)1000000)

static uint64_t random_state;

static uint64_t random_bits(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

static uint64_t random_below(uint64_t limit)
{
	return random_bits() % limit;
}

static wide floor_div(wide a, wide b)
{
	return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static wide ceil_div(wide a, wide b)
{
	return -floor_div(-a, b);
}

/* --- the model ------------------------------------------------------------------------------------ */

struct model_timer {
	wide deadline;
	uint64_t id;
	uint64_t order;
};

struct model {
	struct tk_config config;
	bool stable;

	/* mode offset */
	wide mult, bias, origin;
	wide last_eff, last_h, last_ns;
	bool seen;
	wide frozen;
	bool stopped;
	wide backsteps, largest, raised;

	/* mode icount */
	wide ns_num, ns_den; /* ns for each instruction */
	wide slept;

	uint64_t offset[VCPUS], adjust[VCPUS], generation_of[VCPUS];
	wide wall;

	struct model_timer timer[MODEL_TIMERS];
	unsigned timers;
	uint64_t arms;

	bool written;
	uint64_t written_value, written_offset, generation;
	wide written_ns;
	bool host_written[VCPUS];
	uint64_t incarnation;
};

static struct script script;
static struct tk_host host;
static struct tk tk;
static struct model model;
static uint64_t insns;
static void *image;
static struct model saved_model;
static uint64_t saved_insns;

static wide model_scaled(void)
{
	wide h = script.tsc;

	if (model.config.guard == TK_GUARD_TABLE)
		h += model.config.table[script.cpu];
	return floor_div(h * model.mult, (wide)1 << 48);
}

static void model_count(void)
{
	wide back = model.last_h - script.tsc;

	if (!model.seen || back <= 0)
		return;
	model.backsteps++;
	if (back > model.largest)
		model.largest = back;
}

static wide model_raise(wide eff, wide to)
{
	if (to <= eff)
		return eff;
	model.bias += to - eff;
	model.raised += to - eff;
	return to;
}

static wide model_guard(wide eff, int step)
{
	wide away = floor_div((script.ns - model.last_ns) * model.config.rate_num, model.config.rate_den);
	wide caught_up = model.last_eff + (away > 0 ? away * model.config.guest_khz / MILLION : 0);

	if (!model.seen)
		return eff;
	if (model.config.guard == TK_GUARD_CLAMP)
		return model_raise(eff, model.last_eff);
	if (model.config.guard == TK_GUARD_STRICT)
		return eff < model.last_eff + step ? model.last_eff + step : eff;
	if (model.config.guard == TK_GUARD_CATCHUP && script.tsc < model.last_h)
		return model_raise(eff, caught_up);
	return eff;
}

static void model_remember(wide eff)
{
	model.last_h = script.tsc;
	model.last_ns = script.ns;
	model.last_eff = eff;
	model.seen = true;
}

static wide model_ns_of_icount(void)
{
	return (wide)insns * model.ns_num / model.ns_den + model.slept;
}

/* Ticks since the beginning of time, whatever the mode. */
static wide model_eff(int step)
{
	wide eff;

	if (model.config.mode == TK_ICOUNT)
		return model_ns_of_icount() * model.config.guest_khz / MILLION;
	if (model.stopped)
		return model.frozen;
	model_count();
	eff = model_guard(model_scaled() + model.bias, step);
	model_remember(eff);
	return eff;
}

static wide model_ns(void)
{
	if (model.config.mode == TK_ICOUNT)
		return model_ns_of_icount();
	return floor_div((model_eff(0) - model.origin) * MILLION, model.config.guest_khz);
}

static void model_resume(wide eff)
{
	model_count();
	model.bias = eff - model_scaled();
	model_remember(eff);
}

static wide mult_for(uint64_t host_khz)
{
	return (((wide)model.config.guest_khz * model.config.rate_num) << 48) /
	       ((wide)host_khz * model.config.rate_den);
}

/* --- random clocks -------------------------------------------------------------------------------- */

static const uint64_t frequencies[] = { 10000,	 999983,  1000000, 1500000, 2000000,
					2399999, 2400000, 3000000, 5333333 };
static int64_t table[CPUS];
static int64_t skew[CPUS];
static uint64_t base_tsc;

static uint64_t frequency(void)
{
	return frequencies[random_below(sizeof(frequencies) / sizeof(frequencies[0]))];
}

static struct tk_config random_offset(void)
{
	struct tk_config config = tk_config_default();

	config.guest_khz = frequency();
	config.host_khz = frequency();
	config.guard = (enum tk_guard)random_below(5);
	if (random_below(4) == 0) {
		config.rate_num = 1 + random_below(9);
		config.rate_den = 1 + random_below(9);
	}
	if (config.guard == TK_GUARD_TABLE) {
		config.table = table;
		config.table_length = CPUS;
	}
	return config;
}

static struct tk_config random_icount(void)
{
	struct tk_config config = tk_config_default();

	config.mode = TK_ICOUNT;
	config.guest_khz = frequency();
	config.rate = random_below(2) ? TK_RATE_SHIFT : TK_RATE_FRACTION;
	config.shift = (unsigned)random_below(11);
	config.ns_num = 1 + random_below(1000);
	config.ns_den = 1 + random_below(1000);
	config.sleep_off = random_below(2);
	config.host_khz = config.guest_khz;
	return config;
}

static void set_time(void)
{
	script.tsc = base_tsc + (uint64_t)skew[script.cpu];
}

static void random_host(void)
{
	bool is_broken = random_below(2);

	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		skew[cpu] = is_broken ? (int64_t)random_below(UINT64_C(1) << (1 + random_below(40))) : 0;
		table[cpu] = (int64_t)random_below(1000) - 500 - skew[cpu];
	}
	script = (struct script){ .unstable = random_below(2),
				  .ns = (int64_t)random_below(UINT64_C(1) << 50) };
	base_tsc = (UINT64_C(1) << 46) + random_below(UINT64_C(1) << 50);
	set_time();
}

static void new_clock(void)
{
	struct tk_config config;
	char error[200];

	random_host();
	config = random_below(3) ? random_offset() : random_icount();
	config.vcpus = VCPUS;
	config.sync = (enum tk_sync)random_below(4);
	config.tsc_start = random_below(2) ? random_bits() >> 4 : 0;
	config.epoch_ns = (int64_t)(random_bits() >> 3);
	if (tk_create(&tk, &config, error, sizeof(error)))
		ck_abort_msg("%s", error);
	insns = 0;
	model = (struct model){ .config = config,
				.stable = config.mode == TK_ICOUNT || !script.unstable };
	model.ns_num = config.rate == TK_RATE_FRACTION ? (wide)config.ns_num : (wide)1 << config.shift;
	model.ns_den = config.rate == TK_RATE_FRACTION ? (wide)config.ns_den : 1;
	model.wall = config.epoch_ns;
	if (config.mode == TK_OFFSET)
		model.mult = mult_for(config.host_khz);
	model.origin = config.mode == TK_OFFSET ? model_eff(0) : 0;
	for (unsigned v = 0; v < VCPUS; v++)
		model.offset[v] = config.tsc_start - (uint64_t)model.origin;
	tk_save(&tk, insns, image);
	saved_model = model;
	saved_model.frozen = model.origin;
	saved_insns = insns;
}

/* --- events --------------------------------------------------------------------------------------- */

static void pass_time(void)
{
	uint64_t step = random_below(UINT64_C(1) << random_below(24));

	base_tsc += step;
	script.ns += (int64_t)(step * 1000000 / model.config.host_khz);
	script.ns += random_below(16) == 0;
	if (random_below(4) == 0)
		script.cpu = (uint32_t)random_below(CPUS);
	if (random_below(500) == 0)
		base_tsc -= random_below(UINT64_C(1) << 40);
	set_time();
}

static uint64_t last_seen_eff;
static bool last_seen_valid;

static bool may_not_step_back(void)
{
	return model.config.mode == TK_ICOUNT || model.config.guard == TK_GUARD_CLAMP ||
	       model.config.guard == TK_GUARD_STRICT || model.config.guard == TK_GUARD_CATCHUP;
}

/* Both look at the clock: a look at a host that steps back has consequences. */
static wide look(void)
{
	wide ns = model_ns();

	MUST(tk_clock_ns(&tk, TK_MONOTONIC, insns) == (int64_t)ns);
	return ns;
}

static void read_tsc(unsigned v)
{
	uint64_t tsc = tk_rdtsc(&tk, v, insns);
	uint64_t eff = tsc - model.offset[v];

	MUST(tsc == (uint64_t)model_eff(1) + model.offset[v]);
	if (may_not_step_back() && last_seen_valid)
		MUST((int64_t)(eff - last_seen_eff) >= 0);
	last_seen_eff = eff;
	last_seen_valid = true;
}

/* The law, at one moment: ns <= ticks * 10^6 / khz < ns + 1, and one tick more under the strict
 * guard. */
static void read_both(unsigned v)
{
	int64_t ns = tk_clock_ns(&tk, TK_BOOTTIME, insns);
	uint64_t tsc;
	wide ticks;

	MUST(ns == (int64_t)model_ns());
	tsc = tk_rdtsc(&tk, v, insns);
	MUST(tsc == (uint64_t)model_eff(1) + model.offset[v]);
	ticks = (wide)(int64_t)(tsc - model.offset[v] - (uint64_t)model.origin);
	MUST((ticks + 1) * MILLION >= (wide)ns * model.config.guest_khz);
	MUST((ticks - 1) * MILLION < ((wide)ns + 1) * model.config.guest_khz);
	MUST(tk_clock_ns(&tk, TK_REALTIME, insns) == (int64_t)(uint64_t)(model_ns() + model.wall));
}

static void write_tsc(unsigned v)
{
	uint64_t value = random_bits(), read;
	uint64_t moved = value - ((uint64_t)model_eff(0) + model.offset[v]);

	MUST(tk_wrmsr(&tk, v, insns, 0x10, value) == TK_OK);
	model.offset[v] += moved;
	model.adjust[v] += moved;
	MUST(tk_rdmsr(&tk, v, insns, 0x3b, &read) == TK_OK && read == model.adjust[v]);
	MUST((uint64_t)tk_offset(&tk, v) == (uint64_t)model.bias + model.offset[v]);
}

static void write_adjust(unsigned v)
{
	uint64_t value = random_bits();

	MUST(tk_wrmsr(&tk, v, insns, 0x3b, value) == TK_OK);
	model.offset[v] += value - model.adjust[v];
	model.adjust[v] = value;
}

static void load(unsigned v)
{
	tk_load(&tk, v, insns);
	if (model.config.mode == TK_OFFSET && !model.stopped)
		model_eff(0);
}

static void stop_or_continue(void)
{
	if (model.config.mode != TK_OFFSET)
		return;
	if (model.stopped) {
		tk_cont(&tk, insns);
		model.stopped = false;
		model_resume(model.frozen);
	} else {
		tk_stop(&tk, insns);
		model.frozen = model_eff(0);
		model.stopped = true;
	}
}

static bool model_matches(uint64_t value, wide ns)
{
	wide khz = model.config.guest_khz;
	wide elapsed = floor_div((ns - model.written_ns) * khz, MILLION);
	wide off = (int64_t)(value - model.written_value - (uint64_t)elapsed);
	wide jump = (int64_t)(value - model.written_value);

	if (!model.written)
		return false;
	switch (model.config.sync) {
	case TK_SYNC_1S:
		return value == 0 || (off < khz * 1000 && -off < khz * 1000);
	case TK_SYNC_2010:
		return value == 0 || (jump < 5 * khz * 1000 && -jump < 5 * khz * 1000 &&
				      ns - model.written_ns < 5000 * MILLION &&
				      model.written_ns - ns < 5000 * MILLION);
	case TK_SYNC_MAX:
		return true;
	default:
		return false;
	}
}

static void model_spread(uint64_t offset)
{
	for (unsigned i = 0; i < VCPUS; i++)
		if (model.host_written[i] && (int64_t)(model.offset[i] - offset) > 0)
			offset = model.offset[i];
	for (unsigned i = 0; i < VCPUS; i++) {
		model.offset[i] = offset;
		model.generation_of[i] = model.generation;
	}
	model.written_offset = offset;
}

static void model_host_write(unsigned v, uint64_t value, bool *matched)
{
	wide eff = model_eff(0);
	wide ns = model.config.mode == TK_ICOUNT ? model_ns() : script.ns;
	uint64_t elapsed = (uint64_t)floor_div((ns - model.written_ns) * model.config.guest_khz, MILLION);

	*matched = model_matches(value, ns);
	if (*matched && !model.stable && model.config.sync != TK_SYNC_MAX)
		value += elapsed;
	if (!*matched)
		model.generation++;
	if (model.config.sync == TK_SYNC_MAX) {
		model_spread(value - (uint64_t)eff);
	} else {
		if (!(*matched && model.stable))
			model.written_offset = value - (uint64_t)eff;
		model.offset[v] = model.written_offset;
		model.generation_of[v] = model.generation;
	}
	model.host_written[v] = model.written = true;
	model.written_value = value;
	model.written_ns = ns;
}

static void host_write(unsigned v)
{
	uint64_t second = model.config.guest_khz * 1000;
	uint64_t near = model.written_value + random_below(20 * second) - 10 * second;
	uint64_t value = random_below(10) == 0 ? 0 : near;
	struct tk_sync_result result;
	bool matched;

	MUST(tk_host_write(&tk, v, insns, value, &result) == TK_OK);
	model_host_write(v, value, &matched);
	MUST(result.matched == matched);
	MUST(result.generation == model.generation);
	MUST((uint64_t)tk_offset(&tk, v) == (uint64_t)model.bias + model.offset[v]);
}

/* vCPUs that the host's writes put in one generation read alike where the host's TSC is stable. */
static void compare_generation(void)
{
	for (unsigned v = 1; v < VCPUS; v++) {
		uint64_t first = tk_rdtsc(&tk, 0, insns), second = tk_rdtsc(&tk, v, insns);

		MUST(first == (uint64_t)model_eff(1) + model.offset[0]);
		MUST(second == (uint64_t)model_eff(1) + model.offset[v]);
		if (model.config.guard == TK_GUARD_NONE && model.offset[0] == model.offset[v])
			MUST(first == second);
	}
}

static void wall(void)
{
	int64_t value = (int64_t)(random_bits() >> 3);

	if (random_below(2)) {
		MUST(tk_set_wall(&tk, value, insns) == TK_OK);
		model_ns();
		model.wall = value - model_ns();
	} else {
		MUST(tk_step_wall(&tk, value % 1000000, insns) == TK_OK);
		model_ns();
		model.wall += value % 1000000;
	}
	MUST(tk_clock_ns(&tk, TK_TAI, insns) == (int64_t)(uint64_t)(model_ns() + model.wall));
}

static void change_frequency(void)
{
	uint64_t khz = frequency();
	wide eff;

	if (model.config.mode != TK_OFFSET)
		return;
	eff = model_eff(0);
	MUST(tk_set_host_khz(&tk, khz, insns) == 0);
	model.config.host_khz = khz;
	model.mult = mult_for(khz);
	model_resume(eff);
}

static void save(void)
{
	tk_save(&tk, insns, image);
	if (model.config.mode == TK_OFFSET)
		model.frozen = model_eff(0);
	saved_model = model;
	saved_insns = insns;
}

static void restore(void)
{
	struct tk_restore how = { .host_khz = frequency(), .policy = (enum tk_away)random_below(2) };
	wide moved;
	char error[200];

	if (model.config.mode == TK_ICOUNT)
		how.host_khz = 0;
	how.away_ns = (int64_t)random_below(UINT64_C(1) << 45);
	insns = saved_insns;
	if (tk_restore(&tk, image, tk_size(), &how, insns, error, sizeof(error)))
		ck_abort_msg("%s", error);
	model = saved_model;
	MUST(tk_incarnation(&tk) == model.incarnation + 1);
	model.incarnation++;
	moved = how.policy == TK_ADVANCE ? how.away_ns : 0;
	model.written = model.seen = last_seen_valid = false;
	memset(model.host_written, 0, sizeof(model.host_written));
	if (model.config.mode == TK_ICOUNT) {
		model.slept += moved;
		return;
	}
	model.config.host_khz = how.host_khz;
	model.mult = mult_for(how.host_khz);
	model.frozen += floor_div(moved * model.config.guest_khz, MILLION);
	model_resume(model.frozen);
}

/* --- timers and idle ------------------------------------------------------------------------------ */

static int earliest(void)
{
	int best = -1;

	for (unsigned i = 0; i < model.timers; i++)
		if (best < 0 || model.timer[i].deadline < model.timer[best].deadline ||
		    (model.timer[i].deadline == model.timer[best].deadline &&
		     model.timer[i].order < model.timer[best].order))
			best = (int)i;
	return best;
}

static void model_disarm(uint64_t id)
{
	for (unsigned i = 0; i < model.timers; i++)
		if (model.timer[i].id == id)
			model.timer[i--] = model.timer[--model.timers];
}

static wide model_insns_at(wide ns)
{
	return ceil_div((ns - model.slept) * model.ns_den, model.ns_num);
}

static void check_budget(void)
{
	int first = earliest();
	uint64_t budget = tk_budget(&tk, insns);
	wide needed = TK_MAX_BUDGET;

	MUST(tk_next_deadline(&tk) == (first < 0 ? TK_NEVER : (int64_t)model.timer[first].deadline));
	if (model.config.mode == TK_ICOUNT && first >= 0)
		needed = model_insns_at(model.timer[first].deadline) - insns;
	if (needed < 0)
		needed = 0;
	MUST(budget == (uint64_t)(needed > (wide)TK_MAX_BUDGET ? (wide)TK_MAX_BUDGET : needed));
}

static void arm(void)
{
	uint64_t id = random_below(MODEL_TIMERS);
	wide deadline = look() + (wide)random_below(UINT64_C(1) << random_below(34)) / 8 * 8;

	model_disarm(id);
	if (random_below(4)) {
		MUST(tk_arm(&tk, id, (int64_t)deadline) == 0);
		model.timer[model.timers++] = (struct model_timer){ deadline, id, model.arms++ };
	} else {
		tk_disarm(&tk, id);
	}
	check_budget();
}

static void pop(void)
{
	uint64_t id;
	int64_t deadline;
	wide ns = look();
	bool popped = tk_pop_expired(&tk, insns, &id, &deadline);
	int first = earliest();
	bool expected = first >= 0 && ns >= model.timer[first].deadline;

	MUST(popped == expected);
	if (!popped)
		return;
	MUST(id == model.timer[first].id && deadline == (int64_t)model.timer[first].deadline);
	model_disarm(id);
	check_budget();
}

/* The clock is the instructions' time and the time asleep, and nothing else. */
static void idle(void)
{
	bool external = random_below(2), woken = random_below(3) == 0;
	wide before = look(), deadline;
	int64_t wait, start = script.ns;
	int first = earliest();
	enum tk_idle kind = tk_idle_begin(&tk, insns, external, &wait);

	if (model.stopped)
		return;
	MUST(kind == (first >= 0 ? TK_IDLE_WAIT : external ? TK_IDLE_FOREVER : TK_IDLE_DEADLOCK));
	if (model.config.mode == TK_OFFSET && first >= 0)
		model_ns(); /* the library looked at the clock */
	deadline = first >= 0 ? model.timer[first].deadline : before;
	if (kind == TK_IDLE_WAIT && model.config.mode == TK_ICOUNT)
		MUST(wait ==
		     (model.config.sleep_off || deadline < before ? 0 : (int64_t)(deadline - before)));
	pass_time();
	if (kind == TK_IDLE_WAIT && !woken && script.ns - start < wait)
		script.ns = start + wait + (int64_t)random_below(1000);
	tk_idle_end(&tk, insns, woken ? TK_WAKE_EXTERNAL : TK_WAKE_TIMER);
	if (kind == TK_IDLE_DEADLOCK || model.config.mode != TK_ICOUNT)
		return;
	if (!model.config.sleep_off)
		model.slept += script.ns - start;
	else if (!woken && first >= 0 && deadline > model_ns())
		model.slept += deadline - model_ns();
	MUST(tk_clock_ns(&tk, TK_MONOTONIC, insns) == (int64_t)model_ns());
}

/* A page's time is never off by more than the multiplier's error, and a refresh moves it by at
 * most 1 ns. */
static void pvclock(unsigned v)
{
	static struct tk_pvclock page;
	uint64_t tsc, before, after;

	if (model.config.guard != TK_GUARD_NONE)
		return;
	tk_pvclock_refresh(&tk, v, insns, &page);
	model_eff(0);
	tsc = tk_rdtsc(&tk, v, insns);
	model_eff(1);
	MUST(tk_pvclock_read(&page, tsc, &before));
	MUST(page.tsc_timestamp == tsc);
	tk_pvclock_refresh(&tk, v, insns, &page);
	model_eff(0);
	MUST(page.version % 2 == 0);
	MUST(tk_pvclock_read(&page, tsc, &after));
	MUST(after == before || after == before + 1);
}

static void stats(void)
{
	struct tk_stats got = tk_stats(&tk);

	MUST(got.backsteps == (uint64_t)model.backsteps);
	MUST(got.largest_backstep == (uint64_t)model.largest);
	MUST(got.raised == (uint64_t)model.raised);
}

static void one_event(void)
{
	unsigned v = (unsigned)random_below(VCPUS);

	switch (random_below(40)) {
	case 0: write_tsc(v); break;
	case 1: write_adjust(v); break;
	case 2: load(v); break;
	case 3: stop_or_continue(); break;
	case 4: host_write(v); break;
	case 5: compare_generation(); break;
	case 6: wall(); break;
	case 7: change_frequency(); break;
	case 8: save(); break;
	case 9: if (random_below(8) == 0) restore(); break;
	case 10: case 11: case 12: arm(); break;
	case 13: case 14: case 15: pop(); break;
	case 16: case 17: idle(); break;
	case 18: pvclock(v); break;
	case 19: stats(); break;
	case 20: case 21: case 22: case 23: case 24: read_both(v); break;
	default: read_tsc(v); break;
	}
}

START_TEST(the_model_agrees)
{
	for (unsigned i = 0; i < EVENTS; i++) {
		if (i % EVENTS_PER_CLOCK == 0) {
			new_clock();
			last_seen_valid = false;
		}
		pass_time();
		insns += random_below(UINT64_C(1) << random_below(20));
		one_event();
	}
}
END_TEST

int main(void)
{
	const char *seed = getenv("TICK86_SEED");
	Suite *suite = suite_create("clock model");
	TCase *tcase = tcase_create("model");
	SRunner *runner = srunner_create(suite);
	int failed;

	random_state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * 0x9e3779b97f4a7c15;
	if (!random_state)
		random_state = 1;
	printf("TICK86_SEED=%llu\n", (unsigned long long)random_state);
	host = script_host(&script);
	tk = (struct tk){ calloc(1, tk_size()), &host };
	image = calloc(1, tk_size());
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, the_model_agrees);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	free(tk.state);
	free(image);
	return failed != 0;
}
