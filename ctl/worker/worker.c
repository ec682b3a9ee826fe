/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/worker.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "net/dev.h"
#include "worker/gate.h"
#include "worker/log.h"

#define PROTO_ETH_IP 0x0800
/* Frames in the fill rings, all sockets together; the rest is being sent, or held. */
#define FILL_SHARE (FRAME_COUNT * 3 / 4)
#define FILL_MIN 64u
/* The veth pair: what one frame holds, less what XDP needs on a page (about 3500). */
#define PAIR_MTU 3400u

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* ---- one turn ------------------------------------------------------------------------- */

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
	if (meta.magic != XSK_META_MAGIC || meta.kind < META_OUT || meta.kind > META_HOLD) {
		f->drop = WORKER_DROP_META;
		return;
	}
	f->kind = meta.kind;
	f->l3 = meta.l3_off;
	f->esp = meta.esp_off;
	f->sa_index = meta.sa;
	f->child = meta.child;
}

static void receive_from(struct worker *w, struct burst *b, struct xsk *x, uint32_t max)
{
	struct xdp_desc descs[BURST_RX];
	uint32_t n = xsk_receive(x, descs, max);

	for (uint32_t i = 0; i < n; i++)
		__builtin_prefetch(w->umem.area + descs[i].addr - sizeof(struct xsk_meta));
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

bool turn_use_sa(struct worker *w, struct burst *b, struct frame *f, uint8_t dir)
{
	struct sa_rt *sa = sa_cache_get(&w->sas, f->sa_index, dir);

	if (!sa) {
		f->drop = WORKER_DROP_STALE_SA;
		return false;
	}
	if (sa->hard_ns && w->now_ns >= sa->hard_ns) {
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
	memcpy(f->data, eth, len);
}

void turn_send_host(struct worker *w, struct frame *f)
{
	uint8_t eth[ETH_HDR_LEN];

	if (!w->host) {
		f->drop = WORKER_DROP_NO_ROUTE;
		return;
	}
	memcpy(eth, w->host_mac, 6);
	memcpy(eth + 6, w->host->mac, 6);
	eth[12] = PROTO_ETH_IP >> 8;
	eth[13] = PROTO_ETH_IP & 0xff;
	eth_push(f, eth, sizeof(eth));
	f->kind = FRAME_SEND;
	f->out = w->host->queues[f->in->queue % w->host->n_queues];
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
	f->out = hop->port->queues[f->in->queue % hop->port->n_queues];
}

/* Send or free every frame of the burst. */
static void burst_tx(struct worker *w, struct burst *b)
{
	for (struct frame *f = b->frame; f < b->frame + b->n; f++) {
		if (!f->data) /* held */
			continue;
		uint64_t addr = umem_addr(&w->umem, f->data);
		if (f->drop == FRAME_KEEP && f->out && xsk_send(f->out, addr, f->len))
			f->drop = WORKER_DROP_TX_FULL;
		if (f->drop == FRAME_KEEP && f->out) {
			count_add(w, WORKER_TX, 1);
			continue;
		}
		count_add(w, f->drop, f->drop != FRAME_KEEP);
		umem_give(&w->umem, addr, OWNER_WORKER);
	}
}

/* What the burst did to its SAs, into the maps. */
static void touched_flush(struct worker *w, struct burst *b)
{
	for (uint32_t i = 0; i < b->n_touched; i++) {
		struct sa_rt *sa = b->touched[i];

		sa->touched = false;
		if (sa->packets && sa_cache_valid(&w->sas, sa)) {
			sa->hot->packets += sa->packets;
			sa->hot->bytes += sa->bytes;
			sa->hot->last_ns = w->now_ns;
		}
		sa->packets = 0;
		sa->bytes = 0;
	}
	b->n_touched = 0;
}

static void counters_flush(struct worker *w)
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

static void rings_serve(struct worker *w)
{
	uint32_t target = fill_target(w);

	for (uint32_t i = 0; i < w->n_xsks; i++) {
		xsk_flush(w->xsks[i]);
		xsk_complete(w->xsks[i]);
		xsk_fill(w->xsks[i], target);
	}
}

/* Between turns every frame is free, held, or in the hands of a socket. */
static void frames_audit(const struct worker *w)
{
	const uint32_t *owned = w->umem.owned;
	uint32_t sum = owned[OWNER_FREE] + owned[OWNER_HELD];

	assert(owned[OWNER_FREE] == w->umem.n_free);
	assert(owned[OWNER_HELD] == w->hold.n);
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
	w->now_ns = clock_ns();
	if (w->hold.n)
		hold_release(w);
	burst_rx(w, b);
	if (b->n) {
		turn_in(w, b);
		turn_out(w, b);
		burst_tx(w, b);
		touched_flush(w, b);
		counters_flush(w);
	}
	rings_serve(w);
#if defined(__SANITIZE_ADDRESS__) || defined(SEKISHO_AUDIT)
	frames_audit(w);
#endif
	return b->n;
}

/* ---- besides the turns ---------------------------------------------------------------- */

void sa_report(struct worker *w, struct sa_rt *sa, uint32_t type)
{
	struct event ev = { .type = type, .child = sa->child, .sa = sa->index };

	if (sa->hot->reported & type)
		return;
	sa->hot->reported |= type;
	if (dp_report(w->dp, &ev))
		sa->hot->reported &= ~(uint64_t)type; /* ring full: again with the next packet */
}

static void addrs_follow(struct worker *w)
{
	size_t n;
	const struct net_addr *addrs = net_addrs(w->net, &n);
	struct addr_entry *entries = calloc(n + 1, sizeof(*entries));

	if (!entries)
		return;
	for (size_t i = 0; i < n; i++) {
		struct addr_entry *e = &entries[i];
		const struct net_link *link = net_link(w->net, addrs[i].ifindex);
		const struct net_link *carrier = net_carrier(w->net, addrs[i].ifindex, &e->vlan);

		e->addr = addrs[i].addr;
		if (!link || !carrier || addr_to_v4(&e->addr) >> 24 == 127)
			continue; /* ifindex 0: local only */
		e->ifindex = carrier->ifindex;
		memcpy(e->mac, link->mac, sizeof(e->mac));
	}
	int err = addrs_replace(w->dp, entries, n);
	if (err)
		log_info("cannot write this host's addresses: %s", strerror(-err));
	free(entries);
}

static void expired_report(struct worker *w)
{
	for (uint32_t i = 1; i < SA_MAX; i++) {
		struct sa_rt *sa = w->sas.rt[i];

		if (sa && sa->hard_ns && w->now_ns >= sa->hard_ns)
			sa_report(w, sa, EVENT_HARD);
	}
}

void worker_housekeeping(struct worker *w)
{
	uint64_t full, empty;

	w->now_ns = clock_ns();
	for (uint32_t i = 0; i < w->n_xsks; i++) {
		xsk_losses(w->xsks[i], &full, &empty);
		count_add(w, WORKER_DROP_RX_FULL, full);
		count_add(w, WORKER_DROP_FILL_EMPTY, empty);
	}
	counters_flush(w);
	sa_cache_sweep(&w->sas);
	expired_report(w);
	ports_reap(w);
	if (w->ports_again || ++w->quarters % 4 == 0) /* PORT_XMIT has no news of its own */
		ports_follow(w);
	frames_audit(w);
}

/* ---- beginning and end ---------------------------------------------------------------- */

static void host_sysctls(struct worker *w)
{
	static const struct {
		const char *key;
		int value;
	} wanted[] = {
		{ "rp_filter", 0 },    /* decrypted packets come from anywhere */
		{ "accept_local", 1 }, /* and outer ones from this host's own addresses */
		{ "forwarding", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		int err = dev_sysctl4(w->host_name, wanted[i].key, wanted[i].value);
		if (err)
			log_info("%s: cannot set %s: %s", w->host_name, wanted[i].key, strerror(-err));
	}
	if (dev_sysctl4_get("all", "rp_filter") == 1)
		log_info("net.ipv4.conf.all.rp_filter is 1: strict reverse path checks will drop "
			 "decrypted packets for this host; set it to 0 or 2");
	if (dev_sysctl4_get("all", "forwarding") == 0)
		log_info("net.ipv4.ip_forward is 0: this host does not forward for others");
}

static int pair_attach(struct worker *w)
{
	const struct net_link *host, *port;
	int err = net_read(w->net);

	host = net_link_named(w->net, w->host_name);
	port = net_link_named(w->net, w->port_name);
	if (err < 0 || !host || !port)
		return -ENODEV;
	w->host_ifindex = host->ifindex;
	memcpy(w->host_mac, host->mac, sizeof(w->host_mac));
	if (port->xdp_prog_id != w->gate_id)
		err = gate_attach(w, port->ifindex);
	err = err < 0 ? err : net_read(w->net);
	return err < 0 ? err : host_if_set(w->dp, w->host_ifindex);
}

static int pair_make(struct worker *w)
{
	dev_pair_names(w->instance, w->host_name, w->port_name);
	int err = dev_pair_make(w->host_name, w->port_name, PAIR_MTU);
	if (err) {
		log_info("cannot make the interfaces %s and %s: %s", w->host_name, w->port_name,
			 strerror(-err));
		return err;
	}
	dev_offload_off(w->host_name, OFFLOAD_TX | OFFLOAD_RX);
	dev_offload_off(w->port_name, OFFLOAD_TX | OFFLOAD_RX);
	host_sysctls(w);
	err = pair_attach(w);
	if (err)
		log_info("cannot attach the gate to %s: %s", w->port_name, strerror(-err));
	return err;
}

static void links_follow(struct worker *w)
{
	const struct net_link *host = net_link(w->net, w->host_ifindex);

	if (host)
		memcpy(w->host_mac, host->mac, sizeof(w->host_mac));
	ports_follow(w);
	if (host)
		return;
	log_info("%s is gone, making it again", w->host_name);
	if (pair_make(w) == 0)
		ports_follow(w);
}

void worker_net_changed(struct worker *w)
{
	int changed = net_read(w->net);

	if (changed < 0) {
		log_info("netlink: %s", strerror(-changed));
		return;
	}
	if (changed)
		hop_table_flush(&w->hops);
	if (changed & NET_LINKS)
		links_follow(w);
	if (changed & (NET_LINKS | NET_ADDRS))
		addrs_follow(w);
}

/* Sockets of a worker that has just ended hold their queues for a moment: with patience,
 * "ready" means that everything attached is served. */
static void ports_first(struct worker *w)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	ports_follow(w);
	for (int i = 0; i < 50 && w->ports_again; i++) {
		nanosleep(&pause, NULL);
		ports_follow(w);
	}
}

int worker_init(struct worker *w)
{
	int err;

	w->child_out = dp_child_out(w->dp);
	w->spd_state = dp_spd_state(w->dp);
	w->count_map = dp_worker_count(w->dp);
	w->gate_id = dp_prog_id(w->dp, "gate");
	w->now_ns = clock_ns();
	sa_cache_init(&w->sas, w->dp, w->provider);
	err = hop_table_init(&w->hops);
	err = err ? err : umem_init(&w->umem);
	err = err ? err : net_open(&w->net);
	if (err) {
		log_info("cannot start: %s", strerror(-err));
		return err;
	}
	ports_forget(w);
	err = pair_make(w);
	if (err)
		return err;
	gates_renew(w);
	ports_first(w);
	addrs_follow(w);
	rings_serve(w);
	return 0;
}

void worker_dismantle(struct worker *w)
{
	ports_unhook(w);
	if (host_if_set(w->dp, 0))
		log_info("cannot take %s out of map host_if", w->host_name);
	if (dev_remove(w->host_name))
		log_info("cannot remove %s", w->host_name);
}

void worker_fini(struct worker *w)
{
	if (w->count_map)
		counters_flush(w);
	ports_close(w);
	sa_cache_fini(&w->sas);
	hop_table_fini(&w->hops);
	net_close(w->net);
	w->net = NULL;
	umem_fini(&w->umem);
}
