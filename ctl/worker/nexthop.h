/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a finished packet goes. The kernel decides (program `route`); the answer is kept
 * until netlink says that routes, neighbours or links changed, or the SPD flips: then the
 * table's generation grows and every kept answer is stale.
 */
#ifndef WORKER_NEXTHOP_H
#define WORKER_NEXTHOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sekisho/map_abi.h>
#include "worker/ip.h"

struct port;
struct worker;

enum hop_kind {
	HOP_NONE,    /* not asked yet */
	HOP_PORT,    /* on the wire of a port */
	HOP_HOST,    /* into this host's stack, which forwards it */
	HOP_LOCAL,   /* into this host's stack, for which it is */
	HOP_PROTECT, /* back through the SPD: outbound SA of `child` */
	HOP_DISCARD, /* the SPD says discard */
	HOP_REJECT,  /* the same, and to answer */
	HOP_NO_ROUTE,
};

struct nexthop {
	uint32_t generation;
	uint8_t kind; /* enum hop_kind */
	uint8_t eth_len;
	uint16_t mtu; /* of the IP packet */
	uint32_t child;
	struct port *port;
	uint8_t eth[ETH_HDR_LEN + VLAN_TAG_LEN];
};

/* Decrypted packets: one entry per inner flow. Direct mapped: a collision costs one question
 * to the kernel (2 us), so 4096 are plenty for a small gateway. */
#define FLOW_MAX 4096u

struct flow_key {
	struct addr_num src, dst;
	uint16_t sport, dport;
	uint8_t proto, tos;
	uint8_t ports_known, zero;
};

struct flow_hop {
	struct flow_key key;
	struct nexthop hop;
};

struct hop_table {
	uint32_t generation; /* from 1: an entry of zeros is stale */
	uint64_t spd_epoch;
	struct flow_hop *flows; /* FLOW_MAX */
};

/* 0 or -ENOMEM. */
int hop_table_init(struct hop_table *t) __attribute__((warn_unused_result));
void hop_table_fini(struct hop_table *t);
/* Everything kept is stale from now on. */
void hop_table_flush(struct hop_table *t);

struct sa_rt;
/* Of the outer packets of an outbound SA: rt->hop, asked anew when stale. */
const struct nexthop *nexthop_outer(struct worker *w, struct sa_rt *rt);
/* Of a decrypted packet. */
const struct nexthop *nexthop_inner(struct worker *w, const struct ip_info *info, uint8_t tos);

#endif
