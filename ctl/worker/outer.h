/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outer headers of a tunnel SA, made once and copied per packet:
 * IPv4, with encapsulation UDP (RFC 3948), then SPI and sequence number.
 */
#ifndef WORKER_OUTER_H
#define WORKER_OUTER_H

#include <stdint.h>
#include <sekisho/esp.h>
#include <sekisho/map_abi.h>
#include "worker/ip4.h"

#define OUTER_MAX (IP4_HDR_LEN + UDP_HDR_LEN + ESP_HDR_LEN)

struct outer {
	uint8_t bytes[OUTER_MAX];
	uint8_t len;  /* used of it */
	uint32_t sum; /* of the IPv4 header with its per-packet fields zero */
};

/* IPv4 source and destination, SPI and UDP ports of val. */
void outer_make(struct outer *o, const struct sa_val *val);
/* Write o->len bytes at `at`. total_len: of the outer packet; tos and df come from the inner
 * one (RFC 4301 8.1, RFC 6040 4.1); seq: the low half goes on the wire. */
void outer_write(const struct outer *o, uint8_t *at, uint16_t total_len, uint8_t tos, bool df,
		 uint64_t seq);

#endif
