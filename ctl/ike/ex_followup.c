/* SPDX-License-Identifier: BSD-2-Clause */
/* IKE_FOLLOWUP_KE (RFC 9370 2.2.4), for rekeys of the IKE SA. */
#include "ike/followup.h"

#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/rekey.h"

#define LINK_LEN 8 /* of ours */

struct followup *followup_begin(struct followup **at, const struct proposal *chosen,
				uint64_t our_spi, struct reader ni, struct reader nr,
				const struct ike_job *job)
{
	struct followup *f = alloc_zero(sizeof(*f));

	followup_free(at);
	f->chosen = *chosen;
	f->our_spi = our_spi;
	f->ni_len = rd_left(&ni);
	f->nr_len = rd_left(&nr);
	rd_copy(&ni, f->ni, f->ni_len);
	rd_copy(&nr, f->nr, f->nr_len);
	f->shared_len = job->secret_len;
	memcpy(f->shared, job->secret, job->secret_len);
	return *at = f;
}

bool followup_link(struct followup *f, const struct message *m)
{
	const struct notify *n = message_notify(m, N_ADDITIONAL_KEY_EXCHANGE);
	struct reader link = n ? n->data : rd_from(NULL, 0);

	if (!rd_left(&link) || rd_left(&link) > sizeof(f->link))
		return false;
	f->link_len = rd_left(&link);
	rd_copy(&link, f->link, f->link_len);
	return true;
}

static void link_emit(struct payload_writer *pw, const struct followup *f)
{
	notify_emit_plain(pw, N_ADDITIONAL_KEY_EXCHANGE, rd_from(f->link, f->link_len));
}

void followup_emit(struct turn *t, struct followup *f)
{
	f->link_len = LINK_LEN;
	ike_random(t->ike, f->link, f->link_len);
	link_emit(t->out, f);
}

void followup_free(struct followup **at)
{
	if (!*at)
		return;
	secret_wipe(*at, sizeof(**at));
	free(*at);
	*at = NULL;
}

static const struct transform *next_ke(const struct followup *f)
{
	return f ? proposal_addke(&f->chosen, f->n_done) : NULL;
}

/* There are no more than FOLLOWUPS_MAX types of transform for them. */
static void absorb(struct followup *f, const struct ike_job *job)
{
	memcpy(f->more + f->more_len, job->secret, job->secret_len);
	f->more_len += job->secret_len;
	f->n_done++;
}

static struct ike_sa *complete(struct ike_sa *old, const struct followup *f, bool is_initiator)
{
	struct rekeyed r = {
		.chosen = &f->chosen,
		.our_spi = f->our_spi,
		.is_initiator = is_initiator,
		.shared = rd_from(f->shared, f->shared_len),
		.ni = rd_from(f->ni, f->ni_len),
		.nr = rd_from(f->nr, f->nr_len),
		.more = rd_from(f->more, f->more_len),
	};

	return rekey_make(old, &r);
}

/* ---- Initiator ------------------------------------------------------------------ */

static enum step_result followup_start(struct turn *t)
{
	struct nego *nego = &t->sa->ours.nego;
	const struct transform *ke = next_ke(t->sa->followup_ours);

	if (!ke)
		return STEP_NOTIFY;
	nego->group = ke->id;
	return turn_wait(t, nego->group, &nego->pair, rd_from(NULL, 0));
}

static enum step_result followup_started(struct turn *t)
{
	struct nego *nego = &t->sa->ours.nego;

	nego->pair = t->job->pair;
	t->job->pair = (struct ke_pair){ 0 };
	struct ke ke = { nego->group, rd_from(nego->pair.public_value, nego->pair.public_len) };
	if (t->job->result || !t->sa->followup_ours) {
		followup_free(&t->sa->followup_ours);
		return STEP_NOTIFY;
	}
	ke_emit(t->out, &ke);
	link_emit(t->out, t->sa->followup_ours);
	return STEP_NEXT;
}

static enum step_result spoilt(struct turn *t)
{
	return turn_refuse(t, STEP_FAIL, N_INVALID_SYNTAX,
			   "peer's answer to an additional key exchange is wrong");
}

static enum step_result followup_answered(struct turn *t)
{
	struct nego *nego = &t->sa->ours.nego;
	const struct ke *ke = &t->in->ke;

	if (!t->sa->followup_ours || ke->group != nego->group ||
	    rd_left(&ke->public_value) != ke_answer_len(nego->group))
		return spoilt(t);
	return turn_wait(t, nego->group, &nego->pair, ke->public_value);
}

static enum step_result followup_finish(struct turn *t)
{
	struct followup *f = t->sa->followup_ours;

	if (!f || t->job->result)
		return spoilt(t);
	absorb(f, t->job);
	if (next_ke(f)) {
		if (!followup_link(f, t->in))
			return spoilt(t);
		task_push(t->sa, TASK_FOLLOWUP, NULL, (uint32_t)f->n_done);
		return STEP_STAY;
	}
	if (!complete(t->sa, f, true))
		return spoilt(t);
	followup_free(&t->sa->followup_ours);
	t->sa->is_condemned = true;
	task_push(t->sa, TASK_IKE_DELETE, NULL, 0);
	return STEP_NEXT;
}

/* As if the rekey had been refused at once. */
static enum step_result followup_refused(struct turn *t)
{
	followup_free(&t->sa->followup_ours);
	return rekey_refused(t);
}

/* ---- Responder ------------------------------------------------------------------ */

/* RFC 9370 2.2.4: the link names a state that we still have. */
static bool is_known(const struct turn *t)
{
	const struct followup *f = t->sa->followup_theirs;
	const struct notify *n = message_notify(t->in, N_ADDITIONAL_KEY_EXCHANGE);

	return f && n && rd_left(&n->data) == f->link_len &&
	       memcmp(n->data.at, f->link, f->link_len) == 0;
}

static enum step_result followup_asked(struct turn *t)
{
	const struct transform *ke = next_ke(t->sa->followup_theirs);
	const struct ke *theirs = &t->in->ke;

	if (!is_known(t) || !ke)
		return turn_refuse(t, STEP_NOTIFY, N_STATE_NOT_FOUND,
				   "additional key exchange without a rekey: STATE_NOT_FOUND");
	if (theirs->group != ke->id || rd_left(&theirs->public_value) != ke_public_len(ke->id))
		return turn_refuse(t, STEP_NOTIFY, N_INVALID_SYNTAX,
				   "peer's additional key exchange is wrong: INVALID_SYNTAX");
	return turn_wait(t, ke->id, &(struct ke_pair){ 0 }, theirs->public_value);
}

static enum step_result followup_answer(struct turn *t)
{
	struct followup *f = t->sa->followup_theirs;
	struct ke ke = { t->job->group,
			 rd_from(t->job->pair.public_value, t->job->pair.public_len) };

	/* 2.25: meanwhile our own rekey may have begun */
	if (!f || t->sa->is_condemned || t->job->result)
		return turn_refuse(t, STEP_NOTIFY, N_TEMPORARY_FAILURE,
				   "rekey of the peer was overtaken: TEMPORARY_FAILURE");
	absorb(f, t->job);
	ke_emit(t->out, &ke);
	if (next_ke(f)) {
		followup_emit(t, f);
		return STEP_STAY;
	}
	struct ike_sa *fresh = complete(t->sa, f, false);
	followup_free(&t->sa->followup_theirs);
	if (!fresh)
		return turn_refuse(t, STEP_FAIL, N_INVALID_SYNTAX,
				   "the new IKE_SA could not be made");
	return STEP_NEXT;
}

/* ---- Rows ----------------------------------------------------------------------- */

static const struct step steps[] = {
	{ STEP_START, IN(ESTABLISHED), ST_SAME, ON(TASK_FOLLOWUP), 0, followup_start,
	  followup_started, TM_RETRANSMIT, "the next key exchange of a rekey" },
	{ STEP_RESPONSE, IN(ESTABLISHED), ST_REKEYED, ON(TASK_FOLLOWUP) | P_KE, P_NOTIFY | P_VENDOR,
	  followup_answered, followup_finish, TM_REKEYED,
	  "one more; after the last children move to the new IKE SA, delete this one" },
	{ STEP_RESPONSE, IN(ESTABLISHED), ST_SAME, ON(TASK_FOLLOWUP) | P_NOTIFY | HAS_ERROR,
	  P_VENDOR | HAS_AUTH_FAILED, followup_refused, NULL, TM_NONE,
	  "the peer refuses the rekey" },
	{ STEP_REQUEST, IN(ESTABLISHED), ST_REKEYED, P_KE | P_NOTIFY, P_VENDOR, followup_asked,
	  followup_answer, TM_REKEYED,
	  "one more; after the last children move to the new IKE SA, wait for the delete" },
	{ STEP_REQUEST, IN(REKEYED) | IN(DELETING), ST_SAME, P_KE | P_NOTIFY, P_VENDOR,
	  followup_asked, NULL, TM_NONE, "this IKE SA is about to go: STATE_NOT_FOUND" },
};

const struct exchange ex_followup = { EX_IKE_FOLLOWUP_KE, "IKE_FOLLOWUP_KE", steps,
				      ARRAY_SIZE(steps) };
