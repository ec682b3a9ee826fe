/* SPDX-License-Identifier: BSD-2-Clause */
/* `sekisho status`, `policies`, `counters`, `version`. */
#include <stdio.h>
#include <string.h>
#include "base/version.h"
#include "cli/cli.h"

#define LIST_TEXT_MAX 1024

/* ---- status ----------------------------------------------------------------------- */

static const struct shape status_keys[] = {
	{ "daemon", "daemon", SHAPE_TEXT },
	{ "version", "version", SHAPE_TEXT },
	{ "instance", "instance", SHAPE_TEXT },
	{ "config", "config", SHAPE_TEXT },
	{ "pid", "pid", SHAPE_NUM },
	{ "uptime", "uptime_s", SHAPE_NUM },
	{ "default-action", "default_action", SHAPE_TEXT },
	{ "policies", "policies", SHAPE_NUM },
	{ "sas", "sas", SHAPE_NUM },
};
static const struct shape worker_keys[] = {
	{ "alive", "is_alive", SHAPE_YES },
	{ "ports", "interfaces", SHAPE_NUM },
};
static const struct shape conn_keys[] = {
	{ "state", "state", SHAPE_TEXT },
	{ "remote-host", "remote_addr", SHAPE_TEXT },
	{ "remote-port", "remote_port", SHAPE_NUM },
	{ "last-error", "last_error", SHAPE_TEXT },
	{ "last-error-age", "last_error_age_s", SHAPE_NUM },
};
static const struct shape child_keys[] = {
	{ "state", "state", SHAPE_TEXT },
	{ "start", "start_action", SHAPE_TEXT },
};

static json_t *named(const char *name, const struct shape *shapes, size_t n, const json_t *section)
{
	json_t *out = json_pack("{s:s}", "name", name), *keys = shape(shapes, n, section);

	json_object_update(out, keys);
	json_decref(keys);
	return out;
}

static json_t *status_json(const json_t *answer)
{
	json_t *out = shape(status_keys, ARRAY_SIZE(status_keys), answer), *conns = json_array();
	json_t *section, *child;
	const char *name, *child_name;

	json_object_set_new(out, "worker",
			    shape(worker_keys, ARRAY_SIZE(worker_keys),
				  json_object_get(answer, "worker")));
	json_object_foreach(json_object_get(answer, "conns"), name, section) {
		json_t *conn = named(name, conn_keys, ARRAY_SIZE(conn_keys), section);
		json_t *children = json_array();

		json_object_foreach(json_object_get(section, "children"), child_name, child)
			json_array_append_new(children, named(child_name, child_keys,
							      ARRAY_SIZE(child_keys), child));
		json_object_set_new(conn, "children", children);
		json_array_append_new(conns, conn);
	}
	json_object_set_new(out, "connections", conns);
	return out;
}

static void print_conn(const json_t *conn)
{
	const json_t *children = json_object_get(conn, "children");
	char age[SPAN_MAX];

	printf("%-24s %-12s %s\n", text_at(conn, "name"), text_at(conn, "state"),
	       text_at(conn, "remote_addr"));
	if (*text_at(conn, "last_error"))
		printf("  last error, %s ago: %s\n", span(num_at(conn, "last_error_age_s"), age),
		       text_at(conn, "last_error"));
	for (size_t i = 0; i < json_array_size(children); i++) {
		const json_t *child = json_array_get(children, i);

		printf("  %-22s %-12s start_action %s\n", text_at(child, "name"),
		       text_at(child, "state"), text_at(child, "start_action"));
	}
}

static void print_status(const json_t *status)
{
	const json_t *worker = json_object_get(status, "worker");
	const json_t *conns = json_object_get(status, "connections");
	char text[SPAN_MAX];

	printf("controller  %s %s, pid %lld, up %s\n", text_at(status, "daemon"),
	       text_at(status, "version"), num_at(status, "pid"),
	       span(num_at(status, "uptime_s"), text));
	if (is_at(worker, "is_alive"))
		printf("worker      running, serves %lld interface%s\n",
		       num_at(worker, "interfaces"), num_at(worker, "interfaces") == 1 ? "" : "s");
	else
		printf("worker      NOT RUNNING: what needs protection is dropped\n");
	if (*text_at(status, "instance"))
		printf("instance    %s\n", text_at(status, "instance"));
	printf("config      %s\n", text_at(status, "config"));
	printf("policies    %lld, otherwise %s\n", num_at(status, "policies"),
	       text_at(status, "default_action"));
	printf("SAs         %lld\n\n", num_at(status, "sas"));
	for (size_t i = 0; i < json_array_size(conns); i++)
		print_conn(json_array_get(conns, i));
	if (!json_array_size(conns))
		puts("no connections");
}

int cmd_status(struct cli *cli, const char *argument)
{
	int result;
	json_t *answer = ask(cli, "status", NULL, NULL, &result), *status;

	(void)argument;
	if (!answer)
		return result;
	status = status_json(answer);
	json_decref(answer);
	if (!is_at(json_object_get(status, "worker"), "is_alive"))
		result = EXIT_REFUSED;
	if (cli->is_json) {
		print_json(status);
		return result;
	}
	print_status(status);
	json_decref(status);
	return result;
}

/* ---- policies --------------------------------------------------------------------- */

static const struct shape policy_keys[] = {
	{ "order", "order", SHAPE_NUM },	 { "action", "action", SHAPE_TEXT },
	{ "conn", "connection", SHAPE_TEXT },	 { "child", "child", SHAPE_TEXT },
	{ "slot", "slot", SHAPE_NUM },		 { "sa-out", "sa_out", SHAPE_NUM },
	{ "state", "state", SHAPE_TEXT },	 { "local-ts", "local_ts", SHAPE_LIST },
	{ "remote-ts", "remote_ts", SHAPE_LIST }, { "interface", "interface", SHAPE_TEXT },
	{ "direction", "direction", SHAPE_TEXT }, { "reject", "is_answered", SHAPE_YES },
};

static void print_policy(const json_t *p)
{
	char local[LIST_TEXT_MAX], remote[LIST_TEXT_MAX];
	bool is_of_child = *text_at(p, "child");

	printf("%5lld  %-8s  %-28s  %-28s", num_at(p, "order"), text_at(p, "action"),
	       list_at(p, "local_ts", local, sizeof(local)),
	       list_at(p, "remote_ts", remote, sizeof(remote)));
	if (is_of_child)
		printf("  %s/%s", text_at(p, "connection"), text_at(p, "child"));
	if (is_of_child && *text_at(p, "state"))
		printf("  %s", text_at(p, "state"));
	if (*text_at(p, "interface"))
		printf("  on %s", text_at(p, "interface"));
	if (*text_at(p, "direction"))
		printf("  %s only", text_at(p, "direction"));
	if (is_at(p, "is_answered"))
		printf("  answered");
	putchar('\n');
}

int cmd_policies(struct cli *cli, const char *argument)
{
	int result;
	json_t *events = ask(cli, "policies", NULL, "policy", &result), *list = json_array();

	(void)argument;
	if (!events) {
		json_decref(list);
		return result;
	}
	for (size_t i = 0; i < json_array_size(events); i++)
		json_array_append_new(list, shape(policy_keys, ARRAY_SIZE(policy_keys),
						  json_array_get(events, i)));
	json_decref(events);
	if (cli->is_json) {
		print_json(json_pack("{s:o}", "policies", list));
		return EXIT_DONE;
	}
	printf("%5s  %-8s  %-28s  %-28s  %s\n", "order", "action", "local", "remote", "child");
	for (size_t i = 0; i < json_array_size(list); i++)
		print_policy(json_array_get(list, i));
	json_decref(list);
	return EXIT_DONE;
}

/* ---- counters --------------------------------------------------------------------- */

static const struct shape counter_keys[] = {
	{ "value", "value", SHAPE_NUM },
	{ "text", "text", SHAPE_TEXT },
};

static json_t *counters_json(const json_t *answer)
{
	json_t *out = json_object(), *section, *one;
	const char *name, *counter;

	json_object_foreach((json_t *)answer, name, section) {
		json_t *list = json_object();

		json_object_foreach(section, counter, one)
			json_object_set_new(list, counter,
					    shape(counter_keys, ARRAY_SIZE(counter_keys), one));
		json_object_set_new(out, name, list);
	}
	return out;
}

static void print_counters(const json_t *counters, bool is_zero)
{
	json_t *section, *one;
	const char *name, *counter;

	json_object_foreach((json_t *)counters, name, section)
		json_object_foreach(section, counter, one)
			if (!num_at(one, "value") == is_zero)
				printf("%16lld  %-6s  %-18s  %s\n", num_at(one, "value"), name,
				       counter, text_at(one, "text"));
}

int cmd_counters(struct cli *cli, const char *argument)
{
	int result;
	json_t *answer = ask(cli, "counters", NULL, NULL, &result), *counters;

	(void)argument;
	if (!answer)
		return result;
	counters = counters_json(answer);
	json_decref(answer);
	if (cli->is_json) {
		print_json(counters);
		return EXIT_DONE;
	}
	print_counters(counters, false);
	print_counters(counters, true);
	json_decref(counters);
	return EXIT_DONE;
}

/* ---- version ---------------------------------------------------------------------- */

/* Ours always; the daemon's when it runs. */
int cmd_version(struct cli *cli, const char *argument)
{
	int result;
	json_t *answer;

	(void)argument;
	if (!cli->is_json)
		printf("sekisho %s\n", SEKISHO_VERSION);
	answer = ask(cli, "version", NULL, NULL, &result);
	if (cli->is_json)
		print_json(json_pack("{s:s, s:o?}", "sekisho", SEKISHO_VERSION, "daemon", answer));
	else if (answer)
		printf("%s %s (%s %s %s)\n", text_at(answer, "daemon"),
		       text_at(answer, "version"), text_at(answer, "sysname"),
		       text_at(answer, "release"), text_at(answer, "machine"));
	if (!cli->is_json)
		json_decref(answer);
	return result;
}
