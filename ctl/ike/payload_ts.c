/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic Selector payloads, RFC 7296 3.13. */
#include <errno.h>
#include "ike/payload.h"
#include "ike/ts.h"

enum ts_type {
	TS_IPV4_ADDR_RANGE = 7,
	TS_IPV6_ADDR_RANGE = 8,
};
#define TS_HEADER_LEN 8 /* type, protocol, length, two ports */

static struct addr_num addr_read(struct reader *r, bool is_v4)
{
	struct ip_addr addr;

	if (is_v4)
		addr = addr_from_v4(rd_u32(r));
	else
		rd_copy(r, addr.b, sizeof(addr.b));
	return addr_to_num(&addr);
}

/* Of one family at both ends (an IPv6 range with a v4-mapped end would alias IPv4), upright,
 * ports upright or OPAQUE. */
static bool is_sane(const struct ts_val *ts, bool is_v4)
{
	struct ip_addr first = addr_from_num(ts->addr.first), last = addr_from_num(ts->addr.last);

	return addr_is_v4(&first) == is_v4 && addr_is_v4(&last) == is_v4 &&
	       addr_num_cmp(ts->addr.first, ts->addr.last) <= 0 &&
	       (ts->port_first <= ts->port_last || ts_is_opaque(ts));
}

/*  One selector, 3.13.1:   type:8   protocol:8   length:16   start port:16   end port:16
 *  first address   last address  */
static int selector_parse(struct reader *list, struct ts_list *ret_list)
{
	struct reader peek = *list;
	uint8_t type = rd_u8(&peek);

	rd_skip(&peek, 1);
	size_t len = rd_u16(&peek);
	struct reader r = rd_carve(list, len);
	struct ts_val ts = { 0 };

	rd_skip(&r, 1);
	ts.proto = rd_u8(&r);
	rd_skip(&r, 2);
	if (!rd_ok(&r))
		return -EBADMSG;
	if (type != TS_IPV4_ADDR_RANGE && type != TS_IPV6_ADDR_RANGE)
		return 0;
	ts.port_first = rd_u16(&r);
	ts.port_last = rd_u16(&r);
	ts.addr.first = addr_read(&r, type == TS_IPV4_ADDR_RANGE);
	ts.addr.last = addr_read(&r, type == TS_IPV4_ADDR_RANGE);
	if (!rd_done(&r) || !is_sane(&ts, type == TS_IPV4_ADDR_RANGE))
		return -EBADMSG;
	if (ret_list->n < TS_LIST_MAX)
		ret_list->ts[ret_list->n++] = ts;
	return 0;
}

/*  TS, 3.13:   number of selectors:8   reserved:24   selectors  */
int ts_parse(struct reader body, struct ts_list *ret_list)
{
	struct ts_list list = { 0 };
	unsigned n = rd_u8(&body);

	rd_skip(&body, 3);
	for (unsigned i = 0; i < n; i++)
		if (selector_parse(&body, &list))
			return -EBADMSG;
	if (!rd_done(&body) || n == 0)
		return -EBADMSG;
	*ret_list = list;
	return 0;
}

static void addr_write(struct writer *w, struct addr_num num, bool is_v4)
{
	struct ip_addr addr = addr_from_num(num);

	if (is_v4)
		wr_u32(w, addr_to_v4(&addr));
	else
		wr_bytes(w, addr.b, sizeof(addr.b));
}

static void selector_write(struct writer *w, const struct ts_val *ts)
{
	bool is_v4 = ts_is_v4(ts);

	wr_u8(w, is_v4 ? TS_IPV4_ADDR_RANGE : TS_IPV6_ADDR_RANGE);
	wr_u8(w, ts->proto);
	wr_u16(w, TS_HEADER_LEN + 2 * (is_v4 ? 4 : 16));
	wr_u16(w, ts->port_first);
	wr_u16(w, ts->port_last);
	addr_write(w, ts->addr.first, is_v4);
	addr_write(w, ts->addr.last, is_v4);
}

void ts_emit(struct payload_writer *pw, enum payload_type type, const struct ts_val *ts, size_t n)
{
	size_t opened = payload_open(pw, type);

	wr_u8(&pw->w, (uint8_t)n);
	wr_uint(&pw->w, 0, 3);
	for (size_t i = 0; i < n; i++)
		selector_write(&pw->w, &ts[i]);
	payload_close(pw, opened);
}
