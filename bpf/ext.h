/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * IPv6 extension headers (RFC 8200 4): from the fixed header to the protocol that selectors
 * speak of. bpf_loop() so that the verifier looks at one header, not at every chain of them.
 */
#ifndef BPF_EXT_H
#define BPF_EXT_H

#include <bpf/bpf_endian.h>
#include "count.h"

#define EXT_HEADERS_MAX 8u /* RFC 8200 4.1 recommends six at most */
#define EXT_BYTES_MAX 256u /* of all of them together */
#define EXT_OFFSET 0xfff8  /* RFC 8200 4.5 */
#define EXT_MORE 0x0001

enum ext_proto {
	EXT_HOP_BY_HOP = 0,
	EXT_ROUTING = 43,
	EXT_FRAGMENT = 44,
	EXT_DESTINATION = 60,
};

struct ext_hdr {
	__u8 next, len; /* len: of all but the fragment header, in 8 bytes beyond the first 8 */
	__be16 frag;	/* of the fragment header */
	__be32 rest; /* the identification of a fragment */
};

struct ext_walk {
	void *data, *end;
	__u32 off;  /* of what comes next, from data on */
	__u8 proto; /* of it */
	bool is_runt;
	bool is_fragment, is_later_fragment;
	__be32 frag_id;
};

static __always_inline bool is_ext(__u8 proto)
{
	return proto == EXT_HOP_BY_HOP || proto == EXT_ROUTING || proto == EXT_FRAGMENT ||
	       proto == EXT_DESTINATION;
}

/* Returns 1 where the chain ends: what follows a fragment's offset is no header. */
static long ext_step(__u32 i, void *arg)
{
	struct ext_walk *w = arg;

	if (!is_ext(w->proto) || w->is_later_fragment)
		return 1;
	if (w->off > 0x1000) /* never so: EXT_BYTES_MAX ends the walk; the verifier wants a bound */
		return 1;
	struct ext_hdr *h = w->data + w->off;
	if ((void *)(h + 1) > w->end) {
		w->is_runt = true;
		return 1;
	}
	if (w->proto == EXT_FRAGMENT) {
		w->frag_id = h->rest;
		w->is_fragment = h->frag & bpf_htons(EXT_OFFSET | EXT_MORE);
		w->is_later_fragment = h->frag & bpf_htons(EXT_OFFSET);
		w->off += sizeof(*h);
	} else {
		w->off += (h->len + 1) * sizeof(*h);
	}
	w->proto = h->next;
	return 0;
}

/* NEXT: w says what is behind them. */
static __always_inline enum gate_outcome ext_headers(struct ext_walk *w)
{
	__u32 first = w->off;

	bpf_loop(EXT_HEADERS_MAX, ext_step, w, 0);
	if (w->is_runt)
		return GATE_DROP_RUNT;
	if (w->off > first + EXT_BYTES_MAX)
		return GATE_DROP_IPV6_CHAIN;
	if (is_ext(w->proto)) /* of a later fragment: nobody knows which protocol it belongs to */
		return w->is_later_fragment ? GATE_DROP_FRAGMENT : GATE_DROP_IPV6_CHAIN;
	return NEXT;
}

#endif
