/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the road says about our ESP and AH: ICMP "fragmentation needed" (RFC 1191) and ICMPv6 "packet too big"
 * (RFC 8201) that quote a packet of an outbound SA go to the worker, which believes them within
 * bounds (RFC 4301 8.2). All others are the kernel's.
 */
#ifndef BPF_PMTU_H
#define BPF_PMTU_H

#include "quote.h"
#include "sad.h"

#define ICMP_FRAG_NEEDED 4
#define ICMPV6_TOO_BIG 2

static __always_inline bool is_too_big(const struct packet *p, const struct icmp *icmp)
{
	if (p->proto == IPPROTO_ICMPV6)
		return icmp->type == ICMPV6_TOO_BIG;
	return icmp->type == ICMP_UNREACHABLE && icmp->code == ICMP_FRAG_NEEDED;
}

/* The outbound SA of that protocol whose SPI and number are at off, sent to `to`. */
static __always_inline bool pmtu_sa(const struct packet *p, __u8 proto, __u32 off,
				    const union addr *to, struct xsk_meta *m)
{
	struct esp_hdr *esp = header_at(p, off);

	if ((void *)(esp + 1) > p->end)
		return false;
	struct sad_key key = { .spi = bpf_ntohl(esp->spi), .proto = proto };
	addr_write(key.daddr, to);
	struct sad_val *val = bpf_map_lookup_elem(&sad, &key);
	if (!val || val->dir != SA_OUT)
		return false;
	m->kind = META_PMTU;
	m->sa = val->sa;
	m->child = val->child;
	m->esp_off = off;
	return true;
}

/* Our outer headers have neither options nor extension headers. off: of what is behind them. */
static __always_inline bool pmtu_quoted(const struct packet *p, __u8 proto, __u32 off,
					const union addr *to, struct xsk_meta *m)
{
	if (proto == IPPROTO_NUM_AH)
		return pmtu_sa(p, proto, off + AH_SPI_AT, to, m);
	if (proto == IPPROTO_UDP)
		off += sizeof(struct udphdr);
	else if (proto != IPPROTO_NUM_ESP)
		return false;
	return pmtu_sa(p, IPPROTO_NUM_ESP, off, to, m);
}

static __always_inline bool pmtu_about(const struct packet *p, struct xsk_meta *m)
{
	struct icmp *icmp = header_at(p, p->l4_off);
	__u32 off = p->l4_off + sizeof(*icmp);
	union addr to;

	if (!is_icmp(p->proto) || p->is_fragment || (void *)(icmp + 1) > p->end ||
	    !is_too_big(p, icmp))
		return false;
	if (p->proto == IPPROTO_ICMP) {
		struct iphdr *ip = (void *)(icmp + 1);
		if ((void *)(ip + 1) > p->end || ip->ihl != 5)
			return false;
		to = addr_v4(ip->daddr);
		return pmtu_quoted(p, ip->protocol, off + sizeof(*ip), &to, m);
	}
	struct ipv6hdr *ip = (void *)(icmp + 1);
	if ((void *)(ip + 1) > p->end)
		return false;
	__builtin_memcpy(&to, &ip->daddr, sizeof(to));
	return pmtu_quoted(p, ip->nexthdr, off + sizeof(*ip), &to, m);
}

#endif
