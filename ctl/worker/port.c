/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "net/dev.h"
#include "worker/log.h"
#include "worker/control.h"

/* The tc program is ours if it sits at this place. First in order: nothing passes before it. */
#define EGRESS_PRIORITY 1
#define EGRESS_HANDLE 0x534b /* "SK" */
/* A kernel may still be reading the frames that a closed socket was sending. */
#define REST_NS 1000000000ull

struct port *port_find(struct control *c, uint32_t ifindex)
{
	for (uint32_t i = 0; i < PORT_MAX; i++)
		if (c->ports[i] && c->ports[i]->ifindex == ifindex)
			return c->ports[i];
	return NULL;
}

void hops_flush(struct control *c)
{
	for (uint32_t i = 0; i < c->n_workers; i++)
		hop_table_flush(&c->workers[i]->hops);
}

/* ---- the tc program on the egress side ---------------------------------------------- */

static struct bpf_tc_hook egress_hook(const struct port *p)
{
	return (struct bpf_tc_hook){ .sz = sizeof(struct bpf_tc_hook),
				     .ifindex = (int)p->ifindex,
				     .attach_point = BPF_TC_EGRESS };
}

static int egress_attach(struct control *c, struct port *p)
{
	struct bpf_tc_hook hook = egress_hook(p);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = EGRESS_HANDLE, .priority = EGRESS_PRIORITY,
		    .prog_fd = dp_prog_fd(c->dp, "egress"), .flags = BPF_TC_F_REPLACE);
	int err = bpf_tc_hook_create(&hook);

	if (err && err != -EEXIST)
		return err;
	err = bpf_tc_attach(&hook, &opts);
	p->egress = !err;
	return err;
}

static void egress_detach(struct port *p)
{
	struct bpf_tc_hook hook = egress_hook(p);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = EGRESS_HANDLE, .priority = EGRESS_PRIORITY);

	if (p->egress && bpf_tc_detach(&hook, &opts))
		log_detail("%s: tc program was gone already", p->name);
	p->egress = false;
}

/* ---- sockets ------------------------------------------------------------------------- */

static int id_take(struct control *c, uint16_t *ret_id)
{
	for (uint32_t i = 0; i < XSK_MAX; i++)
		if (!(c->id_used[i / 64] & (1ull << i % 64))) {
			c->id_used[i / 64] |= 1ull << i % 64;
			*ret_id = (uint16_t)i;
			return 0;
		}
	return -ENOSPC;
}

static void id_give(struct control *c, uint16_t id)
{
	c->id_used[id / 64] &= ~(1ull << id % 64);
}

static void xsks_remove(struct worker *w, const struct xsk *x)
{
	for (uint32_t i = 0; i < w->n_xsks; i++)
		if (w->xsks[i] == x) {
			w->xsks[i] = w->xsks[--w->n_xsks];
			return;
		}
}

/* The worker's first queue registers its memory; the rings of that queue come with that. */
static int register_memory(struct port *p, struct xsk *first)
{
	const struct xsk_umem_config cfg = {
		.fill_size = XSK_RING,
		.comp_size = XSK_RING,
		.frame_size = FRAME_SIZE,
		.frame_headroom = FRAME_HEADROOM,
	};

	return xsk_umem__create(&p->registered[first->worker->index], first->umem->area,
				(uint64_t)FRAME_COUNT * FRAME_SIZE, &first->fill, &first->comp,
				&cfg);
}

static int queue_open(struct control *c, struct port *p, uint32_t queue)
{
	struct worker *w = control_worker(c, queue);
	struct xsk *x = calloc(1, sizeof(*x));
	int err;

	if (!x)
		return -ENOMEM;
	*x = (struct xsk){ .worker = w, .umem = &w->umem, .port = p, .queue = queue, .fd = -1 };
	err = id_take(c, &x->id);
	if (err) {
		free(x);
		return err;
	}
	p->queues[queue] = x; /* port_drop cleans up from here on */
	err = p->registered[w->index] ? 0 : register_memory(p, x);
	if (!err)
		err = xsk_open(x, p->name, p->registered[w->index]);
	if (err)
		return err;
	w->xsks[w->n_xsks++] = x;
	return xsk_set(c->dp, p->slot, queue, x->fd);
}

static int queues_open(struct control *c, struct port *p)
{
	int err = 0;

	for (uint32_t q = 0; q < p->n_queues && !err; q++)
		err = queue_open(c, p, q);
	return err;
}

static void queues_close(struct control *c, struct port *p)
{
	/* A worker's first socket shares its file descriptor with the registration: it goes last.
	 */
	for (uint32_t q = PORT_QUEUES; q-- > 0;) {
		struct xsk *x = p->queues[q];

		if (!x)
			continue;
		xsks_remove(x->worker, x);
		if (xsk_clear(c->dp, p->slot, q))
			log_detail("%s: socket %u was not in the map", p->name, q);
		xsk_close(x);
	}
	for (uint32_t i = 0; i < c->n_workers; i++) {
		if (p->registered[i] && xsk_umem__delete(p->registered[i]))
			log_info("%s: memory is still in use", p->name);
		p->registered[i] = NULL;
	}
}

/* ---- opening and closing -------------------------------------------------------------- */

static int port_publish(struct control *c, struct port *p)
{
	struct port_val val = { .slot = p->slot, .flags = p->flags, .mtu = p->mtu };

	memcpy(val.mac, p->mac, sizeof(val.mac));
	return port_set(c->dp, p->ifindex, &val);
}

static void port_read_tunnel(struct control *c, struct port *p)
{
	const struct tunnel *t = tunnel_find(c, p->ifindex);
	const struct net_link *near = t ? net_link(c->net, t->near_ifindex) : NULL;

	if (!near)
		return;
	p->flags |= PORT_TUNNEL;
	p->child = t->child;
	p->near_ifindex = near->ifindex;
	p->near_mtu = near->mtu;
	memcpy(p->near_mac, near->mac, sizeof(p->near_mac));
}

static void port_read_link(struct control *c, struct port *p, const struct net_link *link)
{
	p->mtu = link->mtu;
	memcpy(p->mac, link->mac, sizeof(p->mac));
	memcpy(p->name, link->name, sizeof(p->name));
	p->flags = strcmp(link->name, c->port_name) == 0 ? PORT_HOST : 0;
	if (port_can_xmit(link->ifindex))
		p->flags |= PORT_XMIT;
	port_read_tunnel(c, p);
}

/* What it was stays when the interface is gone: that news is on its way. */
static void port_read_queues(struct port *p, const struct net_link *link)
{
	struct dev_queues n = { link->rx_queues, link->tx_queues };

	if (dev_queues_get(link->name, &n))
		return;
	p->n_queues = n.rx < PORT_QUEUES ? n.rx : PORT_QUEUES;
	p->n_send = n.tx < p->n_queues ? n.tx : p->n_queues;
}

static struct port *port_new(struct control *c, const struct net_link *link)
{
	struct port *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	for (p->slot = 0; p->slot < PORT_MAX; p->slot++)
		if (!c->ports[p->slot] && !c->closed[p->slot])
			break;
	if (p->slot == PORT_MAX) {
		free(p);
		return NULL;
	}
	p->ifindex = link->ifindex;
	port_read_link(c, p, link);
	port_read_queues(p, link);
	c->ports[p->slot] = p;
	return p;
}

static void port_free(struct control *c, struct port *p)
{
	for (uint32_t q = 0; q < PORT_QUEUES; q++) {
		if (!p->queues[q])
			continue;
		umem_reclaim(p->queues[q]->umem, xsk_owner(p->queues[q]));
		id_give(c, p->queues[q]->id);
		free(p->queues[q]);
	}
	free(p);
}

static bool owns_frames(const struct port *p)
{
	for (uint32_t q = 0; q < PORT_QUEUES; q++)
		if (p->queues[q] && p->queues[q]->umem->owned[xsk_owner(p->queues[q])])
			return true;
	return false;
}

/* Sockets closed, nothing published; the frames they had rest until ports_reap(). */
static void port_drop(struct control *c, struct port *p)
{
	if (port_clear(c->dp, p->ifindex))
		log_info("%s: cannot be taken out of map ports", p->name);
	for (uint32_t i = 0; i < c->n_workers; i++) {
		hold_forget(c->workers[i], p);
		reassembly_forget(c->workers[i], p);
	}
	queues_close(c, p);
	hops_flush(c);
	if (c->host == p)
		c->host = NULL;
	c->ports[p->slot] = NULL;
	p->closed_ns = c->now_ns;
	if (owns_frames(p))
		c->closed[p->slot] = p;
	else
		port_free(c, p);
}

static int port_start(struct control *c, struct port *p)
{
	int err = 0;

	dev_offload_off(p->name, OFFLOAD_RX);
	if (!(p->flags & (PORT_HOST | PORT_TUNNEL)))
		err = egress_attach(c, p);
	if (!err)
		err = queues_open(c, p);
	return err ? err : port_publish(c, p);
}

static void port_open(struct control *c, const struct net_link *link)
{
	struct port *p = port_new(c, link);
	int err = p ? port_start(c, p) : -ENOSPC;

	if (!err) {
		if (p->flags & PORT_HOST)
			c->host = p;
		hops_flush(c);
		log_info("%s: attached, %u queue%s", p->name, p->n_queues,
			 p->n_queues == 1 ? "" : "s");
		return;
	}
	/* A socket closed a moment ago still holds its queue: housekeeping tries again. */
	c->ports_again = true;
	if (err != c->attach_error && err != -EBUSY)
		log_info("%s: cannot attach: %s", link->name, strerror(-err));
	else
		log_detail("%s: cannot attach yet: %s", link->name, strerror(-err));
	c->attach_error = err;
	if (p)
		port_drop(c, p);
}

static void port_close(struct control *c, struct port *p, const char *why)
{
	egress_detach(p);
	log_info("%s: detached: %s", p->name, why);
	port_drop(c, p);
}

static void port_compare(struct control *c, struct port *p, const struct net_link *link)
{
	struct port before = *p, now = *p;

	port_read_queues(&now, link);
	if (now.n_queues != p->n_queues || now.n_send != p->n_send) {
		log_info("%s: its queues have changed", p->name);
		port_drop(c, p); /* and opened again; the tc program stays meanwhile */
		return;
	}
	port_read_link(c, p, link);
	if ((before.mtu != p->mtu || before.flags != p->flags ||
	     memcmp(before.mac, p->mac, sizeof(p->mac)) != 0) &&
	    port_publish(c, p))
		c->ports_again = true;
}

static void port_follow(struct control *c, struct port *p)
{
	const struct net_link *link = net_link(c->net, p->ifindex);

	if (!link) {
		p->egress = false; /* went with the interface */
		port_close(c, p, "the interface is gone");
	} else if (link->xdp_prog_id != c->gate_id) {
		port_close(c, p, "it does not carry the gate any more");
	} else {
		port_compare(c, p, link);
	}
}

void ports_follow(struct control *c)
{
	size_t n;
	const struct net_link *links = net_links(c->net, &n);

	c->ports_again = false;
	for (uint32_t i = 0; i < PORT_MAX; i++)
		if (c->ports[i])
			port_follow(c, c->ports[i]);
	for (size_t i = 0; i < n; i++)
		if (links[i].xdp_prog_id == c->gate_id && links[i].up &&
		    !port_find(c, links[i].ifindex))
			port_open(c, &links[i]);
}

void ports_reap(struct control *c)
{
	for (uint32_t i = 0; i < PORT_MAX; i++)
		if (c->closed[i] && c->now_ns - c->closed[i]->closed_ns > REST_NS) {
			port_free(c, c->closed[i]);
			c->closed[i] = NULL;
		}
}

void ports_unhook(struct control *c)
{
	for (uint32_t i = 0; i < PORT_MAX; i++)
		if (c->ports[i])
			egress_detach(c->ports[i]);
}

void ports_forget(struct control *c)
{
	int fd = dp_map_fd(c->dp, "ports");
	uint32_t key;

	/* Each round removes the first, so this ends. */
	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		if (port_clear(c->dp, key))
			return;
}

void ports_close(struct control *c)
{
	for (uint32_t i = 0; i < PORT_MAX; i++) {
		if (c->ports[i])
			port_drop(c, c->ports[i]);
		if (c->closed[i])
			port_free(c, c->closed[i]);
		c->closed[i] = NULL;
	}
}
