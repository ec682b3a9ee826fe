/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Routing by the kernel's FIB and neighbours (DESIGN rule 3). What the FIB answers with
 * anything but a next hop whose MAC is known, and whatever is unusual about the packet,
 * goes to the kernel, which resolves, fragments, or writes the ICMP error.
 */
#ifndef BPF_FORWARD_H
#define BPF_FORWARD_H

#include "host.h"

#define AF_INET 2
#define AF_INET6 10
#define FLOWINFO_TOS_SHIFT 20

static __always_inline void fib_addrs(struct bpf_fib_lookup *fib, const struct packet *p)
{
	if (is_v4(&p->daddr)) {
		fib->family = AF_INET;
		fib->tos = p->tos;
		fib->ipv4_src = p->saddr.w[3];
		fib->ipv4_dst = p->daddr.w[3];
	} else {
		fib->family = AF_INET6;
		fib->flowinfo = bpf_htonl((__u32)p->tos << FLOWINFO_TOS_SHIFT);
		__builtin_memcpy(fib->ipv6_src, &p->saddr, sizeof(p->saddr));
		__builtin_memcpy(fib->ipv6_dst, &p->daddr, sizeof(p->daddr));
	}
}

static __always_inline struct bpf_fib_lookup fib_query(const struct packet *p, __u32 ifindex)
{
	struct bpf_fib_lookup fib = {
		.l4_protocol = p->proto,
		.sport = bpf_htons(p->sport),
		.dport = bpf_htons(p->dport),
		.tot_len = p->total_len,
		.ifindex = ifindex,
	};

	fib_addrs(&fib, p);
	return fib;
}

/* RFC 1624 for a TTL that is one less. */
static __always_inline void ttl_decrement(struct iphdr *ip)
{
	__u32 sum = ip->check + bpf_htons(0x0100);

	ip->check = (__u16)(sum + (sum >= 0xffff));
	ip->ttl--;
}

/* This host passes the packet on (RFC 791, RFC 8200 3). False: never. */
static __always_inline bool routed(struct packet *p)
{
	struct iphdr *ip = p->data + p->l3_off;
	struct ipv6hdr *ip6 = p->data + p->l3_off;

	if (p->ethertype == ETH_P_IPV6) {
		if ((void *)(ip6 + 1) > p->end)
			return false;
		ip6->hop_limit--;
	} else {
		if ((void *)(ip + 1) > p->end)
			return false;
		ttl_decrement(ip);
	}
	return true;
}

/* Sources that no router passes on: "this" network, loopback, groups (RFC 1812 5.3.7); ::/96, which
 * has :: and ::1, groups and link-local addresses (RFC 4291 2.5.2, 2.5.6, 2.7). */
static __always_inline bool is_martian(const union addr *source)
{
	__u8 net = source->b[12];

	if (is_v4(source))
		return net == 0 || net == 127 || net >= 224;
	return is_on_link(source) || (source->d[0] == 0 && source->w[2] == 0);
}

/* No options and no extension headers: the kernel looks at those. */
static __always_inline bool forward_is_plain(const struct packet *p)
{
	__u32 header = is_v4(&p->daddr) ? sizeof(struct iphdr) : IPV6_HEADER_LEN;

	return p->tags == 0 && p->ttl > 1 && p->l4_off == p->l3_off + header &&
	       !is_martian(&p->saddr);
}

/* Where XDP can transmit, the worker says so; elsewhere the kernel forwards. */
static __always_inline bool forward_can_xmit(__u32 ifindex)
{
	struct port_val *port = bpf_map_lookup_elem(&ports, &ifindex);

	return port && port->flags & PORT_XMIT;
}

static __always_inline enum gate_outcome forward_send(struct packet *p,
						      const struct bpf_fib_lookup *fib)
{
	struct ethhdr *eth = p->data;

	if ((void *)(eth + 1) > p->end || !routed(p))
		return GATE_DROP_BUG;
	mac_copy(eth->h_dest, fib->dmac);
	mac_copy(eth->h_source, fib->smac);
	return bpf_redirect(fib->ifindex, 0) == XDP_REDIRECT ? GATE_FORWARD : GATE_DROP_BUG;
}

static __always_inline enum gate_outcome forward(struct xdp_md *ctx, struct packet *p)
{
	if (!forward_is_plain(p))
		return GATE_PASS_KERNEL;
	struct bpf_fib_lookup fib = fib_query(p, ctx->ingress_ifindex);
	switch (bpf_fib_lookup(ctx, &fib, sizeof(fib), 0)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		return forward_can_xmit(fib.ifindex) ? forward_send(p, &fib) : GATE_PASS_KERNEL;
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
		return GATE_DROP_NO_ROUTE;
	default:
		return GATE_PASS_KERNEL;
	}
}

#endif
