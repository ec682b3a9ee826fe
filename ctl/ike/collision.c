/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/collision.h"

#include "ike/id.h"
#include "ike/window.h"

int nonce_cmp(struct reader a, struct reader b)
{
	size_t n_a = rd_left(&a), n_b = rd_left(&b), n = n_a < n_b ? n_a : n_b;
	int order = n ? memcmp(a.at, b.at, n) : 0;

	if (order)
		return order;
	return n_a < n_b ? -1 : n_a > n_b;
}

void low_nonce_keep(struct low_nonce *ret_low, struct reader ni, struct reader nr)
{
	struct reader low = nonce_cmp(ni, nr) <= 0 ? ni : nr;

	ret_low->len = rd_left(&low);
	rd_copy(&low, ret_low->bytes, ret_low->len);
}

void collision_remember(struct child *child, struct reader ni, struct reader nr)
{
	low_nonce_keep(&child->low, ni, nr);
	child->line = child->low;
}

struct child *collision_twin(const struct ike_sa *sa, uint32_t old_spi)
{
	for (struct child *c = sa->children; c; c = c->next)
		if (c->is_theirs && c->replaces == old_spi && child_is_live(c))
			return c;
	return NULL;
}

bool collision_loses(const struct low_nonce *a, const struct low_nonce *b)
{
	return b->len && nonce_cmp(rd_from(a->bytes, a->len), rd_from(b->bytes, b->len)) < 0;
}

/* ---- Two Child SAs, no rekey ------------------------------------------------------ */

static bool is_same_child(const struct child *a, const struct child *b)
{
	return a != b && child_is_live(a) && child_is_live(b) &&
	       a->sa.conn_child == b->sa.conn_child && a->sa.n_local_ts == b->sa.n_local_ts &&
	       a->sa.n_remote_ts == b->sa.n_remote_ts &&
	       memcmp(a->sa.local_ts, b->sa.local_ts,
		      a->sa.n_local_ts * sizeof(a->sa.local_ts[0])) == 0 &&
	       memcmp(a->sa.remote_ts, b->sa.remote_ts,
		      a->sa.n_remote_ts * sizeof(a->sa.remote_ts[0])) == 0;
}

/* What one rekey is made of: the old one, and the two that both sides made for it (2.8.1). */
static bool is_of_one_rekey(const struct child *fresh, const struct child *c)
{
	return fresh->replaces &&
	       (c->replaces == fresh->replaces || c->sa.spi_in == fresh->replaces);
}

void collision_find_child(struct ike_sa *sa, struct child *fresh)
{
	for (struct child *c = sa->children; c; c = c->next) {
		/* Two of the peer's are its own wish. */
		if (!is_same_child(c, fresh) || is_of_one_rekey(fresh, c) || c->redundant_ms ||
		    (c->is_theirs && fresh->is_theirs))
			continue;
		/* As they were born: the peer may look before one of them was rekeyed. */
		struct child *loser = collision_loses(&fresh->line, &c->line) ? fresh : c;
		if (!fresh->redundant_ms)
			loser->redundant_ms = sa->ike->now_ms +
					      (loser->is_theirs ? REDUNDANT_PEER_MS : REDUNDANT_MS);
		return;
	}
}

void collision_inherit_child(const struct ike_sa *sa, struct child *fresh)
{
	const struct child *old = fresh->replaces ? child_by_spi(sa, fresh->replaces, true) : NULL;

	if (!old)
		return;
	fresh->redundant_ms = old->redundant_ms;
	fresh->line = old->line;
}

struct child *collision_stays(const struct ike_sa *sa, const struct child *child)
{
	for (struct child *c = sa->children; c; c = c->next)
		if (is_same_child(c, child) && !c->redundant_ms &&
		    !task_is_there(sa, TASK_CHILD_DELETE, NULL, c->sa.spi_in))
			return c;
	return NULL;
}

static void child_expired(struct ike_sa *sa, struct child *child)
{
	struct child *other = collision_stays(sa, child);

	child->redundant_ms = 0;
	if (!other || !child_is_live(child))
		return;
	sa_log(sa, "both sides asked for CHILD_SA %s: {%u} is the redundant one", child->name,
	       child->sa.unique_id);
	if (child->is_outbound)
		child_switch(sa, other);
	child->is_redundant = true;
	task_delete_child(sa, child->sa.chosen.protocol, child->sa.spi_in);
}

static void expire_children(struct ike_sa *sa)
{
	for (struct child *c = sa->children; c; c = c->next)
		if (c->redundant_ms && c->redundant_ms <= sa->ike->now_ms)
			child_expired(sa, c);
}

/* ---- Two IKE SAs ------------------------------------------------------------------ */

void collision_born(struct ike_sa *sa)
{
	struct birth *birth = &sa->birth;
	struct reader ni = rd_from(sa->init->ni, sa->init->ni_len);
	struct reader nr = rd_from(sa->init->nr, sa->init->nr_len);
	struct reader low = nonce_cmp(ni, nr) <= 0 ? ni : nr;

	birth->from_ms = sa->created_ms;
	birth->to_ms = sa->established_ms;
	birth->low_nonce_len = rd_left(&low);
	rd_copy(&low, birth->low_nonce, birth->low_nonce_len);
}

static bool is_same_pair(const struct ike_sa *sa, const struct ike_sa *o)
{
	return o != sa && o->state == ST_ESTABLISHED && o->conn == sa->conn && !o->is_condemned &&
	       id_equal(&o->their_id, &sa->their_id) && id_equal(&o->our_id, &sa->our_id);
}

/* One that the other side initiated while this one was coming up. */
static struct ike_sa *other_of(const struct ike_sa *sa)
{
	for (struct ike_sa *o = sa->ike->sas; o; o = o->next)
		if (is_same_pair(sa, o) && o->birth.low_nonce_len &&
		    o->birth.is_ours != sa->birth.is_ours && sa->birth.from_ms <= o->birth.to_ms &&
		    o->birth.from_ms <= sa->birth.to_ms)
			return o;
	return NULL;
}

void collision_find(struct ike_sa *fresh)
{
	const struct birth *one = &fresh->birth, *two;
	struct ike_sa *other = one->low_nonce_len ? other_of(fresh) : NULL;

	if (!other || fresh->redundant_ms || other->redundant_ms)
		return;
	two = &other->birth;
	bool is_fresh = nonce_cmp(rd_from(one->low_nonce, one->low_nonce_len),
				  rd_from(two->low_nonce, two->low_nonce_len)) < 0;
	struct ike_sa *loser = is_fresh ? fresh : other;
	loser->redundant_ms =
		fresh->ike->now_ms + (loser->birth.is_ours ? REDUNDANT_MS : REDUNDANT_PEER_MS);
	sa_touch(loser);
}

void collision_inherit(struct ike_sa *fresh, struct ike_sa *old)
{
	fresh->birth = old->birth;
	fresh->redundant_ms = old->redundant_ms;
	old->redundant_ms = 0;
}

/* The Child SA that takes over; NULL: there is none yet. */
static struct child *child_heir(const struct ike_sa *heir, const struct child *child)
{
	return child->sa.conn_child ? child_of(heir, child->sa.conn_child) : NULL;
}

/* Asks for what the heir has not; it would not come by itself, as it is up, or asked for, on
 * `sa`. What is being made there has to come up first: it would go unseen. */
static bool is_ready(struct ike_sa *heir, const struct ike_sa *sa)
{
	bool is_ready = !ours_of(sa, TASK_CHILD_NEW);

	for (const struct task *t = sa->tasks; t; t = t->next)
		if (t->kind == TASK_CHILD_NEW)
			task_add(heir, TASK_CHILD_NEW, t->conn_child, 0);
	for (const struct child *c = sa->children; c; c = c->next) {
		if (!child_is_live(c) || child_heir(heir, c))
			continue;
		is_ready = false;
		if (c->sa.conn_child)
			task_add(heir, TASK_CHILD_NEW, c->sa.conn_child, 0);
	}
	return is_ready;
}

static struct ike_sa *heir_of(const struct ike_sa *sa)
{
	for (struct ike_sa *o = sa->ike->sas; o; o = o->next)
		if (is_same_pair(sa, o) && !o->redundant_ms)
			return o;
	return NULL;
}

static void give_way(struct ike_sa *sa, struct ike_sa *heir)
{
	for (struct child *c = sa->children; c; c = c->next)
		if (c->is_outbound && child_heir(heir, c))
			child_switch(heir, child_heir(heir, c));
	sa_log(sa, "both sides initiated: this IKE_SA is the redundant one");
	exchange_delete(sa);
}

void collision_expire(struct ike_sa *sa)
{
	struct ike_sa *heir;

	expire_children(sa);
	if (!sa->redundant_ms || sa->redundant_ms > sa->ike->now_ms)
		return;
	sa->redundant_ms = 0;
	sa_touch(sa);
	heir = sa->state == ST_ESTABLISHED && !sa->is_condemned ? heir_of(sa) : NULL;
	if (!heir) /* it is the only one now */
		return;
	if (is_ready(heir, sa)) {
		give_way(sa, heir);
		return;
	}
	sa->redundant_ms = sa->ike->now_ms + REDUNDANT_PEER_MS;
	sa_touch(heir);
}
