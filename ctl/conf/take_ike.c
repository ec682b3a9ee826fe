/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of section `ike`, and of IKE in connections; words that stand for numbers. The row's
 * `accept` says which. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "conf/build.h"

/* accept "yes=0 no=2": words and what they stand for. */
void take_word(struct build *b, const struct row *row, const struct node *at, const char *text,
	       void *to)
{
	size_t len = strlen(text);

	for (const char *w = row->accept; w; w = strchr(w, ' ') ? strchr(w, ' ') + 1 : NULL) {
		if (strncmp(w, text, len) != 0 || w[len] != '=')
			continue;
		*(unsigned *)to = (unsigned)strtoul(w + len + 1, NULL, 10);
		return;
	}
	mistake(b, at, "%s = %s: %s", row->name, text, row->why);
}

/* Digits with at most three of them behind a point, in thousandths. */
static int value_thousandths(const char *text, uint64_t *ret_n)
{
	size_t whole = strspn(text, "0123456789"), part = 0;
	char digits[16];

	if (text[whole] == '.')
		part = strspn(text + whole + 1, "0123456789");
	if (!whole || whole > 9 || part > 3 || text[whole + (part ? part + 1 : 0)])
		return -1;
	snprintf(digits, sizeof(digits), "%.*s%.*s%.*s", (int)whole, text, (int)part,
		 part ? text + whole + 1 : "", (int)(3 - part), "000");
	return value_number(digits, UINT32_MAX, ret_n);
}

static void take_within(struct build *b, const struct row *row, const struct node *at,
			const char *text, uint64_t n, uint32_t *to)
{
	char *end;
	uint64_t min = strtoull(row->accept, &end, 10), max = strtoull(end, NULL, 10);

	if (n < min || n > max)
		mistake(b, at, "%s = %s: %s", row->name, text, row->why);
	else
		*to = (uint32_t)n;
}

/* accept "min max" */
void take_range(struct build *b, const struct row *row, const struct node *at, const char *text,
		void *to)
{
	uint64_t n = UINT64_MAX;

	if (value_number(text, UINT32_MAX, &n))
		n = UINT64_MAX;
	take_within(b, row, at, text, n, to);
}

/* accept "min max", in thousandths */
void take_thousandths(struct build *b, const struct row *row, const struct node *at,
		      const char *text, void *to)
{
	uint64_t n = UINT64_MAX;

	if (value_thousandths(text, &n))
		n = UINT64_MAX;
	take_within(b, row, at, text, n, to);
}

/* strongSwan's yes and no; never is ours: no NAT traversal at all. */
void take_encap(struct build *b, const struct row *row, const struct node *at, const char *text,
		void *to)
{
	struct conn *conn = to;

	conn->is_encap_forbidden = !strcmp(text, "never");
	if (!conn->is_encap_forbidden)
		take_bool(b, row, at, text, &conn->is_encap_forced);
}

void take_gateway(struct build *b, const struct row *row, const struct node *at, const char *text,
		  void *to)
{
	if (gateway_parse(text, to))
		mistake(b, at, "%s = %s: an IP address or the name of a host", row->name, text);
}
