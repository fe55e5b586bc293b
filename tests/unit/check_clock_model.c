/*
 * The library against the model: random events on random hosts, every result compared. TICK86_SEED repeats a run.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/model/clock_model.h"
#include "tests/unit/model/random_clock.h"
#include "tests/unit/suite.h"

#define EVENTS 1200000
#define EVENTS_PER_CLOCK 600

static struct random_host random_host;
static struct tk_host host;
static struct tk tk;
static struct model model;
static void *image;
static struct model saved_model;

static uint64_t last_seen_eff;
static bool last_seen_valid;

static void new_clock(void)
{
	struct tk_config config;
	char error[200];

	random_host_begin(&random_host);
	config = random_config(&random_host);
	config.vcpus = MODEL_VCPUS;
	random_host.script.stops = config.mode == TK_OFFSET && random_below(2);
	if (tk_create(&tk, &config, error, sizeof(error)))
		ck_abort_msg("%s", error);
	model_begin(&model, &config, &random_host.script);
	last_seen_valid = false;
	tk_save(&tk, 0, image);
	saved_model = model;
	saved_model.frozen = model.origin;
}

/* --- events --------------------------------------------------------------------------------------- */

static bool may_not_step_back(void)
{
	return model.config.mode == TK_ICOUNT || model.config.guard == TK_GUARD_CLAMP || model.config.guard == TK_GUARD_STRICT
		|| model.config.guard == TK_GUARD_CATCHUP;
}

/* Both look at the clock, since a look at a host that steps back has consequences. */
static wide look(void)
{
	wide ns = model_ns(&model);

	MUST(tk_clock_ns(&tk, TK_MONOTONIC, model.insns) == (int64_t)ns);
	return ns;
}

static void read_tsc(unsigned v)
{
	uint64_t tsc = tk_rdtsc(&tk, v, model.insns);
	uint64_t eff = tsc - model.offset[v];

	MUST(tsc == (uint64_t)model_eff(&model, 1) + model.offset[v]);
	if (may_not_step_back() && last_seen_valid)
		MUST((int64_t)(eff - last_seen_eff) >= 0);
	last_seen_eff = eff;
	last_seen_valid = true;
}

/* The law, at one moment: ns <= ticks * 10^6 / khz < ns + 1, and one tick more under the strict
 * guard. */
static void read_both(unsigned v)
{
	int64_t ns = tk_clock_ns(&tk, TK_BOOTTIME, model.insns);
	uint64_t tsc;
	wide ticks;

	MUST(ns == (int64_t)model_ns(&model));
	tsc = tk_rdtsc(&tk, v, model.insns);
	MUST(tsc == (uint64_t)model_eff(&model, 1) + model.offset[v]);
	ticks = (wide)(int64_t)(tsc - model.offset[v] - (uint64_t)model.origin);
	MUST((ticks + 1) * MILLION >= (wide)ns * model.config.guest_khz);
	MUST((ticks - 1) * MILLION < ((wide)ns + 1) * model.config.guest_khz);
	MUST(tk_clock_ns(&tk, TK_REALTIME, model.insns) == (int64_t)(uint64_t)(model_ns(&model) + model.wall));
}

static void write_tsc(unsigned v)
{
	uint64_t value = random_bits(), read;
	uint64_t moved = value - ((uint64_t)model_eff(&model, 0) + model.offset[v]);

	MUST(tk_wrmsr(&tk, v, model.insns, 0x10, value) == TK_OK);
	model.offset[v] += moved;
	model.adjust[v] += moved;
	MUST(tk_rdmsr(&tk, v, model.insns, 0x3b, &read) == TK_OK && read == model.adjust[v]);
	MUST((uint64_t)tk_offset(&tk, v) == (uint64_t)model.bias + model.offset[v]);
}

static void write_adjust(unsigned v)
{
	uint64_t value = random_bits();

	MUST(tk_wrmsr(&tk, v, model.insns, 0x3b, value) == TK_OK);
	model.offset[v] += value - model.adjust[v];
	model.adjust[v] = value;
}

static void load(unsigned v)
{
	tk_load(&tk, v, model.insns);
	if (model.config.mode == TK_OFFSET && !model.stopped)
		model_eff(&model, 0);
}

static void stop_or_continue(void)
{
	if (model.config.mode == TK_OFFSET && model.stopped)
		tk_cont(&tk, model.insns);
	else if (model.config.mode == TK_OFFSET)
		tk_stop(&tk, model.insns);
	model_stop_or_continue(&model);
}

static void host_write(unsigned v)
{
	uint64_t second = model.config.guest_khz * 1000;
	uint64_t near = model.written_value + random_below(20 * second) - 10 * second;
	uint64_t value = random_below(10) == 0 ? 0 : near;
	struct tk_sync_result result;

	MUST(tk_host_write(&tk, v, model.insns, value, &result) == TK_OK);
	MUST(result.matched == model_host_write(&model, v, value));
	MUST(result.generation == model.generation);
	MUST((uint64_t)tk_offset(&tk, v) == (uint64_t)model.bias + model.offset[v]);
}

/* vCPUs in one generation read the same if the host's TSC is stable. */
static void compare_generation(void)
{
	for (unsigned v = 1; v < MODEL_VCPUS; v++) {
		uint64_t first = tk_rdtsc(&tk, 0, model.insns), second = tk_rdtsc(&tk, v, model.insns);

		MUST(first == (uint64_t)model_eff(&model, 1) + model.offset[0]);
		MUST(second == (uint64_t)model_eff(&model, 1) + model.offset[v]);
		if (model.config.guard == TK_GUARD_NONE && model.offset[0] == model.offset[v])
			MUST(first == second);
	}
}

static void wall(void)
{
	int64_t value = (int64_t)(random_bits() >> 3);

	if (random_below(2)) {
		MUST(tk_set_wall(&tk, value, model.insns) == TK_OK);
		model_ns(&model);
		model.wall = value - model_ns(&model);
	} else {
		MUST(tk_step_wall(&tk, value % 1000000, model.insns) == TK_OK);
		model_ns(&model);
		model.wall += value % 1000000;
	}
	MUST(tk_clock_ns(&tk, TK_TAI, model.insns) == (int64_t)(uint64_t)(model_ns(&model) + model.wall));
}

static void change_frequency(void)
{
	uint64_t khz = random_khz();

	if (model.config.mode != TK_OFFSET)
		return;
	MUST(tk_set_host_khz(&tk, khz, model.insns) == 0);
	model_set_host_khz(&model, khz);
}

/* The fields are the whole image. */
static void carry_by_fields(void)
{
	void *copy = malloc(tk_size());
	unsigned count;

	tk_image_begin(copy);
	for (unsigned field = 0; tk_image_field(field, &count); field++)
		for (unsigned index = 0; index < count; index++)
			MUST(tk_image_set(copy, field, index, tk_image_get(image, field, index)));
	MUST(memcmp(image, copy, tk_size()) == 0);
	free(copy);
}

static void save(void)
{
	tk_save(&tk, model.insns, image);
	if (random_below(4) == 0)
		carry_by_fields();
	if (model.config.mode == TK_OFFSET)
		model.frozen = model_eff(&model, 0);
	saved_model = model;
}

static void restore(void)
{
	struct tk_restore how = { .host_khz = random_khz(), .policy = (enum tk_away)random_below(2) };
	char error[200];

	if (model.config.mode == TK_ICOUNT)
		how.host_khz = 0;
	how.away_ns = (int64_t)random_below(UINT64_C(1) << 45);
	model = saved_model;
	if (tk_restore(&tk, image, tk_size(), &how, model.insns, error, sizeof(error)))
		ck_abort_msg("%s", error);
	model_restore(&model, how.host_khz, how.policy == TK_ADVANCE ? how.away_ns : 0);
	MUST(tk_incarnation(&tk) == model.incarnation);
	last_seen_valid = false;
}

/* --- timers and idle ------------------------------------------------------------------------------ */

static void check_budget(void)
{
	const struct model_timer *first = model_earliest(&model);

	MUST(tk_next_deadline(&tk) == (first ? (int64_t)first->deadline : TK_NEVER));
	MUST(tk_budget(&tk, model.insns) == model_budget(&model));
}

static void arm(void)
{
	uint64_t id = random_below(MODEL_TIMERS);
	wide deadline = look() + (wide)random_below(UINT64_C(1) << random_below(34)) / 8 * 8;

	if (random_below(4)) {
		MUST(tk_arm(&tk, id, (int64_t)deadline) == 0);
		model_arm(&model, id, deadline);
	} else {
		tk_disarm(&tk, id);
		model_disarm(&model, id);
	}
	check_budget();
}

static void pop(void)
{
	uint64_t id;
	int64_t deadline;
	wide ns = look();
	bool popped = tk_pop_expired(&tk, model.insns, &id, &deadline);
	const struct model_timer *first = model_earliest(&model);

	MUST(popped == (first && ns >= first->deadline));
	if (!popped)
		return;
	MUST(id == first->id && deadline == (int64_t)first->deadline);
	model_disarm(&model, id);
	check_budget();
}

/* The clock is the sum of the instructions' time and the time asleep. */
static void idle(void)
{
	bool external = random_below(2), woken = random_below(3) == 0;
	const struct model_timer *first = model_earliest(&model);
	wide before = look(), deadline = first ? first->deadline : before;
	struct script *script = &random_host.script;
	int64_t wait, start = script->ns;
	enum tk_idle kind = tk_idle_begin(&tk, model.insns, external, &wait);

	if (model.stopped)
		return;
	MUST(kind == (first ? TK_IDLE_WAIT : external ? TK_IDLE_FOREVER : TK_IDLE_DEADLOCK));
	if (model.config.mode == TK_OFFSET && first)
		model_ns(&model); /* the library looked at the clock */
	if (kind == TK_IDLE_WAIT && model.config.mode == TK_ICOUNT)
		MUST(wait == (model.config.sleep_off || deadline < before ? 0 : (int64_t)(deadline - before)));
	random_host_advance(&random_host, model.config.host_khz);
	if (kind == TK_IDLE_WAIT && !woken && script->ns - start < wait)
		script->ns = start + wait + (int64_t)random_below(1000);
	tk_idle_end(&tk, model.insns, woken ? TK_WAKE_EXTERNAL : TK_WAKE_TIMER);
	if (kind == TK_IDLE_DEADLOCK || model.config.mode != TK_ICOUNT)
		return;
	if (!model.config.sleep_off)
		model.slept += script->ns - start;
	else if (!woken && first && deadline > model_ns(&model))
		model.slept += deadline - model_ns(&model);
	MUST(tk_clock_ns(&tk, TK_MONOTONIC, model.insns) == (int64_t)model_ns(&model));
}

/* A page's time is never off by more than the multiplier's error, and a refresh moves it by at
 * most 1 ns. */
static void pvclock(unsigned v)
{
	static struct tk_pvclock page;
	uint64_t tsc, before, after;

	if (model.config.guard != TK_GUARD_NONE)
		return;
	tk_pvclock_refresh(&tk, v, model.insns, &page);
	model_eff(&model, 0);
	tsc = tk_rdtsc(&tk, v, model.insns);
	model_eff(&model, 1);
	MUST(tk_pvclock_read(&page, tsc, &before));
	MUST(page.tsc_timestamp == tsc);
	tk_pvclock_refresh(&tk, v, model.insns, &page);
	model_eff(&model, 0);
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
	unsigned v = (unsigned)random_below(MODEL_VCPUS);

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
	case 9:
		if (random_below(8) == 0)
			restore();
		break;
	case 10:
	case 11:
	case 12: arm(); break;
	case 13:
	case 14:
	case 15: pop(); break;
	case 16:
	case 17: idle(); break;
	case 18: pvclock(v); break;
	case 19: stats(); break;
	case 20:
	case 21:
	case 22:
	case 23:
	case 24: read_both(v); break;
	default: read_tsc(v); break;
	}
}

START_TEST(the_model_agrees)
{
	for (unsigned i = 0; i < EVENTS; i++) {
		if (i % EVENTS_PER_CLOCK == 0)
			new_clock();
		random_host_advance(&random_host, model.config.host_khz);
		model.insns += random_below(UINT64_C(1) << random_below(20));
		one_event();
	}
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("model");
	int status;

	random_seed(suite_seed());
	host = script_host(&random_host.script);
	tk = (struct tk){ calloc(1, tk_size()), &host };
	image = calloc(1, tk_size());
	tcase_add_test(tcase, the_model_agrees);
	status = run_suite("clock model", tcase);
	free(tk.state);
	free(image);
	return status;
}
