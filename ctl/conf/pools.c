/* SPDX-License-Identifier: BSD-2-Clause */
/* Section pools, and the keys of connections that name them: virtual addresses (swanctl.conf). */
#include <stdlib.h>
#include <string.h>
#include "conf/build.h"
#include "ike/ts.h"

#define POOLS_MAX 256u
#define ITEM_MAX 128

/* The net and the broadcast address of a prefix are nobody's, as in strongSwan. */
static void trim(struct addr_range *range, const char *text)
{
	struct ip_addr last = addr_from_num(range->last), first = addr_from_num(range->first);

	if (!strchr(text, '/') || addr_to_v4(&last) - addr_to_v4(&first) < 3)
		return;
	range->first.lo++;
	range->last.lo--;
}

void take_pool_addrs(struct build *b, const struct row *row, const struct node *at,
		     const char *text, void *to)
{
	struct conn_pool *pool = to;
	struct ip_addr first;

	if (addr_parse_range(text, &pool->addrs)) {
		mistake(b, at, "%s = %s: neither a subnet nor a range of addresses", row->name, text);
		return;
	}
	first = addr_from_num(pool->addrs.first);
	if (!addr_is_v4(&first))
		mistake(b, at, "not supported yet: %s = %s (IPv6)", row->name, text);
	trim(&pool->addrs, text);
}

void take_pool_dns(struct build *b, const struct row *row, const struct node *at, const char *text,
		   void *to)
{
	struct conn_pool *pool = to;
	char item[ITEM_MAX];
	struct ip_addr addr;

	pool->n_dns = 0;
	while (value_next(&text, item, sizeof(item))) {
		if (addr_parse(item, &addr) || !addr_is_v4(&addr))
			mistake(b, at, "%s = %s: no IPv4 address", row->name, item);
		else if (pool->n_dns == POOL_DNS_MAX)
			mistake(b, at, "%s: more than %d addresses", row->name, POOL_DNS_MAX);
		else
			pool->dns[pool->n_dns++] = addr;
	}
}

void take_pool_subnets(struct build *b, const struct row *row, const struct node *at,
		       const char *text, void *to)
{
	struct conn_pool *pool = to;
	char item[ITEM_MAX];

	pool->n_subnets = 0;
	while (value_next(&text, item, sizeof(item))) {
		struct ts_val ts = { .port_last = TS_PORT_MAX };

		if (strchr(item, '-') || addr_parse_range(item, &ts.addr) || !ts_is_v4(&ts))
			mistake(b, at, "%s = %s: no IPv4 subnet", row->name, item);
		else if (pool->n_subnets == POOL_SUBNETS_MAX)
			mistake(b, at, "%s: more than %d subnets", row->name, POOL_SUBNETS_MAX);
		else
			pool->subnets[pool->n_subnets++] = ts;
	}
}

static void build_pool(struct build *b, const struct node *section)
{
	struct conn_pool pool = { .n_dns = 0 };
	const struct node *addrs = node_find(section, "addrs");

	scope_take(b, SCOPE_POOL, section, &pool);
	if (!addrs || !addrs->value || !*addrs->value)
		mistake(b, section, "pool '%s' has no addrs", section->name);
	if (b->n_pools == POOLS_MAX)
		mistake(b, section, "more than %u pools", POOLS_MAX);
	else if (name_take(b, section, pool.name))
		b->pools[b->n_pools++] = pool;
}

void build_pools(struct build *b, const struct node *section)
{
	b->pools = calloc(POOLS_MAX, sizeof(*b->pools));
	if (!b->pools) {
		b->is_out_of_memory = true;
		return;
	}
	for (const struct node *m = section->first; m; m = m->next) {
		if (m->value && !m->is_junk)
			mistake(b, m, "'%s' in pools is a key: a section for each one", m->name);
		else if (!m->is_junk)
			build_pool(b, m);
	}
}

/* ---- Of a connection ---------------------------------------------------------------- */

static const struct conn_pool *pool_find(const struct build *b, const char *name)
{
	for (size_t i = 0; i < b->n_pools; i++)
		if (!strcmp(b->pools[i].name, name))
			return &b->pools[i];
	return NULL;
}

void take_conn_pools(struct build *b, const struct row *row, const struct node *at,
		     const char *text, void *to)
{
	struct conn *conn = to;
	char item[ITEM_MAX];

	conn->n_pools = 0;
	while (value_next(&text, item, sizeof(item))) {
		const struct conn_pool *pool = pool_find(b, item);

		if (!pool)
			mistake(b, at, "%s = %s: no such section in pools", row->name, item);
		else if (conn->n_pools == CONN_POOLS_MAX)
			mistake(b, at, "%s: more than %d pools", row->name, CONN_POOLS_MAX);
		else
			conn->pools[conn->n_pools++] = *pool;
	}
}

void take_vips(struct build *b, const struct row *row, const struct node *at, const char *text,
	       void *to)
{
	struct conn *conn = to;
	char item[ITEM_MAX];
	struct ip_addr addr;

	conn->n_vips = 0;
	while (value_next(&text, item, sizeof(item))) {
		if (addr_parse(item, &addr) || !addr_is_v4(&addr))
			mistake(b, at, "%s = %s: 0.0.0.0 (any) or an IPv4 address; not supported yet: "
				"IPv6", row->name, item);
		else if (conn->n_vips)
			mistake(b, at, "%s: more than one address", row->name);
		else
			conn->vips[conn->n_vips++] = addr;
	}
}
