/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/icmp.h"

#include <string.h>
#include <linux/if_ether.h>
#include "worker/control.h"

#define L2_MAX (ETH_HDR_LEN + 2 * VLAN_TAG_LEN)
#define NS_PER_ICMP (1000000000ull / ICMP_PER_SECOND)

/* What is to be said, and about what. */
struct report {
	enum icmp_error what;
	uint16_t mtu;
	struct ip_info about;
};

static const struct {
	enum worker_outcome answered, dropped;
} outcomes[] = {
	[ICMP_TTL] = { WORKER_TTL_ANSWERED, WORKER_DROP_TTL },
	[ICMP_TOO_BIG] = { WORKER_TOO_BIG, WORKER_DROP_TOO_BIG },
	[ICMP_PROHIBITED] = { WORKER_PROHIBITED, WORKER_DROP_POLICY },
};

/* Token bucket: icmp_ns is the time up to which answers are paid for. */
static bool token_take(struct worker *w)
{
	uint64_t earliest = w->now_ns - ICMP_BURST * NS_PER_ICMP;

	if (w->icmp_ns < earliest)
		w->icmp_ns = earliest;
	if (w->icmp_ns > w->now_ns)
		return false;
	w->icmp_ns += NS_PER_ICMP;
	return true;
}

/* Tag of the frame's VLAN, 0 if none. */
static uint16_t vlan_of(const struct frame *f)
{
	__be16 type, tci;

	if (f->l3 < ETH_HDR_LEN + VLAN_TAG_LEN)
		return 0;
	memcpy(&type, f->data + 2 * ETH_ALEN, sizeof(type));
	memcpy(&tci, f->data + 2 * ETH_ALEN + 2, sizeof(tci));
	return type == htons(ETH_P_8021Q) ? ntohs(tci) & 0xfff : 0;
}

/* Our address on the interface that the packet came in by. */
static bool own_addr(struct worker *w, const struct frame *f, const struct ip_info *about,
		     struct addr_num *ret_src)
{
	struct ip_addr peer = addr_from_num(about->src), own;
	bool from_host = f->in->port->flags & (PORT_HOST | PORT_TUNNEL);

	if (net_own_addr(w->control->net, from_host ? 0 : f->in->port->ifindex, vlan_of(f), &peer,
			 &own))
		return false;
	*ret_src = addr_to_num(&own);
	return true;
}

/* Back to where it came from: the same tags, MACs exchanged. */
static void eth_turn_round(uint8_t *eth)
{
	uint8_t dst[ETH_ALEN];

	memcpy(dst, eth, ETH_ALEN);
	memmove(eth, eth + ETH_ALEN, ETH_ALEN);
	memcpy(eth + ETH_ALEN, dst, ETH_ALEN);
}

/* Of the interface of a route-based child. */
static bool near_addr(struct worker *w, const struct frame *f, const struct report *r,
		      struct addr_num *ret_src)
{
	const struct port *port = tunnel_port(w->control, f->sa->child);
	struct ip_addr peer = addr_from_num(r->about.src), own;

	if (!port || net_own_addr(w->control->net, port->near_ifindex, 0, &peer, &own))
		return false;
	*ret_src = addr_to_num(&own);
	return ts_set_is_local(&f->sa->ts, *ret_src);
}

/* Our address inside the local selectors of the SA that the packet came in. Where there is none,
 * the destination says that a packet is too big: nobody else could, and the sender would never
 * know. */
static bool tunnel_addr(struct worker *w, const struct frame *f, const struct report *r,
			struct addr_num *ret_src)
{
	size_t n;
	const struct net_addr *addrs = net_addrs(w->control->net, &n);

	if (near_addr(w, f, r, ret_src))
		return true;
	for (size_t i = 0; i < n; i++) {
		struct addr_num a = addr_to_num(&addrs[i].addr);

		if (addr_num_is_v4(a) != (r->about.version == 4) ||
		    !ts_set_is_local(&f->sa->ts, a) || !net_is_for_others(&addrs[i].addr))
			continue;
		*ret_src = a;
		return true;
	}
	*ret_src = r->about.dst;
	return r->what == ICMP_TOO_BIG;
}

/* The packet at f->data + l3 becomes the quote, the error stands in front of it. */
static void error_write(struct frame *f, struct addr_num src, const struct report *r)
{
	f->len = icmp_write(f->data + f->l3, &r->about, r->what, r->mtu, src, &f->data);
}

/* By which child the error at f->data goes back. False: none, it would leave in clear. */
static bool child_back(struct worker *w, const struct frame *f, uint32_t *ret_child)
{
	struct ip_info info;

	*ret_child = f->sa->child;
	if (tunnel_has(w, f->sa->child))
		return true;
	if (!ip_read(f->data, f->len, &info))
		return false;
	const struct nexthop *hop = nexthop_inner(w, &info, ip_tos(f->data));
	*ret_child = hop->child;
	return hop->kind == HOP_PROTECT;
}

static bool answer_tunnel(struct worker *w, struct frame *f, const struct report *r)
{
	struct addr_num src;

	if (!f->sa || !tunnel_addr(w, f, r, &src) || !token_take(w))
		return false;
	error_write(f, src, r);
	f->l3 = 0;
	if (!child_back(w, f, &f->child))
		return false;
	f->kind = META_HOLD;
	f->sa = NULL;
	f->decrypted = false;
	return true;
}

static bool answer_clear(struct worker *w, struct frame *f, const struct report *r)
{
	uint16_t l3 = f->l3;
	uint8_t eth[L2_MAX];
	struct addr_num src;

	if (l3 < ETH_HDR_LEN || l3 > L2_MAX)
		return false;
	memcpy(eth, f->data, l3); /* the error is written over it */
	if (!own_addr(w, f, &r->about, &src) || !token_take(w))
		return false;
	error_write(f, src, r);
	if (f->in->port == w->control->host) {
		turn_send_host(w, f);
		return f->drop == FRAME_KEEP;
	}
	f->data -= l3;
	f->len += l3;
	eth_turn_round(eth);
	memcpy(f->data, eth, l3);
	f->kind = FRAME_SEND;
	f->out = f->in;
	return true;
}

/* IPv6 knows no links of less than IP6_MTU_MIN (RFC 8200 5). */
static uint16_t mtu_to_say(const struct ip_info *about, uint16_t mtu)
{
	return about->version == 6 && mtu < IP6_MTU_MIN ? IP6_MTU_MIN : mtu;
}

static bool answer(struct worker *w, struct frame *f, enum icmp_error what, uint16_t mtu)
{
	const uint8_t *packet = f->data + f->l3;
	struct report r = { .what = what };

	if (umem_headroom(&w->umem, packet) < ICMP_HDRS_MAX + L2_MAX ||
	    !ip_read(packet, f->len - f->l3, &r.about) || !icmp_may_answer(packet, &r.about))
		return false;
	if (what == ICMP_TOO_BIG)
		r.mtu = mtu_to_say(&r.about, mtu);
	return f->decrypted ? answer_tunnel(w, f, &r) : answer_clear(w, f, &r);
}

void icmp_or_drop(struct worker *w, struct frame *f, enum icmp_error what, uint16_t mtu)
{
	if (answer(w, f, what, mtu))
		count_add(w, outcomes[what].answered, 1);
	else
		f->drop = (uint8_t)outcomes[what].dropped;
}
