/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/xsk.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Kernel 6.17 and later; how many frames one sendto may send in copy mode (default 32). */
#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9
#endif
/* Copy mode charges every frame in flight to the socket: a full ring of 4 KiB frames. */
#define XSK_SNDBUF (XSK_RING * 4096)
/* Wake-ups in a row while the kernel sends only a part: XSK_RING / 32 */
#define KICKS_MAX 64

int xsk_open(struct xsk *x, const char *ifname, struct xsk_umem *registered)
{
	const struct xsk_socket_config cfg = {
		.rx_size = XSK_RING,
		.tx_size = XSK_RING,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_USE_NEED_WAKEUP, /* zero copy where the driver has it */
	};
	int budget = XSK_RING, sndbuf = XSK_SNDBUF;
	int err = xsk_socket__create_shared(&x->socket, ifname, x->queue, registered, &x->rx,
					    &x->tx, &x->fill, &x->comp, &cfg);

	if (err)
		return err;
	x->fd = xsk_socket__fd(x->socket);
	(void)setsockopt(x->fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf));
	/* Older kernels do not know it, and do without. */
	(void)setsockopt(x->fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &budget, sizeof(budget));
	return 0;
}

void xsk_close(struct xsk *x)
{
	if (x->socket)
		xsk_socket__delete(x->socket);
	x->socket = NULL;
	x->fd = -1;
}

void xsk_fill(struct xsk *x, uint32_t target)
{
	uint32_t at, n = target > x->n_fill ? target - x->n_fill : 0;
	uint64_t addr;

	if (n > x->umem->n_free)
		n = x->umem->n_free;
	if (n == 0 || xsk_ring_prod__reserve(&x->fill, n, &at) == 0)
		return;
	for (uint32_t i = 0; i < n; i++) {
		if (umem_take(x->umem, &addr)) /* cannot be: n <= n_free */
			return;
		umem_move(x->umem, addr, OWNER_WORKER, xsk_owner(x));
		*xsk_ring_prod__fill_addr(&x->fill, at + i) = addr;
	}
	xsk_ring_prod__submit(&x->fill, n);
	x->n_fill += n;
	if (xsk_ring_prod__needs_wakeup(&x->fill))
		(void)recvfrom(x->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

uint32_t xsk_receive(struct xsk *x, struct xdp_desc *ret_descs, uint32_t max)
{
	uint32_t at, n = xsk_ring_cons__peek(&x->rx, max, &at);

	for (uint32_t i = 0; i < n; i++) {
		ret_descs[i] = *xsk_ring_cons__rx_desc(&x->rx, at + i);
		umem_move(x->umem, ret_descs[i].addr, xsk_owner(x), OWNER_WORKER);
	}
	if (n)
		xsk_ring_cons__release(&x->rx, n);
	x->n_fill -= n;
	return n;
}

int xsk_send(struct xsk *x, uint64_t addr, uint32_t len)
{
	uint32_t at;

	if (xsk_ring_prod__reserve(&x->tx, 1, &at) == 0) {
		xsk_flush(x);
		xsk_complete(x);
		if (xsk_ring_prod__reserve(&x->tx, 1, &at) == 0)
			return -ENOBUFS;
	}
	*xsk_ring_prod__tx_desc(&x->tx, at) = (struct xdp_desc){ .addr = addr, .len = len };
	umem_move(x->umem, addr, OWNER_WORKER, xsk_owner(x));
	x->tx_staged++;
	x->n_tx++;
	return 0;
}

/* In copy mode sendto is the transmission; what it did not manage it says with EAGAIN, with
 * EBUSY that the device dropped one frame and the others wait. What is left after that is
 * tried again on the next turn, soon unless the interface is down. */
static void kick(struct xsk *x)
{
	x->tx_kick = x->tx_soon = false;
	for (int i = 0; i < KICKS_MAX; i++) {
		if (sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
			return;
		if (errno == EBUSY)
			x->tx_lost++;
		else if (errno != EAGAIN)
			break;
	}
	x->tx_kick = true;
	x->tx_soon = errno == EAGAIN || errno == EBUSY || errno == ENOBUFS;
}

void xsk_flush(struct xsk *x)
{
	if (!x->tx_staged && !x->tx_kick)
		return;
	if (x->tx_staged)
		xsk_ring_prod__submit(&x->tx, x->tx_staged);
	x->tx_staged = 0;
	if (xsk_ring_prod__needs_wakeup(&x->tx))
		kick(x);
}

void xsk_complete(struct xsk *x)
{
	uint32_t at, n;

	if (x->n_tx == 0)
		return;
	n = xsk_ring_cons__peek(&x->comp, XSK_RING, &at);
	for (uint32_t i = 0; i < n; i++)
		umem_give(x->umem, *xsk_ring_cons__comp_addr(&x->comp, at + i), xsk_owner(x));
	if (n)
		xsk_ring_cons__release(&x->comp, n);
	x->n_tx -= n;
}

void xsk_losses(struct xsk *x, uint64_t *ret_rx_full, uint64_t *ret_fill_empty)
{
	struct xdp_statistics s = { 0 };
	socklen_t len = sizeof(s);

	*ret_rx_full = *ret_fill_empty = 0;
	if (getsockopt(x->fd, SOL_XDP, XDP_STATISTICS, &s, &len))
		return;
	/* In copy mode rx_dropped counts those without a frame once more. */
	uint64_t empty = s.rx_fill_ring_empty_descs;
	uint64_t full = s.rx_ring_full + (s.rx_dropped > empty ? s.rx_dropped - empty : 0);
	if (full > x->seen_rx_full) {
		*ret_rx_full = full - x->seen_rx_full;
		x->seen_rx_full = full;
	}
	*ret_fill_empty = empty - x->seen_fill_empty;
	x->seen_fill_empty = empty;
}
