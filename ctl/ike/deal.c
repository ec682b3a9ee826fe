/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/deal.h"

#include <stdio.h>
#include <stdlib.h>
#include "ike/collision.h"
#include "ike/transport.h"
#include "ike/ts.h"

/* ---- Proposals ------------------------------------------------------------------ */

static void drop_ke(struct proposal *p)
{
	proposal_drop(p, TRANSFORM_KE);
	proposal_drop_addke(p);
}

/* RFC 9370 2.2.4: additional key exchanges come after a first one. */
static bool is_ke_whole(const struct proposal *chosen)
{
	const struct transform *ke = proposal_get(chosen, TRANSFORM_KE);

	return !proposal_addke(chosen, 0) || (ke && ke->id != KE_NONE);
}

static size_t our_proposals(const struct conn_child *cc, bool has_ke, uint32_t spi_in,
			    struct proposal ret_ours[CONN_PROPOSALS_MAX])
{
	for (size_t i = 0; i < cc->n_proposals; i++) {
		struct writer w = wr_into(ret_ours[i].spi, 4);

		ret_ours[i] = cc->proposals[i];
		ret_ours[i].number = (uint8_t)(i + 1);
		ret_ours[i].spi_len = 4;
		wr_u32(&w, spi_in);
		if (!has_ke)
			drop_ke(&ret_ours[i]);
	}
	return cc->n_proposals;
}

bool deal_is_cut(const struct ike_sa *sa, const struct conn_child *cc)
{
	return sa->is_encap && conn_child_protocol(cc) == PROTO_AH;
}

void deal_cut(struct ike_sa *sa, const struct conn_child *cc)
{
	sa_error(sa, "%s", sa_why(sa, "CHILD_SA %s is not asked for: %s", cc->name, DEAL_CUT_TEXT));
	want_child_ended(sa, cc, END_REFUSED);
}

static uint32_t spi_of(const struct proposal *p)
{
	struct reader r = rd_from(p->spi, p->spi_len);

	return p->spi_len == 4 ? rd_u32(&r) : 0;
}

uint32_t deal_spi(struct ike *ike)
{
	uint32_t spi = ike->host.spi(ike->host.arg);

	if (spi < SPI_MIN)
		abort(); /* as ike_random(): the host has no randomness */
	return spi;
}

uint16_t deal_group(const struct conn_child *cc)
{
	const struct transform *t = proposal_get(&cc->proposals[0], TRANSFORM_KE);

	return t ? t->id : KE_NONE;
}

/* ---- Traffic selectors ---------------------------------------------------------- */

/* "dynamic" are the virtual addresses of that end, else its own. What we are going to ask for
 * (cfg.h) may become any. */
static size_t dynamic_ts(const struct ike_sa *sa, bool is_local, struct ts_val ret_ts[CONN_TS_MAX])
{
	const struct vips *vips = is_local ? &sa->our_vips : &sa->their_vips;
	size_t n_wanted = is_local && sa->birth.is_ours && sa->conn ? sa->conn->n_vips : 0;

	for (size_t i = 0; i < vips->n; i++)
		ret_ts[i] = ts_from_addr(&vips->addr[i]);
	if (vips->n)
		return vips->n;
	for (size_t i = 0; i < n_wanted; i++)
		ret_ts[i] = ts_of_family(addr_is_v4(&sa->conn->vips[i]));
	if (n_wanted)
		return n_wanted;
	ret_ts[0] = ts_from_addr(is_local ? &sa->local.addr : &sa->remote.addr);
	return 1;
}

static size_t our_ts(const struct ike_sa *sa, const struct conn_child *cc, bool is_local,
		     struct ts_val ret_ts[CONN_TS_MAX])
{
	size_t n = is_local ? cc->n_local_ts : cc->n_remote_ts;

	if (is_local ? cc->is_local_dynamic : cc->is_remote_dynamic)
		return dynamic_ts(sa, is_local, ret_ts);
	memcpy(ret_ts, is_local ? cc->local_ts : cc->remote_ts, n * sizeof(*ret_ts));
	return n;
}

/* ---- Initiator ------------------------------------------------------------------ */

void deal_offer_sa(struct turn *t, const struct conn_child *cc, bool has_ke, uint32_t spi_in)
{
	struct proposal ours[CONN_PROPOSALS_MAX];

	sa_emit(t->out, ours, our_proposals(cc, has_ke, spi_in, ours));
}

/* 1.3.1. In transport mode no length tells the packet from its padding. NON_FIRST_FRAGMENTS_ALSO
 * is neither said nor answered, so nobody sends such fragments on an SA of narrower ports. */
static void emit_modes(struct turn *t, const struct conn_child *cc, uint8_t mode)
{
	if (mode != SA_TRANSPORT)
		return;
	notify_emit_plain(t->out, N_USE_TRANSPORT_MODE, rd_from(NULL, 0));
	if (conn_child_protocol(cc) == PROTO_ESP)
		notify_emit_plain(t->out, N_ESP_TFC_PADDING_NOT_SUPPORTED, rd_from(NULL, 0));
}

/* 2.9: the packet that asked for it goes first, so that the peer narrows around it; where the peer
 * takes single pairs only, it goes alone. */
static void offer_side(struct turn *t, const struct conn_child *cc, bool is_local)
{
	const struct want *want = want_of(t->ike, cc);
	const struct packet_ts *packet = want ? &want->packet : NULL;
	struct ts_val ts[CONN_TS_MAX + 1];
	size_t n = 0;

	if (packet && packet->is_known)
		ts[n++] = is_local ? packet->local : packet->remote;
	if (!packet || !packet->is_alone)
		n += our_ts(t->sa, cc, is_local, ts + n);
	ts_emit(t->out, is_local ? PL_TSI : PL_TSR, ts, n);
}

bool deal_single_pair(struct turn *t, const struct conn_child *cc, uint16_t why)
{
	struct want *want = cc ? want_of(t->ike, cc) : NULL;

	if (why != N_SINGLE_PAIR_REQUIRED || !want || !want->packet.is_known ||
	    want->packet.is_alone)
		return false;
	want->packet.is_alone = true;
	t->task->conn_child = NULL; /* this one is over, the next is not a duplicate of it */
	sa_log(t->sa,
	       "peer takes single pairs of addresses only: CHILD_SA %s for that packet alone",
	       cc->name);
	return task_add(t->sa, TASK_CHILD_NEW, cc, 0);
}

static bool may_ask_transport(const struct ike_sa *sa, const struct conn_child *cc)
{
	struct ts_val local[CONN_TS_MAX], remote[CONN_TS_MAX];
	size_t n_local = our_ts(sa, cc, true, local), n_remote = our_ts(sa, cc, false, remote);

	return cc->mode == SA_TRANSPORT && transport_fits(sa, local, n_local, remote, n_remote);
}

void deal_offer_ts(struct turn *t, const struct conn_child *cc)
{
	offer_side(t, cc, true);
	offer_side(t, cc, false);
	bool is_transport = may_ask_transport(t->sa, cc);
	if (cc->mode == SA_TRANSPORT && !is_transport)
		sa_log(t->sa,
		       "transport mode is for the two hosts only: CHILD_SA %s in tunnel mode",
		       cc->name);
	emit_modes(t, cc, is_transport ? SA_TRANSPORT : SA_TUNNEL);
}

/* 2.9: the answer is a subset of the offer, and not empty. Copies it. */
static bool check_ts(const struct ts_list *theirs, const struct ts_val *ours, size_t n_ours,
		     struct ts_val ret_ts[CONN_TS_MAX], size_t *ret_n)
{
	if (!theirs->n || theirs->n > CONN_TS_MAX ||
	    !ts_all_within(theirs->ts, theirs->n, ours, n_ours))
		return false;
	memcpy(ret_ts, theirs->ts, theirs->n * sizeof(*ret_ts));
	*ret_n = theirs->n;
	return true;
}

uint16_t deal_check(const struct turn *t, const struct conn_child *cc, bool has_ke,
		    struct deal *ret_deal)
{
	const struct sa_payload *theirs = &t->in->sa;
	struct proposal ours[CONN_PROPOSALS_MAX];
	struct ts_val local[CONN_TS_MAX], remote[CONN_TS_MAX];
	size_t n_local = our_ts(t->sa, cc, true, local);
	size_t n_remote = our_ts(t->sa, cc, false, remote);
	size_t n_ours = our_proposals(cc, has_ke, 0, ours);
	struct ts_list tsi = t->in->tsi, tsr = t->in->tsr;
	struct deal *deal = ret_deal;

	*deal = (struct deal){ .conn_child = cc, .mode = SA_TUNNEL };
	if (theirs->n != 1 || deal_is_cut(t->sa, cc) ||
	    proposal_choose(ours, n_ours, theirs->proposals, 1, &deal->chosen) ||
	    deal->chosen.n_transforms != theirs->proposals[0].n_transforms ||
	    !is_ke_whole(&deal->chosen))
		return N_NO_PROPOSAL_CHOSEN;
	deal->is_tfc_refused = message_notify(t->in, N_ESP_TFC_PADDING_NOT_SUPPORTED);
	deal->spi_in = t->ours->nego.spi_in;
	deal->spi_out = spi_of(&deal->chosen);
	if (deal->spi_out < SPI_MIN)
		return N_INVALID_SYNTAX;
	if (may_ask_transport(t->sa, cc)) {
		if (message_notify(t->in, N_USE_TRANSPORT_MODE))
			deal->mode = SA_TRANSPORT;
		else
			sa_log(t->sa, "peer declines transport mode for CHILD_SA %s: tunnel mode",
			       cc->name);
	}
	if (deal->mode == SA_TRANSPORT)
		transport_ts_seen(t->sa, &tsi, &tsr);
	if (!check_ts(&tsi, local, n_local, deal->local_ts, &deal->n_local_ts) ||
	    !check_ts(&tsr, remote, n_remote, deal->remote_ts, &deal->n_remote_ts) ||
	    !ts_pair(deal->local_ts, &deal->n_local_ts, deal->remote_ts, &deal->n_remote_ts))
		return N_TS_UNACCEPTABLE;
	return 0;
}

/* ---- Responder ------------------------------------------------------------------ */

/* What the peer's selectors and ours have in common, in that mode. */
static bool narrow(const struct turn *t, const struct conn_child *cc, uint8_t mode,
		   struct deal *deal)
{
	struct ts_val local[CONN_TS_MAX], remote[CONN_TS_MAX];
	size_t n_local = our_ts(t->sa, cc, true, local);
	size_t n_remote = our_ts(t->sa, cc, false, remote);
	struct ts_list tsi = t->in->tsi, tsr = t->in->tsr;

	deal->mode = mode;
	if (mode == SA_TRANSPORT)
		transport_ts_seen(t->sa, &tsr, &tsi);
	if (ts_narrow(local, n_local, tsr.ts, tsr.n, deal->local_ts, CONN_TS_MAX,
		      &deal->n_local_ts) ||
	    ts_narrow(remote, n_remote, tsi.ts, tsi.n, deal->remote_ts, CONN_TS_MAX,
		      &deal->n_remote_ts) ||
	    !ts_pair(deal->local_ts, &deal->n_local_ts, deal->remote_ts, &deal->n_remote_ts))
		return false;
	if (mode == SA_TUNNEL)
		return true;
	deal->is_taken = transport_is_taken(t->sa, deal->local_ts, deal->n_local_ts,
					    deal->remote_ts, deal->n_remote_ts);
	return !deal->is_taken && transport_fits(t->sa, deal->local_ts, deal->n_local_ts,
						 deal->remote_ts, deal->n_remote_ts);
}

static uint16_t deal_try(const struct turn *t, const struct conn_child *cc, bool has_ke,
			 struct deal *deal)
{
	struct proposal ours[CONN_PROPOSALS_MAX], theirs[SA_PROPOSALS_MAX];
	size_t n_ours = our_proposals(cc, has_ke, 0, ours), n_theirs = t->in->sa.n;
	bool is_transport = cc->mode == SA_TRANSPORT && message_notify(t->in, N_USE_TRANSPORT_MODE);

	*deal = (struct deal){ .conn_child = cc };
	if (!(is_transport && narrow(t, cc, SA_TRANSPORT, deal)) &&
	    (deal->is_taken || !narrow(t, cc, SA_TUNNEL, deal)))
		return N_TS_UNACCEPTABLE;
	memcpy(theirs, t->in->sa.proposals, n_theirs * sizeof(*theirs));
	for (size_t i = 0; i < n_theirs && !has_ke; i++)
		drop_ke(&theirs[i]);
	if (deal_is_cut(t->sa, cc) ||
	    proposal_choose(ours, n_ours, theirs, n_theirs, &deal->chosen) ||
	    !is_ke_whole(&deal->chosen))
		return N_NO_PROPOSAL_CHOSEN;
	deal->is_tfc_refused = message_notify(t->in, N_ESP_TFC_PADDING_NOT_SUPPORTED);
	deal->spi_out = spi_of(&deal->chosen);
	if (deal->spi_out < SPI_MIN)
		return N_INVALID_SYNTAX;
	return 0;
}

/* Nothing of what is configured was cut off. */
static bool is_whole(const struct turn *t, const struct deal *deal)
{
	struct ts_val ts[CONN_TS_MAX];
	size_t n = our_ts(t->sa, deal->conn_child, true, ts);

	if (!ts_all_within(ts, n, deal->local_ts, deal->n_local_ts))
		return false;
	n = our_ts(t->sa, deal->conn_child, false, ts);
	return ts_all_within(ts, n, deal->remote_ts, deal->n_remote_ts);
}

/* 2.9: the initiator's first selectors, which may be those of the packet that asked, are in. */
static bool has_first(const struct turn *t, const struct deal *deal)
{
	struct ts_list tsi = t->in->tsi, tsr = t->in->tsr;

	if (deal->mode == SA_TRANSPORT)
		transport_ts_seen(t->sa, &tsr, &tsi);
	return ts_all_within(tsi.ts, 1, deal->remote_ts, deal->n_remote_ts) &&
	       ts_all_within(tsr.ts, 1, deal->local_ts, deal->n_local_ts);
}

/* The larger, the better. */
static int rank_of(const struct turn *t, const struct deal *deal)
{
	return 1 + is_whole(t, deal) + 2 * has_first(t, deal);
}

uint16_t deal_find(const struct turn *t, const struct conn_child *only, bool has_ke,
		   struct deal *ret_deal)
{
	const struct conn *conn = t->sa->conn;
	uint16_t why = N_TS_UNACCEPTABLE;
	struct deal deal;
	int best = 0;

	for (size_t i = 0; i < conn->n_children; i++) {
		const struct conn_child *cc = &conn->children[i];

		if (cc->action != SPD_PROTECT || (only && cc != only))
			continue;
		uint16_t w = deal_try(t, cc, has_ke, &deal);
		if (deal.is_taken)
			sa_log(t->sa,
			       "CHILD_SA %s: another peer at this address has transport mode with "
			       "these selectors",
			       cc->name);
		int rank = w ? 0 : rank_of(t, &deal);
		if (w)
			why = w == N_TS_UNACCEPTABLE ? why : w;
		if (rank <= best)
			continue;
		best = rank;
		*ret_deal = deal;
	}
	return best ? 0 : why;
}

void deal_answer_sa(struct turn *t, const struct deal *deal)
{
	struct proposal chosen = deal->chosen;
	struct writer w = wr_into(chosen.spi, 4);

	wr_u32(&w, deal->spi_in);
	sa_emit(t->out, &chosen, 1);
}

void deal_answer_ts(struct turn *t, const struct deal *deal)
{
	struct deal told = *deal;

	if (deal->mode == SA_TRANSPORT)
		transport_ts_told(t->sa, t->in, told.local_ts, told.n_local_ts, told.remote_ts,
				  told.n_remote_ts);
	ts_emit(t->out, PL_TSI, told.remote_ts, told.n_remote_ts);
	ts_emit(t->out, PL_TSR, told.local_ts, told.n_local_ts);
	emit_modes(t, deal->conn_child, deal->mode);
}

/* ---- Both ----------------------------------------------------------------------- */

static void keys_place(struct child_sa *c, const struct child_keys *k, bool is_initiator)
{
	c->key_len = k->enc_len;
	c->auth_len = k->auth_len;
	memcpy(c->key_out, is_initiator ? k->enc_i : k->enc_r, k->enc_len);
	memcpy(c->key_in, is_initiator ? k->enc_r : k->enc_i, k->enc_len);
	memcpy(c->auth_out, is_initiator ? k->auth_i : k->auth_r, k->auth_len);
	memcpy(c->auth_in, is_initiator ? k->auth_r : k->auth_i, k->auth_len);
}

static void deal_copy(struct child_sa *c, const struct deal *deal)
{
	const struct transform *esn = proposal_get(&deal->chosen, TRANSFORM_ESN);

	c->spi_in = deal->spi_in;
	c->spi_out = deal->spi_out;
	c->chosen = deal->chosen;
	c->mode = deal->mode;
	c->is_tfc_refused = deal->is_tfc_refused;
	c->is_esn = esn && esn->id == ESN_YES;
	memcpy(c->local_ts, deal->local_ts, sizeof(c->local_ts));
	memcpy(c->remote_ts, deal->remote_ts, sizeof(c->remote_ts));
	c->n_local_ts = deal->n_local_ts;
	c->n_remote_ts = deal->n_remote_ts;
}

struct child *deal_install(struct ike_sa *sa, const struct deal *deal,
			   const struct deal_secrets *secrets, uint32_t replaces)
{
	struct child_keys keys;

	if (keymat_child(&sa->keys, &deal->chosen, secrets->shared, secrets->ni, secrets->nr,
			 secrets->more, &keys))
		return NULL;
	struct child *child = child_new(sa, deal->conn_child);
	if (child) {
		deal_copy(&child->sa, deal);
		keys_place(&child->sa, &keys, secrets->is_initiator);
		child->sa.is_rekey = replaces != 0;
		child->replaces = replaces;
		collision_remember(child, secrets->ni, secrets->nr);
		collision_inherit_child(sa, child);
		child_move(sa, child, CHILD_ON_INSTALL);
	}
	keymat_child_wipe(&keys);
	return child;
}

/* The child that is meant: the first with this very reason. */
static const struct conn_child *meant(const struct turn *t, const struct conn_child *only,
				      bool has_ke, uint16_t why)
{
	const struct conn *conn = t->sa->conn;
	struct deal deal;

	for (size_t i = 0; !only && i < conn->n_children; i++)
		if (conn->children[i].action == SPD_PROTECT &&
		    deal_try(t, &conn->children[i], has_ke, &deal) == why)
			only = &conn->children[i];
	return only;
}

static void explain_algorithms(const struct turn *t, const struct conn_child *cc, bool has_ke, char *buf,
			  size_t size)
{
	struct proposal ours[CONN_PROPOSALS_MAX], theirs[SA_PROPOSALS_MAX];
	size_t n_ours = our_proposals(cc, has_ke, 0, ours), n_theirs = t->in->sa.n;

	if (deal_is_cut(t->sa, cc)) {
		snprintf(buf, size, DEAL_CUT_TEXT);
		return;
	}
	memcpy(theirs, t->in->sa.proposals, n_theirs * sizeof(*theirs));
	for (size_t i = 0; i < n_theirs && !has_ke; i++)
		drop_ke(&theirs[i]);
	explain_proposals(ours, n_ours, theirs, n_theirs, buf, size);
}

static void explain_selectors(const struct turn *t, const struct conn_child *cc, char *buf,
			      size_t size)
{
	struct ts_val local[CONN_TS_MAX], remote[CONN_TS_MAX];
	bool is_answer = t->step->role == STEP_RESPONSE;
	const struct ts_list *l = is_answer ? &t->in->tsi : &t->in->tsr;
	const struct ts_list *r = is_answer ? &t->in->tsr : &t->in->tsi;
	struct explain_ts ours = { local, remote, our_ts(t->sa, cc, true, local),
				   our_ts(t->sa, cc, false, remote) };
	struct explain_ts theirs = { l->ts, r->ts, l->n, r->n };

	explain_ts(ours, theirs, is_answer, buf, size);
}

const char *deal_explain(const struct turn *t, const struct conn_child *only, bool has_ke,
			 uint16_t why, char *buf, size_t size)
{
	const char *name = notify_name(why);
	const struct conn_child *cc = t->sa->conn ? meant(t, only, has_ke, why) : NULL;
	int n = snprintf(buf, size, "%s", name ? name : "error");

	if (!cc || (why != N_NO_PROPOSAL_CHOSEN && why != N_TS_UNACCEPTABLE))
		return buf;
	n += snprintf(buf + n, size - (size_t)n, " (%s): ", cc->name);
	if (why == N_NO_PROPOSAL_CHOSEN)
		explain_algorithms(t, cc, has_ke, buf + n, size - (size_t)n);
	else
		explain_selectors(t, cc, buf + n, size - (size_t)n);
	return buf;
}

const char *deal_offered(const struct turn *t, const struct conn_child *cc, uint16_t why, char *buf,
			 size_t size)
{
	struct proposal ours[CONN_PROPOSALS_MAX];
	struct ts_val local[CONN_TS_MAX], remote[CONN_TS_MAX];
	char text[EXPLAIN_MAX];
	size_t n;

	*buf = '\0';
	if (cc && why == N_NO_PROPOSAL_CHOSEN) {
		n = our_proposals(cc, t->ours->type != EX_IKE_AUTH, 0, ours);
		snprintf(buf, size, ", we offer %s", explain_offer(ours, n, text, sizeof(text)));
	} else if (cc && (why == N_TS_UNACCEPTABLE || why == N_SINGLE_PAIR_REQUIRED)) {
		struct explain_ts side = { local, remote, our_ts(t->sa, cc, true, local),
					   our_ts(t->sa, cc, false, remote) };

		snprintf(buf, size, ", we offer %s", explain_side(side, text, sizeof(text)));
	}
	return buf;
}

void deal_failed(struct turn *t, const struct conn_child *cc, uint16_t notify)
{
	const char *name = notify_name(notify), *child = cc ? cc->name : "(removed)";
	char text[EXPLAIN_MAX];

	if (cc && t->in->present & P_SA) /* it is we who refuse what the peer chose */
		sa_why(t->sa, "answer of the peer for CHILD_SA %s refused: %s", child,
		       deal_explain(t, cc, t->ours->type != EX_IKE_AUTH, notify, text,
				    sizeof(text)));
	else
		sa_why(t->sa, "CHILD_SA %s was refused: %s (%u)%s", child, name ? name : "error",
		       notify, deal_offered(t, cc, notify, text, sizeof(text)));
	sa_error(t->sa, "%s", t->sa->why);
	if (cc)
		want_child_ended(t->sa, cc, END_REFUSED);
}
