/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The SADB contract: every pinned map, its key and its value (DESIGN rule 1).
 * bpf/ and ctl/ compile this file; nobody copies it.
 *
 * Who writes what (one writer per map, or per field where said):
 *
 *   controller  sample_state spd_state spd_tree spd child_out child_name sad sa sa_ts sa_secret
 *               child_tunnel, proxy, and sa_hot, sa_window of an SA that is not published yet
 *   worker      ports addrs xsks host_if tunnels worker_count and sa_hot, sa_window of published SAs
 *   programs    counters child_acq events samples natt_frags flow_frags spd_cache
 *
 * An SA is published last: first sa, sa_ts, sa_secret and sa_hot of a free index,
 * then sad (inbound: packets find it) or child_out (outbound: policies use it).
 *
 * Addresses are 16 bytes in network order; an IPv4 address is ::ffff:a.b.c.d.
 * All other numbers are in host order, so that a `bpftool map dump` reads like
 * `sekisho sas` does. No struct here holds padding that is not named.
 */
#ifndef SEKISHO_MAP_ABI_H
#define SEKISHO_MAP_ABI_H

#include <linux/types.h>

#define SEKISHO_ABI 4u /* in spd_state; a worker refuses pins of another ABI */

/* Sizes of the maps. Preallocated, so chosen for the memory of a small gateway:
 * 8192 SAs take about 5 MiB, the policies of both generations 40 MiB. */
#define SA_MAX 8192u         /* index 0 is never used: it means "no SA" */
#define CHILD_MAX 4096u      /* Child SA slots; 0 means "none" */
#define SPD_MAX 131072u      /* policies of one generation */
#define SPD_TREE_MAX 131072u /* nodes of one generation */
#define PORT_MAX 64u         /* attached interfaces */
#define PORT_QUEUES 64u      /* receive queues of one interface */
#define ADDR_MAX 4096u
#define COUNTERS_MAX 64u /* outcomes of a list: more than there are, so that lists may grow */
#define EVENTS_BYTES (256u * 1024u) /* ring buffer: some 3000 events */

struct ip_addr {
	__u8 b[16];
};

/* A 128-bit address as two host-order halves: ranges compare without loops. */
struct addr_num {
	__u64 hi, lo;
};

/* Both ends inclusive (RFC 4301 4.4.1.1 address ranges). IPv4 when both ends are; every other
 * range is IPv6 and holds no IPv4 address, not even ::/0 does. */
struct addr_range {
	struct addr_num first, last;
};

/* One side of a traffic selector, RFC 7296 3.13.1, host order, inclusive. Ports of ICMP and
 * ICMPv6 are type * 256 + code of the message, at both sides. */
struct ts_val {
	struct addr_range addr;
	__u16 port_first, port_last; /* 0..65535: any */
	__u8 proto;                  /* 0: any */
	__u8 zero[3];
};

/* ---- SPD: RFC 4301 4.4.1 ------------------------------------------------------- */

enum spd_action {
	SPD_BYPASS,
	SPD_DISCARD,
	SPD_PROTECT,
};

/* RFC 4301 4.4.1: SPD-I, SPD-O. */
enum spd_dir {
	SPD_BOTH,
	SPD_IN,	 /* clear packets that come from remote */
	SPD_OUT, /* packets that go there */
};

/*
 * spd_state[0]: which of the two generations packets read: SPD_GEN(epoch). The controller
 * writes the other generation completely, then adds 1 to `epoch`, and that one write is the
 * flip. Caches of verdicts compare `epoch`. 0: none was ever written; nobody knows what wants
 * protection, so nothing is forwarded.
 */
enum forwarding {
	FORWARDING_FIB,	   /* by the gate, as the kernel's FIB says */
	FORWARDING_KERNEL, /* by the kernel's stack, so that netfilter sees it */
};

struct spd_state {
	__u32 abi;
	__u32 forwarding; /* enum forwarding, of bypassed packets */
	__u64 epoch;
	__u32 default_action[2]; /* of each generation: enum spd_action for what matches nothing */
	__u32 hold_packets;	 /* clear packets that wait for the first SA of a child, in each worker thread */
	__u32 hold_ms;		 /* and for how long */
};
#define HOLD_PACKETS 16u /* defaults */
#define HOLD_MS 2000u
#define SPD_GEN(epoch) ((__u32)(epoch) & 1)

/*
 * spd_tree[gen * SPD_TREE_MAX + i] (mmapable): which policies can match a packet. A node cuts one
 * dimension, of what packets have for selectors, into up to SPD_CUTS + 1 parts, one child for each, side by
 * side from `next` on: a value is in the first part whose last one is not below it. A leaf has the policies that
 * match anything of its part, in order, as far as the first that matches all of it; it goes on at `next`.
 * Every packet has one way through the tree, which begins at one of the roots.
 */
enum spd_dim {
	SPD_LEAF,		    /* none; so is what was never written, and it is empty */
	SPD_REMOTE,		    /* four words of 32 bits; those of IPv4 have ::ffff:0:0 in common */
	SPD_LOCAL = SPD_REMOTE + 4, /* the same */
	SPD_REMOTE_PORT = SPD_LOCAL + 4,
	SPD_LOCAL_PORT,
	SPD_PROTO,
	SPD_DIMS,
};
enum spd_root {
	SPD_ROOT_IPV6,
	SPD_ROOT_IPV4,
	SPD_ROOT_NO_PORTS, /* added: its ports are in a fragment that was not seen, nothing cuts those */
	SPD_ROOTS = 4,
};
#define SPD_CUTS 14u
#define SPD_DEPTH_MAX 24u /* nodes on one way, with the root and the leaf */
struct spd_node {
	__u32 next; /* of the same generation; of a leaf: 0, where the list ends */
	__u32 dim;  /* enum spd_dim */
	__u32 word[SPD_CUTS]; /* the last value of each part but the last, ~0: not used; of a leaf: 1 + a policy, 0: none */
};

/* spd[gen * SPD_MAX + i] (mmapable), reached through spd_tree. Ordered, first match wins. Local and
 * remote are of one family. */
struct spd_val {
	struct ts_val local, remote;
	__u32 child;   /* slot of the Child SA when action is SPD_PROTECT */
	__u32 ifindex; /* only packets of this interface, 0: of any (docs/maps.md) */
	__u8 action;   /* enum spd_action */
	__u8 dir;      /* enum spd_dir; SPD_PROTECT: SPD_BOTH */
	__u8 flags;    /* SPD_ANSWER */
	__u8 zero[5];
};
#define SPD_ANSWER 0x1u /* with SPD_DISCARD: by ICMP, "administratively prohibited" */

/*
 * spd_cache (per CPU): what spd_tree said of the last flows, at the place that their hash gives them. An
 * entry is of one epoch, so each flip empties it. Written by the programs.
 */
#define SPD_CACHE_BITS 12u
struct spd_cached {
	__u8 remote[16], local[16];
	__u16 local_port, remote_port;
	__u8 proto;
	__u8 lacks_ports; /* they are in a fragment that was not seen */
	__u8 dir;	  /* enum spd_dir */
	__u8 zero;
	__u32 ifindex, zero2;
	__u64 epoch;  /* 0: empty */
	__u32 action; /* enum spd_action, or what bpf/spd.h has besides */
	__u32 child;
};

/* child_out[child] (__u64, mmapable): the outbound SA that the policies of a child use now;
 * 0: none yet (acquire). One 8-byte write is the whole switch of a rekey. (Not __u32: the
 * kernel rounds array elements up to 8 bytes, and who maps the array would stumble.)
 * child_acq[child] (__u64): CLOCK_MONOTONIC ns of the last acquire, written by the programs. */
#define ACQUIRE_INTERVAL_NS 1000000000ull /* one acquire per child and second */

/* child_name[child]: whose slot it is; all zero: free. Written by the controller, so that dumps
 * can be joined with the configuration and a new controller finds the slots of the old one. */
#define CHILD_NAME_MAX 128u
struct child_name {
	char name[CHILD_NAME_MAX]; /* "CONNECTION/CHILD", NUL-terminated */
};

/* child_tunnel[child] (mmapable): the interface of a route-based child; all zero: its policies say
 * what goes in. The worker makes the interface and takes it away. */
#define TUNNEL_NAME_MAX 16u
struct child_tunnel {
	char name[TUNNEL_NAME_MAX]; /* NUL-terminated */
};
/* tunnels: ifindex (__u32) of both ends of such an interface -> its child. It stays when the worker
 * ends, so that nothing is taken for a packet of another interface. */
#define TUNNELS_MAX 256u

/* ---- SAD: RFC 4301 4.4.2 ------------------------------------------------------- */

enum sa_dir {
	SA_IN = 1,
	SA_OUT = 2,
};

enum sa_mode {
	SA_TUNNEL = 1,
	SA_TRANSPORT = 2,
};

#define SA_ESN 0x1u   /* extended sequence numbers, RFC 4303 2.2.1 */
#define SA_ENCAP 0x2u /* ESP in UDP, RFC 3948 */
/* The outer header of tunnel mode, RFC 4301 5.1.2; none of them: copied from the inner one. */
#define SA_DF_SET 0x4u
#define SA_DF_CLEAR 0x8u
#define SA_DSCP_FIXED 0x10u /* that of sa_val.dscp */
#define SA_DSCP_IN 0x20u    /* inbound: the inner header gets the DSCP of the outer one */
#define SA_MSS_OFF 0x80u   /* TCP's MSS option is left alone, in either mode */
#define SA_ECN_OFF 0x40u    /* nothing of RFC 6040: Not-ECT outside, and ignored inbound */

/* sad: (destination, protocol, SPI) -> SA, inbound and outbound ones, no secrets. The gate
 * takes only entries with dir SA_IN; the others are there to be read by people. */
struct sad_key {
	__u8 daddr[16];
	__u32 spi; /* host order */
	__u8 proto; /* 50 ESP, 51 AH */
	__u8 zero[3];
};
struct sad_val {
	__u32 sa;    /* index into sa, sa_ts, sa_secret, sa_hot */
	__u32 child; /* slot */
	__u8 dir;    /* enum sa_dir */
	__u8 mode;   /* enum sa_mode */
	__u8 flags;  /* SA_ESN and the like */
	__u8 zero;
};

/*
 * natt_frags (LRU): datagrams of UDP whose first fragment was ESP for this host (RFC 3948), so that
 * their later fragments, which have no ports, go to the worker, too. Written by the gate. The
 * value says nothing.
 */
#define NATT_FRAGS_MAX 1024u
struct natt_frag_key {
	__u8 saddr[16], daddr[16];
	__be32 id;
};

/*
 * flow_frags (LRU): the ports of packets that come in fragments, from the first fragment, for the later
 * ones (RFC 4301 7). Written by the gate and the tc program.
 */
#define FLOW_FRAGS_MAX 8192u
#define FLOW_FRAG_LIFE_NS 2000000000ull /* in less, one pair of hosts can reuse an identification */
struct flow_frag_key {
	__u8 saddr[16], daddr[16];
	__be32 id;
	__u32 ifindex; /* the packet came in by; of the host's own: that it goes out by */
	__u8 proto;
	__u8 zero[7];
};
struct flow_frag_val {
	__u64 first_ns; /* CLOCK_MONOTONIC */
	__u16 sport, dport; /* host order */
	__u8 is_contradicted; /* by another first fragment: nobody knows the ports */
	__u8 zero[3];
};

/* sa[i] (mmapable, read by the worker): what an SA is. Never changed while published,
 * except for src, dst and the encapsulation ports when a peer moves. */
struct sa_val {
	__u32 gen; /* grows whenever the entry changes (odd: being written); caches compare it */
	__u32 spi;
	struct ip_addr src, dst; /* outer header */
	__u32 child;
	__u8 dir, mode, flags, proto;
	__u16 encr;     /* IANA IKEv2 transform ids (RFC 8221), those of ctl/crypto/alg.c */
	__u16 key_bits; /* of encr, without salt */
	__u16 integ;    /* 0: none, encr is an AEAD */
	__u8 ttl;       /* of the outer header; 0: 64 */
	__u8 dscp;      /* with SA_DSCP_FIXED, 0 to 63 */
	__u16 encap_sport, encap_dport; /* with SA_ENCAP, host order */
	__u32 window;    /* anti-replay window in packets, 0: off, at most SA_WINDOW_MAX */
	__u32 window_at; /* inbound, where there is a window: its first block in sa_window */
	__u16 tfc;       /* outbound: clear packets are padded to this length, or to SA_TFC_MTU */
	__u16 zero;
	__u64 hard_ns;      /* CLOCK_BOOTTIME: dead after this; 0: never */
	__u64 soft_packets; /* 0: none; the worker reports EVENT_SOFT once */
	__u64 hard_packets; /* 0: none; besides the sequence number's own end */
	__u64 soft_bytes, hard_bytes; /* the same, of inner packets */
};

#define SA_TFC_MTU 0xffffu /* as far as the path's MTU allows (RFC 4303 2.7) */

/* sa_ts[i]: the SA's selectors; an inner packet must match one local and one remote. */
#define SA_TS_MAX 8u
struct sa_ts {
	__u32 n_local, n_remote;
	struct ts_val local[SA_TS_MAX], remote[SA_TS_MAX];
};

/* sa_secret[i]: key material. enc: cipher key followed by its salt (RFC 4106 8.1); auth: that of
 * integ. At most 36 and 64 bytes (HMAC-SHA2-512). */
#define SA_SECRET_MAX 64u
struct sa_secret {
	__u16 enc_len, auth_len; /* bytes, salt included */
	__u8 enc[SA_SECRET_MAX];
	__u8 auth[SA_SECRET_MAX];
	__u32 zero;
};

/*
 * sa_hot[i] (mmapable): written in place by the worker, so it outlives every process.
 * Outbound: seq is the last number taken; it is taken (atomic add) before it is used, so a
 * crash can only skip numbers, never repeat a nonce. Inbound: seq is the highest number
 * authenticated.
 */
struct sa_hot {
	__u64 seq;
	__u64 packets, bytes; /* bytes: inner packets */
	__u64 last_ns;        /* CLOCK_BOOTTIME of the last packet */
	__u64 replayed, bad_icv;
	__u32 reported;       /* EVENT_* bits already sent for this SA */
	__u16 pmtu;           /* outbound: of the road, from ICMP; 0: nothing is known */
	__u16 pmtu_until;     /* minute of CLOCK_BOOTTIME, modulo 65536 */
	__u64 mismatched;     /* inbound: inner packets outside the selectors */
};

/*
 * sa_window[block] (mmapable): the rings of RFC 6479 of inbound SAs; bit n % bits is number n. A
 * ring is a power of two of words, at least one block, and its blocks lie side by side.
 */
#define SA_WINDOW_WORDS 32u /* of one block: windows up to 1984 packets */
#define SA_WINDOW_BLOCKS 8192u
#define SA_WINDOW_MAX 65536u
struct sa_window {
	__u64 word[SA_WINDOW_WORDS];
};

/* Words of the ring for a window: one word more than it covers, for the edges. */
static inline __u32 sa_window_words(__u32 window)
{
	__u32 words = SA_WINDOW_WORDS;

	while (words * 64 - 64 < window)
		words *= 2;
	return words;
}

/* ---- Interfaces ---------------------------------------------------------------- */

#define PORT_HOST 0x1u /* the worker's own veth: what arrives was sent by this host */
#define PORT_TUNNEL 0x4u /* the far end of a route-based child's interface, in map tunnels */
#define PORT_XMIT 0x2u /* XDP can transmit here; without it, forwarding and ARP are the kernel's */

/* ports: ifindex (__u32) -> an interface that the worker serves. */
struct port_val {
	__u32 slot; /* its sockets are xsks[slot * PORT_QUEUES + queue] */
	__u32 flags;
	__u32 mtu;
	__u8 mac[6];
	__u8 zero[2];
};

/* addrs: this host's addresses. With ifindex, which may be that of a VLAN's interface: answered by ARP
 * and neighbour discovery there. With ifindex 0: local to this host, wherever it arrives. */
struct addr_key {
	__u32 ifindex;
	__u8 addr[16];
};
struct addr_val {
	__u8 mac[6];
	__u8 zero[2];
};

/*
 * vlans: a served interface and the tags of a frame -> the ifindex (__u32) of the VLAN's interface
 * here; frames with other tags are the kernel's (to drop). vlan_tags: the way back, ifindex -> where
 * its frames leave, and with which tags.
 */
#define VLAN_MAX 8192u
#define VLAN_TAGS 2 /* VLAN and QinQ */
struct vlan_id {
	__u16 proto; /* 0x8100 or 0x88a8; 0: no tag */
	__u16 vid;
};
struct vlan_key {
	__u32 ifindex;
	struct vlan_id tag[VLAN_TAGS]; /* the outer one first */
};

/*
 * proxy (__u8: nothing): virtual addresses that peers have. Who asks for one in the subnet that has it
 * is told the gate's MAC, by ARP or neighbour discovery (docs/architecture.md).
 */
#define PROXY_MAX 65536u
struct proxy_key {
	__u8 addr[16];
};

/* host_if[0]: the host's end of the worker's veth; packets that the tc program wants
 * protected are sent into it. ifindex 0: not there, such packets are dropped. */
struct host_if_val {
	__u32 ifindex;
	__u32 zero;
};

/* ---- Events: programs and worker -> controller, through the ring buffer `events` -- */

enum event_type {
	EVENT_ACQUIRE = 1, /* a packet wants `child`, which has no outbound SA */
	EVENT_SOFT = 2,    /* rekey `sa`: a soft limit is reached */
	EVENT_HARD = 4,    /* `sa` is exhausted or expired: it carries nothing any more */
};

struct event {
	__u32 type;
	__u32 child;
	__u32 sa;
	__u16 local_port, remote_port; /* of the packet of an acquire, host order (see ts_val) */
	struct ip_addr local, remote;
	__u8 proto;
	__u8 zero[7];
};

/* ---- Samples of what is dropped: programs and worker -> controller, ring buffer `samples` ---- */

enum sample_where {
	SAMPLE_GATE,   /* outcome: of GATE_OUTCOMES */
	SAMPLE_EGRESS, /* the same, of the tc program */
	SAMPLE_WORKER, /* of WORKER_OUTCOMES */
};

#define SAMPLES_BYTES (64u * 1024u)
#define SAMPLE_HEAD 96u		/* headers, as a rule nothing more */
#define SAMPLES_PER_SECOND 64u /* in the whole gateway: what is dropped at a high rate is not made slow */
struct drop_sample {
	__u64 ns;      /* CLOCK_BOOTTIME */
	__u32 ifindex; /* it came in by; SAMPLE_EGRESS: it goes out by */
	__u32 len;     /* of the frame */
	__u32 sa;      /* index, where the worker knew it by then; 0: none */
	__u8 where, outcome;
	__u8 l3; /* offset of the IP header in head; 0: there is an Ethernet header first */
	__u8 head_len;
	__u8 head[SAMPLE_HEAD]; /* the first head_len bytes of the frame */
};

/* sample_state[0] (mmapable): whether somebody watches. The controller says until when; who samples
 * counts. */
struct sample_state {
	__u64 until_ns; /* CLOCK_BOOTTIME; 0 or over: nobody */
	__u64 second;	/* of which `taken` are */
	__u64 missed;	/* there were more */
	__u32 taken;
	__u32 zero;
};

/* May this one be taken? */
static inline int sample_take(struct sample_state *st, __u64 now_ns)
{
	__u64 second = now_ns / 1000000000ull;

	if (st->until_ns < now_ns)
		return 0;
	if (st->second != second) {
		st->second = second;
		st->taken = 0;
	}
	if (st->taken >= SAMPLES_PER_SECOND) {
		__sync_fetch_and_add(&st->missed, 1);
		return 0;
	}
	__sync_fetch_and_add(&st->taken, 1);
	return 1;
}

_Static_assert(sizeof(struct ts_val) == 40, "no hidden padding");
_Static_assert(sizeof(struct spd_node) == 64, "a cache line");
_Static_assert(sizeof(struct spd_cached) == 64, "a cache line");
_Static_assert(sizeof(struct spd_val) == 96, "no hidden padding");
_Static_assert(sizeof(struct spd_state) == 32, "no hidden padding");
_Static_assert(sizeof(struct sad_key) == 24, "no hidden padding");
_Static_assert(sizeof(struct sad_val) == 12, "no hidden padding");
_Static_assert(sizeof(struct flow_frag_key) == 48, "no hidden padding");
_Static_assert(sizeof(struct flow_frag_val) == 16, "no hidden padding");
_Static_assert(sizeof(struct sa_val) == 112, "no hidden padding");
_Static_assert(sizeof(struct addr_key) == 20, "no hidden padding");
_Static_assert(sizeof(struct vlan_key) == 12, "no hidden padding");
_Static_assert(sizeof(struct sa_hot) == 64, "a cache line");
_Static_assert(sizeof(struct event) == 56, "no hidden padding");
_Static_assert(sizeof(struct drop_sample) == 120, "no hidden padding");

#endif
