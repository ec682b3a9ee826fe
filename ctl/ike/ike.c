/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of the shell: each enters, does one thing, settles. */
#include "ike/ike.h"

#include <errno.h>
#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/followup.h"
#include "ike/id.h"
#include "ike/mobike.h"
#include "ike/redirect.h"
#include "ike/ts.h"
#include "ike/reauth.h"

int ike_new(const struct ike_host *host, struct ike **ret_ike)
{
	if (!host->random || !host->spi || !host->last_inbound_ms || !host->last_use_ms)
		return -EINVAL;
	struct ike *ike = alloc_zero(sizeof(*ike));
	ike->host = *host;
	ike->settings = ike_settings_default();
	*ret_ike = ike;
	return 0;
}

void ike_free(struct ike *ike)
{
	if (!ike)
		return;
	while (ike->sas)
		sa_free(ike->sas);
	effects_fini(&ike->fx);
	free(ike->conns);
	free(ike->wants);
	secret_wipe(ike, sizeof(*ike));
	free(ike);
}

static void enter(struct ike *ike, uint64_t now_ms)
{
	effects_settle(&ike->fx);
	ike->now_ms = now_ms;
}

bool ike_effect(struct ike *ike, struct ike_effect *ret_fx)
{
	return effects_take(&ike->fx, ret_fx);
}

void ike_input(struct ike *ike, const struct datagram *in, uint64_t now_ms)
{
	enter(ike, now_ms);
	inbound_take(ike, in);
	life_settle(ike);
}

void ike_expire(struct ike *ike, uint64_t now_ms)
{
	enter(ike, now_ms);
	fx_timer(&ike->fx, 0); /* told anew below, from all deadlines */
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		life_expire(sa);
	want_expire(ike);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		sa_touch(sa);
	life_settle(ike);
}

void ike_job_done(struct ike *ike, struct ike_job *job, uint64_t now_ms)
{
	enter(ike, now_ms);
	struct ike_sa *sa = sa_by_id(ike, job->sa_id);
	if (sa)
		exchange_job(sa, job);
	else
		job_free(job);
	life_settle(ike);
}

void ike_resolved(struct ike *ike, uint32_t id, const struct ip_addr *addrs, size_t n,
		  uint64_t now_ms)
{
	enter(ike, now_ms);
	struct ike_sa *sa = sa_by_id(ike, id);
	if (sa)
		redirect_resolved(sa, addrs, n);
	life_settle(ike);
}

void ike_tune(struct ike *ike, const struct ike_settings *settings)
{
	ike->settings = *settings;
}

void ike_addresses(struct ike *ike, const struct ip_addr *addrs, size_t n, uint64_t now_ms)
{
	enter(ike, now_ms);
	n = n < HOST_ADDRS_MAX ? n : HOST_ADDRS_MAX;
	bool is_list = n != ike->n_addrs || (n && memcmp(ike->addrs, addrs, n * sizeof(*addrs)));
	if (n)
		memcpy(ike->addrs, addrs, n * sizeof(*addrs));
	ike->n_addrs = n;
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		mobike_roam(sa, is_list);
	life_settle(ike);
}

/* ---- Configuration --------------------------------------------------------------- */

static const struct conn *conn_by_name(const struct ike *ike, const char *name)
{
	for (size_t i = 0; i < ike->n_conns; i++)
		if (strcmp(ike->conns[i]->name, name) == 0)
			return ike->conns[i];
	return NULL;
}

static const struct conn_child *child_again(const struct conn *conn, const struct conn_child *old)
{
	const struct conn_child *cc = conn && old ? conn_child_by_name(conn, old->name) : NULL;

	return cc && cc->action == SPD_PROTECT ? cc : NULL;
}

static void rebind_child(struct ike_sa *sa, struct child *c, const struct conn *conn)
{
	const struct conn_child *cc = child_again(conn, c->sa.conn_child);

	if (cc) {
		c->sa.conn = conn;
		c->sa.conn_child = cc;
		return;
	}
	if (c->state == CHILD_GONE)
		return;
	/* The effects still name the old connection: it lives until they are taken. */
	sa_log(sa, "CHILD_SA %s{%u} is not configured any more: deleted", c->name, c->sa.unique_id);
	if (conn && sa_is_up(sa))
		task_delete_child(sa, c->sa.chosen.protocol, c->sa.spi_in);
	child_move(sa, c, CHILD_ON_DROP);
	c->sa.conn = NULL;
	c->sa.conn_child = NULL;
}

/* From here on nothing points at the connections of before. */
static void rebind(struct ike_sa *sa)
{
	const struct conn *conn = sa->conn ? conn_by_name(sa->ike, sa->name) : NULL;
	bool is_lost = sa->conn && !conn;

	sa->conn = conn;
	for (struct followup *f = sa->followups; f; f = f->next)
		f->deal.conn_child = child_again(conn, f->deal.conn_child);
	for (struct child *c = sa->children; c; c = c->next)
		rebind_child(sa, c, conn);
	for (struct task *t = sa->tasks; t; t = t->next)
		t->conn_child = child_again(conn, t->conn_child);
	for (struct ours *o = sa->ours; o; o = o->next)
		o->task->conn_child = child_again(conn, o->task->conn_child);
	if (is_lost && sa->state != ST_INIT_REPLIED)
		exchange_delete(sa);
}

static const struct want *want_before(const struct want *wants, size_t n, const struct conn *conn,
				      const struct conn_child *cc)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(wants[i].conn->name, conn->name) == 0 &&
		    strcmp(wants[i].conn_child->name, cc->name) == 0)
			return &wants[i];
	return NULL;
}

static void add_wants(struct ike *ike, const struct conn *conn, const struct want *old,
		      size_t n_old)
{
	for (size_t i = 0; i < conn->n_children; i++) {
		const struct conn_child *cc = &conn->children[i];
		const struct want *before = want_before(old, n_old, conn, cc);
		struct want *want = &ike->wants[ike->n_wants];

		if (cc->action != SPD_PROTECT)
			continue;
		ike->n_wants++;
		if (before)
			*want = *before;
		else if (cc->start == START_NOW)
			want->retry_ms = ike->now_ms;
		want->conn = conn;
		want->conn_child = cc;
	}
}

static void replace_wants(struct ike *ike)
{
	struct want *old = ike->wants;
	size_t n_old = ike->n_wants, n = 0;

	for (size_t i = 0; i < ike->n_conns; i++)
		n += ike->conns[i]->n_children;
	ike->wants = alloc_zero(n * sizeof(*ike->wants));
	ike->n_wants = 0;
	for (size_t i = 0; i < ike->n_conns; i++)
		add_wants(ike, ike->conns[i], old, n_old);
	free(old);
}

int ike_configure(struct ike *ike, const struct conn *const *conns, size_t n, uint64_t now_ms)
{
	enter(ike, now_ms);
	for (size_t i = 0; i < n; i++)
		if (!conns[i]->n_ike || conns[i]->n_ike > CONN_PROPOSALS_MAX)
			return -EINVAL;
	free(ike->conns);
	ike->conns = alloc_copy(conns, n * sizeof(*conns));
	ike->n_conns = n;
	replace_wants(ike);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		rebind(sa);
	want_expire(ike);
	life_settle(ike);
	return 0;
}

/* ---- Commands -------------------------------------------------------------------- */

static bool is_named(const struct want *want, const char *conn, const char *child)
{
	return strcmp(want->conn->name, conn) == 0 &&
	       (!child || strcmp(want->conn_child->name, child) == 0);
}

int ike_initiate(struct ike *ike, const char *conn, const char *child, uint64_t now_ms)
{
	int result = -ENOENT;

	enter(ike, now_ms);
	for (size_t i = 0; i < ike->n_wants; i++) {
		if (!is_named(&ike->wants[i], conn, child))
			continue;
		ike->wants[i].tries = 0;
		int err = want_start(ike, &ike->wants[i]);
		if (result == -ENOENT || result == -EALREADY)
			result = err;
	}
	life_settle(ike);
	return result;
}

static void give_up(struct ike *ike, const char *conn, const char *child)
{
	for (size_t i = 0; i < ike->n_wants; i++) {
		if (!is_named(&ike->wants[i], conn, child))
			continue;
		ike->wants[i].is_wanted = false;
		ike->wants[i].retry_ms = 0;
	}
}

static bool terminate_child(struct ike_sa *sa, const char *child)
{
	bool is_found = false;

	for (struct child *c = sa->children; c; c = c->next) {
		if (strcmp(c->name, child) != 0 || !child_is_live(c) || !sa_is_up(sa))
			continue;
		c->is_unwanted = true;
		is_found |= task_delete_child(sa, c->sa.chosen.protocol, c->sa.spi_in);
	}
	return is_found;
}

int ike_terminate(struct ike *ike, const char *conn, const char *child, uint64_t now_ms)
{
	bool is_found = false;

	enter(ike, now_ms);
	give_up(ike, conn, child);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next) {
		if (strcmp(sa->name, conn) != 0 || sa->state >= ST_CLOSED)
			continue;
		if (child) {
			is_found |= terminate_child(sa, child);
			continue;
		}
		is_found = true;
		exchange_delete(sa);
	}
	life_settle(ike);
	return is_found ? 0 : -ENOENT;
}

static bool rekey_one(struct ike_sa *sa, struct child *c)
{
	return sa_is_up(sa) && c->state == CHILD_INSTALLED &&
	       task_add(sa, TASK_CHILD_REKEY, NULL, c->sa.spi_in);
}

int ike_rekey_child(struct ike *ike, const char *conn, const char *child, uint64_t now_ms)
{
	bool is_found = false;

	enter(ike, now_ms);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		for (struct child *c = sa->children; c; c = c->next)
			if (!strcmp(sa->name, conn) && !strcmp(c->name, child))
				is_found |= rekey_one(sa, c);
	life_settle(ike);
	return is_found ? 0 : -ENOENT;
}

int ike_rekey(struct ike *ike, const char *conn, uint64_t now_ms)
{
	bool is_found = false;

	enter(ike, now_ms);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (strcmp(sa->name, conn) == 0 && sa_is_up(sa) && !sa->is_condemned)
			is_found |= task_add(sa, TASK_IKE_REKEY, NULL, 0) != NULL;
	life_settle(ike);
	return is_found ? 0 : -ENOENT;
}

int ike_reauth(struct ike *ike, const char *conn, uint64_t now_ms)
{
	bool is_found = false;
	uint32_t newest = ike->last_ike_id; /* those that this makes are not meant */

	enter(ike, now_ms);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (strcmp(sa->name, conn) == 0 && sa->unique_id <= newest)
			is_found |= reauth_begin(sa);
	life_settle(ike);
	return is_found ? 0 : -ENOENT;
}

static bool is_meant(const struct ike_sa *sa, const struct ike_redirect *what)
{
	return (!what->conn || strcmp(sa->name, what->conn) == 0) &&
	       (!what->unique_id || sa->unique_id == what->unique_id) &&
	       (!what->peers || addr_in_range(&sa->remote.addr, what->peers)) &&
	       (!what->peer_id || id_match(what->peer_id, &sa->their_id));
}

unsigned ike_redirect(struct ike *ike, const struct ike_redirect *what, uint64_t now_ms)
{
	unsigned n = 0;

	enter(ike, now_ms);
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		n += is_meant(sa, what) && redirect_send(sa, &what->to);
	life_settle(ike);
	return n;
}

static bool is_trap(const struct conn_child *cc)
{
	return cc->start != START_NONE || cc->dpd == START_TRAP || cc->close == START_TRAP;
}

void ike_acquire(struct ike *ike, uint32_t child, uint64_t now_ms)
{
	ike_acquire_packet(ike, child, NULL, NULL, now_ms);
}

/* Only what the child's own selectors cover is a hint. */
static void want_packet(struct want *want, const struct ts_val *local, const struct ts_val *remote)
{
	const struct conn_child *cc = want->conn_child;

	want->packet.is_known =
		local && remote &&
		(cc->is_local_dynamic || ts_all_within(local, 1, cc->local_ts, cc->n_local_ts)) &&
		(cc->is_remote_dynamic || ts_all_within(remote, 1, cc->remote_ts, cc->n_remote_ts));
	want->packet.is_alone = false;
	if (!want->packet.is_known)
		return;
	want->packet.local = *local;
	want->packet.remote = *remote;
}

void ike_acquire_packet(struct ike *ike, uint32_t child, const struct ts_val *local,
			const struct ts_val *remote, uint64_t now_ms)
{
	enter(ike, now_ms);
	for (size_t i = 0; i < ike->n_wants; i++) {
		struct want *want = &ike->wants[i];

		if (want->conn_child->child != child || !is_trap(want->conn_child) ||
		    want->retry_ms)
			continue;
		struct packet_ts before = want->packet;
		want_packet(want, local, remote);
		int err = want_start(ike, want);
		if (err)
			want->packet = before;
		if (err && err != -EALREADY)
			ike_log(ike, true, "%s: a packet wants CHILD_SA %s: %s", want->conn->name,
				want->conn_child->name, strerror(-err));
	}
	life_settle(ike);
}

/* By the SPI that we chose: those of outbound SAs are the peers' choice, and two may choose alike. */
static struct child *find_child(struct ike *ike, uint32_t spi_in, struct ike_sa **ret_sa)
{
	for (struct ike_sa *sa = ike->sas; sa; sa = sa->next) {
		struct child *c = child_by_spi(sa, spi_in, true);

		*ret_sa = sa;
		if (c)
			return c;
	}
	return NULL;
}

void ike_soft_limit(struct ike *ike, uint32_t spi_in, uint64_t now_ms)
{
	struct ike_sa *sa;

	enter(ike, now_ms);
	struct child *c = find_child(ike, spi_in, &sa);
	if (c)
		(void)rekey_one(sa, c);
	life_settle(ike);
}

void ike_hard_limit(struct ike *ike, uint32_t spi_in, uint64_t now_ms)
{
	struct ike_sa *sa;

	enter(ike, now_ms);
	struct child *c = find_child(ike, spi_in, &sa);
	if (c)
		child_hard_limit(sa, c);
	life_settle(ike);
}
