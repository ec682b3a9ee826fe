/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arithmetic of traffic selectors (RFC 7296 2.9, 3.13.1; RFC 4301 4.4.1.1): subsets, common
 * parts, narrowing, text. A selector is IPv4 when its range is v4-mapped; the two families
 * never meet, not even ::/0 and 10.0.0.0/8. Ports 65535..0 are OPAQUE, inside "any" only.
 */
#ifndef IKE_TS_H
#define IKE_TS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sekisho/map_abi.h>
#include "base/addr.h"
#include "base/must.h"

#define TS_TEXT_MAX 128
#define TS_PORT_MAX 65535

bool ts_is_v4(const struct ts_val *ts);
bool ts_is_opaque(const struct ts_val *ts);
/* One host, any protocol and port: what "dynamic" stands for. */
struct ts_val ts_from_addr(const struct ip_addr *addr);
/* All of IPv4, or all of IPv6. */
struct ts_val ts_of_family(bool is_v4);
bool ts_equal(const struct ts_val *a, const struct ts_val *b);
/* All that `inner` selects is selected by `outer`. */
bool ts_within(const struct ts_val *inner, const struct ts_val *outer);
/* Each of `inner` lies within one of `outer`: how an initiator checks the answer. */
bool ts_all_within(const struct ts_val *inner, size_t n_inner, const struct ts_val *outer,
		   size_t n_outer);
/* Each of them selects packets of this one host only. */
bool ts_all_of_host(const struct ts_val *ts, size_t n, const struct ip_addr *addr);
/* Common part; false: none (ret untouched). */
bool ts_meet(const struct ts_val *a, const struct ts_val *b, struct ts_val *ret_meet);

/* Selectors without one of their family at the other side select nothing: they go. False: then
 * none is left. */
bool ts_pair(struct ts_val *local, size_t *n_local, struct ts_val *remote, size_t *n_remote) MUST_USE;

/* The responder's narrowing of one side: all common parts of theirs and ours, in their order,
 * without those inside others; at most max, the rest is given up (2.9 allows it). Where
 * packet-specific selectors come first (from an acquire), what covers them is first of all.
 * -ENOENT: nothing in common, TS_UNACCEPTABLE. */
int ts_narrow(const struct ts_val *ours, size_t n_ours, const struct ts_val *theirs,
	      size_t n_theirs, struct ts_val *ret_ts, size_t max, size_t *ret_n) MUST_USE;

/* As strongSwan: "10.1.0.0/16", "10.1.0.0/16[tcp/80]", "10.1.0.1..10.1.0.9[udp]". Returns buf. */
const char *ts_print(const struct ts_val *ts, char *buf, size_t size);
/* Separated by blanks; cut where buf ends. */
const char *ts_list_print(const struct ts_val *ts, size_t n, char *buf, size_t size);

#endif
