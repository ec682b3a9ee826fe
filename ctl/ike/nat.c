/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/nat.h"

#include "crypto/secret.h"
#include "ike/transport.h"

static void emit_hash(struct payload_writer *pw, struct ike_sa *sa, uint16_t type,
		      const struct endpoint *end, bool is_forged)
{
	uint8_t hash[NAT_HASH_LEN];

	if (is_forged)
		ike_random(sa->ike, hash, sizeof(hash));
	else if (keymat_nat_hash(sa->spi_i, sa->spi_r, end, hash))
		return;
	notify_emit_plain(pw, type, rd_from(hash, sizeof(hash)));
}

void nat_emit(struct payload_writer *pw, struct ike_sa *sa)
{
	nat_emit_for(pw, sa, &sa->local, &sa->remote);
}

void nat_emit_for(struct payload_writer *pw, struct ike_sa *sa, const struct endpoint *local,
		  const struct endpoint *remote)
{
	bool is_forced = sa->conn && sa->conn->is_encap_forced;

	if (sa->conn && sa->conn->is_encap_forbidden)
		return;
	emit_hash(pw, sa, N_NAT_DETECTION_SOURCE_IP, local, is_forced);
	emit_hash(pw, sa, N_NAT_DETECTION_DESTINATION_IP, remote, false);
}

/* Does any notify of this type carry the hash of `end`? *ret_n: how many there are. */
static bool is_hash_there(const struct message *m, uint16_t type, const struct endpoint *end,
			  size_t *ret_n)
{
	uint8_t hash[NAT_HASH_LEN];
	bool is_there = false;

	*ret_n = 0;
	if (keymat_nat_hash(m->header.spi_i, m->header.spi_r, end, hash))
		return false;
	for (size_t i = 0; i < m->n_notifies; i++) {
		const struct notify *n = &m->notifies[i];

		if (n->type != type)
			continue;
		++*ret_n;
		is_there |= rd_left(&n->data) == sizeof(hash) &&
			    memeq_ct(n->data.at, hash, sizeof(hash));
	}
	return is_there;
}

void nat_check(struct ike_sa *sa, const struct inbound *in)
{
	size_t n_source, n_destination;
	bool is_source = is_hash_there(&in->m, N_NAT_DETECTION_SOURCE_IP, &in->remote, &n_source);
	bool is_destination =
		is_hash_there(&in->m, N_NAT_DETECTION_DESTINATION_IP, &in->local, &n_destination);

	if (!n_source || !n_destination) /* the peer does no NAT traversal */
		return;
	if (sa->conn && sa->conn->is_encap_forbidden)
		return;
	sa->is_nat_known = true;
	sa->is_nat_remote = !is_source;
	sa->is_nat_local = !is_destination;
	sa->is_encap =
		sa->is_nat_local || sa->is_nat_remote || (sa->conn && sa->conn->is_encap_forced);
	if (sa->is_nat_remote)
		sa_log(sa, "peer is behind a NAT, or claims so");
	if (sa->is_nat_local)
		sa_log(sa, "we are behind a NAT, or the peer claims so");
}

void nat_float(struct ike_sa *sa)
{
	/* RFC 4555 3.3: who may move floats at once, a NAT may come later. */
	bool may_move = sa->is_nat_known && sa->conn && sa->conn->is_mobike;

	if ((!sa->is_encap && !may_move) || sa->remote.port != IKE_PORT)
		return;
	sa->local.port = sa->remote.port = IKE_NAT_PORT;
}

void nat_keepalive(struct ike_sa *sa)
{
	uint64_t gap_ms = sa->ike->settings.keep_alive_s * 1000ull;

	sa->keepalive_ms = sa->is_nat_local && gap_ms ? sa->ike->now_ms + gap_ms : 0;
}

/* It ends: AH passes no NAT. */
static bool ah_meets_nat(struct ike_sa *sa, const struct child *c)
{
	if (!sa->is_encap || c->sa.chosen.protocol != PROTO_AH)
		return false;
	if (!child_is_live(c))
		return true;
	sa_error(sa, "CHILD_SA %s{%u} is AH, and there is a NAT between us and the peer now: deleted",
		 c->name, c->sa.unique_id);
	(void)task_delete_child(sa, c->sa.chosen.protocol, c->sa.spi_in);
	return true;
}

void nat_move(struct ike_sa *sa)
{
	for (struct child *c = sa->children; c; c = c->next) {
		if (transport_moved(sa, c) || ah_meets_nat(sa, c))
			continue;
		c->sa.local = sa->local;
		c->sa.remote = sa->remote;
		c->sa.is_encap = sa->is_encap;
		if (c->state != CHILD_NEW && c->state != CHILD_GONE)
			fx_child(&sa->ike->fx, FX_SA_MOVE, &c->sa);
	}
	if (sa->state == ST_ESTABLISHED)
		nat_keepalive(sa);
	sa_touch(sa);
}

void nat_follow(struct ike_sa *sa, const struct inbound *in)
{
	char text[ADDR_TEXT_MAX];

	if (endpoint_equal(&sa->remote, &in->remote) && endpoint_equal(&sa->local, &in->local))
		return;
	/* IKE_AUTH is where the initiator floats to port 4500. Later only a peer behind a NAT is
	 * followed, and not by who is behind one himself: 2.23, last but one item. */
	if (sa->is_mobike) /* RFC 4555 3.8: who moves says so */
		return;
	if (sa->state != ST_INIT_REPLIED && (!sa->is_nat_remote || sa->is_nat_local))
		return;
	if (sa->state != ST_INIT_REPLIED)
		sa_log(sa, "peer moved to %s:%u", addr_print(&in->remote.addr, text, sizeof(text)),
		       in->remote.port);
	sa->local = in->local;
	sa->remote = in->remote;
	nat_move(sa);
}

void nat_expire(struct ike_sa *sa)
{
	static const uint8_t keepalive = 0xff; /* RFC 3948 2.3 */

	if (!sa->keepalive_ms || sa->keepalive_ms > sa->ike->now_ms)
		return;
	nat_keepalive(sa);
	fx_keepalive(&sa->ike->fx, &sa->local, &sa->remote, rd_from(&keepalive, 1));
}
