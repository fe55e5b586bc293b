/* The options of saving and restoring. */
#include <signal.h>
#include <string.h>

#include "emu/option_values.h"
#include "emu/options.h"

/* "INSNS" or "INSNS,exit". */
static bool option_save_at(struct parse *parse, const char *text)
{
	const char *comma = strchr(text, ',');
	char number[32];

	if (comma && strcmp(comma, ",exit") != 0)
		return option_fail(parse, "--save-at: '%s' is not 'exit'", comma + 1);
	parse->options->save_exit = comma;
	snprintf(number, sizeof(number), "%.*s", (int)(comma ? comma - text : (long)strlen(text)), text);
	return value_number(parse, number, 0, INT64_MAX, &parse->options->save_at);
}

static bool option_save_file(struct parse *parse, const char *text)
{
	parse->options->save_file = text;
	return *text || option_fail(parse, "--save-file needs the name of a file");
}

static bool can_be_saved_on(int number)
{
	static const int not_from_outside[] = { SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL };

	for (size_t k = 0; k < sizeof(not_from_outside) / sizeof(not_from_outside[0]); k++)
		if (number == not_from_outside[k])
			return false;
	return true;
}

static bool option_save_signal(struct parse *parse, const char *text)
{
	const char *name = strncmp(text, "SIG", 3) ? text : text + 3;

	for (int number = 1; number < SIGRTMIN; number++) {
		if (!sigabbrev_np(number) || strcmp(sigabbrev_np(number), name) != 0)
			continue;
		parse->options->save_signal = number;
		return can_be_saved_on(number) || option_fail(parse, "--save-signal: SIG%s cannot be taken from outside", name);
	}
	return option_fail(parse, "--save-signal: '%s' is not the name of a signal, such as USR2", text);
}

static bool option_policy(struct parse *parse, const char *text)
{
	static const struct word policies[] = { { "freeze", TK_FREEZE }, { "advance", TK_ADVANCE }, { NULL, 0 } };
	int policy;

	if (!value_word(parse, text, policies, &policy))
		return false;
	parse->options->away = (enum tk_away)policy;
	return true;
}

static bool option_host_khz(struct parse *parse, const char *text)
{
	return value_khz(parse, text, TK_MAX_KHZ, &parse->options->host_khz);
}

/* --- rows --------------------------------------------------------------------------------------------------- */

const struct option_row save_option_rows[] = {
	OPTION_HEADING("Saving"),
	OPTION("--save-at", VALUE_NEEDED, "INSNS[,exit]", option_save_at, "save the program when it has executed so many instructions"),
	OPTION("--save-signal", VALUE_NEEDED, "NAME", option_save_signal, "save it each time this signal comes from outside"),
	OPTION("--save-file", VALUE_NEEDED, "FILE", option_save_file, "the file to write (default PROGRAM.saved)"),
	OPTION_END,
};

const struct option_row restore_option_rows[] = {
	OPTION_HEADING("Restoring"),
	OPTION("--policy", VALUE_NEEDED, "freeze|advance", option_policy, "whether time has gone on meanwhile (default freeze)"),
	OPTION("--host-khz", VALUE_NEEDED, "K", option_host_khz, "claim that this host's TSC runs at K kHz; also 2.5GHz"),
	OPTION_END,
};
