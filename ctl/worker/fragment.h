/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cuts a packet into fragments (RFC 791 3.2, RFC 8200 4.5): a clear one of IPv4 before it is encrypted,
 * where the outer packet would be too big and the inner one may be fragmented; else the outer one.
 */
#ifndef WORKER_FRAGMENT_H
#define WORKER_FRAGMENT_H

#include <stdbool.h>
#include <stdint.h>

struct burst;
struct frame;
struct worker;

/* The frame holds a packet at l3 that ip_read() takes, of IPv4 without DF or of IPv6. New frames of the
 * burst get the pieces, each at most `max` bytes of IP, and everything else of f; f itself may be given
 * back then. False: no frames or no room for all of them; none is there then. */
bool fragment_cut(struct worker *w, struct burst *b, const struct frame *f, uint16_t max);

#endif
