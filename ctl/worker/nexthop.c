/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/nexthop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_ether.h>
#include <sekisho/route.h>
#include "worker/control.h"

/* Where neither the route nor its link tells: the smallest that links have in practice. */
#define MTU_UNKNOWN IP6_MTU_MIN
#define MTU_ANY 65535u

int hop_table_init(struct hop_table *t)
{
	t->generation = 1;
	t->spd_epoch = 0;
	t->flows = calloc(FLOW_MAX, sizeof(*t->flows));
	return t->flows ? 0 : -ENOMEM;
}

void hop_table_fini(struct hop_table *t)
{
	free(t->flows);
	t->flows = NULL;
}

void hop_table_flush(struct hop_table *t)
{
	if (++t->generation == 0)
		t->generation = 1;
}

static uint16_t hop_mtu(struct worker *w, const struct route_query *q)
{
	const struct net_link *link = net_link(w->control->net, q->ifindex);
	uint32_t mtu = q->mtu ? q->mtu : link ? link->mtu : MTU_UNKNOWN;

	return (uint16_t)(mtu > MTU_ANY ? MTU_ANY : mtu);
}

static void eth_make(struct nexthop *hop, const struct route_query *q, uint16_t vlan)
{
	const __be16 tag[] = { htons(ETH_P_8021Q), htons(vlan) };
	const __be16 type = htons(addr_is_v4(&q->daddr) ? ETH_P_IP : ETH_P_IPV6);
	uint8_t *at = hop->eth + 2 * ETH_ALEN;

	memcpy(hop->eth, q->dmac, ETH_ALEN);
	memcpy(hop->eth + ETH_ALEN, q->smac, ETH_ALEN);
	if (vlan) {
		memcpy(at, tag, sizeof(tag));
		at += sizeof(tag);
	}
	memcpy(at, &type, sizeof(type));
	hop->eth_len = (uint8_t)(at + sizeof(type) - hop->eth);
}

/* The kernel knows the next hop; we send ourselves if we have a socket on that wire. */
static void hop_forward(struct worker *w, struct nexthop *hop, const struct route_query *q)
{
	uint16_t vlan;
	const struct net_link *carrier = net_carrier(w->control->net, q->ifindex, &vlan);

	hop->port = carrier ? port_find(w->control, carrier->ifindex) : NULL;
	hop->kind = hop->port ? HOP_PORT : HOP_HOST;
	if (hop->port)
		eth_make(hop, q, vlan);
}

static void hop_from_answer(struct worker *w, struct nexthop *hop, const struct route_query *q)
{
	*hop = (struct nexthop){ .generation = w->hops.generation,
				 .kind = HOP_HOST,
				 .mtu = hop_mtu(w, q) };
	switch (q->result) {
	case ROUTE_FORWARD:
		hop_forward(w, hop, q);
		break;
	case ROUTE_LOCAL:
		hop->kind = HOP_LOCAL;
		hop->mtu = MTU_ANY;
		break;
	case ROUTE_PROTECT:
	case ROUTE_HOLD:
		hop->kind = HOP_PROTECT;
		hop->child = q->child;
		break;
	case ROUTE_DISCARD:
		hop->kind = HOP_DISCARD;
		break;
	case ROUTE_REJECT:
		hop->kind = HOP_REJECT;
		break;
	case ROUTE_UNREACHABLE:
		hop->kind = HOP_NO_ROUTE;
		break;
	default: /* unusual: the kernel's stack finishes it */
		break;
	}
}

static void hop_ask(struct worker *w, struct nexthop *hop, struct route_query *q)
{
	if (route_lookup(w->control->dp, q))
		q->result = ROUTE_KERNEL;
	hop_from_answer(w, hop, q);
}

/* A flip of the SPD makes every verdict stale. */
static void epoch_follow(struct worker *w)
{
	uint64_t epoch = __atomic_load_n(&w->control->spd_state->epoch, __ATOMIC_ACQUIRE);

	if (epoch == w->hops.spd_epoch)
		return;
	w->hops.spd_epoch = epoch;
	hop_table_flush(&w->hops);
}

const struct nexthop *nexthop_outer(struct worker *w, struct sa_rt *rt)
{
	struct route_query q = { .flags = ROUTE_OWN };

	if (rt->hop.generation == w->hops.generation)
		return &rt->hop;
	q.saddr = addr_from_num(rt->src);
	q.daddr = addr_from_num(rt->dst);
	q.proto = IPPROTO_NUM_ESP;
	if (rt->outer.is_encap) {
		const struct udp *udp = (const struct udp *)(rt->outer.bytes + rt->outer.ip_len);
		q.proto = PROTO_UDP;
		q.sport = ntohs(udp->sport);
		q.dport = ntohs(udp->dport);
	}
	hop_ask(w, &rt->hop, &q);
	return &rt->hop;
}

static uint32_t flow_hash(const struct flow_key *k)
{
	uint64_t h = (k->src.hi ^ k->src.lo << 32 ^ k->dst.lo) * 0x9e3779b97f4a7c15ull;

	h ^= (k->src.lo >> 32 ^ k->dst.hi) * 0xd6e8feb86659fd93ull;
	h ^= (uint64_t)k->sport << 32 | (uint64_t)k->dport << 16 | (uint64_t)k->proto << 8 | k->tos;
	h *= 0xff51afd7ed558ccdull;
	return (uint32_t)(h >> 40) % FLOW_MAX;
}

static struct flow_key flow_of(const struct ip_info *info, uint8_t tos)
{
	return (struct flow_key){ .src = info->src,
				  .dst = info->dst,
				  .sport = info->sport,
				  .dport = info->dport,
				  .proto = info->proto,
				  .tos = tos & (uint8_t)~IP4_ECN,
				  .ports_known = info->ports_known };
}

const struct nexthop *nexthop_inner(struct worker *w, const struct ip_info *info, uint8_t tos)
{
	struct flow_key key = flow_of(info, tos);
	struct flow_hop *flow = &w->hops.flows[flow_hash(&key)];

	epoch_follow(w);
	if (flow->hop.generation == w->hops.generation && !memcmp(&flow->key, &key, sizeof(key)))
		return &flow->hop;
	struct route_query q = {
		.saddr = addr_from_num(key.src),
		.daddr = addr_from_num(key.dst),
		.ingress = w->control->host_ifindex,
		.sport = key.sport,
		.dport = key.dport,
		.proto = key.proto,
		.tos = key.tos,
		.flags = key.ports_known ? 0 : ROUTE_LATER_FRAGMENT,
	};
	hop_ask(w, &flow->hop, &q);
	flow->key = key;
	return &flow->hop;
}
