/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Child SAs of the core as pairs of SAs in the maps: which indices each one has, and which
 * pairs nobody owns because the controller that made them is gone (orphans).
 *
 * An orphan goes on carrying traffic (DESIGN rule 4) until a new Child SA of the same slot is
 * up, or its slot is no longer configured, or its hard lifetime ends.
 */
#ifndef SEKISHOD_PAIRS_H
#define SEKISHOD_PAIRS_H

#include "dataplane/dataplane.h"
#include "ike/ike.h"

#define ORPHAN_REST_MS 5000 /* an orphan still opens what is in flight after its successor is up */

struct pair {
	uint32_t child;
	uint32_t spi_in;       /* 0: no owner */
	uint32_t sa_in, sa_out; /* 0: none */
	uint64_t delete_at_ms; /* orphans with a successor; 0: not yet */
};

struct pairs {
	struct dataplane *dp;
	struct pair *list;
	size_t n, room;
};

/* Takes note of every SA in the maps as an orphan. */
int pairs_init(struct pairs *p, struct dataplane *dp) MUST_USE;
void pairs_fini(struct pairs *p);
/* Install both SAs of a Child SA; nothing is left behind on failure. */
int pairs_add(struct pairs *p, const struct child_sa *sa, uint64_t now_ms) MUST_USE;
/* The policies of its slot use its outbound SA from now on. */
int pairs_switch(struct pairs *p, const struct child_sa *sa) MUST_USE;
int pairs_delete(struct pairs *p, const struct child_sa *sa) MUST_USE;
/* The peer's address or ports changed. */
int pairs_move(struct pairs *p, const struct child_sa *sa) MUST_USE;
/* NULL: not ours. Valid until the next change. */
const struct pair *pairs_find(const struct pairs *p, uint32_t spi_in);
/* The pair that one of its two indices names; NULL: none. An orphan's spi_in is 0. */
const struct pair *pairs_of_sa(const struct pairs *p, uint32_t sa);
bool pairs_has_orphan(const struct pairs *p, uint32_t child);
/* A Child SA of this slot is up: its orphans rest, then go. */
void pairs_retire_orphans(struct pairs *p, uint32_t child, uint64_t now_ms);
/* The slot is not configured any more: its orphans go now. */
int pairs_drop_child(struct pairs *p, uint32_t child) MUST_USE;
/* Remove orphans whose rest is over. Returns when to call again, 0: nothing to wait for. */
uint64_t pairs_expire(struct pairs *p, uint64_t now_ms);

#endif
