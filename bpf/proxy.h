/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Virtual addresses that peers have and that lie in a subnet of this host's (map `proxy`): the gate
 * answers for them there, as a proxy (RFC 1027, RFC 4861 7.2.8). "There" is the FIB's word: asker and
 * target are on the link that the question came by. Who asks for the address that he has himself
 * (gratuitous ARP, duplicate address detection) is left alone.
 */
#ifndef BPF_PROXY_H
#define BPF_PROXY_H

#include "forward.h"

struct who_has {
	union addr asker, target;
	__u32 ingress;
};

/* Neither behind a router nor on another link; its neighbour may be unknown. */
static __always_inline bool is_on_this_link(struct xdp_md *ctx, const struct who_has *q,
					    const union addr *a)
{
	const union addr *source = &q->target;
	struct bpf_fib_lookup fib = { .tot_len = IPV6_HEADER_LEN, .ifindex = q->ingress };

	if (is_v4(a)) {
		fib.family = AF_INET;
		fib.ipv4_src = source->w[3];
		fib.ipv4_dst = a->w[3];
	} else {
		fib.family = AF_INET6;
		__builtin_memcpy(fib.ipv6_src, source, sizeof(fib.ipv6_src));
		__builtin_memcpy(fib.ipv6_dst, a, sizeof(fib.ipv6_dst));
	}
	long r = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	if ((r != BPF_FIB_LKUP_RET_SUCCESS && r != BPF_FIB_LKUP_RET_NO_NEIGH) ||
	    fib.ifindex != q->ingress)
		return false;
	if (is_v4(a))
		return fib.ipv4_dst == a->w[3]; /* else it is the router's */
	return fib.ipv6_dst[0] == a->w[0] && fib.ipv6_dst[1] == a->w[1] &&
	       fib.ipv6_dst[2] == a->w[2] && fib.ipv6_dst[3] == a->w[3];
}

/* A function of its own for the verifier, as ndp_answer() is. */
__weak __noinline int is_proxied(struct xdp_md *ctx, const struct who_has *q)
{
	struct proxy_key key;

	if (!q)
		return false;
	addr_write(key.addr, &q->target);
	if (!bpf_map_lookup_elem(&proxy, &key))
		return false;
	if (q->asker.d[0] == q->target.d[0] && q->asker.d[1] == q->target.d[1])
		return false;
	return is_on_this_link(ctx, q, &q->target) && is_on_this_link(ctx, q, &q->asker);
}

#endif
