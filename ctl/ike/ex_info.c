/* SPDX-License-Identifier: BSD-2-Clause */
/* INFORMATIONAL (RFC 7296 1.4, 1.4.1, 2.4): deletes, errors, and the question "are you there?". */
#include "ike/auth_eap.h"
#include "ike/collision.h"
#include "ike/followup.h"
#include "ike/mobike.h"
#include "ike/redirect.h"
#include "ike/rival.h"

/* ---- Ours ----------------------------------------------------------------------- */

static enum step_result dpd_start(struct turn *t)
{
	mobike_dpd_emit(t); /* else an empty message is the whole question */
	return STEP_NEXT;
}

static enum step_result child_delete_start(struct turn *t)
{
	struct child *child = child_by_spi(t->sa, t->task->spi, true);

	if (child && child->state == CHILD_LINGERING)
		return STEP_NOTIFY; /* the peer deleted it meanwhile */
	/* One that was rekeyed while it waited goes anyway. */
	if (child && child->is_redundant && child_is_live(child) &&
	    !collision_stays(t->sa, child)) {
		child->is_redundant = false; /* the other one has ended meanwhile */
		return STEP_NOTIFY;
	}
	if (child) {
		sa_log(t->sa, "deleting CHILD_SA %s{%u}", child->name, child->sa.unique_id);
		child_move(t->sa, child, CHILD_ON_DELETE);
	}
	delete_emit(t->out, t->task->protocol, &t->task->spi, 1);
	return STEP_NEXT;
}

static enum step_result ike_delete_start(struct turn *t)
{
	sa_log(t->sa, "deleting IKE_SA");
	delete_emit(t->out, PROTO_IKE, NULL, 0);
	return STEP_NEXT;
}

/* Where the peer takes the IKE SA as up, with a Delete: Libreswan 4.10 reads nothing else, and
 * would keep it. */
static enum step_result tell_start(struct turn *t)
{
	bool is_in_eap = t->sa->state == ST_EAP_SENT && t->sa->eap->eap.out_len;

	notify_emit_plain(t->out, t->task->notify, rd_from(NULL, 0));
	if (!is_in_eap)
		delete_emit(t->out, PROTO_IKE, NULL, 0);
	return STEP_NEXT;
}

/* 2.3: in an exchange of its own, never as an answer. */
static enum step_result bad_id_start(struct turn *t)
{
	uint8_t bytes[4];
	struct writer w = wr_into(bytes, sizeof(bytes));

	wr_u32(&w, t->task->spi);
	notify_emit_plain(t->out, N_INVALID_MESSAGE_ID, rd_from(bytes, sizeof(bytes)));
	return STEP_NEXT;
}

static enum step_result answered(struct turn *t)
{
	struct child *child =
		t->task->kind == TASK_CHILD_DELETE ? child_by_spi(t->sa, t->task->spi, true) : NULL;

	if (child)
		child_move(t->sa, child, CHILD_ON_DELETED);
	if (t->task->kind == TASK_DPD)
		mobike_dpd_answered(t);
	return STEP_NEXT;
}

/* ---- The peer's ----------------------------------------------------------------- */

static struct child *heir_of(const struct ike_sa *sa, const struct child *old)
{
	struct child *c = sa->children;

	while (c && !(c->replaces == old->sa.spi_in && child_is_live(c)))
		c = c->next;
	return c;
}

/* 1.4.1: SPIs in a delete are those of the sender's inbound SAs. Returns ours to answer with; 0:
 * we have none, or our own delete of it crossed the peer's. */
static uint32_t delete_one(struct turn *t, uint8_t protocol, uint32_t spi_out)
{
	struct child *child = child_of_peer(t->sa, protocol, spi_out);

	if (!child)
		followup_deleted(t->sa, protocol, spi_out);
	if (!child || child->state == CHILD_LINGERING)
		return 0;
	const struct conn_child *cc = child->sa.conn_child;
	bool is_crossing = child->state == CHILD_DELETING, was_live = child_is_live(child);
	struct child *heir = heir_of(t->sa, child);
	if (heir) /* who deletes the old one has the new one */
		heir->sure_ms = 0;
	if (was_live && heir) {
		child_move(t->sa, child, CHILD_ON_REPLACE);
		was_live = false;
	}
	sa_log(t->sa, "peer deletes CHILD_SA %s{%u}", child->name, child->sa.unique_id);
	child_move(t->sa, child, CHILD_ON_DELETED);
	if (was_live && cc)
		want_child_ended(t->sa, cc, END_PEER);
	return is_crossing ? 0 : child->sa.spi_in;
}

static void delete_all(struct turn *t, uint8_t protocol)
{
	uint32_t spis[CHILDREN_MAX];
	size_t n = 0;

	for (size_t i = 0; i < t->in->n_deletes; i++) {
		const struct delete_payload *d = &t->in->deletes[i];

		for (size_t j = 0; d->protocol == protocol && j < d->n_spis; j++) {
			uint32_t spi = n < CHILDREN_MAX ? delete_one(t, protocol, d->spis[j]) : 0;

			if (spi)
				spis[n++] = spi;
		}
	}
	if (n)
		delete_emit(t->out, protocol, spis, n);
}

static enum step_result info_asked(struct turn *t)
{
	if (mobike_asked(t) != STEP_NEXT)
		return STEP_NOTIFY;
	redirect_asked(t);
	delete_all(t, PROTO_ESP);
	delete_all(t, PROTO_AH);
	return STEP_NEXT;
}

static enum step_result rejected(struct turn *t)
{
	return turn_refuse(t, STEP_NEXT, 0, "peer ended the IKE_SA: %s",
			   notify_name(message_error(t->in)->type));
}

static enum step_result ike_deleted(struct turn *t)
{
	rival_settle(t->sa);
	if (message_error(t->in))
		return rejected(t);
	sa_why(t->sa, "peer deleted the IKE_SA");
	sa_log(t->sa, "peer deletes IKE_SA");
	return STEP_NEXT;
}

/* ---- Rows ----------------------------------------------------------------------- */

static enum step_result dead(struct turn *t)
{
	char remote[ADDR_TEXT_MAX];

	return turn_refuse(t, STEP_NEXT, 0, "peer %s is dead: no answer to %s",
			   addr_print(&t->sa->remote.addr, remote, sizeof(remote)),
			   t->task ? task_text(t->task->kind) : "anything");
}

static enum step_result left(struct turn *t)
{
	(void)t;
	return STEP_NEXT;
}

#define UP (IN(ESTABLISHED) | IN(REKEYED) | IN(DELETING))
#define ANY_INFO (ANY_NOTIFY | P_DELETE | P_CP)

static const struct step steps[] = {
	{ STEP_START, IN(ESTABLISHED), ST_SAME, ON(TASK_DPD), 0, dpd_start, NULL, TM_RETRANSMIT,
	  "ask whether the peer is there" },
	{ STEP_START, IN(ESTABLISHED), ST_SAME, ON(TASK_MOVE), 0, mobike_move_start, NULL,
	  TM_RETRANSMIT, "our addresses have changed" },
	{ STEP_START, IN(ESTABLISHED), ST_SAME, ON(TASK_ADDRESSES), 0, mobike_tell_start, NULL,
	  TM_RETRANSMIT, "tell our other addresses" },
	{ STEP_START, IN(ESTABLISHED), ST_SAME, ON(TASK_CHECK), 0, mobike_check_start, NULL,
	  TM_RETRANSMIT, "does the peer's new address answer?" },
	{ STEP_START, IN(ESTABLISHED), ST_SAME, ON(TASK_REDIRECT), 0, redirect_start, NULL,
	  TM_RETRANSMIT, "send the client to another gateway" },
	{ STEP_START, IN(ESTABLISHED), ST_SAME, ON(TASK_BAD_ID), 0, bad_id_start, NULL,
	  TM_RETRANSMIT, "a request was outside of the window" },
	{ STEP_START, IN(ESTABLISHED), ST_SAME, ON(TASK_CHILD_DELETE), 0, child_delete_start, NULL,
	  TM_RETRANSMIT, "delete a Child SA" },
	{ STEP_START, IN(ESTABLISHED) | IN(REKEYED), ST_DELETING, ON(TASK_IKE_DELETE), 0,
	  ike_delete_start, NULL, TM_RETRANSMIT, "delete the IKE SA" },
	{ STEP_START, IN(AUTH_SENT) | IN(EAP_SENT) | IN(ESTABLISHED), ST_DELETING, ON(TASK_TELL), 0, tell_start,
	  NULL, TM_RETRANSMIT, "tell the peer why it is over" },
	{ STEP_RESPONSE, IN(ESTABLISHED) | IN(REKEYED), ST_SAME, 0,
	  ON(TASK_DPD) | ON(TASK_CHILD_DELETE) | ON(TASK_ADDRESSES) | ON(TASK_BAD_ID) | ON(TASK_REDIRECT) | ANY_INFO,
	  answered, NULL, TM_NONE, "the peer is there; the Child SA is deleted" },
	{ STEP_RESPONSE, IN(ESTABLISHED) | IN(REKEYED), ST_SAME, ON(TASK_MOVE), ANY_INFO,
	  mobike_move_answered, NULL, TM_NONE, "the Child SAs move" },
	{ STEP_RESPONSE, IN(ESTABLISHED) | IN(REKEYED), ST_SAME, ON(TASK_CHECK), ANY_INFO,
	  mobike_check_answered, NULL, TM_NONE, "the peer is where it says" },
	{ STEP_RESPONSE, IN(DELETING), ST_CLOSED, 0,
	  ON(TASK_IKE_DELETE) | ON(TASK_TELL) | ANY_INFO | HAS_DELETE_IKE, left, NULL, TM_CLOSED,
	  "both sides know that it is over" },
	{ STEP_REQUEST, UP, ST_CLOSED, P_DELETE | HAS_DELETE_IKE, ANY_INFO, ike_deleted, NULL,
	  TM_CLOSED, "the peer deletes the IKE SA" },
	{ STEP_REQUEST, UP | IN(EAP_ASKED), ST_CLOSED, P_NOTIFY | HAS_ERROR | HAS_AUTH_FAILED, ANY_INFO,
	  rejected, NULL, TM_CLOSED, "the peer says that it is over" },
	{ STEP_REQUEST, UP, ST_SAME, 0, ANY_INFO & ~HAS_AUTH_FAILED, info_asked, NULL, TM_NONE,
	  "answer; delete the Child SAs it names" },
	{ STEP_TIMEOUT, IN(ESTABLISHED), ST_CLOSED, 0, ON_ANY, dead, NULL, TM_CLOSED,
	  "no answer: the peer is dead" },
	{ STEP_TIMEOUT, IN(REKEYED) | IN(DELETING), ST_CLOSED, 0, ON_ANY, left, NULL, TM_CLOSED,
	  "no answer, and none is needed" },
};

const struct exchange ex_info = { EX_INFORMATIONAL, "INFORMATIONAL", steps, ARRAY_SIZE(steps) };
