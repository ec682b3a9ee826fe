/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outer headers of an SA, made once and copied per packet:
 * IPv4, with encapsulation UDP (RFC 3948), then SPI and sequence number.
 * In transport mode a packet keeps its own IPv4 header and gets the rest.
 */
#ifndef WORKER_OUTER_H
#define WORKER_OUTER_H

#include <stdint.h>
#include <sekisho/esp.h>
#include <sekisho/map_abi.h>
#include "worker/ip4.h"

#define OUTER_MIN (IP4_HDR_LEN + ESP_HDR_LEN)
#define OUTER_MAX (OUTER_MIN + UDP_HDR_LEN)

struct outer {
	uint8_t bytes[OUTER_MAX];
	uint8_t len;   /* used of it */
	uint8_t added; /* by which the packet grows in front: len, or without the IPv4 header */
	uint32_t sum; /* of the IPv4 header with its per-packet fields zero */
};

/* IPv4 source and destination, SPI and UDP ports of val. */
void outer_make(struct outer *o, const struct sa_val *val);
/* Tunnel mode: write o->len bytes at `at`. total_len: of the outer packet; tos and df come from the
 * inner one (RFC 4301 8.1, RFC 6040 4.1); seq: the low half goes on the wire. */
void outer_write(const struct outer *o, uint8_t *at, uint16_t total_len, uint8_t tos, bool df,
		 uint64_t seq);
/* Transport mode (RFC 4303 3.1.1): the IPv4 header at `ip` moves to `at`, options and all, and
 * the rest of the outer headers follow it. */
void outer_insert(const struct outer *o, uint8_t *at, const struct ip4 *ip, uint16_t total_len,
		  uint64_t seq);

#endif
