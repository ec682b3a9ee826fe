/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CREATE_CHILD_SA (RFC 7296 1.3, 2.8, 2.25): another Child SA, or a new one for an old one. The
 * rekey of the IKE SA itself is in rekey.c; its rows are here, as all rows of this exchange.
 */
#include "ike/child_ask.h"
#include "ike/collision.h"
#include "ike/followup.h"
#include "ike/rekey.h"

/* ---- Initiator ------------------------------------------------------------------ */

static struct child *rekeyed_child(const struct turn *t)
{
	return t->task->kind == TASK_CHILD_REKEY ? child_by_spi(t->sa, t->task->spi, true) : NULL;
}

/* By its slot, once the request is out, unless the slot has another one meanwhile. */
static const struct conn_child *orphaned_child(const struct turn *t)
{
	const struct conn *conn = t->sa->conn;
	uint32_t slot = t->ours->nego.slot;

	for (size_t i = 0; conn && slot && i < conn->n_children; i++) {
		const struct conn_child *cc = &conn->children[i];
		const struct child *other = child_of(t->sa, cc);

		if (cc->action == SPD_PROTECT && cc->child == slot)
			return !other || other == collision_twin(t->sa, t->task->spi) ? cc : NULL;
	}
	return NULL;
}

static const struct conn_child *task_child(const struct turn *t)
{
	struct child *old = rekeyed_child(t);

	if (t->task->kind == TASK_CHILD_NEW)
		return t->task->conn_child;
	return old ? old->sa.conn_child : orphaned_child(t);
}

static enum step_result child_emit(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	const struct conn_child *cc = task_child(t);
	struct child *old = rekeyed_child(t);
	struct ke ke = { nego->group, rd_from(nego->pair.public_value, nego->pair.public_len) };

	if (old && old->is_taken) { /* the peer was faster */
		child_move(t->sa, old, CHILD_ON_REPLACE);
		return STEP_NOTIFY;
	}
	if (!cc)
		return STEP_NOTIFY;
	if (old)
		notify_emit_child(t->out, N_REKEY_SA, old->sa.chosen.protocol, old->sa.spi_in);
	deal_offer_sa(t, cc, true, nego->spi_in);
	nonce_emit(t->out, rd_from(nego->nonce, sizeof(nego->nonce)));
	if (nego->group != KE_NONE)
		ke_emit(t->out, &ke);
	deal_offer_ts(t, cc);
	return STEP_NEXT;
}

/* Nothing to do any more? The first time it also claims the Child SA that is to be rekeyed. */
static bool is_moot(struct turn *t)
{
	const struct conn_child *cc = task_child(t);
	struct child *old = rekeyed_child(t);

	if (!cc || (old && old->is_unwanted))
		return true;
	if (t->ours->again)
		return false;
	if (t->task->kind == TASK_CHILD_NEW)
		return child_of(t->sa, cc) || followup_makes(t->sa, cc);
	child_move(t->sa, old, CHILD_ON_REKEY);
	return old->state != CHILD_REKEYING;
}

static enum step_result child_start(struct turn *t)
{
	struct nego *nego = &t->ours->nego;

	if (is_moot(t))
		return STEP_NOTIFY;
	if (t->task->kind == TASK_CHILD_NEW && deal_is_cut(t->sa, t->task->conn_child)) {
		deal_cut(t->sa, t->task->conn_child);
		return STEP_NOTIFY;
	}
	if (!t->ours->again) {
		nego->spi_in = deal_spi(t->ike);
		nego->group = deal_group(task_child(t));
		nego->slot = task_child(t)->child;
		nego->protocol = conn_child_protocol(task_child(t));
		ike_random(t->ike, nego->nonce, sizeof(nego->nonce));
		sa_log(t->sa, "establishing CHILD_SA %s%s", task_child(t)->name,
		       t->task->kind == TASK_CHILD_REKEY ? " (rekey)" : "");
	}
	if (nego->group == KE_NONE)
		return child_emit(t);
	ke_fini(&nego->pair);
	return turn_wait(t, nego->group, &nego->pair, rd_from(NULL, 0));
}

static enum step_result child_started(struct turn *t)
{
	struct nego *nego = &t->ours->nego;

	nego->pair = t->job->pair;
	t->job->pair = (struct ke_pair){ 0 };
	if (!t->job->result)
		return child_emit(t);
	if (rekeyed_child(t))
		child_ask_later(t->sa, rekeyed_child(t), REKEY_RETRY_MS);
	return STEP_NOTIFY;
}

static struct child_ask asked(const struct turn *t)
{
	const struct nego *nego = &t->ours->nego;

	return (struct child_ask){
		.conn_child = task_child(t),
		.replaces = t->task->kind == TASK_CHILD_REKEY ? t->task->spi : 0,
		.spi_in = nego->spi_in,
		.protocol = nego->protocol,
		.twin = nego->twin,
	};
}

static enum step_result child_spoilt(struct turn *t, uint16_t why)
{
	struct child_ask ask = asked(t);

	child_ask_spoilt(t, &ask, why);
	return STEP_NEXT;
}

/* RFC 9370 2.2.4: the other key exchanges come before it is made. */
static enum step_result child_goes_on(struct turn *t, const struct child_ask *ask,
				      const struct deal *deal, const struct deal_secrets *secrets)
{
	struct followup *f = followup_begin(t, true, deal, secrets->ni, secrets->nr);

	if (f) {
		f->replaces = ask->replaces;
		f->twin = ask->twin;
		if (followup_next(t, f))
			return STEP_NEXT;
		followup_end(t->sa, f);
	}
	return child_spoilt(t, N_INVALID_SYNTAX);
}

static enum step_result child_finish(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	struct child_ask ask = asked(t);
	struct deal deal;
	struct deal_secrets secrets = {
		.shared = t->job ? rd_from(t->job->secret, t->job->secret_len) : rd_from(NULL, 0),
		.ni = rd_from(nego->nonce, sizeof(nego->nonce)),
		.nr = t->in->nonce,
		.is_initiator = true,
	};

	if (t->job && t->job->result)
		return child_spoilt(t, N_INVALID_SYNTAX);
	uint16_t why =
		ask.conn_child ? deal_check(t, ask.conn_child, true, &deal) : N_TS_UNACCEPTABLE;
	if (why)
		return child_spoilt(t, why);
	if (proposal_addke(&deal.chosen, 0))
		return child_goes_on(t, &ask, &deal, &secrets);
	child_ask_done(t, &ask, &deal, &secrets);
	return STEP_NEXT;
}

/* With one of our proposals that has no key exchange the peer does without, whatever we sent. */
static enum step_result child_answered(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	const struct ke *ke = &t->in->ke;
	const struct transform *chosen = proposal_get(&t->in->sa.proposals[0], TRANSFORM_KE);

	if (!chosen || chosen->id == KE_NONE)
		return child_finish(t);
	if (!(t->in->present & P_KE) || chosen->id != nego->group || ke->group != nego->group ||
	    rd_left(&ke->public_value) != ke_answer_len(nego->group))
		return child_spoilt(t, N_INVALID_KE_PAYLOAD);
	return turn_wait(t, nego->group, &nego->pair, ke->public_value);
}

static enum step_result child_refused(struct turn *t)
{
	struct child_ask ask = asked(t);

	child_ask_refused(t, &ask, message_error(t->in)->type);
	return STEP_NEXT;
}

static enum step_result child_again(struct turn *t)
{
	const struct notify *n = message_notify(t->in, N_INVALID_KE_PAYLOAD);
	const struct conn_child *cc = task_child(t);
	struct reader data = n ? n->data : rd_from(NULL, 0);
	uint16_t group = rd_u16(&data);

	if (!rd_done(&data) || !cc || group == t->ours->nego.group || !proposals_have_group(cc->proposals, cc->n_proposals, group))
		return child_refused(t);
	t->ours->nego.group = group;
	return STEP_AGAIN;
}

/* ---- Responder ------------------------------------------------------------------ */

static enum step_result refuse(struct turn *t, uint16_t why)
{
	const char *name = notify_name(why);

	return turn_refuse(t, STEP_NOTIFY, why, "CREATE_CHILD_SA of the peer refused: %s",
			   name ? name : "error");
}

/* 2.25.1: what may be rekeyed now. 0 or the notify. *ret_old stays NULL for a new Child SA. */
static uint16_t find_old(struct turn *t, struct child **ret_old)
{
	const struct notify *n = message_notify(t->in, N_REKEY_SA);
	uint32_t spi = n ? notify_child_spi(n) : 0;
	struct child *old = spi ? child_of_peer(t->sa, n->protocol, spi) : NULL;

	*ret_old = old;
	uint16_t why = child_answer_check(t, NULL);
	if (why || !n)
		return why;
	if (!old || old->state == CHILD_LINGERING) {
		t->why_spi = spi;
		t->why_protocol = n->protocol;
		return N_CHILD_SA_NOT_FOUND;
	}
	return child_answer_check(t, old);
}

static enum step_result refuse_child_group(struct turn *t, uint16_t wanted)
{
	t->why_data[0] = (uint8_t)(wanted >> 8);
	t->why_data[1] = (uint8_t)wanted;
	t->why_len = 2;
	return refuse(t, N_INVALID_KE_PAYLOAD);
}

static enum step_result child_answer_with(struct turn *t, struct deal *deal, struct child *old)
{
	uint8_t nonce[NONCE_LEN];
	struct deal_secrets secrets = {
		.shared = t->job ? rd_from(t->job->secret, t->job->secret_len) : rd_from(NULL, 0),
		.ni = t->in->nonce,
		.nr = rd_from(nonce, sizeof(nonce)),
	};

	bool goes_on = proposal_addke(&deal->chosen, 0);
	struct followup *f = NULL;

	ike_random(t->ike, nonce, sizeof(nonce));
	deal->spi_in = deal_spi(t->ike);
	if (goes_on && !(f = followup_begin(t, true, deal, secrets.ni, secrets.nr)))
		return refuse(t, N_TEMPORARY_FAILURE);
	if (!goes_on && !child_answer_done(t, deal, &secrets, old))
		return refuse(t, N_NO_ADDITIONAL_SAS);
	deal_answer_sa(t, deal);
	nonce_emit(t->out, secrets.nr);
	if (t->job) {
		struct ke ke = { t->job->group,
				 rd_from(t->job->pair.public_value, t->job->pair.public_len) };
		ke_emit(t->out, &ke);
	}
	deal_answer_ts(t, deal);
	if (f) {
		f->replaces = old ? old->sa.spi_in : 0;
		followup_emit(t, f);
	}
	return STEP_NEXT;
}

/* Twice run when there is a key exchange: before the job and, with it, after. */
static enum step_result child_asked(struct turn *t)
{
	struct child *old;
	struct deal deal;
	char text[EXPLAIN_MAX];
	uint16_t why = find_old(t, &old);

	if (why)
		return refuse(t, why);
	const struct conn_child *only = old ? old->sa.conn_child : NULL;
	why = deal_find(t, only, true, &deal);
	if (why)
		return turn_refuse(t, STEP_NOTIFY, why, "CREATE_CHILD_SA of the peer refused: %s",
				   deal_explain(t, only, true, why, text, sizeof(text)));
	const struct transform *ke = proposal_get(&deal.chosen, TRANSFORM_KE);
	if (!ke || ke->id == KE_NONE)
		return child_answer_with(t, &deal, old);
	if (!(t->in->present & P_KE) || t->in->ke.group != ke->id)
		return refuse_child_group(t, ke->id);
	if (t->job)
		return t->job->result ? refuse(t, N_INVALID_SYNTAX)
				      : child_answer_with(t, &deal, old);
	if (rd_left(&t->in->ke.public_value) != ke_public_len(ke->id))
		return refuse(t, N_INVALID_SYNTAX);
	return turn_wait(t, ke->id, &(struct ke_pair){ 0 }, t->in->ke.public_value);
}

/* 2.25.2: this IKE SA is about to go. */
static enum step_result not_now(struct turn *t)
{
	return refuse(t, N_TEMPORARY_FAILURE);
}

/* ---- Rows ----------------------------------------------------------------------- */

#define CHILD_PAYLOADS (P_SA | P_NONCE | P_TSI | P_TSR)
#define OUR_CHILD (ON(TASK_CHILD_NEW) | ON(TASK_CHILD_REKEY))
#define NO_REKEY (ANY_NOTIFY & ~HAS_REKEY)

static const struct step steps[] = {
	{ STEP_START, IN(ESTABLISHED), ST_SAME, ON(TASK_CHILD_NEW), 0, child_start, child_started,
	  TM_RETRANSMIT, "ask for another Child SA" },
	{ STEP_START, IN(ESTABLISHED), ST_SAME, ON(TASK_CHILD_REKEY), 0, child_start, child_started,
	  TM_RETRANSMIT, "ask to rekey a Child SA" },
	{ STEP_START, IN(ESTABLISHED), ST_SAME, ON(TASK_IKE_REKEY), 0, rekey_start, rekey_started,
	  TM_RETRANSMIT, "ask to rekey the IKE SA" },
	{ STEP_RESPONSE, IN(ESTABLISHED), ST_SAME, CHILD_PAYLOADS, OUR_CHILD | P_KE | ANY_NOTIFY,
	  child_answered, child_finish, TM_NONE, "install and use it, delete what it replaces" },
	{ STEP_RESPONSE, IN(ESTABLISHED), ST_SAME, P_NOTIFY | HAS_AGAIN,
	  OUR_CHILD | P_VENDOR | HAS_ERROR, child_again, NULL, TM_RETRANSMIT,
	  "the peer wants another group" },
	{ STEP_RESPONSE, IN(ESTABLISHED), ST_SAME, P_NOTIFY | HAS_ERROR,
	  OUR_CHILD | P_VENDOR | HAS_AUTH_FAILED, child_refused, NULL, TM_NONE,
	  "the peer refuses the Child SA" },
	{ STEP_RESPONSE, IN(ESTABLISHED), ST_REKEYED, ON(TASK_IKE_REKEY) | P_SA | P_NONCE | P_KE,
	  ANY_NOTIFY, rekey_answered, rekey_finish, TM_REKEYED,
	  "children move to the new IKE SA, delete this one" },
	{ STEP_RESPONSE, IN(ESTABLISHED), ST_SAME, ON(TASK_IKE_REKEY) | P_NOTIFY | HAS_AGAIN,
	  P_VENDOR | HAS_ERROR | HAS_AUTH_FAILED, rekey_again, NULL, TM_RETRANSMIT,
	  "the peer wants another group" },
	{ STEP_RESPONSE, IN(ESTABLISHED), ST_SAME, ON(TASK_IKE_REKEY) | P_NOTIFY | HAS_ERROR,
	  P_VENDOR | HAS_AUTH_FAILED, rekey_refused, NULL, TM_NONE,
	  "the peer refuses the rekey" },
	{ STEP_REQUEST, IN(ESTABLISHED), ST_SAME, CHILD_PAYLOADS, P_KE | P_CP | NO_REKEY,
	  child_asked, child_asked, TM_NONE, "answer another Child SA, use it" },
	{ STEP_REQUEST, IN(ESTABLISHED), ST_SAME, CHILD_PAYLOADS | P_NOTIFY | HAS_REKEY,
	  P_KE | P_CP | NO_REKEY, child_asked, child_asked, TM_NONE,
	  "answer the rekey, wait to use it" },
	{ STEP_REQUEST, IN(ESTABLISHED), ST_REKEYED, P_SA | P_NONCE | P_KE, ANY_NOTIFY, rekey_asked,
	  rekey_asked, TM_REKEYED, "children move to the new IKE SA, wait for the delete" },
	{ STEP_REQUEST, IN(REKEYED) | IN(DELETING), ST_SAME, P_SA | P_NONCE,
	  P_KE | P_TSI | P_TSR | P_CP | ANY_NOTIFY, not_now, NULL, TM_NONE,
	  "this IKE SA is about to go: TEMPORARY_FAILURE" },
};

const struct exchange ex_child = { EX_CREATE_CHILD_SA, "CREATE_CHILD_SA", steps,
				   ARRAY_SIZE(steps) };
