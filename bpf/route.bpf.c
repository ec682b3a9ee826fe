// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Two programs that processes call by BPF_PROG_TEST_RUN.
 *
 * route: the worker's question where a packet goes (route.h); it asks the same SPD and FIB as
 * the gate, in the network namespace of the caller. The "packet" is the struct route_query.
 * report: puts the worker's event into the ring buffer, which user space cannot write.
 */
#include <sekisho/route.h>
#include "acquire.h"
#include "forward.h"
#include "maps.h"
#include "spd.h"

#define LOOPBACK_IFINDEX 1 /* the ingress of packets that a host makes, in `ip rule iif lo` */

static __always_inline struct packet route_packet(const struct route_query *q)
{
	struct packet p = {
		.total_len = q->total_len ?: 1, /* 0 would skip the MTU */
		.proto = q->proto,
		.tos = q->tos,
		.sport = q->sport,
		.dport = q->dport,
		.is_later_fragment = q->flags & ROUTE_LATER_FRAGMENT,
	};

	__builtin_memcpy(&p.saddr, &q->saddr, sizeof(p.saddr));
	__builtin_memcpy(&p.daddr, &q->daddr, sizeof(p.daddr));
	return p;
}

/* A decrypted packet's own way out of the SPD (hub and spoke). ROUTE_FORWARD: in clear. */
static __always_inline __u32 route_policy(struct route_query *q, const struct packet *p)
{
	struct flow f = flow_out(p, q->ingress);
	struct spd_view view;
	__u32 child = 0, sa = 0;

	if (!spd_view(&view))
		return ROUTE_DISCARD;
	enum gate_outcome o = spd_outbound(&view, &f, true, &child);
	if (o == NEXT)
		return ROUTE_FORWARD;
	if (o == GATE_TO_WORKER_REJECT)
		return ROUTE_REJECT;
	if (o != GATE_TO_WORKER_OUT)
		return ROUTE_DISCARD;
	o = child_find_sa(child, &f, &sa);
	q->child = child;
	q->sa = sa;
	if (o == GATE_TO_WORKER_OUT)
		return ROUTE_PROTECT;
	return o == GATE_TO_WORKER_HOLD ? ROUTE_HOLD : ROUTE_DISCARD;
}

static __always_inline __u32 route_fib(struct xdp_md *ctx, struct route_query *q,
				       const struct packet *p)
{
	__u32 ifindex = q->flags & ROUTE_OWN ? LOOPBACK_IFINDEX : q->ingress;
	struct bpf_fib_lookup fib = fib_query(p, ifindex);
	long r = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);

	if (r == BPF_FIB_LKUP_RET_BLACKHOLE || r == BPF_FIB_LKUP_RET_UNREACHABLE ||
	    r == BPF_FIB_LKUP_RET_PROHIBIT)
		return ROUTE_UNREACHABLE;
	if (r == BPF_FIB_LKUP_RET_FRAG_NEEDED) {
		q->mtu = fib.mtu_result;
		return ROUTE_TOO_BIG;
	}
	if (r == BPF_FIB_LKUP_RET_NO_NEIGH) { /* the link is known, so its MTU is */
		q->ifindex = fib.ifindex;
		return ROUTE_KERNEL;
	}
	if (r != BPF_FIB_LKUP_RET_SUCCESS)
		return ROUTE_KERNEL;
	q->mtu = fib.mtu_result;
	q->ifindex = fib.ifindex;
	mac_copy(q->smac, fib.smac);
	mac_copy(q->dmac, fib.dmac);
	return ROUTE_FORWARD;
}

static __always_inline __u32 route_answer(struct xdp_md *ctx, struct route_query *q)
{
	struct packet p = route_packet(q);
	__u32 r = ROUTE_FORWARD;

	if (host_owns(&p.daddr))
		return ROUTE_LOCAL;
	if (is_on_link(&p.daddr))
		return ROUTE_KERNEL;
	if (!(q->flags & ROUTE_OWN))
		r = route_policy(q, &p);
	return r == ROUTE_FORWARD ? route_fib(ctx, q, &p) : r;
}

SEC("xdp")
int route(struct xdp_md *ctx)
{
	struct route_query *q = (void *)(long)ctx->data;

	if ((void *)(q + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	q->result = route_answer(ctx, q);
	return XDP_PASS;
}

SEC("syscall")
int report(struct event *what)
{
	struct event ev = *what;

	return bpf_ringbuf_output(&events, &ev, sizeof(ev), 0);
}

/* What the worker dropped; it has counted it for the samples' rate. */
SEC("syscall")
int drop(struct drop_sample *what)
{
	struct drop_sample s = *what;

	return bpf_ringbuf_output(&samples, &s, sizeof(s), 0);
}
