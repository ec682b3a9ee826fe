/* SPDX-License-Identifier: BSD-2-Clause */
/* Random policies and flows that overlap much, from a seed: the same seed, the same lists. */
#ifndef SUPPORT_SPD_RANDOM_H
#define SUPPORT_SPD_RANDOM_H

#include "dataplane/dataplane.h"

struct spd_random {
	uint64_t state; /* seed, not 0 */
	const uint32_t *ifindex; /* that policies and flows may have; NULL: policies name none */
	uint32_t n_ifindex;
};

uint32_t spd_random_below(struct spd_random *r, uint32_t limit);
/* Addresses are of 10.64.0.0/12, so that no interface of the tests has one. */
void spd_random_policies(struct spd_random *r, struct spd_policy *ret_policies, size_t n);
struct spd_flow spd_random_flow(struct spd_random *r);
/* At the edges of what the policy matches: first and last addresses and ports, and those beside them. */
struct spd_flow spd_random_flow_near(struct spd_random *r, const struct spd_policy *p);
struct spd_flow spd_flow_reversed(const struct spd_flow *f);

#endif
