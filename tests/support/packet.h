/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames for the tests of the BPF programs, described by what matters and built by one function. */
#ifndef SUPPORT_PACKET_H
#define SUPPORT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PKT_MAX 2048

enum pkt_kind { PKT_IP, PKT_ARP, PKT_NDP, PKT_OTHER };
enum pkt_payload { PAYLOAD_PLAIN, PAYLOAD_MARKER, PAYLOAD_KEEPALIVE };

#define PKT_EXT_MAX 12

/* Zero means the usual: UDP, payload of 16 bytes, TTL 64, no tags. src says whether it is IPv4 or
 * IPv6. */
struct pkt {
	enum pkt_kind kind;
	const char *dmac, *smac; /* NULL: 02:00:00:00:00:01 and :02 */
	uint16_t vlan[2];
	uint16_t ethertype; /* PKT_OTHER */
	const char *src, *dst;
	uint8_t proto; /* 0: 17 UDP */
	uint8_t ttl, tos;
	bool no_ttl; /* it is 0 */
	uint8_t option_words;
	uint8_t arp_op;
	const char *target; /* PKT_NDP, which is an advertisement if icmp_type is 136; option: smac */
	uint8_t ndp_flags;  /* of an advertisement; 0: router, solicited, override */
	uint16_t sport, dport; /* of ICMP: sport is type * 256 + code */
	uint16_t frag;     /* flags and offset, as in the header of IPv4; IPv6: a fragment header */
	uint16_t id;       /* of all fragments of a packet; 0: 0x1234, in IPv6 0 */
	uint8_t ext[PKT_EXT_MAX], n_ext; /* IPv6: extension headers, that of `frag` behind them */
	uint8_t ext_len;                 /* their length field */
	uint8_t segments_left;           /* of routing headers, which are of type 0 */
	uint16_t payload;  /* bytes behind UDP, or behind IPv4; 0: 16 */
	int total_len_off; /* added to the true total length */
	int udp_len_off;   /* added to the true UDP length, or to the checksum of PKT_NDP */
	uint16_t sum_off;  /* added to the true checksum of the IPv4 header */
	uint8_t version;   /* 0: the true one */
	uint8_t ihl;       /* 0: the true one */
	enum pkt_payload content;
	uint32_t spi; /* first word of the payload where not 0; of AH the second */
	uint8_t icmp_type, icmp_code; /* not 0: the payload is ICMP of that type, ... */
	const struct pkt *quote; /* ... about this packet */
};

/* Returns the length; the frame is in `ret_frame` of PKT_MAX bytes. Aborts on bad addresses. */
size_t pkt_build(const struct pkt *p, uint8_t *ret_frame);
void pkt_mac(const char *text, uint8_t ret_mac[6]);

#endif
