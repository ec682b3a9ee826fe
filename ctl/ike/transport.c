/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/transport.h"

#include "ike/ts.h"

bool transport_fits(const struct ike_sa *sa, const struct ts_val *local, size_t n_local,
		    const struct ts_val *remote, size_t n_remote)
{
	return ts_all_of_host(local, n_local, &sa->local.addr) &&
	       ts_all_of_host(remote, n_remote, &sa->remote.addr);
}

static void set_addr(struct ts_val *ts, size_t n, const struct addr_range *addr)
{
	for (size_t i = 0; i < n; i++)
		ts[i].addr = *addr;
}

/* 2.23.1: only where all selectors of the side have the same single address. */
static bool is_one_host(const struct ts_list *list)
{
	struct ip_addr first = addr_from_num(list->ts[0].addr.first);

	return list->n && ts_all_of_host(list->ts, list->n, &first);
}

static void replace_host(struct ts_list *list, const struct ip_addr *addr)
{
	struct addr_range to = ts_from_addr(addr).addr;

	if (is_one_host(list))
		set_addr(list->ts, list->n, &to);
}

void transport_ts_seen(const struct ike_sa *sa, struct ts_list *local, struct ts_list *remote)
{
	if (sa->is_nat_local)
		replace_host(local, &sa->local.addr);
	if (sa->is_nat_remote)
		replace_host(remote, &sa->remote.addr);
}

void transport_ts_told(const struct ike_sa *sa, const struct message *request,
		       struct ts_val *local, size_t n_local, struct ts_val *remote, size_t n_remote)
{
	if (sa->is_nat_local && is_one_host(&request->tsr))
		set_addr(local, n_local, &request->tsr.ts[0].addr);
	if (sa->is_nat_remote && is_one_host(&request->tsi))
		set_addr(remote, n_remote, &request->tsi.ts[0].addr);
}
