/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ESP packets that the road has cut (RFC 791 3.2, RFC 8200 4.5) are put together before they are
 * opened (RFC 4303 3.4.1), and clear packets before they are sealed where the SA carries no fragments: in
 * transport mode (3.3.4), and in tunnel mode where the selectors have ports (RFC 4301 7.2). Bounded in number, size and time; fragments that overlap end their packet
 * (RFC 5722). Where a port has several queues, all fragments of a packet have to come by one.
 */
#ifndef WORKER_REASSEMBLY_H
#define WORKER_REASSEMBLY_H

#include <stdint.h>
#include "worker/frame.h"
#include "worker/ip.h"

#define REASSEMBLY_MAX 64u   /* packets at a time */
#define REASSEMBLY_PARTS 16u /* fragments of one */
#define REASSEMBLY_NS 5000000000ull

struct part {
	struct frame frame;
	uint16_t at, off, len; /* its payload: from data on, of the whole, bytes */
};

struct datagram {
	struct addr_num src, dst;
	uint32_t id;
	uint8_t proto;
	uint8_t n;	/* parts; 0: free */
	uint32_t have;	/* bytes */
	uint32_t total; /* 0: the last one has not come */
	uint64_t since_ns;
	struct part parts[REASSEMBLY_PARTS];
};

struct reassembly {
	struct datagram datagrams[REASSEMBLY_MAX];
	uint32_t n_held; /* frames */
};

struct burst;
struct port;
struct worker;

/* The frame holds a fragment at l3. It is kept; or, where it completes a packet, becomes that, as if it
 * had come whole, with everything else of the first fragment; or is dropped. */
void reassemble(struct worker *w, struct frame *f);
/* The fragments of ESP in the burst; what becomes whole is META_IN. */
void reassemble_all(struct worker *w, struct burst *b);
/* Those that have waited too long are dropped. */
void reassembly_expire(struct worker *w);
/* What came in by a port that goes away. */
void reassembly_forget(struct worker *w, const struct port *port);

#endif
