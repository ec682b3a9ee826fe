/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What pktgen shares with its BPF program, and pktsink with its own. Host order throughout. */
#ifndef BENCH_SHARED_H
#define BENCH_SHARED_H

#include <linux/types.h>

/* Pacing below a nanosecond: times are kept in units of 2^-PG_FP ns. */
#define PG_FP 10
/* A pacer that fell behind by more than this gives the frames up and starts afresh. */
#define PG_RESYNC_NS 1000000ull

/* One slot of the template table. frame_len: bytes on the wire; copy_len: how many of them are
 * rewritten each time (the headers where the payload does not matter, all of a sealed packet). */
struct pg_tmpl {
	__u16 frame_len;
	__u16 copy_len;
	__u32 zero;
	__u8 data[];
};

/* Written by the BPF program, read by user space through a mapping. */
struct pg_state {
	__u64 next_fp; /* when the next frame is due, ns << PG_FP, CLOCK_MONOTONIC */
	__u64 sent;    /* frames handed to the device */
	__u64 bytes;   /* their Ethernet bytes, no FCS */
	__u64 spins;   /* passes that found no frame due */
	__u64 resync;  /* times the pacer fell behind by PG_RESYNC_NS */
	__u64 idx;     /* next template */
	__u64 zero[2];
};

/* Constants of the generator, set before it is loaded. */
struct pg_const {
	__u32 ifindex;
	__u32 n_tmpl;
	__u32 randomise; /* pick templates at random, not in turn */
	__u32 max_copy;
	__u32 base_len; /* length of the frames that the kernel hands us */
	__u32 once;	/* stop after one pass over the table */
	__u64 interval_fp;
	__u64 limit; /* frames to send; 0: no limit */
};

/* What the sink tells frames apart by. */
#define PS_CLASSES(X)                                                                              \
	X(UDP, "udp")                                                                              \
	X(NATT, "udp4500")                                                                         \
	X(ESP, "esp")                                                                              \
	X(AH, "ah")                                                                                \
	X(ICMP, "icmp")                                                                            \
	X(TCP, "tcp")                                                                              \
	X(OTHER_IP, "ip-other")                                                                    \
	X(NON_IP, "non-ip")

enum ps_class {
#define X(name, text) PS_##name,
	PS_CLASSES(X)
#undef X
		PS_CLASS_COUNT
};

struct ps_count {
	__u64 packets;
	__u64 bytes;
};

#define PS_SNAP 2048u /* bytes kept of a captured frame */
struct ps_capture {
	__u32 len; /* on the wire */
	__u32 cap; /* valid bytes of data */
	__u8 data[PS_SNAP];
};

#endif
