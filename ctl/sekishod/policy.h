/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration's children as an ordered SPD (RFC 4301 4.4.1). Protect policies stand as
 * long as the connection is configured, with or without an SA: what should be protected and
 * cannot be is dropped, never sent in clear (DESIGN rule 2).
 */
#ifndef SEKISHOD_POLICY_H
#define SEKISHOD_POLICY_H

#include "conf/conf.h"
#include "dataplane/dataplane.h"
#include "ike/conn.h"

struct policies {
	struct spd_policy *list;
	size_t n, room;
};

/* Adds every pair of local and remote selector of the child. "dynamic" selectors stand for the
 * addresses of the connection; where those are %any nothing is added until an SA is up. */
int policy_add_child(struct policies *p, const struct conn *conn,
		     const struct conn_child *child) MUST_USE;
/* Of policies with the same selectors the first of these wins. */
enum policy_rank {
	POLICY_LIVE,   /* of a Child SA */
	POLICY_ORPHAN, /* of one whose controller is gone */
	POLICY_BASE,   /* of the configuration: drops what no peer has */
};

/* What policies have besides their selectors. */
struct policy_kind {
	enum policy_rank rank;
	uint32_t slot;
	const struct conn_child *child; /* NULL: unknown, protect */
};

/* The same for given selectors, those of an SA in a slot. Nothing is added for an interface that is
 * not there. */
int policy_add_selectors(struct policies *p, const struct policy_kind *kind,
			 const struct ts_val *local, size_t n_local, const struct ts_val *remote,
			 size_t n_remote) MUST_USE;
/* What the "dynamic" of such children is now that is our address on the way to the peer, and which
 * interfaces have the names of children's: another number, other policies. */
uint64_t policy_sources(const struct conf *conf);
bool policy_is_dynamic(const struct conn *conn, const struct conn_child *child);
void policies_free(struct policies *p);

#endif
