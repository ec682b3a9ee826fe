/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small world in which the tests of the BPF programs happen: a network namespace of this
 * process with a LAN, a WAN, the worker's veth and more, an instance of its own with ports,
 * addresses, sockets and policies. All fixtures share it; world_init() draws the picture.
 */
#ifndef SUPPORT_BPF_WORLD_H
#define SUPPORT_BPF_WORLD_H

#include "dataplane/dataplane.h"

enum world_if {
	IF_LAN,    /* 10.1.0.1/16, VLAN 5: 10.5.0.1/24; slot 1 */
	IF_WAN,    /* 192.0.2.1/24; slot 2 */
	IF_HOST,   /* the worker's end of the pair; slot 3 */
	IF_DEAD,   /* slot 4, but no socket */
	IF_PLAIN,  /* slot 5, XDP cannot transmit; 10.6.0.1/24 */
	IF_UNSERVED, /* carries the gate, the worker does not know */
	WORLD_IFS
};

#define SA_OUT_MAC "02:00:00:00:02:aa" /* the router on the WAN */

struct world {
	struct dataplane *dp;
	char instance[33];
	uint32_t ifindex[WORLD_IFS];
	uint32_t host_end; /* ifindex of the host's end of the pair */
	uint32_t sa_in, sa_in6, sa_ah, sa_ah_out, sa_out; /* child 1; inbound SPI 0x1001 */
	int sockets[WORLD_IFS];
};

/* The gate's MAC on an interface. */
const char *world_mac(enum world_if i);

/* Why BPF tests cannot run here; NULL: they can. */
const char *world_obstacle(void);
/* Aborts the program with a message when something fails: it is the test's own ground. */
void world_init(struct world *w);
void world_fini(struct world *w);
/* Runs a command line; aborts unless it succeeds. */
void world_run(const char *command);

/* One run of a program over a frame. */
struct world_run {
	uint32_t verdict;
	size_t out_len, meta_len; /* out: metadata, then the frame */
	uint8_t out[4096];
	int outcome; /* the counter that grew by one; -1: none or several did */
};
void world_gate(struct world *w, enum world_if in, const uint8_t *frame, size_t len,
		struct world_run *ret_run);
void world_egress(struct world *w, enum world_if out, const uint8_t *frame, size_t len,
		  struct world_run *ret_run);

#endif
