/* SPDX-License-Identifier: BSD-2-Clause */
/* IKE_FOLLOWUP_KE (RFC 9370 2.2.4): after CREATE_CHILD_SA, for the IKE SA and for Child SAs. */
#include "ike/child_ask.h"
#include "ike/collision.h"
#include "ike/followup.h"
#include "ike/rekey.h"

static struct rekeyed rekeyed_of(const struct followup *f)
{
	struct deal_secrets secrets = followup_secrets(f);

	return (struct rekeyed){
		.chosen = &f->deal.chosen,
		.our_spi = f->our_spi,
		.is_initiator = f->is_ours,
		.shared = secrets.shared,
		.ni = secrets.ni,
		.nr = secrets.nr,
		.more = secrets.more,
	};
}

/* ---- Initiator ------------------------------------------------------------------ */

static struct followup *ours(const struct turn *t)
{
	return followup_ours(t->sa, t->task->spi);
}

/* What it rekeys may have ended meanwhile, and another one may have come. */
static struct child_ask ask_of(const struct turn *t, const struct followup *f)
{
	const struct conn_child *cc = f->deal.conn_child;
	bool is_orphaned = f->replaces && !child_by_spi(t->sa, f->replaces, true);
	const struct child *other = is_orphaned && cc ? child_of(t->sa, cc) : NULL;

	if (other && other != collision_twin(t->sa, f->replaces))
		cc = NULL;
	return (struct child_ask){
		.conn_child = cc,
		.replaces = f->replaces,
		.spi_in = f->deal.spi_in,
		.protocol = f->deal.chosen.protocol,
		.twin = f->twin,
	};
}

/* Both sides forget it: nothing was made yet. */
static enum step_result give_up(struct turn *t, struct followup *f, uint16_t why)
{
	struct child_ask ask = ask_of(t, f);

	followup_end(t->sa, f);
	child_ask_refused(t, &ask, why);
	return STEP_NOTIFY;
}

static enum step_result followup_start(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	struct followup *f = ours(t);

	if (f && !f->is_child && t->sa->is_overtaken) { /* the peer has made nothing of it yet */
		followup_end(t->sa, f);
		f = NULL;
	}
	if (!f)
		return STEP_NOTIFY;
	nego->group = followup_ke(f)->id;
	return turn_wait(t, nego->group, &nego->pair, rd_from(NULL, 0));
}

static enum step_result followup_started(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	struct followup *f = ours(t);

	nego->pair = t->job->pair;
	t->job->pair = (struct ke_pair){ 0 };
	if (!f)
		return STEP_NOTIFY;
	if (t->job->result && f->is_child)
		return give_up(t, f, N_TEMPORARY_FAILURE);
	if (t->job->result) {
		followup_end(t->sa, f);
		return STEP_NOTIFY;
	}
	struct ke ke = { nego->group, rd_from(nego->pair.public_value, nego->pair.public_len) };
	ke_emit(t->out, &ke);
	followup_link_emit(t->out, f);
	return STEP_NEXT;
}

static enum step_result spoilt(struct turn *t)
{
	struct followup *f = ours(t);

	if (f && !f->is_child)
		return rekey_spoilt(t);
	return turn_refuse(t, STEP_FAIL, N_INVALID_SYNTAX,
			   "peer's answer to an additional key exchange is wrong");
}

static enum step_result followup_answered(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	const struct ke *ke = &t->in->ke;

	if (!ours(t) || ke->group != nego->group ||
	    rd_left(&ke->public_value) != ke_answer_len(nego->group))
		return spoilt(t);
	return turn_wait(t, nego->group, &nego->pair, ke->public_value);
}

static enum step_result child_complete(struct turn *t, struct followup *f)
{
	struct child_ask ask = ask_of(t, f);
	struct deal_secrets secrets = followup_secrets(f);

	if (ask.conn_child)
		child_ask_done(t, &ask, &f->deal, &secrets);
	else
		child_ask_spoilt(t, &ask, N_TS_UNACCEPTABLE);
	followup_end(t->sa, f);
	return STEP_STAY;
}

static enum step_result followup_finish(struct turn *t)
{
	struct followup *f = ours(t);

	if (!f || t->job->result)
		return spoilt(t);
	followup_absorb(t, f);
	if (followup_ke(f))
		return followup_next(t, f) ? STEP_STAY : spoilt(t);
	if (f->is_child)
		return child_complete(t, f);
	struct rekeyed r = rekeyed_of(f);
	enum step_result result = rekey_done(t, &r);
	followup_end(t->sa, f);
	return result;
}

/* As if CREATE_CHILD_SA had been refused. */
static enum step_result followup_refused(struct turn *t)
{
	struct followup *f = ours(t);

	if (f && f->is_child)
		return give_up(t, f, message_error(t->in)->type);
	if (f)
		followup_end(t->sa, f);
	return rekey_refused(t);
}

/* Both rekey the IKE SA, and the peer's goes on alone: strongSwan 6 drops the one that loses as soon
 * as it knows the nonces, and has nothing to say to its rounds. */
static enum step_result followup_dropped(struct turn *t)
{
	struct followup *f = ours(t);

	if (!f || f->is_child || !rekey_is_theirs(t->sa))
		return spoilt(t);
	followup_end(t->sa, f);
	return rekey_dropped(t);
}

/* ---- Responder ------------------------------------------------------------------ */

/* Whoever is refused has to begin anew. */
static enum step_result refuse(struct turn *t, struct followup *f, uint16_t why)
{
	if (f)
		followup_end(t->sa, f);
	return turn_refuse(t, STEP_NOTIFY, why, "additional key exchange of the peer refused: %s",
			   notify_name(why));
}

/* 7296 2.25: is there still something to be made? */
static uint16_t check(struct turn *t, const struct followup *f)
{
	const struct child *old = f->replaces ? child_by_spi(t->sa, f->replaces, true) : NULL;

	if (!f->is_child)
		return rekey_may_be_asked(t) ? 0 : N_TEMPORARY_FAILURE;
	if (!f->deal.conn_child)
		return N_NO_ADDITIONAL_SAS;
	if (f->replaces && !old) /* it has no SPI any more to be named by */
		return N_TEMPORARY_FAILURE;
	return child_answer_check(t, old);
}

static enum step_result followup_asked(struct turn *t)
{
	struct followup *f = followup_theirs(t->sa, t->in);
	const struct ke *theirs = &t->in->ke;
	uint16_t why = f ? check(t, f) : N_STATE_NOT_FOUND;

	if (why)
		return refuse(t, f, why);
	const struct transform *ke = followup_ke(f);
	if (theirs->group != ke->id || rd_left(&theirs->public_value) != ke_public_len(ke->id))
		return refuse(t, f, N_INVALID_SYNTAX);
	return turn_wait(t, ke->id, &(struct ke_pair){ 0 }, theirs->public_value);
}

static enum step_result child_answer(struct turn *t, const struct followup *f)
{
	struct child *old = f->replaces ? child_by_spi(t->sa, f->replaces, true) : NULL;
	struct deal_secrets secrets = followup_secrets(f);

	return child_answer_done(t, &f->deal, &secrets, old) ? STEP_STAY : STEP_NOTIFY;
}

static enum step_result rekey_answer(struct turn *t, const struct followup *f)
{
	struct rekeyed r = rekeyed_of(f);

	r.is_rival = rekey_is_ours(t->sa);
	if (!rekey_make(t->sa, &r))
		return STEP_NOTIFY;
	return r.is_rival ? STEP_STAY : STEP_NEXT;
}

static enum step_result followup_answer(struct turn *t)
{
	struct followup *f = followup_theirs(t->sa, t->in);
	struct ke ke = { t->job->group,
			 rd_from(t->job->pair.public_value, t->job->pair.public_len) };
	uint16_t why = f ? check(t, f) : N_STATE_NOT_FOUND;

	if (!why && t->job->result)
		why = N_INVALID_SYNTAX;
	if (why)
		return refuse(t, f, why);
	followup_absorb(t, f);
	ke_emit(t->out, &ke);
	if (followup_ke(f)) {
		followup_emit(t, f);
		return STEP_STAY;
	}
	enum step_result result = f->is_child ? child_answer(t, f) : rekey_answer(t, f);
	if (result == STEP_NOTIFY)
		return refuse(t, f, N_NO_ADDITIONAL_SAS);
	followup_end(t->sa, f);
	return result;
}

/* ---- Rows ----------------------------------------------------------------------- */

static const struct step steps[] = {
	{ STEP_START, IN(ESTABLISHED), ST_SAME, ON(TASK_FOLLOWUP), 0, followup_start,
	  followup_started, TM_RETRANSMIT, "the next key exchange of a CREATE_CHILD_SA" },
	{ STEP_RESPONSE, IN(ESTABLISHED), ST_REKEYED, ON(TASK_FOLLOWUP) | P_KE, P_NOTIFY | P_VENDOR,
	  followup_answered, followup_finish, TM_REKEYED,
	  "one more; after the last use the Child SA, or move to the new IKE SA, delete this one" },
	{ STEP_RESPONSE, IN(ESTABLISHED), ST_SAME, ON(TASK_FOLLOWUP) | P_NOTIFY | HAS_ERROR,
	  P_VENDOR | HAS_AUTH_FAILED, followup_refused, NULL, TM_NONE,
	  "the peer refuses, as in CREATE_CHILD_SA" },
	{ STEP_RESPONSE, IN(ESTABLISHED), ST_SAME, ON(TASK_FOLLOWUP), P_VENDOR, followup_dropped, NULL,
	  TM_NONE, "both rekey the IKE SA, and the peer has let ours go" },
	{ STEP_REQUEST, IN(ESTABLISHED), ST_REKEYED, P_KE | P_NOTIFY, P_VENDOR, followup_asked,
	  followup_answer, TM_REKEYED,
	  "one more; after the last make the Child SA, or move to the new IKE SA" },
	{ STEP_REQUEST, IN(REKEYED) | IN(DELETING), ST_SAME, P_KE | P_NOTIFY, P_VENDOR,
	  followup_asked, NULL, TM_NONE, "this IKE SA is about to go: STATE_NOT_FOUND" },
};

const struct exchange ex_followup = { EX_IKE_FOLLOWUP_KE, "IKE_FOLLOWUP_KE", steps,
				      ARRAY_SIZE(steps) };
