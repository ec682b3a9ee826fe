/* SPDX-License-Identifier: BSD-2-Clause */
/* `sekisho up`, `down`, `reload`, `check`: what changes something, or says what would. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"

#define TIMEOUT_S 30u /* of up and down: some retransmissions to a peer that is slow to wake */

/* ---- Which connection or child? --------------------------------------------------- */

struct target {
	const char *conn, *child; /* NULL: not named */
	char text[256];           /* "conn\0child" of CONN/CHILD */
};

/* How many connections have a child of this name; the last of them. */
static unsigned count_owners(const json_t *conns, const char *child, const char **ret_conn)
{
	const char *name;
	json_t *conn;
	unsigned n = 0;

	json_object_foreach((json_t *)conns, name, conn)
		if (json_object_get(json_object_get(conn, "children"), child)) {
			*ret_conn = name;
			n++;
		}
	return n;
}

static int split(const char *argument, char *slash, struct target *ret)
{
	size_t len = (size_t)(slash - argument);

	if (strlen(argument) >= sizeof(ret->text) || !len || !slash[1]) {
		fprintf(stderr, "sekisho: '%s' is no CONN/CHILD\n", argument);
		return EXIT_USAGE;
	}
	strcpy(ret->text, argument);
	ret->text[len] = '\0';
	ret->conn = ret->text;
	ret->child = ret->text + len + 1;
	return EXIT_DONE;
}

/* NAME is a connection, or else a child that only one connection has, or CONN/CHILD. The texts
 * of *ret live as long as argument and status do. */
static int target_find(const json_t *status, const char *argument, struct target *ret)
{
	const json_t *conns = json_object_get(status, "conns");
	char *slash = strchr(argument, '/');
	unsigned n;

	*ret = (struct target){};
	if (slash)
		return split(argument, slash, ret);
	if (json_object_get(conns, argument)) {
		ret->conn = argument;
		return EXIT_DONE;
	}
	n = count_owners(conns, argument, &ret->conn);
	ret->child = argument;
	if (n == 1)
		return EXIT_DONE;
	if (n)
		fprintf(stderr, "sekisho: %u connections have a child '%s': say CONN/%s\n", n,
			argument, argument);
	else
		fprintf(stderr,
			"sekisho: no connection or child '%s' (sekisho status lists them)\n",
			argument);
	return EXIT_REFUSED;
}

/* ---- Doing it --------------------------------------------------------------------- */

struct log {
	bool is_json;
	json_t *lines;
};

static void on_log(json_t *message, void *arg)
{
	struct log *log = arg;

	if (log->is_json)
		json_array_append(log->lines, json_object_get(message, "msg"));
	else
		printf("  %s\n", text_at(message, "msg"));
}

static bool is_success(const json_t *answer)
{
	return !strcmp(text_at(answer, "success"), "yes");
}

static int control(struct cli *cli, const char *command, const char *word,
		   const struct target *target)
{
	struct log log = { cli->is_json, json_array() };
	struct vici_msg args = {};
	json_t *answer;
	int result;

	if (target->child)
		vici_kv(&args, "child", target->child);
	if (target->conn)
		vici_kv(&args, "ike", target->conn);
	vici_kvf(&args, "timeout", "%u", cli->timeout_s * 1000);
	answer = ask_each(cli, command, &args, "control-log", on_log, &log, &result);
	vici_msg_fini(&args);
	if (!answer) {
		json_decref(log.lines);
		return result;
	}
	if (!is_success(answer))
		result = EXIT_REFUSED;
	if (cli->is_json) {
		print_json(json_pack("{s:b, s:s, s:o}", "success", result == EXIT_DONE, "error",
				     text_at(answer, "errmsg"), "log", log.lines));
	} else {
		json_decref(log.lines);
		if (result)
			fprintf(stderr, "sekisho: %s\n", text_at(answer, "errmsg"));
		else
			printf("%s%s%s is %s\n", target->conn ? target->conn : "",
			       target->conn && target->child ? "/" : "",
			       target->child ? target->child : "", word);
	}
	json_decref(answer);
	return result;
}

static int up_or_down(struct cli *cli, const char *command, const char *word, const char *argument)
{
	struct target target;
	int result;
	json_t *status;

	if (!cli->timeout_s)
		cli->timeout_s = TIMEOUT_S;
	status = ask(cli, "status", NULL, NULL, &result);
	if (!status)
		return result;
	result = target_find(status, argument, &target);
	if (!result)
		result = control(cli, command, word, &target);
	json_decref(status);
	return result;
}

int cmd_up(struct cli *cli, const char *argument)
{
	return up_or_down(cli, "initiate", "up", argument);
}

int cmd_down(struct cli *cli, const char *argument)
{
	return up_or_down(cli, "terminate", "down", argument);
}

/* ---- The configuration ------------------------------------------------------------ */

/* The answer of reload-settings and check: mistakes, one by line, then the verdict. */
static int print_verdict(struct cli *cli, json_t *answer, const char *good)
{
	const json_t *errors = json_object_get(answer, "errors");
	int result = is_success(answer) ? EXIT_DONE : EXIT_REFUSED;

	if (cli->is_json) {
		print_json(json_pack("{s:b, s:s, s:O?}", "success", result == EXIT_DONE, "error",
				     text_at(answer, "errmsg"), "mistakes", errors));
	} else {
		for (size_t i = 0; i < json_array_size(errors); i++)
			fprintf(stderr, "%s\n", json_string_value(json_array_get(errors, i)));
		if (result)
			fprintf(stderr, "sekisho: %s\n", text_at(answer, "errmsg"));
		else
			puts(good);
	}
	json_decref(answer);
	return result;
}

int cmd_reload(struct cli *cli, const char *argument)
{
	int result;
	json_t *answer = ask(cli, "reload-settings", NULL, NULL, &result);

	(void)argument;
	return answer ? print_verdict(cli, answer, "the configuration is in force") : result;
}

int cmd_check(struct cli *cli, const char *argument)
{
	char *path = realpath(argument, NULL); /* the daemon has another working directory */
	struct vici_msg args = {};
	json_t *answer;
	int result;

	if (!path) {
		fprintf(stderr, "sekisho: %s: %s\n", argument, strerror(errno));
		return EXIT_REFUSED;
	}
	vici_kv(&args, "file", path);
	free(path);
	answer = ask(cli, "check", &args, NULL, &result);
	vici_msg_fini(&args);
	return answer ? print_verdict(cli, answer, "no mistakes") : result;
}
