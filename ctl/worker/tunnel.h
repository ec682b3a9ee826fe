/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interfaces of route-based children: veth pairs like sekisho0, one for each child that map
 * child_tunnel names. What the routing table sends into the near end, NAME, comes out of the far
 * one, NAMEp, where the gate takes it for the child; what is decrypted goes the other way.
 *
 * They live as long as the map says so: neither an SA nor the worker has to be there.
 */
#ifndef WORKER_TUNNEL_H
#define WORKER_TUNNEL_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sekisho/map_abi.h>

struct frame;
struct ip_info;
struct port;
struct control;
struct worker;

#define TUNNEL_PAIRS_MAX (TUNNELS_MAX / 2u)

struct tunnel {
	uint32_t child; /* 0: free */
	char near[IF_NAMESIZE], far[IF_NAMESIZE];
	uint32_t near_ifindex, far_ifindex; /* 0: could not be made, for `error` */
	int error;
};

struct tunnels {
	struct tunnel list[TUNNEL_PAIRS_MAX];
};

/* Make and remove interfaces until they are those of the map, with the MTU of their SAs. */
void tunnels_follow(struct control *c);
/* Those that an earlier worker has left and nobody wants any more. Once, after the first follow. */
void tunnels_prune(struct control *c);
/* --unpin. */
void tunnels_remove(struct control *c);
/* A worker says what MTU the SAs want: keys are of its thread. */
void tunnels_measure(struct worker *w);
/* Whether what comes in an SA of the child goes into its interface, and nowhere else. */
bool tunnel_has(const struct worker *w, uint32_t child);
/* The far end of the child's interface, NULL: not served, or none. */
const struct port *tunnel_port(const struct control *c, uint32_t child);
/* f, a decrypted packet at f->data that f->sa has let in, into the interface of its child. */
void tunnel_deliver(struct worker *w, struct frame *f, const struct ip_info *info);
/* The pair whose far end that is, NULL: none. */
const struct tunnel *tunnel_find(const struct control *c, uint32_t far_ifindex);

#endif
