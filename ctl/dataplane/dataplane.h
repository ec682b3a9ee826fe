/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pinned maps seen from user space: the only code that touches their layout, and with
 * the worker's sockets the only user of libbpf. The worker creates (loads and pins), the
 * controller and the command line open what is pinned.
 *
 * All functions return 0 or -errno; `ret_` arguments are untouched on failure.
 */
#ifndef DATAPLANE_DATAPLANE_H
#define DATAPLANE_DATAPLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/addr.h"
#include <sekisho/drop_reason.h>
#include <sekisho/map_abi.h>
#include <sekisho/route.h>

#define DP_PATH_MAX 128

struct dataplane; /* open file descriptors and mappings of one instance */

/* Directory of an instance: /sys/fs/bpf/sekisho or /sys/fs/bpf/sekisho@NAME. instance: NULL for
 * the default. A name is [A-Za-z0-9_-]{1,32} (bpffs allows no dots); -EINVAL otherwise. */
int dp_pin_dir(const char *instance, char *ret_path, size_t size) MUST_USE;
/* Where the sockets of an instance live: /run/sekisho or /run/sekisho@NAME. */
int dp_run_dir(const char *instance, char *ret_path, size_t size) MUST_USE;

/* Worker: load the programs, reuse the maps that are pinned (their contents stay), pin what
 * is not. A half set of pins, left by a crash, is completed; SAs or policies of which a part
 * is missing are dropped as a whole, for a lost sequence number would repeat a nonce. Programs
 * that are pinned already are kept if they are the same, else their pins are replaced.
 * -EPROTO: the pins are of another ABI; -ENODEV: no bpffs; -EPERM: not permitted. */
int dp_create(const char *instance, struct dataplane **ret_dp) MUST_USE;
/* Controller and command line: -ENOENT when no worker has made the pins yet. */
int dp_open(const char *instance, bool may_write, struct dataplane **ret_dp) MUST_USE;
void dp_close(struct dataplane *dp);
/* Remove all pins of an instance (`sekisho-worker --unpin`). 0 too when there are none. */
int dp_unpin(const char *instance) MUST_USE;
/* False when the pins are gone, or are others by now: what dp has open serves nobody any more. */
bool dp_is_pinned(const struct dataplane *dp);
/* What an error of the three functions above means and what helps, for the log. */
const char *dp_explain(int error);

/* One worker per instance: the lock is held as long as *ret_fd is open, and no longer than the
 * process lives. The run directory is made if it is missing. -EWOULDBLOCK: another
 * worker runs, and went on running for two seconds. */
int dp_worker_lock(const char *instance, int *ret_fd) MUST_USE;
bool dp_worker_is_alive(const char *instance);

/* File descriptors for who needs the map or program itself (owned by dp). Names as in bpf/:
 * programs "gate", "egress", "route", "report"; maps as in map_abi.h. -1: no such thing. */
int dp_map_fd(const struct dataplane *dp, const char *name);
int dp_prog_fd(const struct dataplane *dp, const char *name);
/* The kernel's id of a program, as netlink reports attached ones; 0: no such program. */
uint32_t dp_prog_id(const struct dataplane *dp, const char *name);

/* Mappings of the mmapable maps, arrays over all indices; NULL where the map is not open. */
struct sa_hot *dp_sa_hot(const struct dataplane *dp);
const struct sa_val *dp_sa(const struct dataplane *dp);
struct sa_window *dp_sa_window(const struct dataplane *dp);
const uint64_t *dp_child_out(const struct dataplane *dp);
const struct spd_state *dp_spd_state(const struct dataplane *dp);
struct sample_state *dp_sample_state(const struct dataplane *dp);
uint64_t *dp_worker_count(const struct dataplane *dp); /* WORKER_OUTCOME_COUNT of them */

/* ---- SPD ------------------------------------------------------------------------ */

struct spd_policy {
	struct ts_val local, remote;
	enum spd_action action;
	uint32_t child;    /* slot, with SPD_PROTECT */
	uint32_t ifindex;  /* 0: any; see spd_val */
	enum spd_dir dir;  /* SPD_BOTH with SPD_PROTECT */
	bool is_answered;  /* with SPD_DISCARD: by ICMP */
	uint32_t priority; /* smaller first; equal ones keep the order of the array */
};

/* Replace the whole SPD in one flip: a packet sees the old one or the new one.
 * -E2BIG: more than SPD_MAX policies; nothing has changed then. */
int spd_replace(struct dataplane *dp, const struct spd_policy *policies, size_t n,
		enum spd_action default_action) MUST_USE;
/* Who forwards what is bypassed; from the next packet on. */
int spd_forwarding(struct dataplane *dp, enum forwarding forwarding) MUST_USE;
/* How many packets wait for the first SA of a child, and how long; for those that come now. */
int spd_hold(struct dataplane *dp, uint32_t packets, uint32_t ms) MUST_USE;
/* How many policies are in force. */
size_t spd_count(const struct dataplane *dp);
/* Read back the policies in force, in order. Returns their number, or -errno. */
int spd_list(struct dataplane *dp, struct spd_policy *ret_policies, size_t max) MUST_USE;
/* The linear reference: index of the first policy that matches the flow, or -1. A flow's
 * ports are 0 where the protocol has none. */
struct spd_flow {
	struct ip_addr local, remote;
	uint16_t local_port, remote_port;
	uint8_t proto;
	uint8_t dir;      /* enum spd_dir, not SPD_BOTH */
	uint32_t ifindex; /* not 0 where policies name interfaces */
};
int spd_match(const struct spd_policy *policies, size_t n, const struct spd_flow *flow);
/* The switch of a rekey: policies of `child` use outbound SA `sa` from now on (0: none). */
int spd_switch(struct dataplane *dp, uint32_t child, uint32_t sa) MUST_USE;

/* ---- Child SA slots --------------------------------------------------------------- */

/* The slot of "CONNECTION/CHILD": the one that has the name already, else a free one, which
 * gets the name. -ENOSPC: CHILD_MAX reached; -ENAMETOOLONG. */
int child_slot(struct dataplane *dp, const char *name, uint32_t *ret_child) MUST_USE;
/* The slot is free again; the caller has deleted its SAs and policies. */
int child_slot_free(struct dataplane *dp, uint32_t child) MUST_USE;
/* "" for a free slot. */
int child_slot_name(struct dataplane *dp, uint32_t child, struct child_name *ret_name) MUST_USE;

/* Route-based child: the name of its interface, "": policies say what goes in. -ENAMETOOLONG. */
int child_tunnel_set(struct dataplane *dp, uint32_t child, const char *name) MUST_USE;
/* Worker: CHILD_MAX of them. */
const struct child_tunnel *dp_child_tunnel(const struct dataplane *dp);
/* Worker: what comes by this end of the interface is of that child; or is not any more. */
int tunnel_set(struct dataplane *dp, uint32_t ifindex, uint32_t child) MUST_USE;
int tunnel_clear(struct dataplane *dp, uint32_t ifindex) MUST_USE;

/* ---- SAD ------------------------------------------------------------------------ */

struct sad_sa {
	struct sa_val val; /* gen and window_at are set by sad_add */
	struct sa_ts ts;
	struct sa_secret secret; /* the caller wipes its copy */
};

/* A free index, taken in first-out-last-in order so that an index rests before it is used
 * again. -ENOSPC: SA_MAX reached. sad_release gives one back that was never added. */
int sad_alloc(struct dataplane *dp, uint32_t *ret_sa) MUST_USE;
void sad_release(struct dataplane *dp, uint32_t sa);
/* Install at `sa`: everything is written before the SA is published in `sad`. An outbound SA
 * carries nothing until spd_switch. -EEXIST: destination, protocol and SPI are
 * taken, or the index is. -ENOSPC: no room for its window. */
int sad_add(struct dataplane *dp, uint32_t sa, const struct sad_sa *what) MUST_USE;
/* Unpublish, then wipe the secret. If child_out still points at it, that is cleared first. */
int sad_delete(struct dataplane *dp, uint32_t sa) MUST_USE;
/* A consistent copy of a published SA for the worker's cache. -ENOENT: not (any more) in use.
 * The cache is good as long as dp_sa()[sa].gen equals ret_val->gen. Outbound: compare once more
 * after the sequence number was taken from sa_hot and before it is used; if gen has changed
 * the number may belong to the next SA of this index, and the packet is dropped. */
int sad_read(const struct dataplane *dp, uint32_t sa, struct sa_val *ret_val) MUST_USE;
/* A peer moved (NAT, MOBIKE): new outer addresses and ports of a published SA. */
int sad_move(struct dataplane *dp, uint32_t sa, const struct ip_addr *src,
	     const struct ip_addr *dst, uint16_t encap_sport, uint16_t encap_dport) MUST_USE;
/* Calls `each` for every published SA until it returns non-zero, which is returned. */
int sad_each(struct dataplane *dp,
	     int (*each)(uint32_t sa, const struct sad_key *, const struct sa_val *,
			 const struct sa_ts *, const struct sa_hot *, void *arg),
	     void *arg) MUST_USE;
/* Key material of an SA (worker only; read once per SA, wiped by the caller). */
int sad_secret(struct dataplane *dp, uint32_t sa, struct sa_secret *ret_secret) MUST_USE;
int sad_ts(struct dataplane *dp, uint32_t sa, struct sa_ts *ret_ts) MUST_USE;

/* ---- Interfaces and routes (worker) ------------------------------------------------ */

int port_set(struct dataplane *dp, uint32_t ifindex, const struct port_val *port) MUST_USE;
int port_clear(struct dataplane *dp, uint32_t ifindex) MUST_USE; /* 0 too if not there */
/* Whether XDP can transmit on the interface now (flag PORT_XMIT): the kernel's own word where
 * it gives one (6.3 and later), else false. It changes with the peer of a veth. */
bool port_can_xmit(uint32_t ifindex);
int ports_count(struct dataplane *dp, uint32_t *ret_count) MUST_USE; /* interfaces served */
int xsk_set(struct dataplane *dp, uint32_t slot, uint32_t queue, int socket_fd) MUST_USE;
int xsk_clear(struct dataplane *dp, uint32_t slot, uint32_t queue) MUST_USE;
/* The host's end of the worker's veth, where the tc program sends packets; 0: none. */
int host_if_set(struct dataplane *dp, uint32_t ifindex) MUST_USE;

/* An address of this host on an interface (map addrs). mac: what ARP answers. */
struct addr_entry {
	uint32_t ifindex;
	uint8_t mac[6];
	struct ip_addr addr;
};
/* All of them at once: new ones are added before old ones go, so there is no gap. Each is
 * local wherever it arrives, too. An entry with ifindex 0 is local only. */
int addrs_replace(struct dataplane *dp, const struct addr_entry *entries, size_t n) MUST_USE;

/* The interface of a VLAN: the interface below all its tags, and these (maps vlans, vlan_tags). */
struct vlan_entry {
	uint32_t ifindex;
	struct vlan_key on;
};
int vlans_replace(struct dataplane *dp, const struct vlan_entry *entries, size_t n) MUST_USE;

/* Virtual addresses of peers that the gate answers for (map proxy): all of them at once, as above. */
int proxy_replace(struct dataplane *dp, const struct ip_addr *addrs, size_t n) MUST_USE;

/* Ask the program `route` (route.h), in the network namespace of the calling thread: fills the
 * second half of *query. About 2 us. Own packets need forwarding on lo, as ip_forward sets. */
int route_lookup(struct dataplane *dp, struct route_query *query) MUST_USE;

/* ---- Counters and events --------------------------------------------------------- */

/* Sums over all CPUs. */
int counters_gate(struct dataplane *dp, uint64_t ret_count[GATE_OUTCOME_COUNT]) MUST_USE;
int counters_worker(struct dataplane *dp, uint64_t ret_count[WORKER_OUTCOME_COUNT]) MUST_USE;
const char *counters_gate_name(enum gate_outcome o); /* "DROP_NO_SA" */
const char *counters_gate_text(enum gate_outcome o);
const char *counters_worker_name(enum worker_outcome o);
const char *counters_worker_text(enum worker_outcome o);

/* The consumer of both ring buffers: one process, the controller. fd is for poll. on_sample may be
 * NULL: samples stay where they are. */
struct dp_sinks {
	void (*on_event)(const struct event *, void *arg);
	void (*on_sample)(const struct drop_sample *, void *arg);
};
struct dp_events;
int dp_events_open(struct dataplane *dp, const struct dp_sinks *sinks, void *arg,
		   struct dp_events **ret_events) MUST_USE;
int dp_events_fd(const struct dp_events *ev);
int dp_events_read(struct dp_events *ev);
void dp_events_close(struct dp_events *ev);
/* Controller: what is dropped in the next ms milliseconds is sampled. */
int dp_samples_watch(struct dataplane *dp, uint32_t ms) MUST_USE;
/* Worker: put an event into the ring, by BPF_PROG_TEST_RUN of the program "report". */
int dp_report(struct dataplane *dp, const struct event *what) MUST_USE;
/* The same for a sample that sample_take() allowed, by "drop". */
int dp_sample(struct dataplane *dp, const struct drop_sample *what) MUST_USE;

#endif
