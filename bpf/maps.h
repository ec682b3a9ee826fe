/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The pinned maps (map_abi.h says what is in them). gate.bpf.c defines MAP as nothing and so
 * owns them; the other programs declare the same maps extern and the linker joins them.
 */
#ifndef BPF_MAPS_H
#define BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <sekisho/drop_reason.h>
#include <sekisho/map_abi.h>

#ifndef MAP
#define MAP extern
#endif

/* What most maps are: an array, mapped into the processes where `map_flags` says so. */
#define ARRAY_MAP(name, n, value_type, map_flags_)                                                 \
	MAP struct {                                                                               \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(max_entries, n);                                                            \
		__uint(map_flags, map_flags_);                                                     \
		__type(key, __u32);                                                                \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

#define HASH_MAP(name, n, key_type, value_type)                                                    \
	MAP struct {                                                                               \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, n);                                                            \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

ARRAY_MAP(spd_state, 1, struct spd_state, BPF_F_MMAPABLE);
ARRAY_MAP(spd_tree, 2 * SPD_TREE_MAX, struct spd_node, BPF_F_MMAPABLE);
ARRAY_MAP(spd, 2 * SPD_MAX, struct spd_val, BPF_F_MMAPABLE);
ARRAY_MAP(child_out, CHILD_MAX, __u64, BPF_F_MMAPABLE);
ARRAY_MAP(child_acq, CHILD_MAX, __u64, 0);
ARRAY_MAP(child_name, CHILD_MAX, struct child_name, BPF_F_MMAPABLE);
ARRAY_MAP(child_tunnel, CHILD_MAX, struct child_tunnel, BPF_F_MMAPABLE);
ARRAY_MAP(sa, SA_MAX, struct sa_val, BPF_F_MMAPABLE);
ARRAY_MAP(sa_ts, SA_MAX, struct sa_ts, 0);
ARRAY_MAP(sa_secret, SA_MAX, struct sa_secret, 0);
ARRAY_MAP(sa_hot, SA_MAX, struct sa_hot, BPF_F_MMAPABLE);
ARRAY_MAP(sa_window, SA_WINDOW_BLOCKS, struct sa_window, BPF_F_MMAPABLE);
ARRAY_MAP(host_if, 1, struct host_if_val, 0);
ARRAY_MAP(sample_state, 1, struct sample_state, BPF_F_MMAPABLE);
ARRAY_MAP(worker_count, COUNTERS_MAX, __u64, BPF_F_MMAPABLE);

HASH_MAP(sad, SA_MAX, struct sad_key, struct sad_val);
MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, NATT_FRAGS_MAX);
	__type(key, struct natt_frag_key);
	__type(value, __u8);
} natt_frags SEC(".maps");

MAP struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FLOW_FRAGS_MAX);
	__type(key, struct flow_frag_key);
	__type(value, struct flow_frag_val);
} flow_frags SEC(".maps");

HASH_MAP(ports, PORT_MAX, __u32, struct port_val);
HASH_MAP(tunnels, TUNNELS_MAX, __u32, __u32);
HASH_MAP(addrs, ADDR_MAX, struct addr_key, struct addr_val);
HASH_MAP(vlans, VLAN_MAX, struct vlan_key, __u32);
HASH_MAP(vlan_tags, VLAN_MAX, __u32, struct vlan_key);

MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROXY_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct proxy_key);
	__type(value, __u8);
} proxy SEC(".maps");

MAP struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, PORT_MAX *PORT_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

MAP struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTERS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

MAP struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1u << SPD_CACHE_BITS);
	__type(key, __u32);
	__type(value, struct spd_cached);
} spd_cache SEC(".maps");

MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENTS_BYTES);
} events SEC(".maps");

MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SAMPLES_BYTES);
} samples SEC(".maps");

_Static_assert(GATE_OUTCOME_COUNT <= COUNTERS_MAX, "counters is too small");
_Static_assert(WORKER_OUTCOME_COUNT <= COUNTERS_MAX, "worker_count is too small");

#endif
