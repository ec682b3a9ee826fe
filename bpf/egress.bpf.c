// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The tc egress program of every attached interface: the SPD's outbound side for what leaves
 * through the host's stack, so that nothing that wants protection leaves in clear even when
 * the gate gave it to the kernel. What is to be protected goes into the worker's veth, at
 * whose other end the gate takes it.
 */
#include <linux/pkt_cls.h>
#include "fragment.h"
#include "maps.h"
#include "parse.h"
#include "quote.h"
#include "sample.h"
#include "spd.h"
#include <sekisho/esp.h>

/* Ethernet, two tags, IPv6 with its extension headers (IPv4 and its options are shorter): what
 * parse() may look at; then UDP, or an ICMP error up to the ports that it quotes. */
#define HEADERS_MAX (14 + 2 * 4 + IPV6_HEADER_LEN + EXT_BYTES_MAX + QUOTE_MAX)

/* IPsec's own packets (RFC 4301 4.4.1: the SPD must not catch them): IKE, ESP in UDP, ESP. */
static __always_inline bool is_ipsec(const struct packet *p)
{
	if (!host_owns(&p->saddr))
		return false;
	if (p->proto == IPPROTO_NUM_ESP || p->proto == IPPROTO_NUM_AH)
		return true;
	return p->proto == IPPROTO_UDP && (p->sport == IKE_PORT || p->sport == NATT_PORT);
}

static __always_inline bool is_for_spd(const struct packet *p)
{
	return p->ethertype != ETH_P_ARP && !is_on_link(&p->daddr) && !is_ndp(p) && !is_ipsec(p);
}

/* Where the packet goes out, and where it came in; in 0: this host made it. Read once, and at once:
 * clang 19 would keep a pointer into the context, which the verifier does not allow. */
struct links {
	__u32 out, in;
};

static __always_inline struct links links_of(const struct __sk_buff *skb)
{
	return (struct links){ *(volatile const __u32 *)&skb->ifindex,
			       *(volatile const __u32 *)&skb->ingress_ifindex };
}

/* The interface that policies speak of. */
static __always_inline __u32 policy_ifindex(const struct links *l)
{
	return l->in ?: l->out;
}

static __always_inline enum gate_outcome into_host_if(const struct links *l, __u32 *ret_ifindex)
{
	__u32 zero = 0;
	struct host_if_val *host = bpf_map_lookup_elem(&host_if, &zero);

	if (!host || !host->ifindex)
		return GATE_DROP_EGRESS;
	if (host->ifindex == l->out)
		return GATE_EGRESS_PASS; /* it is on its way into the pair already */
	*ret_ifindex = host->ifindex;
	return GATE_EGRESS_PROTECT;
}

/* A forwarded packet that came in an SA or was let in has its match in the other direction, or it
 * came by the interface of a route-based child. */
static __always_inline bool is_allowed(const struct spd_view *view, const struct packet *p,
				       __u32 ifindex)
{
	bool is_bypass;

	if (bpf_map_lookup_elem(&tunnels, &ifindex))
		return true;
	return spd_inbound(view, p, ifindex, &is_bypass) == GATE_DROP_CLEAR_IN || is_bypass;
}

/* The worker answers to what this host itself says. Forwarded packets met the gate before. */
static __always_inline enum gate_outcome reject(const struct links *l, __u32 *ret_ifindex)
{
	if (l->in || into_host_if(l, ret_ifindex) != GATE_EGRESS_PROTECT)
		return GATE_DROP_POLICY;
	return GATE_EGRESS_REJECT;
}

static __always_inline enum gate_outcome decide(const struct links *l, struct packet *p,
						__u32 *ret_ifindex)
{
	enum gate_outcome o = parse(p);
	struct spd_view view;
	__u32 child = 0;

	if (o == NEXT)
		fragment_ports(p, policy_ifindex(l));
	if (o == GATE_PASS_NOT_IP || (o == NEXT && !is_for_spd(p)))
		return GATE_EGRESS_PASS;
	if (o != NEXT)
		return o;
	if (!spd_view(&view))
		return GATE_DROP_BUG;
	if (!view.epoch && l->in)
		return GATE_DROP_NO_SPD; /* forwarded; what the host itself says goes on */
	__u32 ifindex = policy_ifindex(l);
	struct flow f = flow_out(p, ifindex);
	bool has_leave = spd_is_open(&view) || is_allowed(&view, p, ifindex);
	o = spd_outbound(&view, &f, has_leave, &child);
	if (o == GATE_TO_WORKER_OUT)
		return into_host_if(l, ret_ifindex);
	if (o == GATE_TO_WORKER_REJECT)
		return reject(l, ret_ifindex);
	if (o != NEXT)
		return o;
	return quotes_protected(&view, p) ? GATE_DROP_QUOTE : GATE_EGRESS_BYPASS;
}

static __always_inline int redirect(struct __sk_buff *skb, const struct links *l, __u32 ifindex)
{
	struct host_tag tag = host_tag(policy_ifindex(l));

	if (bpf_skb_store_bytes(skb, HOST_TAG_OFF, &tag, sizeof(tag), 0))
		return TC_ACT_SHOT;
	return bpf_redirect(ifindex, 0);
}

static __noinline void sample_tc(struct __sk_buff *skb, enum gate_outcome o)
{
	__u32 len = skb->len;
	struct drop_sample *s = sample_begin(len);

	if (!s)
		return;
	s->ifindex = skb->ifindex;
	s->where = SAMPLE_EGRESS;
	s->outcome = o;

	__u32 n = sample_size(len);
	if (n && !bpf_skb_load_bytes(skb, 0, s->head, n))
		s->head_len = n;
	bpf_ringbuf_submit(s, 0);
}

SEC("tc")
int egress(struct __sk_buff *skb)
{
	struct links l = links_of(skb);
	__u32 ifindex = 0, want = skb->len < HEADERS_MAX ? skb->len : HEADERS_MAX;

	if ((void *)(long)skb->data + want > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, want);
	struct packet p = {
		.data = (void *)(long)skb->data,
		.end = (void *)(long)skb->data_end,
		.frame_len = skb->len,
	};
	enum gate_outcome o = decide(&l, &p, &ifindex);
	count(o);
	if (o == GATE_EGRESS_PROTECT || o == GATE_EGRESS_REJECT)
		return redirect(skb, &l, ifindex);
	if (o == GATE_EGRESS_BYPASS || o == GATE_EGRESS_PASS)
		return TC_ACT_OK;
	sample_tc(skb, o);
	return TC_ACT_SHOT;
}
