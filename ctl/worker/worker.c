/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One turn of the worker: a burst of frames goes through
 *
 *	hold_release, receive -> pmtu, reassembly -> turn_in -> turn_out -> send, pass or free -> counters -> rings
 *
 * turn_in may leave clear packets for turn_out (hub and spoke), never the other way round.
 */
#include "worker/control.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <linux/if_ether.h>
#include "worker/hot.h"
#include "worker/icmp.h"
#include "worker/pmtu.h"
#include "worker/sample.h"

/* Frames in the fill rings, all sockets together; the rest is being sent, or held. */
#define FILL_SHARE (FRAME_COUNT * 3 / 4)
#define FILL_MIN 64u
#define FREE_RESERVE (FRAME_COUNT / 16) /* for what the worker makes, and takes from others */
#define HELD_POLL_MS 2	 /* while packets wait for their SA */
#define UNSENT_POLL_MS 1 /* while frames wait in a transmit ring */

uint64_t worker_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

void sa_report(struct worker *w, struct sa_rt *sa, uint32_t type)
{
	struct event ev = { .type = type, .child = sa->child, .sa = sa->index };

	if (hot_report(sa->hot, type) && dp_report(w->control->dp, &ev))
		hot_report_undo(sa->hot, type); /* ring full: again with the next packet */
}

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

/* The queue to send by: the one that the frame came in by, where the port has as many; else one of
 * this worker's, where it has any. */
static struct xsk *port_queue(const struct worker *w, const struct port *port, uint32_t queue)
{
	uint32_t n = w->control->n_workers;

	if (queue < port->n_send)
		return port->queues[queue];
	if (w->index >= port->n_send)
		return port->queues[queue % port->n_send];
	uint32_t own = (port->n_send - w->index + n - 1) / n;
	return port->queues[w->index + n * (queue / n % own)];
}

void turn_send_pair(struct worker *w, struct frame *f, const struct port *port,
		    const uint8_t mac[6])
{
	const __be16 type = htons(ip_version(f->data) == 4 ? ETH_P_IP : ETH_P_IPV6);
	uint8_t eth[ETH_HDR_LEN];

	memcpy(eth, mac, ETH_ALEN);
	memcpy(eth + ETH_ALEN, port->mac, ETH_ALEN);
	memcpy(eth + 2 * ETH_ALEN, &type, sizeof(type));
	eth_push(f, eth, sizeof(eth));
	f->kind = FRAME_SEND;
	f->out = port_queue(w, port, f->in->queue);
	count_add(w, WORKER_TO_HOST, 1);
}

void turn_send_host(struct worker *w, struct frame *f)
{
	if (w->control->host)
		turn_send_pair(w, f, w->control->host, w->control->host_mac);
	else
		f->drop = WORKER_DROP_NO_ROUTE;
}

void turn_send(struct worker *w, struct frame *f, const struct nexthop *hop)
{
	if (hop->kind != HOP_PORT) {
		turn_send_host(w, f);
		return;
	}
	eth_push(f, hop->eth, hop->eth_len);
	f->kind = FRAME_SEND;
	f->out = port_queue(w, hop->port, f->in->queue);
}

/* False: dropped, and why. */
static bool frame_send(struct worker *w, struct frame *f, uint64_t addr)
{
	if (f->drop != FRAME_KEEP || !f->out)
		return false;
	if (f->out->worker != w) {
		if (pass_send(w, f->out, addr, f->len))
			return true;
	} else if (!xsk_send(f->out, addr, f->len)) {
		count_add(w, WORKER_TX, 1);
		return true;
	}
	f->drop = WORKER_DROP_TX_FULL;
	return false;
}

/* Send or free it. */
static void frame_end(struct worker *w, struct frame *f)
{
	uint64_t addr;

	if (!f->data) /* held, or done */
		return;
	addr = umem_addr(&w->umem, f->data);
	const uint8_t *data = f->data;
	f->data = NULL;
	if (frame_send(w, f, addr))
		return;
	count_add(w, f->drop, f->drop != FRAME_KEEP);
	if (f->drop != FRAME_KEEP)
		sample_drop(w, f, data);
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

/* Counters into the map. */
static void count_flush(struct worker *w)
{
	for (int i = 0; i < WORKER_OUTCOME_COUNT; i++) {
		if (!w->count[i])
			continue;
		__atomic_fetch_add(&w->control->count_map[i], w->count[i], __ATOMIC_RELAXED);
		w->count[i] = 0;
	}
}

static uint32_t fill_target(const struct worker *w)
{
	uint32_t share = FILL_SHARE / (w->n_xsks ? w->n_xsks : 1);

	return share > XSK_RING ? XSK_RING : share < FILL_MIN ? FILL_MIN : share;
}

/* Frames of closed sockets rest a while: what is left then is not all for receiving. */
static uint32_t fill_room(const struct worker *w)
{
	return w->umem.n_free > FREE_RESERVE ? w->umem.n_free - FREE_RESERVE : 0;
}

void worker_rings_serve(struct worker *w)
{
	uint32_t target = fill_target(w);

	for (uint32_t i = 0; i < w->n_xsks; i++) {
		xsk_flush(w->xsks[i]);
		xsk_complete(w->xsks[i]);
		uint32_t most = w->xsks[i]->n_fill + fill_room(w);
		xsk_fill(w->xsks[i], target < most ? target : most);
	}
}

/* Frames of closed sockets that still rest. */
static uint32_t resting(const struct worker *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < PORT_MAX; i++) {
		const struct port *p = w->control->closed[i];

		for (uint32_t q = 0; p && q < PORT_QUEUES; q++)
			if (p->queues[q] && p->queues[q]->worker == w)
				n += w->umem.owned[xsk_owner(p->queues[q])];
	}
	return n;
}

/* Between turns every frame is free, held, shown to another worker, or in the hands of a socket. */
static void audit(const struct worker *w)
{
	const uint32_t *owned = w->umem.owned;
	uint32_t sum = owned[OWNER_FREE] + owned[OWNER_HELD] + owned[OWNER_PASSED] + resting(w);

	assert(owned[OWNER_FREE] == w->umem.n_free);
	assert(owned[OWNER_HELD] == w->hold.n + w->reassembly.n_held);
	assert(owned[OWNER_WORKER] == 0);
	for (uint32_t i = 0; i < w->n_xsks; i++) {
		const struct xsk *x = w->xsks[i];
		assert(owned[xsk_owner(x)] == x->n_fill + x->n_tx);
		sum += x->n_fill + x->n_tx;
	}
	assert(sum == FRAME_COUNT);
	(void)sum;
}

uint32_t worker_turn(struct worker *w)
{
	struct burst *b = &w->burst;
	uint32_t passed = 0;

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
	}
	if (w->control->n_workers > 1) {
		pass_flush(w);
		pass_reclaim(w);
		passed = pass_receive(w);
	}
	if (b->n + passed)
		count_flush(w);
	worker_rings_serve(w);
#if defined(__SANITIZE_ADDRESS__) || defined(SEKISHO_AUDIT)
	audit(w);
#endif
	return b->n + passed;
}

int worker_patience_ms(const struct worker *w)
{
	if (w->hold.n)
		return HELD_POLL_MS;
	for (uint32_t i = 0; i < w->n_xsks; i++)
		if (w->xsks[i]->tx_soon)
			return UNSENT_POLL_MS;
	return -1;
}

/* ---- beside the turns ------------------------------------------------------------------ */

static void losses_count(struct worker *w)
{
	uint64_t full, empty;

	for (uint32_t i = 0; i < w->n_xsks; i++) {
		xsk_losses(w->xsks[i], &full, &empty);
		count_add(w, WORKER_DROP_RX_FULL, full);
		count_add(w, WORKER_DROP_FILL_EMPTY, empty);
		count_add(w, WORKER_DROP_TX_FULL, w->xsks[i]->tx_lost);
		w->xsks[i]->tx_lost = 0;
	}
}

static void expired_report(struct worker *w)
{
	for (uint32_t i = 1; i < SA_MAX; i++) {
		struct sa_rt *sa = w->sas.rt[i];

		if (sa && sa->hard_ns && w->now_ns >= sa->hard_ns)
			sa_report(w, sa, EVENT_HARD);
	}
}

void worker_chores(struct worker *w)
{
	w->now_ns = worker_clock_ns();
	losses_count(w);
	sa_cache_sweep(&w->sas);
	reassembly_expire(w);
	if (w->index == 0)
		tunnels_measure(w);
	expired_report(w);
	count_flush(w);
	audit(w);
}

struct worker *worker_new(struct control *c, uint32_t index)
{
	struct worker *w = aligned_alloc(64, sizeof(*w));

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->control = c;
	w->index = index;
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	sa_cache_init(&w->sas, c->dp, c->provider, c->replay_locks);
	if (w->wake_fd >= 0 && !hop_table_init(&w->hops) && !umem_init(&w->umem))
		return w;
	worker_free(w);
	return NULL;
}

void worker_free(struct worker *w)
{
	count_flush(w);
	sa_cache_fini(&w->sas);
	hop_table_fini(&w->hops);
	umem_fini(&w->umem);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
	free(w);
}
