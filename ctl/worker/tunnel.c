/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include "net/dev.h"
#include "worker/esp_out.h"
#include "worker/fragment.h"
#include "worker/gate.h"
#include "worker/icmp.h"
#include "worker/log.h"
#include "worker/pmtu.h"
#include "worker/control.h"

/* Until there is an SA: what fits into every ESP over Ethernet. */
#define MTU_AT_FIRST 1400u
/* veth takes that much more than its MTU says (a VLAN tag), and no packet in it has one. */
#define MTU_SLACK 4u

bool tunnel_has(const struct worker *w, uint32_t child)
{
	return child < CHILD_MAX && w->control->child_tunnel[child].name[0];
}

const struct tunnel *tunnel_find(const struct control *c, uint32_t far_ifindex)
{
	for (const struct tunnel *t = c->tunnels.list; t < c->tunnels.list + TUNNEL_PAIRS_MAX; t++)
		if (t->child && t->far_ifindex == far_ifindex)
			return t;
	return NULL;
}

const struct port *tunnel_port(const struct control *c, uint32_t child)
{
	for (uint32_t i = 0; i < PORT_MAX; i++)
		if (c->ports[i] && c->ports[i]->child == child)
			return c->ports[i];
	return NULL;
}

/* ---- making and removing ---------------------------------------------------------------- */

static struct tunnel *of_child(struct control *c, uint32_t child)
{
	for (uint32_t i = 0; i < TUNNEL_PAIRS_MAX; i++)
		if (c->tunnels.list[i].child == child)
			return &c->tunnels.list[i];
	return NULL;
}

static void forget(struct control *c, struct tunnel *t)
{
	if (t->far_ifindex &&
	    (tunnel_clear(c->dp, t->near_ifindex) || tunnel_clear(c->dp, t->far_ifindex)))
		log_info("%s: cannot be taken out of map tunnels", t->near);
	*t = (struct tunnel){ 0 };
}

static void take_away(struct control *c, struct tunnel *t)
{
	if (t->far_ifindex && dev_remove(t->near))
		log_info("cannot remove %s", t->near);
	else if (t->far_ifindex)
		log_info("%s: removed, its child is not configured any more", t->near);
	forget(c, t);
}

/* The map first: the gate has to know the far end when the first frame comes. */
static int publish(struct control *c, struct tunnel *t)
{
	int err = t->near_ifindex && t->far_ifindex ? 0 : -ENODEV;

	err = err ? err : tunnel_set(c->dp, t->near_ifindex, t->child);
	err = err ? err : tunnel_set(c->dp, t->far_ifindex, t->child);
	return err ? err : gate_attach(c, t->far_ifindex);
}

/* Nobody is asked for a MAC there: there is one station at the other end, for all addresses. */
static int make(struct control *c, struct tunnel *t)
{
	int err = dev_pair_make(t->near, t->far, PAIR_MTU);

	err = err ? err : dev_link_tune(t->near, MTU_AT_FIRST, true);
	if (err)
		return err;
	dev_offload_off(t->near, OFFLOAD_TX | OFFLOAD_RX);
	dev_offload_off(t->far, OFFLOAD_TX | OFFLOAD_RX);
	host_sysctls(t->near);
	t->near_ifindex = if_nametoindex(t->near);
	t->far_ifindex = if_nametoindex(t->far);
	return publish(c, t);
}

static void attempt(struct control *c, struct tunnel *t)
{
	int err = make(c, t);

	if (!err)
		log_info("%s: made", t->near);
	else if (err != t->error)
		log_info("cannot make the interface %s, its other end being %s: %s", t->near,
			 t->far, strerror(-err));
	if (err)
		t->near_ifindex = t->far_ifindex = 0;
	t->error = err;
}

static void begin(struct control *c, uint32_t child)
{
	struct tunnel *t = of_child(c, 0);

	if (!t) {
		log_info("%.*s: not made, there are %u interfaces of route-based children already",
			 (int)TUNNEL_NAME_MAX, c->child_tunnel[child].name, TUNNEL_PAIRS_MAX);
		return;
	}
	*t = (struct tunnel){ .child = child };
	const char *name = c->child_tunnel[child].name;
	snprintf(t->near, sizeof(t->near), "%.*s", IF_NAMESIZE - 2, name);
	snprintf(t->far, sizeof(t->far), "%.*sp", IF_NAMESIZE - 2, name);
	attempt(c, t);
}

/* IPv6 goes from an interface that has less than IP6_MTU_MIN (RFC 8200 5): the worker cuts then. */
static void mtu_follow(struct control *c, const struct tunnel *t)
{
	const struct net_link *link = net_link(c->net, t->near_ifindex);
	const struct port *port = tunnel_port(c, t->child);
	uint32_t mtu = port ? __atomic_load_n(&port->sa_mtu, __ATOMIC_RELAXED) : 0;

	if (!link || !mtu || link->mtu == mtu)
		return;
	if (dev_link_tune(t->near, mtu, true))
		log_detail("%s: cannot set its MTU to %u", t->near, mtu);
	else
		log_detail("%s: MTU %u", t->near, mtu);
}

static void keep(struct control *c, const struct tunnel *t)
{
	mtu_follow(c, t);
	if (c->quarters % 4 == 0)
		host_sysctls(t->near);
}

static void follow(struct control *c, struct tunnel *t)
{
	if (strncmp(c->child_tunnel[t->child].name, t->near, TUNNEL_NAME_MAX) != 0)
		take_away(c, t);
	else if (t->far_ifindex && if_nametoindex(t->near) != t->near_ifindex)
		forget(c, t); /* somebody has removed it: it is made again */
	else if (t->far_ifindex)
		keep(c, t);
	else if (c->quarters % 4 == 0)
		attempt(c, t); /* the name was taken: again */
}

void tunnels_follow(struct control *c)
{
	for (uint32_t i = 0; i < TUNNEL_PAIRS_MAX; i++)
		if (c->tunnels.list[i].child)
			follow(c, &c->tunnels.list[i]);
	for (uint32_t child = 1; child < CHILD_MAX; child++)
		if (c->child_tunnel[child].name[0] && !of_child(c, child))
			begin(c, child);
}

static bool is_known(const struct control *c, uint32_t ifindex)
{
	for (uint32_t i = 0; i < TUNNEL_PAIRS_MAX; i++)
		if (c->tunnels.list[i].near_ifindex == ifindex ||
		    c->tunnels.list[i].far_ifindex == ifindex)
			return true;
	return false;
}

void tunnels_prune(struct control *c)
{
	int fd = dp_map_fd(c->dp, "tunnels");
	uint32_t key, next;
	char name[IF_NAMESIZE];
	int end = bpf_map_get_next_key(fd, NULL, &next);

	while (!end) {
		key = next;
		end = bpf_map_get_next_key(fd, &key, &next);
		if (is_known(c, key))
			continue;
		if (if_indextoname(key, name) && dev_remove(name))
			log_info("cannot remove %s", name);
		if (tunnel_clear(c->dp, key))
			log_info("interface %u: cannot be taken out of map tunnels", key);
	}
}

void tunnels_remove(struct control *c)
{
	for (uint32_t i = 0; i < TUNNEL_PAIRS_MAX; i++)
		if (c->tunnels.list[i].child)
			take_away(c, &c->tunnels.list[i]);
}

/* ---- in a worker's thread
 * ---------------------------------------------------------------------------- */

/* What the peer has let pass as one packet, because it has cut ESP instead. */
static void deliver_cut(struct worker *w, struct frame *f, const struct port *port)
{
	struct burst *b = &w->burst;
	uint16_t before = (uint16_t)b->n;

	f->drop = fragment_cut(w, b, f, (uint16_t)port->near_mtu) ? WORKER_FRAGMENTED
								  : WORKER_DROP_NO_FRAME;
	f->pieces_at = before;
	f->n_pieces = (uint16_t)(b->n - before);
	for (uint32_t i = before; i < b->n; i++) {
		b->frame[i].drop = FRAME_KEEP;
		turn_send_pair(w, &b->frame[i], port, port->near_mac);
	}
}

void tunnel_deliver(struct worker *w, struct frame *f, const struct ip_info *info)
{
	const struct port *port = tunnel_port(w->control, f->sa->child);

	f->l3 = 0;
	if (!port)
		f->drop = WORKER_DROP_NO_ROUTE;
	else if (f->len <= port->near_mtu + MTU_SLACK)
		turn_send_pair(w, f, port, port->near_mac);
	else if (info->version == 4 && !ip_df(f->data))
		deliver_cut(w, f, port);
	else
		icmp_or_drop(w, f, ICMP_TOO_BIG, (uint16_t)port->near_mtu);
}

static uint32_t mtu_of(struct worker *w, struct sa_rt *sa)
{
	nexthop_outer(w, sa);
	uint32_t mtu = esp_out_clear_max(sa, 0, pmtu_of(w, sa));
	return mtu < IP6_MTU_MIN ? IP6_MTU_MIN : mtu > PAIR_MTU ? PAIR_MTU : mtu;
}

void tunnels_measure(struct worker *w)
{
	for (uint32_t i = 0; i < PORT_MAX; i++) {
		struct port *port = w->control->ports[i];

		if (!port || !port->child)
			continue;
		struct sa_rt *sa = sa_cache_get(&w->sas, turn_child_sa(w, port->child), SA_OUT);
		if (sa)
			__atomic_store_n(&port->sa_mtu, mtu_of(w, sa), __ATOMIC_RELAXED);
	}
}
