/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Anti-replay of one inbound SA (RFC 4303 3.4.3) on the maps: `seq` of struct sa_hot is the
 * highest number authenticated, the ring of RFC 6479 is in sa_window. Written by the threads of the
 * worker, each under the SA's lock; read without. The lock is memory of the process alone, so that a
 * crash never leaves one behind.
 *
 * A packet is asked for twice: replay_check() before decryption, so that old packets cost
 * no crypto, and replay_commit() after its ICV was found good. The second asks again,
 * because twins can share a burst, or come by two queues.
 */
#ifndef WORKER_REPLAY_H
#define WORKER_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sekisho/map_abi.h>

/* A cache line, so that the threads of one SA do not slow down those of its neighbour. */
struct replay_lock {
	uint32_t held;
} __attribute__((aligned(64)));

struct replay {
	struct sa_hot *hot;
	uint64_t *words; /* the ring; NULL where window is 0 */
	uint32_t mask;	 /* words in the ring less one */
	uint32_t window; /* packets; 0 switches the check off */
	struct replay_lock *lock; /* NULL: only one thread has the SA */
};

/* hot, words and lock: where the SA has them. */
struct replay replay_make(struct sa_hot *hot, uint64_t *words, uint32_t window,
			  struct replay_lock *lock);
/* The 64-bit number of a packet whose low half is `low` (RFC 4303 Appendix A2.2). Without
 * ESN that is `low` itself. False: only a number below zero would fit. */
bool replay_infer(const struct replay *r, uint32_t low, bool esn, uint64_t *ret_seq);
/* True: neither seen nor left of the window. Number 0 is never sent (RFC 4303 3.3.3). */
bool replay_check(const struct replay *r, uint64_t seq);
/* The packet was authentic: note it. False: a twin came first, drop it. */
bool replay_commit(struct replay *r, uint64_t seq);

#endif
