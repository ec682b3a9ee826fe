/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The prefixes of one generation in the LPM trie `spd_index`. What is there already stays: only
 * the differences are written, many per system call. What is there is remembered; a controller
 * that has just begun reads it from the map.
 */
#include "dataplane/spd_trie.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 1024u  /* changes per system call */
#define GEN_BITS 32u /* in front of the address's */

/* Changes on their way to the map. */
struct batch {
	int fd;
	uint32_t gen;
	bool is_removal;
	uint32_t n;
	struct spd_index_key keys[BATCH];
	struct spd_index_val vals[BATCH];
};

static struct spd_index_key key_of(uint32_t gen, const struct spd_prefix *p)
{
	struct spd_index_key key = { .prefixlen = GEN_BITS + p->bits, .gen = (uint8_t)gen };
	struct ip_addr a = addr_from_num(p->addr);

	memcpy(key.addr, a.b, sizeof(a.b));
	return key;
}

static int prefix_cmp(const void *a, const void *b)
{
	const struct spd_prefix *x = a, *y = b;
	int c = addr_num_cmp(x->addr, y->addr);

	return c ? c : (int)x->bits - (int)y->bits;
}

/* One by one: every kernel that has no batches for this map gets here. */
static int flush_singly(struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (b->is_removal ? bpf_map_delete_elem(b->fd, &b->keys[i]) && errno != ENOENT
				  : bpf_map_update_elem(b->fd, &b->keys[i], &b->vals[i], BPF_ANY))
			return -errno;
	b->n = 0;
	return 0;
}

static int flush(struct batch *b)
{
	uint32_t n = b->n;

	if (!n)
		return 0;
	if (b->is_removal ? bpf_map_delete_batch(b->fd, b->keys, &n, NULL)
			  : bpf_map_update_batch(b->fd, b->keys, b->vals, &n, NULL))
		return flush_singly(b);
	b->n = 0;
	return 0;
}

static int push(struct batch *b, const struct spd_prefix *p)
{
	b->keys[b->n] = key_of(b->gen, p);
	b->vals[b->n++] = (struct spd_index_val){ p->first, p->count };
	return b->n == BATCH ? flush(b) : 0;
}

/* Prefixes that are in `from`, and not in `to`, or if `is_changed` differently so. Both are sorted.
 */
static int push_difference(struct batch *b, const struct spd_written *from,
			   const struct spd_written *to, bool is_changed)
{
	size_t j = 0;
	int r = 0;

	b->n = 0;
	for (size_t i = 0; !r && i < from->n; i++) {
		const struct spd_prefix *p = &from->at[i], *q;
		while (j < to->n && prefix_cmp(&to->at[j], p) < 0)
			j++;
		q = j < to->n && prefix_cmp(&to->at[j], p) == 0 ? &to->at[j] : NULL;
		if (!q || (is_changed && (q->first != p->first || q->count != p->count)))
			r = push(b, p);
	}
	return r ? r : flush(b);
}

/* What a generation holds, from the map. */
static int read_back(int fd, uint32_t gen, struct spd_written *w)
{
	struct spd_index_key key;
	struct spd_index_val val;

	w->at = calloc(SPD_INDEX_MAX, sizeof(*w->at));
	if (!w->at)
		return -ENOMEM;
	w->n = 0;
	for (void *at = NULL; w->n < SPD_INDEX_MAX && !bpf_map_get_next_key(fd, at, &key);
	     at = &key) {
		struct ip_addr a;
		if (key.gen != gen || bpf_map_lookup_elem(fd, &key, &val))
			continue;
		memcpy(a.b, key.addr, sizeof(a.b));
		w->at[w->n++] =
			(struct spd_prefix){ addr_to_num(&a), (uint8_t)(key.prefixlen - GEN_BITS),
					     val.first, val.count };
	}
	qsort(w->at, w->n, sizeof(*w->at), prefix_cmp);
	return 0;
}

static int write_differences(int fd, uint32_t gen, const struct spd_written *old,
			     const struct spd_written *now)
{
	struct batch *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	b->fd = fd;
	b->gen = gen;
	b->is_removal = true; /* first, so that there is room */
	r = push_difference(b, old, now, false);
	b->is_removal = false;
	if (!r)
		r = push_difference(b, now, old, true);
	free(b);
	return r;
}

int spd_trie_write(int fd, uint32_t gen, struct spd_written *w, struct spd_index *ix)
{
	struct spd_written now = { ix->prefixes, ix->n_prefixes };
	int r = w->at ? 0 : read_back(fd, gen, w);

	if (!r)
		r = write_differences(fd, gen, w, &now);
	spd_written_fini(w);
	if (r)
		return r;
	*w = now;
	ix->prefixes = NULL;
	ix->n_prefixes = 0;
	return 0;
}

void spd_written_fini(struct spd_written *w)
{
	free(w->at);
	*w = (struct spd_written){ 0 };
}
