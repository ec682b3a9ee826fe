/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/ts.h"

#include "base/addr.h"

static uint8_t side_read(struct ts_side *to, const struct ts_val *from, uint32_t n)
{
	uint8_t used = 0;

	for (uint32_t i = 0; i < n && i < SA_TS_MAX; i++) {
		struct ip_addr first = addr_from_num(from[i].addr.first);
		struct ip_addr last = addr_from_num(from[i].addr.last);

		if (!addr_is_v4(&first) || !addr_is_v4(&last))
			continue;
		to[used++] = (struct ts_side){
			.first = addr_to_v4(&first),
			.last = addr_to_v4(&last),
			.port_first = from[i].port_first,
			.port_last = from[i].port_last,
			.proto = from[i].proto,
		};
	}
	return used;
}

void ts_set_read(struct ts_set *set, const struct sa_ts *ts)
{
	set->n_local = side_read(set->local, ts->local, ts->n_local);
	set->n_remote = side_read(set->remote, ts->remote, ts->n_remote);
}

static bool side_match(const struct ts_side *side, unsigned n, const struct ts_flow *flow,
		       uint32_t addr, uint16_t port)
{
	for (const struct ts_side *s = side; s < side + n; s++) {
		bool all_ports = s->port_first == 0 && s->port_last == UINT16_MAX;

		if (addr < s->first || addr > s->last || (s->proto && s->proto != flow->proto))
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
