/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DATAPLANE_SPD_TREE_H
#define DATAPLANE_SPD_TREE_H

#include "dataplane/dataplane.h"

/* The search tree of policies, which are in order of priority, SPD_MAX at most: into
 * at[SPD_TREE_MAX], whose first SPD_ROOTS nodes are its roots. Takes any list: where nodes are
 * short, leaves are long. Returns the number of nodes, or -ENOMEM. */
int spd_tree_build(struct spd_node *at, const struct spd_policy *policies, size_t n) MUST_USE;

#endif
