/* An independent model of the clock, written from its specification. */
#include <string.h>

#include "tests/unit/model/clock_model.h"

wide floor_div(wide a, wide b)
{
	return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static wide ceil_div(wide a, wide b)
{
	return -floor_div(-a, b);
}

/* --- time ------------------------------------------------------------------------------------------- */

static wide scaled(const struct model *model)
{
	wide h = model->host->tsc;

	if (model->config.guard == TK_GUARD_TABLE)
		h += model->config.table[model->host->cpu];
	return floor_div(h * model->mult, (wide)1 << 48);
}

static void count_backstep(struct model *model)
{
	wide back = model->last_h - model->host->tsc;

	if (!model->seen || back <= 0)
		return;
	model->backsteps++;
	if (back > model->largest)
		model->largest = back;
}

static wide raise_to(struct model *model, wide eff, wide to)
{
	if (to <= eff)
		return eff;
	model->bias += to - eff;
	model->raised += to - eff;
	return to;
}

/* Time stands still for as long as the host says that it had stopped us, in a gap of over a millisecond; it never goes below the last
 * look. */
static void leave_out_stop(struct model *model)
{
	const struct tk_config *config = &model->config;
	wide gap = (wide)model->host->tsc - model->last_h, ns = gap * MILLION / config->host_khz;
	wide stopped = floor_div(ns / 3 * config->rate_num, config->rate_den);
	wide least = model->last_eff - scaled(model);

	if (!model->host->stops || !model->seen || gap <= config->host_khz || ns < MILLION)
		return;
	model->bias -= floor_div(stopped * config->guest_khz, MILLION);
	if (model->bias < least)
		model->bias = least;
}

static wide guarded(struct model *model, wide eff, int step)
{
	const struct tk_config *config = &model->config;
	wide away = floor_div((model->host->ns - model->last_ns) * config->rate_num, config->rate_den);
	wide caught_up = model->last_eff + (away > 0 ? away * config->guest_khz / MILLION : 0);

	if (!model->seen)
		return eff;
	if (config->guard == TK_GUARD_CLAMP)
		return raise_to(model, eff, model->last_eff);
	if (config->guard == TK_GUARD_STRICT)
		return eff < model->last_eff + step ? model->last_eff + step : eff;
	if (config->guard == TK_GUARD_CATCHUP && model->host->tsc < model->last_h)
		return raise_to(model, eff, caught_up);
	return eff;
}

static void remember(struct model *model, wide eff)
{
	model->last_h = model->host->tsc;
	model->last_ns = model->host->ns;
	model->last_eff = eff;
	model->seen = true;
}

static wide ns_of_icount(const struct model *model)
{
	return (wide)model->insns * model->ns_num / model->ns_den + model->slept;
}

wide model_eff(struct model *model, int step)
{
	wide eff;

	if (model->config.mode == TK_ICOUNT)
		return ns_of_icount(model) * model->config.guest_khz / MILLION;
	if (model->stopped)
		return model->frozen;
	count_backstep(model);
	leave_out_stop(model);
	eff = guarded(model, scaled(model) + model->bias, step);
	remember(model, eff);
	return eff;
}

wide model_ns(struct model *model)
{
	if (model->config.mode == TK_ICOUNT)
		return ns_of_icount(model);
	return floor_div((model_eff(model, 0) - model->origin) * MILLION, model->config.guest_khz);
}

/* --- beginning, stopping, going on ------------------------------------------------------------------ */

static void resume(struct model *model, wide eff)
{
	count_backstep(model);
	model->bias = eff - scaled(model);
	remember(model, eff);
}

static wide mult_for(const struct tk_config *config)
{
	return (((wide)config->guest_khz * config->rate_num) << 48) / ((wide)config->host_khz * config->rate_den);
}

void model_begin(struct model *model, const struct tk_config *config, const struct script *host)
{
	*model = (struct model){
		.config = *config,
		.host = host,
		.stable = config->mode == TK_ICOUNT || !host->unstable,
	};
	model->ns_num = config->rate == TK_RATE_FRACTION ? (wide)config->ns_num : (wide)1 << config->shift;
	model->ns_den = config->rate == TK_RATE_FRACTION ? (wide)config->ns_den : 1;
	model->wall = config->epoch_ns;
	if (config->mode == TK_OFFSET) {
		model->mult = mult_for(config);
		model->origin = model_eff(model, 0);
	}
	for (unsigned v = 0; v < MODEL_VCPUS; v++)
		model->offset[v] = config->tsc_start - (uint64_t)model->origin;
}

void model_set_host_khz(struct model *model, uint64_t khz)
{
	wide eff = model_eff(model, 0);

	model->config.host_khz = khz;
	model->mult = mult_for(&model->config);
	resume(model, eff);
}

void model_stop_or_continue(struct model *model)
{
	if (model->config.mode != TK_OFFSET)
		return;
	if (model->stopped) {
		model->stopped = false;
		resume(model, model->frozen);
	} else {
		model->frozen = model_eff(model, 0);
		model->stopped = true;
	}
}

void model_restore(struct model *model, uint64_t host_khz, wide moved)
{
	model->incarnation++;
	model->written = model->seen = false;
	memset(model->host_written, 0, sizeof(model->host_written));
	if (model->config.mode == TK_ICOUNT) {
		model->slept += moved;
		return;
	}
	model->config.host_khz = host_khz;
	model->mult = mult_for(&model->config);
	model->frozen += floor_div(moved * model->config.guest_khz, MILLION);
	resume(model, model->frozen);
}

/* --- writes from outside ---------------------------------------------------------------------------- */

static bool matches(const struct model *model, uint64_t value, wide ns)
{
	wide khz = model->config.guest_khz;
	wide elapsed = floor_div((ns - model->written_ns) * khz, MILLION);
	wide off = (int64_t)(value - model->written_value - (uint64_t)elapsed);
	wide jump = (int64_t)(value - model->written_value);

	if (!model->written)
		return false;
	switch (model->config.sync) {
	case TK_SYNC_1S: return value == 0 || (off < khz * 1000 && -off < khz * 1000);
	case TK_SYNC_2010:
		return jump < 5 * khz * 1000 && -jump < 5 * khz * 1000 && ns - model->written_ns < 5000 * MILLION
			&& model->written_ns - ns < 5000 * MILLION;
	case TK_SYNC_MAX: return true;
	default: return false;
	}
}

/* Every vCPU gets the largest offset. */
static void spread(struct model *model, uint64_t offset)
{
	for (unsigned i = 0; i < MODEL_VCPUS; i++)
		if (model->host_written[i] && (int64_t)(model->offset[i] - offset) > 0)
			offset = model->offset[i];
	for (unsigned i = 0; i < MODEL_VCPUS; i++) {
		model->offset[i] = offset;
		model->generation_of[i] = model->generation;
	}
	model->written_offset = offset;
}

bool model_host_write(struct model *model, unsigned vcpu, uint64_t value)
{
	wide eff = model_eff(model, 0);
	wide ns = model->config.mode == TK_ICOUNT ? model_ns(model) : model->host->ns;
	uint64_t elapsed = (uint64_t)floor_div((ns - model->written_ns) * model->config.guest_khz, MILLION);
	bool matched = matches(model, value, ns);

	if (matched && !model->stable && model->config.sync != TK_SYNC_MAX)
		value += elapsed;
	if (!matched)
		model->generation++;
	if (model->config.sync == TK_SYNC_MAX) {
		spread(model, value - (uint64_t)eff);
	} else {
		if (!(matched && model->stable))
			model->written_offset = value - (uint64_t)eff;
		model->offset[vcpu] = model->written_offset;
		model->generation_of[vcpu] = model->generation;
	}
	model->host_written[vcpu] = model->written = true;
	model->written_value = value;
	model->written_ns = ns;
	return matched;
}

/* --- timers ----------------------------------------------------------------------------------------- */

static bool is_before(const struct model_timer *a, const struct model_timer *b)
{
	return a->deadline < b->deadline || (a->deadline == b->deadline && a->order < b->order);
}

const struct model_timer *model_earliest(const struct model *model)
{
	const struct model_timer *best = NULL;

	for (const struct model_timer *timer = model->timer; timer < model->timer + model->timers; timer++)
		if (!best || is_before(timer, best))
			best = timer;
	return best;
}

void model_arm(struct model *model, uint64_t id, wide deadline)
{
	model_disarm(model, id);
	model->timer[model->timers++] = (struct model_timer){ deadline, id, model->arms++ };
}

void model_disarm(struct model *model, uint64_t id)
{
	for (unsigned i = 0; i < model->timers; i++)
		if (model->timer[i].id == id)
			model->timer[i--] = model->timer[--model->timers];
}

uint64_t model_budget(const struct model *model)
{
	const struct model_timer *first = model_earliest(model);
	wide needed;

	if (model->config.mode != TK_ICOUNT || !first)
		return TK_MAX_BUDGET;
	needed = ceil_div((first->deadline - model->slept) * model->ns_den, model->ns_num) - model->insns;
	if (needed > (wide)TK_MAX_BUDGET)
		return TK_MAX_BUDGET;
	return needed > 0 ? (uint64_t)needed : 0;
}
