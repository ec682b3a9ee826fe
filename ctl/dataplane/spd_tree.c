/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree by which the programs find a policy (struct spd_node). A policy is in the leaf of each
 * cell that it meets, so cutting costs nodes: every subtree has a number of them that it may
 * use, of which those that the policies of its cell need as a plain list are always a part.
 */
#include "dataplane/spd_tree.h"
#include "dataplane/spd_cut.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_POLICIES 2u /* no more than that: not cut any more */
#define NODES_PER_POLICY 8u
#define NODES_MIN 4096u

_Static_assert(SPD_MAX / SPD_CUTS * 4 < SPD_TREE_MAX,
	       "room for the plain lists, with and without ports");

struct tree {
	const struct spd_policy *policies;
	struct spd_node *at;
	uint32_t n;    /* nodes in use */
	uint32_t *ids; /* the sets of all nodes on the way to the one that is being made */
	size_t n_ids, room;
	bool has_cut_ports;
};

/* Nodes that a leaf of so many policies needs behind its first. */
static size_t more_nodes(size_t n_policies)
{
	return n_policies ? (n_policies - 1) / SPD_CUTS : 0;
}

static int push_id(struct tree *t, uint32_t id)
{
	if (t->n_ids == t->room) {
		size_t room = t->room ? t->room * 2 : 1024;
		uint32_t *more = realloc(t->ids, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		t->ids = more;
		t->room = room;
	}
	t->ids[t->n_ids++] = id;
	return 0;
}

/* Of ids[first..first + n), those that can be the first that matches in the cell, to the end of
 * ids. */
static int push_cell(struct tree *t, const struct spd_cell *c, size_t first, size_t n)
{
	int r = 0;

	for (size_t i = first; !r && i < first + n; i++) {
		const struct spd_policy *p = &t->policies[t->ids[i]];
		if (!spd_cell_meets(c, p))
			continue;
		r = push_id(t, t->ids[i]);
		if (spd_cell_is_covered(c, p))
			break;
	}
	return r;
}

static void make_leaf(struct tree *t, struct spd_node *node, const uint32_t *ids, size_t n)
{
	size_t i = 0;

	for (;;) {
		*node = (struct spd_node){ .dim = SPD_LEAF };
		for (unsigned k = 0; k < SPD_CUTS; k++)
			node->word[k] = i < n ? ids[i++] + 1 : 0;
		if (i == n)
			break;
		node->next = t->n++;
		node = &t->at[node->next];
	}
}

static void make_inner(struct tree *t, struct spd_node *node, const struct spd_cut *cut)
{
	*node = (struct spd_node){ .next = t->n, .dim = cut->dim };
	for (unsigned i = 0; i < SPD_CUTS; i++)
		node->word[i] = i < cut->n ? cut->word[i] : ~0u;
	t->n += cut->n + 1;
	t->has_cut_ports |= cut->dim == SPD_REMOTE_PORT || cut->dim == SPD_LOCAL_PORT;
}

/* What the parts of a cut need as plain lists, and their own nodes. */
static size_t cut_needs(const struct spd_cut *cut)
{
	size_t sum = cut->n + 1;

	for (unsigned part = 0; part <= cut->n; part++)
		sum += more_nodes(cut->count[part]);
	return sum;
}

/* A subtree for the policies at the end of ids, from ids[first] on, which may have `may` nodes
 * besides its first one. */
static int make_node(struct tree *t, uint32_t node, const struct spd_cell *c, size_t first,
		     size_t may, unsigned depth);

/* What one part leaves of its share goes to those behind it. */
static int make_parts(struct tree *t, uint32_t node, const struct spd_cell *c,
		      const struct spd_cut *cut, size_t first, size_t may, unsigned depth)
{
	size_t n = t->n_ids - first, end = t->n + may, left = cut->sum, need = cut_needs(cut);
	uint32_t child = t->n;
	int r = 0;

	make_inner(t, &t->at[node], cut);
	need -= cut->n + 1;
	for (unsigned part = 0; !r && part <= cut->n; part++) {
		struct spd_cell in = spd_cut_part(c, cut, part);
		size_t count = cut->count[part], mark = t->n_ids;
		size_t spare = end - t->n - need, own = more_nodes(count);
		r = push_cell(t, &in, first, n);
		if (!r)
			r = make_node(t, child + part, &in, mark,
				      own + (left ? spare * count / left : 0), depth + 1);
		t->n_ids = mark;
		left -= count;
		need -= own;
	}
	return r;
}

static int make_node(struct tree *t, uint32_t node, const struct spd_cell *c, size_t first,
		     size_t may, unsigned depth)
{
	struct spd_set set = { t->policies, t->ids + first, t->n_ids - first };
	struct spd_cut cut;

	if (set.n > LEAF_POLICIES && depth < SPD_DEPTH_MAX && spd_cut_best(c, &set, &cut) &&
	    cut_needs(&cut) <= may)
		return make_parts(t, node, c, &cut, first, may, depth);
	make_leaf(t, &t->at[node], t->ids + first, set.n);
	return 0;
}

static bool is_v4(const struct spd_policy *p)
{
	return addr_range_is_v4(&p->remote.addr);
}

static bool has_ports(const struct spd_policy *p)
{
	return p->remote.port_first || p->remote.port_last != 65535 || p->local.port_first ||
	       p->local.port_last != 65535;
}

/* The policies of one family, of which *ret_ports have ports. */
static int push_family(struct tree *t, size_t n, bool v4, size_t *ret_ports)
{
	int r = 0;

	*ret_ports = 0;
	for (size_t i = 0; !r && i < n; i++) {
		if (is_v4(&t->policies[i]) != v4)
			continue;
		*ret_ports += has_ports(&t->policies[i]);
		r = push_id(t, (uint32_t)i);
	}
	return r;
}

/* Both roots of a family; they are one where no ports are cut. */
static int make_family(struct tree *t, size_t n, bool v4, size_t may)
{
	uint32_t root = v4 ? SPD_ROOT_IPV4 : SPD_ROOT_IPV6, second = root + SPD_ROOT_NO_PORTS;
	struct spd_cell all = spd_cell_all(v4, false), no_ports = spd_cell_all(v4, true);
	size_t n_ports, end = t->n + may;
	int r = push_family(t, n, v4, &n_ports);
	size_t need = more_nodes(t->n_ids), spare = may - 2 * need;

	t->has_cut_ports = false;
	if (!r)
		r = make_node(t, root, &all, 0,
			      may - need - (n_ports ? spare * n_ports / (t->n_ids + n_ports) : 0),
			      1);
	t->at[second] = t->at[root];
	if (!r && t->has_cut_ports)
		r = make_node(t, second, &no_ports, 0, end - t->n, 1);
	t->n_ids = 0;
	return r;
}

int spd_tree_build(struct spd_node *at, const struct spd_policy *policies, size_t n)
{
	struct tree t = { .policies = policies, .at = at, .n = SPD_ROOTS };
	size_t may = NODES_MIN + n * NODES_PER_POLICY, n_v4 = 0;
	int r;

	if (may > SPD_TREE_MAX - SPD_ROOTS)
		may = SPD_TREE_MAX - SPD_ROOTS;
	for (size_t i = 0; i < n; i++)
		n_v4 += is_v4(&policies[i]);
	size_t need_v4 = 2 * more_nodes(n_v4), need_v6 = 2 * more_nodes(n - n_v4);
	size_t spare = may - need_v4 - need_v6;
	r = make_family(&t, n, false, need_v6 + (n ? spare * (n - n_v4) / n : 0));
	if (!r)
		r = make_family(&t, n, true, may + SPD_ROOTS - t.n);
	free(t.ids);
	return r ? r : (int)t.n;
}
