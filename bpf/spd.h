/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The SPD (RFC 4301 4.4.1). One list serves both directions: its selectors are (local,
 * remote), a packet going out has source = local, one coming in has source = remote.
 *
 * spd_index finds, by the remote address, the bucket of policies that can match; the bucket
 * is walked in priority order. User space keeps buckets at SPD_BUCKET_MAX or shorter.
 *
 * The default action is for packets that no policy matches in either direction: what one
 * direction allows explicitly, or what came in an SA, is not refused by the absence of a
 * policy in the other.
 */
#ifndef BPF_SPD_H
#define BPF_SPD_H

#include "host.h"

/* Besides enum spd_action. */
#define SPD_NONE 16	/* no policy matches */
#define SPD_FRAGMENT 17 /* the first policy that could match needs ports, there are none */
#define SPD_FULL 18	/* bucket too long */
#define SPD_BROKEN 19	/* the maps contradict each other */
#define SPD_REJECT 20	/* discard, and answer */

#define IF_UNKNOWN 0u

struct flow {
	union addr remote, local;
	__u16 local_port, remote_port;
	__u8 proto;
	bool lacks_ports; /* they are in a fragment that was not seen */
	__u8 dir; /* SPD_IN or SPD_OUT */
	__u8 zero;
	__u32 ifindex; /* IF_UNKNOWN: of policies that name one those that protect match */
	__u32 zero2;   /* no hidden padding: the verifier wants all of it written */
};

struct spd_walk {
	struct addr_num local;
	__u32 gen;
	__u32 first;  /* in spd_cand */
	__u32 action; /* out: enum spd_action or one of the above */
	__u32 child;  /* out */
	__u32 ifindex;
	__u16 local_port, remote_port;
	__u8 proto;
	bool needs_ports; /* of a protocol with ports, but they are not known */
	__u8 dir;
};

static __always_inline bool any_port(const struct ts_val *ts)
{
	return ts->port_first == 0 && ts->port_last == 0xffff;
}

static __always_inline bool in_ports(const struct ts_val *ts, __u16 port)
{
	return ts->port_first <= port && port <= ts->port_last;
}

static __always_inline bool in_proto(const struct ts_val *ts, __u8 proto)
{
	return ts->proto == 0 || ts->proto == proto;
}

static __always_inline bool in_range(const struct addr_range *r, struct addr_num n)
{
	bool is_below = n.hi < r->first.hi || (n.hi == r->first.hi && n.lo < r->first.lo);
	bool is_above = n.hi > r->last.hi || (n.hi == r->last.hi && n.lo > r->last.lo);

	return !is_below && !is_above;
}

/* The other selectors of the policy: direction and interface. */
static __always_inline bool in_place(const struct spd_val *val, const struct spd_walk *w)
{
	if (val->dir != SPD_BOTH && val->dir != w->dir)
		return false;
	if (val->ifindex == 0 || val->ifindex == w->ifindex)
		return true;
	return w->ifindex == IF_UNKNOWN && val->action == SPD_PROTECT;
}

static __always_inline __u32 spd_says(const struct spd_val *val)
{
	return val->action == SPD_DISCARD && val->flags & SPD_ANSWER ? SPD_REJECT : val->action;
}

/* The remote range is not compared: the bucket holds only policies that cover it, and both ends
 * of a policy are of one family (map_abi.h). */
static __always_inline __u32 spd_test(const struct spd_val *val, const struct spd_walk *w)
{
	if (!in_proto(&val->local, w->proto) || !in_proto(&val->remote, w->proto))
		return SPD_NONE;
	if (!in_range(&val->local.addr, w->local) || !in_place(val, w))
		return SPD_NONE;
	if (w->needs_ports)
		return any_port(&val->local) && any_port(&val->remote) ? spd_says(val) :
									 SPD_FRAGMENT;
	if (!in_ports(&val->local, w->local_port) || !in_ports(&val->remote, w->remote_port))
		return SPD_NONE;
	return spd_says(val);
}

static long spd_step(__u32 i, void *arg)
{
	struct spd_walk *w = arg;
	__u32 at = w->gen * SPD_CAND_MAX + w->first + i;
	__u64 *cand = bpf_map_lookup_elem(&spd_cand, &at);

	w->action = SPD_BROKEN;
	if (!cand)
		return 1;
	__u32 policy = *cand;
	at = w->gen * SPD_MAX + policy;
	struct spd_val *val = bpf_map_lookup_elem(&spd, &at);
	if (!val || policy >= SPD_MAX)
		return 1;
	w->action = spd_test(val, w);
	w->child = val->child;
	return w->action != SPD_NONE;
}

static __always_inline struct spd_index_val *spd_bucket(__u32 gen, const union addr *remote)
{
	struct spd_index_key key = { .prefixlen = 32 + 128, .gen = gen };

	addr_write(key.addr, remote);
	return bpf_map_lookup_elem(&spd_index, &key);
}

/* The first policy of generation `gen` that matches. Returns enum spd_action or SPD_*;
 * *ret_child is set with SPD_PROTECT. A global function: the verifier looks at it once, not at
 * every call, and at the whole program a million instructions less. */
__weak __noinline __u32 spd_find(__u32 gen, const struct flow *f, __u32 *ret_child)
{
	if (!f || !ret_child)
		return SPD_BROKEN;
	struct spd_index_val *bucket = spd_bucket(gen, &f->remote);
	struct spd_walk w = {
		.local = { bpf_be64_to_cpu(f->local.d[0]), bpf_be64_to_cpu(f->local.d[1]) },
		.gen = gen,
		.action = SPD_NONE,
		.local_port = f->local_port,
		.remote_port = f->remote_port,
		.proto = f->proto,
		.needs_ports = f->lacks_ports && has_ports(f->proto),
		.ifindex = f->ifindex,
		.dir = f->dir,
	};

	if (!bucket)
		return SPD_NONE;
	if (bucket->count > SPD_BUCKET_MAX)
		return SPD_FULL;
	w.first = bucket->first;
	bpf_loop(bucket->count, spd_step, &w, 0);
	*ret_child = w.child;
	return w.action;
}

/* The state of this moment: read once per packet, so that all its lookups see one list. */
struct spd_view {
	__u32 gen;
	__u32 default_action;
	bool is_kernels; /* what is bypassed is forwarded by the kernel's stack */
	bool is_written; /* false: no controller has been here since the maps were made */
};

static __always_inline bool spd_view(struct spd_view *ret_view)
{
	__u32 zero = 0;
	struct spd_state *state = bpf_map_lookup_elem(&spd_state, &zero);

	if (!state)
		return false;
	__u64 epoch = *(volatile __u64 *)&state->epoch;
	ret_view->gen = SPD_GEN(epoch);
	ret_view->is_written = epoch != 0;
	ret_view->is_kernels = state->forwarding == FORWARDING_KERNEL;
	ret_view->default_action = state->default_action[ret_view->gen];
	return true;
}

/* What nothing matches may pass in clear. */
static __always_inline bool spd_is_open(const struct spd_view *view)
{
	return view->default_action == SPD_BYPASS;
}

static __always_inline enum gate_outcome spd_refusal(__u32 action)
{
	switch (action) {
	case SPD_DISCARD:
		return GATE_DROP_POLICY;
	case SPD_REJECT:
		return GATE_TO_WORKER_REJECT;
	case SPD_FRAGMENT:
		return GATE_DROP_FRAGMENT;
	case SPD_FULL:
		return GATE_DROP_BUCKET;
	default:
		return GATE_DROP_BUG;
	}
}

/* A clear packet that arrives (RFC 4301 5.2 step 3a). *ret_allowed: a policy said bypass. */
static __always_inline enum gate_outcome spd_inbound(const struct spd_view *view,
						     const struct packet *p, __u32 ifindex,
						     bool *ret_allowed)
{
	struct flow f = { .remote = p->saddr,
			  .local = p->daddr,
			  .remote_port = p->sport,
			  .local_port = p->dport,
			  .proto = p->proto,
			  .lacks_ports = lacks_ports(p),
			  .dir = SPD_IN,
			  .ifindex = ifindex };
	__u32 child = 0, action = spd_find(view->gen, &f, &child);

	*ret_allowed = action == SPD_BYPASS;
	if (action == SPD_BYPASS || action == SPD_NONE)
		return NEXT;
	return action == SPD_PROTECT ? GATE_DROP_CLEAR_IN : spd_refusal(action);
}

/* A packet that leaves (RFC 4301 5.1). NEXT: in clear; TO_WORKER_OUT: by *ret_child;
 * TO_WORKER_REJECT: not at all, and an answer is wanted. */
static __always_inline enum gate_outcome
spd_outbound(const struct spd_view *view, const struct flow *f, bool is_allowed, __u32 *ret_child)
{
	__u32 action = spd_find(view->gen, f, ret_child);

	if (action == SPD_NONE)
		action = is_allowed || spd_is_open(view) ? SPD_BYPASS : SPD_DISCARD;
	if (action == SPD_PROTECT)
		return GATE_TO_WORKER_OUT;
	return action == SPD_BYPASS ? NEXT : spd_refusal(action);
}

/* ifindex: of the interface that the packet came in by; of the host's own: that it goes out by. */
static __always_inline struct flow flow_out(const struct packet *p, __u32 ifindex)
{
	return (struct flow){ .remote = p->daddr,
			      .local = p->saddr,
			      .remote_port = p->dport,
			      .local_port = p->sport,
			      .proto = p->proto,
			      .lacks_ports = lacks_ports(p),
			      .dir = SPD_OUT,
			      .ifindex = ifindex };
}

#endif
