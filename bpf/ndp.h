/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Neighbour solicitations for the interface's own addresses (RFC 4861 7.2.4), answered in place as
 * ARP requests are: where the kernel has the asker's MAC already. That answer of the FIB's says also
 * that the interface forwards, so this host is a router (the R flag, 4.4). All else is the kernel's:
 * duplicate address detection, askers of link-local addresses, options but the one.
 */
#ifndef BPF_NDP_H
#define BPF_NDP_H

#include "proxy.h"

#define NDP_SOLICITATION 135
#define NDP_ADVERTISEMENT 136
#define NDP_ROUTER 0x80000000u
#define NDP_SOLICITED 0x40000000u
#define NDP_OVERRIDE 0x20000000u
#define NDP_OPT_SOURCE 1
#define NDP_OPT_TARGET 2

/* A solicitation or an advertisement with the option that both have, of the same length. */
struct ndp_msg {
	__u8 type, code;
	__sum16 check;
	__be32 flags;
	__u8 target[16];
	__u8 opt_type, opt_len; /* in 8 bytes */
	__u8 mac[ETH_ALEN];
} __attribute__((packed));

/* The one's complement sum of the pseudo header (RFC 8200 8.1) and the message: 0xffff if right. */
static __always_inline __u16 ndp_sum(struct ipv6hdr *ip, struct ndp_msg *ndp)
{
	__u32 rest = bpf_htonl((__u32)sizeof(*ndp) + IPPROTO_ICMPV6);
	__s64 sum = bpf_csum_diff(NULL, 0, (__be32 *)&ip->saddr, 2 * sizeof(ip->saddr), rest);

	sum = bpf_csum_diff(NULL, 0, (__be32 *)ndp, sizeof(*ndp), (__wsum)sum);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)sum;
}

/* RFC 4861 7.1.1. Without extension headers: is_ndp() saw it where it stands. */
static __always_inline bool ndp_is_solicitation(struct ipv6hdr *ip, struct ndp_msg *ndp)
{
	return ip->nexthdr == IPPROTO_ICMPV6 && ip->hop_limit == 255 &&
	       ip->payload_len == bpf_htons(sizeof(*ndp)) && ndp->type == NDP_SOLICITATION &&
	       ndp->code == 0 && ndp->opt_type == NDP_OPT_SOURCE && ndp->opt_len == 1 &&
	       ndp_sum(ip, ndp) == 0xffff;
}

static __always_inline bool ndp_is_known(struct xdp_md *ctx, const struct ipv6hdr *ip,
					 const struct ndp_msg *ndp, __u32 ingress)
{
	struct bpf_fib_lookup fib = {
		.family = AF_INET6,
		.tot_len = IPV6_HEADER_LEN,
		.ifindex = ingress,
	};

	__builtin_memcpy(fib.ipv6_src, ndp->target, sizeof(fib.ipv6_src));
	__builtin_memcpy(fib.ipv6_dst, &ip->saddr, sizeof(fib.ipv6_dst));
	return bpf_fib_lookup(ctx, &fib, sizeof(fib), 0) == BPF_FIB_LKUP_RET_SUCCESS &&
	       mac_equal(fib.dmac, ndp->mac);
}

static __always_inline void ndp_turn(struct ethhdr *eth, struct ipv6hdr *ip, struct ndp_msg *ndp,
				     const __u8 *mac, __u32 flags)
{
	mac_copy(eth->h_dest, ndp->mac);
	mac_copy(eth->h_source, mac);
	__builtin_memcpy(&ip->daddr, &ip->saddr, sizeof(ip->daddr));
	__builtin_memcpy(&ip->saddr, ndp->target, sizeof(ip->saddr));
	ndp->type = NDP_ADVERTISEMENT;
	ndp->flags = bpf_htonl(NDP_ROUTER | NDP_SOLICITED | flags);
	ndp->opt_type = NDP_OPT_TARGET;
	mac_copy(ndp->mac, mac);
	ndp->check = 0;
	ndp->check = (__sum16)~ndp_sum(ip, ndp);
}

/* The MAC of the interface that has the target, for whom the kernel knows. */
static __always_inline const __u8 *ndp_own_mac(struct xdp_md *ctx, const struct ipv6hdr *ip,
					       const struct ndp_msg *ndp, __u32 ingress)
{
	union addr target;

	__builtin_memcpy(&target, ndp->target, sizeof(target));
	struct addr_val *addr = addr_find(ingress, &target);
	return addr && ndp_is_known(ctx, ip, ndp, ingress) ? addr->mac : NULL;
}

/* What arrived at l3_off by the interface, maybe a VLAN's, is for the kernel (PASS_NEIGHBOUR), or
 * answered. A function of its own for the verifier: the gate's stack is short (Linux 6.1). */
__weak __noinline int ndp_answer(struct xdp_md *ctx, __u32 l3_off, __u32 ingress, __u32 for_peer)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct ipv6hdr *ip = (void *)eth + (l3_off & HEADER_OFF_MASK);
	struct ndp_msg *ndp = (void *)(ip + 1);
	__u32 ifindex = ctx->ingress_ifindex;

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end ||
	    (void *)(ndp + 1) > (void *)(long)ctx->data_end || !ndp_is_solicitation(ip, ndp))
		return GATE_PASS_NEIGHBOUR;
	if (for_peer) { /* not to override: RFC 4861 7.2.8 */
		struct port_val *port = bpf_map_lookup_elem(&ports, &ifindex);
		if (!port)
			return GATE_PASS_NEIGHBOUR;
		ndp_turn(eth, ip, ndp, port->mac, 0);
	} else {
		const __u8 *mac = ndp_own_mac(ctx, ip, ndp, ingress);
		if (!mac)
			return GATE_PASS_NEIGHBOUR;
		ndp_turn(eth, ip, ndp, mac, NDP_OVERRIDE);
	}
	if (bpf_redirect(ifindex, 0) != XDP_REDIRECT)
		return GATE_DROP_BUG;
	return for_peer ? GATE_PROXY_REPLY : GATE_NDP_REPLY;
}

/* The target is the virtual address of a peer; ndp_answer() looks at the rest of the message. */
static __always_inline bool ndp_is_for_peer(struct xdp_md *ctx, const struct packet *p)
{
	struct who_has q = { .asker = p->saddr, .ingress = p->ingress };
	struct ndp_msg *ndp = header_at(p, p->l4_off);

	if ((void *)(ndp + 1) > p->end)
		return false;
	__builtin_memcpy(&q.target, ndp->target, sizeof(q.target));
	return is_proxied(ctx, &q);
}

/* Where XDP can transmit, as for ARP. */
static __always_inline enum gate_outcome ndp(struct xdp_md *ctx, const struct packet *p,
					     const struct port_val *port)
{
	if (!port || !(port->flags & PORT_XMIT) || !p->ingress)
		return GATE_PASS_NEIGHBOUR;
	return ndp_answer(ctx, p->l3_off, p->ingress, ndp_is_for_peer(ctx, p));
}

#endif
