/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/ts.h"

#include "base/addr.h"

static uint8_t side_read(struct ts_side *to, const struct ts_val *from, uint32_t n)
{
	uint8_t used = 0;

	for (; used < n && used < SA_TS_MAX; used++)
		to[used] = (struct ts_side){
			.addr = from[used].addr,
			.port_first = from[used].port_first,
			.port_last = from[used].port_last,
			.proto = from[used].proto,
			.is_v4 = addr_range_is_v4(&from[used].addr),
		};
	return used;
}

void ts_set_read(struct ts_set *set, const struct sa_ts *ts)
{
	set->n_local = side_read(set->local, ts->local, ts->n_local);
	set->n_remote = side_read(set->remote, ts->remote, ts->n_remote);
}

/* ::/0 is a range of IPv6 and holds no IPv4 address. */
static bool in_range(const struct ts_side *s, struct addr_num a)
{
	const struct addr_num *first = &s->addr.first, *last = &s->addr.last;

	if (s->is_v4 != addr_num_is_v4(a))
		return false;
	if (a.hi < first->hi || (a.hi == first->hi && a.lo < first->lo))
		return false;
	return a.hi < last->hi || (a.hi == last->hi && a.lo <= last->lo);
}

static bool side_match(const struct ts_side *side, unsigned n, const struct ts_flow *flow,
		       struct addr_num addr, uint16_t port)
{
	for (const struct ts_side *s = side; s < side + n; s++) {
		bool all_ports = s->port_first == 0 && s->port_last == UINT16_MAX;

		if (!in_range(s, addr) || (s->proto && s->proto != flow->proto))
			continue;
		if (all_ports ||
		    (flow->ports_known && port >= s->port_first && port <= s->port_last))
			return true;
	}
	return false;
}

bool ts_set_match(const struct ts_set *set, const struct ts_flow *flow)
{
	return side_match(set->local, set->n_local, flow, flow->local, flow->local_port) &&
	       side_match(set->remote, set->n_remote, flow, flow->remote, flow->remote_port);
}

bool ts_set_is_local(const struct ts_set *set, struct addr_num addr)
{
	for (unsigned i = 0; i < set->n_local; i++)
		if (in_range(&set->local[i], addr))
			return true;
	return false;
}

struct ts_flow ts_flow_out(const struct ip_info *info)
{
	return (struct ts_flow){ .local = info->src,
				 .remote = info->dst,
				 .local_port = info->sport,
				 .remote_port = info->dport,
				 .proto = info->proto,
				 .ports_known = info->ports_known };
}

struct ts_flow ts_flow_in(const struct ip_info *info)
{
	return (struct ts_flow){ .local = info->dst,
				 .remote = info->src,
				 .local_port = info->dport,
				 .remote_port = info->sport,
				 .proto = info->proto,
				 .ports_known = info->ports_known };
}
