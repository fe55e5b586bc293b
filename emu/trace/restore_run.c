/* Restores the options of a saved program's run, and its clock. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "emu/cpu/model.h"
#include "emu/linux/kernel/clock.h"
#include "emu/linux/kernel/hidden.h"
#include "emu/trace/restore.h"
#include "timekeep/timekeep.h"

/* Reads the next record, which must be of this part. */
static bool expect(struct restorer *restorer, enum saved_part part, struct trace_record *record)
{
	if (!restore_next(restorer, record))
		return false;
	return (record->kind == TRACE_FIELDS && record->field[0] == part)
		|| restore_damaged(restorer, "its parts are in another order", "");
}

/* --- the run: options and clock --------------------------------------------------------------------------- */

static bool read_config(struct restorer *restorer, struct options *options)
{
	const struct cpu_model *model;
	struct trace_record record;
	const char *kind, *cpu, *missing;
	json_t *config;

	if (!restore_next(restorer, &record))
		return false;
	config = record.kind == TRACE_CONFIG ? restore_json(restorer, &record) : NULL;
	kind = json_string_value(json_object_get(config, "kind"));
	cpu = json_string_value(json_object_get(config, "cpu"));
	if (!kind || strcmp(kind, "saved") != 0)
		return restore_refuse(restorer, "this is a recording, no saved program: tick86 replay takes it");
	model = cpu ? cpu_model_find(cpu) : NULL;
	if (!model)
		return restore_refuse(restorer, "it was saved with a CPU model that this tick86 does not know");
	missing = cpu_model_missing_on_host(model);
	if (missing)
		return restore_refuse(restorer, "this host's CPU has no %s, which the program's --cpu=%s needs", missing, cpu);
	options->cpu = strdup(cpu);
	json_decref(config);
	return options->cpu;
}

/* Limits times so that their sums do not overflow. The program's may be negative: --tsc-jump. */
static bool is_time(int64_t ns)
{
	return ns >= -INT64_MAX / 4 && ns <= INT64_MAX / 4;
}

static bool read_run(struct restorer *restorer, struct options *options)
{
	struct saved_run *run = &restorer->run;
	struct trace_record record;

	if (!expect(restorer, SAVED_RUN, &record) || !restore_read(restorer, &record, run))
		return false;
	if (run->mode > TK_ICOUNT || run->vcpus == 0 || run->vcpus > TK_MAX_VCPUS || run->pid == 0 || run->pid > INT32_MAX
		|| run->rate_num - 1 >= TK_MAX_RATE || run->rate_den - 1 >= TK_MAX_RATE || !is_time(run->monotonic_ns)
		|| !is_time(run->real_ns) || !is_time(run->cpu_ns))
		return restore_damaged(restorer, "its run cannot be", "");
	options->vcpus = run->vcpus;
	options->seed = run->seed;
	options->msr_allow = run->msr_allow;
	options->pvclock = run->pvclock;
	options->pin = run->pin;
	options->clock.mode = (enum tk_mode)run->mode;
	options->clock.rate_num = run->rate_num;
	options->clock.rate_den = run->rate_den;
	options->one_at_a_time = true; /* so that the program gets its id again (tree_adopt) */
	return true;
}

static bool read_image(struct restorer *restorer, void *image)
{
	struct trace_record record;
	unsigned count;
	const char *name;
	json_t *json = expect(restorer, SAVED_CLOCK, &record) ? restore_json(restorer, &record) : NULL;
	bool fits = json;

	tk_image_begin(image);
	for (unsigned field = 0; fits && (name = tk_image_field(field, &count)); field++) {
		const json_t *value = json_object_get(json, name);
		uint64_t element;

		for (unsigned index = 0; fits && index < count; index++)
			fits = fields_element(value, count, index, &element) && tk_image_set(image, field, index, element);
		if (!fits)
			restore_damaged(restorer, "it says nothing that can be of its clock's ", name);
	}
	json_decref(json);
	return fits;
}

/* Returns this host's TSC frequency. Returns 0 (as before) if it is known to be the saved one, or cannot be told from it. */
static uint64_t host_khz(const struct options *options, const struct tk_host *host, uint64_t saved)
{
	enum { ERROR_OF_MEASUREMENT = 1000 };
	uint64_t here;

	if (options->host_khz || options->clock.mode == TK_ICOUNT)
		return options->host_khz;
	here = tk_detect_khz(host);
	return here > saved + saved / ERROR_OF_MEASUREMENT || here + saved / ERROR_OF_MEASUREMENT < saved ? here : 0;
}

static uint64_t image_host_khz(const void *image)
{
	const char *name;
	unsigned count;

	for (unsigned field = 0; (name = tk_image_field(field, &count)); field++)
		if (!strcmp(name, "host_khz"))
			return tk_image_get(image, field, 0);
	return 0;
}

static bool continue_clock(struct restorer *restorer, const struct options *options, struct tk *clock)
{
	struct tk_restore how = { .policy = options->away };
	char error[256];

	if (options->pin >= 0 && clock->host->pin(clock->host->ctx, options->pin))
		return restore_refuse(restorer, "it was pinned to host CPU %d, which this process may not run on", options->pin);
	restorer->away_ns = clock->host->clock(clock->host->ctx, TK_REALTIME) - restorer->run.real_ns;
	restorer->away_ns = restorer->away_ns < 0 ? 0 : restorer->away_ns;
	how.away_ns = restorer->away_ns;
	how.host_khz = host_khz(options, clock->host, image_host_khz(clock->state));
	if (tk_restore(clock, clock->state, tk_size(), &how, restorer->run.clock_insns, error, sizeof(error)))
		return restore_refuse(restorer, "%s", error);
	return true;
}

bool restore_begin(struct restorer *restorer, const char *path, struct options *options, struct tk *clock)
{
	char error[128];

	restorer->path = path;
	*clock = (struct tk){ .state = calloc(1, tk_size()), .host = tk_host_linux() };
	restorer->empty = hidden_fd(memfd_create("tick86-beyond", 0));
	if (!clock->state || restorer->empty < 0)
		return restore_refuse(restorer, "out of memory");
	if (!trace_reader_open(&restorer->reader, path, error, sizeof(error)))
		return restore_refuse(restorer, "%s", error);
	return read_config(restorer, options) && read_run(restorer, options) && read_image(restorer, clock->state)
		&& continue_clock(restorer, options, clock);
}
