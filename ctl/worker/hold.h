/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clear packets that wait for the first SA of their Child SA, so that the packet which asks
 * for a tunnel is not the one that is lost. At most so many of a child, and for so long, as
 * spd_state says, HOLD_MAX of all; then they are dropped, never sent in clear.
 */
#ifndef WORKER_HOLD_H
#define WORKER_HOLD_H

#include <stdint.h>
#include "worker/frame.h"

#define HOLD_MAX 512u

struct held {
	struct frame frame;
	uint64_t since_ns;
};

struct hold {
	struct held held[HOLD_MAX]; /* oldest first */
	uint32_t n;
};

struct worker;

/* Keep the frame; its drop reason is set if there is no room. */
void hold_keep(struct worker *w, struct frame *f);
/* Put frames whose child has an SA now into the burst, drop those that waited too long. */
void hold_release(struct worker *w);
/* Frames that came in by a port that goes away. */
struct port;
void hold_forget(struct worker *w, const struct port *port);

#endif
