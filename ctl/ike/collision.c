/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/collision.h"

#include "ike/ike_sa.h"

int nonce_cmp(struct reader a, struct reader b)
{
	size_t n_a = rd_left(&a), n_b = rd_left(&b), n = n_a < n_b ? n_a : n_b;
	int order = n ? memcmp(a.at, b.at, n) : 0;

	if (order)
		return order;
	return n_a < n_b ? -1 : n_a > n_b;
}

void collision_remember(struct child *child, struct reader ni, struct reader nr)
{
	struct reader low = nonce_cmp(ni, nr) <= 0 ? ni : nr;

	child->low_nonce_len = rd_left(&low);
	rd_copy(&low, child->low_nonce, child->low_nonce_len);
}

struct child *collision_twin(const struct ike_sa *sa, uint32_t old_spi)
{
	for (struct child *c = sa->children; c; c = c->next)
		if (c->is_theirs && c->replaces == old_spi && child_is_live(c))
			return c;
	return NULL;
}

bool collision_loses(const struct child *a, const struct child *b)
{
	return nonce_cmp(rd_from(a->low_nonce, a->low_nonce_len),
			 rd_from(b->low_nonce, b->low_nonce_len)) < 0;
}
