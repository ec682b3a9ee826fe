/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * VLANs of one and two tags: the interface that stands for the tags of a frame, by which the FIB is
 * asked, and the tags that a frame leaves with. The worker writes both maps from what netlink says.
 */
#ifndef BPF_VLAN_H
#define BPF_VLAN_H

#include "maps.h"
#include "parse.h"

/* The ifindex of the VLAN that the tags (proto * 65536 + vid) make on an interface, or 0: frames of a
 * VLAN that has no interface here are not ours to forward or protect. For the verifier a function. */
__weak __noinline int vlan_find(__u32 ifindex, __u32 outer, __u32 inner)
{
	struct vlan_key key = { .ifindex = ifindex,
				.tag = { { outer >> 16, outer }, { inner >> 16, inner } } };
	__u32 *vlan = bpf_map_lookup_elem(&vlans, &key);

	return vlan ? *vlan : 0;
}

static __always_inline __u32 vlan_ingress(__u32 ifindex, const struct packet *p)
{
	if (!p->tags)
		return ifindex;
	return vlan_find(ifindex, (__u32)p->tag[0].proto << 16 | p->tag[0].vid,
			 (__u32)p->tag[1].proto << 16 | p->tag[1].vid);
}

/* Where what is sent by the interface leaves, and with which tags: a VLAN's, or itself with none. */
static __always_inline struct vlan_key vlan_egress(__u32 ifindex)
{
	struct vlan_key *out = bpf_map_lookup_elem(&vlan_tags, &ifindex);

	return out ? *out : (struct vlan_key){ .ifindex = ifindex };
}

static __always_inline __u32 vlan_tags_len(const struct vlan_key *out)
{
	return ((out->tag[0].proto != 0) + (out->tag[1].proto != 0)) * sizeof(struct vlan_tag);
}

/* The tags and the EtherType behind the MACs; there is room for them all. */
static __always_inline void vlan_write(struct ethhdr *eth, const struct vlan_key *out,
				       __u16 ethertype)
{
	__be16 *at = (void *)eth + 2 * ETH_ALEN;

#pragma unroll
	for (int i = 0; i < VLAN_TAGS; i++) {
		if (!out->tag[i].proto)
			break;
		*at++ = bpf_htons(out->tag[i].proto);
		*at++ = bpf_htons(out->tag[i].vid);
	}
	*at = bpf_htons(ethertype);
}

#endif
