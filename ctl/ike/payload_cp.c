/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration payload, RFC 7296 3.15. */
#include <errno.h>
#include "ike/payload.h"
#include "ike/ts.h"

#define ATTR_TYPE_MASK 0x7fff /* the highest bit is reserved */

/*  CP:   CFG type:8   reserved:24   attributes:   reserved:1 type:15   length:16   value  */
int cp_parse(struct reader body, struct cp *ret_cp)
{
	struct cp cp = { .type = rd_u8(&body) };

	rd_skip(&body, 3);
	while (rd_more(&body)) {
		struct cp_attr attr = { .type = rd_u16(&body) & ATTR_TYPE_MASK };
		size_t len = rd_u16(&body);

		attr.value = rd_carve(&body, len);
		if (rd_ok(&body) && cp.n < CP_ATTRS_MAX)
			cp.attrs[cp.n++] = attr;
	}
	if (!rd_done(&body))
		return -EBADMSG;
	*ret_cp = cp;
	return 0;
}

void cp_emit(struct payload_writer *pw, const struct cp *cp)
{
	uint8_t bytes[CP_LEN_MAX];
	struct writer w = wr_into(bytes, sizeof(bytes));

	wr_u8(&w, cp->type);
	wr_uint(&w, 0, 3);
	for (size_t i = 0; i < cp->n; i++) {
		wr_u16(&w, cp->attrs[i].type);
		wr_u16(&w, (uint16_t)rd_left(&cp->attrs[i].value));
		wr_copy(&w, cp->attrs[i].value);
	}
	if (wr_ok(&w))
		opaque_emit(pw, PL_CP, rd_from(bytes, wr_len(&w)));
}

/* ---- Values ---------------------------------------------------------------------- */

bool cp_addr(const struct cp_attr *attr, struct ip_addr *ret_addr)
{
	struct reader r = attr->value;
	bool is_v4 = attr->type == CP_IP4_ADDRESS || attr->type == CP_IP4_DNS;

	if (rd_left(&r) < (is_v4 ? 4 : 16)) /* an IPv6 address has its prefix length behind it */
		return false;
	if (is_v4)
		*ret_addr = addr_from_v4(rd_u32(&r));
	else
		rd_copy(&r, ret_addr->b, sizeof(ret_addr->b));
	return true;
}

/* The longest prefix that begins at the first address and does not go beyond the last one. */
static unsigned prefix_of(const struct ts_val *ts, unsigned bits)
{
	uint64_t hi = ts->addr.first.hi ^ ts->addr.last.hi, lo = ts->addr.first.lo ^ ts->addr.last.lo;
	unsigned same = hi ? (unsigned)__builtin_clzll(hi)
			   : 64 + (lo ? (unsigned)__builtin_clzll(lo) : 64);

	return same - (128 - bits);
}

struct reader cp_addr_value(const struct ip_addr *addr, uint8_t buf[CP_VALUE_MAX])
{
	size_t len = addr_is_v4(addr) ? 4 : sizeof(addr->b);

	memcpy(buf, addr->b + sizeof(addr->b) - len, len);
	return rd_from(buf, len);
}

struct reader cp_vip_value(const struct ip_addr *addr, uint8_t buf[CP_VALUE_MAX])
{
	struct reader value = cp_addr_value(addr, buf);
	size_t len = rd_left(&value);

	if (!addr_is_v4(addr))
		buf[len++] = 128;
	return rd_from(buf, len);
}

/* IPv4: address and netmask; IPv6: address and prefix length. */
struct reader cp_subnet_value(const struct ts_val *ts, uint8_t buf[CP_VALUE_MAX])
{
	struct ip_addr first = addr_from_num(ts->addr.first);
	unsigned prefix = prefix_of(ts, ts_is_v4(ts) ? 32 : 128);
	struct ip_addr mask = addr_from_v4(prefix ? ~0u << (32 - prefix % 33) : 0);
	struct reader addr = cp_addr_value(&first, buf);
	size_t len = rd_left(&addr);

	if (len == 4)
		memcpy(buf + len, mask.b + 12, 4);
	else
		buf[len] = (uint8_t)prefix;
	return rd_from(buf, len == 4 ? 8 : 17);
}
