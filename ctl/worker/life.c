/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The worker's life besides its turns: beginning and end, its veth pair, the news from
 * netlink, and the slow work that comes every quarter of a second.
 */
#include "worker/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "net/dev.h"
#include "worker/gate.h"
#include "worker/hot.h"
#include "worker/log.h"

/* The veth pair: what one frame holds, less what XDP needs on a page (about 3500). */
#define PAIR_MTU 3400u

uint64_t worker_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

void sa_report(struct worker *w, struct sa_rt *sa, uint32_t type)
{
	struct event ev = { .type = type, .child = sa->child, .sa = sa->index };

	if (hot_report(sa->hot, type) && dp_report(w->dp, &ev))
		hot_report_undo(sa->hot, type); /* ring full: again with the next packet */
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

	w->now_ns = worker_clock_ns();
	for (uint32_t i = 0; i < w->n_xsks; i++) {
		xsk_losses(w->xsks[i], &full, &empty);
		count_add(w, WORKER_DROP_RX_FULL, full);
		count_add(w, WORKER_DROP_FILL_EMPTY, empty);
		count_add(w, WORKER_DROP_TX_FULL, w->xsks[i]->tx_lost);
		w->xsks[i]->tx_lost = 0;
	}
	worker_count_flush(w);
	sa_cache_sweep(&w->sas);
	reassembly_expire(w);
	expired_report(w);
	ports_reap(w);
	if (w->ports_again || ++w->quarters % 4 == 0) /* PORT_XMIT has no news of its own */
		ports_follow(w);
	worker_audit(w);
}

/* ---- beginning and end ---------------------------------------------------------------- */

static void host_sysctls(struct worker *w)
{
	static const struct {
		const char *family, *key;
		int value;
	} wanted[] = {
		{ "ipv4", "rp_filter", 0 },    /* decrypted packets come from anywhere */
		{ "ipv4", "accept_local", 1 }, /* and outer ones from this host's own addresses */
		{ "ipv4", "forwarding", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		int err =
			dev_sysctl(wanted[i].family, w->host_name, wanted[i].key, wanted[i].value);
		if (err)
			log_info("%s: cannot set %s: %s", w->host_name, wanted[i].key,
				 strerror(-err));
	}
	/* The FIB is asked for our own packets as if they came from lo. */
	if (dev_sysctl("ipv4", "lo", "forwarding", 1))
		log_detail("cannot set forwarding on lo: ESP goes through the stack");
	if (dev_sysctl_get("ipv4", "all", "rp_filter") > 0)
		log_info("net.ipv4.conf.all.rp_filter is not 0: reverse path checks will drop "
			 "decrypted packets for this host; set it to 0, and those of the interfaces "
			 "as you like");
	if (dev_sysctl_get("ipv4", "all", "forwarding") == 0)
		log_info("net.ipv4.ip_forward is 0: this host does not forward for others");
	/* Not on every kernel, and forwarding makes a router of the link only with `all`. */
	(void)!dev_sysctl("ipv6", w->host_name, "forwarding", 1);
	(void)!dev_sysctl("ipv6", "lo", "forwarding", 1);
	if (dev_sysctl_get("ipv6", "all", "forwarding") == 0)
		log_detail("net.ipv6.conf.all.forwarding is 0: IPv6 is not forwarded for others");
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

/* What goes into the pair is cut and its checksums complete, or it never reaches the worker: the
 * kernel does both in front of an interface that cannot. */
static void pair_offloads_off(const struct worker *w)
{
	dev_offload_off(w->host_name, OFFLOAD_TX | OFFLOAD_RX);
	dev_offload_off(w->port_name, OFFLOAD_TX | OFFLOAD_RX);
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
	pair_offloads_off(w);
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
	if (host) {
		pair_offloads_off(w); /* somebody may have switched them on: that is news, too */
		return;
	}
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
	w->now_ns = worker_clock_ns();
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
	worker_rings_serve(w);
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
		worker_count_flush(w);
	ports_close(w);
	sa_cache_fini(&w->sas);
	hop_table_fini(&w->hops);
	net_close(w->net);
	w->net = NULL;
	umem_fini(&w->umem);
}
