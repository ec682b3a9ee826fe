/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame that leaves by a queue of another worker: a port that has fewer queues than there are
 * workers. The one that has it shows it in a ring of the other, which copies it into a frame of its
 * own; seen there, it is free again. One ring for each pair of workers and direction, without
 * locks.
 */
#ifndef WORKER_PASS_H
#define WORKER_PASS_H

#include <stdbool.h>
#include <stdint.h>
#include "worker/frame.h"

#define PASS_RING 512u /* a power of two; some bursts */

struct passed {
	struct xsk *to;
	const uint8_t *data;
	uint32_t len;
};

/* Counts that only grow; each is written by one side. */
struct pass_ring {
	struct passed at[PASS_RING];
	uint32_t head __attribute__((aligned(64))); /* the giver's: shown */
	uint32_t free;				    /* the giver's: free again */
	uint32_t tail __attribute__((aligned(64))); /* the taker's: copied */
};

struct worker;

/* The ring alone. False: full; or empty. */
bool pass_ring_put(struct pass_ring *r, const struct passed *what);
bool pass_ring_peek(const struct pass_ring *r, struct passed *ret_what);
void pass_ring_next(struct pass_ring *r); /* the one peeked at is done with */

/* f goes to x, a socket of another worker. False: no room. */
bool pass_send(struct worker *w, struct xsk *x, uint64_t addr, uint32_t len);
/* Those who got something in this turn wake up. */
void pass_flush(struct worker *w);
/* Send what others have given. Returns how many frames that were. */
uint32_t pass_receive(struct worker *w);
/* Frames that others have copied are free. */
void pass_reclaim(struct worker *w);

/* Ends its wait, from any thread; and the other side. */
void pass_wake(const struct worker *w);
void pass_wake_take(const struct worker *w);

#endif
