/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/collision.h"

#include "ike/exchange.h"
#include "ike/id.h"

int nonce_cmp(struct reader a, struct reader b)
{
	size_t n_a = rd_left(&a), n_b = rd_left(&b), n = n_a < n_b ? n_a : n_b;
	int order = n ? memcmp(a.at, b.at, n) : 0;

	if (order)
		return order;
	return n_a < n_b ? -1 : n_a > n_b;
}

void collision_remember(struct child *child, struct reader ni, struct reader nr)
{
	struct reader low = nonce_cmp(ni, nr) <= 0 ? ni : nr;

	child->low_nonce_len = rd_left(&low);
	rd_copy(&low, child->low_nonce, child->low_nonce_len);
}

struct child *collision_twin(const struct ike_sa *sa, uint32_t old_spi)
{
	for (struct child *c = sa->children; c; c = c->next)
		if (c->is_theirs && c->replaces == old_spi && child_is_live(c))
			return c;
	return NULL;
}

bool collision_loses(const struct child *a, const struct child *b)
{
	return nonce_cmp(rd_from(a->low_nonce, a->low_nonce_len),
			 rd_from(b->low_nonce, b->low_nonce_len)) < 0;
}

/* ---- Two IKE SAs ------------------------------------------------------------------ */

void collision_keep_nonces(struct ike_sa *sa)
{
	struct reader ni = rd_from(sa->init->ni, sa->init->ni_len);
	struct reader nr = rd_from(sa->init->nr, sa->init->nr_len);
	struct reader low = nonce_cmp(ni, nr) <= 0 ? ni : nr;

	sa->low_nonce_len = rd_left(&low);
	rd_copy(&low, sa->low_nonce, sa->low_nonce_len);
}

/* One that the other side initiated while this one was coming up. */
static struct ike_sa *other_of(const struct ike_sa *sa)
{
	for (struct ike_sa *o = sa->ike->sas; o; o = o->next)
		if (o->state == ST_ESTABLISHED && o->conn == sa->conn && !o->is_condemned &&
		    o->is_initiator != sa->is_initiator && o->low_nonce_len &&
		    sa->created_ms <= o->established_ms && o->created_ms <= sa->established_ms &&
		    id_equal(&o->their_id, &sa->their_id) && id_equal(&o->our_id, &sa->our_id))
			return o;
	return NULL;
}

void collision_find(struct ike_sa *fresh)
{
	struct ike_sa *other = fresh->low_nonce_len ? other_of(fresh) : NULL;

	if (!other)
		return;
	struct ike_sa *loser = nonce_cmp(rd_from(fresh->low_nonce, fresh->low_nonce_len),
					 rd_from(other->low_nonce, other->low_nonce_len)) < 0
				       ? fresh
				       : other;
	if (!loser->is_initiator) /* the peer's to delete */
		return;
	loser->redundant_ms = fresh->ike->now_ms + REDUNDANT_MS;
	sa_touch(loser);
}

void collision_expire(struct ike_sa *sa)
{
	struct ike_sa *other;

	if (!sa->redundant_ms || sa->redundant_ms > sa->ike->now_ms)
		return;
	sa->redundant_ms = 0;
	sa_touch(sa);
	other = sa->state == ST_ESTABLISHED && !sa->is_condemned ? other_of(sa) : NULL;
	if (!other)
		return;
	for (struct child *c = sa->children; c; c = c->next) {
		struct child *heir = c->sa.conn_child ? child_of(other, c->sa.conn_child) : NULL;

		if (child_is_live(c) && !heir)
			return; /* it is not redundant after all */
		if (c->is_outbound && heir)
			child_switch(other, heir);
	}
	sa_log(sa, "both sides initiated: this IKE_SA is the redundant one");
	exchange_delete(sa);
}
