/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking the daemon, and its messages as JSON. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"

#define SOCKET_PATH_MAX 128
#define ANSWER_MS 10000u /* a daemon that is alive answers at once, up and down by their timeout */

/* ---- Messages as JSON ------------------------------------------------------------- */

static json_t *value_json(struct reader value)
{
	json_t *text = json_stringn((const char *)value.at, rd_left(&value));

	return text ? text : json_string("(not text)"); /* values are UTF-8, or not for JSON */
}

/* Sections become objects, lists arrays, values strings. The message was checked before. */
static json_t *message_json(struct reader message)
{
	struct vici_walk w = vici_walk(message);
	json_t *open[VICI_DEPTH_MAX + 1] = { json_object() }, *list = NULL, *one;
	struct vici_item item;

	while (!vici_next(&w, &item) && item.type != VICI_END) {
		switch (item.type) {
		case VICI_SECTION_START:
			one = json_object();
			json_object_set_new(open[w.depth - 1], item.name, one);
			open[w.depth] = one;
			break;
		case VICI_KEY_VALUE:
			json_object_set_new(open[w.depth], item.name, value_json(item.value));
			break;
		case VICI_LIST_START:
			list = json_array();
			json_object_set_new(open[w.depth], item.name, list);
			break;
		case VICI_LIST_ITEM:
			json_array_append_new(list, value_json(item.value));
			break;
		default:
			break;
		}
	}
	return open[0];
}

void print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
}

/* ---- Asking ----------------------------------------------------------------------- */

static void socket_path(const struct cli *cli, char *ret_path, size_t size)
{
	if (cli->socket)
		snprintf(ret_path, size, "%s", cli->socket);
	else
		snprintf(ret_path, size, "/run/sekisho%s%s/sekisho.vici",
			 cli->instance ? "@" : "", cli->instance ? cli->instance : "");
}

static int tell_unreachable(const struct cli *cli, const char *path, int r)
{
	char unit[64] = "sekishod";

	if (cli->instance)
		snprintf(unit, sizeof(unit), "sekishod@%s", cli->instance);
	if (r == -ENOENT || r == -ECONNREFUSED) {
		fprintf(stderr,
			"sekisho: the gateway's controller is not running: nobody answers at %s\n"
			"         (systemctl start %s, or sekishod%s%s)\n",
			path, unit, cli->instance ? " --instance " : "",
			cli->instance ? cli->instance : "");
		return EXIT_NO_DAEMON;
	}
	if (r == -EACCES)
		fprintf(stderr, "sekisho: only root may talk to the gateway (%s)\n", path);
	else
		fprintf(stderr, "sekisho: %s: %s\n", path, strerror(-r));
	return EXIT_TROUBLE;
}

static int connect_once(struct cli *cli)
{
	unsigned ms = cli->timeout_s * 1000 + ANSWER_MS;
	char path[SOCKET_PATH_MAX];
	int r;

	if (cli->client)
		return EXIT_DONE;
	socket_path(cli, path, sizeof(path));
	r = vici_open(path, ms, &cli->client);
	return r ? tell_unreachable(cli, path, r) : EXIT_DONE;
}

static int tell_failed(const char *command, int r)
{
	switch (r) {
	case -ENOSYS:
		fprintf(stderr, "sekisho: this sekishod does not know the command '%s'\n", command);
		break;
	case -ETIMEDOUT:
		fprintf(stderr, "sekisho: sekishod does not answer\n");
		break;
	case -ECONNRESET:
	case -EPIPE:
		fprintf(stderr, "sekisho: sekishod closed the connection\n");
		break;
	default:
		fprintf(stderr, "sekisho: %s: %s\n", command, strerror(-r));
	}
	return EXIT_TROUBLE;
}

struct each_json {
	void (*each)(json_t *message, void *arg);
	void *arg;
};

static void on_event(struct reader message, void *arg)
{
	struct each_json *to = arg;
	json_t *json = message_json(message);

	to->each(json, to->arg);
	json_decref(json);
}

json_t *ask_each(struct cli *cli, const char *command, const struct vici_msg *args,
		 const char *event, void (*each)(json_t *message, void *arg), void *arg,
		 int *ret_exit)
{
	struct each_json to = { each, arg };
	struct reader response;
	int r;

	*ret_exit = connect_once(cli);
	if (*ret_exit)
		return NULL;
	r = vici_call(cli->client, command, args, event, on_event, &to, &response);
	if (!r)
		return message_json(response);
	vici_close(cli->client);
	cli->client = NULL;
	*ret_exit = tell_failed(command, r);
	return NULL;
}

static void collect(json_t *message, void *arg)
{
	json_array_append(arg, message);
}

json_t *ask(struct cli *cli, const char *command, const struct vici_msg *args, const char *event,
	    int *ret_exit)
{
	json_t *events = json_array();
	json_t *response = ask_each(cli, command, args, event, collect, events, ret_exit);

	if (!event || !response) {
		json_decref(events);
		return response;
	}
	json_decref(response);
	return events;
}
