/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The ports of later fragments (RFC 4301 7.3): those of the first one, which came by the same
 * interface not long ago; so every fragment meets the policies that the whole packet would. Two
 * first fragments that contradict each other (RFC 1858, RFC 5722) make ports that nobody knows, and
 * a later fragment without ports matches only policies that want none (spd_test()).
 */
#ifndef BPF_FRAGMENT_H
#define BPF_FRAGMENT_H

#include "host.h"
#include "maps.h"

/* NULL: none, or too old. */
static __always_inline struct flow_frag_val *flow_frag_find(const struct flow_frag_key *key,
							    __u64 now)
{
	struct flow_frag_val *val = bpf_map_lookup_elem(&flow_frags, key);

	return val && now - val->first_ns < FLOW_FRAG_LIFE_NS ? val : NULL;
}

static __always_inline void flow_frag_first(const struct packet *p, const struct flow_frag_key *key,
					    __u64 now)
{
	struct flow_frag_val *val = flow_frag_find(key, now);

	if (!val) {
		struct flow_frag_val new = { .first_ns = now,
					     .sport = p->sport,
					     .dport = p->dport };
		bpf_map_delete_elem(&flow_frags, key);
		if (!bpf_map_update_elem(&flow_frags, key, &new, BPF_NOEXIST))
			return;
		val = bpf_map_lookup_elem(&flow_frags, key); /* another CPU was faster */
	}
	if (val && (val->sport != p->sport || val->dport != p->dport))
		val->is_contradicted = 1;
}

static __always_inline void flow_frag_later(struct packet *p, const struct flow_frag_key *key,
					    __u64 now)
{
	struct flow_frag_val *val = flow_frag_find(key, now);

	if (!val || val->is_contradicted)
		return;
	p->sport = val->sport;
	p->dport = val->dport;
	p->is_port_known = true;
}

static __always_inline void fragment_ports(struct packet *p, __u32 ifindex)
{
	if (!p->is_fragment || !has_ports(p->proto))
		return;
	struct flow_frag_key key = { .id = p->frag_id, .ifindex = ifindex, .proto = p->proto };
	__u64 now = bpf_ktime_get_ns();

	addr_write(key.saddr, &p->saddr);
	addr_write(key.daddr, &p->daddr);
	if (p->is_later_fragment)
		flow_frag_later(p, &key, now);
	else
		flow_frag_first(p, &key, now);
}

#endif
