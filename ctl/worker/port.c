/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "net/dev.h"
#include "worker/log.h"
#include "worker/worker.h"

/* The tc program is ours if it sits at this place. First in order: nothing passes before it. */
#define EGRESS_PRIORITY 1
#define EGRESS_HANDLE 0x534b /* "SK" */
/* A kernel may still be reading the frames that a closed socket was sending. */
#define REST_NS 1000000000ull

struct port *port_find(struct worker *w, uint32_t ifindex)
{
	for (uint32_t i = 0; i < PORT_MAX; i++)
		if (w->ports[i] && w->ports[i]->ifindex == ifindex)
			return w->ports[i];
	return NULL;
}

/* ---- the tc program on the egress side ---------------------------------------------- */

static struct bpf_tc_hook egress_hook(const struct port *p)
{
	return (struct bpf_tc_hook){ .sz = sizeof(struct bpf_tc_hook),
				     .ifindex = (int)p->ifindex,
				     .attach_point = BPF_TC_EGRESS };
}

static int egress_attach(struct worker *w, struct port *p)
{
	struct bpf_tc_hook hook = egress_hook(p);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = EGRESS_HANDLE, .priority = EGRESS_PRIORITY,
		    .prog_fd = dp_prog_fd(w->dp, "egress"), .flags = BPF_TC_F_REPLACE);
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

static int id_take(struct worker *w, uint16_t *ret_id)
{
	for (uint32_t i = 0; i < XSK_MAX; i++)
		if (!(w->id_used[i / 64] & (1ull << i % 64))) {
			w->id_used[i / 64] |= 1ull << i % 64;
			*ret_id = (uint16_t)i;
			return 0;
		}
	return -ENOSPC;
}

static void id_give(struct worker *w, uint16_t id)
{
	w->id_used[id / 64] &= ~(1ull << id % 64);
}

static void xsks_remove(struct worker *w, const struct xsk *x)
{
	for (uint32_t i = 0; i < w->n_xsks; i++)
		if (w->xsks[i] == x) {
			w->xsks[i] = w->xsks[--w->n_xsks];
			return;
		}
}

/* The first queue registers the memory; its rings come with that. */
static int register_memory(struct worker *w, struct port *p, struct xsk *first)
{
	const struct xsk_umem_config cfg = {
		.fill_size = XSK_RING,
		.comp_size = XSK_RING,
		.frame_size = FRAME_SIZE,
		.frame_headroom = FRAME_HEADROOM,
	};

	return xsk_umem__create(&p->registered, w->umem.area, (uint64_t)FRAME_COUNT * FRAME_SIZE,
				&first->fill, &first->comp, &cfg);
}

static int queue_open(struct worker *w, struct port *p, uint32_t queue)
{
	struct xsk *x = calloc(1, sizeof(*x));
	int err;

	if (!x)
		return -ENOMEM;
	*x = (struct xsk){ .umem = &w->umem, .port = p, .queue = queue, .fd = -1 };
	err = id_take(w, &x->id);
	if (err) {
		free(x);
		return err;
	}
	p->queues[queue] = x; /* port_drop cleans up from here on */
	err = p->registered ? 0 : register_memory(w, p, x);
	if (!err)
		err = xsk_open(x, p->name, p->registered);
	if (err)
		return err;
	w->xsks[w->n_xsks++] = x;
	return xsk_set(w->dp, p->slot, queue, x->fd);
}

static int queues_open(struct worker *w, struct port *p)
{
	int err = 0;

	for (uint32_t q = 0; q < p->n_queues && !err; q++)
		err = queue_open(w, p, q);
	return err;
}

static void queues_close(struct worker *w, struct port *p)
{
	/* The first socket shares its file descriptor with the registration: it goes last. */
	for (uint32_t q = PORT_QUEUES; q-- > 0;) {
		struct xsk *x = p->queues[q];

		if (!x)
			continue;
		xsks_remove(w, x);
		if (xsk_clear(w->dp, p->slot, q))
			log_detail("%s: socket %u was not in the map", p->name, q);
		xsk_close(x);
	}
	if (p->registered && xsk_umem__delete(p->registered))
		log_info("%s: memory is still in use", p->name);
	p->registered = NULL;
}

/* ---- opening and closing -------------------------------------------------------------- */

static int port_publish(struct worker *w, struct port *p)
{
	struct port_val val = { .slot = p->slot, .flags = p->flags, .mtu = p->mtu };

	memcpy(val.mac, p->mac, sizeof(val.mac));
	return port_set(w->dp, p->ifindex, &val);
}

static void port_read_link(struct worker *w, struct port *p, const struct net_link *link)
{
	p->mtu = link->mtu;
	memcpy(p->mac, link->mac, sizeof(p->mac));
	memcpy(p->name, link->name, sizeof(p->name));
	p->flags = strcmp(link->name, w->port_name) == 0 ? PORT_HOST : 0;
	if (port_can_xmit(link->ifindex))
		p->flags |= PORT_XMIT;
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

static struct port *port_new(struct worker *w, const struct net_link *link)
{
	struct port *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	for (p->slot = 0; p->slot < PORT_MAX; p->slot++)
		if (!w->ports[p->slot] && !w->closed[p->slot])
			break;
	if (p->slot == PORT_MAX) {
		free(p);
		return NULL;
	}
	p->ifindex = link->ifindex;
	port_read_link(w, p, link);
	port_read_queues(p, link);
	w->ports[p->slot] = p;
	return p;
}

static void port_free(struct worker *w, struct port *p)
{
	for (uint32_t q = 0; q < PORT_QUEUES; q++) {
		if (!p->queues[q])
			continue;
		umem_reclaim(&w->umem, xsk_owner(p->queues[q]));
		id_give(w, p->queues[q]->id);
		free(p->queues[q]);
	}
	free(p);
}

static bool owns_frames(const struct worker *w, const struct port *p)
{
	for (uint32_t q = 0; q < PORT_QUEUES; q++)
		if (p->queues[q] && w->umem.owned[xsk_owner(p->queues[q])])
			return true;
	return false;
}

/* Sockets closed, nothing published; the frames they had rest until ports_reap(). */
static void port_drop(struct worker *w, struct port *p)
{
	if (port_clear(w->dp, p->ifindex))
		log_info("%s: cannot be taken out of map ports", p->name);
	hold_forget(w, p);
	reassembly_forget(w, p);
	queues_close(w, p);
	hop_table_flush(&w->hops);
	if (w->host == p)
		w->host = NULL;
	w->ports[p->slot] = NULL;
	p->closed_ns = w->now_ns;
	if (owns_frames(w, p))
		w->closed[p->slot] = p;
	else
		port_free(w, p);
}

static int port_start(struct worker *w, struct port *p)
{
	int err = 0;

	dev_offload_off(p->name, OFFLOAD_RX);
	if (!(p->flags & PORT_HOST))
		err = egress_attach(w, p);
	if (!err)
		err = queues_open(w, p);
	return err ? err : port_publish(w, p);
}

static void port_open(struct worker *w, const struct net_link *link)
{
	struct port *p = port_new(w, link);
	int err = p ? port_start(w, p) : -ENOSPC;

	if (!err) {
		if (p->flags & PORT_HOST)
			w->host = p;
		hop_table_flush(&w->hops);
		log_info("%s: attached, %u queue%s", p->name, p->n_queues,
			 p->n_queues == 1 ? "" : "s");
		return;
	}
	/* A socket closed a moment ago still holds its queue: housekeeping tries again. */
	w->ports_again = true;
	if (err != w->attach_error && err != -EBUSY)
		log_info("%s: cannot attach: %s", link->name, strerror(-err));
	else
		log_detail("%s: cannot attach yet: %s", link->name, strerror(-err));
	w->attach_error = err;
	if (p)
		port_drop(w, p);
}

static void port_close(struct worker *w, struct port *p, const char *why)
{
	egress_detach(p);
	log_info("%s: detached: %s", p->name, why);
	port_drop(w, p);
}

static void port_compare(struct worker *w, struct port *p, const struct net_link *link)
{
	struct port before = *p, now = *p;

	port_read_queues(&now, link);
	if (now.n_queues != p->n_queues || now.n_send != p->n_send) {
		log_info("%s: its queues have changed", p->name);
		port_drop(w, p); /* and opened again; the tc program stays meanwhile */
		return;
	}
	port_read_link(w, p, link);
	if ((before.mtu != p->mtu || before.flags != p->flags ||
	     memcmp(before.mac, p->mac, sizeof(p->mac)) != 0) &&
	    port_publish(w, p))
		w->ports_again = true;
}

static void port_follow(struct worker *w, struct port *p)
{
	const struct net_link *link = net_link(w->net, p->ifindex);

	if (!link) {
		p->egress = false; /* went with the interface */
		port_close(w, p, "the interface is gone");
	} else if (link->xdp_prog_id != w->gate_id) {
		port_close(w, p, "it does not carry the gate any more");
	} else {
		port_compare(w, p, link);
	}
}

void ports_follow(struct worker *w)
{
	size_t n;
	const struct net_link *links = net_links(w->net, &n);

	w->ports_again = false;
	for (uint32_t i = 0; i < PORT_MAX; i++)
		if (w->ports[i])
			port_follow(w, w->ports[i]);
	for (size_t i = 0; i < n; i++)
		if (links[i].xdp_prog_id == w->gate_id && links[i].up &&
		    !port_find(w, links[i].ifindex))
			port_open(w, &links[i]);
}

void ports_reap(struct worker *w)
{
	for (uint32_t i = 0; i < PORT_MAX; i++)
		if (w->closed[i] && w->now_ns - w->closed[i]->closed_ns > REST_NS) {
			port_free(w, w->closed[i]);
			w->closed[i] = NULL;
		}
}

void ports_unhook(struct worker *w)
{
	for (uint32_t i = 0; i < PORT_MAX; i++)
		if (w->ports[i])
			egress_detach(w->ports[i]);
}

void ports_forget(struct worker *w)
{
	int fd = dp_map_fd(w->dp, "ports");
	uint32_t key;

	/* Each round removes the first, so this ends. */
	while (bpf_map_get_next_key(fd, NULL, &key) == 0)
		if (port_clear(w->dp, key))
			return;
}

void ports_close(struct worker *w)
{
	for (uint32_t i = 0; i < PORT_MAX; i++) {
		if (w->ports[i])
			port_drop(w, w->ports[i]);
		if (w->closed[i])
			port_free(w, w->closed[i]);
		w->closed[i] = NULL;
	}
}
