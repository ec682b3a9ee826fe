/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/rival.h"

#include "ike/rekey.h"

static struct ike_sa *old_of(const struct ike_sa *rival)
{
	struct ike_sa *old = rival->rival_of ? sa_by_id(rival->ike, rival->rival_of) : NULL;

	return old && old->state < ST_CLOSED && rekey_is_ours(old) ? old : NULL;
}

struct ike_sa *rival_of(const struct ike_sa *old)
{
	for (struct ike_sa *sa = old->ike->sas; sa; sa = sa->next)
		if (sa->rival_of == old->unique_id && sa->state == ST_ESTABLISHED)
			return sa;
	return NULL;
}

bool rival_is_open(const struct ike_sa *sa)
{
	return old_of(sa);
}

void rival_settle(struct ike_sa *old)
{
	struct ike_sa *rival = rival_of(old);

	if (rival)
		rekey_give_way(rival, old);
}

void rival_used(struct ike_sa *rival)
{
	struct ike_sa *old = old_of(rival);

	if (old)
		rekey_give_way(rival, old);
}
