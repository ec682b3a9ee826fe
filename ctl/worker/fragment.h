/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cuts a clear packet into fragments before it is encrypted (RFC 791 3.2): the outer packet
 * would be too big and the inner one may be fragmented. Not the outer one: the peer's gate
 * drops fragments of ESP, as ours does.
 */
#ifndef WORKER_FRAGMENT_H
#define WORKER_FRAGMENT_H

#include <stdbool.h>
#include <stdint.h>

struct burst;
struct frame;
struct worker;

/* The frame holds a valid IPv4 packet at l3 without DF. New frames of the burst get the
 * pieces, each at most `max` bytes of IPv4, and everything else of f; f itself may be given
 * back then. False: no frames or no room for all of them; none is there then. */
bool fragment_cut(struct worker *w, struct burst *b, const struct frame *f, uint16_t max);

#endif
