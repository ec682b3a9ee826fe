/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One AF_XDP socket: one queue of one interface, with its four rings. Frames come from and go
 * to the umem; between calls the kernel owns what stands in a ring, and the socket counts it.
 */
#ifndef WORKER_XSK_H
#define WORKER_XSK_H

#include <stdbool.h>
#include <stdint.h>
#include <xdp/xsk.h>
#include "base/must.h"
#include "worker/umem.h"

/* Ring sizes. 2048: two milliseconds at a million packets per second. */
#define XSK_RING 2048u

struct port;
struct worker;

struct xsk {
	struct xsk_ring_cons rx, comp;
	struct xsk_ring_prod tx, fill;
	struct xsk_socket *socket;
	struct worker *worker; /* whose it is, and whose umem */
	struct umem *umem;
	struct port *port;
	uint32_t queue;
	int fd;
	uint16_t id;	    /* owner of its frames: OWNER_SOCKET + id */
	uint32_t n_fill;    /* frames in the kernel's hands to receive into */
	uint32_t n_tx;	    /* and to send */
	uint32_t tx_staged; /* written to the ring, not submitted */
	bool tx_kick;	    /* submitted, but the kernel could not send all of it */
	bool tx_soon;	    /* ... for a reason that passes by itself */
	uint64_t tx_lost;   /* frames that the device dropped; housekeeping counts them */
	uint64_t seen_rx_full, seen_fill_empty; /* of XDP_STATISTICS, already counted */
};

/* Bind x->queue of interface `ifname`. The umem's first socket must be the one whose fill and
 * completion ring it was registered with. -EBUSY: the queue is still held by a
 * socket just closed, or by another program. */
int xsk_open(struct xsk *x, const char *ifname, struct xsk_umem *registered) MUST_USE;
void xsk_close(struct xsk *x);
/* Keep `target` frames in the fill ring. */
void xsk_fill(struct xsk *x, uint32_t target);
/* Up to max descriptors of received frames, now the worker's. */
uint32_t xsk_receive(struct xsk *x, struct xdp_desc *ret_descs, uint32_t max);
/* Put a frame of the worker's into the transmit ring. -ENOBUFS: full. */
int xsk_send(struct xsk *x, uint64_t addr, uint32_t len) MUST_USE;
/* Show staged frames to the kernel and make it send them. */
void xsk_flush(struct xsk *x);
/* Take back what the kernel has sent. */
void xsk_complete(struct xsk *x);
/* Frames that the kernel dropped in front of the rings since the last call. */
void xsk_losses(struct xsk *x, uint64_t *ret_rx_full, uint64_t *ret_fill_empty);

static inline uint16_t xsk_owner(const struct xsk *x)
{
	return (uint16_t)(OWNER_SOCKET + x->id);
}

#endif
