/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The way to the worker: struct xsk_meta in front of the frame, then the socket of the queue. */
#ifndef BPF_META_H
#define BPF_META_H

#include <sekisho/xsk_meta.h>
#include "host.h"

/* Leaves exactly one struct xsk_meta in front of the frame, whatever another program or the
 * driver put there before. Packet pointers are void afterwards. */
static __always_inline bool meta_write(struct xdp_md *ctx, const struct xsk_meta *m)
{
	int there = (int)(ctx->data - ctx->data_meta);

	if (bpf_xdp_adjust_meta(ctx, there - (int)sizeof(*m)))
		return false;
	struct xsk_meta *to = (void *)(long)ctx->data_meta;
	if ((void *)(to + 1) > (void *)(long)ctx->data)
		return false;
	*to = *m;
	to->magic = XSK_META_MAGIC;
	return true;
}

/* Returns `success`, or why the worker cannot have the packet. Never lets it through. */
static __always_inline enum gate_outcome to_worker(struct xdp_md *ctx, const struct port_val *port,
						   const struct xsk_meta *m,
						   enum gate_outcome success)
{
	if (!port)
		return GATE_DROP_NO_PORT;
	__u32 queue = ctx->rx_queue_index, socket = port->slot * PORT_QUEUES + queue;
	if (queue >= PORT_QUEUES)
		return GATE_DROP_NO_WORKER;
	if (!meta_write(ctx, m))
		return GATE_DROP_NO_META;
	if (bpf_redirect_map(&xsks, socket, XDP_DROP) != XDP_REDIRECT)
		return GATE_DROP_NO_WORKER;
	return success;
}

#endif
