/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What this host is: its addresses, its VLANs, the interfaces that the worker serves. */
#ifndef BPF_HOST_H
#define BPF_HOST_H

#include "parse.h"

static __always_inline void addr_write(__u8 to[16], __be32 v4)
{
	__builtin_memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	__builtin_memcpy(to + 12, &v4, 4);
}

static __always_inline struct addr_val *addr_find(__u32 ifindex, __u16 vlan, __be32 v4)
{
	struct addr_key key = { .ifindex = ifindex, .vlan = vlan };

	addr_write(key.addr, v4);
	return bpf_map_lookup_elem(&addrs, &key);
}

static __always_inline bool host_owns(__be32 v4)
{
	return addr_find(0, 0, v4) != NULL;
}

/* Frames of a VLAN that has no interface here are not ours to forward or protect. */
static __always_inline bool host_has_vlan(__u32 ifindex, const struct packet *p)
{
	struct addr_key key = { .ifindex = ifindex, .vlan = p->vlan };

	if (!p->tags)
		return true;
	return p->tags == 1 && bpf_map_lookup_elem(&addrs, &key);
}

/* 224.0.0.0/4 and 255.255.255.255 */
static __always_inline bool is_group(__be32 v4)
{
	return (v4 & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000) || v4 == 0xffffffff;
}

static __always_inline bool mac_equal(const __u8 *a, const __u8 *b)
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3] && a[4] == b[4] &&
	       a[5] == b[5];
}

static __always_inline void mac_copy(__u8 *to, const __u8 *from)
{
	__builtin_memcpy(to, from, ETH_ALEN);
}

#endif
