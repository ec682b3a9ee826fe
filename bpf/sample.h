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

/* How much of a packet is copied; to be asked directly before that. Not a comparison of the length with
 * 0, of which Linux 6.1 learns nothing: the last byte's place has a bound, so what is 1 more is 1 at least. */
static __always_inline __u32 sample_size(__u32 len)
{
	__u32 last = (len < SAMPLE_HEAD ? len : SAMPLE_HEAD) - 1;

	barrier_var(last);
	if (last >= SAMPLE_HEAD)
		return 0;
	barrier_var(last);
	return last + 1;
}

#endif
