/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IKE_AUTH (RFC 7296 1.2, 2.15, 2.16, 2.21.2): who the peers are, and the first Child SA. What
 * is wrong with that Child SA alone leaves the IKE SA up.
 */
#include <stdio.h>
#include <stdlib.h>
#include "ike/auth.h"
#include "ike/auth_eap.h"
#include "ike/cfg.h"
#include "ike/deal.h"
#include "ike/id.h"
#include "ike/intermediate.h"
#include "ike/mobike.h"
#include "ike/ppk.h"
#include "ike/redirect.h"
#include "ike/unique.h"
#include "ike/window.h"

#define ID_WORDS 128 /* of an identity in a reason: four have to fit into a line */

void auth_log_up(struct ike_sa *sa)
{
	char l[ADDR_TEXT_MAX], r[ADDR_TEXT_MAX], suite[PROPOSAL_TEXT_MAX];
	char our_id[ID_TEXT_MAX], their_id[ID_TEXT_MAX];

	sa_log(sa, "IKE_SA established between %s[%s]...%s[%s], %s",
	       addr_print(&sa->local.addr, l, sizeof(l)),
	       id_print(&sa->our_id, our_id, sizeof(our_id)),
	       addr_print(&sa->remote.addr, r, sizeof(r)),
	       id_print(&sa->their_id, their_id, sizeof(their_id)),
	       proposal_print(&sa->chosen, suite, sizeof(suite)));
}

/* ---- Initiator ------------------------------------------------------------------ */

/* 2.4: INITIAL_CONTACT says that there is no other IKE SA between us, so it is asked when it is
 * said: the peer may have come up with its own while our request waited for an answer. */
static bool is_only_one(const struct ike_sa *mine)
{
	for (const struct ike_sa *sa = mine->ike->sas; sa; sa = sa->next)
		if (sa != mine && sa->conn == mine->conn && sa->state == ST_ESTABLISHED)
			return false;
	return true;
}

/* RFC 6023: the Child SA is asked for later. */
static bool is_childless(const struct ike_sa *sa)
{
	return sa->conn->childless >= CHILDLESS_PREFER && sa->can_childless;
}

/* The first of those asked for that may go here; the others before it are over. */
static const struct conn_child *first_child(struct turn *t)
{
	struct task **at = &t->sa->tasks;

	while (t->task->conn_child && deal_is_cut(t->sa, t->task->conn_child) && *at) {
		struct task *next = *at;

		if (next->kind != TASK_CHILD_NEW) {
			at = &next->next;
			continue;
		}
		*at = next->next;
		deal_cut(t->sa, t->task->conn_child);
		t->task->conn_child = next->conn_child;
		free(next);
	}
	return t->task->conn_child;
}

static enum step_result auth_start(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct conn_child *cc = is_childless(sa) ? t->task->conn_child : first_child(t);

	if (!cc)
		return turn_refuse(t, STEP_FAIL, 0, "no child is configured any more");
	if (sa->conn->childless == CHILDLESS_FORCE && !sa->can_childless)
		return turn_refuse(t, STEP_FAIL, 0, "peer wants a child at once (childless = force)");
	if (!is_childless(sa) && deal_is_cut(sa, cc))
		return turn_refuse(t, STEP_FAIL, 0, DEAL_CUT_TEXT);
	if (ppk_prepare(sa))
		return turn_refuse(t, STEP_FAIL, 0, "no keys of the PPK");
	enum step_result r = auth_begin(t, AUTH_MAKE, NULL);
	if (r != STEP_NEXT)
		return r;
	t->ours->nego.spi_in = deal_spi(t->ike);
	t->ours->nego.protocol = conn_child_protocol(cc);
	id_payload_emit(t->out, PL_IDI, &sa->our_id);
	auth_certs_emit(t);
	auth_certreq_emit(t);
	if (!id_is_pattern(&sa->conn->remote_id)) /* IDr: whom we want */
		id_payload_emit(t->out, PL_IDR, &sa->conn->remote_id);
	r = auth_emit_ours(t);
	if (r != STEP_NEXT)
		return r;
	cfg_request(t);
	if (!is_childless(sa)) {
		deal_offer_sa(t, cc, false, t->ours->nego.spi_in);
		deal_offer_ts(t, cc);
	}
	mobike_emit(t);
	if (sa->is_first_contact && sa->conn->unique != UNIQUE_NEVER && is_only_one(sa))
		notify_emit_plain(t->out, N_INITIAL_CONTACT, rd_from(NULL, 0));
	return STEP_NEXT;
}

/* Who the responder says it is, kept in the SA. */
enum step_result auth_name_peer(struct turn *t)
{
	struct ike_sa *sa = t->sa;

	if (id_from_view(&t->in->idr, &sa->their_id))
		return turn_refuse(t, STEP_FAIL, N_INVALID_SYNTAX, "peer's IDr is malformed");
	if (!sa->conn)
		return auth_failed(t, "its connection is not configured any more");
	if (!id_match(&sa->conn->remote_id, &sa->their_id)) {
		char want[ID_WORDS], reason[ID_WORDS + 16];

		snprintf(reason, sizeof(reason), "we want %s",
			 id_print(&sa->conn->remote_id, want, sizeof(want)));
		return auth_failed(t, reason);
	}
	return STEP_NEXT;
}

/* STEP_NEXT: it is who it says. */
enum step_result auth_check_peer(struct turn *t)
{
	enum step_result r = auth_name_peer(t);

	if (r == STEP_NEXT && !(t->in->present & P_EAP)) /* before EAP it is without a PPK */
		r = ppk_settle(t);
	if (r == STEP_NEXT)
		r = auth_begin(t, AUTH_CHECK, &t->in->idr);
	if (r == STEP_NEXT)
		r = auth_check(t, &t->in->idr);
	if (r == STEP_NEXT)
		mobike_check(t);
	return r;
}

static struct deal_secrets init_secrets(const struct ike_sa *sa, bool is_initiator)
{
	return (struct deal_secrets){
		.shared = rd_from(NULL, 0),
		.ni = rd_from(sa->init->ni, sa->init->ni_len),
		.nr = rd_from(sa->init->nr, sa->init->nr_len),
		.is_initiator = is_initiator,
	};
}

/* 3.15.4: without an address the IKE SA is of no use, and a later one may get one. */
static enum step_result no_address(struct turn *t)
{
	const struct notify *n = message_error(t->in);
	const char *name = n ? notify_name(n->type) : "nothing said of it";

	return turn_refuse(t, STEP_FAIL, N_INTERNAL_ADDRESS_FAILURE,
			   "peer gave no virtual address: %s", name ? name : "error");
}

enum step_result auth_child_finish(struct turn *t)
{
	const struct conn_child *cc = t->task->conn_child;
	struct deal_secrets secrets = init_secrets(t->sa, true);
	struct child *child = NULL;
	struct deal deal;

	if (cfg_take(t))
		return no_address(t);
	auth_log_up(t->sa);
	uint16_t why = cc ? deal_check(t, cc, false, &deal) : N_TS_UNACCEPTABLE;
	if (!why)
		child = deal_install(t->sa, &deal, &secrets, 0);
	if (child) {
		child_switch(t->sa, child);
		return STEP_NEXT;
	}
	deal_failed(t, cc, why ? why : N_NO_ADDITIONAL_SAS);
	/* The peer has it. */
	task_delete_child(t->sa, t->ours->nego.protocol, t->ours->nego.spi_in);
	return STEP_NEXT;
}

static enum step_result auth_finish(struct turn *t)
{
	enum step_result r = auth_check_peer(t);

	return r == STEP_NEXT ? auth_child_finish(t) : r;
}

enum step_result auth_alone_finish(struct turn *t)
{
	if (cfg_take(t))
		return no_address(t);
	auth_log_up(t->sa);
	if (t->task->conn_child)
		task_add(t->sa, TASK_CHILD_NEW, t->task->conn_child, 0);
	return STEP_NEXT;
}

/* RFC 6023 3: no word of a Child SA; we ask for it now. */
static enum step_result auth_alone(struct turn *t)
{
	enum step_result r = auth_check_peer(t);

	return r == STEP_NEXT ? auth_alone_finish(t) : r;
}

enum step_result auth_childless_finish(struct turn *t)
{
	uint16_t why = message_error(t->in)->type;

	if (cfg_take(t))
		return no_address(t);
	auth_log_up(t->sa);
	if (!deal_single_pair(t, t->task->conn_child, why))
		deal_failed(t, t->task->conn_child, why);
	return STEP_NEXT;
}

static enum step_result auth_childless(struct turn *t)
{
	enum step_result r = auth_check_peer(t);

	return r == STEP_NEXT ? auth_childless_finish(t) : r;
}

static enum step_result auth_redirected(struct turn *t)
{
	enum step_result r = auth_check_peer(t);

	return r == STEP_NEXT ? redirect_auth(t) : r;
}

static enum step_result auth_refused(struct turn *t)
{
	const struct notify *n = message_error(t->in);
	const char *name = notify_name(n->type);
	char us[ID_WORDS], them[ID_WORDS] = "(removed)";

	if (t->sa->conn)
		id_print(&t->sa->conn->remote_id, them, sizeof(them));
	return turn_refuse(t, STEP_FAIL, 0, "peer refuses IKE_AUTH: %s (%u), we are %s and want %s",
			   name ? name : "error", n->type,
			   id_print(&t->sa->our_id, us, sizeof(us)), them);
}

/* ---- Responder ------------------------------------------------------------------ */

/* How well a connection fits addresses, algorithms and both identities; 0: not at all. */
static int conn_score(const struct turn *t, const struct conn *c, const struct ike_id *idr)
{
	const struct ike_sa *sa = t->sa;
	struct proposal chosen;
	int addr = conn_match_addr(c, &sa->local.addr, &sa->remote.addr);
	int remote = id_match(&c->remote_id, &sa->their_id);
	int local = !idr || id_is_any(&c->local_id) ? 1 : id_match(&c->local_id, idr);

	if (!addr || !remote || !local ||
	    proposal_choose(c->ike, c->n_ike, &sa->chosen, 1, &chosen))
		return 0;
	/* The method decides only who gets to say what is wrong. */
	return (auth_fits(c, &t->in->auth) ? 1000 : 0) + remote * 100 + local * 10 + addr;
}

static bool is_tried(const struct init *init, const struct conn *conn)
{
	for (size_t i = 0; i < init->n_tried; i++)
		if (init->tried[i] == conn)
			return true;
	return false;
}

static const struct conn *conn_find(const struct turn *t, const struct ike_id *idr)
{
	const struct conn *best = NULL;
	int best_score = 0;

	for (size_t i = 0; i < t->ike->n_conns; i++) {
		int score = conn_score(t, t->ike->conns[i], idr);

		if (score > best_score && !is_tried(t->sa->init, t->ike->conns[i])) {
			best_score = score;
			best = t->ike->conns[i];
		}
	}
	return best;
}

/* Of the connections with these addresses the one that fits best, though not well enough. */
static const struct conn *conn_nearest(const struct turn *t, const struct ike_id *idr)
{
	const struct ike_sa *sa = t->sa;
	const struct conn *best = sa->conn;
	int best_score = 0;

	for (size_t i = 0; i < t->ike->n_conns; i++) {
		const struct conn *c = t->ike->conns[i];
		int score = 2 * !!id_match(&c->remote_id, &sa->their_id) +
			    (!idr || id_is_any(&c->local_id) || id_match(&c->local_id, idr));

		if (score <= best_score ||
		    !conn_match_addr(c, &sa->local.addr, &sa->remote.addr))
			continue;
		best_score = score;
		best = c;
	}
	return best;
}

/* Both sides' identities side by side. */
static enum step_result refuse_identities(struct turn *t, const struct ike_id *idr)
{
	const struct conn *near = conn_nearest(t, idr);
	char id[4][ID_WORDS], reason[4 * ID_WORDS + 160];

	if (!near)
		return auth_failed(t, "no connection for these identities");
	sa_set_conn(t->sa, near); /* its name in the line, and its last error */
	bool is_remote = !id_match(&near->remote_id, &t->sa->their_id);
	snprintf(reason, sizeof(reason),
		 "no connection for these identities: ours: %s for %s; theirs: %s for %s; "
		 "first difference: %s",
		 id_print(&near->local_id, id[0], ID_WORDS),
		 id_print(&near->remote_id, id[1], ID_WORDS),
		 idr ? id_print(idr, id[2], ID_WORDS) : "any",
		 id_print(&t->sa->their_id, id[3], ID_WORDS),
		 is_remote ? "who the peer is" : idr ? "whom it wants us to be" : "algorithms");
	return auth_failed(t, reason);
}

/* The configuration may have changed while a job was under way. */
static enum step_result still_there(struct turn *t)
{
	const struct conn *conn = t->sa->conn;

	return conn && id_match(&conn->remote_id, &t->sa->their_id)
		       ? STEP_NEXT
		       : auth_failed(t, "its connection is not configured any more");
}

/* Whom the peer named, who we are for it, which connection that is; not one that was tried. */
enum step_result auth_find_peer(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	struct ike_id idr;
	bool has_idr = t->in->present & P_IDR;

	if (t->job)
		return still_there(t);
	if (id_from_view(&t->in->idi, &sa->their_id) ||
	    (has_idr && id_from_view(&t->in->idr, &idr)))
		return turn_refuse(t, STEP_FAIL, N_INVALID_SYNTAX, "peer's identity is malformed");
	const struct conn *conn = conn_find(t, has_idr ? &idr : NULL);
	if (!conn)
		return refuse_identities(t, has_idr ? &idr : NULL);
	sa_set_conn(sa, conn);
	sa->our_id = conn->local_id;
	if (id_is_any(&conn->local_id))
		sa->our_id = has_idr ? idr : id_from_addr(&sa->local.addr);
	return STEP_NEXT;
}

static void child_answer(struct turn *t, uint16_t why)
{
	struct deal_secrets secrets = init_secrets(t->sa, false);
	struct child *child = NULL;
	struct deal deal;
	char text[EXPLAIN_MAX];

	why = why ? why : deal_find(t, NULL, false, &deal);
	if (!why) {
		deal.spi_in = deal_spi(t->ike);
		child = deal_install(t->sa, &deal, &secrets, 0);
		why = N_NO_ADDITIONAL_SAS;
	}
	if (child) {
		child_await(t->sa, child, TAKEOVER_MS);
		deal_answer_sa(t, &deal);
		deal_answer_ts(t, &deal);
		return;
	}
	sa_error(t->sa, "CHILD_SA of the peer refused: %s",
		 deal_explain(t, NULL, false, why, text, sizeof(text)));
	notify_emit_plain(t->out, why, rd_from(NULL, 0));
}

void auth_answer_rest(struct turn *t)
{
	uint16_t why = cfg_answer(t);

	if (t->in->present & P_SA)
		child_answer(t, why);
	else if (why)
		notify_emit_plain(t->out, why, rd_from(NULL, 0));
	mobike_check(t);
	mobike_emit(t);
}

/* RFC 6023: does the connection want it as the peer does? */
enum step_result auth_check_childless(struct turn *t)
{
	bool has_child = t->in->present & P_SA;

	if (t->sa->conn->childless != (has_child ? CHILDLESS_FORCE : CHILDLESS_NEVER))
		return STEP_NEXT;
	return turn_refuse(t, STEP_FAIL, N_INVALID_SYNTAX, "peer asks %s (childless = %s)",
			   has_child ? "for a child at once" : "for no child",
			   has_child ? "force" : "never");
}

static enum step_result check_with_conn(struct turn *t)
{
	enum step_result r = auth_check_childless(t);

	if (r == STEP_NEXT)
		r = ppk_settle(t);
	if (r == STEP_NEXT)
		r = auth_begin(t, AUTH_CHECK | AUTH_MAKE, &t->in->idi);
	return r == STEP_NEXT ? auth_check(t, &t->in->idi) : r;
}

/* Another connection for the same identities and method, with other CAs, say. Once a PPK is in
 * the keys there is no way back. */
static bool try_another(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	struct init *init = sa->init;
	struct ike_id idr;
	bool has_idr = t->in->present & P_IDR && !id_from_view(&t->in->idr, &idr);

	if (!sa->conn || init->is_ppk_used || init->n_tried == AUTH_TRIES_MAX)
		return false;
	init->tried[init->n_tried++] = sa->conn;
	const struct conn *conn = conn_find(t, has_idr ? &idr : NULL);
	if (!conn || !auth_fits(conn, &t->in->auth))
		return false;
	sa_log(sa, "looking whether it is the peer of connection '%s'", conn->name);
	t->job = NULL; /* the engine's */
	return auth_find_peer(t) == STEP_NEXT;
}

static enum step_result auth_answer(struct turn *t)
{
	struct ike_sa *sa = t->sa;

	if (inter_is_open(sa)) /* RFC 9370 2.2.2: all of them, or nothing */
		return auth_failed(t, "it left out a key exchange that it had agreed to");
	enum step_result r = auth_find_peer(t);
	if (r == STEP_NEXT && !t->job)
		auth_note(sa, t->in);
	if (r == STEP_NEXT)
		r = check_with_conn(t);
	while (r == STEP_FAIL && try_another(t))
		r = check_with_conn(t);
	if (r != STEP_NEXT)
		return r;
	if (!unique_admit(sa, message_notify(t->in, N_INITIAL_CONTACT)))
		return auth_failed(t, "it has an IKE_SA already (unique = keep)");
	auth_log_up(sa);
	id_payload_emit(t->out, PL_IDR, &sa->our_id);
	auth_certs_emit(t);
	r = auth_emit_ours(t);
	if (r != STEP_NEXT)
		return r;
	if (!redirect_at_auth(t))
		auth_answer_rest(t);
	return STEP_NEXT;
}

/* ---- Rows ----------------------------------------------------------------------- */

static enum step_result auth_unanswered(struct turn *t)
{
	return turn_refuse(t, STEP_NEXT, 0, "peer does not answer IKE_AUTH");
}

static enum step_result auth_missing(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	const char *why = "peer did not go on after IKE_SA_INIT";

	if (theirs_at(sa, sa->due_id)->waits)
		why = sa->eap && sa->eap->eap.is_passed ? "the AAA server did not answer in time"
							: "its authentication took too long here";
	return turn_refuse(t, STEP_NEXT, 0, "%s", why);
}

#define CHILD_PAYLOADS (P_SA | P_TSI | P_TSR)
#define MAY_SAY (ANY_NOTIFY | P_CERT | P_CERTREQ | P_CP)

static const struct step steps[] = {
	{ STEP_START, IN(KEYED), ST_AUTH_SENT, ON(TASK_IKE_AUTH), 0, auth_start, auth_start,
	  TM_RETRANSMIT, "send IKE_AUTH with the first Child SA" },
	{ STEP_RESPONSE, IN(AUTH_SENT), ST_ESTABLISHED,
	  ON(TASK_IKE_AUTH) | P_IDR | P_AUTH | CHILD_PAYLOADS, MAY_SAY, auth_finish, auth_finish, TM_NONE,
	  "the peer is who it should be: up, with a Child SA" },
	{ STEP_RESPONSE, IN(AUTH_SENT), ST_ESTABLISHED,
	  ON(TASK_IKE_AUTH) | P_IDR | P_AUTH | P_NOTIFY | HAS_ERROR, MAY_SAY, auth_childless, auth_childless,
	  TM_NONE, "up, but the Child SA was refused" },
	{ STEP_RESPONSE, IN(AUTH_SENT), ST_ESTABLISHED, ON(TASK_IKE_AUTH) | P_IDR | P_AUTH,
	  MAY_SAY & ~(HAS_ERROR | HAS_AUTH_FAILED | HAS_REDIRECT), auth_alone, auth_alone, TM_NONE,
	  "up without a Child SA, which is asked for now (RFC 6023)" },
	{ STEP_RESPONSE, IN(AUTH_SENT), ST_REKEYED,
	  ON(TASK_IKE_AUTH) | P_IDR | P_AUTH | P_NOTIFY | HAS_REDIRECT,
	  MAY_SAY & ~(HAS_ERROR | HAS_AUTH_FAILED), auth_redirected, auth_redirected, TM_REKEYED,
	  "the gateway redirects: delete this one, begin anew with the other one" },
	{ STEP_RESPONSE, IN(AUTH_SENT), ST_CLOSED, ON(TASK_IKE_AUTH) | P_NOTIFY | HAS_ERROR,
	  P_VENDOR | HAS_AUTH_FAILED, auth_refused, NULL, TM_CLOSED, "the peer refuses" },
	{ STEP_TIMEOUT, IN(AUTH_SENT), ST_CLOSED, 0, ON_ANY, auth_unanswered, NULL, TM_CLOSED,
	  "no answer: give up" },
	{ STEP_REQUEST, IN(INIT_REPLIED), ST_ESTABLISHED, P_IDI | P_AUTH | CHILD_PAYLOADS,
	  P_IDR | MAY_SAY, auth_answer, auth_answer, TM_NONE, "check the peer, answer the Child SA" },
	{ STEP_REQUEST, IN(INIT_REPLIED), ST_ESTABLISHED, P_IDI | P_AUTH, P_IDR | MAY_SAY,
	  auth_answer, auth_answer, TM_NONE, "check the peer, no Child SA yet (RFC 6023)" },
	{ STEP_REQUEST, IN(INIT_REPLIED), ST_EAP_ASKED, P_IDI, P_IDR | CHILD_PAYLOADS | MAY_SAY,
	  eap_asked, eap_asked, TM_HALF_OPEN, "the peer wants EAP: AUTH of ours, first EAP packet" },
	{ STEP_REQUEST, IN(EAP_ASKED), ST_SAME, P_EAP, ANY_NOTIFY, eap_answered, eap_answered, TM_NONE,
	  "the next EAP packet" },
	{ STEP_REQUEST, IN(EAP_ASKED), ST_ESTABLISHED, P_AUTH, ANY_NOTIFY, eap_proved, NULL, TM_NONE,
	  "check AUTH with the key of EAP, answer the Child SA" },
	{ STEP_RESPONSE, IN(AUTH_SENT), ST_EAP_READY, ON(TASK_IKE_AUTH) | P_IDR | P_AUTH | P_EAP,
	  MAY_SAY, eap_offered, eap_offered, TM_NONE, "the peer is who it should be, EAP begins" },
	{ STEP_RESPONSE, IN(AUTH_SENT), ST_EAP_READY, ON(TASK_IKE_AUTH) | P_IDR | P_EAP, MAY_SAY,
	  eap_alone, eap_alone, TM_NONE, "EAP begins, and will prove who the peer is (RFC 5998)" },
	{ STEP_START, IN(EAP_READY), ST_EAP_SENT, ON(TASK_IKE_EAP), 0, eap_start, NULL,
	  TM_RETRANSMIT, "send the next EAP packet, or AUTH" },
	{ STEP_RESPONSE, IN(EAP_SENT), ST_EAP_READY, ON(TASK_IKE_EAP) | P_EAP, ANY_NOTIFY, eap_next,
	  eap_next, TM_NONE, "the next EAP packet" },
	{ STEP_RESPONSE, IN(EAP_SENT), ST_ESTABLISHED, ON(TASK_IKE_EAP) | P_AUTH | CHILD_PAYLOADS,
	  MAY_SAY, eap_finish, NULL, TM_NONE, "EAP is done: up, with a Child SA" },
	{ STEP_RESPONSE, IN(EAP_SENT), ST_ESTABLISHED,
	  ON(TASK_IKE_EAP) | P_AUTH | P_NOTIFY | HAS_ERROR, MAY_SAY, eap_childless, NULL, TM_NONE,
	  "up, but the Child SA was refused" },
	{ STEP_RESPONSE, IN(EAP_SENT), ST_ESTABLISHED, ON(TASK_IKE_EAP) | P_AUTH,
	  MAY_SAY & ~(HAS_ERROR | HAS_AUTH_FAILED | HAS_REDIRECT), eap_alone_finish, NULL, TM_NONE,
	  "EAP is done: up without a Child SA, which is asked for now (RFC 6023)" },
	{ STEP_RESPONSE, IN(EAP_SENT), ST_REKEYED, ON(TASK_IKE_EAP) | P_AUTH | P_NOTIFY | HAS_REDIRECT,
	  MAY_SAY & ~(HAS_ERROR | HAS_AUTH_FAILED), eap_redirected, NULL, TM_REKEYED,
	  "the gateway redirects: delete this one, begin anew with the other one" },
	{ STEP_RESPONSE, IN(EAP_SENT), ST_CLOSED, ON(TASK_IKE_EAP) | P_NOTIFY | HAS_ERROR,
	  P_VENDOR | HAS_AUTH_FAILED, auth_refused, NULL, TM_CLOSED, "the peer refuses" },
	{ STEP_TIMEOUT, IN(EAP_SENT), ST_CLOSED, 0, ON_ANY, auth_unanswered, NULL, TM_CLOSED,
	  "no answer: give up" },
	{ STEP_TIMEOUT, IN(INIT_REPLIED) | IN(EAP_ASKED), ST_CLOSED, 0, ON_ANY, auth_missing, NULL, TM_CLOSED,
	  "half open for too long" },
};

const struct exchange ex_auth = { EX_IKE_AUTH, "IKE_AUTH", steps, ARRAY_SIZE(steps) };
