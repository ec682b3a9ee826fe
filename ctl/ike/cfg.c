/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/cfg.h"

#include <stdio.h>
#include <string.h>
#include "ike/auth_eap.h"
#include "ike/ts.h"

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

/* The attributes of a family. */
struct family {
	uint16_t address, dns, subnet;
	bool is_v4;
	const char *name;
};

static const struct family families[] = {
	{ CP_IP4_ADDRESS, CP_IP4_DNS, CP_IP4_SUBNET, true, "IPv4" },
	{ CP_IP6_ADDRESS, CP_IP6_DNS, CP_IP6_SUBNET, false, "IPv6" },
};

static const struct family *family_of(const struct ip_addr *addr)
{
	return &families[addr_is_v4(addr) ? 0 : 1];
}

/* ---- Initiator ------------------------------------------------------------------ */

void cfg_request(struct turn *t)
{
	const struct conn *conn = t->sa->conn;
	uint8_t addr[VIPS_MAX][CP_VALUE_MAX];
	struct cp cp = { .type = CFG_REQUEST };

	for (size_t i = 0; i < conn->n_vips; i++) {
		const struct ip_addr *vip = &conn->vips[i];
		const struct family *f = family_of(vip);

		attr_add(&cp, f->address,
			 addr_is_any(vip) ? rd_from(NULL, 0) : cp_vip_value(vip, addr[i]));
		attr_add(&cp, f->dns, rd_from(NULL, 0));
		attr_add(&cp, f->subnet, rd_from(NULL, 0));
	}
	if (!cp.n)
		return;
	attr_add(&cp, CP_DNS_DOMAIN, rd_from(NULL, 0));
	cp_emit(t->out, &cp);
}

static void take_vip(struct ike_sa *sa, const struct cp *cp, const struct family *f)
{
	const struct cp_attr *attr = attr_find(cp, f->address);
	char text[ADDR_TEXT_MAX];
	struct ip_addr addr;

	if (!attr || !cp_addr(attr, &addr) || !addr_is_host(&addr) || addr_is_v4(&addr) != f->is_v4) {
		sa_log(sa, "peer gave no virtual %s address", f->name);
		return;
	}
	sa->our_vips.addr[sa->our_vips.n++] = addr;
	fx_addr(&sa->ike->fx, FX_VIP_ADD, &addr);
	sa_log(sa, "our virtual address is %s", addr_print(&addr, text, sizeof(text)));
}

/* Printable, or it is not told. */
static bool domain_read(struct reader value, char ret_text[POOL_DOMAIN_LEN_MAX + 1])
{
	size_t len = rd_left(&value);

	if (!len || len > POOL_DOMAIN_LEN_MAX)
		return false;
	rd_copy(&value, ret_text, len);
	ret_text[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (ret_text[i] <= ' ' || ret_text[i] > '~')
			return false;
	return true;
}

/* What we do not set ourselves, people may want to. */
static void tell_dns(struct ike_sa *sa, const struct cp_attr *attr)
{
	char text[ADDR_TEXT_MAX], domain[POOL_DOMAIN_LEN_MAX + 1];
	struct ip_addr addr;

	if ((attr->type == CP_IP4_DNS || attr->type == CP_IP6_DNS) && cp_addr(attr, &addr))
		sa_log(sa, "DNS server %s", addr_print(&addr, text, sizeof(text)));
	if (attr->type == CP_DNS_DOMAIN && domain_read(attr->value, domain))
		sa_log(sa, "DNS domain %s", domain);
}

uint16_t cfg_take(struct turn *t)
{
	struct ike_sa *sa = t->sa;
	const struct cp *cp = &t->in->cp;

	if (!sa->conn || !sa->conn->n_vips)
		return 0;
	if (!(t->in->present & P_CP) || cp->type != CFG_REPLY)
		return N_INTERNAL_ADDRESS_FAILURE;
	for (size_t i = 0; i < sa->conn->n_vips; i++)
		take_vip(sa, cp, family_of(&sa->conn->vips[i]));
	for (size_t i = 0; i < cp->n; i++)
		tell_dns(sa, &cp->attrs[i]);
	return sa->our_vips.n ? 0 : N_INTERNAL_ADDRESS_FAILURE;
}

/* ---- Responder ------------------------------------------------------------------ */

/* RFC 8598 3.1: domains only for who asks for them, and never without a server. */
static void add_domains(struct cp *cp, const struct conn_pool *pool)
{
	for (size_t i = 0; i < pool->n_domains && pool->n_dns; i++)
		attr_add(cp, CP_DNS_DOMAIN, rd_from(pool->domains[i], strlen(pool->domains[i])));
}

static void add_pools(struct cp *cp, const struct conn *conn, bool wants_domains,
		      uint8_t values[CP_ATTRS_MAX][CP_VALUE_MAX])
{
	for (size_t i = 0; i < conn->n_pools; i++) {
		const struct conn_pool *pool = &conn->pools[i];

		for (size_t j = 0; j < pool->n_dns && cp->n < CP_ATTRS_MAX; j++)
			attr_add(cp, family_of(&pool->dns[j])->dns,
				 cp_addr_value(&pool->dns[j], values[cp->n]));
		for (size_t j = 0; j < pool->n_subnets && cp->n < CP_ATTRS_MAX; j++)
			attr_add(cp, families[ts_is_v4(&pool->subnets[j]) ? 0 : 1].subnet,
				 cp_subnet_value(&pool->subnets[j], values[cp->n]));
		if (wants_domains)
			add_domains(cp, pool);
	}
}

static bool has_pool(const struct conn *conn, const struct family *f)
{
	for (size_t i = 0; i < conn->n_pools; i++)
		if (addr_range_is_v4(&conn->pools[i].addrs) == f->is_v4)
			return true;
	return false;
}

static bool take_lease(struct turn *t, const struct family *f, const struct cp_attr *asked)
{
	const struct ike_host *host = &t->ike->host;
	struct vips *vips = &t->sa->their_vips;
	struct ip_addr wanted;
	struct lease_request request = {
		.conn = t->sa->conn,
		.id = &t->sa->their_id,
		.is_v4 = f->is_v4,
		.is_alone = message_notify(t->in, N_INITIAL_CONTACT),
	};

	if (cp_addr(asked, &wanted) && !addr_is_any(&wanted) && addr_is_v4(&wanted) == f->is_v4)
		request.wanted = &wanted;
	const struct auth_eap *eap = t->sa->eap; /* the AAA server may know better */
	request.is_fixed = eap && !addr_is_any(&eap->eap.framed) &&
			   addr_is_v4(&eap->eap.framed) == f->is_v4;
	if (request.is_fixed)
		request.wanted = &eap->eap.framed;
	if (!host->lease_take || host->lease_take(host->arg, &request, &vips->addr[vips->n]))
		return false;
	vips->n++;
	return true;
}

/* An address of each family that the peer asks for and that there are pools of. */
static uint16_t give_addresses(struct turn *t, struct cp *reply,
			       uint8_t values[CP_ATTRS_MAX][CP_VALUE_MAX])
{
	const struct vips *vips = &t->sa->their_vips;
	char text[ADDR_TEXT_MAX];
	bool is_asked = false;

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const struct cp_attr *asked = attr_find(&t->in->cp, families[i].address);

		if (!asked || !has_pool(t->sa->conn, &families[i]))
			continue;
		is_asked = true;
		if (!take_lease(t, &families[i], asked)) {
			sa_error(t->sa, "no virtual %s address is left for the peer",
				 families[i].name);
			continue;
		}
		const struct ip_addr *vip = &vips->addr[vips->n - 1];
		sa_log(t->sa, "peer has the virtual address %s", addr_print(vip, text, sizeof(text)));
		attr_add(reply, families[i].address, cp_vip_value(vip, values[reply->n]));
	}
	return is_asked && !vips->n ? N_INTERNAL_ADDRESS_FAILURE : 0;
}

/* Attributes that are not known here are left out of the answer; a request without any known one
 * has its answer, too (3.15). */
uint16_t cfg_answer(struct turn *t)
{
	uint8_t values[CP_ATTRS_MAX][CP_VALUE_MAX];
	struct cp reply = { .type = CFG_REPLY };

	if (!(t->in->present & P_CP) || t->in->cp.type != CFG_REQUEST)
		return 0;
	uint16_t notify = give_addresses(t, &reply, values);
	if (notify)
		return notify;
	add_pools(&reply, t->sa->conn, attr_find(&t->in->cp, CP_DNS_DOMAIN), values);
	cp_emit(t->out, &reply);
	return 0;
}

/* ---- Both ----------------------------------------------------------------------- */

void cfg_move(struct ike_sa *fresh, struct ike_sa *old)
{
	fresh->our_vips = old->our_vips;
	fresh->their_vips = old->their_vips;
	old->our_vips = old->their_vips = (struct vips){ .n = 0 };
}

/* The IKE SA that takes over may have been given the same one (2.8.3). */
static bool is_kept(const struct ike_sa *sa, const struct ip_addr *addr)
{
	for (const struct ike_sa *o = sa->ike->sas; o; o = o->next)
		for (size_t i = 0; o != sa && i < o->our_vips.n; i++)
			if (addr_equal(&o->our_vips.addr[i], addr))
				return true;
	return false;
}

void cfg_end(struct ike_sa *sa)
{
	const struct ike_host *host = &sa->ike->host;

	for (size_t i = 0; i < sa->their_vips.n && host->lease_give; i++)
		host->lease_give(host->arg, &sa->their_id, &sa->their_vips.addr[i]);
	for (size_t i = 0; i < sa->our_vips.n; i++)
		if (!is_kept(sa, &sa->our_vips.addr[i]))
			fx_addr(&sa->ike->fx, FX_VIP_DEL, &sa->our_vips.addr[i]);
	sa->our_vips = sa->their_vips = (struct vips){ .n = 0 };
}
