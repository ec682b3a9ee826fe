/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The outbound SA of a child, or the acquire that asks the controller for one. */
#ifndef BPF_ACQUIRE_H
#define BPF_ACQUIRE_H

#include "spd.h"

/* At most one per child and ACQUIRE_INTERVAL_NS; of CPUs that race one wins. */
static __always_inline bool acquire_is_due(__u64 *last)
{
	__u64 seen = *last, now = bpf_ktime_get_ns();

	if (seen && now - seen < ACQUIRE_INTERVAL_NS)
		return false;
	return __sync_val_compare_and_swap(last, seen, now) == seen;
}

static __always_inline void acquire(__u32 child, const struct flow *f)
{
	__u64 *last = bpf_map_lookup_elem(&child_acq, &child);

	if (!last || !acquire_is_due(last))
		return;
	struct event *ev = bpf_ringbuf_reserve(&events, sizeof(*ev), 0);
	if (!ev) {
		*last = 0; /* ring full: the next packet tries again */
		return;
	}
	__builtin_memset(ev, 0, sizeof(*ev));
	ev->type = EVENT_ACQUIRE;
	ev->child = child;
	ev->local_port = f->local_port;
	ev->remote_port = f->remote_port;
	addr_write(ev->local.b, &f->local);
	addr_write(ev->remote.b, &f->remote);
	ev->proto = f->proto;
	bpf_ringbuf_submit(ev, 0);
}

/* TO_WORKER_OUT with *ret_sa, TO_WORKER_HOLD after an acquire, or DROP_BUG. */
static __always_inline enum gate_outcome child_find_sa(__u32 child, const struct flow *f,
						       __u32 *ret_sa)
{
	__u64 *out = bpf_map_lookup_elem(&child_out, &child);

	if (!out)
		return GATE_DROP_BUG;
	*ret_sa = *(volatile __u64 *)out;
	if (*ret_sa)
		return GATE_TO_WORKER_OUT;
	acquire(child, f);
	return GATE_TO_WORKER_HOLD;
}

#endif
