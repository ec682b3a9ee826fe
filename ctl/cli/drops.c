/* SPDX-License-Identifier: BSD-2-Clause */
/* `sekisho drops`: what is dropped, as it happens. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

static const struct shape drop_keys[] = {
	{ "time-ns", "time_ns", SHAPE_NUM },
	{ "where", "where", SHAPE_TEXT },
	{ "reason", "reason", SHAPE_TEXT },
	{ "text", "text", SHAPE_TEXT },
	{ "interface", "interface", SHAPE_TEXT },
	{ "bytes", "bytes", SHAPE_NUM },
	{ "child", "child", SHAPE_TEXT },
	{ "src", "src", SHAPE_TEXT },
	{ "dst", "dst", SHAPE_TEXT },
	{ "proto", "proto", SHAPE_NUM },
	{ "src-port", "src_port", SHAPE_NUM },
	{ "dst-port", "dst_port", SHAPE_NUM },
	{ "icmp-type", "icmp_type", SHAPE_NUM },
	{ "icmp-code", "icmp_code", SHAPE_NUM },
	{ "spi", "spi", SHAPE_HEX },
	{ "fragment", "is_later_fragment", SHAPE_YES },
	{ "missed", "missed", SHAPE_NUM },
	{ "head", "head", SHAPE_TEXT },
};

struct watch {
	struct cli *cli;
	long long missed; /* that was told last; -1: nothing yet */
};

static const char *proto_name(long long proto, char *buf, size_t size)
{
	static const struct {
		long long number;
		const char *name;
	} known[] = { { 1, "icmp" }, { 6, "tcp" },     { 17, "udp" },  { 50, "esp" },
		      { 51, "ah" },  { 58, "icmpv6" }, { 132, "sctp" } };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].number == proto)
			return known[i].name;
	snprintf(buf, size, "proto %lld", proto);
	return buf;
}

static void print_packet(const json_t *d)
{
	char buf[32];

	if (!*text_at(d, "src")) {
		printf("%.40s", text_at(d, "head"));
		return;
	}
	printf("%s > %s %s", text_at(d, "src"), text_at(d, "dst"),
	       proto_name(num_at(d, "proto"), buf, sizeof(buf)));
	if (is_at(d, "is_later_fragment"))
		fputs(" later fragment", stdout);
	else if (json_is_integer(json_object_get(d, "src_port")))
		printf(" %lld > %lld", num_at(d, "src_port"), num_at(d, "dst_port"));
	else if (json_is_integer(json_object_get(d, "icmp_type")))
		printf(" type %lld code %lld", num_at(d, "icmp_type"), num_at(d, "icmp_code"));
	else if (*text_at(d, "spi"))
		printf(" SPI %s", text_at(d, "spi"));
}

static void print_drop(const json_t *d)
{
	printf("%s %s %s: ", text_at(d, "where"), text_at(d, "interface"), text_at(d, "reason"));
	print_packet(d);
	if (*text_at(d, "child"))
		printf(", of %s", text_at(d, "child"));
	printf(", %lld bytes (%s)\n", num_at(d, "bytes"), text_at(d, "text"));
}

static void on_drop(json_t *message, void *arg)
{
	struct watch *w = arg;
	json_t *d = shape(drop_keys, ARRAY_SIZE(drop_keys), message);
	long long missed = num_at(d, "missed");

	if (w->cli->is_json) {
		json_dumpf(d, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		if (w->missed >= 0 && missed > w->missed)
			printf("... %lld more in between\n", missed - w->missed);
		print_drop(d);
	}
	w->missed = missed;
	json_decref(d);
	fflush(stdout);
}

/* Until it is interrupted, or as long as --timeout says. The daemon watches for a second at a time.
 */
int cmd_drops(struct cli *cli, const char *argument)
{
	struct watch watch = { cli, -1 };
	time_t end = cli->timeout_s ? time(NULL) + (time_t)cli->timeout_s : 0;
	int result = EXIT_DONE;

	(void)argument;
	while (!result && (!end || time(NULL) < end)) {
		json_t *answer = ask_each(cli, "drops", NULL, "drop", on_drop, &watch, &result);
		if (answer && !strcmp(text_at(answer, "success"), "no")) {
			fprintf(stderr, "sekisho: drops: %s\n", text_at(answer, "errmsg"));
			result = EXIT_REFUSED;
		}
		json_decref(answer);
	}
	return result;
}
