/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The SPD (RFC 4301 4.4.1). One list serves both directions: its selectors are (local,
 * remote), a packet going out has source = local, one coming in has source = remote.
 *
 * spd_tree leads to the policies that can match, which are compared with the packet in order of
 * priority.
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
#define SPD_BROKEN 18	/* the maps contradict each other */
#define SPD_REJECT 19	/* discard, and answer */

#define IF_UNKNOWN 0u

struct flow {
	union addr remote, local;
	__u16 local_port, remote_port;
	__u8 proto;
	bool lacks_ports; /* they are in a fragment that was not seen */
	__u8 dir;	  /* SPD_IN or SPD_OUT */
	__u8 zero;
	__u32 ifindex; /* IF_UNKNOWN: of policies that name one those that protect match */
	__u32 zero2;   /* no hidden padding: the verifier wants all of it written */
};
_Static_assert(sizeof(struct flow) == __builtin_offsetof(struct spd_cached, epoch),
	       "a key of the cache");

struct spd_walk {
	__u32 word[SPD_DIMS]; /* what the packet has of each dimension; of SPD_LEAF nothing */
	__u32 gen;
	__u32 leaf;   /* the present node, of spd_tree */
	__u32 action; /* out: enum spd_action or one of the above */
	__u32 child;  /* out */
	__u32 ifindex;
	bool needs_ports; /* of a protocol with ports, but they are not known */
	__u8 dir;
	__u8 k; /* in the leaf */
	bool is_leaf;
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

static __always_inline struct addr_num spd_addr(const struct spd_walk *w, enum spd_dim first)
{
	return (struct addr_num){ (__u64)w->word[first] << 32 | w->word[first + 1],
				  (__u64)w->word[first + 2] << 32 | w->word[first + 3] };
}

static __always_inline __u32 spd_test(const struct spd_val *val, const struct spd_walk *w)
{
	__u8 proto = w->word[SPD_PROTO];

	if (!in_range(&val->remote.addr, spd_addr(w, SPD_REMOTE)) ||
	    !in_range(&val->local.addr, spd_addr(w, SPD_LOCAL)))
		return SPD_NONE;
	if (!in_proto(&val->local, proto) || !in_proto(&val->remote, proto) || !in_place(val, w))
		return SPD_NONE;
	if (w->needs_ports)
		return any_port(&val->local) && any_port(&val->remote) ? spd_says(val)
								       : SPD_FRAGMENT;
	if (!in_ports(&val->local, w->word[SPD_LOCAL_PORT]) ||
	    !in_ports(&val->remote, w->word[SPD_REMOTE_PORT]))
		return SPD_NONE;
	return spd_says(val);
}

static __always_inline struct spd_node *spd_node(__u32 gen, __u32 at)
{
	__u32 index = gen * SPD_TREE_MAX + at;

	return bpf_map_lookup_elem(&spd_tree, &index);
}

/* The next policy of the leaf. */
static long spd_step(__u32 i, void *arg)
{
	struct spd_walk *w = arg;
	struct spd_node *leaf = spd_node(w->gen, w->leaf);
	__u32 k = w->k;

	w->action = SPD_BROKEN;
	if (!leaf || k >= SPD_CUTS)
		return 1;
	__u32 policy = leaf->word[k] - 1;
	__u32 at = w->gen * SPD_MAX + policy;
	w->action = SPD_NONE;
	if (!leaf->word[k])
		return 1;
	struct spd_val *val = bpf_map_lookup_elem(&spd, &at);
	w->action = SPD_BROKEN;
	if (!val || policy >= SPD_MAX)
		return 1;
	w->action = spd_test(val, w);
	w->child = val->child;
	if (++w->k < SPD_CUTS)
		return w->action != SPD_NONE;
	w->k = 0;
	w->leaf = leaf->next;
	return w->action != SPD_NONE || !w->leaf;
}

static __always_inline void spd_words(__u32 *word, const union addr *a)
{
	for (int i = 0; i < 4; i++)
		word[i] = bpf_ntohl(a->w[i]);
}

static __always_inline __u32 spd_root(const struct spd_walk *w)
{
	const __u32 *a = &w->word[SPD_REMOTE];
	bool is_v4 = !a[0] && !a[1] && a[2] == 0xffff;

	return (is_v4 ? SPD_ROOT_IPV4 : SPD_ROOT_IPV6) + (w->needs_ports ? SPD_ROOT_NO_PORTS : 0);
}

/* The part of a node that has the value. Without branches: which part it is, nobody can predict. */
static __always_inline __u32 spd_part(const struct spd_node *node, __u32 value)
{
	__u32 part = 0;

#pragma unroll
	for (unsigned i = 0; i < SPD_CUTS; i++) {
		part += ((__u64)node->word[i] - value) >> 63;
		asm volatile("" : "+r"(part)); /* one after the other: all at once needs stack */
	}
	return part;
}

/* One node further, until there is a leaf. */
static long spd_descend(__u32 depth, void *arg)
{
	struct spd_walk *w = arg;
	struct spd_node *node = spd_node(w->gen, w->leaf);
	__u32 dim = node ? node->dim : SPD_DIMS;

	w->is_leaf = dim == SPD_LEAF;
	if (!node || w->is_leaf || dim >= SPD_DIMS)
		return 1;
	w->leaf = node->next + spd_part(node, w->word[dim]);
	return 0;
}

/* The place of a flow. Whoever finds flows for one place makes their packets as slow as new ones
 * are. */
static __always_inline struct spd_cached *spd_cached(const struct flow *f)
{
	const __u64 *word = (const void *)f;
	__u64 hash = word[0] * 0x9e3779b97f4a7c15 + word[1] * 0xc2b2ae3d27d4eb4f +
		     word[2] * 0x165667b19e3779f9 + word[3] * 0xd6e8feb86659fd93 +
		     word[4] * 0xa0761d6478bd642f + word[5] * 0xe7037ed1a0b428db;
	__u32 at = hash >> (64 - SPD_CACHE_BITS);

	return bpf_map_lookup_elem(&spd_cache, &at);
}

static __always_inline bool spd_is_cached(const struct spd_cached *c, const struct flow *f,
					  __u64 epoch)
{
	const __u64 *is = (const void *)c, *wanted = (const void *)f;

	if (!epoch || c->epoch != epoch)
		return false;
	return !((is[0] ^ wanted[0]) | (is[1] ^ wanted[1]) | (is[2] ^ wanted[2]) |
		 (is[3] ^ wanted[3]) | (is[4] ^ wanted[4]) | (is[5] ^ wanted[5]));
}

static __always_inline void spd_cache_write(struct spd_cached *c, const struct flow *f,
					    const struct spd_walk *w, __u64 epoch)
{
	__builtin_memcpy(c, f, sizeof(*f));
	c->action = w->action;
	c->child = w->child;
	c->epoch = epoch;
}

/* The first policy of the generation of `epoch` that matches. Returns enum spd_action or SPD_*;
 * *ret_child is set with SPD_PROTECT. A global function: the verifier looks at it once, not at
 * every call, and at the whole program a million instructions less. */
__weak __noinline __u32 spd_find(__u64 epoch, const struct flow *f, __u32 *ret_child)
{
	if (!f || !ret_child)
		return SPD_BROKEN;
	struct spd_cached *cached = spd_cached(f);
	if (!cached)
		return SPD_BROKEN;
	if (spd_is_cached(cached, f, epoch)) {
		*ret_child = cached->child;
		return cached->action;
	}
	struct spd_walk w = {
		.gen = SPD_GEN(epoch),
		.action = SPD_NONE,
		.needs_ports = f->lacks_ports && has_ports(f->proto),
		.ifindex = f->ifindex,
		.dir = f->dir,
	};

	spd_words(&w.word[SPD_REMOTE], &f->remote);
	spd_words(&w.word[SPD_LOCAL], &f->local);
	w.word[SPD_REMOTE_PORT] = f->remote_port;
	w.word[SPD_LOCAL_PORT] = f->local_port;
	w.word[SPD_PROTO] = f->proto;
	w.leaf = spd_root(&w);
	bpf_loop(SPD_DEPTH_MAX, spd_descend, &w, 0);
	if (!w.is_leaf)
		return SPD_BROKEN;
	bpf_loop(SPD_MAX, spd_step, &w, 0);
	if (w.action != SPD_BROKEN)
		spd_cache_write(cached, f, &w, epoch);
	*ret_child = w.child;
	return w.action;
}

/* The state of this moment: read once per packet, so that all its lookups see one list. */
struct spd_view {
	__u64 epoch; /* 0: no controller has been here since the maps were made */
	__u32 default_action;
	bool is_kernels; /* what is bypassed is forwarded by the kernel's stack */
};

static __always_inline bool spd_view(struct spd_view *ret_view)
{
	__u32 zero = 0;
	struct spd_state *state = bpf_map_lookup_elem(&spd_state, &zero);

	if (!state)
		return false;
	ret_view->epoch = *(volatile __u64 *)&state->epoch;
	ret_view->is_kernels = state->forwarding == FORWARDING_KERNEL;
	ret_view->default_action = state->default_action[SPD_GEN(ret_view->epoch)];
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
	default:
		return GATE_DROP_BUG;
	}
}

/* A clear packet that arrives (RFC 4301 5.2 step 3a). *ret_allowed: a policy said bypass. */
static __always_inline enum gate_outcome
spd_inbound(const struct spd_view *view, const struct packet *p, __u32 ifindex, bool *ret_allowed)
{
	struct flow f = { .remote = p->saddr,
			  .local = p->daddr,
			  .remote_port = p->sport,
			  .local_port = p->dport,
			  .proto = p->proto,
			  .lacks_ports = lacks_ports(p),
			  .dir = SPD_IN,
			  .ifindex = ifindex };
	__u32 child = 0, action = spd_find(view->epoch, &f, &child);

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
	__u32 action = spd_find(view->epoch, f, ret_child);

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
