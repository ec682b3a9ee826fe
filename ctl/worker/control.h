/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the workers have in common: the maps, the ports, the veth pair, what netlink says. The main
 * thread alone changes it, and only while the workers pause (threads.h); they read it without
 * locks.
 */
#ifndef WORKER_CONTROL_H
#define WORKER_CONTROL_H

#include "worker/threads.h"
#include "worker/tunnel.h"
#include "worker/worker.h"

/* The veth pairs: what one frame holds, less what XDP needs on a page (about 3500). */
#define PAIR_MTU 3400u

struct control {
	struct dataplane *dp;
	const struct esp_provider *provider;
	const uint64_t *child_out;	   /* mapped */
	const struct spd_state *spd_state; /* mapped */
	const struct child_tunnel *child_tunnel; /* mapped */
	uint64_t *count_map;		   /* mapped, WORKER_OUTCOME_COUNT; the workers add to it */
	struct net *net;
	const char *instance;				     /* NULL: the default */
	char host_name[IF_NAMESIZE], port_name[IF_NAMESIZE]; /* the veth pair */
	uint32_t host_ifindex;
	uint8_t host_mac[6];
	struct port *host; /* the pair's port end, NULL until it is attached */
	uint32_t gate_id;  /* kernel's id of the gate */
	bool bench_forward;

	struct tunnels tunnels;
	struct port *ports[PORT_MAX];	/* by slot; NULL: free */
	struct port *closed[PORT_MAX];	/* frames still resting */
	uint64_t id_used[XSK_MAX / 64]; /* xsk ids in use */
	uint64_t now_ns;		/* CLOCK_BOOTTIME of the last event */
	bool ports_again;		/* an interface could not be attached: try again soon */
	int attach_error;		/* the last one, so that it is logged once */
	int rp_filter;			/* of `all`, for the same reason */
	uint32_t quarters;		/* of a second: rounds of housekeeping */

	uint32_t n_workers;
	struct worker *workers[WORKERS_MAX];
	struct replay_lock *replay_locks; /* SA_MAX; NULL where there is one worker */
	struct threads threads;
};

/* The worker of a queue, on every port the same. */
static inline struct worker *control_worker(const struct control *c, uint32_t queue)
{
	return c->workers[queue % c->n_workers];
}

/* dp, provider, instance, bench_forward, n_workers are set by the caller. 0 or -errno, a line is
 * logged. */
int control_init(struct control *c) MUST_USE;
void control_fini(struct control *c);
/* Besides the end: take away what outlives a process: tc programs and the veth pair. */
void control_dismantle(struct control *c);
/* Netlink has news. */
void control_net_changed(struct control *c);
/* An interface by which decrypted packets get into this host's stack. */
void host_sysctls(const char *name);
/* Slow work, every quarter of a second. */
void control_housekeeping(struct control *c);

#endif
