// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The gate: every frame of every attached interface meets this XDP program first.
 *
 *	parse -> ARP, neighbour discovery
 *	      -> to this host: IKE, ESP (SAD) -> inbound SPD -> the host's stack
 *	      -> to others:                      inbound SPD -> outbound SPD -> discard
 *	                                                                    -> the worker
 *	                                                                    -> the FIB
 *
 * One program for all interfaces: `ports` tells what the worker serves. Fails closed: what the
 * SPD wants protected leaves here to the worker or not at all.
 */
#define MAP /* this file owns the maps */
#include "maps.h"
#include "acquire.h"
#include "arp.h"
#include "checksum.h"
#include "forward.h"
#include "fragment.h"
#include "meta.h"
#include "ndp.h"
#include "parse.h"
#include "pmtu.h"
#include "quote.h"
#include "sad.h"
#include "sample.h"
#include "spd.h"
#include "vlan.h"

/* What came by a link-layer broadcast or multicast is not routed (RFC 1812 5.3.4): else each
 * router of the LAN sends it on. The kernel, which delivers such packets, drops them. */
static __always_inline bool is_group_frame(const struct packet *p)
{
	return *(const __u8 *)p->data & 1;
}

/* From the SPD's "protect" to the worker. TTL: this host forwards the packet, unless it made
 * it; RFC 4301 5.1.2.1. Expired ones are the kernel's, which drops them and says so. */
static __always_inline enum gate_outcome protect(struct xdp_md *ctx, struct packet *p,
						 const struct port_val *port, const struct flow *f,
						 struct xsk_meta *m)
{
	barrier_var(port); /* Linux 6.1 cannot follow a check for NULL that was folded into others */
	if (!port || !p->ingress)
		return GATE_DROP_NO_PORT;
	bool is_own = port->flags & (PORT_HOST | PORT_TUNNEL);
	if (!is_own && p->ttl <= 1)
		return GATE_PASS_TTL;
	enum gate_outcome o = child_find_sa(m->child, f, &m->sa);
	if (o == GATE_DROP_BUG)
		return o;
	m->kind = o == GATE_TO_WORKER_OUT ? META_OUT : META_HOLD;
	if (!is_own && !routed(p->data + p->l3_off, p->end, p->ethertype == ETH_P_IPV6))
		return GATE_DROP_BUG;
	return to_worker(ctx, port, m, o);
}

/* What this host sent and the tc program wanted protected; it goes nowhere else. */
static __always_inline enum gate_outcome from_host(struct xdp_md *ctx, struct packet *p,
						   const struct port_val *port,
						   const struct spd_view *view, struct xsk_meta *m)
{
	struct flow f = flow_out(p, host_tag_read(p->data, ctx->ingress_ifindex));
	enum gate_outcome o = spd_outbound(view, &f, false, &m->child);

	if (o == GATE_TO_WORKER_OUT)
		return protect(ctx, p, port, &f, m);
	return o == NEXT ? GATE_DROP_EGRESS : o;
}

/* What the routing table sent into a route-based child: no policy is asked. The kernel says by ::
 * what nobody else shall hear (RFC 4291 2.5.2). */
static __always_inline enum gate_outcome
from_tunnel(struct xdp_md *ctx, struct packet *p, const struct port_val *port, struct xsk_meta *m)
{
	struct flow f = flow_out(p, ctx->ingress_ifindex);

	if (!is_v4(&p->saddr) && p->saddr.d[0] == 0 && p->saddr.d[1] == 0)
		return GATE_DROP_POLICY;
	return protect(ctx, p, port, &f, m);
}

/* NEXT: in clear. A function of its own so that its flow is off the stack when the next one is
 * made: gate(), spd_find() and spd_step() have 512 bytes together, in steps of 32 (Linux 6.1). */
static __always_inline enum gate_outcome transit_spd(struct xdp_md *ctx, struct packet *p,
						     const struct port_val *port,
						     const struct spd_view *view, bool is_allowed,
						     struct xsk_meta *m)
{
	struct flow f = flow_out(p, ctx->ingress_ifindex);
	enum gate_outcome o = spd_outbound(view, &f, is_allowed, &m->child);

	if (!view->epoch)
		return GATE_DROP_NO_SPD;
	return o == GATE_TO_WORKER_OUT ? protect(ctx, p, port, &f, m) : o;
}

static __always_inline enum gate_outcome transit(struct xdp_md *ctx, struct packet *p,
						 const struct port_val *port,
						 const struct spd_view *view, bool is_allowed,
						 struct xsk_meta *m)
{
	enum gate_outcome o = transit_refused(p->saddr.d[0], p->saddr.d[1], p->daddr.d[0],
					      p->daddr.d[1], is_group_frame(p));

	if (o == NEXT)
		o = transit_spd(ctx, p, port, view, is_allowed, m);
	if (o != NEXT)
		return o;
	if (quotes_protected(view, p))
		return GATE_DROP_QUOTE;
	return view->is_kernels ? GATE_PASS_FORWARDING : forward(ctx, p);
}

static __always_inline enum gate_outcome from_wire(struct xdp_md *ctx, struct packet *p,
						   const struct port_val *port,
						   const struct spd_view *view, struct xsk_meta *m)
{
	bool is_local = host_owns(&p->daddr), is_allowed = false;
	enum gate_outcome o;

	if (is_local) {
		o = sad_inbound(p, m);
		if (o == GATE_TO_WORKER_IN)
			return to_worker(ctx, port, m, o);
		if (o != NEXT)
			return o;
		if (pmtu_about(p, m))
			return to_worker(ctx, port, m, GATE_TO_WORKER_PMTU);
	}
	o = spd_inbound(view, p, ctx->ingress_ifindex, &is_allowed);
	if (o != NEXT)
		return o;
	if (is_local)
		return is_allowed || spd_is_open(view) ? GATE_PASS_LOCAL : GATE_DROP_POLICY;
	return transit(ctx, p, port, view, is_allowed, m);
}

/* Frames to another station's MAC (promiscuous mode) and group addresses are not for routing. */
static __always_inline bool is_for_us(const struct packet *p, const struct port_val *port)
{
	const __u8 *mac = p->data;

	if (!port || mac[0] & 1)
		return true;
	return mac_equal(mac, port->mac);
}

/* The worker answers for the discarded packet; where none is, it is just discarded. Nobody is
 * answered for a frame to all (RFC 1812 4.3.2.7). */
static __always_inline enum gate_outcome reject(struct xdp_md *ctx, const struct packet *p,
						const struct port_val *port, struct xsk_meta *m)
{
	const __u8 *mac = (void *)(long)ctx->data; /* p->data is stale for the verifier */

	if ((void *)(mac + ETH_HLEN) > (void *)(long)ctx->data_end || mac[0] & 1 || !p->ingress)
		return GATE_DROP_POLICY;
	m->kind = META_REJECT;
	m->child = 0;
	if (to_worker(ctx, port, m, NEXT) != NEXT)
		return GATE_DROP_POLICY;
	return GATE_TO_WORKER_REJECT;
}

static __always_inline enum gate_outcome decide(struct xdp_md *ctx, struct packet *p)
{
	__u32 ifindex = ctx->ingress_ifindex;
	struct port_val *port = bpf_map_lookup_elem(&ports, &ifindex);
	struct xsk_meta m = {};
	struct spd_view view;
	enum gate_outcome o = parse(p);

	if (o != NEXT)
		return o;
	if (p->ethertype == ETH_P_IP && !ipv4_sum_holds(ctx, p->l3_off))
		return GATE_DROP_CHECKSUM;
	p->ingress = vlan_ingress(ifindex, p);
	m.l3_off = p->l3_off;
	if (p->ethertype == ETH_P_ARP)
		return arp(ctx, p, ifindex, port);
	if (!port || port->flags & PORT_TUNNEL) {
		__u32 *child = bpf_map_lookup_elem(&tunnels, &ifindex);

		m.child = child ? *child : 0;
		if (child || port)
			return from_tunnel(ctx, p, port, &m);
	}
	if (is_ndp(p))
		return ndp(ctx, p, port);
	if (is_on_link(&p->daddr) || p->data + ETH_HLEN > p->end)
		return GATE_PASS_ON_LINK;
	fragment_ports(p, ifindex);
	if (!spd_view(&view))
		return GATE_DROP_BUG;
	if (port && port->flags & PORT_HOST)
		o = from_host(ctx, p, port, &view, &m);
	else if (!is_for_us(p, port))
		o = GATE_PASS_STATION;
	else
		o = from_wire(ctx, p, port, &view, &m);
	return o == GATE_TO_WORKER_REJECT ? reject(ctx, p, port, &m) : o;
}

/* Not inlined: it has a stack of its own then. */
static __noinline void sample_xdp(struct xdp_md *ctx, enum gate_outcome o)
{
	__u32 len = ctx->data_end - ctx->data;

	barrier_var(len); /* now: halves of packet pointers cannot be kept until later */
	struct drop_sample *s = sample_begin(len);

	if (!s)
		return;
	s->ifindex = ctx->ingress_ifindex;
	s->where = SAMPLE_GATE;
	s->outcome = o;

	__u32 n = sample_size(len);
	if (n && !bpf_xdp_load_bytes(ctx, 0, s->head, n))
		s->head_len = n;
	bpf_ringbuf_submit(s, 0);
}

SEC("xdp")
int gate(struct xdp_md *ctx)
{
	struct packet p = {
		.data = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.frame_len = ctx->data_end - ctx->data,
	};
	enum gate_outcome o = decide(ctx, &p);

	int verdict = xdp_verdict(o);

	count(o);
	if (verdict == XDP_DROP)
		sample_xdp(ctx, o);
	return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
