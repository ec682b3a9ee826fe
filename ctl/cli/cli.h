/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: what its files share. Every command asks the daemon over VICI, makes one
 * JSON value of the answer, and prints that, or text made of it: both say the same.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include "vici/client.h"

/* Exit codes, documented in sekisho(8): scripts rely on them. */
enum cli_exit {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1, /* the daemon says no, or what was asked for is not so */
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,
	EXIT_TROUBLE = 4, /* no permission, no answer, an answer that makes no sense */
};

struct cli {
	const char *instance; /* NULL: the default one */
	bool is_json;
	const char *socket;   /* NULL: the one of the instance */
	unsigned timeout_s;   /* 0: not said */
	struct vici_client *client;
};

struct command {
	const char *name, *argument, *help;
	/* argument NULL: takes none. Returns the exit code. */
	int (*run)(struct cli *cli, const char *argument);
};

int cmd_status(struct cli *cli, const char *argument);
int cmd_sas(struct cli *cli, const char *argument);
int cmd_policies(struct cli *cli, const char *argument);
int cmd_counters(struct cli *cli, const char *argument);
int cmd_drops(struct cli *cli, const char *argument);
int cmd_up(struct cli *cli, const char *argument);
int cmd_down(struct cli *cli, const char *argument);
int cmd_reload(struct cli *cli, const char *argument);
int cmd_check(struct cli *cli, const char *argument);
int cmd_version(struct cli *cli, const char *argument);

/* ask.c: one command to the daemon, connecting first. With `event` the result is an array of the
 * events' messages, else the response itself. NULL: told, *ret_exit says how it ended. */
json_t *ask(struct cli *cli, const char *command, const struct vici_msg *args, const char *event,
	    int *ret_exit);
/* The same, but `each` gets the messages as they come; returns the response. */
json_t *ask_each(struct cli *cli, const char *command, const struct vici_msg *args,
		 const char *event, void (*each)(json_t *message, void *arg), void *arg,
		 int *ret_exit);
/* Prints `value` as JSON and releases it. */
void print_json(json_t *value);

/* shape.c: a key of VICI as a key of our JSON. */
enum shape_type {
	SHAPE_TEXT,
	SHAPE_NUM,  /* null where it is missing */
	SHAPE_YES,  /* true or false; missing is false */
	SHAPE_HEX,  /* "0x" in front */
	SHAPE_LIST, /* of texts; missing is empty */
};
struct shape {
	const char *from, *to;
	enum shape_type type;
};
/* A new object with these members of `section`; never fails half-way, NULL: no memory. */
json_t *shape(const struct shape *shapes, size_t n, const json_t *section);

/* Text at a key, "" where it is missing. Number, 0 where it is missing. */
const char *text_at(const json_t *object, const char *key);
long long num_at(const json_t *object, const char *key);
bool is_at(const json_t *object, const char *key);
/* "2d 3h", "1h 2m", "65s" into a buffer of SPAN_MAX. */
#define SPAN_MAX 32
const char *span(long long seconds, char *buf);
/* The list at a key joined by blanks, "-" where it is empty, into buf. */
const char *list_at(const json_t *object, const char *key, char *buf, size_t size);

#endif
