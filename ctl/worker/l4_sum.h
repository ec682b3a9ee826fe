/* SPDX-License-Identifier: BSD-2-Clause */
/* The checksum of TCP (RFC 9293 3.1), UDP (RFC 768) and ICMPv6 (RFC 4443 2.3), which covers the
 * addresses, too. */
#ifndef WORKER_L4_SUM_H
#define WORKER_L4_SUM_H

#include "worker/ip.h"

/* Compute it anew in a whole packet. Left alone: other protocols, UDP without a checksum,
 * fragments, and what is too short to have one. */
void l4_sum_write(uint8_t *packet, const struct ip_info *info);

#endif
