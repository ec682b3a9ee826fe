// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Counts frames by what they carry and drops them: an XDP program, or a tc ingress classifier
 * for runs where an XDP program on the receiving veth would cost the sender a copy per frame.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "shared.h"

const volatile __u32 pass_arp = 1; /* ARP and ICMPv6 go on to the stack */
const volatile __u32 snap_max = 0; /* frames of each class to capture */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PS_CLASS_COUNT);
	__type(key, __u32);
	__type(value, struct ps_count);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PS_CLASS_COUNT);
	__type(key, __u32);
	__type(value, __u32);
} snapped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} snaps SEC(".maps");

struct seen {
	enum ps_class class;
	__be16 ethertype;
};

static __always_inline enum ps_class udp_class(void *l4, void *end)
{
	struct udphdr *u = l4;

	if ((void *)(u + 1) <= end && (u->dest == bpf_htons(4500) || u->source == bpf_htons(4500)))
		return PS_NATT;
	return PS_UDP;
}

static __always_inline enum ps_class proto_class(__u8 proto, void *l4, void *end)
{
	switch (proto) {
	case IPPROTO_UDP:
		return udp_class(l4, end);
	case IPPROTO_ESP:
		return PS_ESP;
	case IPPROTO_AH:
		return PS_AH;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return PS_ICMP;
	case IPPROTO_TCP:
		return PS_TCP;
	}
	return PS_OTHER_IP;
}

static __always_inline struct seen classify(void *data, void *end)
{
	struct seen seen = { .class = PS_NON_IP };
	struct ethhdr *e = data;

	if ((void *)(e + 1) > end)
		return seen;
	seen.ethertype = e->h_proto;
	if (e->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(e + 1);

		if ((void *)(ip + 1) <= end) /* our own traffic carries no options */
			seen.class = proto_class(ip->protocol, ip + 1, end);
	} else if (e->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = (void *)(e + 1);

		if ((void *)(ip6 + 1) <= end)
			seen.class = proto_class(ip6->nexthdr, ip6 + 1, end);
	}
	return seen;
}

static __always_inline void count(__u32 class, __u64 len)
{
	struct ps_count *c = bpf_map_lookup_elem(&counters, &class);

	if (c) {
		c->packets++;
		c->bytes += len;
	}
}

/* Room for one more captured frame of this class, or NULL. */
static __always_inline struct ps_capture *snap_begin(__u32 class)
{
	__u32 *n;

	if (!snap_max)
		return NULL;
	n = bpf_map_lookup_elem(&snapped, &class);
	if (!n || *n >= snap_max)
		return NULL;
	__sync_fetch_and_add(n, 1);
	return bpf_ringbuf_reserve(&snaps, sizeof(struct ps_capture), 0);
}

static __always_inline bool goes_on(struct seen seen)
{
	return pass_arp && (seen.ethertype == bpf_htons(ETH_P_ARP) ||
			    (seen.class == PS_ICMP && seen.ethertype == bpf_htons(ETH_P_IPV6)));
}

SEC("xdp.frags")
int ps_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct seen seen = classify(data, end);
	__u64 len = end - data;
	struct ps_capture *s;

	count(seen.class, len);
	s = snap_begin(seen.class);
	if (s) {
		s->len = len;
		if (len > PS_SNAP)
			len = PS_SNAP;
		asm volatile("" : "+r"(len)); /* the register that is checked is the one used */
		s->cap = len;
		if (len < 1 || len > PS_SNAP || bpf_xdp_load_bytes(ctx, 0, s->data, len))
			s->cap = 0;
		bpf_ringbuf_submit(s, 0);
	}
	return goes_on(seen) ? XDP_PASS : XDP_DROP;
}

/* AF_PACKET rings leave all but the Ethernet header in fragments: 62 bytes are what
 * classify() reads at most. */
static __always_inline struct seen classify_skb(struct __sk_buff *skb)
{
	__u32 want = skb->len < 62 ? skb->len : 62;

	if (skb->data_end - skb->data < want)
		bpf_skb_pull_data(skb, want);
	return classify((void *)(long)skb->data, (void *)(long)skb->data_end);
}

SEC("tc")
int ps_tc(struct __sk_buff *skb)
{
	struct seen seen = classify_skb(skb);
	__u64 len = skb->len;
	struct ps_capture *s;

	count(seen.class, len);
	s = snap_begin(seen.class);
	if (s) {
		s->len = len;
		if (len > PS_SNAP)
			len = PS_SNAP;
		asm volatile("" : "+r"(len)); /* the register that is checked is the one used */
		s->cap = len;
		if (len < 1 || len > PS_SNAP || bpf_skb_load_bytes(skb, 0, s->data, len))
			s->cap = 0;
		bpf_ringbuf_submit(s, 0);
	}
	return goes_on(seen) ? TC_ACT_OK : TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
