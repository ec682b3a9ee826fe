/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/child.h"

#include <errno.h>
#include <stdio.h>
#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/ike_sa.h"
#include "ike/ts.h"

struct child_row {
	enum child_state from;
	enum child_event event;
	enum child_state to;
};

static const struct child_row child_rows[] = {
	{ CHILD_NEW, CHILD_ON_INSTALL, CHILD_INSTALLED },
	{ CHILD_NEW, CHILD_ON_DROP, CHILD_GONE },
	{ CHILD_INSTALLED, CHILD_ON_REKEY, CHILD_REKEYING },
	{ CHILD_INSTALLED, CHILD_ON_REPLACE, CHILD_REKEYED },
	{ CHILD_INSTALLED, CHILD_ON_DELETE, CHILD_DELETING },
	{ CHILD_INSTALLED, CHILD_ON_DELETED, CHILD_GONE },
	{ CHILD_INSTALLED, CHILD_ON_DROP, CHILD_GONE },
	{ CHILD_REKEYING, CHILD_ON_KEEP, CHILD_INSTALLED },
	{ CHILD_REKEYING, CHILD_ON_REPLACE, CHILD_REKEYED },
	{ CHILD_REKEYING, CHILD_ON_DELETE, CHILD_DELETING },
	{ CHILD_REKEYING, CHILD_ON_DELETED, CHILD_GONE },
	{ CHILD_REKEYING, CHILD_ON_DROP, CHILD_GONE },
	{ CHILD_REKEYED, CHILD_ON_DELETE, CHILD_REKEYED },
	{ CHILD_REKEYED, CHILD_ON_DELETED, CHILD_LINGERING },
	{ CHILD_REKEYED, CHILD_ON_DROP, CHILD_GONE },
	{ CHILD_DELETING, CHILD_ON_DELETED, CHILD_GONE },
	{ CHILD_DELETING, CHILD_ON_DROP, CHILD_GONE },
	{ CHILD_LINGERING, CHILD_ON_LINGERED, CHILD_GONE },
	{ CHILD_LINGERING, CHILD_ON_DROP, CHILD_GONE },
};

int child_next_state(enum child_state from, enum child_event event, enum child_state *ret_to)
{
	for (size_t i = 0; i < ARRAY_SIZE(child_rows); i++) {
		if (child_rows[i].from != from || child_rows[i].event != event)
			continue;
		*ret_to = child_rows[i].to;
		return 0;
	}
	return -EPROTO;
}

bool child_is_live(const struct child *child)
{
	return child->state == CHILD_INSTALLED || child->state == CHILD_REKEYING;
}

const char *child_state_text(enum child_state state)
{
	static const char *const text[] = {
#define X(name, t) [CHILD_##name] = t,
		CHILD_STATES(X)
#undef X
	};

	return text[state];
}

/* Where its policies point: a slot of this IKE SA alone where others may be up beside it. */
static uint32_t slot_of(const struct ike_sa *sa, const struct conn_child *cc)
{
	const struct ike_host *host = &sa->ike->host;

	if (!host->instance || !conn_has_peers(sa->conn))
		return cc->child;
	for (const struct child *c = sa->children; c; c = c->next)
		if (c->sa.conn_child == cc && c->state != CHILD_GONE)
			return c->sa.child;
	return host->instance(host->arg, sa->conn, cc);
}

struct child *child_new(struct ike_sa *sa, const struct conn_child *conn_child)
{
	size_t n = 0;

	for (struct child *c = sa->children; c; c = c->next)
		n++;
	uint32_t slot = n < CHILDREN_MAX ? slot_of(sa, conn_child) : 0;
	if (!slot)
		return NULL;
	struct child *child = alloc_zero(sizeof(*child));
	child->sa.unique_id = ++sa->ike->last_child_id;
	child->sa.conn = sa->conn;
	child->sa.conn_child = conn_child;
	child->sa.child = slot;
	child->sa.local = sa->local;
	child->sa.remote = sa->remote;
	child->sa.is_encap = sa->is_encap;
	snprintf(child->name, sizeof(child->name), "%s", conn_child->name);
	child->next = sa->children;
	sa->children = child;
	return child;
}

static void child_free(struct child *child)
{
	secret_wipe(child, sizeof(*child));
	free(child);
}

void child_reap(struct ike_sa *sa)
{
	for (struct child **at = &sa->children; *at;) {
		struct child *c = *at;

		if (c->state != CHILD_GONE) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		child_free(c);
	}
}

void child_free_all(struct ike_sa *sa)
{
	while (sa->children) {
		struct child *c = sa->children;

		sa->children = c->next;
		child_free(c);
	}
}

struct child *child_by_spi(const struct ike_sa *sa, uint32_t spi, bool is_inbound)
{
	for (struct child *c = sa->children; c; c = c->next)
		if (c->state != CHILD_GONE && (is_inbound ? c->sa.spi_in : c->sa.spi_out) == spi)
			return c;
	return NULL;
}

struct child *child_of_peer(const struct ike_sa *sa, uint8_t protocol, uint32_t spi)
{
	for (struct child *c = sa->children; c; c = c->next)
		if (c->state != CHILD_GONE && c->sa.chosen.protocol == protocol &&
		    c->sa.spi_out == spi)
			return c;
	return NULL;
}

struct child *child_of(const struct ike_sa *sa, const struct conn_child *conn_child)
{
	for (struct child *c = sa->children; c; c = c->next)
		if (c->sa.conn_child == conn_child && child_is_live(c))
			return c;
	return NULL;
}

/* Who carries the slot's traffic when `gone` no longer does: what replaces it, else the newest,
 * of whichever IKE SA (two may be up after both sides initiated at once). */
static struct child *heir_of(const struct ike *ike, const struct child *gone)
{
	struct child *best = NULL;

	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next) {
		for (struct child *c = sa->is_ending ? NULL : sa->children; c; c = c->next) {
			if (c == gone || c->sa.child != gone->sa.child || !child_is_live(c))
				continue;
			if (c->replaces && c->replaces == gone->sa.spi_in)
				return c;
			if (!best || c->sa.unique_id > best->sa.unique_id)
				best = c;
		}
	}
	return best;
}

void child_switch(struct ike_sa *sa, struct child *child)
{
	for (struct ike_sa *other = sa->ike->sas; other; other = other->next)
		for (struct child *c = other->children; c; c = c->next)
			if (c->sa.child == child->sa.child)
				c->is_outbound = false;
	child->is_outbound = true;
	child->is_switch_due = false;
	child->poll_ms = child->wait_ms = 0;
	fx_child(&sa->ike->fx, FX_SA_SWITCH, &child->sa);
	fx_child(&sa->ike->fx, FX_CHILD_UP, &child->sa);
	if (child->sa.conn_child)
		want_met(sa->ike, child->sa.conn_child);
}

static void hand_over(struct ike_sa *sa, struct child *child)
{
	struct child *heir = heir_of(sa->ike, child);

	if (!child->is_outbound)
		return;
	child->is_outbound = false;
	if (heir)
		child_switch(sa, heir);
}

static void log_established(struct ike_sa *sa, const struct child *child)
{
	char local[TS_TEXT_MAX * 2], remote[TS_TEXT_MAX * 2], algs[PROPOSAL_TEXT_MAX];
	const struct child_sa *c = &child->sa;

	sa_log(sa, "CHILD_SA %s{%u} %s with SPIs %08x_i %08x_o and TS %s === %s, %s%s%s",
	       child->name, c->unique_id, c->is_rekey ? "rekeyed" : "established", c->spi_in,
	       c->spi_out, ts_list_print(c->local_ts, c->n_local_ts, local, sizeof(local)),
	       ts_list_print(c->remote_ts, c->n_remote_ts, remote, sizeof(remote)),
	       proposal_print(&c->chosen, algs, sizeof(algs)), c->chosen.protocol == PROTO_AH ? ", AH"
	       : c->is_encap		      ? ", ESP in UDP"
					      : "",
	       c->mode == SA_TRANSPORT ? ", transport mode" : "");
}

/* When to look whether it is idle. What is rekeyed goes on where the old one was. */
static uint64_t idle_from(const struct ike_sa *sa, const struct child *child)
{
	const struct ike_host *host = &sa->ike->host;
	const struct child *old = child->replaces ? child_by_spi(sa, child->replaces, true) : NULL;
	uint64_t wait_ms = child->sa.conn_child->inactivity_s * 1000ull, used_ms = 0;

	if (!wait_ms)
		return 0;
	if (old)
		used_ms = host->last_use_ms(host->arg, old->sa.spi_in);
	if (old && !used_ms)
		return old->idle_ms;
	return (old ? used_ms : sa->ike->now_ms) + wait_ms;
}

static void installed(struct ike_sa *sa, struct child *child)
{
	const struct conn_child *cc = child->sa.conn_child;
	uint64_t now_ms = sa->ike->now_ms;

	child->sa.established_ms = now_ms;
	child->rekey_ms = ike_renew_ms(sa->ike, cc->rekey_s, cc->rand_s);
	if (cc->life_s)
		child->life_ms = now_ms + cc->life_s * 1000ull;
	child->idle_ms = idle_from(sa, child);
	fx_child(&sa->ike->fx, FX_SA_ADD, &child->sa);
	secret_wipe(child->sa.key_in, sizeof(child->sa.key_in));
	secret_wipe(child->sa.key_out, sizeof(child->sa.key_out));
	secret_wipe(child->sa.auth_in, sizeof(child->sa.auth_in));
	secret_wipe(child->sa.auth_out, sizeof(child->sa.auth_out));
	log_established(sa, child);
}

static void gone(struct ike_sa *sa, struct child *child, enum child_state from)
{
	if (from == CHILD_NEW)
		return;
	hand_over(sa, child);
	fx_child(&sa->ike->fx, FX_SA_DELETE, &child->sa);
	if (from != CHILD_LINGERING && !heir_of(sa->ike, child))
		fx_conn(&sa->ike->fx, FX_CHILD_DOWN, child->sa.conn, child->sa.conn_child, NULL);
}

void child_move(struct ike_sa *sa, struct child *child, enum child_event event)
{
	enum child_state from = child->state, to;

	sa_touch(sa);
	if (child_next_state(from, event, &to))
		return;
	child->state = to;
	if (to == CHILD_GONE) {
		gone(sa, child, from);
	} else if (to == CHILD_LINGERING) {
		hand_over(sa, child);
		child->linger_ms = sa->ike->now_ms + CHILD_LINGER_MS;
	} else if (from == CHILD_NEW) {
		installed(sa, child);
	}
}

static bool is_slot_in_use(const struct ike *ike, uint32_t slot)
{
	for (const struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		for (const struct child *c = sa->children; c; c = c->next)
			if (c->sa.child == slot && c->is_outbound)
				return true;
	return false;
}

void child_await(struct ike_sa *sa, struct child *child, uint64_t wait_ms)
{
	child->is_theirs = true;
	child->is_switch_due = !is_slot_in_use(sa->ike, child->sa.child);
	if (child->is_switch_due)
		return;
	child->poll_ms = sa->ike->now_ms + SWITCH_POLL_MS;
	child->wait_ms = sa->ike->now_ms + wait_ms;
}

void child_unsure(struct ike_sa *sa, struct child *child, uint32_t id)
{
	child->made_id = id;
	child->sure_ms = sa->ike->now_ms + UNSURE_MS;
}

bool child_is_unsure(const struct ike_sa *sa, const struct child *child)
{
	const struct ike_host *host = &sa->ike->host;

	return child->sure_ms > sa->ike->now_ms &&
	       !host->last_inbound_ms(host->arg, child->sa.spi_in);
}

void child_sure(struct ike_sa *sa, uint32_t id)
{
	for (struct child *c = sa->children; c; c = c->next)
		if (c->made_id < id)
			c->sure_ms = 0;
}

/* The IKE SA in which the slot of a Child SA lives on; NULL: none. */
static struct ike_sa *refuge_of(const struct ike_sa *sa, const struct child *child)
{
	for (struct ike_sa *other = sa->ike->sas; other; other = other->next)
		for (struct child *c = other->children; c; c = c->next)
			if (other != sa && other->state == ST_ESTABLISHED && !other->is_ending &&
			    c->sa.child == child->sa.child && child_is_live(c))
				return other;
	return NULL;
}

void child_end(struct ike_sa *sa, struct child *child)
{
	struct ike_sa *refuge = child_is_live(child) ? refuge_of(sa, child) : NULL;
	struct child **at = &sa->children;

	if (!refuge) {
		child_move(sa, child, CHILD_ON_DROP);
		return;
	}
	child_move(sa, child, CHILD_ON_REPLACE);
	child_move(sa, child, CHILD_ON_DELETED);
	while (*at != child)
		at = &(*at)->next;
	*at = child->next;
	child->next = refuge->children;
	refuge->children = child;
	sa_touch(refuge);
}

void child_settle(struct ike_sa *sa)
{
	for (struct child *c = sa->children; c; c = c->next)
		if (c->is_switch_due && child_is_live(c))
			child_switch(sa, c);
}

void child_hard_limit(struct ike_sa *sa, struct child *child)
{
	const struct conn_child *cc = child->sa.conn_child;
	bool was_live = child_is_live(child);
	bool is_young = sa->ike->now_ms < child->sa.established_ms + INITIATE_RETRY_MS;

	sa_error(sa, "CHILD_SA %s{%u} carries nothing any more: deleted", child->name,
		 child->sa.unique_id);
	if (sa_is_up(sa) && child->state != CHILD_LINGERING)
		task_delete_child(sa, child->sa.chosen.protocol, child->sa.spi_in);
	effects_forget(&sa->ike->fx, child->sa.spi_in);
	child_move(sa, child, CHILD_ON_DROP);
	if (was_live && cc)
		want_child_ended(sa, cc, is_young ? END_SPOILT : END_EXPIRED);
}

/* Is it time to use the SA that the peer made for its rekey? See child.h. */
static void poll_switch(struct ike_sa *sa, struct child *child, uint64_t now_ms)
{
	const struct ike_host *host = &sa->ike->host;

	if (!child_is_live(child)) /* it was replaced or deleted before it was used */
		child->poll_ms = 0;
	else if (now_ms >= child->wait_ms || host->last_inbound_ms(host->arg, child->sa.spi_in))
		child_switch(sa, child);
	else
		child->poll_ms = now_ms + SWITCH_POLL_MS;
}

static void idle_check(struct ike_sa *sa, struct child *child, uint64_t now_ms)
{
	const struct ike_host *host = &sa->ike->host;
	const struct conn_child *cc = child->sa.conn_child;
	uint64_t used_ms = host->last_use_ms(host->arg, child->sa.spi_in);

	child->idle_ms = 0;
	if (!cc || !cc->inactivity_s || !child_is_live(child) || !sa_is_up(sa))
		return;
	uint64_t end_ms = used_ms + cc->inactivity_s * 1000ull;
	if (used_ms && end_ms > now_ms) {
		child->idle_ms = end_ms;
		return;
	}
	sa_log(sa, "CHILD_SA %s{%u} had no packet for %u s: closing it", child->name,
	       child->sa.unique_id, cc->inactivity_s);
	child->is_unwanted = true;
	task_delete_child(sa, child->sa.chosen.protocol, child->sa.spi_in);
}

static bool is_due(uint64_t at_ms, uint64_t now_ms)
{
	return at_ms && at_ms <= now_ms;
}

void child_expire(struct ike_sa *sa, uint64_t now_ms)
{
	for (struct child *c = sa->children; c; c = c->next) {
		if (is_due(c->linger_ms, now_ms)) {
			child_move(sa, c, CHILD_ON_LINGERED);
		} else if (is_due(c->life_ms, now_ms) && c->state != CHILD_GONE) {
			c->life_ms = 0;
			child_hard_limit(sa, c);
		} else if (is_due(c->rekey_ms, now_ms)) {
			c->rekey_ms = 0;
			if (c->state == CHILD_INSTALLED && sa->state == ST_ESTABLISHED)
				task_add(sa, TASK_CHILD_REKEY, NULL, c->sa.spi_in);
		} else if (is_due(c->idle_ms, now_ms)) {
			idle_check(sa, c, now_ms);
		} else if (is_due(c->poll_ms, now_ms)) {
			poll_switch(sa, c, now_ms);
		}
	}
}

static void earliest(uint64_t *best_ms, uint64_t at_ms)
{
	if (at_ms && (!*best_ms || at_ms < *best_ms))
		*best_ms = at_ms;
}

uint64_t child_deadline(const struct ike_sa *sa)
{
	uint64_t best_ms = 0;

	for (const struct child *c = sa->children; c; c = c->next) {
		if (c->state == CHILD_GONE)
			continue;
		earliest(&best_ms, c->linger_ms);
		earliest(&best_ms, c->life_ms);
		earliest(&best_ms, c->rekey_ms);
		earliest(&best_ms, c->idle_ms);
		earliest(&best_ms, c->poll_ms);
		earliest(&best_ms, c->redundant_ms);
	}
	return best_ms;
}
