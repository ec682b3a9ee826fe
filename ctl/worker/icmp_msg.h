/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of ICMP errors (RFC 792, RFC 1191, RFC 1812 4.3.2) and ICMPv6 ones (RFC 4443 3). */
#ifndef WORKER_ICMP_MSG_H
#define WORKER_ICMP_MSG_H

#include "worker/ip.h"

enum icmp_error {
	ICMP_TTL,	 /* time or hop limit exceeded in transit */
	ICMP_TOO_BIG,	 /* fragmentation needed; packet too big */
	ICMP_PROHIBITED, /* communication administratively prohibited */
};

/* Bytes that an error needs in front of the packet that it quotes. */
#define ICMP_HDRS_MAX (IP6_HDR_LEN + 8u)

/* Nobody is told about ICMP errors, later fragments, or packets from or to nobody in particular
 * (RFC 1812 4.3.2.7, RFC 4443 2.4). packet: a whole one that ip_read() takes. */
bool icmp_may_answer(const uint8_t *packet, const struct ip_info *info);
/* Make the packet at `packet` the quote of an error from src; mtu: of ICMP_TOO_BIG. The error
 * begins at *ret_at, which is in front of it. Returns its length. */
uint32_t icmp_write(uint8_t *packet, const struct ip_info *info, enum icmp_error what, uint16_t mtu,
		    struct addr_num src, uint8_t **ret_at);

#endif
