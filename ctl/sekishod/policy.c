/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include "ike/ts.h"
#include "udp.h"

/* As users of strongSwan expect: those that say their priority, then `mode = pass` first, then the more specific selectors first,
 * then the order of the file. */
#define RANKS 4u /* enum policy_rank, and room */
#define CLASS_PASS (0x10000u * RANKS) /* in front: those with a priority of their own */
#define CLASS_OTHER (CLASS_PASS + 0x10000u)

void policies_free(struct policies *p)
{
	free(p->list);
	*p = (struct policies){ 0 };
}

/* Bits that a selector fixes: 0 (anything) .. 128 + 16 + 8. */
static uint32_t specificity(const struct ts_val *ts)
{
	uint64_t hi = ts->addr.first.hi ^ ts->addr.last.hi, lo = ts->addr.first.lo ^ ts->addr.last.lo;
	uint32_t bits = hi ? (uint32_t)__builtin_clzll(hi)
			   : 64u + (lo ? (uint32_t)__builtin_clzll(lo) : 64u);
	uint32_t ports = ts->port_last - ts->port_first + 1u;

	return bits + (ts->proto ? 8u : 0u) + (ports <= 0xffffu ? 16u : 0u);
}

static int policy_push(struct policies *p, const struct spd_policy *policy)
{
	if (p->n == p->room) {
		size_t room = p->room ? p->room * 2 : 32;
		struct spd_policy *list = realloc(p->list, room * sizeof(*list));
		if (!list)
			return -ENOMEM;
		p->list = list;
		p->room = room;
	}
	p->list[p->n++] = *policy;
	return 0;
}

static uint32_t priority_of(const struct policy_kind *kind, const struct ts_val *local,
			    const struct ts_val *remote)
{
	const struct conn_child *c = kind->child;
	uint32_t bits = specificity(local) + specificity(remote);

	if (c && c->priority)
		return c->priority * RANKS + kind->rank;
	if (c)
		bits += (c->interface[0] ? 1u : 0u) + (c->dir != SPD_BOTH ? 1u : 0u);
	return (c && c->action == SPD_BYPASS ? CLASS_PASS : CLASS_OTHER) + kind->rank +
	       RANKS * (0x1000u - bits);
}

static struct spd_policy policy_of(const struct policy_kind *kind)
{
	const struct conn_child *c = kind->child;

	if (!c || c->action == SPD_PROTECT)
		return (struct spd_policy){ .action = SPD_PROTECT, .child = kind->slot };
	return (struct spd_policy){ .action = c->action, .dir = c->dir,
				    .is_answered = c->is_answered };
}

int policy_add_selectors(struct policies *p, const struct policy_kind *kind,
			 const struct ts_val *local, size_t n_local, const struct ts_val *remote,
			 size_t n_remote)
{
	struct spd_policy policy = policy_of(kind);
	int err = 0;

	if (kind->child && kind->child->tunnel[0])
		return 0; /* the routing table decides */
	if (kind->child && kind->child->interface[0]) {
		policy.ifindex = if_nametoindex(kind->child->interface);
		if (!policy.ifindex)
			return 0;
	}
	for (size_t i = 0; i < n_local && !err; i++)
		for (size_t j = 0; j < n_remote && !err; j++) {
			if (ts_is_v4(&local[i]) != ts_is_v4(&remote[j]))
				continue; /* no packet has such addresses */
			policy.local = local[i];
			policy.remote = remote[j];
			policy.priority = priority_of(kind, &local[i], &remote[j]);
			err = policy_push(p, &policy);
		}
	return err;
}

static bool has_remote(const struct conn *conn)
{
	return conn->n_remote && !addr_is_any(&conn->remote[0]);
}

bool policy_is_dynamic(const struct conn *conn, const struct conn_child *child)
{
	if (child->is_local_dynamic && conn->n_vips)
		return true;
	return (child->is_remote_dynamic || child->is_local_dynamic) && !has_remote(conn);
}

/* What a peer may have as its virtual address goes to nobody else, also while it is away. */
static int add_pools(struct policies *p, const struct conn *conn, const struct conn_child *child)
{
	struct ts_val pools[CONN_POOLS_MAX];

	for (size_t i = 0; i < conn->n_pools; i++)
		pools[i] = (struct ts_val){ .addr = conn->pools[i].addrs,
					    .port_last = TS_PORT_MAX };
	return policy_add_selectors(p, &(struct policy_kind){ POLICY_BASE, child->child, child },
				    child->local_ts, child->n_local_ts, pools, conn->n_pools);
}

/* Where "dynamic" is our address on the way to the peer. */
static bool has_source(const struct conn *conn, const struct conn_child *child)
{
	if (!child->is_local_dynamic || policy_is_dynamic(conn, child))
		return false;
	const struct ip_addr *from = conn_local_for(conn, &conn->remote[0]);
	return from && addr_is_any(from);
}

static uint64_t mix(uint64_t sum, uint64_t n)
{
	return (sum ^ n) * 0x100000001b3ull; /* FNV */
}

uint64_t policy_sources(const struct conf *conf)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < conf->n_conns; i++)
		for (size_t j = 0; j < conf->conns[i]->n_children; j++) {
			const struct conn *conn = conf->conns[i];
			const struct conn_child *child = &conn->children[j];
			struct ip_addr source = { 0 };

			if (child->interface[0])
				sum = mix(sum, if_nametoindex(child->interface));
			if (!has_source(conn, child))
				continue;
			(void)!udp_source_for(&conn->remote[0], &source);
			struct addr_num num = addr_to_num(&source);
			sum = mix(sum, num.hi ^ num.lo);
		}
	return sum;
}

/* While there is no route, any address: the first packet may be faster than the news of one. */
static struct ts_val own_host(const struct conn *conn, const struct conn_child *child)
{
	struct ip_addr source;

	if (!has_source(conn, child))
		return ts_from_addr(conn_local_for(conn, &conn->remote[0]));
	if (udp_source_for(&conn->remote[0], &source))
		return ts_of_family(addr_is_v4(&conn->remote[0]));
	return ts_from_addr(&source);
}

int policy_add_child(struct policies *p, const struct conn *conn, const struct conn_child *child)
{
	const struct ts_val *local = child->local_ts, *remote = child->remote_ts;
	size_t n_local = child->n_local_ts, n_remote = child->n_remote_ts;
	struct ts_val our_host, their_host;

	if (child->is_remote_dynamic && !child->is_local_dynamic && conn->n_pools)
		return add_pools(p, conn, child);
	if (policy_is_dynamic(conn, child))
		return 0;
	if (child->is_remote_dynamic) {
		their_host = ts_from_addr(&conn->remote[0]);
		remote = &their_host;
		n_remote = 1;
	}
	if (child->is_local_dynamic) {
		if (!conn_local_for(conn, &conn->remote[0]))
			return 0; /* of another family than the peer */
		our_host = own_host(conn, child);
		local = &our_host;
		n_local = 1;
	}
	return policy_add_selectors(p, &(struct policy_kind){ POLICY_BASE, child->child, child },
				    local, n_local, remote, n_remote);
}
