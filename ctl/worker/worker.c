/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One turn of the worker: a burst of frames goes through
 *
 *	hold_release, receive -> pmtu, reassembly -> turn_in -> turn_out -> send or free -> counters -> rings
 *
 * turn_in may leave clear packets for turn_out (hub and spoke), never the other way round.
 */
#include "worker/worker.h"

#include <assert.h>
#include <string.h>
#include <linux/if_ether.h>
#include "worker/hot.h"
#include "worker/icmp.h"
#include "worker/pmtu.h"

/* Frames in the fill rings, all sockets together; the rest is being sent, or held. */
#define FILL_SHARE (FRAME_COUNT * 3 / 4)
#define FILL_MIN 64u

struct frame *burst_add(struct burst *b)
{
	return b->n < BURST_MAX ? &b->frame[b->n++] : NULL;
}

/* A frame just received: what the gate says about it stands in front of it. */
static void frame_begin(struct worker *w, struct frame *f, struct xsk *x, const struct xdp_desc *d)
{
	struct xsk_meta meta;

	*f = (struct frame){ .data = w->umem.area + d->addr, .len = d->len, .in = x };
	if (d->addr % FRAME_SIZE >= sizeof(meta))
		memcpy(&meta, f->data - sizeof(meta), sizeof(meta));
	else
		meta.magic = 0;
	if (meta.magic != XSK_META_MAGIC || meta.kind < META_OUT || meta.kind > META_FRAGMENT) {
		f->drop = WORKER_DROP_META;
		return;
	}
	f->kind = meta.kind;
	f->l3 = meta.l3_off;
	f->esp = meta.esp_off;
	f->sa_index = meta.sa;
	f->child = meta.child;
	if (f->kind == META_REJECT)
		icmp_or_drop(w, f, ICMP_PROHIBITED, 0);
}

static void receive_from(struct worker *w, struct burst *b, struct xsk *x, uint32_t max)
{
	struct xdp_desc descs[BURST_RX];
	uint32_t n = xsk_receive(x, descs, max);

	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *frame = w->umem.area + descs[i].addr;
		__builtin_prefetch(frame - sizeof(struct xsk_meta));
		__builtin_prefetch(frame + ETH_HDR_LEN); /* mostly another cache line */
	}
	for (uint32_t i = 0; i < n; i++)
		frame_begin(w, burst_add(b), x, &descs[i]);
	count_add(w, WORKER_RX, n);
}

/* Sockets in turn, so that a flood on one does not starve the others. */
static void burst_rx(struct worker *w, struct burst *b)
{
	uint32_t got = b->n;

	for (uint32_t i = 0; i < w->n_xsks && b->n - got < BURST_RX; i++) {
		struct xsk *x = w->xsks[(w->next_xsk + i) % w->n_xsks];
		uint32_t room = BURST_RX - (b->n - got);

		receive_from(w, b, x, room < BURST_MAX - b->n ? room : BURST_MAX - b->n);
	}
	w->next_xsk++;
}

/* A hard limit is reached. Outbound packets are counted by their numbers (take_numbers()). */
static bool is_over(const struct worker *w, const struct sa_rt *sa)
{
	if (sa->hard_ns && w->now_ns >= sa->hard_ns)
		return true;
	if (sa->hard_bytes && hot_get(&sa->hot->bytes) + sa->bytes >= sa->hard_bytes)
		return true;
	return sa->dir == SA_IN && sa->hard_packets &&
	       hot_get(&sa->hot->packets) + sa->packets >= sa->hard_packets;
}

static bool is_worn(const struct sa_rt *sa)
{
	return (sa->soft_bytes && hot_get(&sa->hot->bytes) >= sa->soft_bytes) ||
	       (sa->soft_packets && hot_get(&sa->hot->packets) >= sa->soft_packets);
}

bool turn_use_sa(struct worker *w, struct burst *b, struct frame *f, uint8_t dir)
{
	struct sa_rt *sa = sa_cache_get(&w->sas, f->sa_index, dir);

	if (!sa) {
		f->drop = WORKER_DROP_STALE_SA;
		return false;
	}
	if (is_over(w, sa)) {
		sa_report(w, sa, EVENT_HARD);
		f->drop = WORKER_DROP_SA_EXPIRED;
		return false;
	}
	f->sa = sa;
	if (!sa->touched) {
		sa->touched = true;
		b->touched[b->n_touched++] = sa;
	}
	return true;
}

static void eth_push(struct frame *f, const uint8_t *eth, uint8_t len)
{
	f->data -= len;
	f->len += len;
	/* Constant sizes become two moves; a variable one a `rep movs`, 30 ns per frame. */
	if (len == ETH_HDR_LEN)
		memcpy(f->data, eth, ETH_HDR_LEN);
	else
		memcpy(f->data, eth, len);
}

/* The queue to send by: the one that the frame came in by, where the port has as many. */
static struct xsk *port_queue(const struct port *port, uint32_t queue)
{
	return port->queues[queue < port->n_send ? queue : queue % port->n_send];
}

void turn_send_host(struct worker *w, struct frame *f)
{
	const __be16 type = htons(ip_version(f->data) == 4 ? ETH_P_IP : ETH_P_IPV6);
	uint8_t eth[ETH_HDR_LEN];

	if (!w->host) {
		f->drop = WORKER_DROP_NO_ROUTE;
		return;
	}
	memcpy(eth, w->host_mac, ETH_ALEN);
	memcpy(eth + ETH_ALEN, w->host->mac, ETH_ALEN);
	memcpy(eth + 2 * ETH_ALEN, &type, sizeof(type));
	eth_push(f, eth, sizeof(eth));
	f->kind = FRAME_SEND;
	f->out = port_queue(w->host, f->in->queue);
	count_add(w, WORKER_TO_HOST, 1);
}

void turn_send(struct worker *w, struct frame *f, const struct nexthop *hop)
{
	if (hop->kind != HOP_PORT) {
		turn_send_host(w, f);
		return;
	}
	eth_push(f, hop->eth, hop->eth_len);
	f->kind = FRAME_SEND;
	f->out = port_queue(hop->port, f->in->queue);
}

/* Send or free it. */
static void frame_end(struct worker *w, struct frame *f)
{
	uint64_t addr;

	if (!f->data) /* held, or done */
		return;
	addr = umem_addr(&w->umem, f->data);
	f->data = NULL;
	if (f->drop == FRAME_KEEP && f->out && xsk_send(f->out, addr, f->len))
		f->drop = WORKER_DROP_TX_FULL;
	if (f->drop == FRAME_KEEP && f->out) {
		count_add(w, WORKER_TX, 1);
		return;
	}
	count_add(w, f->drop, f->drop != FRAME_KEEP);
	umem_give(&w->umem, addr, OWNER_WORKER);
}

/* In the order of their numbers: the pieces of a frame in its place. */
static void burst_tx(struct worker *w, struct burst *b)
{
	for (struct frame *f = b->frame; f < b->frame + b->n; f++) {
		frame_end(w, f);
		for (uint32_t i = 0; i < f->n_pieces; i++)
			frame_end(w, &b->frame[f->pieces_at + i]);
	}
}

/* What the burst did to its SAs, into the maps. */
static void touched_flush(struct worker *w, struct burst *b)
{
	for (uint32_t i = 0; i < b->n_touched; i++) {
		struct sa_rt *sa = b->touched[i];

		sa->touched = false;
		if (sa->packets && sa_cache_valid(&w->sas, sa)) {
			hot_add(&sa->hot->packets, sa->packets);
			hot_add(&sa->hot->bytes, sa->bytes);
			__atomic_store_n(&sa->hot->last_ns, w->now_ns, __ATOMIC_RELAXED);
			if (is_worn(sa))
				sa_report(w, sa, EVENT_SOFT);
		}
		sa->packets = 0;
		sa->bytes = 0;
	}
	b->n_touched = 0;
}

void worker_count_flush(struct worker *w)
{
	for (int i = 0; i < WORKER_OUTCOME_COUNT; i++) {
		w->count_map[i] += w->count[i];
		w->count[i] = 0;
	}
}

static uint32_t fill_target(const struct worker *w)
{
	uint32_t share = FILL_SHARE / (w->n_xsks ? w->n_xsks : 1);

	return share > XSK_RING ? XSK_RING : share < FILL_MIN ? FILL_MIN : share;
}

void worker_rings_serve(struct worker *w)
{
	uint32_t target = fill_target(w);

	for (uint32_t i = 0; i < w->n_xsks; i++) {
		xsk_flush(w->xsks[i]);
		xsk_complete(w->xsks[i]);
		xsk_fill(w->xsks[i], target);
	}
}

void worker_audit(const struct worker *w)
{
	const uint32_t *owned = w->umem.owned;
	uint32_t sum = owned[OWNER_FREE] + owned[OWNER_HELD];

	assert(owned[OWNER_FREE] == w->umem.n_free);
	assert(owned[OWNER_HELD] == w->hold.n + w->reassembly.n_held);
	assert(owned[OWNER_WORKER] == 0);
	for (uint32_t i = 0; i < w->n_xsks; i++) {
		const struct xsk *x = w->xsks[i];
		assert(owned[xsk_owner(x)] == x->n_fill + x->n_tx);
		sum += x->n_fill + x->n_tx;
	}
	for (uint32_t i = 0; i < PORT_MAX; i++)
		for (uint32_t q = 0; w->closed[i] && q < PORT_QUEUES; q++)
			if (w->closed[i]->queues[q])
				sum += owned[xsk_owner(w->closed[i]->queues[q])];
	assert(sum == FRAME_COUNT);
	(void)sum;
}

uint32_t worker_turn(struct worker *w)
{
	struct burst *b = &w->burst;

	b->n = 0;
	w->now_ns = worker_clock_ns();
	if (w->hold.n)
		hold_release(w);
	burst_rx(w, b);
	if (b->n) {
		pmtu_learn_all(w, b);
		reassemble_all(w, b);
		turn_in(w, b);
		turn_out(w, b);
		burst_tx(w, b);
		touched_flush(w, b);
		worker_count_flush(w);
	}
	worker_rings_serve(w);
#if defined(__SANITIZE_ADDRESS__) || defined(SEKISHO_AUDIT)
	worker_audit(w);
#endif
	return b->n;
}
