/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 headers in the worker's frames (RFC 791). Packed: frames put them at odd places. */
#ifndef WORKER_IP4_H
#define WORKER_IP4_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <linux/types.h>

struct ip4 {
	uint8_t ver_ihl, tos;
	__be16 len, id, frag;
	uint8_t ttl, proto;
	__be16 check;
	__be32 src, dst;
} __attribute__((packed));

struct udp {
	__be16 sport, dport, len, check;
} __attribute__((packed));

#define IP4_HDR_LEN 20u
#define IP4_DF 0x4000u
#define IP4_MF 0x2000u
#define IP4_OFFSET 0x1fffu /* in units of 8 bytes */
#define IP4_ECN 0x3u	   /* RFC 3168 5 */
#define IP4_TTL 64u	   /* of packets that we make (RFC 1700) */
#define UDP_HDR_LEN 8u
#define ETH_HDR_LEN 14u
#define VLAN_TAG_LEN 4u

static inline unsigned ip4_hdr_len(const struct ip4 *ip)
{
	return (ip->ver_ihl & 0xfu) * 4u;
}

static inline uint16_t ip4_frag(const struct ip4 *ip)
{
	return ntohs(ip->frag);
}

/* Total length of the packet at p, or 0 if no whole IPv4 packet stands in `room` bytes. */
static inline uint16_t ip4_packet_len(const uint8_t *p, size_t room)
{
	const struct ip4 *ip = (const struct ip4 *)p;

	if (room < IP4_HDR_LEN || ip->ver_ihl >> 4 != 4 || ip4_hdr_len(ip) < IP4_HDR_LEN)
		return 0;
	uint16_t len = ntohs(ip->len);
	return len >= ip4_hdr_len(ip) && len <= room ? len : 0;
}

/* Sum of 16-bit words as they stand in memory (RFC 1071 2(B): byte order does not matter). */
static inline uint32_t sum16(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;
	uint16_t word;

	for (; len >= 2; len -= 2, p += 2) {
		memcpy(&word, p, 2);
		sum += word;
	}
	if (len) {
		word = 0;
		memcpy(&word, p, 1);
		sum += word;
	}
	return sum;
}

static inline __be16 sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__be16)~sum;
}

static inline bool ip4_sum_ok(const struct ip4 *ip)
{
	return sum_fold(sum16(ip, ip4_hdr_len(ip), 0)) == 0;
}

static inline void ip4_sum_write(struct ip4 *ip)
{
	ip->check = 0;
	ip->check = sum_fold(sum16(ip, ip4_hdr_len(ip), 0));
}

/* One 16-bit word of the header changed: RFC 1624 eqn. 3. */
static inline void ip4_sum_adjust(struct ip4 *ip, __be16 from, __be16 to)
{
	uint32_t sum = (uint16_t)~ip->check;

	ip->check = sum_fold(sum + (uint16_t)~from + (uint32_t)to);
}

static inline void ip4_set_tos(struct ip4 *ip, uint8_t tos)
{
	__be16 from, to;

	memcpy(&from, ip, 2);
	ip->tos = tos;
	memcpy(&to, ip, 2);
	ip4_sum_adjust(ip, from, to);
}

static inline void ip4_ttl_decrement(struct ip4 *ip)
{
	__be16 from, to;

	memcpy(&from, &ip->ttl, 2);
	ip->ttl--;
	memcpy(&to, &ip->ttl, 2);
	ip4_sum_adjust(ip, from, to);
}

#endif
