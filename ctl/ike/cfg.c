/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/cfg.h"

#include <stdio.h>
#include "ike/auth_eap.h"

static const struct cp_attr *attr_find(const struct cp *cp, uint16_t type)
{
	for (size_t i = 0; i < cp->n; i++)
		if (cp->attrs[i].type == type)
			return &cp->attrs[i];
	return NULL;
}

static void attr_add(struct cp *cp, uint16_t type, struct reader value)
{
	if (cp->n < CP_ATTRS_MAX)
		cp->attrs[cp->n++] = (struct cp_attr){ type, value };
}

/* ---- Initiator ------------------------------------------------------------------ */

void cfg_request(struct turn *t)
{
	const struct conn *conn = t->sa->conn;
	uint8_t addr[CP_VALUE_MAX];
	struct cp cp = { .type = CFG_REQUEST };

	if (!conn->n_vips)
		return;
	attr_add(&cp, CP_IP4_ADDRESS,
		 addr_is_any(&conn->vips[0]) ? rd_from(NULL, 0)
					     : cp_addr_value(&conn->vips[0], addr));
	attr_add(&cp, CP_IP4_DNS, rd_from(NULL, 0));
	attr_add(&cp, CP_IP4_SUBNET, rd_from(NULL, 0));
	cp_emit(t->out, &cp);
}

uint16_t cfg_take(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct cp *cp = &t->in->cp;
	const struct cp_attr *attr = NULL;
	char text[ADDR_TEXT_MAX];
	struct ip_addr addr;

	if (!sa->conn || !sa->conn->n_vips)
		return 0;
	if (t->in->present & P_CP && cp->type == CFG_REPLY)
		attr = attr_find(cp, CP_IP4_ADDRESS);
	if (!attr || !cp_addr(attr, &addr) || addr_is_any(&addr))
		return N_INTERNAL_ADDRESS_FAILURE;
	sa->our_vip = addr;
	fx_addr(&sa->ike->fx, FX_VIP_ADD, &addr);
	sa_log(sa, "our virtual address is %s", addr_print(&addr, text, sizeof(text)));
	for (size_t i = 0; i < cp->n; i++)
		if (cp->attrs[i].type == CP_IP4_DNS && cp_addr(&cp->attrs[i], &addr))
			sa_log(sa, "DNS server %s", addr_print(&addr, text, sizeof(text)));
	return 0;
}

/* ---- Responder ------------------------------------------------------------------ */

static void add_pools(struct cp *cp, const struct conn *conn,
		      uint8_t values[CP_ATTRS_MAX][CP_VALUE_MAX])
{
	for (size_t i = 0; i < conn->n_pools; i++) {
		const struct conn_pool *pool = &conn->pools[i];

		for (size_t j = 0; j < pool->n_dns && cp->n < CP_ATTRS_MAX; j++)
			attr_add(cp, CP_IP4_DNS, cp_addr_value(&pool->dns[j], values[cp->n]));
		for (size_t j = 0; j < pool->n_subnets && cp->n < CP_ATTRS_MAX; j++)
			attr_add(cp, CP_IP4_SUBNET,
				 cp_subnet_value(&pool->subnets[j], values[cp->n]));
	}
}

static bool take_lease(struct turn *t, const struct cp_attr *asked)
{
	const struct ike_host *host = &t->ike->host;
	struct ip_addr wanted;
	struct lease_request request = {
		.conn = t->sa->conn,
		.id = &t->sa->their_id,
		.is_alone = message_notify(t->in, N_INITIAL_CONTACT),
	};

	if (cp_addr(asked, &wanted) && !addr_is_any(&wanted))
		request.wanted = &wanted;
	const struct auth_eap *eap = t->sa->eap; /* the AAA server may know better */
	request.is_fixed = eap && !addr_is_any(&eap->eap.framed);
	if (request.is_fixed)
		request.wanted = &eap->eap.framed;
	return host->lease_take && !host->lease_take(host->arg, &request, &t->sa->their_vip);
}

uint16_t cfg_answer(struct turn *t)
{
	uint8_t values[CP_ATTRS_MAX][CP_VALUE_MAX];
	const struct conn *conn = t->sa->conn;
	const struct cp_attr *asked = NULL;
	struct cp reply = { .type = CFG_REPLY };
	char text[ADDR_TEXT_MAX];

	if (t->in->present & P_CP && t->in->cp.type == CFG_REQUEST)
		asked = attr_find(&t->in->cp, CP_IP4_ADDRESS);
	if (!asked || !conn->n_pools)
		return 0;
	if (!take_lease(t, asked)) {
		sa_error(t->sa, "no virtual address is left for the peer");
		return N_INTERNAL_ADDRESS_FAILURE;
	}
	sa_log(t->sa, "peer has the virtual address %s",
	       addr_print(&t->sa->their_vip, text, sizeof(text)));
	attr_add(&reply, CP_IP4_ADDRESS, cp_addr_value(&t->sa->their_vip, values[0]));
	add_pools(&reply, conn, values);
	cp_emit(t->out, &reply);
	return 0;
}

/* ---- Both ----------------------------------------------------------------------- */

void cfg_move(struct ike_sa *fresh, struct ike_sa *old)
{
	fresh->our_vip = old->our_vip;
	fresh->their_vip = old->their_vip;
	old->our_vip = old->their_vip = (struct ip_addr){ 0 };
}

void cfg_end(struct ike_sa *sa)
{
	const struct ike_host *host = &sa->ike->host;

	if (!addr_is_any(&sa->their_vip) && host->lease_give)
		host->lease_give(host->arg, &sa->their_id, &sa->their_vip);
	if (!addr_is_any(&sa->our_vip))
		fx_addr(&sa->ike->fx, FX_VIP_DEL, &sa->our_vip);
	sa->our_vip = sa->their_vip = (struct ip_addr){ 0 };
}
