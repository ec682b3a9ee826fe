/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Remote ranges are cut into prefixes; prefixes either nest or are apart. So the longest
 * prefix that holds an address is inside every range that holds it, and its bucket, all
 * policies whose range covers the prefix, is complete for that address: the bucket of the
 * prefix around it, and its own policies. Of what covers ::ffff:0:0/96, all IPv4, the IPv6 policies
 * are none: it always has a bucket of its own.
 */
#include "dataplane/spd_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define V4_BITS 96 /* of the prefix ::ffff:0:0 */
#define PREFIX_BITS_MAX 128

static struct addr_num host_mask(unsigned bits)
{
	struct addr_num m;

	m.hi = bits >= 64 ? 0 : ~0ull >> bits;
	m.lo = bits <= 64 ? ~0ull : bits == 128 ? 0 : ~0ull >> (bits - 64);
	return m;
}

static struct addr_num prefix_last(struct addr_num first, unsigned bits)
{
	struct addr_num m = host_mask(bits);

	return (struct addr_num){ first.hi | m.hi, first.lo | m.lo };
}

/* The shortest prefix that begins at `first` and does not go beyond `last`. */
static unsigned widest_prefix(struct addr_num first, struct addr_num last)
{
	unsigned bits = 128;

	while (bits > 0) {
		struct addr_num m = host_mask(bits - 1);
		if ((first.hi & m.hi) || (first.lo & m.lo) ||
		    addr_num_cmp(prefix_last(first, bits - 1), last) > 0)
			break;
		bits--;
	}
	return bits;
}

/* One prefix of one policy's remote range. */
struct entry {
	struct addr_num addr;
	uint8_t bits;
	bool is_root; /* of no policy: the bucket that all IPv4 has */
	uint32_t policy;
};

struct entries {
	struct entry *at;
	size_t n, room;
};

static int add_entry(struct entries *list, const struct entry *e)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct entry *more = realloc(list->at, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->at = more;
		list->room = room;
	}
	list->at[list->n++] = *e;
	return 0;
}

static bool is_v4(struct addr_num addr, unsigned bits)
{
	return bits >= V4_BITS && addr.hi == 0 && addr.lo >> 32 == 0xffff;
}

static int add_range(struct entries *list, const struct addr_range *range, uint32_t policy)
{
	bool is_range_v4 = addr_range_is_v4(range);
	struct addr_num at = range->first;
	int r = 0;

	while (!r && addr_num_cmp(at, range->last) <= 0) {
		unsigned bits = widest_prefix(at, range->last);
		struct addr_num last = prefix_last(at, bits);
		struct entry e = { .addr = at, .bits = (uint8_t)bits, .policy = policy };
		if (is_v4(at, bits) == is_range_v4)
			r = add_entry(list, &e);
		if (addr_num_cmp(last, range->last) == 0)
			break; /* its successor may be 0 */
		at = addr_num_add(last, 1);
	}
	return r;
}

static int add_ranges(struct entries *list, const struct spd_policy *policies, size_t n)
{
	struct ip_addr v4 = addr_from_v4(0);
	struct entry root = { .addr = addr_to_num(&v4), .bits = V4_BITS, .is_root = true };
	int r = add_entry(list, &root);

	for (size_t i = 0; !r && i < n; i++)
		r = add_range(list, &policies[i].remote.addr, (uint32_t)i);
	return r;
}

/* Each prefix follows those that it is inside of; policies in order. */
static int entry_cmp(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = addr_num_cmp(x->addr, y->addr);

	if (c || x->bits != y->bits)
		return c ? c : (int)x->bits - (int)y->bits;
	return x->policy < y->policy ? -1 : x->policy > y->policy;
}

static bool is_same_prefix(const struct entry *a, const struct entry *b)
{
	return a->bits == b->bits && addr_num_cmp(a->addr, b->addr) == 0;
}

/* Room for the buckets grows with their number. */
static int push_cand(struct spd_index *ix, struct spd_prefix *p, uint32_t policy)
{
	if (ix->n_cand == SPD_CAND_MAX || p->count == SPD_BUCKET_MAX)
		return -E2BIG;
	if (ix->n_cand == ix->cand_room) {
		size_t room = ix->cand_room ? ix->cand_room * 2 : 256;
		uint32_t *more = realloc(ix->cand, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		ix->cand = more;
		ix->cand_room = room;
	}
	ix->cand[ix->n_cand++] = policy;
	p->count++;
	return 0;
}

/* The bucket of the prefix of entries own[0..n): what covers it from outside (its parent's bucket)
 * and its own policies, merged. */
static int fill_bucket(struct spd_index *ix, struct spd_prefix *p, const struct spd_prefix *parent,
		       const struct entry *own, size_t n)
{
	uint32_t i = 0, n_parent = parent ? parent->count : 0;
	size_t j = 0;
	int r = 0;

	p->first = (uint32_t)ix->n_cand;
	while (!r && (i < n_parent || j < n)) {
		if (j < n && own[j].is_root)
			j++;
		else if (j == n || (i < n_parent && ix->cand[parent->first + i] < own[j].policy))
			r = push_cand(ix, p, ix->cand[parent->first + i++]);
		else
			r = push_cand(ix, p, own[j++].policy);
	}
	return r;
}

/* The prefixes that the present one may be inside of, the widest first. */
struct nest {
	size_t n;
	struct spd_prefix *at[PREFIX_BITS_MAX + 1];
};

/* No policy of IPv6 covers IPv4, so its root inherits nothing. */
static struct spd_prefix *parent_of(struct nest *nest, const struct spd_prefix *p)
{
	while (nest->n) {
		struct spd_prefix *top = nest->at[nest->n - 1];
		if (addr_num_cmp(prefix_last(top->addr, top->bits), p->addr) >= 0)
			break;
		nest->n--;
	}
	return nest->n && is_v4(nest->at[nest->n - 1]->addr, nest->at[nest->n - 1]->bits) ==
				       is_v4(p->addr, p->bits)
		       ? nest->at[nest->n - 1]
		       : NULL;
}

static int make_buckets(struct spd_index *ix, const struct entries *list)
{
	struct nest nest = { 0 };
	int r = 0;

	for (size_t i = 0, n; !r && i < list->n; i += n) {
		const struct entry *own = &list->at[i];
		struct spd_prefix *p = &ix->prefixes[ix->n_prefixes];

		for (n = 1; i + n < list->n && is_same_prefix(own, &own[n]); n++)
			;
		if (++ix->n_prefixes > SPD_INDEX_MAX / 2)
			return -E2BIG;
		*p = (struct spd_prefix){ .addr = own->addr, .bits = own->bits };
		r = fill_bucket(ix, p, parent_of(&nest, p), own, n);
		nest.at[nest.n++] = p;
	}
	return r;
}

int spd_index_init(struct spd_index *ix, const struct spd_policy *policies, size_t n)
{
	struct entries list = { 0 };
	int r = add_ranges(&list, policies, n);

	*ix = (struct spd_index){ 0 };
	if (!r) {
		qsort(list.at, list.n, sizeof(*list.at), entry_cmp);
		ix->prefixes = calloc(list.n, sizeof(*ix->prefixes));
		r = ix->prefixes ? make_buckets(ix, &list) : -ENOMEM;
	}
	free(list.at);
	return r;
}

void spd_index_fini(struct spd_index *ix)
{
	free(ix->prefixes);
	free(ix->cand);
	*ix = (struct spd_index){ 0 };
}
