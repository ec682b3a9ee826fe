/* SPDX-License-Identifier: BSD-2-Clause */
/* The checksum of TCP (RFC 9293 3.1) and UDP (RFC 768), which covers the addresses, too. */
#ifndef WORKER_L4_SUM_H
#define WORKER_L4_SUM_H

#include "worker/ip4.h"

/* Compute it anew in a whole IPv4 packet. Left alone: other protocols, UDP without a checksum,
 * and what is too short to have one. */
void l4_sum_write(struct ip4 *ip);

#endif
