/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/transport.h"

#include "ike/id.h"
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

static bool do_meet(const struct ts_val *a, size_t n_a, const struct ts_val *b, size_t n_b)
{
	struct ts_val meet;

	for (size_t i = 0; i < n_a; i++)
		for (size_t j = 0; j < n_b; j++)
			if (ts_meet(&a[i], &b[j], &meet))
				return true;
	return false;
}

/* The same peer may come again, and take over what it had. */
static bool is_other_peer(const struct ike_sa *sa, const struct ike_sa *other)
{
	return other != sa && !other->is_ending && !id_equal(&other->their_id, &sa->their_id) &&
	       addr_equal(&other->remote.addr, &sa->remote.addr);
}

bool transport_is_taken(const struct ike_sa *sa, const struct ts_val *local, size_t n_local,
			const struct ts_val *remote, size_t n_remote)
{
	for (const struct ike_sa *other = sa->ike->sas; other; other = other->next) {
		if (!is_other_peer(sa, other))
			continue;
		for (const struct child *c = other->children; c; c = c->next)
			if (c->sa.mode == SA_TRANSPORT && child_is_live(c) &&
			    do_meet(local, n_local, c->sa.local_ts, c->sa.n_local_ts) &&
			    do_meet(remote, n_remote, c->sa.remote_ts, c->sa.n_remote_ts))
				return true;
	}
	return false;
}

bool transport_moved(struct ike_sa *sa, const struct child *child)
{
	const struct child_sa *c = &child->sa;

	if (c->mode != SA_TRANSPORT || (addr_equal(&c->local.addr, &sa->local.addr) &&
					addr_equal(&c->remote.addr, &sa->remote.addr)))
		return false;
	if (!child_is_live(child))
		return true;
	sa_log(sa, "CHILD_SA %s{%u} is in transport mode, between the addresses of before: deleted",
	       child->name, c->unique_id);
	(void)task_delete_child(sa, c->chosen.protocol, c->spi_in);
	if (sa->birth.is_ours && c->conn_child)
		(void)task_add(sa, TASK_CHILD_NEW, c->conn_child, 0);
	return true;
}
