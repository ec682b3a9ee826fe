/* SPDX-License-Identifier: BSD-2-Clause */
/* An SA's traffic selectors, as the worker compares them (RFC 4301 5.2). */
#ifndef WORKER_TS_H
#define WORKER_TS_H

#include <stdbool.h>
#include <stdint.h>
#include <sekisho/map_abi.h>
#include "worker/ip.h"

struct ts_side {
	struct addr_range addr;
	uint16_t port_first, port_last;
	uint8_t proto; /* 0: any */
	bool is_v4;    /* which family the range is of */
};

struct ts_set {
	uint8_t n_local, n_remote;
	struct ts_side local[SA_TS_MAX], remote[SA_TS_MAX];
};

struct ts_flow {
	struct addr_num local, remote;
	uint16_t local_port, remote_port;
	uint8_t proto;
	bool ports_known; /* false: later fragment; matches only selectors with all ports */
};

/* Counts above SA_TS_MAX are cut. */
void ts_set_read(struct ts_set *set, const struct sa_ts *ts);
/* The flow is inside one local and one remote selector. */
bool ts_set_match(const struct ts_set *set, const struct ts_flow *flow);
/* A packet as a flow: one that we send, or one that we were sent. */
struct ts_flow ts_flow_out(const struct ip_info *info);
struct ts_flow ts_flow_in(const struct ip_info *info);
/* Some local selector holds the address, whatever it says of protocols and ports. */
bool ts_set_is_local(const struct ts_set *set, struct addr_num addr);

#endif
