/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * An ICMP error quotes the packet that it is about (RFC 792, RFC 1812 4.3.2.3). One about a
 * packet that came in an SA goes back to the peer's side from an address that is seldom inside
 * the selectors; left to the policies of its own addresses, it would carry the decrypted
 * packet in clear (RFC 4301 6.2).
 */
#ifndef BPF_QUOTE_H
#define BPF_QUOTE_H

#include "spd.h"

/* RFC 792. Not linux/icmp.h, which wants the C library. */
enum icmp_error {
	ICMP_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER = 12,
};

struct icmp {
	__u8 type, code;
	__be16 check;
	__be32 rest;
};

/* Bytes from the ICMP header to the ports of the quoted packet, options included. */
#define QUOTE_MAX (sizeof(struct icmp) + 60 + 4)

static __always_inline bool is_icmp_error(const struct icmp *icmp)
{
	return icmp->type == ICMP_UNREACHABLE || icmp->type == ICMP_SOURCE_QUENCH ||
	       icmp->type == ICMP_REDIRECT || icmp->type == ICMP_TIME_EXCEEDED ||
	       icmp->type == ICMP_PARAMETER;
}

/* The quoted packet as a flow that came in: its source is remote. */
static __always_inline struct flow quoted_flow(const struct packet *p, const struct iphdr *ip)
{
	struct flow f = { .remote = ip->saddr, .local = ip->daddr, .proto = ip->protocol };
	__be16 *ports = (void *)ip + sizeof(*ip);

	f.is_later_fragment = true; /* ports unknown */
	if (!has_ports(f.proto) || ip->ihl != 5 || ip->frag_off & bpf_htons(IPV4_OFFSET) ||
	    (void *)(ports + 2) > p->end)
		return f;
	f.remote_port = bpf_ntohs(ports[0]);
	f.local_port = bpf_ntohs(ports[1]);
	f.is_later_fragment = false;
	return f;
}

/* p is an ICMP error about a packet that the SPD lets in only under protection. */
static __always_inline bool quotes_protected(const struct spd_view *view, const struct packet *p)
{
	struct icmp *icmp = p->data + p->l4_off;
	struct iphdr *ip = (void *)(icmp + 1);
	__u32 child, action;

	if (p->proto != IPPROTO_ICMP || p->is_later_fragment)
		return false;
	if ((void *)(icmp + 1) > p->end || !is_icmp_error(icmp) || (void *)(ip + 1) > p->end)
		return false;
	struct flow f = quoted_flow(p, ip);
	action = spd_find(view->gen, &f, &child);
	return action == SPD_PROTECT || action == SPD_FRAGMENT;
}

#endif
