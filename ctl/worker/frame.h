/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame on its way through one turn of the worker, and the burst that holds them.
 * A stage never returns early for a frame: it sets `drop` and goes on; the last stage sends
 * or frees all of them.
 */
#ifndef WORKER_FRAME_H
#define WORKER_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <sekisho/drop_reason.h>
#include <sekisho/xsk_meta.h>

struct sa_rt;
struct xsk;

/* RX is no reason to drop, so its value says: go on. */
#define FRAME_KEEP WORKER_RX

/* Beside enum meta_kind: a finished frame, nothing left to do but to send it. */
#define FRAME_SEND 0x80u

struct frame {
	uint8_t *data;	    /* first byte of what is there now, first byte sent in the end */
	uint32_t len;	    /* bytes from data */
	uint16_t l3, esp;   /* offsets of the IP and the ESP header from data */
	uint8_t kind;	    /* enum meta_kind or FRAME_SEND */
	uint8_t drop;	    /* enum worker_outcome, FRAME_KEEP while alive */
	bool decrypted;	    /* it came in an SA: its TTL is as the peer sent it */
	bool may_cut;	    /* out: so may be the ESP packet, as its sender did before, or by routers */
	uint16_t inner_len; /* out: of the clear packet */
	uint16_t padded;    /* out: its length with TFC padding, where it has some */
	uint16_t pieces_at, n_pieces; /* places in the burst of what is sent instead of it */
	uint32_t sa_index;  /* as the gate said */
	uint32_t child;
	struct sa_rt *sa; /* once admitted to it */
	struct xsk *in, *out;
	uint64_t seq; /* ESP sequence number, 64 bits */
};

/* 64: the rings' natural batch; two lines per packet stay in the first-level cache. */
#define BURST_RX 64u
/* Room for fragments and released held packets besides what is received. */
#define BURST_MAX 256u

#endif
