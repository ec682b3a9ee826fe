/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V4_PREFIX 0x0000ffff00000000ull /* low half of ::ffff:0:0 */

struct addr_num addr_to_num(const struct ip_addr *a)
{
	struct addr_num n;

	memcpy(&n.hi, a->b, 8);
	memcpy(&n.lo, a->b + 8, 8);
	n.hi = be64toh(n.hi);
	n.lo = be64toh(n.lo);
	return n;
}

struct ip_addr addr_from_num(struct addr_num n)
{
	struct ip_addr a;
	uint64_t hi = htobe64(n.hi), lo = htobe64(n.lo);

	memcpy(a.b, &hi, 8);
	memcpy(a.b + 8, &lo, 8);
	return a;
}

int addr_num_cmp(struct addr_num a, struct addr_num b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo < b.lo ? -1 : a.lo > b.lo;
}

struct addr_num addr_num_add(struct addr_num a, uint64_t n)
{
	return (struct addr_num){ a.hi + (a.lo + n < n), a.lo + n };
}

bool addr_is_v4(const struct ip_addr *a)
{
	struct addr_num n = addr_to_num(a);

	return n.hi == 0 && (n.lo & ~0xffffffffull) == V4_PREFIX;
}

bool addr_is_any(const struct ip_addr *a)
{
	struct addr_num n = addr_to_num(a);

	return n.hi == 0 && (n.lo == 0 || n.lo == V4_PREFIX);
}

bool addr_is_host(const struct ip_addr *a)
{
	static const struct ip_addr loopback = { .b = { [15] = 1 } };
	uint8_t first = addr_is_v4(a) ? a->b[12] : a->b[0];

	if (addr_is_any(a))
		return false;
	if (addr_is_v4(a))
		return first != 0 && first != 127 && first < 224;
	return !addr_equal(a, &loopback) && first != 0xff && !(first == 0xfe && (a->b[1] & 0xc0) == 0x80);
}

bool addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

struct ip_addr addr_from_v4(uint32_t host_order)
{
	return addr_from_num((struct addr_num){ .lo = V4_PREFIX | host_order });
}

uint32_t addr_to_v4(const struct ip_addr *a)
{
	return addr_is_v4(a) ? (uint32_t)addr_to_num(a).lo : 0;
}

const char *addr_print(const struct ip_addr *a, char *buf, size_t size)
{
	bool v4 = addr_is_v4(a);

	if (!inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? a->b + 12 : a->b, buf, (socklen_t)size))
		snprintf(buf, size, "?");
	return buf;
}

int addr_parse(const char *text, struct ip_addr *ret_addr)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*ret_addr = addr_from_v4(ntohl(v4.s_addr));
		return 0;
	}
	return inet_pton(AF_INET6, text, ret_addr->b) == 1 ? 0 : -EINVAL;
}

/* Low `bits` bits set, 0..128. */
static struct addr_num low_mask(unsigned bits)
{
	struct addr_num m = { 0, 0 };

	if (bits > 64)
		m.hi = bits == 128 ? ~0ull : (1ull << (bits - 64)) - 1;
	m.lo = bits >= 64 ? ~0ull : (1ull << bits) - 1;
	return m;
}

static int parse_prefix(const char *text, const char *slash, struct addr_range *ret_range)
{
	char head[ADDR_TEXT_MAX], *end;
	struct ip_addr a;

	if ((size_t)(slash - text) >= sizeof(head))
		return -EINVAL;
	memcpy(head, text, (size_t)(slash - text));
	head[slash - text] = '\0';
	if (addr_parse(head, &a) || slash[1] < '0' || slash[1] > '9')
		return -EINVAL;
	unsigned width = addr_is_v4(&a) ? 32 : 128;
	unsigned long len = strtoul(slash + 1, &end, 10);
	if (*end || len > width)
		return -EINVAL;
	struct addr_num n = addr_to_num(&a), m = low_mask(width - (unsigned)len);
	ret_range->first = (struct addr_num){ n.hi & ~m.hi, n.lo & ~m.lo };
	ret_range->last = (struct addr_num){ n.hi | m.hi, n.lo | m.lo };
	return 0;
}

int addr_parse_range(const char *text, struct addr_range *ret_range)
{
	const char *slash = strchr(text, '/'), *dash = strchr(text, '-');
	char head[ADDR_TEXT_MAX];
	struct ip_addr a, b;

	if (slash)
		return parse_prefix(text, slash, ret_range);
	if (!dash)
		dash = text + strlen(text);
	if ((size_t)(dash - text) >= sizeof(head))
		return -EINVAL;
	memcpy(head, text, (size_t)(dash - text));
	head[dash - text] = '\0';
	if (addr_parse(head, &a) || addr_parse(*dash ? dash + 1 : head, &b))
		return -EINVAL;
	if (addr_is_v4(&a) != addr_is_v4(&b) || addr_num_cmp(addr_to_num(&a), addr_to_num(&b)) > 0)
		return -EINVAL;
	*ret_range = (struct addr_range){ addr_to_num(&a), addr_to_num(&b) };
	return 0;
}

/* Prefix length (of 128) if the range is exactly a prefix, else -1. */
static int range_prefix(const struct addr_range *r)
{
	for (unsigned bits = 0; bits <= 128; bits++) {
		struct addr_num m = low_mask(bits);
		if ((r->first.hi ^ r->last.hi) == m.hi && (r->first.lo ^ r->last.lo) == m.lo)
			return (r->first.hi & m.hi) == 0 && (r->first.lo & m.lo) == 0
				       ? (int)(128 - bits)
				       : -1;
	}
	return -1;
}

const char *addr_range_print(const struct addr_range *r, char *buf, size_t size)
{
	struct ip_addr first = addr_from_num(r->first), last = addr_from_num(r->last);
	char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];
	int len = range_prefix(r);

	addr_print(&first, a, sizeof(a));
	addr_print(&last, b, sizeof(b));
	if (len >= 0)
		snprintf(buf, size, "%s/%d", a, addr_is_v4(&first) ? len - 96 : len);
	else
		snprintf(buf, size, "%s-%s", a, b);
	return buf;
}

bool addr_range_is_v4(const struct addr_range *r)
{
	struct ip_addr first = addr_from_num(r->first), last = addr_from_num(r->last);

	return addr_is_v4(&first) && addr_is_v4(&last);
}

bool addr_in_range(const struct ip_addr *a, const struct addr_range *r)
{
	struct addr_num n = addr_to_num(a);

	return addr_is_v4(a) == addr_range_is_v4(r) && addr_num_cmp(r->first, n) <= 0 && addr_num_cmp(n, r->last) <= 0;
}

bool addr_range_within(const struct addr_range *r, const struct addr_range *outer)
{
	return addr_range_is_v4(r) == addr_range_is_v4(outer) &&
	       addr_num_cmp(outer->first, r->first) <= 0 && addr_num_cmp(r->last, outer->last) <= 0;
}

bool addr_range_meet(const struct addr_range *a, const struct addr_range *b,
		     struct addr_range *ret_meet)
{
	struct addr_num first = addr_num_cmp(a->first, b->first) > 0 ? a->first : b->first;
	struct addr_num last = addr_num_cmp(a->last, b->last) < 0 ? a->last : b->last;

	if (addr_range_is_v4(a) != addr_range_is_v4(b) || addr_num_cmp(first, last) > 0)
		return false;
	*ret_meet = (struct addr_range){ first, last };
	return true;
}
