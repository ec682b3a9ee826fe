/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The classifier that spd_replace writes into the maps, made in memory first: the prefixes
 * of all remote ranges, and for each the policies that cover it, in order. Pure: no maps.
 */
#ifndef DATAPLANE_SPD_INDEX_H
#define DATAPLANE_SPD_INDEX_H

#include "dataplane/dataplane.h"

struct spd_prefix {
	struct addr_num addr;
	uint8_t bits;          /* 0..128 */
	uint32_t first, count; /* of its bucket, into cand */
};

struct spd_index {
	struct spd_prefix *prefixes;
	size_t n_prefixes; /* sorted by address, then length */
	uint32_t *cand; /* indices into the policies */
	size_t n_cand, cand_room;
};

/* policies: in order of priority. -E2BIG: more candidates, prefixes or a longer bucket than
 * the maps and the programs take. The caller calls spd_index_fini, also after an error. */
int spd_index_init(struct spd_index *ix, const struct spd_policy *policies, size_t n) MUST_USE;
void spd_index_fini(struct spd_index *ix);

#endif
