/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/rekey.h"

#include "ike/alloc.h"
#include "ike/cfg.h"
#include "ike/collision.h"
#include "ike/explain.h"
#include "ike/followup.h"
#include "ike/redirect.h"
#include "ike/rival.h"
#include "ike/window.h"

bool rekey_is_ours(const struct ike_sa *sa)
{
	return ours_of(sa, TASK_IKE_REKEY) || followup_of_ike(sa, true);
}

/* ---- The new IKE SA ------------------------------------------------------------- */

/* Where the peer is, and what is between. */
static void inherit_path(struct ike_sa *fresh, const struct ike_sa *old)
{
	fresh->local = old->local;
	fresh->remote = old->remote;
	fresh->is_nat_local = old->is_nat_local;
	fresh->is_nat_remote = old->is_nat_remote;
	fresh->is_encap = old->is_encap;
	memcpy(fresh->peer_addrs, old->peer_addrs, sizeof(fresh->peer_addrs));
	fresh->n_peer_addrs = old->n_peer_addrs;
}

/* All that is not keys: the new one goes on where the old one was. */
static void inherit(struct ike_sa *fresh, struct ike_sa *old)
{
	if (old->conn)
		sa_set_conn(fresh, old->conn);
	inherit_path(fresh, old);
	fresh->is_fragmenting = old->is_fragmenting;
	fresh->is_nat_known = old->is_nat_known;
	fresh->is_mobike = old->is_mobike;
	fresh->birth.is_ours = old->birth.is_ours;
	fresh->our_id = old->our_id;
	fresh->their_id = old->their_id;
}

/* What the new one has to do in place of the old one. */
static bool is_inherited(enum task_kind kind)
{
	return kind == TASK_CHILD_NEW || kind == TASK_CHILD_REKEY || kind == TASK_CHILD_DELETE ||
	       kind == TASK_MOVE || kind == TASK_ADDRESSES || kind == TASK_CHECK ||
	       kind == TASK_REDIRECT;
}

/* Child SAs, and what waits to be done for them and the addresses. */
static void take_over(struct ike_sa *fresh, struct ike_sa *old)
{
	child_sure(old, UINT32_MAX); /* the message IDs begin anew; and see rekey_asked() */
	fresh->children = old->children;
	old->children = NULL;
	for (struct task **at = &old->tasks; *at;) {
		struct task *t = *at;

		if (!is_inherited(t->kind)) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		struct task *moved = task_add(fresh, t->kind, t->conn_child, t->spi);
		if (moved) {
			moved->not_before_ms = t->not_before_ms;
			moved->protocol = t->protocol;
		}
		free(t);
	}
}

static void hand_over(struct ike_sa *fresh, struct ike_sa *old)
{
	char suite[PROPOSAL_TEXT_MAX];

	take_over(fresh, old);
	inherit_path(fresh, old); /* the Child SAs may have moved since it was made */
	cfg_move(fresh, old);
	redirect_inherit(fresh, old);
	fresh->session_ms = old->session_ms;
	fresh->reauth_ms = old->reauth_ms; /* a rekey proves nobody's identity (RFC 7296 2.8.3) */
	collision_inherit(fresh, old);
	sa_log(fresh, "IKE_SA rekeyed, takes over from [%u], %s", old->unique_id,
	       proposal_print(&fresh->chosen, suite, sizeof(suite)));
	if (old->is_condemned) { /* while we were asking: what was to end is the new one now */
		fresh->is_reborn = old->is_reborn;
		old->is_reborn = false;
		exchange_delete(fresh);
	}
}

static void come_up(struct ike_sa *fresh, struct ike_sa *old, const struct rekeyed *r)
{
	if (!r->is_rival) {
		hand_over(fresh, old);
		exchange_established(fresh);
		return;
	}
	low_nonce_keep(&fresh->low, r->ni, r->nr);
	fresh->rival_of = old->unique_id;
	exchange_established(fresh);
}

void rekey_give_way(struct ike_sa *rival, struct ike_sa *old)
{
	struct task *last;

	rival->rival_of = 0;
	sa_touch(rival);
	hand_over(rival, old);
	old->is_overtaken = true;
	old->is_condemned = true; /* the peer deletes it; if not, we do */
	old->rekey_ms = 0;
	last = task_add(old, TASK_IKE_DELETE, NULL, 0);
	if (last)
		last->not_before_ms = old->ike->now_ms + REKEYED_MS;
}

static void write_spi(struct proposal *p, uint64_t spi)
{
	struct writer w = wr_into(p->spi, sizeof(p->spi));

	p->spi_len = 8;
	wr_u64(&w, spi);
}

static uint64_t read_spi(const struct proposal *p)
{
	struct reader r = rd_from(p->spi, p->spi_len);

	return p->spi_len == 8 ? rd_u64(&r) : 0;
}

static int derive(struct ike_sa *fresh, const struct ike_sa *old, const struct rekeyed *r)
{
	struct ike_suite suite;
	struct ike_seed seed = {
		.shared = r->shared,
		.ni = r->ni,
		.nr = r->nr,
		.more = r->more,
		.spi_i = fresh->spi_i,
		.spi_r = fresh->spi_r,
	};
	int err = ike_suite_from(&fresh->chosen, &suite);

	return err ? err : keymat_rekey(&old->keys, &suite, &seed, &fresh->keys);
}

struct ike_sa *rekey_make(struct ike_sa *old, const struct rekeyed *r)
{
	struct ike_sa *fresh = sa_new_with(old->ike, r->is_initiator, r->our_spi);

	if (!fresh)
		return NULL;
	inherit(fresh, old);
	fresh->chosen = *r->chosen;
	*(r->is_initiator ? &fresh->spi_r : &fresh->spi_i) = read_spi(r->chosen);
	if (derive(fresh, old, r)) {
		sa_free(fresh);
		return NULL;
	}
	come_up(fresh, old, r);
	return fresh;
}

static size_t our_proposals(const struct conn *conn, struct proposal ret_ours[CONN_PROPOSALS_MAX])
{
	for (size_t i = 0; i < conn->n_ike; i++) {
		ret_ours[i] = conn->ike[i];
		ret_ours[i].number = (uint8_t)(i + 1);
	}
	return conn->n_ike;
}

/* ---- Initiator ------------------------------------------------------------------ */

enum step_result rekey_start(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	const struct transform *ke = proposal_get(&t->sa->chosen, TRANSFORM_KE);

	if (!t->sa->conn || !ke)
		return STEP_NOTIFY;
	if (!t->ours->again) {
		ike_random(t->ike, nego->nonce, sizeof(nego->nonce));
		ike_random(t->ike, &nego->spi_ike, sizeof(nego->spi_ike));
		nego->group = ke->id; /* the peer took it the last time */
		sa_log(t->sa, "rekeying IKE_SA");
	}
	ke_fini(&nego->pair);
	return turn_wait(t, nego->group, &nego->pair, rd_from(NULL, 0));
}

enum step_result rekey_started(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	const struct conn *conn = t->sa->conn;
	struct proposal offer[CONN_PROPOSALS_MAX];

	nego->pair = t->job->pair;
	t->job->pair = (struct ke_pair){ 0 };
	if (t->job->result || !conn || !nego->spi_ike || sa_by_spi(t->ike, nego->spi_ike))
		return STEP_NOTIFY;
	size_t n = our_proposals(conn, offer);
	for (size_t i = 0; i < n; i++)
		write_spi(&offer[i], nego->spi_ike);
	struct ke ke = { nego->group, rd_from(nego->pair.public_value, nego->pair.public_len) };
	sa_emit(t->out, offer, n);
	nonce_emit(t->out, rd_from(nego->nonce, sizeof(nego->nonce)));
	ke_emit(t->out, &ke);
	return STEP_NEXT;
}

static bool is_answer_good(const struct turn *t, struct proposal *ret_chosen)
{
	const struct conn *conn = t->sa->conn;
	const struct sa_payload *sa = &t->in->sa;
	uint16_t group = t->ours->nego.group;
	struct proposal ours[CONN_PROPOSALS_MAX];

	if (!conn || sa->n != 1 ||
	    proposal_choose(ours, our_proposals(conn, ours), sa->proposals, 1, ret_chosen) ||
	    ret_chosen->n_transforms != sa->proposals[0].n_transforms || !read_spi(ret_chosen))
		return false;
	const struct transform *ke = proposal_get(ret_chosen, TRANSFORM_KE);
	return ke && ke->id == group && t->in->ke.group == group &&
	       rd_left(&t->in->ke.public_value) == ke_answer_len(group);
}

enum step_result rekey_spoilt(struct turn *t)
{
	rival_settle(t->sa);
	if (t->sa->is_overtaken)
		return STEP_NOTIFY;
	return turn_refuse(t, STEP_FAIL, N_INVALID_SYNTAX, "peer's answer to the rekey is wrong");
}

enum step_result rekey_answered(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	struct proposal chosen;

	if (!is_answer_good(t, &chosen))
		return rekey_spoilt(t);
	return turn_wait(t, nego->group, &nego->pair, t->in->ke.public_value);
}

/* RFC 9370 2.2.4 */
static enum step_result more_to_come(struct turn *t, const struct proposal *chosen,
				     struct reader ni)
{
	struct deal deal = { .chosen = *chosen };
	struct followup *f = followup_begin(t, false, &deal, ni, t->in->nonce);

	if (!f || !followup_next(t, f))
		return rekey_spoilt(t);
	f->our_spi = t->ours->nego.spi_ike;
	return STEP_STAY;
}

/* 2.8.2. The peer's is there, or will be after its rounds. */
static bool is_redundant(struct ike_sa *old, const struct rekeyed *ours)
{
	const struct ike_sa *rival = rival_of(old);
	const struct followup *f = followup_of_ike(old, false);
	struct low_nonce low, other;

	if (!rival && !f)
		return false;
	if (rival)
		other = rival->low;
	else
		low_nonce_keep(&other, rd_from(f->ni, f->ni_len), rd_from(f->nr, f->nr_len));
	low_nonce_keep(&low, ours->ni, ours->nr);
	bool is_redundant = collision_loses(&low, &other);
	sa_log(old, "both sides rekeyed the IKE_SA: %s is the redundant one",
	       is_redundant ? "ours" : "the peer's");
	return is_redundant;
}

/* What we asked for and do not need: its keys have to be there to delete it. */
static void delete_ours(struct ike_sa *old, struct rekeyed *r)
{
	r->is_rival = true;
	struct ike_sa *fresh = rekey_make(old, r);
	if (!fresh)
		return;
	fresh->rival_of = 0;
	exchange_delete(fresh);
}

static enum step_result lost(struct ike_sa *old, struct rekeyed *r)
{
	struct ike_sa *rival = rival_of(old);

	if (rival)
		rekey_give_way(rival, old);
	delete_ours(old, r);
	if (old->is_overtaken)
		return STEP_NEXT;
	old->rekey_ms = old->ike->now_ms + FOLLOWUP_MS; /* the peer's is over by then */
	return STEP_STAY;
}

enum step_result rekey_done(struct turn *t, struct rekeyed *r)
{
	struct ike_sa *old = t->sa, *rival;
	struct task *last;

	if (old->is_overtaken || is_redundant(old, r))
		return lost(old, r);
	rival = rival_of(old);
	if (!rekey_make(old, r))
		return rekey_spoilt(t);
	old->is_condemned = true;
	last = task_push(old, TASK_IKE_DELETE, NULL, 0);
	if (rival) {
		rival->rival_of = 0;
		rival->redundant_ms = t->ike->now_ms + REDUNDANT_PEER_MS; /* else we delete it */
		sa_touch(rival);
		if (last) /* without our answer on the old one the peer cannot even make it */
			last->not_before_ms = t->ike->now_ms + REDUNDANT_MS;
	}
	return STEP_NEXT;
}

enum step_result rekey_finish(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	struct proposal chosen;

	if (t->job->result || !is_answer_good(t, &chosen))
		return rekey_spoilt(t);
	struct reader ni = rd_from(nego->nonce, sizeof(nego->nonce));
	if (proposal_addke(&chosen, 0))
		return more_to_come(t, &chosen, ni);
	struct rekeyed r = { .chosen = &chosen,
			     .our_spi = nego->spi_ike,
			     .is_initiator = true,
			     .shared = rd_from(t->job->secret, t->job->secret_len),
			     .ni = ni,
			     .nr = t->in->nonce };
	return rekey_done(t, &r);
}

bool rekey_is_theirs(const struct ike_sa *sa)
{
	return sa->is_overtaken || rival_of(sa) || followup_of_ike(sa, false);
}

/* Again, should the peer's come to nothing. */
enum step_result rekey_dropped(struct turn *t)
{
	sa_log(t->sa, "both sides rekeyed the IKE_SA: the peer has let ours go");
	rival_settle(t->sa);
	if (!t->sa->is_overtaken)
		t->sa->rekey_ms = t->ike->now_ms + TEMPORARY_RETRY_MS +
				  ike_jitter(t->ike, TEMPORARY_RETRY_MS);
	return STEP_NEXT;
}

enum step_result rekey_refused(struct turn *t)
{
	const struct notify *n = message_error(t->in);
	const char *name = notify_name(n->type);
	uint64_t wait_ms = n->type == N_TEMPORARY_FAILURE ? TEMPORARY_RETRY_MS : REKEY_RETRY_MS;

	char text[EXPLAIN_MAX] = "nothing any more";
	bool is_offer = n->type == N_NO_PROPOSAL_CHOSEN;

	if (t->sa->conn)
		explain_offer(t->sa->conn->ike, t->sa->conn->n_ike, text, sizeof(text));
	sa_error(t->sa, "peer refuses to rekey the IKE_SA: %s (%u)%s%s", name ? name : "error",
		 n->type, is_offer ? ", we offer " : "", is_offer ? text : "");
	rival_settle(t->sa);
	if (!t->sa->is_overtaken)
		t->sa->rekey_ms = t->ike->now_ms + wait_ms + ike_jitter(t->ike, wait_ms);
	return STEP_NEXT;
}

/* 1.3.2: it takes another group than the last time. Where its own rekey is under way it goes first. */
enum step_result rekey_again(struct turn *t)
{
	const struct notify *n = message_notify(t->in, N_INVALID_KE_PAYLOAD);
	const struct conn *conn = t->sa->conn;
	struct reader data = n->data;
	uint16_t group = rd_u16(&data);

	if (!rd_done(&data) || !conn || group == t->ours->nego.group || rekey_is_theirs(t->sa) ||
	    !proposals_have_group(conn->ike, conn->n_ike, group))
		return rekey_refused(t);
	sa_log(t->sa, "peer wants key exchange group %u instead of %u", group, t->ours->nego.group);
	t->ours->nego.group = group;
	return STEP_AGAIN;
}

/* ---- Responder ------------------------------------------------------------------ */

static enum step_result refuse(struct turn *t, uint16_t why)
{
	return turn_refuse(t, STEP_NOTIFY, why, "rekey of the IKE_SA refused: %s",
			   notify_name(why));
}

static uint64_t fresh_spi(struct ike *ike)
{
	uint64_t spi = 0;

	while (!spi || sa_by_spi(ike, spi))
		ike_random(ike, &spi, sizeof(spi));
	return spi;
}

static void answer_emit(struct turn *t, const struct proposal *chosen, uint64_t our_spi,
			struct reader nonce)
{
	struct ke ke = { t->job->group,
			 rd_from(t->job->pair.public_value, t->job->pair.public_len) };
	struct proposal ours = *chosen;

	write_spi(&ours, our_spi);
	sa_emit(t->out, &ours, 1);
	nonce_emit(t->out, nonce);
	ke_emit(t->out, &ke);
}

static enum step_result answer(struct turn *t, const struct proposal *chosen)
{
	uint8_t bytes[NONCE_LEN];
	struct reader nonce = rd_from(bytes, sizeof(bytes));
	uint64_t spi = fresh_spi(t->ike);

	if (t->job->result)
		return refuse(t, N_INVALID_SYNTAX);
	ike_random(t->ike, bytes, sizeof(bytes));
	answer_emit(t, chosen, spi, nonce);
	if (proposal_addke(chosen, 0)) {
		struct deal deal = { .chosen = *chosen };
		struct followup *f = followup_begin(t, false, &deal, t->in->nonce, nonce);

		if (!f)
			return refuse(t, N_TEMPORARY_FAILURE);
		f->our_spi = spi;
		followup_emit(t, f);
		return STEP_STAY;
	}
	struct rekeyed r = { .chosen = chosen,
			     .our_spi = spi,
			     .shared = rd_from(t->job->secret, t->job->secret_len),
			     .ni = t->in->nonce,
			     .nr = nonce,
			     .is_rival = rekey_is_ours(t->sa) };
	if (!rekey_make(t->sa, &r))
		return refuse(t, N_NO_ADDITIONAL_SAS);
	return r.is_rival ? STEP_STAY : STEP_NEXT;
}

/* Two rekeys may cross, and who is asked whether it is there only says so. */
static bool may_cross(const struct ike_sa *sa, const struct task *task)
{
	const struct followup *f =
		task->kind == TASK_FOLLOWUP ? followup_ours(sa, task->spi) : NULL;

	return task->kind == TASK_DPD || task->kind == TASK_IKE_REKEY || (f && !f->is_child);
}

bool rekey_may_be_asked(const struct turn *t)
{
	const struct ours *o = t->sa->ours;

	while (o && may_cross(t->sa, o->task))
		o = o->next;
	return !t->sa->is_condemned && !o && !rival_of(t->sa) &&
	       !theirs_are_open(t->sa, t->in->header.id);
}

enum step_result rekey_asked(struct turn *t)
{
	const struct conn *conn = t->sa->conn;
	struct proposal ours[CONN_PROPOSALS_MAX], chosen;
	char text[EXPLAIN_MAX];

	if (!rekey_may_be_asked(t))
		return refuse(t, N_TEMPORARY_FAILURE);
	if (!conn)
		return refuse(t, N_NO_PROPOSAL_CHOSEN);
	if (proposal_choose(ours, our_proposals(conn, ours), t->in->sa.proposals, t->in->sa.n,
			    &chosen) ||
	    !read_spi(&chosen))
		return turn_refuse(t, STEP_NOTIFY, N_NO_PROPOSAL_CHOSEN,
				   "rekey of the IKE_SA refused: NO_PROPOSAL_CHOSEN: %s",
				   explain_proposals(ours, conn->n_ike, t->in->sa.proposals,
						     t->in->sa.n, text, sizeof(text)));
	const struct transform *ke = proposal_get(&chosen, TRANSFORM_KE);
	if (!ke || ke->id != t->in->ke.group) {
		t->why_data[0] = 0;
		t->why_data[1] = ke ? (uint8_t)ke->id : 0;
		t->why_len = 2;
		return refuse(t, N_INVALID_KE_PAYLOAD);
	}
	if (t->job)
		return answer(t, &chosen);
	if (rd_left(&t->in->ke.public_value) != ke_public_len(ke->id))
		return refuse(t, N_INVALID_SYNTAX);
	return turn_wait(t, ke->id, &(struct ke_pair){ 0 }, t->in->ke.public_value);
}
