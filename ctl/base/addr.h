/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP addresses as the maps hold them: 16 bytes, IPv4 as ::ffff:a.b.c.d. A range is IPv4 when both
 * its ends are; every other one is IPv6 and holds no IPv4 address, not even ::/0 does.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sekisho/map_abi.h>
#include "base/must.h"

#define ADDR_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

/* An address and a UDP port in host order: one end of an IKE exchange. */
struct endpoint {
	struct ip_addr addr;
	uint16_t port;
};

struct addr_num addr_to_num(const struct ip_addr *a);
struct ip_addr addr_from_num(struct addr_num n);
int addr_num_cmp(struct addr_num a, struct addr_num b); /* <0, 0, >0 */
struct addr_num addr_num_add(struct addr_num a, uint64_t n);
bool addr_is_v4(const struct ip_addr *a);
bool addr_is_any(const struct ip_addr *a); /* :: and 0.0.0.0 */
/* One host, and not only here or on one link: no ::, loopback, multicast, broadcast, fe80::/10. */
bool addr_is_host(const struct ip_addr *a);
bool addr_equal(const struct ip_addr *a, const struct ip_addr *b);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
struct ip_addr addr_from_v4(uint32_t host_order);
uint32_t addr_to_v4(const struct ip_addr *a); /* host order; 0 if it is no IPv4 address */
/* "192.0.2.1" or "2001:db8::1" into buf of ADDR_TEXT_MAX. Returns buf. */
const char *addr_print(const struct ip_addr *a, char *buf, size_t size);
/* -EINVAL: no address. */
int addr_parse(const char *text, struct ip_addr *ret_addr) MUST_USE;
/* The range of a prefix: 10.1.0.0/16, a single address, or first-last. -EINVAL: neither. */
int addr_parse_range(const char *text, struct addr_range *ret_range) MUST_USE;
/* "10.1.0.0/16" where the range is a prefix, else "first-last", into a buffer of 2*ADDR_TEXT_MAX. */
const char *addr_range_print(const struct addr_range *r, char *buf, size_t size);
bool addr_range_is_v4(const struct addr_range *r);
bool addr_in_range(const struct ip_addr *a, const struct addr_range *r);
/* The range is wholly inside `outer`. */
bool addr_range_within(const struct addr_range *r, const struct addr_range *outer);
/* Common part of two ranges; false when there is none (ret untouched). */
bool addr_range_meet(const struct addr_range *a, const struct addr_range *b,
		     struct addr_range *ret_meet);

#endif
