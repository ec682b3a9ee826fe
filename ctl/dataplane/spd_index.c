/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Remote ranges are cut into prefixes; prefixes either nest or are apart. So the longest
 * prefix that holds an address is inside every range that holds it, and its bucket, all
 * policies whose range covers the prefix, is complete for that address. Of what covers
 * ::ffff:0:0/96, all IPv4, the IPv6 policies are none: it always has a bucket of its own.
 */
#include "dataplane/spd_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define V4_BITS 96 /* of the prefix ::ffff:0:0 */

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

struct prefix_list {
	struct spd_prefix *at;
	size_t n, room;
};

static int add_prefix(struct prefix_list *list, struct addr_num addr, unsigned bits)
{
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct spd_prefix *more = realloc(list->at, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->at = more;
		list->room = room;
	}
	list->at[list->n++] = (struct spd_prefix){ .addr = addr, .bits = (uint8_t)bits };
	return 0;
}

static int add_range(struct prefix_list *list, const struct addr_range *range)
{
	struct addr_num at = range->first;
	int r = 0;

	while (!r && addr_num_cmp(at, range->last) <= 0) {
		unsigned bits = widest_prefix(at, range->last);
		struct addr_num last = prefix_last(at, bits);
		r = add_prefix(list, at, bits);
		if (addr_num_cmp(last, range->last) == 0)
			break; /* its successor may be 0 */
		at = addr_num_add(last, 1);
	}
	return r;
}

static int prefix_cmp(const void *a, const void *b)
{
	const struct spd_prefix *x = a, *y = b;
	int c = addr_num_cmp(x->addr, y->addr);

	return c ? c : (int)x->bits - (int)y->bits;
}

static void drop_doubles(struct prefix_list *list)
{
	size_t n = 0;

	qsort(list->at, list->n, sizeof(*list->at), prefix_cmp);
	for (size_t i = 0; i < list->n; i++)
		if (!n || prefix_cmp(&list->at[n - 1], &list->at[i]) != 0)
			list->at[n++] = list->at[i];
	list->n = n;
}

static int add_ranges(struct prefix_list *list, const struct spd_policy *policies, size_t n)
{
	struct ip_addr v4 = addr_from_v4(0);
	int r = add_prefix(list, addr_to_num(&v4), V4_BITS);

	for (size_t i = 0; !r && i < n; i++)
		r = add_range(list, &policies[i].remote.addr);
	return r;
}

static int fill_bucket(struct spd_index *ix, struct spd_prefix *p,
		       const struct spd_policy *policies, size_t n)
{
	struct addr_range range = { p->addr, prefix_last(p->addr, p->bits) };

	p->first = (uint32_t)ix->n_cand;
	for (size_t i = 0; i < n; i++) {
		if (!addr_range_within(&range, &policies[i].remote.addr))
			continue;
		if (ix->n_cand == SPD_CAND_MAX || p->count == SPD_BUCKET_MAX)
			return -E2BIG;
		ix->cand[ix->n_cand++] = (uint32_t)i;
		p->count++;
	}
	return 0;
}

int spd_index_init(struct spd_index *ix, const struct spd_policy *policies, size_t n)
{
	struct prefix_list list = { 0 };
	int r = add_ranges(&list, policies, n);

	*ix = (struct spd_index){ .cand = calloc(SPD_CAND_MAX, sizeof(*ix->cand)) };
	if (list.n)
		drop_doubles(&list);
	ix->prefixes = list.at;
	ix->n_prefixes = list.n;
	if (!r && !ix->cand)
		r = -ENOMEM;
	if (!r && ix->n_prefixes > SPD_INDEX_MAX / 2)
		r = -E2BIG;
	for (size_t i = 0; !r && i < ix->n_prefixes; i++)
		r = fill_bucket(ix, &ix->prefixes[i], policies, n);
	return r;
}

void spd_index_fini(struct spd_index *ix)
{
	free(ix->prefixes);
	free(ix->cand);
	*ix = (struct spd_index){ 0 };
}
