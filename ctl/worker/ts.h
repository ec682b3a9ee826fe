/* SPDX-License-Identifier: BSD-2-Clause */
/* An SA's traffic selectors, IPv4 part, as the worker compares them (RFC 4301 5.2). */
#ifndef WORKER_TS_H
#define WORKER_TS_H

#include <stdbool.h>
#include <stdint.h>
#include <sekisho/map_abi.h>

struct ts_side {
	uint32_t first, last; /* addresses, host order, inclusive */
	uint16_t port_first, port_last;
	uint8_t proto; /* 0: any */
};

struct ts_set {
	uint8_t n_local, n_remote;
	struct ts_side local[SA_TS_MAX], remote[SA_TS_MAX];
};

struct ts_flow {
	uint32_t local, remote; /* host order */
	uint16_t local_port, remote_port;
	uint8_t proto;
	bool ports_known; /* false: later fragment; matches only selectors with all ports */
};

/* Counts above SA_TS_MAX are cut; selectors that are not IPv4 are left out. */
void ts_set_read(struct ts_set *set, const struct sa_ts *ts);
/* The flow is inside one local and one remote selector. */
bool ts_set_match(const struct ts_set *set, const struct ts_flow *flow);

#endif
