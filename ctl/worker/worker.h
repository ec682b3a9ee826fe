/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker: everything one thread owns. One turn takes a burst of frames through the
 * stages in worker.c; what it shares with other workers is in control.h.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include "crypto/esp_provider.h"
#include "dataplane/dataplane.h"
#include "net/net.h"
#include "worker/frame.h"
#include "worker/hold.h"
#include "worker/nexthop.h"
#include "worker/pass.h"
#include "worker/port.h"
#include "worker/reassembly.h"
#include "worker/sa_cache.h"
#include "worker/threads.h"
#include "worker/umem.h"

#define XSK_MAX (PORT_MAX * PORT_QUEUES)

/* A frame uses up to three SAs: that which it came in, that which it goes out by, and that of
 * the ICMP error that it becomes instead. */
#define TOUCHED_MAX (3u * BURST_MAX)

struct burst {
	uint32_t n;
	struct frame frame[BURST_MAX];
	uint32_t n_jobs;
	struct esp_job job[BURST_MAX];
	uint16_t job_frame[BURST_MAX]; /* whose job it is */
	uint32_t n_touched;
	struct sa_rt *touched[TOUCHED_MAX]; /* SAs of this burst */
};

struct worker {
	struct control *control;
	uint32_t index; /* among the workers */
	int wake_fd;	/* another thread wants something */

	struct umem umem;
	struct xsk *xsks[XSK_MAX];    /* open ones, dense */
	uint32_t n_xsks, next_xsk;    /* next_xsk: where the next burst starts to look */
	uint32_t to_wake;	      /* workers to which this turn has passed frames */
	struct sa_cache sas;
	struct hop_table hops;
	struct hold hold;
	struct reassembly reassembly;
	struct burst burst;
	uint64_t now_ns;		      /* CLOCK_BOOTTIME at the start of the turn */
	uint64_t icmp_ns;		      /* token bucket of our ICMP errors */
	uint64_t count[WORKER_OUTCOME_COUNT]; /* not yet in the map */
	struct pass_ring inbox[WORKERS_MAX];  /* by who gives */
};

static inline void count_add(struct worker *w, enum worker_outcome o, uint64_t n)
{
	w->count[o] += n;
}

/* A new worker, number `index`; NULL: no memory. */
struct worker *worker_new(struct control *c, uint32_t index);
/* Its sockets are closed. */
void worker_free(struct worker *w);
/* One burst from all sockets through all stages. Returns how many frames there were. */
uint32_t worker_turn(struct worker *w);
/* How long to wait for events where a turn had nothing to do; -1: for ever. */
int worker_patience_ms(const struct worker *w);
/* Slow work, between turns. */
void worker_chores(struct worker *w);
void worker_rings_serve(struct worker *w); /* flush, complete and fill every socket */
uint64_t worker_clock_ns(void);		   /* CLOCK_BOOTTIME */

/* turn_out.c, turn_in.c: the stages of one direction on the frames of the burst. */
void turn_in(struct worker *w, struct burst *b);
void turn_out(struct worker *w, struct burst *b);
/* The outbound SA of a child now; 0: none. */
uint32_t turn_child_sa(const struct worker *w, uint32_t child);
/* Shared by both: note that the burst uses the SA; false: it is over (f->drop is set). */
bool turn_use_sa(struct worker *w, struct burst *b, struct frame *f, uint8_t dir);
/* A free place in the burst for a frame that the worker makes, NULL: none. */
struct frame *burst_add(struct burst *b);
/* Send f (an IP packet at f->data) by that hop, HOP_PORT or HOP_HOST: Ethernet header and
 * socket. */
void turn_send(struct worker *w, struct frame *f, const struct nexthop *hop);
/* Send f, an IP packet at f->data, into this host's stack. */
void turn_send_host(struct worker *w, struct frame *f);
/* The same, into the pair of which `port` is the far end and `mac` the MAC of the near one. */
void turn_send_pair(struct worker *w, struct frame *f, const struct port *port,
		    const uint8_t mac[6]);
/* An SA reached a soft or hard limit: tell the controller, once. */
void sa_report(struct worker *w, struct sa_rt *rt, uint32_t type);

#endif
