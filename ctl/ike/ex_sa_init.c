/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE_SA_INIT (RFC 7296 1.2, 2.6, 2.7, 2.14): algorithms, keys, NAT detection. Nothing here is
 * authentic yet, so a responder keeps nothing before it has checked all that is cheap to check,
 * and an initiator goes on waiting when an answer turns out to be of no use.
 */
#include "crypto/secret.h"
#include "ike/alloc.h"
#include "ike/auth.h"
#include "ike/cookie.h"
#include "ike/exchange.h"
#include "ike/explain.h"
#include "ike/intermediate.h"
#include "ike/nat.h"
#include "ike/ppk.h"
#include "ike/redirect.h"

/* RFC 7383 2.3 */
static void fragmentation_emit(struct turn *t)
{
	if (t->sa->conn->fragmentation != FRAGMENT_NO)
		notify_emit_plain(t->out, N_IKEV2_FRAGMENTATION_SUPPORTED, rd_from(NULL, 0));
}

static void fragmentation_check(struct turn *t)
{
	t->sa->is_fragmenting = t->sa->conn && t->sa->conn->fragmentation != FRAGMENT_NO &&
				message_notify(t->in, N_IKEV2_FRAGMENTATION_SUPPORTED);
}

/* ---- Initiator ------------------------------------------------------------------ */

static uint16_t first_group(const struct conn *conn)
{
	const struct transform *t = proposal_get(&conn->ike[0], TRANSFORM_KE);

	return t ? t->id : KE_NONE;
}

static enum step_result init_emit(struct turn *t)
{
	const struct conn *conn = t->sa->conn;
	struct nego *nego = &t->ours->nego;
	struct init *init = t->sa->init;
	struct proposal offer[CONN_PROPOSALS_MAX];
	struct ke ke = { nego->group, rd_from(nego->pair.public_value, nego->pair.public_len) };

	for (size_t i = 0; i < conn->n_ike; i++) {
		offer[i] = conn->ike[i];
		offer[i].number = (uint8_t)(i + 1);
		offer[i].spi_len = 0;
	}
	if (init->cookie_len) /* 2.6: first, and all else unchanged */
		notify_emit_plain(t->out, N_COOKIE, rd_from(init->cookie, init->cookie_len));
	sa_emit(t->out, offer, conn->n_ike);
	ke_emit(t->out, &ke);
	nonce_emit(t->out, rd_from(nego->nonce, sizeof(nego->nonce)));
	nat_emit(t->out, t->sa);
	auth_hashes_emit(t->out);
	ppk_offer(t);
	fragmentation_emit(t);
	redirect_offer(t);
	inter_emit(t->out, offer, conn->n_ike);
	return STEP_NEXT;
}

static enum step_result init_start(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	char local[ADDR_TEXT_MAX], remote[ADDR_TEXT_MAX];

	if (!t->sa->init) {
		t->sa->init = alloc_zero(sizeof(*t->sa->init));
		t->sa->init->group = first_group(t->sa->conn);
		ike_random(t->ike, nego->nonce, sizeof(nego->nonce));
		sa_log(t->sa, "initiating IKE_SA from %s to %s",
		       addr_print(&t->sa->local.addr, local, sizeof(local)),
		       addr_print(&t->sa->remote.addr, remote, sizeof(remote)));
	}
	if (nego->pair.key && nego->group == t->sa->init->group)
		return init_emit(t);
	ke_fini(&nego->pair);
	nego->group = t->sa->init->group;
	return turn_wait(t, nego->group, &nego->pair, rd_from(NULL, 0));
}

/* The pair was in the job: it is ours again, whatever came out. */
static void pair_take_back(struct nego *nego, struct ike_job *job)
{
	nego->pair = job->pair;
	job->pair = (struct ke_pair){ 0 };
}

static enum step_result init_started(struct turn *t)
{
	pair_take_back(&t->ours->nego, t->job);
	if (t->job->result)
		return turn_refuse(t, STEP_FAIL, 0, "no key pair of group %u", t->job->group);
	return init_emit(t);
}

/* The answer must be one of our proposals with one transform of each type. */
static bool is_answer_good(const struct turn *t, struct proposal *ret_chosen)
{
	const struct conn *conn = t->sa->conn;
	const struct nego *nego = &t->ours->nego;
	const struct sa_payload *sa = &t->in->sa;

	if (sa->n != 1 || !t->in->header.spi_r ||
	    proposal_choose(conn->ike, conn->n_ike, sa->proposals, 1, ret_chosen) ||
	    ret_chosen->n_transforms != sa->proposals[0].n_transforms ||
	    !inter_is_allowed(t->in, ret_chosen))
		return false;
	const struct transform *ke = proposal_get(ret_chosen, TRANSFORM_KE);
	return ke && ke->id == nego->group && t->in->ke.group == nego->group &&
	       rd_left(&t->in->ke.public_value) == ke_answer_len(nego->group);
}

/* Once: it may be of anybody. It is the reason, if no other one comes. */
static void tell_odd_answer(struct turn *t)
{
	const struct conn *conn = t->sa->conn;
	char remote[ADDR_TEXT_MAX], text[EXPLAIN_MAX];

	if (t->sa->init->is_odd)
		return;
	t->sa->init->is_odd = true;
	sa_why(t->sa, "answer of peer %s to IKE_SA_INIT does not fit: %s",
	       addr_print(&t->sa->remote.addr, remote, sizeof(remote)),
	       explain_proposals(conn->ike, conn->n_ike, t->in->sa.proposals, t->in->sa.n, text,
				 sizeof(text)));
	sa_error(t->sa, "%s", t->sa->why);
}

/* Something better than a refusal has come. */
static void forget_refusal(struct ike_sa *sa)
{
	sa->init->refused = 0;
	sa->state_end_ms = 0;
}

static enum step_result init_answered(struct turn *t)
{
	struct nego *nego = &t->ours->nego;
	struct proposal chosen;

	if (!is_answer_good(t, &chosen)) {
		tell_odd_answer(t);
		return STEP_DROP;
	}
	forget_refusal(t->sa);
	return turn_wait(t, nego->group, &nego->pair, t->in->ke.public_value);
}

static void nonce_keep(uint8_t *to, size_t *ret_len, struct reader nonce)
{
	*ret_len = rd_left(&nonce);
	rd_copy(&nonce, to, *ret_len);
}

/* SPIs and nonces are in place. */
static int derive_keys(struct ike_sa *sa, const struct ike_job *job)
{
	struct ike_suite suite;
	struct ike_seed seed = {
		.shared = rd_from(job->secret, job->secret_len),
		.ni = rd_from(sa->init->ni, sa->init->ni_len),
		.nr = rd_from(sa->init->nr, sa->init->nr_len),
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
	};
	int err = ike_suite_from(&sa->chosen, &suite);

	return err ? err : keymat_initial(&suite, &seed, &sa->keys);
}

static enum step_result init_finish(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	struct init *init = sa->init;
	struct nego *nego = &t->ours->nego;

	pair_take_back(nego, t->job);
	if (t->job->result || !is_answer_good(t, &sa->chosen))
		return STEP_DROP;
	sa->spi_r = t->in->header.spi_r;
	nonce_keep(init->ni, &init->ni_len, rd_from(nego->nonce, sizeof(nego->nonce)));
	nonce_keep(init->nr, &init->nr_len, t->in->nonce);
	init->message_i = alloc_copy(t->ours->request, t->ours->len);
	init->len_i = t->ours->len;
	init->len_r = rd_left(&t->in->datagram);
	init->message_r = alloc_copy(t->in->datagram.at, init->len_r);
	if (derive_keys(sa, t->job))
		return turn_refuse(t, STEP_FAIL, 0, "no keys for the chosen algorithms");
	auth_note(sa, t->in);
	nat_check(sa, t->from);
	fragmentation_check(t);
	sa->can_childless = message_notify(t->in, N_CHILDLESS_IKEV2_SUPPORTED);
	nat_float(sa);
	inter_plan(sa);
	return ppk_answered(t);
}

static enum step_result init_again(struct turn *t)
{
	struct init *init = t->sa->init;
	const struct notify *cookie = message_notify(t->in, N_COOKIE);
	const struct notify *group = message_notify(t->in, N_INVALID_KE_PAYLOAD);

	if (cookie) {
		struct reader data = cookie->data;

		if (!rd_left(&data) || rd_left(&data) > sizeof(init->cookie))
			return STEP_DROP;
		nonce_keep(init->cookie, &init->cookie_len, data);
		forget_refusal(t->sa);
		return STEP_AGAIN;
	}
	struct reader data = group->data;
	uint16_t wanted = rd_u16(&data);
	if (!rd_done(&data) || wanted == init->group ||
	    !proposals_have_group(t->sa->conn->ike, t->sa->conn->n_ike, wanted))
		return STEP_DROP; /* 1.2: only what we offered; a forger could weaken us else */
	sa_log(t->sa, "peer wants key exchange group %u instead of %u", wanted, init->group);
	init->group = wanted;
	forget_refusal(t->sa);
	return STEP_AGAIN;
}

/* 2.21.1: anybody can say so. It counts if nothing better comes. */
static enum step_result init_refused(struct turn *t)
{
	struct init *init = t->sa->init;

	if (!init->refused)
		t->sa->state_end_ms = t->ike->now_ms + REFUSED_MS;
	init->refused = message_error(t->in)->type;
	return STEP_DROP;
}

/* ---- Responder ------------------------------------------------------------------ */

/* Of the connections with these addresses the best one that has algorithms in common. */
static const struct conn *conn_choose(const struct turn *t, struct proposal *ret_chosen,
				      const struct conn **ret_near)
{
	const struct sa_payload *theirs = &t->in->sa;
	const struct conn *best = NULL;
	int best_match = 0, near_match = 0;

	*ret_near = NULL;
	for (size_t i = 0; i < t->ike->n_conns; i++) {
		const struct conn *c = t->ike->conns[i];
		int match = conn_match_addr(c, &t->from->local.addr, &t->from->remote.addr);

		if (match > near_match) {
			near_match = match;
			*ret_near = c;
		}
		if (match <= best_match ||
		    proposal_choose(c->ike, c->n_ike, theirs->proposals, theirs->n, ret_chosen))
			continue;
		best_match = match;
		best = c;
	}
	return best;
}

static enum step_result refuse_proposals(struct turn *t, const struct conn *near)
{
	char remote[ADDR_TEXT_MAX], text[EXPLAIN_MAX];

	addr_print(&t->from->remote.addr, remote, sizeof(remote));
	if (!near) {
		ike_count(t->ike, IKE_COUNT_NO_CONNECTION);
		return turn_refuse(t, STEP_NOTIFY, N_NO_PROPOSAL_CHOSEN,
				   "no connection for peer %s: NO_PROPOSAL_CHOSEN", remote);
	}
	sa_set_conn(t->sa, near); /* its name in the line, and its last error */
	return turn_refuse(t, STEP_NOTIFY, N_NO_PROPOSAL_CHOSEN,
			   "IKE_SA_INIT of peer %s refused: NO_PROPOSAL_CHOSEN: %s", remote,
			   explain_proposals(near->ike, near->n_ike, t->in->sa.proposals,
					     t->in->sa.n, text, sizeof(text)));
}

static enum step_result refuse_group(struct turn *t, const struct conn *conn, uint16_t wanted)
{
	t->why_data[0] = (uint8_t)(wanted >> 8);
	t->why_data[1] = (uint8_t)wanted;
	t->why_len = 2;
	t->why = N_INVALID_KE_PAYLOAD;
	sa_set_conn(t->sa, conn); /* its name in the line */
	if (turn_has_line(t))
		sa_log(t->sa, "peer's key exchange is of group %u, we want %u: INVALID_KE_PAYLOAD",
		       t->in->ke.group, wanted);
	return STEP_NOTIFY;
}

static enum step_result ask_cookie(struct turn *t)
{
	if (cookie_make(t->ike, t->from, t->why_data))
		return STEP_DROP;
	ike_count(t->ike, IKE_COUNT_COOKIE_ASKED);
	t->why = N_COOKIE;
	t->why_len = COOKIE_LEN;
	return STEP_NOTIFY;
}

static enum step_result init_check(struct turn *t)
{
	const struct conn *conn, *near;
	struct proposal chosen = { 0 };
	char remote[ADDR_TEXT_MAX];

	if (cookie_is_wanted(t->ike, &t->from->remote.addr) && !cookie_is_good(t->ike, t->from))
		return ask_cookie(t);
	conn = conn_choose(t, &chosen, &near);
	if (!conn || !inter_is_allowed(t->in, &chosen))
		return refuse_proposals(t, near);
	enum step_result r = redirect_at_init(t, conn);
	if (r != STEP_NEXT)
		return r;
	const struct transform *ke = proposal_get(&chosen, TRANSFORM_KE);
	if (!ke || ke->id != t->in->ke.group)
		return refuse_group(t, conn, ke ? ke->id : KE_NONE);
	if (rd_left(&t->in->ke.public_value) != ke_public_len(ke->id))
		return turn_refuse(t, STEP_NOTIFY, N_INVALID_SYNTAX,
				   "peer's public value has a wrong length: INVALID_SYNTAX");
	sa_set_conn(t->sa, conn);
	sa_set_half_open(t->sa, true);
	t->sa->chosen = chosen;
	sa_log(t->sa, "%s is initiating an IKE_SA",
	       addr_print(&t->from->remote.addr, remote, sizeof(remote)));
	return turn_wait(t, ke->id, &(struct ke_pair){ 0 }, t->in->ke.public_value);
}

static enum step_result init_answer(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	struct ke ke = { t->job->group,
			 rd_from(t->job->pair.public_value, t->job->pair.public_len) };

	if (t->job->result || !sa->conn) {
		sa_set_half_open(sa, false);
		return turn_refuse(t, STEP_NOTIFY, N_INVALID_SYNTAX,
				   "peer's public value is wrong: INVALID_SYNTAX");
	}
	struct init *init = sa->init = alloc_zero(sizeof(*init));
	nonce_keep(init->ni, &init->ni_len, t->in->nonce);
	init->nr_len = NONCE_LEN;
	ike_random(t->ike, init->nr, init->nr_len);
	init->len_i = rd_left(&t->in->datagram);
	init->message_i = alloc_copy(t->in->datagram.at, init->len_i);
	if (derive_keys(sa, t->job))
		return turn_refuse(t, STEP_NOTIFY, N_NO_PROPOSAL_CHOSEN,
				   "no keys for the chosen algorithms");
	auth_note(sa, t->in);
	nat_check(sa, t->from);
	sa_emit(t->out, &sa->chosen, 1);
	ke_emit(t->out, &ke);
	nonce_emit(t->out, rd_from(init->nr, init->nr_len));
	nat_emit(t->out, sa);
	if (init->their_hashes)
		auth_hashes_emit(t->out);
	ppk_answer(t);
	auth_certreq_any(t);
	if (sa->conn && sa->conn->childless != CHILDLESS_NEVER)
		notify_emit_plain(t->out, N_CHILDLESS_IKEV2_SUPPORTED, rd_from(NULL, 0));
	fragmentation_check(t);
	if (sa->is_fragmenting) /* 2.3: only where the peer has said so */
		fragmentation_emit(t);
	inter_emit(t->out, &sa->chosen, 1);
	return STEP_NEXT;
}

/* ---- Rows ----------------------------------------------------------------------- */

static enum step_result init_unanswered(struct turn *t)
{
	const struct conn *conn = t->sa->conn;
	uint16_t refused = t->sa->init ? t->sa->init->refused : 0;
	const char *name = notify_name(refused);
	char remote[ADDR_TEXT_MAX], ours[EXPLAIN_MAX] = "nothing any more";

	addr_print(&t->sa->remote.addr, remote, sizeof(remote));
	if (!refused && t->sa->init && t->sa->init->is_odd)
		return STEP_NEXT; /* sa->why says so */
	if (!refused)
		return turn_refuse(t, STEP_NEXT, 0, "peer %s does not answer IKE_SA_INIT", remote);
	if (conn)
		explain_offer(conn->ike, conn->n_ike, ours, sizeof(ours));
	return turn_refuse(t, STEP_FAIL, 0, "peer %s refuses IKE_SA_INIT: %s (%u), we offer %s",
			   remote, name ? name : "error", refused, ours);
}

static const struct step steps[] = {
	{ STEP_START, IN(NONE), ST_INIT_SENT, ON(TASK_IKE_INIT), 0, init_start, init_started,
	  TM_RETRANSMIT, "make a key pair, send IKE_SA_INIT" },
	{ STEP_START, IN(INIT_SENT), ST_INIT_SENT, ON(TASK_IKE_INIT), 0, init_start, init_started,
	  TM_RETRANSMIT, "once more, with cookie or another group" },
	{ STEP_RESPONSE, IN(INIT_SENT), ST_KEYED, ON(TASK_IKE_INIT) | P_SA | P_KE | P_NONCE,
	  ANY_NOTIFY | P_CERTREQ, init_answered, init_finish, TM_NONE,
	  "derive keys, look for NATs" },
	{ STEP_RESPONSE, IN(INIT_SENT), ST_INIT_SENT, ON(TASK_IKE_INIT) | P_NOTIFY | HAS_AGAIN,
	  HAS_ERROR | P_VENDOR, init_again, NULL, TM_RETRANSMIT,
	  "the peer asks for a cookie, or for another group" },
	{ STEP_RESPONSE, IN(INIT_SENT), ST_INIT_SENT, ON(TASK_IKE_INIT) | P_NOTIFY | HAS_ERROR,
	  HAS_AUTH_FAILED | P_VENDOR, init_refused, NULL, TM_RETRANSMIT,
	  "somebody refuses: wait a little for a better answer" },
	{ STEP_RESPONSE, IN(INIT_SENT), ST_CLOSED, ON(TASK_IKE_INIT) | P_NOTIFY | HAS_REDIRECT, P_VENDOR,
	  redirect_init, NULL, TM_CLOSED, "the gateway redirects: begin anew with the other one" },
	{ STEP_TIMEOUT, IN(INIT_SENT), ST_CLOSED, 0, ON_ANY, init_unanswered, NULL, TM_CLOSED,
	  "no answer, or a refusal: give up" },
	{ STEP_REQUEST, IN(NONE), ST_INIT_REPLIED, P_SA | P_KE | P_NONCE, ANY_NOTIFY | P_CERTREQ,
	  init_check, init_answer, TM_HALF_OPEN,
	  "choose connection and algorithms, derive keys, answer" },
};

const struct exchange ex_sa_init = { EX_IKE_SA_INIT, "IKE_SA_INIT", steps, ARRAY_SIZE(steps) };
