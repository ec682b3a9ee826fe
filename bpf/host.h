/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What this host is: its addresses; what addresses are. */
#ifndef BPF_HOST_H
#define BPF_HOST_H

#include "parse.h"

#define NDP_FIRST 133 /* router solicitation, RFC 4861 4 */
#define NDP_LAST 137  /* redirect */

static __always_inline void addr_write(__u8 to[16], const union addr *a)
{
	__builtin_memcpy(to, a, sizeof(*a));
}

static __always_inline struct addr_val *addr_find(__u32 ifindex, const union addr *a)
{
	struct addr_key key = { .ifindex = ifindex };

	addr_write(key.addr, a);
	return bpf_map_lookup_elem(&addrs, &key);
}

static __always_inline bool host_owns(const union addr *a)
{
	return addr_find(0, a) != NULL;
}

/* What no router passes on, and no policy is asked about: 224.0.0.0/4 and 255.255.255.255;
 * ff00::/8, and fe80::/10, by which neighbours find each other (RFC 4291 2.5.6, 2.7). */
static __always_inline bool is_on_link(const union addr *a)
{
	if (is_v4(a))
		return (a->w[3] & bpf_htonl(0xf0000000)) == bpf_htonl(0xe0000000) ||
		       a->w[3] == 0xffffffff;
	return a->b[0] == 0xff || (a->w[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

/* Neighbour discovery, what ARP is to IPv4. No router has touched it (RFC 4861 7.1). */
static __always_inline bool is_ndp(const struct packet *p)
{
	__u8 type = p->sport >> 8;

	return p->ethertype == ETH_P_IPV6 && p->proto == IPPROTO_ICMPV6 && p->ttl == 255 &&
	       !p->is_fragment && type >= NDP_FIRST && type <= NDP_LAST;
}

/* What the tc program sends into the worker's pair has the interface that the packet wanted to leave
 * by in its source MAC, which means nothing there. */
struct host_tag {
	__u8 mark[2];
	__u8 ifindex[4];
};
#define HOST_TAG_MARK { 0x02, 0x53 }
#define HOST_TAG_OFF ETH_ALEN

static __always_inline struct host_tag host_tag(__u32 ifindex)
{
	struct host_tag tag = { .mark = HOST_TAG_MARK };

	__builtin_memcpy(tag.ifindex, &ifindex, sizeof(ifindex));
	return tag;
}

/* Of a frame of at least an Ethernet header. `otherwise`: for frames that the tc program has not seen. */
static __always_inline __u32 host_tag_read(const __u8 *frame, __u32 otherwise)
{
	const struct host_tag *tag = (const void *)(frame + HOST_TAG_OFF), want = { HOST_TAG_MARK, {} };
	__u32 ifindex;

	if (tag->mark[0] != want.mark[0] || tag->mark[1] != want.mark[1])
		return otherwise;
	__builtin_memcpy(&ifindex, tag->ifindex, sizeof(ifindex));
	return ifindex;
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
