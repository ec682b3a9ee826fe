/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The question that the worker puts to the program `route` by BPF_PROG_TEST_RUN, and its
 * answer: what becomes of an IP packet that the worker is about to send. The struct is the
 * "packet" of the test run; the program fills in the second half.
 */
#ifndef SEKISHO_ROUTE_H
#define SEKISHO_ROUTE_H

#include <sekisho/map_abi.h>

enum route_result {
	ROUTE_KERNEL,      /* unusual (no neighbour, multipath encap, ...): give it to the stack;
			    * ifindex is set where only the neighbour is missing */
	ROUTE_FORWARD,     /* send on ifindex from smac to dmac; up to mtu bytes */
	ROUTE_LOCAL,       /* the destination is this host */
	ROUTE_UNREACHABLE, /* unreachable, blackhole, prohibited: drop, or answer by ICMP */
	ROUTE_TOO_BIG,     /* total_len is more than mtu; ifindex and the MACs are not known */
	ROUTE_PROTECT,     /* the SPD's outbound side: protect with outbound SA `sa` of `child` */
	ROUTE_HOLD,        /* the same, but `child` has no SA yet; the acquire is sent */
	ROUTE_DISCARD,     /* the SPD says discard, or cannot decide for a fragment */
	ROUTE_REJECT,      /* the SPD says discard, and to answer */
};

/* The packet was made by this host (outer ESP): no SPD, and routed as the host's own. */
#define ROUTE_OWN 0x1u

#define ROUTE_LATER_FRAGMENT 0x2u /* no ports in it (fragment offset is not 0) */

struct route_query {
	/* question */
	struct ip_addr saddr, daddr; /* of one family */
	__u32 ingress;          /* ifindex it came in by; ignored with ROUTE_OWN */
	__u16 total_len;        /* of the packet; 0: any, ask for the MTU */
	__u16 sport, dport;     /* host order; 0 where the protocol has none */
	__u8 proto, tos;
	__u32 flags;            /* ROUTE_OWN, ROUTE_LATER_FRAGMENT */
	/* answer */
	__u32 result;           /* enum route_result */
	__u32 ifindex;
	__u32 mtu;
	__u32 sa, child;
	__u8 smac[6], dmac[6];
	__u32 zero;
};

_Static_assert(sizeof(struct route_query) == 84, "no hidden padding");

#endif
