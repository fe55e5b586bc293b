/* Begins to record a process: chooses the file, and describes the run. */
#include "emu/cpu/fatal.h"
#include "emu/linux/kernel/machine.h"
#include "emu/trace_command.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emu/trace/record.h"

/* Bytes that are not UTF-8 become the characters with the same numbers. */
static json_t *json_text(const char *text)
{
	json_t *json = json_string(text);
	char *latin;
	size_t n = 0;

	if (json)
		return json;
	latin = fatal_unless(malloc(2 * strlen(text) + 1));
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c >= 0x80)
			latin[n++] = (char)(0xc0 | *c >> 6);
		latin[n++] = (char)(*c < 0x80 ? *c : 0x80 | (*c & 0x3f));
	}
	json = json_stringn(latin, n);
	free(latin);
	return json;
}

static json_t *json_texts(char *const *texts)
{
	json_t *array = json_array();

	for (; *texts; texts++)
		json_array_append_new(array, json_text(*texts));
	return array;
}

/* Describes the run: all that is needed to run it again, and what a replay needs. The caller owns the string. */
static char *describe_run(const struct process *process, const char *program)
{
	const struct options *options = process->options;
	char directory[PATH_MAX], *text;
	json_t *json = json_object();

	json_object_set_new(json, "tick86", json_string(TICK86_VERSION));
	json_object_set_new(json, "program", json_text(program));
	json_object_set_new(json, "argv", json_texts(options->argv));
	json_object_set_new(json, "env", json_texts(options->envp));
	json_object_set_new(json, "directory", json_text(getcwd(directory, sizeof(directory)) ? directory : "?"));
	json_object_set_new(json, "cpu", json_string(options->cpu));
	json_object_set_new(json, "cpus", json_integer(options->vcpus));
	json_object_set_new(json, "seed", json_integer((json_int_t)options->seed));
	json_object_set_new(json, "clock", json_string(options_mode_name(options->clock.mode)));
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

/* Chooses PROGRAM.t86 in the current directory, or PROGRAM-2.t86 and so on if that exists. */
static void choose_name(const char *program, char *path, size_t size)
{
	const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;

	snprintf(path, size, "%s.t86", name);
	for (unsigned n = 2; access(path, F_OK) == 0; n++)
		snprintf(path, size, "%s-%u.t86", name, n);
}

bool trace_record_begin(struct process *process, const char *program)
{
	char chosen[PATH_MAX], *config = describe_run(process, program);
	const char *path = process->options->record_path;
	int error;

	if (!path) {
		choose_name(program, chosen, sizeof(chosen));
		path = chosen;
		fprintf(stderr, "tick86: recording to %s\n", path);
	}
	error = config ? record_begin(process, path, config) : -ENOMEM;
	free(config);
	if (error)
		fprintf(stderr, "tick86: record: cannot write %s: %s\n", path, strerror(-error));
	return !error;
}
