/* tick86 completion: prints a script that completes tick86's commands and options in a shell, made from the rows of all commands. */
#include "emu/completion_command.h"

#include <string.h>

typedef void option_printer(const struct command_row *command, const struct option_row *option);

static void each_option(const struct command_row *command, option_printer *print)
{
	for (unsigned k = 0; k < OPTION_LISTS && command->options[k]; k++)
		for (const struct option_row *option = command->options[k]; option->name || option->shown; option++)
			if (option->name)
				print(command, option);
}

/* Prints text inside single quotes, as all three shells read it. */
static void print_quoted(const char *text)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
}

static const char *last_word(const struct command_row *command)
{
	const char *space = strchr(command->name, ' ');

	return space ? space + 1 : command->name;
}

/* --- bash ----------------------------------------------------------------------------------------------- */

static void bash_option(const struct command_row *command, const struct option_row *option)
{
	(void)command;
	printf(" %s%s", option->name, option->value == VALUE_NEEDED && option->name[1] == '-' ? "=" : "");
}

static void bash_commands(void)
{
	for (const struct command_row *const *row = command_rows; *row; row++)
		if (!strchr((*row)->name, ' '))
			printf(" %s", (*row)->name);
	printf(" clock");
}

static void bash(void)
{
	puts("# bash completion for tick86: made by tick86 completion bash\n"
	     "_tick86() {\n"
	     "\tlocal cur=${COMP_LINE:0:COMP_POINT} command=run place=0 word words\n"
	     "\tread -ra words <<<\"$cur\"\n"
	     "\t[[ $cur == *[[:space:]] ]] && words+=('')\n"
	     "\tcur=${words[-1]}\n"
	     "\tunset 'words[-1]'\n"
	     "\tfor word in \"${words[@]:1}\"; do\n"
	     "\t\tcase $word in\n"
	     "\t\t-*) continue ;;");
	printf("\t\tclock |");
	for (const struct command_row *const *row = command_rows; *row; row++)
		printf(" %s%s", last_word(*row), row[1] ? " |" : ") ");
	puts("[ \"$place\" = 0 ] && [ \"$command\" = clock ] && command=\"clock $word\" || { [ \"$place\" = 0 ] && command=$word; } ;;\n"
	     "\t\t*) place=1 ;;\n"
	     "\t\tesac\n"
	     "\tdone\n"
	     "\tcase $command in");
	for (const struct command_row *const *row = command_rows; *row; row++) {
		printf("\t\"%s\") words='", (*row)->name);
		each_option(*row, bash_option);
		puts(" --help' ;;");
	}
	printf("\tclock) words='replay record plot' ;;\n"
	       "\tesac\n"
	       "\tCOMPREPLY=()\n"
	       "\tif [[ $cur == -* || $command == clock ]]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	       "\t\t[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
	       "\telif [ \"$COMP_CWORD\" = 1 ] || [ \"$command\" = help ]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W '");
	bash_commands();
	puts("' -- \"$cur\"; [ \"$command\" = help ] || compgen -c -- \"$cur\")\n"
	     "\telif [ \"$command\" = run ] || [ \"$command\" = record ]; then\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -c -- \"$cur\"; compgen -f -- \"$cur\")\n"
	     "\tfi\n"
	     "}\n"
	     "complete -o default -F _tick86 tick86");
}

/* --- zsh ------------------------------------------------------------------------------------------------ */

static void zsh_option(const struct command_row *command, const struct option_row *option)
{
	(void)command;
	printf(" \\\n\t\t'%s%s[", option->name, option->value == VALUE_NONE ? "" : option->name[1] == '-' ? "=" : "+");
	for (const char *c = option->help; *c; c++) {
		if (strchr("[]:\\", *c))
			putchar('\\');
		print_quoted((char[]){ *c, '\0' });
	}
	printf("]%s'", option->value == VALUE_NONE ? "" : ":value:_files");
}

static void zsh(void)
{
	bool two;

	puts("#compdef tick86\n"
	     "# zsh completion for tick86: made by tick86 completion zsh\n"
	     "_tick86() {\n"
	     "\tlocal -a commands\n"
	     "\tcommands=(");
	for (const struct command_row *const *row = command_rows; *row; row++) {
		if (strchr((*row)->name, ' '))
			continue;
		printf("\t\t'%s:", (*row)->name);
		print_quoted((*row)->does);
		puts("'");
	}
	puts("\t\t'clock:Commands for host clock traces'\n"
	     "\t)\n"
	     "\tif (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
	     "\t\t_describe command commands\n"
	     "\t\t_command_names -e\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tcase \"$words[2] $words[3]\" in");
	for (const struct command_row *const *row = command_rows; *row; row++) {
		if (*row == command_rows[0]) /* run, whose name may be left out, is the default at the end */
			continue;
		two = strchr((*row)->name, ' ');
		printf("\t%s%s%s) _arguments -S", two ? "'" : "", (*row)->name, two ? "'" : "\\ *");
		each_option(*row, zsh_option);
		puts(" '*::argument:_normal' ;;");
	}
	printf("\t'clock '*) _values command replay record plot ;;\n"
	       "\t*) _arguments -S");
	each_option(command_rows[0], zsh_option);
	puts(" '*::argument:_normal' ;;\n"
	     "\tesac\n"
	     "}\n"
	     "_tick86 \"$@\"");
}

/* --- fish ----------------------------------------------------------------------------------------------- */

static void fish_option(const struct command_row *command, const struct option_row *option)
{
	bool is_long = option->name[1] == '-';

	printf("complete -c tick86 -n '");
	if (command == command_rows[0])
		printf("not __fish_seen_subcommand_from");
	else
		printf("__fish_seen_subcommand_from %s; and not __fish_seen_subcommand_from", last_word(command));
	for (const struct command_row *const *row = command_rows + 1; *row; row++)
		if (strcmp(last_word(*row), last_word(command)) != 0 && !strchr((*row)->name, ' '))
			printf(" %s", (*row)->name);
	printf("' %s %s%s -d '", is_long ? "-l" : "-s", option->name + (is_long ? 2 : 1), option->value == VALUE_NEEDED ? " -r" : "");
	print_quoted(option->help);
	puts("'");
}

static void fish(void)
{
	puts("# fish completion for tick86: made by tick86 completion fish");
	for (const struct command_row *const *row = command_rows; *row; row++) {
		bool two = strchr((*row)->name, ' ');

		printf("complete -c tick86 -n '%s' -a %s -d '", two ? "__fish_seen_subcommand_from clock" : "__fish_is_first_arg",
			last_word(*row));
		print_quoted((*row)->does);
		puts("'");
	}
	puts("complete -c tick86 -n '__fish_is_first_arg' -a clock -d 'Commands for host clock traces'");
	for (const struct command_row *const *row = command_rows; *row; row++)
		each_option(*row, fish_option);
}

/* --- the row -------------------------------------------------------------------------------------------- */

static int completion_command(char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
	char *word[2];
	int status;

	if (!command_read(&completion_command_row, argv, NULL, word, &status))
		return status;
	for (size_t k = 0; k < sizeof(shells) / sizeof(shells[0]); k++) {
		if (!strcmp(word[0], shells[k].name)) {
			shells[k].print();
			return 0;
		}
	}
	return command_wrong(&completion_command_row, "the shell is bash, zsh or fish");
}

const struct command_row completion_command_row = {
	.name = "completion",
	.words = "bash|zsh|fish",
	.does = "Print a script that completes tick86's words in a shell.",
	.notes = "make install puts the scripts where the shells look for them.\n",
	.statuses = "  0, or 2 if the command line is wrong\n",
	.example = "source <(tick86 completion bash)",
	.least = 1,
	.most = 1,
	.run = completion_command,
};
