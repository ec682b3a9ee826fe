/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 (RFC 791) and IPv6 (RFC 8200) headers in the worker's frames: one reader for both says
 * everything that selectors, ESP and routing want to know. Packed: frames put headers at odd
 * places.
 */
#ifndef WORKER_IP_H
#define WORKER_IP_H

#include <sekisho/map_abi.h>
#include "worker/ip4.h"

struct ip6 {
	__be32 flow; /* version, traffic class, flow label */
	__be16 len;  /* without this header */
	uint8_t next, hops;
	struct ip_addr src, dst;
} __attribute__((packed));

#define IP6_HDR_LEN 40u
#define IP6_HOPS 64u	  /* of packets that we make */
#define IP6_MTU_MIN 1280u /* RFC 8200 5: every link takes it */
#define IP6_FLOW_MASK 0xfffffu
#define IP6_TOS_SHIFT 20u

enum ip_proto {
	PROTO_HOP_BY_HOP = 0,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_DCCP = 33,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_ICMPV6 = 58,
	PROTO_DESTINATION = 60,
	PROTO_SCTP = 132,
	PROTO_UDPLITE = 136,
};

/* What one packet is. Offsets count from its first byte. */
struct ip_info {
	struct addr_num src, dst;
	uint16_t len;	  /* of the packet, its headers included */
	uint16_t l4;	  /* what selectors speak of: behind options and extension headers */
	uint16_t next_at; /* the byte that names it */
	/* Where ESP goes in transport mode, and the byte that names what follows: behind options,
	 * hop-by-hop, routing and fragment headers (RFC 4303 3.1.1). */
	uint16_t split, split_next_at;
	/* Of a fragment: where its part of the payload begins, and what it is of the whole. */
	uint16_t frag_at, frag_off;
	uint32_t frag_id;
	uint16_t frag_next_at; /* IPv6: the byte that names the fragment header */
	uint16_t sport, dport; /* host order; of ICMP as ts_val says; 0 where there are none */
	uint8_t version, proto;
	bool is_fragment, is_later, is_last; /* is_later: offset is not 0; is_last: no more come */
	bool ports_known;	    /* false: in another fragment, or cut off */
};

/* False: no whole packet in `room` bytes, headers that contradict each other, more extension
 * headers than the gate looks at, or an IPv4 address in an IPv6 header. */
bool ip_read(const uint8_t *p, size_t room, struct ip_info *ret_info);
/* Total length of the packet at p, or 0 if no whole one stands in `room` bytes. */
uint16_t ip_packet_len(const uint8_t *p, size_t room);

static inline uint8_t ip_version(const uint8_t *p)
{
	return *p >> 4;
}

static inline uint8_t ip_tos(const uint8_t *p)
{
	return ip_version(p) == 4 ? p[1] : (uint8_t)(p[0] << 4 | p[1] >> 4);
}

static inline uint8_t ip_ttl(const uint8_t *p)
{
	return p[ip_version(p) == 4 ? 8 : 7];
}

/* No router may cut it: DF of IPv4, every packet of IPv6. */
static inline bool ip_df(const uint8_t *p)
{
	return ip_version(p) != 4 || ip4_frag((const struct ip4 *)p) & IP4_DF;
}

static inline uint32_t ip6_flow_label(const uint8_t *p)
{
	__be32 flow;

	memcpy(&flow, p, sizeof(flow));
	return ntohl(flow) & IP6_FLOW_MASK;
}

static inline struct addr_num addr_num_v4(__be32 a)
{
	return (struct addr_num){ 0, 0xffff00000000ull | ntohl(a) };
}

static inline bool addr_num_is_v4(struct addr_num a)
{
	return a.hi == 0 && a.lo >> 32 == 0xffff;
}

static inline bool addr_num_equal(struct addr_num a, struct addr_num b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

void ip_set_tos(uint8_t *p, uint8_t tos);
/* Of a packet that this host routes. */
void ip_ttl_decrement(uint8_t *p);

/* Sum of 16-bit words of the pseudo header (RFC 9293 3.1, RFC 8200 8.1) for len bytes of proto. */
uint32_t ip_pseudo_sum(const uint8_t *p, uint8_t proto, uint32_t len);

#endif
