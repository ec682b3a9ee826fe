/* SPDX-License-Identifier: BSD-2-Clause */
/* What people see of the core: IKE SAs, Child SAs, counters. */
#include "ike/ike_sa.h"

static const char *state_text(enum ike_state state)
{
	static const char *const text[] = {
#define X(name, t) [ST_##name] = t,
		IKE_STATES(X)
#undef X
	};

	return text[state];
}

static void show(const struct ike_sa *sa, void (*each)(const struct ike_sa_info *, void *arg),
		 void *arg)
{
	struct ike_sa_info info = {
		.conn = sa->conn,
		.unique_id = sa->unique_id,
		.spi_i = sa->spi_i,
		.spi_r = sa->spi_r,
		.local = sa->local,
		.remote = sa->remote,
		.local_id = sa->our_id,
		.remote_id = sa->their_id,
		.our_vips = sa->our_vips.addr,
		.their_vips = sa->their_vips.addr,
		.n_our_vips = sa->our_vips.n,
		.n_their_vips = sa->their_vips.n,
		.state = state_text(sa->state),
		.is_initiator = sa->is_initiator,
		.is_nat_local = sa->is_nat_local,
		.is_nat_remote = sa->is_nat_remote,
		.chosen = sa->chosen,
		.established_ms = sa->established_ms,
		.rekey_ms = sa->rekey_ms,
		.reauth_ms = sa->reauth_ms,
	};

	each(&info, arg);
}

void ike_each_sa(struct ike *ike, void (*each)(const struct ike_sa_info *, void *arg), void *arg)
{
	for (const struct ike_sa *sa = ike->sas; sa; sa = sa->next)
		if (sa->state < ST_CLOSED)
			show(sa, each, arg);
}

void ike_each_child(struct ike *ike, uint32_t ike_unique_id,
		    void (*each)(const struct child_sa *, const char *state, uint64_t rekey_ms,
				 uint64_t life_ms, void *arg),
		    void *arg)
{
	const struct ike_sa *sa = sa_by_id(ike, ike_unique_id);

	for (const struct child *c = sa ? sa->children : NULL; c; c = c->next)
		each(&c->sa, child_state_text(c->state), c->rekey_ms, c->life_ms, arg);
}

const uint64_t *ike_counts(const struct ike *ike)
{
	return ike->counts;
}

const char *ike_count_name(enum ike_count c)
{
	static const char *const name[] = {
#define X(n, text) [IKE_COUNT_##n] = #n,
		IKE_COUNTS(X)
#undef X
	};

	return c < IKE_COUNT_MAX ? name[c] : NULL;
}

const char *ike_count_text(enum ike_count c)
{
	static const char *const text[] = {
#define X(name, t) [IKE_COUNT_##name] = t,
		IKE_COUNTS(X)
#undef X
	};

	return c < IKE_COUNT_MAX ? text[c] : NULL;
}
