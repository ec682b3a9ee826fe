/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/ts.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define NARROW_MAX 64 /* candidates looked at; a list on the wire holds at most 32 */

bool ts_is_v4(const struct ts_val *ts)
{
	return addr_range_is_v4(&ts->addr);
}

bool ts_is_opaque(const struct ts_val *ts)
{
	return ts->port_first == TS_PORT_MAX && ts->port_last == 0;
}

static bool is_any_port(const struct ts_val *ts)
{
	return ts->port_first == 0 && ts->port_last == TS_PORT_MAX;
}

struct ts_val ts_from_addr(const struct ip_addr *addr)
{
	struct addr_num num = addr_to_num(addr);

	return (struct ts_val){ .addr = { num, num }, .port_last = TS_PORT_MAX };
}

struct ts_val ts_of_family(bool is_v4)
{
	struct ip_addr first = addr_from_v4(0), last = addr_from_v4(UINT32_MAX);
	struct ts_val ts = { .addr.last = { UINT64_MAX, UINT64_MAX }, .port_last = TS_PORT_MAX };

	if (is_v4)
		ts.addr = (struct addr_range){ addr_to_num(&first), addr_to_num(&last) };
	return ts;
}

bool ts_equal(const struct ts_val *a, const struct ts_val *b)
{
	return addr_num_cmp(a->addr.first, b->addr.first) == 0 &&
	       addr_num_cmp(a->addr.last, b->addr.last) == 0 && a->port_first == b->port_first &&
	       a->port_last == b->port_last && a->proto == b->proto;
}

static bool is_ports_within(const struct ts_val *inner, const struct ts_val *outer)
{
	if (is_any_port(outer))
		return true;
	if (ts_is_opaque(inner) || ts_is_opaque(outer))
		return ts_is_opaque(inner) && ts_is_opaque(outer);
	return outer->port_first <= inner->port_first && inner->port_last <= outer->port_last;
}

bool ts_within(const struct ts_val *inner, const struct ts_val *outer)
{
	return addr_range_within(&inner->addr, &outer->addr) &&
	       (!outer->proto || inner->proto == outer->proto) && is_ports_within(inner, outer);
}

bool ts_all_within(const struct ts_val *inner, size_t n_inner, const struct ts_val *outer,
		   size_t n_outer)
{
	for (size_t i = 0; i < n_inner; i++) {
		bool is_found = false;

		for (size_t j = 0; j < n_outer && !is_found; j++)
			is_found = ts_within(&inner[i], &outer[j]);
		if (!is_found)
			return false;
	}
	return true;
}

bool ts_all_of_host(const struct ts_val *ts, size_t n, const struct ip_addr *addr)
{
	struct ts_val host = ts_from_addr(addr);

	return ts_all_within(ts, n, &host, 1);
}

/* Common ports of a and b into *meet; false: none. OPAQUE meets itself and "any". */
static bool ports_meet(const struct ts_val *a, const struct ts_val *b, struct ts_val *meet)
{
	if (is_ports_within(a, b)) {
		meet->port_first = a->port_first;
		meet->port_last = a->port_last;
		return true;
	}
	if (is_ports_within(b, a)) {
		meet->port_first = b->port_first;
		meet->port_last = b->port_last;
		return true;
	}
	if (ts_is_opaque(a) || ts_is_opaque(b))
		return false;
	meet->port_first = a->port_first > b->port_first ? a->port_first : b->port_first;
	meet->port_last = a->port_last < b->port_last ? a->port_last : b->port_last;
	return meet->port_first <= meet->port_last;
}

bool ts_meet(const struct ts_val *a, const struct ts_val *b, struct ts_val *ret_meet)
{
	struct ts_val meet = { .proto = a->proto ? a->proto : b->proto };

	if ((a->proto && b->proto && a->proto != b->proto) ||
	    !addr_range_meet(&a->addr, &b->addr, &meet.addr) || !ports_meet(a, b, &meet))
		return false;
	*ret_meet = meet;
	return true;
}

static bool has_family(const struct ts_val *ts, size_t n, bool is_v4)
{
	for (size_t i = 0; i < n; i++)
		if (ts_is_v4(&ts[i]) == is_v4)
			return true;
	return false;
}

/* Keeps those of `ts` whose family is in `other`. */
static size_t keep_families(struct ts_val *ts, size_t n, const struct ts_val *other, size_t n_other)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (has_family(other, n_other, ts_is_v4(&ts[i])))
			ts[kept++] = ts[i];
	return kept;
}

bool ts_pair(struct ts_val *local, size_t *n_local, struct ts_val *remote, size_t *n_remote)
{
	*n_local = keep_families(local, *n_local, remote, *n_remote);
	*n_remote = keep_families(remote, *n_remote, local, *n_local);
	return *n_local && *n_remote;
}

struct narrowing {
	struct ts_val ts[NARROW_MAX];
	size_t n;
};

/* Adds ts unless the list covers it; drops what ts covers. */
static void narrowing_add(struct narrowing *list, const struct ts_val *ts)
{
	size_t kept = 0;

	if (ts_all_within(ts, 1, list->ts, list->n))
		return;
	for (size_t i = 0; i < list->n; i++)
		if (!ts_within(&list->ts[i], ts))
			list->ts[kept++] = list->ts[i];
	list->n = kept;
	if (list->n < NARROW_MAX)
		list->ts[list->n++] = *ts;
}

/* The selector that covers the peer's first one (its packet) moves to the front, so that cutting
 * the list never loses it. */
static void narrowing_favour(struct narrowing *list, const struct ts_val *packet)
{
	for (size_t i = 1; i < list->n; i++) {
		if (ts_within(packet, &list->ts[i])) {
			struct ts_val found = list->ts[i];

			memmove(list->ts + 1, list->ts, i * sizeof(found));
			list->ts[0] = found;
			return;
		}
	}
}

int ts_narrow(const struct ts_val *ours, size_t n_ours, const struct ts_val *theirs,
	      size_t n_theirs, struct ts_val *ret_ts, size_t max, size_t *ret_n)
{
	struct narrowing list = { .n = 0 };
	struct ts_val meet;

	for (size_t i = 0; i < n_theirs; i++)
		for (size_t j = 0; j < n_ours; j++)
			if (ts_meet(&theirs[i], &ours[j], &meet))
				narrowing_add(&list, &meet);
	if (!list.n || !max)
		return -ENOENT;
	narrowing_favour(&list, &theirs[0]);
	if (list.n > max)
		list.n = max;
	memcpy(ret_ts, list.ts, list.n * sizeof(*ret_ts));
	*ret_n = list.n;
	return 0;
}

static const char *proto_print(uint8_t proto, char *buf, size_t size)
{
	switch (proto) {
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_GRE:
		return "gre";
	case IPPROTO_ICMPV6:
		return "ipv6-icmp";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		snprintf(buf, size, "%u", proto);
		return buf;
	}
}

/* "/8", "/8-9" where all codes belong to it, else "/3(1)". */
static const char *icmp_print(const struct ts_val *ts, char *buf, size_t size)
{
	unsigned first = ts->port_first >> 8, last = ts->port_last >> 8;
	unsigned code = ts->port_first & 0xff, last_code = ts->port_last & 0xff;

	if (code == 0 && last_code == 0xff && first == last)
		snprintf(buf, size, "/%u", first);
	else if (code == 0 && last_code == 0xff)
		snprintf(buf, size, "/%u-%u", first, last);
	else if (ts->port_first == ts->port_last)
		snprintf(buf, size, "/%u(%u)", first, code);
	else
		snprintf(buf, size, "/%u(%u)-%u(%u)", first, code, last, last_code);
	return buf;
}

static const char *ports_print(const struct ts_val *ts, char *buf, size_t size)
{
	if (is_any_port(ts))
		return "";
	if (ts_is_opaque(ts))
		return "/OPAQUE";
	if (ts->proto == IPPROTO_ICMP || ts->proto == IPPROTO_ICMPV6)
		return icmp_print(ts, buf, size);
	if (ts->port_first == ts->port_last)
		snprintf(buf, size, "/%u", ts->port_first);
	else
		snprintf(buf, size, "/%u-%u", ts->port_first, ts->port_last);
	return buf;
}

const char *ts_print(const struct ts_val *ts, char *buf, size_t size)
{
	char range[2 * ADDR_TEXT_MAX], proto[8], ports[24], *dash;

	addr_range_print(&ts->addr, range, sizeof(range));
	dash = strchr(range, '-');
	if (dash)
		*dash = '\0';
	int n = snprintf(buf, size, "%s%s%s", range, dash ? ".." : "", dash ? dash + 1 : "");
	if ((ts->proto || !is_any_port(ts)) && n >= 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, "[%s%s]",
			 proto_print(ts->proto, proto, sizeof(proto)),
			 ports_print(ts, ports, sizeof(ports)));
	return buf;
}

const char *ts_list_print(const struct ts_val *ts, size_t n, char *buf, size_t size)
{
	size_t at = 0;

	if (size)
		buf[0] = '\0';
	for (size_t i = 0; i < n && at + 1 < size; i++) {
		if (i)
			buf[at++] = ' ';
		ts_print(&ts[i], buf + at, size - at);
		at += strlen(buf + at);
	}
	return buf;
}
