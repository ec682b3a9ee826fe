/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of a child that are about the header outside of its packets (RFC 4301 5.1.2), and about
 * padding. Where swanctl.conf has the word it means the same. */
#include <string.h>
#include "conf/build.h"

#define DSCP_BITS 6u

void take_copy_df(struct build *b, const struct row *row, const struct node *at, const char *text,
		  void *to)
{
	struct conn_child *c = to;

	c->outer_flags &= (uint8_t)~(SA_DF_SET | SA_DF_CLEAR);
	if (!strcmp(text, "no"))
		c->outer_flags |= SA_DF_CLEAR;
	else if (!strcmp(text, "set"))
		c->outer_flags |= SA_DF_SET;
	else if (strcmp(text, "yes") != 0)
		mistake(b, at, "%s = %s: yes, no or set", row->name, text);
}

void take_copy_ecn(struct build *b, const struct row *row, const struct node *at, const char *text,
		   void *to)
{
	struct conn_child *c = to;
	bool is_copied = true;

	take_bool(b, row, at, text, &is_copied);
	c->outer_flags &= (uint8_t)~SA_ECN_OFF;
	if (!is_copied)
		c->outer_flags |= SA_ECN_OFF;
}

/* Outwards only, inwards only, both or neither; not outwards: zero, or outer_dscp. */
void take_copy_dscp(struct build *b, const struct row *row, const struct node *at,
		    const char *text, void *to)
{
	struct conn_child *c = to;
	bool is_out = !strcmp(text, "out") || !strcmp(text, "yes");
	bool is_in = !strcmp(text, "in") || !strcmp(text, "yes");

	if (!is_out && !is_in && strcmp(text, "no") != 0)
		mistake(b, at, "%s = %s: out, in, yes or no", row->name, text);
	c->is_dscp_copied = is_out;
	c->outer_flags &= (uint8_t)~SA_DSCP_IN;
	if (is_in)
		c->outer_flags |= SA_DSCP_IN;
}

/* Six bits, as `dscp` of a connection is written. */
void take_outer_dscp(struct build *b, const struct row *row, const struct node *at,
		     const char *text, void *to)
{
	struct conn_child *c = to;

	if (strspn(text, "01") != DSCP_BITS || text[DSCP_BITS]) {
		mistake(b, at, "%s = %s: six binary digits, 101110", row->name, text);
		return;
	}
	c->outer_flags |= SA_DSCP_FIXED;
	c->outer_dscp = 0;
	for (; *text; text++)
		c->outer_dscp = (uint8_t)(c->outer_dscp << 1 | (*text - '0'));
}

void take_outer_ttl(struct build *b, const struct row *row, const struct node *at, const char *text,
		    void *to)
{
	uint64_t n;

	if (value_number(text, 255, &n) || n == 0)
		mistake(b, at, "%s = %s: 1 to 255", row->name, text);
	else
		*(uint8_t *)to = (uint8_t)n;
}

void take_mss_clamp(struct build *b, const struct row *row, const struct node *at, const char *text,
		    void *to)
{
	struct conn_child *c = to;

	c->outer_flags &= (uint8_t)~SA_MSS_OFF;
	if (!strcmp(text, "no"))
		c->outer_flags |= SA_MSS_OFF;
	else if (strcmp(text, "auto") != 0)
		mistake(b, at, "%s = %s: auto or no", row->name, text);
}

void take_tfc(struct build *b, const struct row *row, const struct node *at, const char *text,
	      void *to)
{
	uint64_t n = SA_TFC_MTU;

	if (strcmp(text, "mtu") != 0 && value_number(text, SA_TFC_MTU - 1, &n))
		mistake(b, at, "%s = %s: a length in bytes, or mtu", row->name, text);
	*(uint16_t *)to = (uint16_t)n;
}
