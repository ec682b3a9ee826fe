/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/ppk.h"

#include <errno.h>
#include "ike/auth.h"

enum { PPK_ID_FIXED = 2 }; /* RFC 8784 5.1 */

/* ---- IKE_SA_INIT ------------------------------------------------------------------- */

void ppk_offer(struct turn *t)
{
	if (t->sa->conn->ppk_len)
		notify_emit_plain(t->out, N_USE_PPK, rd_from(NULL, 0));
}

enum step_result ppk_answered(struct turn *t)
{
	struct ike_sa *sa = t->sa;

	sa->init->is_ppk = sa->conn->ppk_len && message_notify(t->in, N_USE_PPK);
	if (sa->conn->is_ppk_required && !sa->init->is_ppk)
		return turn_refuse(t, STEP_FAIL, 0, "the peer does not use PPKs, and ppk_required");
	return STEP_NEXT;
}

void ppk_answer(struct turn *t)
{
	if (!message_notify(t->in, N_USE_PPK))
		return;
	for (size_t i = 0; i < t->ike->n_conns; i++) {
		const struct conn *c = t->ike->conns[i];

		if (c->ppk_len && conn_match_addr(c, &t->from->local.addr, &t->from->remote.addr))
			t->sa->init->is_ppk = true;
	}
	if (t->sa->init->is_ppk)
		notify_emit_plain(t->out, N_USE_PPK, rd_from(NULL, 0));
}

/* ---- IKE_AUTH ---------------------------------------------------------------------- */

/* Not before: IKE_INTERMEDIATE has changed the keys since IKE_SA_INIT. */
int ppk_prepare(struct ike_sa *sa)
{
	const struct conn *conn = sa->conn;

	return sa->init->is_ppk ? keymat_ppk(&sa->keys, rd_from(conn->ppk, conn->ppk_len),
					     &sa->init->ppk)
				: 0;
}

void ppk_identity_emit(struct turn *t)
{
	const struct conn *conn = t->sa->conn;
	uint8_t id[1 + IKE_ID_MAX];
	struct writer w = wr_into(id, sizeof(id));

	if (!t->sa->init->is_ppk)
		return;
	wr_u8(&w, PPK_ID_FIXED);
	wr_bytes(&w, conn->ppk_id.data, conn->ppk_id.len);
	notify_emit_plain(t->out, N_PPK_IDENTITY, rd_from(id, wr_len(&w)));
}

static bool is_our_ppk(const struct conn *conn, struct reader id)
{
	return rd_u8(&id) == PPK_ID_FIXED && rd_ok(&id) && conn->ppk_len &&
	       rd_left(&id) == conn->ppk_id.len &&
	       !memcmp(id.at, conn->ppk_id.data, conn->ppk_id.len);
}

static void use(struct ike_sa *sa)
{
	memcpy(sa->keys.sk_d, sa->init->ppk.sk_d, sizeof(sa->keys.sk_d));
	memcpy(sa->keys.sk_pi, sa->init->ppk.sk_pi, sizeof(sa->keys.sk_pi));
	memcpy(sa->keys.sk_pr, sa->init->ppk.sk_pr, sizeof(sa->keys.sk_pr));
	sa->init->is_ppk_used = true;
	sa_log(sa, "uses a PPK");
}

static enum step_result settle_initiator(struct turn *t, const struct notify *id)
{
	struct ike_sa *sa = t->sa;

	if (id && sa->init->is_ppk) {
		use(sa);
		return STEP_NEXT;
	}
	if (sa->init->is_ppk && sa->conn->is_ppk_required)
		return auth_failed(t, "it does not use our PPK, and ppk_required");
	return STEP_NEXT;
}

static enum step_result settle_responder(struct turn *t, const struct notify *id)
{
	struct ike_sa *sa = t->sa;
	const struct conn *conn = sa->conn;

	if (id && sa->init->is_ppk && is_our_ppk(conn, id->data)) {
		if (ppk_prepare(sa))
			return auth_failed(t, "no keys of the PPK");
		use(sa);
		return STEP_NEXT;
	}
	if (conn->is_ppk_required)
		return auth_failed(t, id ? "it names another PPK than ours, and ppk_required"
					 : "it uses no PPK, and ppk_required");
	if (id && !message_notify(t->in, N_NO_PPK_AUTH))
		return auth_failed(t, "it insists on a PPK that we do not have");
	return STEP_NEXT;
}

enum step_result ppk_settle(struct turn *t)
{
	const struct notify *id = message_notify(t->in, N_PPK_IDENTITY);

	if (t->job || t->sa->init->is_ppk_used)
		return STEP_NEXT; /* it was settled before the job went out */
	return t->sa->is_initiator ? settle_initiator(t, id) : settle_responder(t, id);
}

void ppk_confirm(struct turn *t)
{
	if (t->sa->init->is_ppk_used)
		notify_emit_plain(t->out, N_PPK_IDENTITY, rd_from(NULL, 0));
}
