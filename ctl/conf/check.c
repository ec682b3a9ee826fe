/* SPDX-License-Identifier: BSD-2-Clause */
/* What only the whole configuration shows: selectors that stand twice, and the maps' room. */
#include <stdlib.h>
#include <string.h>
#include "conf/build.h"
#include "ike/ts.h"

/* One policy as the SPD will have it. */
struct pair {
	struct ts_val local, remote;
	const struct conn *conn;
	const struct conn_child *child;
	size_t order;
};

/* 0: one of them takes every packet of the other. */
static int selectors_order(const struct pair *x, const struct pair *y)
{
	int r = memcmp(&x->local, &y->local, sizeof(x->local));

	if (!r)
		r = memcmp(&x->remote, &y->remote, sizeof(x->remote));
	if (!r)
		r = strcmp(x->child->interface, y->child->interface);
	return r ? r : (int)x->child->dir - (int)y->child->dir;
}

static int pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int r = selectors_order(x, y);

	if (!r)
		r = x->order < y->order ? -1 : 1;
	return r;
}

static const struct node *where(const struct build *b, const struct pair *p)
{
	const struct node *n = node_find(b->tree->root, "connections");

	n = n ? node_find(n, p->conn->name) : NULL;
	n = n ? node_find(n, "children") : NULL;
	n = n ? node_find(n, p->child->name) : NULL;
	return n ? n : b->tree->root;
}

static void pairs_add(struct pair *pairs, size_t *n, const struct conn *conn,
		      const struct conn_child *c)
{
	if (c->tunnel[0])
		return; /* no policies */
	for (size_t i = 0; i < c->n_local_ts; i++)
		for (size_t j = 0; j < c->n_remote_ts; j++, ++*n)
			pairs[*n] = (struct pair){ c->local_ts[i], c->remote_ts[j], conn, c, *n };
}

/* All of one side IPv4, all of the other one IPv6. */
static void check_families(struct build *b, const struct conn *conn, const struct conn_child *c)
{
	struct pair at = { .conn = conn, .child = c };
	bool is_any = !c->n_local_ts || !c->n_remote_ts;

	for (size_t i = 0; i < c->n_local_ts; i++)
		for (size_t j = 0; j < c->n_remote_ts; j++)
			is_any |= ts_is_v4(&c->local_ts[i]) == ts_is_v4(&c->remote_ts[j]);
	if (!is_any)
		mistake(b, where(b, &at), "child '%s' of '%s': no packet has addresses of both "
			"families, as local_ts and remote_ts want", c->name, conn->name);
}

/* The first of two equal policies takes everything: the second would never see a packet. */
static void check_pairs(struct build *b, const struct pair *pairs, size_t n)
{
	char local[TS_TEXT_MAX], remote[TS_TEXT_MAX];

	for (size_t i = 1; i < n; i++) {
		const struct pair *p = &pairs[i], *before = &pairs[i - 1];

		if (selectors_order(p, before))
			continue;
		const struct node *at = where(b, p);
		if (!at->source)
			continue;
		mistake(b, at, "child '%s' of '%s' has the selectors of '%s' of '%s': %s and %s",
			p->child->name, p->conn->name, before->child->name, before->conn->name,
			ts_print(&p->local, local, sizeof(local)),
			ts_print(&p->remote, remote, sizeof(remote)));
	}
}

/* An interface leads into one child. */
static void check_tunnels(struct build *b)
{
	const struct conn_child *seen[TUNNELS_MAX / 2];
	size_t n = 0;

	for (size_t i = 0; i < b->conf->n_conns; i++)
		for (size_t j = 0; j < b->conf->conns[i]->n_children; j++) {
			const struct conn *conn = b->conf->conns[i];
			struct pair at = { .conn = conn, .child = &conn->children[j] };

			if (!at.child->tunnel[0])
				continue;
			if (n == TUNNELS_MAX / 2) {
				mistake(b, where(b, &at),
					"more than %u children with a "
					"tunnel_interface",
					TUNNELS_MAX / 2);
				return;
			}
			for (size_t k = 0; k < n; k++)
				if (!strcmp(seen[k]->tunnel, at.child->tunnel))
					mistake(b, where(b, &at),
						"tunnel_interface %s is that of "
						"child '%s', too",
						at.child->tunnel, seen[k]->name);
			seen[n++] = at.child;
		}
}

void check_connections(struct build *b)
{
	const struct conf *conf = b->conf;
	size_t n_pairs = 0, n_slots = 0, n = 0;
	struct pair *pairs;

	for (size_t i = 0; i < conf->n_conns; i++)
		for (size_t j = 0; j < conf->conns[i]->n_children; j++) {
			const struct conn_child *c = &conf->conns[i]->children[j];

			n_pairs += c->n_local_ts * c->n_remote_ts;
			n_slots += c->action == SPD_PROTECT;
			check_families(b, conf->conns[i], c);
		}
	check_tunnels(b);
	if (n_slots >= CHILD_MAX)
		errors_add(b->tree->errors, NULL, 0, "more than %u children", CHILD_MAX - 1);
	if (n_pairs > SPD_MAX)
		errors_add(b->tree->errors, NULL, 0, "more than %u pairs of selectors", SPD_MAX);
	if (n_pairs < 2 || n_pairs > SPD_MAX)
		return;
	pairs = calloc(n_pairs, sizeof(*pairs));
	if (!pairs) {
		b->is_out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < conf->n_conns; i++)
		for (size_t j = 0; j < conf->conns[i]->n_children; j++)
			pairs_add(pairs, &n, conf->conns[i], &conf->conns[i]->children[j]);
	qsort(pairs, n, sizeof(*pairs), pair_order);
	check_pairs(b, pairs, n);
	free(pairs);
}
