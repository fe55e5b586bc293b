/*
 * A second, independent model of the clock: the specification written down in 128-bit integers, without any of the
 * library's code, fast paths or state layout.
 *
 * In mode offset a look at a host that steps back has consequences. So whoever compares calls the model once for every
 * look that the library takes, in the same order.
 */
#ifndef TESTS_UNIT_MODEL_CLOCK_MODEL_H
#define TESTS_UNIT_MODEL_CLOCK_MODEL_H

#include "tests/unit/scripted_host.h"

typedef __int128 wide;

#define MODEL_VCPUS 4
#define MODEL_TIMERS 40
#define MILLION ((wide)1000000)

struct model_timer {
	wide deadline;
	uint64_t id;
	uint64_t order;
};

struct model {
	struct tk_config config;
	const struct script *host;
	uint64_t insns;
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

	uint64_t offset[MODEL_VCPUS], adjust[MODEL_VCPUS], generation_of[MODEL_VCPUS];
	wide wall;

	struct model_timer timer[MODEL_TIMERS];
	unsigned timers;
	uint64_t arms;

	bool written;
	uint64_t written_value, written_offset, generation;
	wide written_ns;
	bool host_written[MODEL_VCPUS];
	uint64_t incarnation;
};

/* Begins a clock at the host's present time. tk_create must accept `config`, with MODEL_VCPUS vCPUs. */
void model_begin(struct model *model, const struct tk_config *config, const struct script *host);

/* Returns the ticks since the beginning, in any mode. `step` is 1 for a read of the TSC (the strict guard adds it), otherwise 0. */
wide model_eff(struct model *model, int step);
wide model_ns(struct model *model);

/* Changes the frequency of the host's TSC. */
void model_set_host_khz(struct model *model, uint64_t khz);

/* Stops or continues the clock; no effect in mode icount. */
void model_stop_or_continue(struct model *model);

/* Continues a clock from an image, `moved` ns later, on a host of `host_khz`. */
void model_restore(struct model *model, uint64_t host_khz, wide moved);

/* Writes the TSC from outside. Returns true if the write matched the last one. */
bool model_host_write(struct model *model, unsigned vcpu, uint64_t value);

/* Returns the timer that expires next, or NULL. */
const struct model_timer *model_earliest(const struct model *model);
void model_arm(struct model *model, uint64_t id, wide deadline);
void model_disarm(struct model *model, uint64_t id);

/* Returns how many instructions may pass before the clock must be asked again. */
uint64_t model_budget(const struct model *model);

wide floor_div(wide a, wide b);

#endif
