/* SPDX-License-Identifier: BSD-2-Clause */
/* Watches the host's addresses and routes through netlink, and tells the core of them (MOBIKE). */
#ifndef SEKISHOD_ROAM_H
#define SEKISHOD_ROAM_H

#include <uv.h>
#include "base/must.h"

struct shell;
struct net;

struct roam {
	struct net *net;
	uv_poll_t poll;
	uv_timer_t timer;
	uint64_t policy_sources; /* as the SPD has them, see policy.h */
};

int roam_start(struct shell *sh) MUST_USE;
void roam_fini(struct shell *sh); /* after the handles are closed */

#endif
