/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The path MTU of outbound SAs (RFC 4301 8.2): the link's, until ICMP from the road says less about
 * one of our packets. Anybody can write such a message, so it is believed only if it quotes a number
 * that the SA has sent lately, and says nothing absurd; and only for PMTU_MINUTES (RFC 1191 6.3).
 */
#ifndef WORKER_PMTU_H
#define WORKER_PMTU_H

#include <stdint.h>

#define PMTU_MINUTES 10u
#define PMTU_MIN4 552u	   /* as Linux has it */
#define PMTU_RECENT 65536u /* numbers: what may be on the road and back */

struct burst;
struct sa_rt;
struct worker;

/* The frames of the burst that the gate says are ICMP about an SA; they end here. */
void pmtu_learn_all(struct worker *w, struct burst *b);
/* Of the outer packets of an outbound SA, whose next hop is known. */
uint16_t pmtu_of(const struct worker *w, const struct sa_rt *sa);

#endif
