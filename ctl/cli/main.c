/* SPDX-License-Identifier: BSD-2-Clause */
/* sekisho: arguments, help, and which command it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/nearest.h"
#include "cli/cli.h"

static const struct command commands[] = {
	{ "status", NULL, "controller, worker, and each connection with its children", cmd_status },
	{ "sas", NULL, "IKE SAs and Child SAs: SPIs, endpoints, algorithms, traffic, ages",
	  cmd_sas },
	{ "policies", NULL, "the SPD in force, in its order", cmd_policies },
	{ "counters", NULL, "what became of every packet, drops by reason", cmd_counters },
	{ "drops", NULL, "watch what is dropped, as it happens: why, where, which packet",
	  cmd_drops },
	{ "up", "NAME", "bring up a connection, or one child (CHILD, or CONN/CHILD)", cmd_up },
	{ "down", "NAME", "take it down", cmd_down },
	{ "reload", NULL, "read the configuration again; with a mistake nothing changes",
	  cmd_reload },
	{ "check", "FILE", "tell all mistakes of a configuration file, apply nothing", cmd_check },
	{ "version", NULL, "versions of this program and of the controller", cmd_version },
};

static void print_help(FILE *to)
{
	fputs("usage: sekisho [--instance NAME] [--json] COMMAND [ARGUMENT]\n\n", to);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-8s %-6s  %s\n", commands[i].name,
			commands[i].argument ? commands[i].argument : "", commands[i].help);
	fputs("\n"
	      "  --instance NAME   another gateway on this machine, as its daemons were started\n"
	      "  --json            the answer as JSON: all numbers, stable names\n"
	      "  --timeout S       how long up and down wait, 30 seconds if not said; drops "
	      "watches\n"
	      "  --socket PATH     another VICI socket; strongSwan's can show its sas, too\n"
	      "\n"
	      "First steps:\n"
	      "  sekisho status                     is it running, what is up?\n"
	      "  sekisho up office                  connect now; start_action = trap in the\n"
	      "                                     configuration does it on the first packet\n"
	      "  sekisho counters                   packets vanish? The first lines say why.\n"
	      "  sekisho --json sas | jq .          for scripts\n"
	      "\n"
	      "Ends with 0: done, 1: refused or not so, 2: wrong usage, 3: the controller is not\n"
	      "running, 4: other trouble. The manual: sekisho(8), docs/configuration.md.\n",
	      to);
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int usage(const char *format, const char *what)
{
	fputs("sekisho: ", stderr);
	fprintf(stderr, format, what);
	fputs(" (sekisho --help)\n", stderr);
	return EXIT_USAGE;
}

static int tell_unknown(const char *name)
{
	const char *near =
		nearest_word(name, &commands[0].name, ARRAY_SIZE(commands), sizeof(commands[0]));

	if (near)
		fprintf(stderr, "sekisho: no command '%s', did you mean '%s'? (sekisho --help)\n",
			name, near);
	else
		usage("no command '%s'", name);
	return EXIT_USAGE;
}

/* The rule of dp_run_dir(): a name becomes part of paths. */
static bool is_instance(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	size_t len = strlen(name);

	return len >= 1 && len <= 32 && *name != '.' && strspn(name, allowed) == len;
}

static bool is_option(const char *text, const char *name, const char **ret_value)
{
	size_t len = strlen(name);

	if (strncmp(text, name, len))
		return false;
	*ret_value = text[len] == '=' ? text + len + 1 : NULL;
	return !text[len] || text[len] == '=';
}

/* Arguments that are not options: command and its argument. */
struct words {
	const char *word[2];
	unsigned n;
};

/* One argument from argv[*at] on. EXIT_DONE: go on. */
static int take_argument(struct cli *cli, struct words *words, char **argv, int *at)
{
	const char *text = argv[*at], *value = NULL;
	bool is_named = is_option(text, "--instance", &value);
	bool is_timed = !is_named && is_option(text, "--timeout", &value);
	bool is_path = !is_named && !is_timed && is_option(text, "--socket", &value);

	if (!strcmp(text, "--json")) {
		cli->is_json = true;
		return EXIT_DONE;
	}
	if (*text != '-') {
		if (words->n == ARRAY_SIZE(words->word))
			return usage("'%s' is too much", text);
		words->word[words->n++] = text;
		return EXIT_DONE;
	}
	if (!is_named && !is_timed && !is_path)
		return usage("no option '%s'", text);
	if (!value)
		value = argv[*at + 1] ? argv[++*at] : "";
	if (is_path)
		cli->socket = value;
	if (is_named && !is_instance(value))
		return usage("'%s' is no name of an instance", value);
	if (is_named)
		cli->instance = value;
	if (is_timed &&
	    (strspn(value, "0123456789") != strlen(value) || !atoi(value) || strlen(value) > 5))
		return usage("--timeout needs a number of seconds, not '%s'", value);
	if (is_timed)
		cli->timeout_s = (unsigned)atoi(value);
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	struct cli cli = {};
	struct words words = {};
	const struct command *command;
	int result;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			print_help(stdout);
			return EXIT_DONE;
		}
		result = take_argument(&cli, &words, argv, &i);
		if (result)
			return result;
	}
	if (!words.n) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	command = command_find(words.word[0]);
	if (!command)
		return tell_unknown(words.word[0]);
	if (!command->argument != (words.n == 1))
		return usage(command->argument ? "%s needs an argument" : "%s takes no argument",
			     command->name);
	result = command->run(&cli, words.word[1]);
	vici_close(cli.client);
	return result;
}
