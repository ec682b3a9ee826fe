// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The frame source. User space runs it with BPF_PROG_TEST_RUN in live-frame mode: the kernel
 * hands this program one page-pool frame after another, it writes the next template into the
 * frame and redirects it out of the device.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include "shared.h"

const volatile struct pg_const K = { .n_tmpl = 1, .max_copy = 42 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* both set to the real ones before load */
	__uint(value_size, 64);
	__uint(key_size, sizeof(__u32));
} tmpl SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pg_state);
} state SEC(".maps");

static __always_inline bool frame_is_due(struct pg_state *s)
{
	__u64 now = bpf_ktime_get_ns() << PG_FP;

	if (now < s->next_fp) {
		s->spins++;
		return false;
	}
	if (now - s->next_fp > PG_RESYNC_NS << PG_FP) {
		s->next_fp = now;
		s->resync++;
	}
	s->next_fp += K.interval_fp;
	return true;
}

/* n_tmpl: there is none left. */
static __always_inline __u32 next_template(struct pg_state *s)
{
	__u32 i = s->idx;

	if (K.randomise)
		return ((__u64)bpf_get_prandom_u32() * K.n_tmpl) >> 32;
	if (i >= K.n_tmpl) {
		if (K.once)
			return K.n_tmpl;
		i = 0;
	}
	s->idx = i + 1;
	return i;
}

static __always_inline int write_frame(struct xdp_md *ctx, const struct pg_tmpl *t)
{
	__u64 len = t->copy_len;

	if (t->frame_len != K.base_len &&
	    bpf_xdp_adjust_tail(ctx, (int)t->frame_len - (int)K.base_len))
		return -1;
	asm volatile("" : "+r"(len)); /* the register that is checked is the one used */
	if (len < 1 || len > K.max_copy)
		return -1;
	return bpf_xdp_store_bytes(ctx, 0, (void *)t->data, len);
}

SEC("xdp")
int pg_emit(struct xdp_md *ctx)
{
	__u32 zero = 0, i;
	struct pg_state *s = bpf_map_lookup_elem(&state, &zero);
	struct pg_tmpl *t;

	if (!s)
		return XDP_ABORTED;
	if (K.limit && s->sent >= K.limit)
		return XDP_DROP;
	if (K.interval_fp && !frame_is_due(s))
		return XDP_DROP;
	i = next_template(s);
	if (i >= K.n_tmpl)
		return XDP_DROP;
	t = bpf_map_lookup_elem(&tmpl, &i);
	if (!t || write_frame(ctx, t))
		return XDP_ABORTED;
	s->sent++;
	s->bytes += t->frame_len;
	return bpf_redirect(K.ifindex, 0);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
