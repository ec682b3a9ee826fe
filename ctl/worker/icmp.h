/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP errors about clear packets that cannot be protected (RFC 792, RFC 1191, RFC 1812
 * 4.3.2): the frame becomes the answer and goes back where it came from. Not about ICMP
 * errors, later fragments, or packets from nobody in particular; not more than
 * ICMP_PER_SECOND.
 *
 * The answer to a packet that came out of a tunnel quotes it, so it must go back through one
 * (RFC 4301 6.2): from an own address inside the SA's selectors, if the SPD protects it.
 */
#ifndef WORKER_ICMP_H
#define WORKER_ICMP_H

#include <stdbool.h>
#include <stdint.h>

#define ICMP_PER_SECOND 1000u
#define ICMP_BURST 50u

struct frame;
struct worker;

/* The frame holds a valid IPv4 packet at l3. True: it is now the answer; either finished, or
 * for the outbound stages (f->sa is NULL then). */
bool icmp_time_exceeded(struct worker *w, struct frame *f);
/* mtu: of the inner packet. */
bool icmp_too_big(struct worker *w, struct frame *f, uint16_t mtu);

#endif
