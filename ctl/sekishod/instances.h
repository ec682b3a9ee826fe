/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instances of a child: a connection that several peers use (remote_addrs = %any) has a slot
 * "CONNECTION/CHILD#N" for each IKE SA, with policies of its own: the selectors that were agreed
 * on. They stand before those of the configuration, which drop what no peer has.
 *
 * A controller that ends leaves instances behind, as it leaves all SAs. The next one keeps
 * their policies, made from the selectors in the maps, until the peer is back with the same ones,
 * or their hard lifetime ends.
 */
#ifndef SEKISHOD_INSTANCES_H
#define SEKISHOD_INSTANCES_H

#include "policy.h"
#include "shell.h"

/* N goes on where the last controller was. */
int instances_init(struct shell *sh) MUST_USE;
/* A slot with a new N; 0: none, and one line says why. */
uint32_t instance_new(struct shell *sh, const struct conn *conn, const struct conn_child *child);
/* Its policies are not those of the configuration. */
bool instance_has_policies(const struct child_sa *sa);
/* An SA lives in it, and the child that it is an instance of is configured. */
bool instance_is_used(const struct shell *sh, const struct conf *conf, uint32_t slot,
		      const struct child_name *name);
int instances_add_orphans(struct shell *sh, struct policies *policies) MUST_USE;
/* The peer is back: what it had before rests (pairs.h). Whether there was something. */
bool instance_retire_orphans(struct shell *sh, const struct child_sa *sa);
/* Its hard lifetime is over. */
void instance_orphan_ended(struct shell *sh, uint32_t slot);
/* After the effects of one call: the policies of instances that have gone, and their slots. */
void instances_settle(struct shell *sh);

#endif
