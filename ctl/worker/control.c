/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control of the workers: beginning and end, the veth pair, the news from netlink, and the slow
 * work that comes every quarter of a second.
 */
#include "worker/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "net/dev.h"
#include "worker/gate.h"
#include "worker/hot.h"
#include "worker/log.h"

static void addrs_follow(struct control *c)
{
	size_t n;
	const struct net_addr *addrs = net_addrs(c->net, &n);
	struct addr_entry *entries = calloc(n + 1, sizeof(*entries));

	if (!entries)
		return;
	for (size_t i = 0; i < n; i++) {
		struct addr_entry *e = &entries[i];
		const struct net_link *link = net_link(c->net, addrs[i].ifindex);

		e->addr = addrs[i].addr;
		if (!link || addr_to_v4(&e->addr) >> 24 == 127)
			continue; /* ifindex 0: local only */
		e->ifindex = link->ifindex;
		memcpy(e->mac, link->mac, sizeof(e->mac));
	}
	int err = addrs_replace(c->dp, entries, n);
	if (err)
		log_info("cannot write this host's addresses: %s", strerror(-err));
	free(entries);
}

/* False: not a VLAN's interface, not up, or with more tags than the gate reads. */
static bool vlan_read(const struct net *net, const struct net_link *link,
		      struct vlan_entry *ret_entry)
{
	struct vlan_entry e = { .ifindex = link->ifindex };
	size_t n = 0;

	for (; link && link->vlan; link = net_link(net, link->parent)) {
		if (n++ == VLAN_TAGS || !link->up)
			return false;
		memmove(&e.on.tag[1], &e.on.tag[0], sizeof(e.on.tag) - sizeof(e.on.tag[0]));
		e.on.tag[0] = (struct vlan_id){ link->vlan_proto, link->vlan };
	}
	if (!link || !n)
		return false;
	e.on.ifindex = link->ifindex;
	*ret_entry = e;
	return true;
}

static void vlans_follow(struct control *c)
{
	size_t n, n_vlans = 0;
	const struct net_link *links = net_links(c->net, &n);
	struct vlan_entry *entries = calloc(n + 1, sizeof(*entries));

	if (!entries)
		return;
	for (size_t i = 0; i < n; i++)
		n_vlans += vlan_read(c->net, &links[i], &entries[n_vlans]);
	int err = vlans_replace(c->dp, entries, n_vlans);
	if (err)
		log_info("cannot write this host's VLANs: %s", strerror(-err));
	free(entries);
}

/* ---- beginning and end ---------------------------------------------------------------- */

/* Written only where it is something else: this is looked at every second. */
static int sysctl_keep(const char *family, const char *name, const char *key, int value)
{
	return dev_sysctl_get(family, name, key) == value ? 0
							   : dev_sysctl(family, name, key, value);
}

/* udev has the distribution's rp_filter written when an interface is new: maybe after us. */
void host_sysctls(const char *name)
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
		int err = sysctl_keep(wanted[i].family, name, wanted[i].key, wanted[i].value);
		if (err && err != -ENOENT) /* gone: that news is on its way */
			log_info("%s: cannot set %s: %s", name, wanted[i].key, strerror(-err));
	}
	/* Not on every kernel, and forwarding makes a router of the link only with `all`. */
	(void)!sysctl_keep("ipv6", name, "forwarding", 1);
}

/* The kernel takes the larger one of `all` and the interface's. */
static void rp_filter_follow(struct control *c)
{
	int all = dev_sysctl_get("ipv4", "all", "rp_filter");

	if (all > 0 && all != c->rp_filter)
		log_info(
			"net.ipv4.conf.all.rp_filter is %d: reverse path checks will drop "
			"decrypted packets for this host; set it to 0, and those of the interfaces "
			"as you like",
			all);
	c->rp_filter = all;
}

static void system_sysctls(struct control *c)
{
	/* The FIB is asked for our own packets as if they came from lo. */
	if (dev_sysctl("ipv4", "lo", "forwarding", 1))
		log_detail("cannot set forwarding on lo: ESP goes through the stack");
	rp_filter_follow(c);
	if (dev_sysctl_get("ipv4", "all", "forwarding") == 0)
		log_info("net.ipv4.ip_forward is 0: this host does not forward for others");
	(void)!dev_sysctl("ipv6", "lo", "forwarding", 1);
	if (dev_sysctl_get("ipv6", "all", "forwarding") == 0)
		log_detail("net.ipv6.conf.all.forwarding is 0: IPv6 is not forwarded for others");
}

static void sysctls_follow(struct control *c)
{
	host_sysctls(c->host_name);
	rp_filter_follow(c);
}

static int pair_attach(struct control *c)
{
	const struct net_link *host, *port;
	int err = net_read(c->net);

	host = net_link_named(c->net, c->host_name);
	port = net_link_named(c->net, c->port_name);
	if (err < 0 || !host || !port)
		return -ENODEV;
	c->host_ifindex = host->ifindex;
	memcpy(c->host_mac, host->mac, sizeof(c->host_mac));
	if (port->xdp_prog_id != c->gate_id)
		err = gate_attach(c, port->ifindex);
	err = err < 0 ? err : net_read(c->net);
	return err < 0 ? err : host_if_set(c->dp, c->host_ifindex);
}

/* What goes into the pair is cut and its checksums complete, or it never reaches the worker: the
 * kernel does both in front of an interface that cannot. */
static void pair_offloads_off(const struct control *c)
{
	dev_offload_off(c->host_name, OFFLOAD_TX | OFFLOAD_RX);
	dev_offload_off(c->port_name, OFFLOAD_TX | OFFLOAD_RX);
}

static int pair_make(struct control *c)
{
	dev_pair_names(c->instance, c->host_name, c->port_name);
	int err = dev_pair_make(c->host_name, c->port_name, PAIR_MTU);
	if (err) {
		log_info("cannot make the interfaces %s and %s: %s", c->host_name, c->port_name,
			 strerror(-err));
		return err;
	}
	pair_offloads_off(c);
	host_sysctls(c->host_name);
	system_sysctls(c);
	err = pair_attach(c);
	if (err)
		log_info("cannot attach the gate to %s: %s", c->port_name, strerror(-err));
	return err;
}

static void links_follow(struct control *c)
{
	const struct net_link *host = net_link(c->net, c->host_ifindex);

	if (host)
		memcpy(c->host_mac, host->mac, sizeof(c->host_mac));
	ports_follow(c);
	if (host) {
		pair_offloads_off(c); /* somebody may have switched them on: that is news, too */
		return;
	}
	log_info("%s is gone, making it again", c->host_name);
	if (pair_make(c) == 0)
		ports_follow(c);
}

static void net_follow(struct control *c)
{
	int changed = net_read(c->net);

	if (changed < 0) {
		log_info("netlink: %s", strerror(-changed));
		return;
	}
	if (changed)
		hops_flush(c);
	if (changed & NET_LINKS) {
		links_follow(c);
		vlans_follow(c);
	}
	if (changed & (NET_LINKS | NET_ADDRS))
		addrs_follow(c);
}

void control_housekeeping(struct control *c)
{
	c->quarters++;
	tunnels_follow(c); /* workers do not look at what it changes */
	if (c->quarters % 4 == 0)
		sysctls_follow(c);
	threads_pause(c);
	c->now_ns = worker_clock_ns();
	ports_reap(c);
	if (c->ports_again || c->quarters % 4 == 0) /* PORT_XMIT has no news of its own */
		ports_follow(c);
	threads_resume(c);
}

void control_net_changed(struct control *c)
{
	threads_pause(c);
	c->now_ns = worker_clock_ns();
	net_follow(c);
	threads_resume(c);
}

/* Sockets of a worker that has just ended hold their queues for a moment: with patience,
 * "ready" means that everything attached is served. */
static void ports_first(struct control *c)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	ports_follow(c);
	for (int i = 0; i < 50 && c->ports_again; i++) {
		nanosleep(&pause, NULL);
		ports_follow(c);
	}
}

static int workers_new(struct control *c)
{
	if (c->n_workers > 1) {
		c->replay_locks =
			aligned_alloc(sizeof(*c->replay_locks), SA_MAX * sizeof(*c->replay_locks));
		if (!c->replay_locks)
			return -ENOMEM;
		memset(c->replay_locks, 0, SA_MAX * sizeof(*c->replay_locks));
	}
	for (uint32_t i = 0; i < c->n_workers; i++) {
		c->workers[i] = worker_new(c, i);
		if (!c->workers[i])
			return -ENOMEM;
	}
	return 0;
}

/* What is attached is served: what the first turns would do is done. */
static int serve(struct control *c)
{
	ports_forget(c);
	int err = pair_make(c);
	if (err)
		return err;
	tunnels_follow(c);
	tunnels_prune(c);
	gates_renew(c);
	ports_first(c);
	addrs_follow(c);
	vlans_follow(c);
	for (uint32_t i = 0; i < c->n_workers; i++)
		worker_rings_serve(c->workers[i]);
	return threads_start(c);
}

int control_init(struct control *c)
{
	int err;

	c->child_out = dp_child_out(c->dp);
	c->child_tunnel = dp_child_tunnel(c->dp);
	c->spd_state = dp_spd_state(c->dp);
	c->count_map = dp_worker_count(c->dp);
	c->gate_id = dp_prog_id(c->dp, "gate");
	c->now_ns = worker_clock_ns();
	err = workers_new(c);
	err = err ? err : net_open(&c->net);
	err = err ? err : serve(c);
	if (err)
		log_info("cannot start: %s", strerror(-err));
	return err;
}

void control_dismantle(struct control *c)
{
	ports_unhook(c);
	tunnels_remove(c);
	if (host_if_set(c->dp, 0))
		log_info("cannot take %s out of map host_if", c->host_name);
	if (dev_remove(c->host_name))
		log_info("cannot remove %s", c->host_name);
}

void control_fini(struct control *c)
{
	threads_stop(c);
	ports_close(c);
	for (uint32_t i = 0; i < c->n_workers && c->workers[i]; i++)
		worker_free(c->workers[i]);
	free(c->replay_locks);
	net_close(c->net);
	c->net = NULL;
}
