/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SPD in the maps: two generations, one in force. spd_replace writes the other one and
 * flips; spd_match is the plain reading of RFC 4301 that the programs are compared with.
 */
#include "dataplane/internal.h"
#include "dataplane/spd_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct ordered {
	const struct spd_policy *policy;
	size_t position;
};

static int order_cmp(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	if (x->policy->priority != y->policy->priority)
		return x->policy->priority < y->policy->priority ? -1 : 1;
	return x->position < y->position ? -1 : 1;
}

/* A copy in order of priority, equal ones as they were. NULL: no memory. */
static struct spd_policy *sort_policies(const struct spd_policy *policies, size_t n)
{
	struct ordered *order = calloc(n + 1, sizeof(*order));
	struct spd_policy *sorted = calloc(n + 1, sizeof(*sorted));

	if (!order || !sorted) {
		free(order);
		free(sorted);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		order[i] = (struct ordered){ &policies[i], i };
	qsort(order, n, sizeof(*order), order_cmp);
	for (size_t i = 0; i < n; i++)
		sorted[i] = *order[i].policy;
	free(order);
	return sorted;
}

/* The list ends with an entry whose action is none: spd_list reads up to it. */
#define ACTION_END 0xff

static struct spd_val *generation(const struct dataplane *dp, uint32_t gen)
{
	return (struct spd_val *)dp->mapping[DP_MAP_spd].at + gen * SPD_MAX;
}

static void write_policies(struct dataplane *dp, uint32_t gen, const struct spd_policy *policies,
			   size_t n)
{
	struct spd_val *val = generation(dp, gen);

	for (size_t i = 0; i < n; i++)
		val[i] = (struct spd_val){ .local = policies[i].local,
					   .remote = policies[i].remote,
					   .child = policies[i].child,
					   .ifindex = policies[i].ifindex,
					   .action = (uint8_t)policies[i].action,
					   .dir = (uint8_t)policies[i].dir,
					   .flags = policies[i].is_answered ? SPD_ANSWER : 0 };
	if (n < SPD_MAX)
		val[n] = (struct spd_val){ .action = ACTION_END };
}

static int replace(struct dataplane *dp, const struct spd_policy *sorted, size_t n,
		   enum spd_action default_action)
{
	struct spd_state *state = dp->mapping[DP_MAP_spd_state].at;
	uint32_t gen = SPD_GEN(state->epoch + 1);

	dp_quiesce(); /* packets that still read the generation before the last flip */
	write_policies(dp, gen, sorted, n);
	int r = spd_tree_build(
		(struct spd_node *)dp->mapping[DP_MAP_spd_tree].at + gen * SPD_TREE_MAX, sorted, n);
	if (r < 0)
		return r;
	state->default_action[gen] = default_action;
	__atomic_store_n(&state->epoch, state->epoch + 1, __ATOMIC_RELEASE);
	return 0;
}

static bool is_action_valid(const struct spd_policy *p)
{
	if (p->dir != SPD_BOTH && p->dir != SPD_IN && p->dir != SPD_OUT)
		return false;
	if (p->is_answered && p->action != SPD_DISCARD)
		return false;
	if (p->action == SPD_PROTECT) /* SPD-S is of both directions (RFC 4301 4.4.1) */
		return p->child && p->child < CHILD_MAX && p->dir == SPD_BOTH;
	return p->action == SPD_BYPASS || p->action == SPD_DISCARD;
}

static bool policy_is_valid(const struct spd_policy *p)
{
	return is_action_valid(p) &&
	       addr_range_is_v4(&p->remote.addr) == addr_range_is_v4(&p->local.addr) &&
	       addr_num_cmp(p->remote.addr.first, p->remote.addr.last) <= 0 &&
	       addr_num_cmp(p->local.addr.first, p->local.addr.last) <= 0;
}

int spd_replace(struct dataplane *dp, const struct spd_policy *policies, size_t n,
		enum spd_action default_action)
{
	if (!dp->may_write)
		return -EPERM;
	if (default_action != SPD_BYPASS && default_action != SPD_DISCARD)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!policy_is_valid(&policies[i]))
			return -EINVAL;
	if (n > SPD_MAX)
		return -E2BIG;
	struct spd_policy *sorted = sort_policies(policies, n);
	if (!sorted)
		return -ENOMEM;
	int r = replace(dp, sorted, n, default_action);
	free(sorted);
	return r;
}

int spd_forwarding(struct dataplane *dp, enum forwarding forwarding)
{
	struct spd_state *state = dp->mapping[DP_MAP_spd_state].at;

	if (!dp->may_write)
		return -EPERM;
	__atomic_store_n(&state->forwarding, forwarding, __ATOMIC_RELAXED);
	return 0;
}

int spd_hold(struct dataplane *dp, uint32_t packets, uint32_t ms)
{
	struct spd_state *state = dp->mapping[DP_MAP_spd_state].at;

	if (!dp->may_write)
		return -EPERM;
	__atomic_store_n(&state->hold_packets, packets, __ATOMIC_RELAXED);
	__atomic_store_n(&state->hold_ms, ms, __ATOMIC_RELAXED);
	return 0;
}

/* NULL: nothing was ever written. */
static const struct spd_val *in_force(const struct dataplane *dp)
{
	uint64_t epoch = __atomic_load_n(&dp_spd_state(dp)->epoch, __ATOMIC_ACQUIRE);

	return epoch ? generation(dp, SPD_GEN(epoch)) : NULL;
}

size_t spd_count(const struct dataplane *dp)
{
	const struct spd_val *val = in_force(dp);
	size_t n = 0;

	while (val && n < SPD_MAX && val[n].action != ACTION_END)
		n++;
	return n;
}

int spd_list(struct dataplane *dp, struct spd_policy *ret_policies, size_t max)
{
	const struct spd_val *val = in_force(dp);
	size_t n = spd_count(dp);

	n = n < max ? n : max;
	for (size_t i = 0; i < n; i++)
		ret_policies[i] = (struct spd_policy){ .local = val[i].local,
						       .remote = val[i].remote,
						       .action = val[i].action,
						       .child = val[i].child,
						       .ifindex = val[i].ifindex,
						       .dir = val[i].dir,
						       .is_answered = val[i].flags & SPD_ANSWER,
						       .priority = (uint32_t)i };
	return (int)n;
}

static bool ts_match(const struct ts_val *ts, const struct ip_addr *addr, uint16_t port,
		     uint8_t proto)
{
	return addr_in_range(addr, &ts->addr) && ts->port_first <= port && port <= ts->port_last &&
	       (!ts->proto || ts->proto == proto);
}

static bool policy_match(const struct spd_policy *p, const struct spd_flow *flow)
{
	return ts_match(&p->local, &flow->local, flow->local_port, flow->proto) &&
	       ts_match(&p->remote, &flow->remote, flow->remote_port, flow->proto) &&
	       (p->dir == SPD_BOTH || p->dir == flow->dir) &&
	       (!p->ifindex || p->ifindex == flow->ifindex);
}

int spd_match(const struct spd_policy *policies, size_t n, const struct spd_flow *flow)
{
	int best = -1;

	for (size_t i = 0; i < n; i++)
		if (policy_match(&policies[i], flow) &&
		    (best < 0 || policies[i].priority < policies[best].priority))
			best = (int)i;
	return best;
}

int spd_switch(struct dataplane *dp, uint32_t child, uint32_t sa)
{
	uint64_t *out = dp->mapping[DP_MAP_child_out].at;

	if (!dp->may_write)
		return -EPERM;
	if (!child || child >= CHILD_MAX || sa >= SA_MAX)
		return -EINVAL;
	__atomic_store_n(&out[child], sa, __ATOMIC_RELEASE);
	return 0;
}
