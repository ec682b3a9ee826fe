/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CREATE_CHILD_SA (RFC 7296 1.3, 2.8, 2.25): another Child SA, or a new one for an old one. The
 * rekey of the IKE SA itself is in rekey.c; its rows are here, as all rows of this exchange.
 */
#include "ike/collision.h"
#include "ike/deal.h"
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
	uint32_t slot = t->sa->ours.nego.slot;

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
	struct nego *nego = &t->sa->ours.nego;
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
		notify_emit_esp(t->out, N_REKEY_SA, old->sa.spi_in);
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

	if (!cc)
		return true;
	if (t->sa->ours.again)
		return false;
	if (t->task->kind == TASK_CHILD_NEW)
		return child_of(t->sa, cc);
	child_move(t->sa, old, CHILD_ON_REKEY);
	return old->state != CHILD_REKEYING;
}

static enum step_result child_start(struct turn *t)
{
	struct nego *nego = &t->sa->ours.nego;

	if (is_moot(t))
		return STEP_NOTIFY;
	if (!t->sa->ours.again) {
		nego->spi_in = deal_spi(t->ike);
		nego->group = deal_group(task_child(t));
		nego->slot = task_child(t)->child;
		ike_random(t->ike, nego->nonce, sizeof(nego->nonce));
		sa_log(t->sa, "establishing CHILD_SA %s%s", task_child(t)->name,
		       t->task->kind == TASK_CHILD_REKEY ? " (rekey)" : "");
	}
	if (nego->group == KE_NONE)
		return child_emit(t);
	ke_fini(&nego->pair);
	return turn_wait(t, nego->group, &nego->pair, rd_from(NULL, 0));
}

static void rekey_later(struct ike_sa *sa, struct child *old, uint64_t wait_ms)
{
	child_move(sa, old, old->is_taken ? CHILD_ON_REPLACE : CHILD_ON_KEEP);
	if (!old->is_taken)
		old->rekey_ms = sa->ike->now_ms + wait_ms + ike_jitter(sa->ike, wait_ms);
}

static enum step_result child_started(struct turn *t)
{
	struct nego *nego = &t->sa->ours.nego;

	nego->pair = t->job->pair;
	t->job->pair = (struct ke_pair){ 0 };
	if (!t->job->result)
		return child_emit(t);
	if (rekeyed_child(t))
		rekey_later(t->sa, rekeyed_child(t), REKEY_RETRY_MS);
	return STEP_NOTIFY;
}

/* The rekey is done: who uses what, and who deletes what (see collision.h and child.h). */
static void settle_rekey(struct ike_sa *sa, struct child *fresh, uint32_t old_spi)
{
	struct child *old = child_by_spi(sa, old_spi, true), *twin = collision_twin(sa, old_spi);

	if (old)
		child_move(sa, old, CHILD_ON_REPLACE);
	if (collision_loses(&fresh->low, &sa->ours.nego.twin)) {
		sa_log(sa, "both sides rekeyed CHILD_SA %s: ours is the redundant one",
		       fresh->name);
		child_move(sa, fresh, CHILD_ON_REPLACE);
		task_add(sa, TASK_CHILD_DELETE, NULL, fresh->sa.spi_in);
		return;
	}
	child_switch(sa, fresh);
	if (twin) /* the peer deletes it */
		child_move(sa, twin, CHILD_ON_REPLACE);
	if (old)
		task_add(sa, TASK_CHILD_DELETE, NULL, old_spi);
}

/* What the peer set up and we cannot use is deleted again; the old one stays. */
static enum step_result child_spoilt(struct turn *t, uint16_t why)
{
	struct child *old = rekeyed_child(t);

	if (old)
		rekey_later(t->sa, old, REKEY_RETRY_MS);
	deal_failed(t, t->task->conn_child, why);
	task_add(t->sa, TASK_CHILD_DELETE, NULL, t->sa->ours.nego.spi_in);
	return STEP_NEXT;
}

static enum step_result child_finish(struct turn *t)
{
	struct nego *nego = &t->sa->ours.nego;
	const struct conn_child *cc = task_child(t);
	struct child *child = NULL;
	struct deal deal;
	struct deal_secrets secrets = {
		.shared = t->job ? rd_from(t->job->secret, t->job->secret_len) : rd_from(NULL, 0),
		.ni = rd_from(nego->nonce, sizeof(nego->nonce)),
		.nr = t->in->nonce,
		.is_initiator = true,
	};
	bool is_rekey = t->task->kind == TASK_CHILD_REKEY;

	if (t->job && t->job->result)
		return child_spoilt(t, N_INVALID_SYNTAX);
	uint16_t why = cc ? deal_check(t, cc, true, &deal) : N_TS_UNACCEPTABLE;
	if (!why)
		child = deal_install(t->sa, &deal, &secrets, is_rekey ? t->task->spi : 0);
	if (!child)
		return child_spoilt(t, why ? why : N_NO_ADDITIONAL_SAS);
	if (is_rekey)
		settle_rekey(t->sa, child, t->task->spi);
	else
		child_switch(t->sa, child);
	collision_find_child(t->sa, child);
	return STEP_NEXT;
}

static enum step_result child_answered(struct turn *t)
{
	struct nego *nego = &t->sa->ours.nego;
	const struct ke *ke = &t->in->ke;

	if (nego->group == KE_NONE)
		return child_finish(t);
	if (!(t->in->present & P_KE) || ke->group != nego->group ||
	    rd_left(&ke->public_value) != ke_answer_len(nego->group))
		return child_spoilt(t, N_INVALID_KE_PAYLOAD);
	return turn_wait(t, nego->group, &nego->pair, ke->public_value);
}

static bool is_group_in(const struct conn_child *cc, uint16_t group)
{
	for (size_t i = 0; i < cc->n_esp; i++)
		for (size_t j = 0; j < cc->esp[i].n_transforms; j++)
			if (cc->esp[i].transforms[j].type == TRANSFORM_KE &&
			    cc->esp[i].transforms[j].id == group)
				return true;
	return false;
}

static enum step_result child_refused(struct turn *t);

static enum step_result child_again(struct turn *t)
{
	const struct notify *n = message_notify(t->in, N_INVALID_KE_PAYLOAD);
	const struct conn_child *cc = task_child(t);
	struct reader data = n ? n->data : rd_from(NULL, 0);
	uint16_t group = rd_u16(&data);

	if (!rd_done(&data) || !cc || group == t->sa->ours.nego.group || !is_group_in(cc, group))
		return child_refused(t);
	t->sa->ours.nego.group = group;
	return STEP_AGAIN;
}

/* The peer has no such Child SA (2.25): ours is a leftover. The delete is for a peer that has been
 * told of it meanwhile. */
static void rekey_lost(struct ike_sa *sa, struct child *old)
{
	const struct conn_child *cc = old->sa.conn_child;

	sa_error(sa, "peer knows no CHILD_SA %s{%u}: dropped", old->name, old->sa.unique_id);
	task_add(sa, TASK_CHILD_DELETE, NULL, old->sa.spi_in);
	child_move(sa, old, CHILD_ON_DROP);
	if (cc && !child_of(sa, cc))
		task_add(sa, TASK_CHILD_NEW, cc, 0);
}

static enum step_result child_refused(struct turn *t)
{
	uint16_t why = message_error(t->in)->type;
	struct child *old = rekeyed_child(t);
	const char *name = notify_name(why);
	struct task *again;

	if (t->task->kind == TASK_CHILD_REKEY) {
		sa_error(t->sa, "peer refuses to rekey CHILD_SA: %s (%u)", name ? name : "error",
			 why);
		if (old && why == N_CHILD_SA_NOT_FOUND && !old->is_taken)
			rekey_lost(t->sa, old);
		else if (old)
			rekey_later(t->sa, old,
				    why == N_TEMPORARY_FAILURE ? TEMPORARY_RETRY_MS
							       : REKEY_RETRY_MS);
		return STEP_NEXT;
	}
	if (deal_single_pair(t, t->task->conn_child, why))
		return STEP_NEXT;
	if (why != N_TEMPORARY_FAILURE) {
		deal_failed(t, t->task->conn_child, why);
		return STEP_NEXT;
	}
	const struct conn_child *cc = t->task->conn_child;
	t->task->conn_child = NULL; /* this one is over, the next is not a duplicate of it */
	again = cc ? task_add(t->sa, TASK_CHILD_NEW, cc, 0) : NULL;
	if (again)
		again->not_before_ms = t->ike->now_ms + TEMPORARY_RETRY_MS +
				       ike_jitter(t->ike, TEMPORARY_RETRY_MS);
	return STEP_NEXT;
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
	uint32_t spi = n ? notify_esp_spi(n) : 0;
	struct child *old = spi ? child_by_spi(t->sa, spi, false) : NULL;

	*ret_old = old;
	if (!t->sa->conn || t->sa->is_condemned ||
	    (t->sa->ours.task && t->sa->ours.task->kind == TASK_IKE_REKEY))
		return N_TEMPORARY_FAILURE;
	if (!n)
		return 0;
	if (!old || old->state == CHILD_LINGERING) {
		t->why_spi = spi;
		return N_CHILD_SA_NOT_FOUND;
	}
	if (!child_is_live(old)) /* being deleted, or replaced already */
		return N_TEMPORARY_FAILURE;
	return old->sa.conn_child ? 0 : N_NO_ADDITIONAL_SAS;
}

static enum step_result refuse_child_group(struct turn *t, uint16_t wanted)
{
	t->why_data[0] = (uint8_t)(wanted >> 8);
	t->why_data[1] = (uint8_t)wanted;
	t->why_len = 2;
	return refuse(t, N_INVALID_KE_PAYLOAD);
}

/* The peer rekeys it; perhaps we do at the same time. */
static void taken(struct ike_sa *sa, struct child *old, const struct child *fresh)
{
	const struct task *ours = sa->ours.task;

	old->is_taken = true;
	if (ours && ours->kind == TASK_CHILD_REKEY && ours->spi == old->sa.spi_in)
		sa->ours.nego.twin = fresh->low;
}

static enum step_result child_answer_with(struct turn *t, struct deal *deal, struct child *old)
{
	uint8_t nonce[NONCE_LEN];
	struct deal_secrets secrets = {
		.shared = t->job ? rd_from(t->job->secret, t->job->secret_len) : rd_from(NULL, 0),
		.ni = t->in->nonce,
		.nr = rd_from(nonce, sizeof(nonce)),
	};

	ike_random(t->ike, nonce, sizeof(nonce));
	deal->spi_in = deal_spi(t->ike);
	struct child *child = deal_install(t->sa, deal, &secrets, old ? old->sa.spi_in : 0);
	if (!child)
		return refuse(t, N_NO_ADDITIONAL_SAS);
	child_await(t->sa, child, old ? SWITCH_WAIT_MS : TAKEOVER_MS);
	child_unsure(t->sa, child, t->in->header.id);
	collision_find_child(t->sa, child);
	if (old)
		taken(t->sa, old, child);
	if (old && old->state == CHILD_INSTALLED) /* else the answer to our own rekey decides */
		child_move(t->sa, old, CHILD_ON_REPLACE);
	deal_answer_sa(t, deal);
	nonce_emit(t->out, secrets.nr);
	if (t->job) {
		struct ke ke = { t->job->group,
				 rd_from(t->job->pair.public_value, t->job->pair.public_len) };
		ke_emit(t->out, &ke);
	}
	deal_answer_ts(t, deal);
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
	{ STEP_RESPONSE, IN(ESTABLISHED), ST_SAME, ON(TASK_IKE_REKEY) | P_NOTIFY | HAS_ERROR,
	  P_VENDOR | HAS_AGAIN | HAS_AUTH_FAILED, rekey_refused, NULL, TM_NONE,
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
