/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the search tree of the SPD is cut: a cell is what the packets that come to one node have in
 * common, one interval in each dimension. Pure: no maps.
 */
#ifndef DATAPLANE_SPD_CUT_H
#define DATAPLANE_SPD_CUT_H

#include "dataplane/dataplane.h"

struct spd_cell {
	struct addr_range addr[2]; /* remote, local */
	struct {
		uint32_t first, last;
	} narrow[SPD_DIMS - SPD_REMOTE_PORT]; /* both ports, protocol */
	bool has_no_ports; /* of packets whose ports are not known; their cells are of any port */
};

/* Policies that can match something of a cell: indices in order of priority. */
struct spd_set {
	const struct spd_policy *policies;
	const uint32_t *at;
	size_t n;
};

struct spd_cut {
	enum spd_dim dim;
	unsigned n;		    /* cuts, which make n + 1 parts */
	uint32_t word[SPD_CUTS];    /* the last value of each part but the last */
	size_t count[SPD_CUTS + 1]; /* of the policies, those that can match in each part */
	size_t sum;		    /* of count */
};

/* All of one family. */
struct spd_cell spd_cell_all(bool is_v4, bool has_no_ports);
/* Of a policy: can it match something of the cell; does it match all of it, so that nothing behind
 * it can be the first? */
bool spd_cell_meets(const struct spd_cell *c, const struct spd_policy *p);
bool spd_cell_is_covered(const struct spd_cell *c, const struct spd_policy *p);

/* The cut after which the fewest policies are left to be compared with. False: none helps. */
bool spd_cut_best(const struct spd_cell *c, const struct spd_set *set, struct spd_cut *ret_cut);
struct spd_cell spd_cut_part(const struct spd_cell *c, const struct spd_cut *cut, unsigned part);

#endif
