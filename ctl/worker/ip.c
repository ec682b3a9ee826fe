/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/ip.h"

#include "base/addr.h"

/* As the gate has them (bpf/ext.h). */
#define EXT_HEADERS_MAX 8u
#define EXT_BYTES_MAX 256u
#define EXT_UNIT 8u
#define FRAGMENT_OFFSET 0xfff8u
#define FRAGMENT_MORE 0x1u

static bool has_ports(uint8_t proto)
{
	return proto == PROTO_TCP || proto == PROTO_UDP || proto == PROTO_ICMP ||
	       proto == PROTO_ICMPV6 || proto == PROTO_DCCP || proto == PROTO_SCTP ||
	       proto == PROTO_UDPLITE;
}

static void ports_read(const uint8_t *p, struct ip_info *info)
{
	__be16 ports[2];

	info->sport = info->dport = 0;
	info->ports_known = !info->is_later;
	if (info->is_later || !has_ports(info->proto))
		return;
	if (info->l4 + sizeof(ports) > info->len) {
		info->ports_known = false;
		return;
	}
	memcpy(ports, p + info->l4, sizeof(ports));
	info->sport = ntohs(ports[0]);
	info->dport = info->proto == PROTO_ICMP || info->proto == PROTO_ICMPV6 ? info->sport
									       : ntohs(ports[1]);
}

static bool ip4_read(const uint8_t *p, size_t room, struct ip_info *info)
{
	const struct ip4 *ip = (const struct ip4 *)p;
	uint16_t frag;

	info->len = ip4_packet_len(p, room);
	if (!info->len)
		return false;
	frag = ip4_frag(ip);
	info->src = addr_num_v4(ip->src);
	info->dst = addr_num_v4(ip->dst);
	info->l4 = info->split = (uint16_t)ip4_hdr_len(ip);
	info->next_at = info->split_next_at = offsetof(struct ip4, proto);
	info->proto = ip->proto;
	info->is_fragment = frag & (IP4_MF | IP4_OFFSET);
	info->is_later = frag & IP4_OFFSET;
	info->is_last = !(frag & IP4_MF);
	info->frag_at = info->l4;
	info->frag_off = (uint16_t)((frag & IP4_OFFSET) * 8u);
	info->frag_id = ntohs(ip->id);
	ports_read(p, info);
	return true;
}

static bool is_ext(uint8_t proto)
{
	return proto == PROTO_HOP_BY_HOP || proto == PROTO_ROUTING || proto == PROTO_FRAGMENT ||
	       proto == PROTO_DESTINATION;
}

static void fragment_read(const uint8_t *h, struct ip_info *info)
{
	unsigned frag = (unsigned)h[2] << 8 | h[3];
	__be32 id;

	memcpy(&id, h + 4, sizeof(id));
	info->is_fragment = frag & (FRAGMENT_OFFSET | FRAGMENT_MORE);
	info->is_later = frag & FRAGMENT_OFFSET;
	info->is_last = !(frag & FRAGMENT_MORE);
	info->frag_at = (uint16_t)(info->l4 + EXT_UNIT);
	info->frag_off = (uint16_t)(frag & FRAGMENT_OFFSET);
	info->frag_id = ntohl(id);
	info->frag_next_at = info->next_at;
}

/* One extension header. False: not whole. */
static bool ext_step(const uint8_t *p, struct ip_info *info)
{
	const uint8_t *h = p + info->l4;
	uint32_t len = EXT_UNIT;
	uint8_t type = info->proto;

	if (info->l4 + EXT_UNIT > info->len)
		return false;
	if (type == PROTO_FRAGMENT) {
		fragment_read(h, info);
	} else {
		len += h[1] * EXT_UNIT;
	}
	if (info->l4 + len > info->len || info->l4 + len > IP6_HDR_LEN + EXT_BYTES_MAX)
		return false;
	info->proto = h[0];
	info->next_at = info->l4;
	info->l4 = (uint16_t)(info->l4 + len);
	if (type != PROTO_DESTINATION) { /* those are for the final destination, behind ESP */
		info->split = info->l4;
		info->split_next_at = info->next_at;
	}
	return true;
}

static bool ext_read(const uint8_t *p, struct ip_info *info)
{
	for (unsigned i = 0; i < EXT_HEADERS_MAX && is_ext(info->proto) && !info->is_later; i++)
		if (!ext_step(p, info))
			return false;
	return !is_ext(info->proto);
}

static uint16_t ip6_packet_len(const uint8_t *p, size_t room)
{
	const struct ip6 *ip = (const struct ip6 *)p;

	if (room < IP6_HDR_LEN || IP6_HDR_LEN + ntohs(ip->len) > room ||
	    IP6_HDR_LEN + ntohs(ip->len) > UINT16_MAX)
		return 0;
	return (uint16_t)(IP6_HDR_LEN + ntohs(ip->len));
}

static bool ip6_read(const uint8_t *p, size_t room, struct ip_info *info)
{
	const struct ip6 *ip = (const struct ip6 *)p;

	info->len = ip6_packet_len(p, room);
	if (!info->len)
		return false;
	info->src = addr_to_num(&ip->src);
	info->dst = addr_to_num(&ip->dst);
	if (addr_num_is_v4(info->src) || addr_num_is_v4(info->dst))
		return false;
	info->l4 = info->split = IP6_HDR_LEN;
	info->next_at = info->split_next_at = offsetof(struct ip6, next);
	info->proto = ip->next;
	info->is_fragment = info->is_later = false;
	info->frag_at = 0;
	if (!ext_read(p, info))
		return false;
	ports_read(p, info);
	return true;
}

bool ip_read(const uint8_t *p, size_t room, struct ip_info *ret_info)
{
	if (room == 0)
		return false;
	ret_info->version = ip_version(p);
	if (ret_info->version == 4)
		return ip4_read(p, room, ret_info);
	return ret_info->version == 6 && ip6_read(p, room, ret_info);
}

uint16_t ip_packet_len(const uint8_t *p, size_t room)
{
	if (room == 0)
		return 0;
	if (ip_version(p) == 4)
		return ip4_packet_len(p, room);
	return ip_version(p) == 6 ? ip6_packet_len(p, room) : 0;
}

void ip_set_tos(uint8_t *p, uint8_t tos)
{
	if (ip_version(p) == 4) {
		ip4_set_tos((struct ip4 *)p, tos);
	} else {
		p[0] = (uint8_t)(0x60 | tos >> 4);
		p[1] = (uint8_t)(tos << 4 | (p[1] & 0xf));
	}
}

void ip_ttl_decrement(uint8_t *p)
{
	if (ip_version(p) == 4)
		ip4_ttl_decrement((struct ip4 *)p);
	else
		((struct ip6 *)p)->hops--;
}

uint32_t ip_pseudo_sum(const uint8_t *p, uint8_t proto, uint32_t len)
{
	const __be32 rest[2] = { htonl(len), htonl(proto) };
	uint32_t sum = sum16(rest, sizeof(rest), 0);

	if (ip_version(p) == 4)
		return sum16(p + offsetof(struct ip4, src), 8, sum);
	return sum16(p + offsetof(struct ip6, src), 32, sum);
}
