/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/mobike.h"

#include <stdio.h>
#include "crypto/secret.h"
#include "ike/nat.h"
#include "ike/transmit.h"
#include "ike/window.h"

#define NO_NATS_MAX 36 /* 4.2.6: two addresses, two ports; IPv4: 12 */

static void addr_put(struct writer *w, const struct ip_addr *addr)
{
	if (addr_is_v4(addr))
		wr_u32(w, addr_to_v4(addr));
	else
		wr_bytes(w, addr->b, sizeof(addr->b));
}

/* ---- Negotiation, 3.1 ------------------------------------------------------------- */

/* Our addresses besides the one in use; NO_ADDITIONAL_ADDRESSES when asked to say even that. */
static void emit_addresses(struct payload_writer *pw, const struct ike_sa *sa, bool says_none)
{
	const struct ike *ike = sa->ike;
	size_t n = 0;

	for (size_t i = 0; i < ike->n_addrs; i++) {
		const struct ip_addr *addr = &ike->addrs[i];
		uint8_t bytes[sizeof(addr->b)];
		struct writer w = wr_into(bytes, sizeof(bytes));

		if (addr_equal(addr, &sa->local.addr))
			continue;
		addr_put(&w, addr);
		notify_emit_plain(pw,
				  addr_is_v4(addr) ? N_ADDITIONAL_IP4_ADDRESS
						   : N_ADDITIONAL_IP6_ADDRESS,
				  rd_from(bytes, wr_len(&w)));
		n++;
	}
	if (!n && says_none)
		notify_emit_plain(pw, N_NO_ADDITIONAL_ADDRESSES, rd_from(NULL, 0));
}

/* False: the notify is none, malformed, or of no address to send to. */
static bool addr_take(const struct notify *n, struct ip_addr *ret_addr)
{
	struct reader r = n->data;

	if (n->type == N_ADDITIONAL_IP4_ADDRESS)
		*ret_addr = addr_from_v4(rd_u32(&r));
	else if (n->type == N_ADDITIONAL_IP6_ADDRESS)
		rd_copy(&r, ret_addr->b, sizeof(ret_addr->b));
	else
		return false;
	return rd_done(&r) && addr_is_host(ret_addr);
}

/* True: the message says something about them. */
static bool take_addresses(struct ike_sa *sa, const struct message *m)
{
	size_t n = 0;
	bool is_said = message_notify(m, N_NO_ADDITIONAL_ADDRESSES);

	for (size_t i = 0; i < m->n_notifies; i++) {
		struct ip_addr addr;

		if (!addr_take(&m->notifies[i], &addr))
			continue;
		if (n < PEER_ADDRS_MAX)
			sa->peer_addrs[n++] = addr;
		is_said = true;
	}
	if (is_said)
		sa->n_peer_addrs = n;
	return is_said;
}

void mobike_emit(struct turn *t)
{
	if (!t->sa->conn->is_mobike || (!t->sa->is_initiator && !t->sa->is_mobike))
		return;
	notify_emit_plain(t->out, N_MOBIKE_SUPPORTED, rd_from(NULL, 0));
	emit_addresses(t->out, t->sa, false);
}

void mobike_check(struct turn *t)
{
	struct ike_sa *sa = t->sa;

	sa->is_mobike = sa->conn->is_mobike && message_notify(t->in, N_MOBIKE_SUPPORTED);
	if (sa->is_mobike)
		(void)take_addresses(sa, t->in);
}

/* ---- Our addresses change --------------------------------------------------------- */

static bool is_ours(const struct ike *ike, const struct ip_addr *addr)
{
	for (size_t i = 0; i < ike->n_addrs; i++)
		if (addr_equal(&ike->addrs[i], addr))
			return true;
	return false;
}

/* local_addrs names it: as long as it is there, no route is a reason to leave it. */
static bool is_wanted(const struct conn *conn, const struct ip_addr *addr)
{
	for (size_t i = 0; conn && i < conn->n_local; i++)
		if (addr_equal(&conn->local[i], addr))
			return true;
	return false;
}

/* What waits for an answer goes out again from the new address, at once (3.4). */
static void send_again(struct ike_sa *sa)
{
	for (struct ours *o = sa->ours; o; o = o->next) {
		if (!o->request)
			continue;
		o->tries = 0;
		o->next_ms = sa->ike->now_ms;
	}
}

static void queue_move(struct ike_sa *sa)
{
	char l[ADDR_TEXT_MAX], r[ADDR_TEXT_MAX];

	sa_log(sa, "MOBIKE: from now on %s to %s", addr_print(&sa->local.addr, l, sizeof(l)),
	       addr_print(&sa->remote.addr, r, sizeof(r)));
	send_again(sa);
	if (ours_of(sa, TASK_MOVE))
		sa->is_move_due = true; /* once more, with what holds now */
	else
		(void)task_push(sa, TASK_MOVE, NULL, 0);
	sa_touch(sa);
}

/* Our end of the way to `to`; false: there is none. */
static bool way_to(const struct ike_sa *sa, const struct ip_addr *to, struct ip_addr *ret_local)
{
	const struct ike_host *host = &sa->ike->host;

	return host->source && !host->source(host->arg, to, ret_local) &&
	       !addr_is_any(ret_local) && is_ours(sa->ike, ret_local);
}

/* The next of the peer's other addresses; of the other family, if there is no way to this one. The
 * one that we leave takes its place among the others. */
static bool aim_at_other(struct ike_sa *sa, bool is_family_gone)
{
	while (sa->n_tried < sa->n_peer_addrs) {
		struct ip_addr *other = &sa->peer_addrs[sa->n_tried++], next = *other;
		bool is_same_family = addr_is_v4(&next) == addr_is_v4(&sa->remote.addr);
		struct ip_addr local = sa->local.addr;

		if (is_same_family ? is_family_gone || addr_equal(&next, &sa->remote.addr)
				   : !way_to(sa, &next, &local))
			continue;
		*other = sa->remote.addr;
		sa->local.addr = local;
		sa->remote.addr = next;
		queue_move(sa);
		return true;
	}
	return false;
}

void mobike_roam(struct ike_sa *sa, bool is_list)
{
	struct ip_addr local;

	if (!sa->is_mobike || !sa_is_up(sa) || sa->is_condemned)
		return;
	if (!way_to(sa, &sa->remote.addr, &local)) {
		/* None at the moment; another call follows when there is one. Perhaps the peer has
		 * an address of a family of which we have more. */
		if (sa->birth.is_ours && !is_ours(sa->ike, &sa->local.addr)) {
			sa->n_tried = 0;
			(void)aim_at_other(sa, true);
		}
		return;
	}
	bool may_stay = !sa->birth.is_ours || is_wanted(sa->conn, &sa->local.addr);
	/* A responder stays where it is spoken to as long as it can (3.5). */
	if (addr_equal(&local, &sa->local.addr) ||
	    (may_stay && is_ours(sa->ike, &sa->local.addr))) {
		if (is_list)
			(void)task_add(sa, TASK_ADDRESSES, NULL, 0);
		return;
	}
	sa->local.addr = local;
	if (sa->birth.is_ours) {
		queue_move(sa);
		return;
	}
	send_again(sa);
	(void)task_add(sa, TASK_ADDRESSES, NULL, 0);
}

/* ---- Our exchanges ---------------------------------------------------------------- */

static struct reader no_nats(const struct endpoint *from, const struct endpoint *to,
			     uint8_t buf[NO_NATS_MAX])
{
	struct writer w = wr_into(buf, NO_NATS_MAX);

	addr_put(&w, &from->addr);
	addr_put(&w, &to->addr);
	wr_u16(&w, from->port);
	wr_u16(&w, to->port);
	return rd_from(buf, wr_len(&w));
}

enum step_result mobike_move_start(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	uint8_t buf[NO_NATS_MAX];

	sa->is_move_due = false;
	notify_emit_plain(t->out, N_UPDATE_SA_ADDRESSES, rd_from(NULL, 0));
	nat_emit(t->out, sa);
	if (sa->conn && sa->conn->is_encap_forbidden)
		notify_emit_plain(t->out, N_NO_NATS_ALLOWED, no_nats(&sa->local, &sa->remote, buf));
	emit_addresses(t->out, sa, true);
	return STEP_NEXT;
}

enum step_result mobike_move_answered(struct turn *t)
{
	const struct notify *n = message_error(t->in);
	struct ike_sa *sa = t->sa;

	if (sa->is_move_due) {
		struct task *done = t->task;

		done->spi = 1; /* the next one is not a duplicate of this one */
		(void)task_push(sa, TASK_MOVE, NULL, 0);
		return STEP_NEXT;
	}
	if (n) {
		const char *name = notify_name(n->type);

		sa_error(sa, "peer does not take the new addresses: %s (%u)", name ? name : "error",
			 n->type);
		return STEP_NEXT;
	}
	nat_check(sa, t->from);
	nat_move(sa);
	return STEP_NEXT;
}

enum step_result mobike_tell_start(struct turn *t)
{
	emit_addresses(t->out, t->sa, true);
	t->task->spi = 1; /* what changes from now on is not in it: not a duplicate of this one */
	return STEP_NEXT;
}

/* 3.7: what comes back came from where we sent it. */
enum step_result mobike_check_start(struct turn *t)
{
	struct ike_sa *sa = t->sa;

	ike_random(t->ike, sa->cookie2, sizeof(sa->cookie2));
	notify_emit_plain(t->out, N_COOKIE2, rd_from(sa->cookie2, sizeof(sa->cookie2)));
	return STEP_NEXT;
}

enum step_result mobike_check_answered(struct turn *t)
{
	const struct notify *n = message_notify(t->in, N_COOKIE2);

	if (n && rd_left(&n->data) == COOKIE2_LEN &&
	    memeq_ct(n->data.at, t->sa->cookie2, COOKIE2_LEN))
		return STEP_NEXT;
	return turn_refuse(t, STEP_FAIL, N_INVALID_SYNTAX,
			   "peer's new address does not return our COOKIE2");
}

/* ---- The peer's ------------------------------------------------------------------- */

static bool has_nat(const struct turn *t, const struct notify *no_nats_allowed)
{
	uint8_t buf[NO_NATS_MAX];
	struct reader want = no_nats(&t->from->remote, &t->from->local, buf);
	struct reader said = no_nats_allowed->data;

	return rd_left(&said) != rd_left(&want) || memcmp(said.at, want.at, rd_left(&want)) != 0;
}

static enum step_result refuse(struct turn *t, uint16_t why)
{
	return turn_refuse(t, STEP_NOTIFY, why, "peer's new addresses refused: %s",
			   notify_name(why));
}

/* 3.5: the peer decided; the packet's own addresses count. */
static enum step_result update(struct turn *t)
{
	const struct notify *no_nats_allowed = message_notify(t->in, N_NO_NATS_ALLOWED);
	struct ike_sa *sa = t->sa;
	char l[ADDR_TEXT_MAX], r[ADDR_TEXT_MAX];

	if (sa->birth.is_ours)
		return refuse(t, N_UNACCEPTABLE_ADDRESSES);
	if (no_nats_allowed && has_nat(t, no_nats_allowed))
		return refuse(t, N_UNEXPECTED_NAT_DETECTED);
	sa->local = t->from->local;
	sa->remote = t->from->remote;
	sa_log(sa, "MOBIKE: peer moved to %s:%u, we are %s",
	       addr_print(&sa->remote.addr, r, sizeof(r)), sa->remote.port,
	       addr_print(&sa->local.addr, l, sizeof(l)));
	nat_check(sa, t->from);
	nat_move(sa);
	send_again(sa);
	struct ours *check = ours_of(sa, TASK_CHECK);
	if (check)
		check->task->spi = 1; /* of an address before: this one's is not a duplicate of it */
	(void)task_add(sa, TASK_CHECK, NULL, 0);
	return STEP_NEXT;
}

/* The responder speaks from another address: the one before is gone. */
static void follow_responder(struct turn *t)
{
	struct ike_sa *sa = t->sa;

	if (!sa->birth.is_ours || addr_equal(&sa->remote.addr, &t->from->remote.addr))
		return;
	sa->remote = t->from->remote;
	sa->local = t->from->local;
	queue_move(sa);
}

enum step_result mobike_asked(struct turn *t)
{
	const struct notify *cookie = message_notify(t->in, N_COOKIE2);
	bool is_update = message_notify(t->in, N_UPDATE_SA_ADDRESSES);

	if (!t->sa->is_mobike || (is_update && t->in->header.id < t->sa->moved_id))
		return STEP_NEXT; /* 3.5: a newer one was faster */
	if (is_update)
		t->sa->moved_id = t->in->header.id + 1;
	if (take_addresses(t->sa, t->in) && !is_update)
		follow_responder(t);
	if (is_update && update(t) != STEP_NEXT)
		return STEP_NOTIFY;
	if (cookie) /* 4.2.5: 8 to 64 octets */
		notify_emit_plain(t->out, N_COOKIE2, cookie->data);
	if (message_notify(t->in, N_NAT_DETECTION_SOURCE_IP))
		nat_emit_for(t->out, t->sa, &t->from->local, &t->from->remote);
	return STEP_NEXT;
}

/* ---- What else may have changed ----------------------------------------------------- */

void mobike_dpd_emit(struct turn *t)
{
	if (t->sa->is_mobike && t->sa->birth.is_ours && t->sa->is_nat_local)
		nat_emit(t->out, t->sa);
}

/* 3.8: the peer's hash of our address as it sees it: another one, another mapping. */
void mobike_dpd_answered(struct turn *t)
{
	const struct notify *n = message_notify(t->in, N_NAT_DETECTION_DESTINATION_IP);
	struct ike_sa *sa = t->sa;

	if (!sa->is_mobike || !sa->birth.is_ours || !n || rd_left(&n->data) != NAT_HASH_LEN)
		return;
	bool is_known = sa->has_seen_hash;
	bool is_same = is_known && memcmp(sa->seen_hash, n->data.at, NAT_HASH_LEN) == 0;
	memcpy(sa->seen_hash, n->data.at, NAT_HASH_LEN);
	sa->has_seen_hash = true;
	if (is_known && !is_same)
		queue_move(sa);
}

bool mobike_try_other(struct ike_sa *sa)
{
	if (!sa->is_mobike || !sa->birth.is_ours || !sa_is_up(sa) || sa->is_condemned)
		return false;
	return aim_at_other(sa, false);
}
