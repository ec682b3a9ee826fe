/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For whom the gate answers ARP and neighbour discovery: peers with a virtual address of a pool, as
 * long as there are policies for it. So it goes with the SPD, orphans of a last controller
 * included.
 */
#ifndef SEKISHOD_PROXIES_H
#define SEKISHOD_PROXIES_H

#include "conf/conf.h"
#include "policy.h"

/* None with `farp = no`. 0 or -errno. */
int proxies_write(struct dataplane *dp, const struct conf *conf,
		  const struct policies *policies) MUST_USE;

#endif
