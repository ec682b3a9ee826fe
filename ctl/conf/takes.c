/* SPDX-License-Identifier: BSD-2-Clause */
/* What each type of value means: one function for each, named in keys.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "conf/build.h"
#include "ike/id.h"

#define ITEM_MAX 512

/* Does the blank-separated list hold this word? */
static bool is_among(const char *word, const char *list)
{
	size_t len = strlen(word);

	for (const char *at = list; *at; at += strcspn(at, " "), at += strspn(at, " "))
		if (strcspn(at, " ") == len && !memcmp(at, word, len))
			return true;
	return false;
}

void take_only(struct build *b, const struct row *row, const struct node *at, const char *text,
	       void *to)
{
	(void)to;
	if (!is_among(text, row->accept))
		mistake(b, at, "not supported yet: %s = %s (%s)", row->name, text, row->why);
}

void take_ignored(struct build *b, const struct row *row, const struct node *at, const char *text,
		  void *to)
{
	(void)b, (void)row, (void)at, (void)text, (void)to;
}

/* ---- Numbers ---------------------------------------------------------------------- */

static bool time_text(struct build *b, const struct row *row, const struct node *at,
		      const char *text, uint64_t *ret_s)
{
	if (!value_time(text, ret_s))
		return true;
	mistake(b, at, "%s = %s: no time such as 4h, 30m, 10s or 90", row->name, text);
	return false;
}

void take_time(struct build *b, const struct row *row, const struct node *at, const char *text,
	       void *to)
{
	uint64_t s;

	if (time_text(b, row, at, text, &s))
		*(uint32_t *)to = (uint32_t)s;
}

void take_given_time(struct build *b, const struct row *row, const struct node *at,
		     const char *text, void *to)
{
	struct given *given = to;

	if (time_text(b, row, at, text, &given->n))
		given->is_set = true;
}

static bool number_text(struct build *b, const struct row *row, const struct node *at,
			const char *text, uint64_t max, uint64_t *ret_n)
{
	if (!value_number(text, max, ret_n))
		return true;
	mistake(b, at, "%s = %s: no number up to %llu", row->name, text, (unsigned long long)max);
	return false;
}

void take_given_count(struct build *b, const struct row *row, const struct node *at,
		      const char *text, void *to)
{
	struct given *given = to;

	if (number_text(b, row, at, text, UINT64_MAX / 16, &given->n))
		given->is_set = true;
}

void take_window(struct build *b, const struct row *row, const struct node *at, const char *text,
		 void *to)
{
	uint64_t n;

	if (number_text(b, row, at, text, SA_WINDOW_MAX, &n))
		*(uint32_t *)to = (uint32_t)n;
}

void take_port(struct build *b, const struct row *row, const struct node *at, const char *text,
	       void *to)
{
	uint64_t n;

	if (number_text(b, row, at, text, 65535, &n))
		*(uint16_t *)to = (uint16_t)n;
}

/* Ours: the daemon listens on two ports only. */
void take_ike_port(struct build *b, const struct row *row, const struct node *at, const char *text,
		   void *to)
{
	uint16_t port = 0;

	take_port(b, row, at, text, &port);
	if (port != 500 && port != 4500)
		mistake(b, at, "not supported yet: %s = %s (500 or 4500)", row->name, text);
	*(uint16_t *)to = port;
}

void take_tries(struct build *b, const struct row *row, const struct node *at, const char *text,
		void *to)
{
	uint64_t n = 0;

	if (!strcmp(text, "%forever") || number_text(b, row, at, text, 10000, &n))
		*(uint32_t *)to = (uint32_t)n;
}

void take_bool(struct build *b, const struct row *row, const struct node *at, const char *text,
	       void *to)
{
	if (is_among(text, "yes true 1 enabled"))
		*(bool *)to = true;
	else if (is_among(text, "no false 0 disabled"))
		*(bool *)to = false;
	else
		mistake(b, at, "%s = %s: yes or no", row->name, text);
}

void take_version(struct build *b, const struct row *row, const struct node *at, const char *text,
		  void *to)
{
	(void)row, (void)to;
	if (!strcmp(text, "1"))
		mistake(b, at, "version = 1: IKEv1 is not supported, and will not be");
	else if (strcmp(text, "2") && strcmp(text, "0"))
		mistake(b, at, "version = %s: 2, or 0 which is the same here", text);
}

/* ---- Addresses and selectors ------------------------------------------------------- */

static void tell_bad_addr(struct build *b, const struct row *row, const struct node *at,
			  const char *text)
{
	struct addr_range range;

	if (!addr_parse_range(text, &range))
		mistake(b, at, "not supported yet: %s = %s (subnets and ranges)", row->name, text);
	else
		mistake(b, at, "%s = %s: no IP address; names are not resolved (not supported yet)",
			row->name, text);
}

static void take_addrs(struct build *b, const struct row *row, const struct node *at,
		       const char *text, struct ip_addr addrs[CONN_ADDRS_MAX], size_t *ret_n)
{
	char item[ITEM_MAX];
	size_t n = 0;

	while (value_next(&text, item, sizeof(item))) {
		struct ip_addr addr = { 0 }; /* %any: of both families */

		if (n == CONN_ADDRS_MAX) {
			mistake(b, at, "%s: more than %d addresses", row->name, CONN_ADDRS_MAX);
			return;
		}
		if (!strcmp(item, "%any6") || !strcmp(item, "::")) {
			mistake(b, at, "not supported yet: %s = %s; %%any is both families, %%any4 IPv4",
				row->name, item);
			return;
		}
		if (!strcmp(item, "%any4"))
			addr = addr_from_v4(0);
		else if (strcmp(item, "%any") && addr_parse(item, &addr)) {
			tell_bad_addr(b, row, at, item);
			return;
		}
		addrs[n++] = addr;
	}
	*ret_n = n;
}

void take_local_addrs(struct build *b, const struct row *row, const struct node *at,
		      const char *text, void *to)
{
	struct conn *conn = to;

	take_addrs(b, row, at, text, conn->local, &conn->n_local);
}

void take_remote_addrs(struct build *b, const struct row *row, const struct node *at,
		       const char *text, void *to)
{
	struct conn *conn = to;

	take_addrs(b, row, at, text, conn->remote, &conn->n_remote);
}

static void take_ts(struct build *b, const struct row *row, const struct node *at, const char *text,
		    struct ts_val list[CONN_TS_MAX], size_t *ret_n, bool *ret_is_dynamic)
{
	char item[ITEM_MAX], why[200];

	*ret_n = 0;
	*ret_is_dynamic = false;
	while (value_next(&text, item, sizeof(item))) {
		struct ts_val ts = {};
		bool is_dynamic = false;

		if (value_ts(item, &ts, &is_dynamic, why, sizeof(why))) {
			mistake(b, at, "%s = %s: %s", row->name, item, why);
			continue;
		}
		if (is_dynamic) {
			*ret_is_dynamic = true;
			continue;
		}
		if (*ret_n == CONN_TS_MAX) {
			mistake(b, at, "%s: more than %u selectors", row->name, CONN_TS_MAX);
			return;
		}
		list[(*ret_n)++] = ts;
	}
}

void take_local_ts(struct build *b, const struct row *row, const struct node *at, const char *text,
		   void *to)
{
	struct conn_child *c = to;

	take_ts(b, row, at, text, c->local_ts, &c->n_local_ts, &c->is_local_dynamic);
}

void take_remote_ts(struct build *b, const struct row *row, const struct node *at, const char *text,
		    void *to)
{
	struct conn_child *c = to;

	take_ts(b, row, at, text, c->remote_ts, &c->n_remote_ts, &c->is_remote_dynamic);
}

/* ---- Proposals, identities, words -------------------------------------------------- */

/* Adds all of them, or none where OpenSSL lacks what they need. */
static void take_defaults(uint8_t protocol, struct proposal *list, size_t *ret_n)
{
	size_t n;

	if (proposal_defaults(protocol, &list[*ret_n], &n))
		return;
	for (size_t i = 0; i < n; i++, ++*ret_n)
		list[*ret_n].number = (uint8_t)(*ret_n + 1);
}

static void take_proposals(struct build *b, const struct row *row, const struct node *at,
			   const char *text, uint8_t protocol, struct proposal *list, size_t *ret_n)
{
	char item[ITEM_MAX], why[200] = "";

	*ret_n = 0;
	while (value_next(&text, item, sizeof(item))) {
		if (*ret_n == CONN_PROPOSALS_MAX) {
			mistake(b, at, "%s: more than %d proposals", row->name, CONN_PROPOSALS_MAX);
			return;
		}
		if (!strcmp(item, "default") && *ret_n + PROPOSAL_DEFAULTS <= CONN_PROPOSALS_MAX) {
			take_defaults(protocol, list, ret_n);
			continue;
		}
		if (proposal_parse(protocol, item, &list[*ret_n], why, sizeof(why))) {
			mistake(b, at, "%s = %s: %s", row->name, item, why);
			continue;
		}
		list[*ret_n].number = (uint8_t)(*ret_n + 1);
		++*ret_n;
	}
}

void take_ike_proposals(struct build *b, const struct row *row, const struct node *at,
			const char *text, void *to)
{
	struct conn *conn = to;

	take_proposals(b, row, at, text, PROTO_IKE, conn->ike, &conn->n_ike);
}

void take_esp_proposals(struct build *b, const struct row *row, const struct node *at,
			const char *text, void *to)
{
	struct conn_child *child = to;

	take_proposals(b, row, at, text, PROTO_ESP, child->proposals, &child->n_proposals);
}

void take_ah_proposals(struct build *b, const struct row *row, const struct node *at,
		       const char *text, void *to)
{
	struct child_draft *d = to;

	take_proposals(b, row, at, text, PROTO_AH, d->ah, &d->n_ah);
}

void take_id(struct build *b, const struct row *row, const struct node *at, const char *text,
	     void *to)
{
	struct auth_draft *auth = to;
	const char *why = "no identity";

	if (id_parse(text, &auth->id, &why))
		mistake(b, at, "%s = %s: %s", row->name, text, why);
	auth->has_id = true; /* also a wrong one: no second complaint */
}

static bool is_eap_or_xauth(const char *text)
{
	return !strncmp(text, "eap", 3) || !strncmp(text, "xauth", 5);
}

/* Every method knows its own words. */
void take_auth(struct build *b, const struct row *row, const struct node *at, const char *text,
	       void *to)
{
	struct auth_draft *auth = to;
	bool is_remote = row->scope == SCOPE_REMOTE;
	char list[ITEM_MAX] = "";

	auth->words = (struct auth_words){ 0 };
	for (enum conn_auth i = 0; i < CONN_AUTH_COUNT; i++) {
		size_t len = strlen(list);

		auth->auth = i;
		if (auth_method_of(i)->take(text, is_remote, &auth->words))
			return;
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s", i ? ", " : "");
		auth_method_of(i)->words(list + len, sizeof(list) - len);
	}
	mistake(b, at, "%s%s = %s: %s", is_eap_or_xauth(text) ? "not supported yet: " : "",
		row->name, text, list);
}

/* Both sides compare its bytes: of what type it looks is of no interest (RFC 8784 5.1). */
void take_ppk_id(struct build *b, const struct row *row, const struct node *at, const char *text,
		 void *to)
{
	struct auth_draft parsed = {};

	take_id(b, row, at, text, &parsed);
	parsed.id.type = ID_KEY_ID;
	*(struct ike_id *)to = parsed.id;
}

void take_files(struct build *b, const struct row *row, const struct node *at, const char *text,
		void *to)
{
	(void)b, (void)row, (void)text;
	*(const struct node **)to = at;
}

void take_password(struct build *b, const struct row *row, const struct node *at,
		   const char *text, void *to)
{
	(void)b, (void)row, (void)text;
	at->source->has_secret = true;
	*(const struct node **)to = at;
}

void take_revocation(struct build *b, const struct row *row, const struct node *at,
		     const char *text, void *to)
{
	enum revocation *revocation = to;

	if (!strcmp(text, "relaxed"))
		*revocation = REVOCATION_RELAXED;
	else if (!strcmp(text, "ifuri"))
		*revocation = REVOCATION_IFURI;
	else if (!strcmp(text, "strict"))
		*revocation = REVOCATION_STRICT;
	else
		mistake(b, at, "%s = %s: strict, ifuri or relaxed", row->name, text);
}

void take_send_cert(struct build *b, const struct row *row, const struct node *at,
		    const char *text, void *to)
{
	enum conn_send_cert *send = to;

	if (is_among(text, "ifasked yes"))
		*send = SEND_CERT_IFASKED;
	else if (!strcmp(text, "always"))
		*send = SEND_CERT_ALWAYS;
	else if (is_among(text, "never no"))
		*send = SEND_CERT_NEVER;
	else
		mistake(b, at, "%s = %s: ifasked, always or never", row->name, text);
}

void take_mode(struct build *b, const struct row *row, const struct node *at, const char *text,
	       void *to)
{
	struct conn_child *c = to;

	c->mode = strcmp(text, "transport") ? SA_TUNNEL : SA_TRANSPORT;
	if (is_among(text, "tunnel transport"))
		c->action = SPD_PROTECT;
	else if (!strcmp(text, "pass"))
		c->action = SPD_BYPASS;
	else if (!strcmp(text, "drop"))
		c->action = SPD_DISCARD;
	else if (is_among(text, "transport_proxy beet"))
		mistake(b, at, "not supported yet: %s = %s", row->name, text);
	else
		mistake(b, at, "%s = %s: tunnel, transport, pass or drop", row->name, text);
}

/* As the kernel lets interfaces be named: it need not be there yet. */
void take_interface(struct build *b, const struct row *row, const struct node *at,
		    const char *text, void *to)
{
	if (strlen(text) >= CONN_IF_NAME_MAX || strpbrk(text, "/: \t") || !strcmp(text, ".") ||
	    !strcmp(text, ".."))
		mistake(b, at, "%s = %s: the name of one interface, of at most %d characters",
			row->name, text, CONN_IF_NAME_MAX - 1);
	else
		snprintf(to, CONN_IF_NAME_MAX, "%s", text);
}

/* The other end of the pair has a p more. */
void take_tunnel(struct build *b, const struct row *row, const struct node *at, const char *text,
		 void *to)
{
	if (strlen(text) + 1 >= CONN_IF_NAME_MAX)
		mistake(b, at, "%s = %s: a name of at most %d characters", row->name, text,
			CONN_IF_NAME_MAX - 2);
	else
		take_interface(b, row, at, text, to);
}

/* The names of actions, old and new, as strongSwan reads them. */
static bool action_text(const char *text, enum conn_start *ret_start)
{
	if (!strcmp(text, "none"))
		*ret_start = START_NONE;
	else if (is_among(text, "trap route"))
		*ret_start = START_TRAP;
	else if (is_among(text, "start restart trap|start start|trap"))
		*ret_start = START_NOW; /* policies are always there to trap packets */
	else
		return false;
	return true;
}

void take_start(struct build *b, const struct row *row, const struct node *at, const char *text,
		void *to)
{
	if (!action_text(text, to))
		mistake(b, at, "%s = %s: none, trap, start or trap|start", row->name, text);
}

void take_close_action(struct build *b, const struct row *row, const struct node *at,
		       const char *text, void *to)
{
	if (strchr(text, '|') || (strcmp(text, "clear") && !action_text(text, to)))
		mistake(b, at, "%s = %s: none, trap or start", row->name, text);
}

void take_dpd_action(struct build *b, const struct row *row, const struct node *at,
		     const char *text, void *to)
{
	struct conn_child *c = to;

	c->is_dpd_clear = !strcmp(text, "clear");
	if (strchr(text, '|') || (!c->is_dpd_clear && !action_text(text, &c->dpd)))
		mistake(b, at, "%s = %s: clear, trap, restart or none", row->name, text);
}

void take_default_action(struct build *b, const struct row *row, const struct node *at,
			 const char *text, void *to)
{
	(void)to;
	if (!strcmp(text, "bypass"))
		b->conf->dataplane.default_action = SPD_BYPASS;
	else if (!strcmp(text, "discard"))
		b->conf->dataplane.default_action = SPD_DISCARD;
	else
		mistake(b, at, "%s = %s: bypass or discard", row->name, text);
}

void take_forwarding(struct build *b, const struct row *row, const struct node *at,
		     const char *text, void *to)
{
	(void)to;
	if (!strcmp(text, "fib"))
		b->conf->dataplane.forwarding = FORWARDING_FIB;
	else if (!strcmp(text, "kernel"))
		b->conf->dataplane.forwarding = FORWARDING_KERNEL;
	else
		mistake(b, at, "%s = %s: fib or kernel", row->name, text);
}
