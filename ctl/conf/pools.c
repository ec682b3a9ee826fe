/* SPDX-License-Identifier: BSD-2-Clause */
/* Section pools, and the keys of connections that name them: virtual addresses (swanctl.conf). */
#include <stdlib.h>
#include <string.h>
#include "conf/build.h"
#include "ike/ts.h"

#define POOLS_MAX 256u
#define ITEM_MAX 128

/* The net and the broadcast address of a prefix are nobody's, as in strongSwan; of IPv6 the
 * subnet-router anycast address (RFC 4291 2.6.1). A prefix is longer than 64 bits, or its numbers
 * begin and end at borders of 64 bits: no carry. */
static void trim(struct addr_range *range, const char *text)
{
	bool is_small = range->first.hi == range->last.hi && range->last.lo - range->first.lo < 3;

	if (!strchr(text, '/') || is_small)
		return;
	range->first.lo++;
	range->last.lo -= addr_range_is_v4(range);
}

void take_pool_addrs(struct build *b, const struct row *row, const struct node *at,
		     const char *text, void *to)
{
	struct conn_pool *pool = to;

	if (addr_parse_range(text, &pool->addrs)) {
		mistake(b, at, "%s = %s: neither a subnet nor a range of addresses", row->name, text);
		return;
	}
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
		if (addr_parse(item, &addr))
			mistake(b, at, "%s = %s: no IP address", row->name, item);
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

		if (strchr(item, '-') || addr_parse_range(item, &ts.addr))
			mistake(b, at, "%s = %s: no subnet", row->name, item);
		else if (pool->n_subnets == POOL_SUBNETS_MAX)
			mistake(b, at, "%s: more than %d subnets", row->name, POOL_SUBNETS_MAX);
		else
			pool->subnets[pool->n_subnets++] = ts;
	}
}

void take_pool_domains(struct build *b, const struct row *row, const struct node *at,
		       const char *text, void *to)
{
	struct conn_pool *pool = to;
	char item[POOL_DOMAIN_LEN_MAX + 2];

	pool->n_domains = 0;
	while (value_next(&text, item, sizeof(item))) {
		if (strlen(item) > POOL_DOMAIN_LEN_MAX || strpbrk(item, " \t\n"))
			mistake(b, at, "%s = %s: no domain", row->name, item);
		else if (pool->n_domains == POOL_DOMAINS_MAX)
			mistake(b, at, "%s: more than %d domains", row->name, POOL_DOMAINS_MAX);
		else
			strcpy(pool->domains[pool->n_domains++], item);
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
		if (addr_parse(item, &addr))
			mistake(b, at, "%s = %s: an address, or 0.0.0.0 or :: (any)", row->name, item);
		else if (conn->n_vips == VIPS_MAX ||
			 (conn->n_vips && addr_is_v4(&conn->vips[0]) == addr_is_v4(&addr)))
			mistake(b, at, "%s: more than one address of a family", row->name);
		else
			conn->vips[conn->n_vips++] = addr;
	}
}
