/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Ethernet, up to two VLAN tags, IPv4 with options or IPv6 with extension headers, the ports:
 * one function fills `struct packet`, and nothing else does. Offsets count from the Ethernet
 * header.
 */
#ifndef BPF_PARSE_H
#define BPF_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <sekisho/map_abi.h>
#include "ext.h"

#define IPV4_MF 0x2000
#define IPV4_OFFSET 0x1fff
#define IPV6_HEADER_LEN 40u
#define PROTO_DCCP 33
#define PROTO_SCTP 132
#define PROTO_UDPLITE 136

/* As the maps have it, struct ip_addr: network order, IPv4 as ::ffff:a.b.c.d. */
union addr {
	__u8 b[16];
	__be32 w[4]; /* w[3]: the IPv4 address */
	__be64 d[2];
};

struct packet {
	void *data, *end;
	__u32 frame_len; /* of the whole frame; end - data may be less of it (tc) */
	__u16 l3_off, l4_off;
	__u16 ethertype; /* behind the tags, host order */
	__u32 ingress;	 /* the interface it came in by, a VLAN's if it has tags; 0: none is here */
	struct vlan_id tag[VLAN_TAGS];
	__u8 tags;
	__u8 proto, ttl, tos;
	__u32 total_len; /* of IP, header included */
	union addr saddr, daddr;
	__u16 sport, dport; /* host order, 0: the protocol has none or it is not in here; both
			     * are type * 256 + code for ICMP (RFC 7296 3.13.1) */
	bool is_fragment;
	bool is_later_fragment;
	bool is_port_known; /* of a later fragment: fragment.h found the ports of the first one */
	__be32 frag_id;
};

struct vlan_tag {
	__be16 tci, ethertype;
};

static __always_inline union addr addr_v4(__be32 v4)
{
	return (union addr){ .w = { 0, 0, bpf_htonl(0xffff), v4 } };
}

static __always_inline bool is_v4(const union addr *a)
{
	return a->d[0] == 0 && a->w[2] == bpf_htonl(0xffff);
}

static __always_inline bool lacks_ports(const struct packet *p)
{
	return p->is_later_fragment && !p->is_port_known;
}

static __always_inline bool is_icmp(__u8 proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

/* What selectors of ports select by (RFC 4301 4.4.1.1), ICMP's type and code among it. */
static __always_inline bool has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == PROTO_SCTP ||
	       proto == PROTO_DCCP || proto == PROTO_UDPLITE || is_icmp(proto);
}

/* The first four bytes behind IP, of a protocol that has_ports(). */
static __always_inline void ports_read(const __be16 *l4, __u8 proto, __u16 *ret_source,
				       __u16 *ret_dest)
{
	*ret_source = bpf_ntohs(l4[0]);
	*ret_dest = is_icmp(proto) ? *ret_source : bpf_ntohs(l4[1]);
}

static __always_inline enum gate_outcome parse_link(struct packet *p)
{
	struct ethhdr *eth = p->data;

	if ((void *)(eth + 1) > p->end)
		return GATE_DROP_RUNT;
	p->ethertype = bpf_ntohs(eth->h_proto);
	p->l3_off = sizeof(*eth);
#pragma unroll
	for (int i = 0; i < VLAN_TAGS; i++) {
		struct vlan_tag *tag = p->data + sizeof(*eth) + i * sizeof(*tag);

		if (p->ethertype != ETH_P_8021Q && p->ethertype != ETH_P_8021AD)
			break;
		if ((void *)(tag + 1) > p->end)
			return GATE_DROP_RUNT;
		p->tag[i].proto = p->ethertype;
		p->tag[i].vid = bpf_ntohs(tag->tci) & 0xfff;
		p->tags++;
		p->ethertype = bpf_ntohs(tag->ethertype);
		p->l3_off += sizeof(*tag);
	}
	return NEXT;
}

/* Where headers may be, those that an ICMP error quotes among them. They end far below: the mask is
 * for verifiers (Linux 6.1) that have lost sight of that. */
#define HEADER_OFF_MASK 0x3ffu
_Static_assert(14 + VLAN_TAGS * 4 + 2 * (IPV6_HEADER_LEN + EXT_BYTES_MAX + 8) <= HEADER_OFF_MASK,
	       "all headers");

static __always_inline void *header_at(const struct packet *p, __u32 off)
{
	return p->data + (off & HEADER_OFF_MASK);
}

static __always_inline enum gate_outcome parse_ports(struct packet *p)
{
	struct udphdr *l4 = header_at(p, p->l4_off);
	__u32 len = p->total_len - (p->l4_off - p->l3_off);

	if (p->is_later_fragment || !has_ports(p->proto))
		return NEXT;
	if (len < sizeof(*l4))
		return GATE_DROP_MALFORMED;
	if ((void *)(l4 + 1) > p->end)
		return GATE_DROP_RUNT;
	ports_read(&l4->source, p->proto, &p->sport, &p->dport);
	return NEXT;
}

static __always_inline enum gate_outcome parse_ipv4(struct packet *p)
{
	struct iphdr *ip = p->data + p->l3_off;

	if ((void *)(ip + 1) > p->end)
		return GATE_DROP_RUNT;
	__u32 header_len = ip->ihl * 4;
	__u16 frag = bpf_ntohs(ip->frag_off);

	p->total_len = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header_len < sizeof(*ip) || p->total_len < header_len)
		return GATE_DROP_MALFORMED;
	if (p->l3_off + p->total_len > p->frame_len)
		return GATE_DROP_RUNT;
	p->l4_off = p->l3_off + header_len;
	p->proto = ip->protocol;
	p->ttl = ip->ttl;
	p->tos = ip->tos;
	p->saddr = addr_v4(ip->saddr);
	p->daddr = addr_v4(ip->daddr);
	p->is_fragment = frag & (IPV4_MF | IPV4_OFFSET);
	p->is_later_fragment = frag & IPV4_OFFSET;
	p->frag_id = ip->id;
	return parse_ports(p);
}

static __always_inline enum gate_outcome parse_ipv6(struct packet *p)
{
	struct ipv6hdr *ip = p->data + p->l3_off;

	if ((void *)(ip + 1) > p->end)
		return GATE_DROP_RUNT;
	if (ip->version != 6)
		return GATE_DROP_MALFORMED;
	p->total_len = IPV6_HEADER_LEN + bpf_ntohs(ip->payload_len);
	if (p->l3_off + p->total_len > p->frame_len)
		return GATE_DROP_RUNT;
	p->ttl = ip->hop_limit;
	p->tos = ip->priority << 4 | ip->flow_lbl[0] >> 4;
	__builtin_memcpy(&p->saddr, &ip->saddr, sizeof(p->saddr));
	__builtin_memcpy(&p->daddr, &ip->daddr, sizeof(p->daddr));
	if (is_v4(&p->saddr) || is_v4(&p->daddr)) /* else policies of IPv4 would be asked */
		return GATE_DROP_MALFORMED;
	struct ext_walk w = { .data = p->data,
			      .end = p->end,
			      .proto = ip->nexthdr,
			      .off = p->l3_off + IPV6_HEADER_LEN };
	enum gate_outcome o = ext_headers(&w);
	if (o != NEXT)
		return o;
	if (w.off > p->l3_off + p->total_len)
		return GATE_DROP_MALFORMED;
	p->l4_off = w.off;
	p->proto = w.proto;
	p->is_fragment = w.is_fragment;
	p->is_later_fragment = w.is_later_fragment;
	p->frag_id = w.frag_id;
	return parse_ports(p);
}

/* NEXT: an IP packet whose headers hold together, or ARP (ethertype tells). */
static __always_inline enum gate_outcome parse(struct packet *p)
{
	enum gate_outcome o = parse_link(p);

	if (o != NEXT || p->ethertype == ETH_P_ARP)
		return o;
	if (p->ethertype == ETH_P_IPV6)
		return parse_ipv6(p);
	if (p->ethertype != ETH_P_IP)
		return GATE_PASS_NOT_IP;
	return parse_ipv4(p);
}

#endif
