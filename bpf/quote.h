/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * An ICMP error quotes the packet that it is about (RFC 792, RFC 1812 4.3.2.3, RFC 4443 2.4). One
 * about a packet that came in an SA goes back to the peer's side from an address that is seldom
 * inside the selectors; left to the policies of its own addresses, it would carry the decrypted
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
#define ICMPV6_ERROR_MAX 127 /* RFC 4443 2.1 */

struct icmp {
	__u8 type, code;
	__be16 check;
	__be32 rest;
};

/* Bytes from the ICMP header to the ports of the quoted packet, extension headers included. */
#define QUOTE_MAX (sizeof(struct icmp) + IPV6_HEADER_LEN + EXT_BYTES_MAX + 4)

static __always_inline bool is_icmp_error(__u8 proto, const struct icmp *icmp)
{
	if (proto == IPPROTO_ICMPV6)
		return icmp->type <= ICMPV6_ERROR_MAX;
	return icmp->type == ICMP_UNREACHABLE || icmp->type == ICMP_SOURCE_QUENCH ||
	       icmp->type == ICMP_REDIRECT || icmp->type == ICMP_TIME_EXCEEDED ||
	       icmp->type == ICMP_PARAMETER;
}

/* At l4: what the ports of the quoted packet are, where they can be seen. */
static __always_inline void quoted_ports(const struct packet *p, const __be16 *l4, struct flow *f)
{
	if (!has_ports(f->proto) || (void *)(l4 + 2) > p->end)
		return;
	ports_read(l4, f->proto, &f->remote_port, &f->local_port);
	f->lacks_ports = false;
}

/* The quoted packet as a flow that came in: its source is remote. False: not all of its header is
 * there. */
static __always_inline bool quoted_ipv4(const struct packet *p, const struct iphdr *ip,
					struct flow *f)
{
	if ((void *)(ip + 1) > p->end)
		return false;
	f->remote = addr_v4(ip->saddr);
	f->local = addr_v4(ip->daddr);
	f->proto = ip->protocol;
	if (ip->ihl == 5 && !(ip->frag_off & bpf_htons(IPV4_OFFSET)))
		quoted_ports(p, (void *)(ip + 1), f);
	return true;
}

static __always_inline bool quoted_ipv6(const struct packet *p, const struct ipv6hdr *ip,
					struct flow *f)
{
	if ((void *)(ip + 1) > p->end)
		return false;
	struct ext_walk w = { .data = p->data,
			      .end = p->end,
			      .proto = ip->nexthdr,
			      .off = p->l4_off + sizeof(struct icmp) + IPV6_HEADER_LEN };
	__builtin_memcpy(&f->remote, &ip->saddr, sizeof(f->remote));
	__builtin_memcpy(&f->local, &ip->daddr, sizeof(f->local));
	if (ext_headers(&w) != NEXT)
		return true; /* of no protocol that is known: only policies for all of them match */
	f->proto = w.proto;
	if (!w.is_later_fragment)
		quoted_ports(p, header_at(p, w.off), f);
	return true;
}

/* p is an ICMP error about a packet that the SPD lets in only under protection. */
static __always_inline bool quotes_protected(const struct spd_view *view, const struct packet *p)
{
	struct flow f = { .lacks_ports = true, .dir = SPD_IN }; /* ports unknown */
	struct icmp *icmp = header_at(p, p->l4_off);
	__u32 child = 0, action;

	if (!is_icmp(p->proto) || p->is_later_fragment)
		return false;
	if ((void *)(icmp + 1) > p->end || !is_icmp_error(p->proto, icmp))
		return false;
	if (p->proto == IPPROTO_ICMP ? !quoted_ipv4(p, (void *)(icmp + 1), &f)
				     : !quoted_ipv6(p, (void *)(icmp + 1), &f))
		return false;
	action = spd_find(view->epoch, &f, &child);
	return action == SPD_PROTECT || action == SPD_FRAGMENT;
}

#endif
