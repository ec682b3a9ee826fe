/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Routing by the kernel's FIB and neighbours (DESIGN rule 3). What the FIB answers with
 * anything but a next hop whose MAC is known, and whatever is unusual about the packet,
 * goes to the kernel, which resolves, fragments, or writes the ICMP error.
 */
#ifndef BPF_FORWARD_H
#define BPF_FORWARD_H

#include "host.h"
#include "vlan.h"

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

/* This host passes on the packet whose header is at l3 (RFC 791, RFC 8200 3). False: never. */
static __always_inline bool routed(void *l3, void *end, bool is_v6)
{
	struct iphdr *ip = l3;
	struct ipv6hdr *ip6 = l3;

	if (is_v6) {
		if ((void *)(ip6 + 1) > end)
			return false;
		ip6->hop_limit--;
	} else {
		if ((void *)(ip + 1) > end)
			return false;
		ttl_decrement(ip);
	}
	return true;
}

/* Of no host out there: "this" network, loopback, class E, as a source a group (RFC 1812 5.3.7); ::/96,
 * which has :: and ::1, and a group (RFC 4291 2.5.2, 2.5.3, 2.7).  */
static __always_inline bool is_martian(const union addr *a)
{
	__u8 net = a->b[12];

	if (is_v4(a))
		return net == 0 || net == 127 || net >= 224;
	return a->b[0] == 0xff || (a->d[0] == 0 && a->w[2] == 0);
}

/* What is never sent on, protected or not; NEXT: none of it. Addresses in halves. Of a link-local
 * source the kernel says so (RFC 4443 3.1). A function of its own for the verifier, as forward_fib(). */
__weak __noinline int transit_refused(__be64 saddr0, __be64 saddr1, __be64 daddr0, __be64 daddr1,
				      __u32 is_group_frame)
{
	union addr saddr = { .d = { saddr0, saddr1 } }, daddr = { .d = { daddr0, daddr1 } };

	if (is_martian(&saddr) || is_martian(&daddr))
		return GATE_DROP_MARTIAN;
	return is_group_frame || is_on_link(&saddr) ? GATE_PASS_ON_LINK : NEXT;
}

/* What the kernel looks at: that the TTL is used up, options, extension headers. */
static __always_inline enum gate_outcome forward_unusual(const struct packet *p)
{
	__u32 header = is_v4(&p->daddr) ? sizeof(struct iphdr) : IPV6_HEADER_LEN;

	if (p->ttl <= 1)
		return GATE_PASS_TTL;
	if (p->l4_off != p->l3_off + header)
		return GATE_PASS_OPTIONS;
	return p->ingress ? NEXT : GATE_PASS_VLAN;
}

/* Where XDP can transmit, the worker says so; elsewhere the kernel forwards. */
static __always_inline bool forward_can_xmit(__u32 ifindex)
{
	struct port_val *port = bpf_map_lookup_elem(&ports, &ifindex);

	return port && port->flags & PORT_XMIT;
}

/* l3_off: where IP began when it came in; the link's header in front of it is written anew. */
static __always_inline enum gate_outcome forward_send(struct xdp_md *ctx, __u32 l3_off,
						      const struct bpf_fib_lookup *fib,
						      const struct vlan_key *out)
{
	__u32 new_off = sizeof(struct ethhdr) + vlan_tags_len(out);
	bool is_v6 = fib->family == AF_INET6;

	if (l3_off != new_off && bpf_xdp_adjust_head(ctx, (int)l3_off - (int)new_off))
		return GATE_PASS_NO_XMIT; /* no room; nothing is changed yet */
	struct ethhdr *eth = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	if ((void *)(eth + 1) + VLAN_TAGS * sizeof(struct vlan_tag) > end ||
	    !routed((void *)eth + (new_off & HEADER_OFF_MASK), end, is_v6))
		return GATE_DROP_BUG;
	mac_copy(eth->h_dest, fib->dmac);
	mac_copy(eth->h_source, fib->smac);
	vlan_write(eth, out, is_v6 ? ETH_P_IPV6 : ETH_P_IP);
	return bpf_redirect(out->ifindex, 0) == XDP_REDIRECT ? GATE_FORWARD : GATE_DROP_BUG;
}

static __always_inline enum gate_outcome forward_out(struct xdp_md *ctx, __u32 l3_off,
						     const struct bpf_fib_lookup *fib)
{
	struct vlan_key out = vlan_egress(fib->ifindex);

	return forward_can_xmit(out.ifindex) ? forward_send(ctx, l3_off, fib, &out) :
					       GATE_PASS_NO_XMIT;
}

__weak __noinline int forward_fib(struct xdp_md *ctx, struct bpf_fib_lookup *fib, __u32 l3_off)
{
	if (!fib)
		return GATE_DROP_BUG;
	switch (bpf_fib_lookup(ctx, fib, sizeof(*fib), 0)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		return forward_out(ctx, l3_off, fib);
	case BPF_FIB_LKUP_RET_BLACKHOLE:
		return GATE_DROP_NO_ROUTE;
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		return GATE_PASS_NO_NEIGHBOUR;
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return GATE_PASS_TOO_BIG;
	default: /* unreachable and prohibit among it: the kernel says so to the sender */
		return GATE_PASS_FIB;
	}
}

static __always_inline enum gate_outcome forward(struct xdp_md *ctx, const struct packet *p)
{
	enum gate_outcome o = forward_unusual(p);

	if (o != NEXT)
		return o;
	struct bpf_fib_lookup fib = fib_query(p, p->ingress);
	return forward_fib(ctx, &fib, p->l3_off);
}

#endif
