/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* ARP (RFC 826): requests for the interface's own and for proxied addresses are answered in place. */
#ifndef BPF_ARP_H
#define BPF_ARP_H

#include "proxy.h"

#define ARP_HW_ETHERNET 1
#define ARP_OP_REQUEST 1
#define ARP_OP_REPLY 2

struct arp_ipv4 {
	__be16 hw_type, proto_type;
	__u8 hw_len, proto_len;
	__be16 op;
	__u8 sha[ETH_ALEN];
	__be32 spa;
	__u8 tha[ETH_ALEN];
	__be32 tpa;
} __attribute__((packed));

static __always_inline bool arp_is_request(const struct arp_ipv4 *arp)
{
	return arp->hw_type == bpf_htons(ARP_HW_ETHERNET) &&
	       arp->proto_type == bpf_htons(ETH_P_IP) && arp->hw_len == ETH_ALEN &&
	       arp->proto_len == sizeof(__be32) && arp->op == bpf_htons(ARP_OP_REQUEST);
}

static __always_inline void arp_turn(struct ethhdr *eth, struct arp_ipv4 *arp, const __u8 *mac)
{
	__be32 ours = arp->tpa;

	mac_copy(eth->h_dest, eth->h_source);
	mac_copy(eth->h_source, mac);
	arp->op = bpf_htons(ARP_OP_REPLY);
	mac_copy(arp->tha, arp->sha);
	arp->tpa = arp->spa;
	mac_copy(arp->sha, mac);
	arp->spa = ours;
}

/* The kernel has the asker's MAC already. Else it has to see the request: nobody else would
 * tell it of a host that is new, or that comes back with another MAC. */
static __always_inline bool arp_is_known(struct xdp_md *ctx, const struct arp_ipv4 *arp,
					 __u32 ingress)
{
	struct bpf_fib_lookup fib = {
		.family = AF_INET,
		.tot_len = sizeof(struct iphdr),
		.ifindex = ingress,
		.ipv4_src = arp->tpa,
		.ipv4_dst = arp->spa,
	};

	return bpf_fib_lookup(ctx, &fib, sizeof(fib), 0) == BPF_FIB_LKUP_RET_SUCCESS &&
	       mac_equal(fib.dmac, arp->sha);
}

/* Everything but an answerable request is the kernel's: it learns neighbours from it. */
static __always_inline enum gate_outcome arp(struct xdp_md *ctx, struct packet *p, __u32 ifindex,
					     const struct port_val *port)
{
	struct arp_ipv4 *arp = p->data + p->l3_off;

	if ((void *)(arp + 1) > p->end)
		return GATE_DROP_RUNT;
	if (!port || !(port->flags & PORT_XMIT) || !p->ingress || !arp_is_request(arp))
		return GATE_PASS_NEIGHBOUR;
	struct who_has q = { .asker = addr_v4(arp->spa),
			     .target = addr_v4(arp->tpa),
			     .ingress = p->ingress };
	struct addr_val *addr = addr_find(p->ingress, &q.target);
	enum gate_outcome o = GATE_ARP_REPLY;
	if (addr && arp_is_known(ctx, arp, p->ingress)) {
		arp_turn(p->data, arp, addr->mac);
	} else if (!addr && is_proxied(ctx, &q)) {
		arp_turn(p->data, arp, port->mac);
		o = GATE_PROXY_REPLY;
	} else {
		return GATE_PASS_NEIGHBOUR;
	}
	/* Not XDP_TX: on a veth that wakes the receiver only where an XDP program listens, while
	 * PORT_XMIT, which was asked above, speaks for redirects. */
	return bpf_redirect(ifindex, 0) == XDP_REDIRECT ? o : GATE_DROP_BUG;
}

#endif
