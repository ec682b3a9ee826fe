/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the worker keeps of an SA while it uses it: the expanded key, the outer header, the
 * next hop. The maps are the truth; an entry is valid as long as sa_val.gen is what it was
 * when it was built: delete, reuse and move of an SA all change it. Counters of a burst
 * gather here and go to the mapped sa_hot once per turn.
 */
#ifndef WORKER_SA_CACHE_H
#define WORKER_SA_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sekisho/map_abi.h>
#include "base/must.h"
#include "crypto/esp_provider.h"
#include "dataplane/dataplane.h"
#include "worker/nexthop.h"
#include "worker/outer.h"
#include "worker/replay.h"
#include "worker/ts.h"

struct sa_rt {
	/* One cache line: read for every packet. */
	struct esp_key *key;
	struct sa_hot *hot;
	uint64_t next_seq, end_seq; /* numbers taken for this burst: next_seq .. end_seq - 1 */
	uint64_t hard_ns;	    /* CLOCK_BOOTTIME, 0: never */
	uint32_t gen, spi, index;
	uint32_t wanted;  /* sequence numbers to take for this burst */
	uint32_t packets; /* of this burst */
	uint8_t flags, dir;
	bool touched;
	uint8_t mode; /* enum sa_mode */
	/* Outer headers and next hop of every outbound packet, the rest seldom. */
	uint64_t bytes; /* of this burst */
	uint64_t soft_packets, hard_packets, soft_bytes, hard_bytes;
	struct replay replay; /* SA_IN */
	uint32_t child;
	uint16_t tfc;
	uint8_t dscp;
	uint8_t proto;	     /* ESP or AH */
	uint8_t ah_icv_room; /* of AH: ICV and padding */
	struct outer outer;
	struct nexthop hop;	  /* of outer packets, SA_OUT */
	struct addr_num src, dst; /* of the outer header */
	struct ts_set ts;
};

_Static_assert(offsetof(struct sa_rt, bytes) == 64, "the hot part is a cache line");

struct sa_cache {
	struct dataplane *dp;
	const struct esp_provider *provider;
	const struct sa_val *val; /* mapped */
	struct sa_hot *hot;	  /* mapped */
	struct sa_window *windows; /* mapped */
	struct replay_lock *locks; /* SA_MAX, shared by all threads; NULL: there is one */
	struct sa_rt *rt[SA_MAX];
};

void sa_cache_init(struct sa_cache *c, struct dataplane *dp, const struct esp_provider *provider,
		   struct replay_lock *locks);
void sa_cache_fini(struct sa_cache *c);
/* The SA at `index`, built if need be. NULL: no such SA of that direction, or one that this
 * worker cannot serve. */
struct sa_rt *sa_cache_get(struct sa_cache *c, uint32_t index, uint8_t dir) MUST_USE;
/* Still the SA that the entry was built from? */
bool sa_cache_valid(const struct sa_cache *c, const struct sa_rt *rt);
/* Free what is deleted or replaced. Called when no burst is on its way. */
void sa_cache_sweep(struct sa_cache *c);
/* Fill an entry from values, without maps; then say where its mapped part is. window: the SA's blocks,
 * which an outbound one has none of. */
int sa_rt_fill(struct sa_rt *rt, const struct esp_provider *provider, const struct sa_val *val,
	       const struct sa_ts *ts, const struct sa_secret *secret) MUST_USE;
void sa_rt_map(struct sa_rt *rt, struct sa_hot *hot, struct sa_window *window,
	       struct replay_lock *lock);
void sa_rt_clear(struct sa_rt *rt);

#endif
