/* The table of commands, how one is chosen, and the help for all of them. */
#include "emu/commands.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "emu/clock_command.h"
#include "emu/completion_command.h"
#include "emu/run_command.h"
#include "emu/save_command.h"
#include "emu/trace/look_commands.h"
#include "emu/trace/replay.h"

static int help_command(char **argv);
static int version_command(char **argv);

static const struct command_row help_command_row = {
	.name = "help",
	.words = "[COMMAND]",
	.does = "Show what tick86 can do, or all about one command.",
	.statuses = "  0, or 2 if there is no such command\n",
	.example = "tick86 help record",
	.most = 2,
	.run = help_command,
};

static const struct command_row version_command_row = {
	.name = "version",
	.words = "",
	.does = "Print the version.",
	.statuses = "  0\n",
	.example = "tick86 version",
	.run = version_command,
};

const struct command_row *const command_rows[] = { &run_command_row, &record_command_row, &replay_command_row, &dump_command_row,
	&diff_command_row, &stat_command_row, &export_command_row, &plot_command_row, &save_command_row, &restore_command_row,
	&clock_replay_row, &clock_record_row, &clock_plot_row, &help_command_row, &version_command_row, &completion_command_row, NULL };

/* The command that the words name: one of two words, or of one. `argv` is moved on to its last word. */
static const struct command_row *find_command(char ***argv)
{
	for (const struct command_row *const *row = command_rows; *row; row++) {
		const char *space = strchr((*row)->name, ' ');
		size_t length = space ? (size_t)(space - (*row)->name) : strlen((*row)->name);

		if (!**argv || strncmp(**argv, (*row)->name, length) || (**argv)[length])
			continue;
		if (!space)
			return *row;
		if ((*argv)[1] && !strcmp((*argv)[1], space + 1)) {
			(*argv)++;
			return *row;
		}
	}
	return NULL;
}

/* --- help and version ----------------------------------------------------------------------------------- */

static void overview(FILE *out)
{
	fputs("usage: tick86 [run] [options] [--] PROGRAM [ARG...]\n"
	      "       tick86 COMMAND ...\n"
	      "\n"
	      "Runs an x86-64 Linux program and decides what every clock tells it.\n"
	      "\n"
	      "Commands (tick86 help COMMAND tells all about one):\n",
		out);
	for (const struct command_row *const *row = command_rows; *row; row++)
		fprintf(out, "  %-14s %s\n", (*row)->name, (*row)->does);
	fputs("\nOptions that are used most (tick86 help run has the rest):\n", out);
	for (unsigned k = 0; run_command_row.options[k]; k++)
		for (const struct option_row *option = run_command_row.options[k]; option->name || option->shown; option++)
			if (option->often)
				option_help(out, option);
	fprintf(out,
		"\nOther:\n"
		"  --help, -h                     this text\n"
		"  --version, -V, -v              the version\n"
		"\nExit status:\n%s\n"
		"Examples:\n"
		"  tick86 --icount=3 -- ./benchmark          the same times in every run\n"
		"  tick86 record -o f.t86 -- ./test          then: tick86 replay f.t86\n"
		"  tick86 --clock=offset --epoch=+16y date   16 years from now\n",
		run_command_row.statuses);
}

/* Help for `clock`, which is no command by itself. */
static int clock_help(void)
{
	puts("Commands for host clock traces; tick86 help clock replay tells all about the first:");
	for (const struct command_row *const *row = command_rows; *row; row++)
		if (!strncmp((*row)->name, "clock ", 6))
			printf("  tick86 %s %s%s\n      %s\n", (*row)->name, (*row)->options[0] ? "[options] " : "", (*row)->words,
				(*row)->does);
	return 0;
}

static int help_command(char **argv)
{
	const struct command_row *row;
	const char *near;
	char *word[3];
	int status;

	if (!command_read(&help_command_row, argv, NULL, word, &status))
		return status;
	argv = word;
	if (!*argv) {
		overview(stdout);
		return 0;
	}
	if (!strcmp(*argv, "clock") && !argv[1])
		return clock_help();
	row = find_command(&argv);
	if (row) {
		command_help(stdout, row);
		return 0;
	}
	near = nearest_command(*argv);
	fprintf(stderr, "tick86: help: there is no command '%s'%s%s%s\n", *argv, near ? "; did you mean " : "; tick86 help lists them",
		near ? near : "", near ? "?" : "");
	return COMMAND_LINE_WRONG;
}

static int version_command(char **argv)
{
	char *word[1];
	int status;

	if (command_read(&version_command_row, argv, NULL, word, &status))
		puts("tick86 " TICK86_VERSION);
	return status;
}

/* --- choosing ------------------------------------------------------------------------------------------- */

/* The words asked for a command, and for something that it cannot do; a program of that name may have been meant. */
static int run_named(const struct command_row *row, char **argv)
{
	char path[PATH_MAX];
	/* Ahead of the command: a replay gives up the right to look for files. */
	bool program = !row->runs && !strchr(row->name, ' ') && find_program(row->name, path, sizeof(path));
	int status = row->run(argv);

	if (status == COMMAND_LINE_WRONG && program)
		fprintf(stderr, "tick86: to run the program %s: tick86 -- %s ...\n", path, row->name);
	return status;
}

/* The command whose name follows options of a run, as in `tick86 --icount=3 record ls`: argv is put into the usual order. Other commands
 * take no such options, so their names are a program's there. */
static const struct command_row *command_behind_options(char **argv)
{
	char **at = argv, *name;
	const struct command_row *row;

	while (*at && **at == '-' && strcmp(*at, "--") != 0)
		if (!option_skip(&record_command_row, &at))
			return NULL;
	name = *at;
	row = at > argv ? find_command(&at) : NULL;
	if (!row || !row->runs)
		return NULL;
	memmove(argv + 1, argv, (size_t)(at - argv) * sizeof(*argv));
	*argv = name;
	return row;
}

int commands_run(char **argv)
{
	char **words = argv + 1;
	const struct command_row *row = NULL;

	if (*words && is_help(*words)) {
		overview(stdout);
		return 0;
	}
	if (*words && (!strcmp(*words, "--version") || !strcmp(*words, "-V") || !strcmp(*words, "-v")))
		return version_command((char *[]){ *words, NULL });
	if (*words && !strcmp(*words, "clock") && words[1] && is_help(words[1]))
		return clock_help();
	if (*words)
		row = find_command(&words);
	if (row)
		return run_named(row, words);
	if (*words && !strcmp(*words, "clock")) {
		fprintf(stderr, "tick86: clock: usage: tick86 clock replay|record|plot ...; tick86 help clock tells more\n");
		return COMMAND_LINE_WRONG;
	}
	row = command_behind_options(words);
	return row ? row->run(words) : run_command_row.run(argv);
}
