/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An interface that the worker serves: its slot in the maps, one socket per receive queue,
 * the tc program on its egress side.
 *
 * Which interfaces: those that carry our XDP program, and nothing but netlink says so.
 * ports_follow() compares what is with what should be, so it does not matter which news came
 * or was lost.
 *
 * The memory of a worker is registered with the kernel once per port, not once for all: then every
 * interface decides alone whether it does zero copy (sockets that share one registration all
 * do or all do not), and nothing of a detached interface stays behind.
 */
#ifndef WORKER_PORT_H
#define WORKER_PORT_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sekisho/map_abi.h>
#include "worker/threads.h"
#include "worker/xsk.h"

struct control;
struct net_link;

struct port {
	uint32_t ifindex, slot, flags, mtu;
	uint8_t mac[6];
	uint32_t child;			 /* PORT_TUNNEL: whose interface it is */
	uint32_t near_ifindex, near_mtu; /* of the other end of its pair, and so on */
	uint8_t near_mac[6];
	uint32_t sa_mtu; /* that its SA wants it to have, written by a worker; 0: not known */
	char name[IF_NAMESIZE];
	uint32_t n_queues; /* receive queues, each with a socket */
	uint32_t n_send;   /* the first so many can also send: there may be fewer to transmit */
	struct xsk_umem *registered[WORKERS_MAX]; /* the memory of each worker */
	struct xsk *queues[PORT_QUEUES];	  /* owned; index: the queue's number */
	bool egress;				  /* the tc program is ours */
	uint64_t closed_ns; /* frames of a closed port rest before they are used again */
};

/* Attach to and let go of interfaces until they are those that carry the gate. */
void ports_follow(struct control *c);
/* Frames of ports closed a while ago are free again. */
void ports_reap(struct control *c);
void ports_close(struct control *c);
/* Take the tc programs off again (--unpin). */
void ports_unhook(struct control *c);
/* Entries of map `ports` that an earlier worker left. */
void ports_forget(struct control *c);
/* Next hops of all workers are asked for anew. */
void hops_flush(struct control *c);
/* The port of that interface, NULL if it is not served. */
struct port *port_find(struct control *c, uint32_t ifindex);

#endif
