/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP errors about clear packets that cannot be protected: the frame becomes the answer and goes
 * back where it came from. Not more than ICMP_PER_SECOND.
 *
 * The answer to a packet that came out of a tunnel quotes it, so it must go back through one
 * (RFC 4301 6.2): from an own address inside the SA's selectors, if the SPD protects it.
 */
#ifndef WORKER_ICMP_H
#define WORKER_ICMP_H

#include "worker/icmp_msg.h"

#define ICMP_PER_SECOND 1000u
#define ICMP_BURST 50u

struct frame;
struct worker;

/* The frame holds a valid packet at l3, which cannot go on. It becomes the answer, which is either
 * finished, or for the outbound stages (f->sa is NULL then), and is counted; or it is dropped and
 * f->drop says why. mtu: that the packet must not be longer than, for ICMP_TOO_BIG. */
void icmp_or_drop(struct worker *w, struct frame *f, enum icmp_error what, uint16_t mtu);

#endif
