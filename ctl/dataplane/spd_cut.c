/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses are cut word by word: the next one when a cell has one value of the words before it. So
 * a cell is one interval of addresses at any time.
 */
#include "dataplane/spd_cut.h"

#include <stdlib.h>
#include <string.h>

#define WORDS 4u /* of an address */
#define SAMPLE                                                                                     \
	128u /* policies of a set whose ends are looked at: where to cut large ones needs no more  \
	      */
#define ENDS_MAX (4 * SAMPLE)

/* What a policy has of one dimension of a cell. An end is partly its own where it goes on in the
 * words that follow. */
struct span {
	uint32_t first, last;
	bool is_first_part, is_last_part;
};

/* Of a dimension that is a word of an address. */
static unsigned side_of(enum spd_dim dim)
{
	return dim >= SPD_LOCAL;
}

static unsigned index_of(enum spd_dim dim)
{
	return (dim - SPD_REMOTE) % WORDS;
}

static bool is_below(struct addr_num a, struct addr_num b)
{
	return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
}

static uint32_t word_of(struct addr_num a, unsigned word)
{
	uint64_t half = word < WORDS / 2 ? a.hi : a.lo;

	return (uint32_t)(word % 2 ? half : half >> 32);
}

static void set_word(struct addr_num *a, unsigned word, uint32_t value)
{
	__u64 *half = word < WORDS / 2 ? &a->hi : &a->lo;

	*half = word % 2 ? (*half & ~0xffffffffull) | value
			 : (*half & 0xffffffffull) | (uint64_t)value << 32;
}

/* All bits of the words behind one. */
static struct addr_num behind(unsigned word)
{
	static const struct addr_num mask[WORDS] = {
		{ 0xffffffff, ~0ull }, { 0, ~0ull }, { 0, 0xffffffff }, { 0, 0 }
	};

	return mask[word];
}

/* The word in which the cell has more than one value first; WORDS: one address. */
static unsigned open_word(const struct addr_range *r)
{
	unsigned word = 0;

	while (word < WORDS && word_of(r->first, word) == word_of(r->last, word))
		word++;
	return word;
}

static const struct ts_val *side(const struct spd_policy *p, unsigned which)
{
	return which ? &p->local : &p->remote;
}

static struct span addr_span(const struct addr_range *cell, const struct addr_range *r,
			     unsigned word)
{
	struct addr_num first = is_below(r->first, cell->first) ? cell->first : r->first;
	struct addr_num last = is_below(cell->last, r->last) ? cell->last : r->last;
	struct addr_num mask = behind(word);

	return (struct span){ word_of(first, word), word_of(last, word),
			      (first.hi & mask.hi) || (first.lo & mask.lo),
			      (~last.hi & mask.hi) || (~last.lo & mask.lo) };
}

/* Of the policy alone. */
static struct span narrow_span(const struct spd_policy *p, enum spd_dim dim)
{
	if (dim == SPD_REMOTE_PORT)
		return (struct span){ .first = p->remote.port_first, .last = p->remote.port_last };
	if (dim == SPD_LOCAL_PORT)
		return (struct span){ .first = p->local.port_first, .last = p->local.port_last };
	uint8_t proto = p->local.proto ? p->local.proto : p->remote.proto;
	return proto ? (struct span){ .first = proto, .last = proto }
		     : (struct span){ .last = 255 };
}

static struct span span_of(const struct spd_cell *c, const struct spd_policy *p, enum spd_dim dim)
{
	if (dim < SPD_REMOTE_PORT)
		return addr_span(&c->addr[side_of(dim)], &side(p, side_of(dim))->addr,
				 index_of(dim));
	struct span s = narrow_span(p, dim);
	uint32_t first = c->narrow[dim - SPD_REMOTE_PORT].first;
	uint32_t last = c->narrow[dim - SPD_REMOTE_PORT].last;
	return (struct span){ .first = s.first < first ? first : s.first,
			      .last = s.last > last ? last : s.last };
}

/* All values that the cell has in a dimension. */
static struct span cell_span(const struct spd_cell *c, enum spd_dim dim)
{
	if (dim < SPD_REMOTE_PORT) {
		const struct addr_range *r = &c->addr[side_of(dim)];
		return (struct span){ .first = word_of(r->first, index_of(dim)),
				      .last = word_of(r->last, index_of(dim)) };
	}
	return (struct span){ .first = c->narrow[dim - SPD_REMOTE_PORT].first,
			      .last = c->narrow[dim - SPD_REMOTE_PORT].last };
}

struct spd_cell spd_cell_all(bool is_v4, bool has_no_ports)
{
	struct ip_addr v4_first = addr_from_v4(0), v4_last = addr_from_v4(0xffffffff);
	struct addr_range v4 = { addr_to_num(&v4_first), addr_to_num(&v4_last) };
	struct addr_range v6 = { { 0, 0 }, { ~0ull, ~0ull } };
	struct spd_cell c = { .narrow = { { 0, 65535 }, { 0, 65535 }, { 0, 255 } },
			      .has_no_ports = has_no_ports };

	c.addr[0] = c.addr[1] = is_v4 ? v4 : v6;
	return c;
}

static bool meets(struct span a, struct span b)
{
	return a.first <= b.last && b.first <= a.last;
}

static bool is_inside(struct span a, struct span b)
{
	return b.first <= a.first && a.last <= b.last;
}

bool spd_cell_meets(const struct spd_cell *c, const struct spd_policy *p)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct addr_range *r = &side(p, i)->addr;
		if (is_below(r->last, c->addr[i].first) || is_below(c->addr[i].last, r->first))
			return false;
	}
	for (enum spd_dim dim = SPD_REMOTE_PORT; dim < SPD_DIMS; dim++)
		if (!meets(cell_span(c, dim), narrow_span(p, dim)))
			return false;
	return true;
}

/* What has no ports is refused by a policy that needs them: that is an outcome, too. */
bool spd_cell_is_covered(const struct spd_cell *c, const struct spd_policy *p)
{
	if (p->dir != SPD_BOTH || p->ifindex)
		return false;
	if (p->local.proto && p->remote.proto && p->local.proto != p->remote.proto)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		const struct addr_range *r = &side(p, i)->addr;
		if (is_below(c->addr[i].first, r->first) || is_below(r->last, c->addr[i].last))
			return false;
	}
	for (enum spd_dim dim = c->has_no_ports ? SPD_PROTO : SPD_REMOTE_PORT; dim < SPD_DIMS;
	     dim++)
		if (!is_inside(cell_span(c, dim), narrow_span(p, dim)))
			return false;
	return true;
}

static int word_cmp(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Where the policies begin and end in a dimension, as the last value before: sorted, each once. */
static size_t ends_of(const struct spd_cell *c, const struct spd_set *set, enum spd_dim dim,
		      uint32_t ret_ends[ENDS_MAX])
{
	struct span all = cell_span(c, dim);
	size_t n = 0, n_unique = 0, step = (set->n + SAMPLE - 1) / SAMPLE;

	for (size_t i = 0; i < set->n; i += step) {
		struct span s = span_of(c, &set->policies[set->at[i]], dim);
		if (s.first > all.first)
			ret_ends[n++] = s.first - 1;
		if (s.is_first_part && s.first < all.last)
			ret_ends[n++] = s.first;
		if (s.is_last_part && s.last > all.first)
			ret_ends[n++] = s.last - 1;
		if (s.last < all.last)
			ret_ends[n++] = s.last;
	}
	qsort(ret_ends, n, sizeof(*ret_ends), word_cmp);
	for (size_t i = 0; i < n; i++)
		if (!n_unique || ret_ends[n_unique - 1] != ret_ends[i])
			ret_ends[n_unique++] = ret_ends[i];
	return n_unique;
}

static unsigned part_of(const struct spd_cut *cut, uint32_t value)
{
	unsigned part = 0;

	while (part < cut->n && value > cut->word[part])
		part++;
	return part;
}

static void count_parts(const struct spd_cell *c, const struct spd_set *set, struct spd_cut *cut)
{
	for (size_t i = 0; i < set->n; i++) {
		struct span s = span_of(c, &set->policies[set->at[i]], cut->dim);
		unsigned last = part_of(cut, s.last);
		for (unsigned part = part_of(cut, s.first); part <= last; part++)
			cut->count[part]++;
	}
	for (unsigned part = 0; part <= cut->n; part++)
		cut->sum += cut->count[part];
}

/* False: everything is the same in all of the dimension. */
static bool cut_at(const struct spd_cell *c, const struct spd_set *set, enum spd_dim dim,
		   struct spd_cut *ret_cut)
{
	uint32_t ends[ENDS_MAX];
	size_t n = ends_of(c, set, dim, ends);

	*ret_cut = (struct spd_cut){ .dim = dim, .n = n < SPD_CUTS ? (unsigned)n : SPD_CUTS };
	for (unsigned i = 0; i < ret_cut->n; i++)
		ret_cut->word[i] = ends[n <= SPD_CUTS ? i : n * (i + 1) / (SPD_CUTS + 1)];
	if (n)
		count_parts(c, set, ret_cut);
	return n > 0;
}

/* How many policies stay together with one of them, times their number. */
static double rest(const struct spd_cut *cut)
{
	double squares = 0;

	for (unsigned part = 0; part <= cut->n; part++)
		squares += (double)cut->count[part] * (double)cut->count[part];
	return cut->sum ? squares / (double)cut->sum : 0;
}

/* Most of the policies have one value of this word: then the next one may be cut. */
static bool opens_next_word(const struct spd_cell *c, const struct spd_set *set,
			    const struct spd_cut *cut)
{
	if (cut->dim >= SPD_REMOTE_PORT || index_of(cut->dim) == WORDS - 1)
		return false;
	for (unsigned part = 0; part <= cut->n; part++) {
		struct spd_cell in = spd_cut_part(c, cut, part);
		struct span s = cell_span(&in, cut->dim);
		if (cut->count[part] * 2 >= set->n && s.first == s.last)
			return true;
	}
	return false;
}

/* The dimensions that can be cut. */
static unsigned open_dims(const struct spd_cell *c, enum spd_dim ret_dims[5])
{
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++)
		if (open_word(&c->addr[i]) < WORDS)
			ret_dims[n++] =
				(enum spd_dim)(SPD_REMOTE + i * WORDS + open_word(&c->addr[i]));
	for (enum spd_dim dim = c->has_no_ports ? SPD_PROTO : SPD_REMOTE_PORT; dim < SPD_DIMS;
	     dim++)
		ret_dims[n++] = dim;
	return n;
}

bool spd_cut_best(const struct spd_cell *c, const struct spd_set *set, struct spd_cut *ret_cut)
{
	enum spd_dim dims[5];
	double best = (double)set->n * 15 / 16; /* less is not worth a node */
	bool is_found = false;
	struct spd_cut cut;

	for (unsigned i = 0, n = open_dims(c, dims); i < n; i++) {
		if (!cut_at(c, set, dims[i], &cut))
			continue;
		bool is_better = rest(&cut) < best;
		if (is_better)
			best = rest(&cut);
		if (is_better || (!is_found && opens_next_word(c, set, &cut))) {
			*ret_cut = cut;
			is_found = true;
		}
	}
	return is_found;
}

struct spd_cell spd_cut_part(const struct spd_cell *c, const struct spd_cut *cut, unsigned part)
{
	struct spd_cell in = *c;
	struct span all = cell_span(c, cut->dim);
	uint32_t first = part ? cut->word[part - 1] + 1 : all.first;
	uint32_t last = part < cut->n ? cut->word[part] : all.last;

	if (cut->dim < SPD_REMOTE_PORT) {
		set_word(&in.addr[side_of(cut->dim)].first, index_of(cut->dim), first);
		set_word(&in.addr[side_of(cut->dim)].last, index_of(cut->dim), last);
	} else {
		in.narrow[cut->dim - SPD_REMOTE_PORT].first = first;
		in.narrow[cut->dim - SPD_REMOTE_PORT].last = last;
	}
	return in;
}
