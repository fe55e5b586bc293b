/* tick86 export: writes a recording as a timeline in the trace event format, which the Perfetto UI and chrome://tracing open. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "emu/trace/look_commands.h"
#include "emu/trace/look_file.h"
#include "emu/trace/look_json.h"

struct export
{
	FILE *out;
	bool host_time, begun;
};

/* --- trace events ------------------------------------------------------------------------------------- */

static void write_event(struct export *export, json_t *event)
{
	fputs(export->begun ? ",\n" : "", export->out);
	export->begun = true;
	json_dumpf(event, export->out, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(event);
}

/* Converts nanoseconds to the microseconds of the format. */
static json_t *microseconds(int64_t ns)
{
	return json_real((double)ns / 1000);
}

static json_t *new_event(const char *phase, const char *name, const struct look_position *at)
{
	json_t *event = json_object();

	json_object_set_new(event, "ph", json_string(phase));
	json_object_set_new(event, "name", json_string(name));
	json_object_set_new(event, "pid", json_integer(at->pid));
	json_object_set_new(event, "tid", json_integer(at->tid ? at->tid : at->pid));
	return event;
}

static int64_t time_of(const struct export *export, const struct look_position *at)
{
	return export->host_time ? at->host_ns : at->guest_ns;
}

/* Names a process (key "process_name") or a thread ("thread_name"). */
static void write_name(struct export *export, const char *key, pid_t pid, pid_t tid, json_t *name)
{
	json_t *event = new_event("M", key, &(struct look_position){ .pid = pid, .tid = tid }), *args = json_object();

	json_object_set_new(args, "name", name);
	json_object_set_new(event, "args", args);
	write_event(export, event);
}

/* Returns the event as text, with its place in the recording. */
static json_t *arguments(const struct look_event *event)
{
	struct strace_line line = { .length = 0 };
	json_t *args = json_object();

	look_put_event(&line, event);
	json_object_set_new(args, "text", look_json_text(&line));
	json_object_set_new(args, "event", json_integer((json_int_t)event->at.event));
	json_object_set_new(args, "insns", json_integer((json_int_t)event->at.insns));
	return args;
}

static void write_slice(struct export *export, const struct look_position *at, const char *name, const char *category, int64_t from,
	int64_t to, json_t *args)
{
	json_t *event = new_event("X", name, at);

	json_object_set_new(event, "cat", json_string(category));
	json_object_set_new(event, "ts", microseconds(from));
	json_object_set_new(event, "dur", microseconds(to > from ? to - from : 0));
	json_object_set_new(event, "args", args);
	write_event(export, event);
}

static void write_point(struct export *export, const char *phase, const struct look_event *of, const struct look_position *at,
	const char *name, const char *category)
{
	json_t *event = new_event(phase, name, at);

	json_object_set_new(event, "cat", json_string(category));
	json_object_set_new(event, "ts", microseconds(time_of(export, at)));
	json_object_set_new(event, "args", arguments(of));
	if (*phase == 'i')
		json_object_set_new(event, "s", json_string("t"));
	write_event(export, event);
}

/* --- the events --------------------------------------------------------------------------------------- */

static void export_run(struct export *export, const struct look_position *at)
{
	int64_t from = export->host_time ? at->from_host_ns : at->from_guest_ns, to = time_of(export, at);

	if (to > from)
		write_slice(export, at, "run", "run", from, to, json_pack("{sI}", "insns", (json_int_t)at->insns));
}

static void export_call(struct export *export, const struct look_event *event)
{
	const char *name = event->call->row ? event->call->row->name : "unknown system call";
	int64_t from = time_of(export, &event->at), to = time_of(export, &event->end);

	if (event->phase == LOOK_UNFINISHED)
		write_point(export, "B", event, &event->at, name, "syscall,wait");
	else if (event->phase == LOOK_RESUMED)
		write_point(export, "E", event, &event->end, name, "syscall,wait");
	else
		write_slice(export, &event->at, name, to > from ? "syscall,wait" : "syscall", from, to, arguments(event));
}

static void export_stop(struct export *export, const struct look_event *event)
{
	if (event->phase != LOOK_RESUMED)
		export_run(export, &event->at);
	if (event->exit == TRACE_EXIT_SYSCALL)
		export_call(export, event);
	else if (event->exit != TRACE_EXIT_COUNT)
		write_point(export, "i", event, &event->at, trace_exit_names[event->exit],
			event->exit == TRACE_EXIT_EXCEPTION       ? "exception"
				: event->exit == TRACE_EXIT_CPUID ? "cpuid"
								  : "time");
}

/* Names the process after the program's file, without directories. */
static void export_exec(struct export *export, const struct look_event *event)
{
	struct strace_line line = { .length = 0 };
	const uint8_t *path = event->record->data;
	size_t length = event->record->size ? strnlen((const char *)path, event->record->size) : 0;

	for (size_t k = 0; k < length; k++)
		if (path[k] == '/')
			line.length = 0;
		else
			strace_put(&line, "%c", path[k]);
	write_name(export, "process_name", event->at.pid, event->at.tid, look_json_text(&line));
	write_point(export, "i", event, &event->at, "exec", "process");
}

static void export_signal(struct export *export, const struct look_event *event)
{
	struct strace_line name = { .length = 0 };

	strace_put_signal(&name, (int)event->record->field[0]);
	write_point(export, "i", event, &event->at, name.text, "signal");
}

static bool export_event(void *context, const struct look_event *event)
{
	struct export *export = context;
	pid_t pid = event->at.pid;

	switch (event->kind) {
	case TRACE_STOP: export_stop(export, event); break;
	case TRACE_TASK:
		write_name(export, "thread_name", pid, (pid_t)event->record->field[0],
			json_sprintf("thread %d", (int)event->record->field[0]));
		break;
	case TRACE_FORK:
		write_name(export, "process_name", (pid_t)event->record->field[0], (pid_t)event->record->field[0],
			json_sprintf("fork of %d", (int)pid));
		write_point(export, "i", event, &event->at, "fork", "process");
		break;
	case TRACE_EXEC: export_exec(export, event); break;
	case TRACE_SIGNAL: export_signal(export, event); break;
	case TRACE_OUTPUT:
		write_point(export, "i", event, &event->at, event->record->field[0] == 2 ? "error output" : "output", "output");
		break;
	case TRACE_EXIT: write_point(export, "i", event, &event->at, "exit", "process"); break;
	default: break;
	}
	return !ferror(export->out);
}

/* --- the command -------------------------------------------------------------------------------------- */

static int export_file(struct export *export, const char *from, const char *to)
{
	struct walk *walk = look_open("export", from);

	if (!walk)
		return LOOK_TROUBLE;
	export->out = look_create("export", to);
	if (!export->out) {
		walk_close(walk);
		return LOOK_TROUBLE;
	}
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", export->out);
	look_at_events(walk, false, export_event, export);
	fputs("\n]}\n", export->out);
	return look_written("export", to, export->out, look_close("export", from, walk));
}

struct export_options {
	struct export export;
	const char *to;
};

static bool option_host_time(struct parse *parse, const char *text)
{
	(void)text;
	return ((struct export_options *)parse->into)->export.host_time = true;
}

static bool option_perfetto(struct parse *parse, const char *text)
{
	(void)parse, (void)text;
	return true;
}

static bool option_to(struct parse *parse, const char *text)
{
	((struct export_options *)parse->into)->to = text;
	return true;
}

static const struct option_row export_options[] = {
	OPTION("-o", VALUE_NEEDED, "OUT.json", option_to, "the file to write"),
	OPTION("--perfetto", VALUE_NONE, NULL, option_perfetto,
		"trace event format, for ui.perfetto.dev and chrome://tracing (the default, and the only one)"),
	OPTION("--host-time", VALUE_NONE, NULL, option_host_time, "by the host's clock, not the guest's"),
	OPTION_END,
};

static int export_command(char **argv)
{
	struct export_options options = { .to = NULL };
	char *from[2];
	int status;

	if (!command_read(&export_command_row, argv, &options, from, &status))
		return status;
	return options.to ? export_file(&options.export, from[0], options.to)
			  : command_wrong(&export_command_row, "usage: tick86 export FILE -o OUT.json");
}

const struct command_row export_command_row = {
	.name = "export",
	.words = "FILE -o OUT.json",
	.does = "Write a recording as a timeline that browsers show.",
	.options = { export_options },
	.notes = "Processes and threads: when they ran, their system calls, signals, time reads,\n"
		 "output. A call that did not have to wait has no length.\n",
	.statuses = "  0\n" LOOK_STATUSES,
	.example = "tick86 export prog.t86 -o prog.json",
	.least = 1,
	.most = 1,
	.run = export_command,
};
