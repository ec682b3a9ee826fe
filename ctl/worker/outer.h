/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outer headers of an SA, made once and copied per packet:
 * IPv4 or IPv6, with encapsulation UDP (RFC 3948), then SPI and sequence number, in AH behind its
 * first word.
 * In transport mode a packet keeps its own IP header and gets the rest.
 */
#ifndef WORKER_OUTER_H
#define WORKER_OUTER_H

#include <stdint.h>
#include <sekisho/esp.h>
#include <sekisho/map_abi.h>
#include "worker/ip.h"

#define OUTER_MAX (IP6_HDR_LEN + UDP_HDR_LEN + ESP_HDR_LEN)

struct outer {
	uint8_t bytes[OUTER_MAX];
	uint8_t ip_len; /* of the IP header among them */
	uint8_t len;	/* used of them */
	uint8_t added;	/* by which the packet grows in front: len, or without the IP header */
	uint8_t proto;	/* of what follows the IP header */
	bool is_encap;
	uint32_t sum; /* of the IPv4 header with its per-packet fields zero */
};

/* What of the outer IP header differs from packet to packet (RFC 4301 5.1.2). */
struct outer_fields {
	uint16_t total_len; /* of the outer packet */
	uint8_t tos;	    /* RFC 6040 4.1 */
	bool df;	    /* IPv4 */
	uint32_t flow;	    /* label, IPv6 */
	uint64_t seq;	    /* the low half goes on the wire */
};

/* Source and destination, SPI and UDP ports of val. */
void outer_make(struct outer *o, const struct sa_val *val);
/* Room of the ICV of an SA of AH, its padding included (RFC 4302 3.3.3.2.1). */
uint8_t outer_ah_icv(const struct sa_val *val);
/* Tunnel mode: write o->len bytes at `at`. */
void outer_write(const struct outer *o, uint8_t *at, const struct outer_fields *fields);
/* Transport mode (RFC 4303 3.1.1): the headers of the clear packet up to info->split move to `at`,
 * and the rest of the outer headers follow them. */
void outer_insert(const struct outer *o, uint8_t *at, const uint8_t *packet,
		  const struct ip_info *info, uint16_t total_len, uint64_t seq);
/* The checksum of the UDP header in front of the sealed ESP packet at offset esp of the outer one:
 * IPv6 has no packets without (RFC 8200 8.1). */
void outer_sum_udp(uint8_t *outer, uint32_t esp, uint32_t total_len);

#endif
