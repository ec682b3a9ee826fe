/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The outcome of a packet: counted once, and turned into the verdict of its hook. */
#ifndef BPF_COUNT_H
#define BPF_COUNT_H

#include <stdbool.h>
#include "maps.h"

/* Steps return an outcome, or this: the packet goes on to the next step. */
#define NEXT GATE_OUTCOME_COUNT

static __always_inline void count(enum gate_outcome o)
{
	__u32 key = o;
	__u64 *n = bpf_map_lookup_elem(&counters, &key);

	if (n)
		(*n)++;
}

static __always_inline int xdp_verdict(enum gate_outcome o)
{
	switch (o) {
	case GATE_PASS_LOCAL:
	case GATE_PASS_NEIGHBOUR:
	case GATE_PASS_NOT_IP:
	case GATE_PASS_IKE:
	case GATE_PASS_ON_LINK:
	case GATE_PASS_STATION:
	case GATE_PASS_TTL:
	case GATE_PASS_OPTIONS:
	case GATE_PASS_VLAN:
	case GATE_PASS_NO_NEIGHBOUR:
	case GATE_PASS_TOO_BIG:
	case GATE_PASS_NO_XMIT:
	case GATE_PASS_FIB:
	case GATE_PASS_FORWARDING:
		return XDP_PASS;
	case GATE_ARP_REPLY:
	case GATE_NDP_REPLY:
	case GATE_PROXY_REPLY:
	case GATE_FORWARD:
	case GATE_TO_WORKER_OUT:
	case GATE_TO_WORKER_IN:
	case GATE_TO_WORKER_HOLD:
	case GATE_TO_WORKER_REJECT:
	case GATE_TO_WORKER_PMTU:
		return XDP_REDIRECT;
	default:
		return XDP_DROP;
	}
}

#endif
