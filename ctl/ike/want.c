/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include "ike/followup.h"
#include "ike/id.h"
#include "ike/ike_sa.h"
#include "ike/nat.h"

struct want *want_of(struct ike *ike, const struct conn_child *conn_child)
{
	for (size_t i = 0; i < ike->n_wants; i++)
		if (ike->wants[i].conn_child == conn_child)
			return &ike->wants[i];
	return NULL;
}

bool want_is_met(const struct ike *ike, const struct conn_child *conn_child)
{
	for (const struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (child_of(sa, conn_child))
			return true;
	return false;
}

/* ---- Initiating ----------------------------------------------------------------- */

static int local_addr(struct ike *ike, const struct conn *conn, const struct ip_addr *remote,
		      struct ip_addr *ret_addr)
{
	const struct ip_addr *local = conn_local_for(conn, remote);

	if (!local)
		return -EAFNOSUPPORT;
	if (!addr_is_any(local)) {
		*ret_addr = *local;
		return 0;
	}
	return ike->host.source ? ike->host.source(ike->host.arg, remote, ret_addr)
				: -EADDRNOTAVAIL;
}

static bool is_peer_known(const struct ike *ike, const struct conn *conn)
{
	for (const struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->conn == conn && sa->state == ST_ESTABLISHED)
			return true;
	return false;
}

/* What does not go to port 500 carries the non-ESP marker (RFC 7296 2.23): from 4500 only. */
static void set_endpoints(struct ike_sa *sa, const struct conn *conn, const struct ip_addr *local,
			  const struct ip_addr *remote)
{
	uint16_t from = conn->local_port ? conn->local_port : IKE_PORT;
	uint16_t to = conn->remote_port ? conn->remote_port : IKE_PORT;

	sa->local = (struct endpoint){ *local, to == IKE_PORT ? from : IKE_NAT_PORT };
	sa->remote = (struct endpoint){ *remote, to };
}

struct ike_sa *sa_initiator_new(struct ike *ike, const struct conn *conn)
{
	bool is_known = is_peer_known(ike, conn);
	struct ike_sa *sa = sa_new(ike, true);

	if (!sa)
		return NULL;
	sa_set_conn(sa, conn);
	sa->is_first_contact = !is_known;
	return sa;
}

int sa_send_to(struct ike_sa *sa, const struct ip_addr *to)
{
	const struct conn *conn = sa->conn;
	struct ip_addr local;
	int err = local_addr(sa->ike, conn, to, &local);

	if (!err && addr_is_v4(&local) != addr_is_v4(to))
		err = -EAFNOSUPPORT;
	if (err)
		return err;
	set_endpoints(sa, conn, &local, to);
	sa->our_id = id_is_any(&conn->local_id) ? id_from_addr(&local) : conn->local_id;
	task_push(sa, TASK_IKE_INIT, NULL, 0);
	return 0;
}

int sa_initiate(struct ike *ike, const struct conn *conn, const struct ip_addr *to,
		struct ike_sa **ret_sa)
{
	if (!to && (!conn->n_remote || addr_is_any(&conn->remote[0])))
		return -EDESTADDRREQ;
	struct ike_sa *sa = sa_initiator_new(ike, conn);
	if (!sa)
		return -ENOBUFS;
	int err = sa_send_to(sa, to ? to : &conn->remote[0]);
	if (err) {
		sa_free(sa);
		return err;
	}
	*ret_sa = sa;
	return 0;
}

static bool is_under_way(const struct ike_sa *sa, const struct conn_child *cc)
{
	return task_is_there(sa, TASK_IKE_AUTH, cc, 0) || task_is_there(sa, TASK_IKE_EAP, cc, 0) ||
	       task_is_there(sa, TASK_CHILD_NEW, cc, 0) ||
	       followup_makes(sa, cc);
}

int want_start(struct ike *ike, struct want *want)
{
	struct ike_sa *sa = sa_by_conn(ike, want->conn);
	enum task_kind kind = TASK_CHILD_NEW;
	int err = 0;

	want->retry_ms = 0;
	if (want_is_met(ike, want->conn_child) || (sa && is_under_way(sa, want->conn_child)))
		return -EALREADY;
	if (!sa) {
		err = sa_initiate(ike, want->conn, NULL, &sa);
		kind = TASK_IKE_AUTH;
	}
	if (err)
		return err;
	if (!task_add(sa, kind, want->conn_child, 0))
		return -ENOBUFS;
	want->is_wanted = true;
	return 0;
}

void want_met(struct ike *ike, const struct conn_child *conn_child)
{
	struct want *want = want_of(ike, conn_child);

	if (!want)
		return;
	want->is_wanted = false;
	want->tries = 0;
	want->retry_ms = 0;
	want->packet.is_known = false;
}

/* ---- After an end --------------------------------------------------------------- */

static void again(struct ike *ike, struct want *want)
{
	int err = want_start(ike, want);

	if (err && err != -EALREADY)
		want->retry_ms = ike->now_ms + INITIATE_RETRY_MS;
}

static void failed(struct ike_sa *sa, struct want *want, uint64_t wait_ms)
{
	struct ike *ike = sa->ike;
	uint32_t limit = want->conn->keyingtries;
	char text[sizeof(sa->why) + 2 * CONN_NAME_MAX + 64];

	want->tries++;
	if (limit && want->tries >= limit) {
		want->is_wanted = false;
		want->tries = 0;
		snprintf(text, sizeof(text), "%s[%u] CHILD_SA %s is not up: %s", sa->name,
			 sa->unique_id, want->conn_child->name, sa->why);
		fx_conn(&ike->fx, FX_CONN_FAILED, want->conn, want->conn_child, text);
		return;
	}
	snprintf(text, sizeof(text), "%s[%u] CHILD_SA %s is not up: %s; try %u follows in %u s",
		 sa->name, sa->unique_id, want->conn_child->name, sa->why, want->tries + 1,
		 (unsigned)(wait_ms / 1000));
	want->retry_ms = ike->now_ms + wait_ms;
	fx_conn(&ike->fx, FX_CONN_FAILED, want->conn, want->conn_child, text);
}

void want_child_ended(struct ike_sa *sa, const struct conn_child *cc, enum ike_end end)
{
	struct want *want = want_of(sa->ike, cc);

	if (!want || want_is_met(sa->ike, cc))
		return;
	switch (end) {
	case END_OURS:
		want->is_wanted = false;
		return;
	case END_REFUSED:
		failed(sa, want, INITIATE_RETRY_MS);
		return;
	case END_NO_ANSWER: /* it has taken minutes already */
		failed(sa, want, 1);
		return;
	case END_PEER:
		if (cc->close == START_NOW)
			again(sa->ike, want);
		return;
	case END_DEAD:
		if (cc->dpd == START_NOW)
			again(sa->ike, want);
		return;
	case END_SPOILT: /* no room in the SAD, say: the next one would fare no better */
		if (cc->start == START_NOW || cc->rekey_s)
			want->retry_ms = sa->ike->now_ms + INITIATE_RETRY_MS;
		return;
	case END_EXPIRED: /* with rekeys it was to stay: they were refused or lost for too long */
		if (cc->start == START_NOW || cc->rekey_s)
			again(sa->ike, want);
		return;
	case END_AGAIN:
		again(sa->ike, want);
		return;
	}
}

void want_expire(struct ike *ike)
{
	for (size_t i = 0; i < ike->n_wants; i++)
		if (ike->wants[i].retry_ms && ike->wants[i].retry_ms <= ike->now_ms)
			again(ike, &ike->wants[i]);
}

uint64_t want_deadline(const struct ike *ike)
{
	uint64_t at_ms = 0;

	for (size_t i = 0; i < ike->n_wants; i++) {
		uint64_t retry_ms = ike->wants[i].retry_ms;

		if (retry_ms && (!at_ms || retry_ms < at_ms))
			at_ms = retry_ms;
	}
	return at_ms;
}
