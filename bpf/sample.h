/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A sample of what is dropped, while somebody watches. What passes never comes here. */
#ifndef BPF_SAMPLE_H
#define BPF_SAMPLE_H

#include "count.h"

static __always_inline struct drop_sample *sample_begin(__u32 len)
{
	__u32 zero = 0;
	struct sample_state *st = bpf_map_lookup_elem(&sample_state, &zero);
	__u64 now;

	if (!st || !st->until_ns)
		return NULL;
	now = bpf_ktime_get_boot_ns();
	if (!sample_take(st, now))
		return NULL;
	struct drop_sample *s = bpf_ringbuf_reserve(&samples, sizeof(*s), 0);
	if (!s)
		return NULL;
	__builtin_memset(s, 0, sizeof(*s));
	s->ns = now;
	s->len = len;
	return s;
}

/* How much of the packet is copied. The compiler forgets what it knows of it, so that
 * is_sample_size() stays for the verifier to see. */
static __always_inline __u32 sample_size(__u32 len)
{
	__u32 n = len < SAMPLE_HEAD ? len : SAMPLE_HEAD;

	asm volatile("" : "+r"(n));
	return n;
}

static __always_inline bool is_sample_size(__u32 n)
{
	return n > 0 && n <= SAMPLE_HEAD;
}

#endif
