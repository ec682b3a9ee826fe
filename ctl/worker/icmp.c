/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/icmp.h"

#include <string.h>
#include <linux/if_ether.h>
#include "worker/worker.h"

#define PROTO_ICMP 1u
#define ICMP_UNREACHABLE 3u
#define ICMP_CODE_TOO_BIG 4u
#define ICMP_TIME_EXCEEDED 11u
#define ICMP_TOTAL_MAX 576u /* RFC 1812 4.3.2.3 */
#define L2_MAX (ETH_HDR_LEN + 2 * VLAN_TAG_LEN)
#define NS_PER_ICMP (1000000000ull / ICMP_PER_SECOND)

struct icmp {
	uint8_t type, code;
	__be16 check;
	__be16 zero, mtu;
} __attribute__((packed));

#define ICMP_HDRS (IP4_HDR_LEN + (uint32_t)sizeof(struct icmp))

/* Queries may be answered, errors not (RFC 1812 4.3.2.7). */
static bool is_icmp_error(const struct ip4 *ip, uint16_t len)
{
	uint8_t type;

	if (ip->proto != PROTO_ICMP)
		return false;
	if (ip4_hdr_len(ip) >= len)
		return true;
	type = ((const uint8_t *)ip)[ip4_hdr_len(ip)];
	return type != 0 && type != 8 && type != 13 && type != 14;
}

static bool may_answer(const struct ip4 *ip)
{
	uint32_t src = ntohl(ip->src), dst = ntohl(ip->dst);
	bool src_is_host = src >> 24 != 0 && src >> 24 != 127 && src >> 28 < 0xe;

	return src_is_host && dst >> 28 < 0xe && !(ip4_frag(ip) & IP4_OFFSET) &&
	       !is_icmp_error(ip, ntohs(ip->len));
}

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
static bool own_addr(struct worker *w, const struct frame *f, const struct ip4 *ip, __be32 *ret_src)
{
	struct ip_addr peer = addr_from_v4(ntohl(ip->src)), own;
	bool from_host = f->in->port == w->host;

	if (net_own_addr(w->net, from_host ? 0 : f->in->port->ifindex, vlan_of(f), &peer, &own))
		return false;
	*ret_src = htonl(addr_to_v4(&own));
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

static void headers_write(uint8_t *at, __be32 src, __be32 dst, uint32_t quote_len, struct icmp icmp)
{
	struct ip4 ip = { .ver_ihl = 0x45,
			  .tos = 0xc0, /* internetwork control, RFC 1812 4.3.2.5 */
			  .len = htons((uint16_t)(ICMP_HDRS + quote_len)),
			  .ttl = IP4_TTL,
			  .proto = PROTO_ICMP,
			  .src = src,
			  .dst = dst };

	ip4_sum_write(&ip);
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), &icmp, sizeof(icmp));
	icmp.check = sum_fold(sum16(at + sizeof(ip), sizeof(icmp) + quote_len, 0));
	memcpy(at + sizeof(ip), &icmp, sizeof(icmp));
}

/* Our address inside the local selectors of the SA that the packet came in. */
static bool tunnel_addr(struct worker *w, const struct frame *f, __be32 *ret_src)
{
	size_t n;
	const struct net_addr *addrs = net_addrs(w->net, &n);

	for (size_t i = 0; i < n; i++) {
		uint32_t a = addr_to_v4(&addrs[i].addr); /* 0: IPv6 */

		for (unsigned k = 0; a && k < f->sa->ts.n_local; k++)
			if (a >= f->sa->ts.local[k].first && a <= f->sa->ts.local[k].last) {
				*ret_src = htonl(a);
				return true;
			}
	}
	return false;
}

/* The packet at f->data + l3 becomes the quote, the error stands in front of it. */
static void error_write(struct frame *f, __be32 src, struct icmp icmp)
{
	uint8_t *quote = f->data + f->l3;
	const struct ip4 *ip = (const struct ip4 *)quote;
	uint32_t len = ntohs(ip->len);

	if (len > ICMP_TOTAL_MAX - ICMP_HDRS)
		len = ICMP_TOTAL_MAX - ICMP_HDRS;
	headers_write(quote - ICMP_HDRS, src, ip->src, len, icmp);
	f->data = quote - ICMP_HDRS;
	f->len = ICMP_HDRS + len;
}

static bool answer_tunnel(struct worker *w, struct frame *f, struct icmp icmp)
{
	__be32 src;

	if (!f->sa || !tunnel_addr(w, f, &src) || !token_take(w))
		return false;
	error_write(f, src, icmp);
	f->l3 = 0;
	const struct nexthop *hop = nexthop_inner(w, (const struct ip4 *)f->data, (uint16_t)f->len);
	if (hop->kind != HOP_PROTECT)
		return false;
	f->kind = META_HOLD;
	f->child = hop->child;
	f->sa = NULL;
	f->decrypted = false;
	return true;
}

static bool answer_clear(struct worker *w, struct frame *f, struct icmp icmp)
{
	uint8_t eth[L2_MAX];
	__be32 src;

	if (f->l3 < ETH_HDR_LEN || f->l3 > L2_MAX)
		return false;
	memcpy(eth, f->data, f->l3); /* the error is written over it */
	if (!own_addr(w, f, (const struct ip4 *)(f->data + f->l3), &src) || !token_take(w))
		return false;
	error_write(f, src, icmp);
	if (f->in->port == w->host) {
		turn_send_host(w, f);
		return f->drop == FRAME_KEEP;
	}
	f->data -= f->l3;
	f->len += f->l3;
	eth_turn_round(eth);
	memcpy(f->data, eth, f->l3);
	f->kind = FRAME_SEND;
	f->out = f->in;
	return true;
}

static bool answer(struct worker *w, struct frame *f, struct icmp icmp)
{
	if (!may_answer((const struct ip4 *)(f->data + f->l3)))
		return false;
	return f->decrypted ? answer_tunnel(w, f, icmp) : answer_clear(w, f, icmp);
}

bool icmp_time_exceeded(struct worker *w, struct frame *f)
{
	return answer(w, f, (struct icmp){ .type = ICMP_TIME_EXCEEDED });
}

bool icmp_too_big(struct worker *w, struct frame *f, uint16_t mtu)
{
	return answer(w, f,
		      (struct icmp){ .type = ICMP_UNREACHABLE,
				     .code = ICMP_CODE_TOO_BIG,
				     .mtu = htons(mtu) });
}
