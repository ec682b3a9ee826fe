/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/gateway.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

enum ident_type {
	IDENT_IPV4 = 1,
	IDENT_IPV6 = 2,
	IDENT_FQDN = 3,
};

bool gateway_is_set(const struct gateway *g)
{
	return g->name[0] || !addr_is_any(&g->addr);
}

bool gateway_equal(const struct gateway *a, const struct gateway *b)
{
	return strcasecmp(a->name, b->name) == 0 && addr_equal(&a->addr, &b->addr);
}

struct gateway gateway_from_addr(const struct ip_addr *addr)
{
	return (struct gateway){ .addr = *addr };
}

/* A host name (RFC 1123 2.1): it goes to the resolver and into logs. */
static bool is_name(const char *text, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";

	for (size_t i = 0; i < len; i++)
		if (!text[i] ||
		    !strchr(allowed, text[i] | (text[i] >= 'A' && text[i] <= 'Z' ? 32 : 0)))
			return false;
	return len && len < GATEWAY_NAME_MAX && text[0] != '.' && text[0] != '-';
}

int gateway_parse(const char *text, struct gateway *ret_gateway)
{
	struct gateway g = { 0 };

	if (!addr_parse(text, &g.addr)) {
		if (addr_is_any(&g.addr))
			return -EINVAL;
	} else if (is_name(text, strlen(text)) && text[strspn(text, "0123456789.")]) {
		snprintf(g.name, sizeof(g.name), "%s", text);
	} else {
		return -EINVAL;
	}
	*ret_gateway = g;
	return 0;
}

const char *gateway_text(const struct gateway *g, char buf[GATEWAY_NAME_MAX])
{
	return g->name[0] ? g->name : addr_print(&g->addr, buf, GATEWAY_NAME_MAX);
}

/*  GW ident type:8   length:8   identity   [nonce] */
int gateway_read(struct reader *data, struct gateway *ret_gateway)
{
	uint8_t type = rd_u8(data);
	size_t len = rd_u8(data);
	struct reader ident = rd_carve(data, len);
	struct gateway g = { 0 };

	if (!rd_ok(data))
		return -EBADMSG;
	if (type == IDENT_IPV4)
		g.addr = addr_from_v4(rd_u32(&ident));
	else if (type == IDENT_IPV6)
		rd_copy(&ident, &g.addr, sizeof(g.addr));
	else if (type == IDENT_FQDN && is_name((const char *)ident.at, len))
		rd_copy(&ident, g.name, len);
	if (!rd_done(&ident) || (!g.name[0] && !addr_is_host(&g.addr)))
		return -EBADMSG;
	*ret_gateway = g;
	return 0;
}

void gateway_write(struct writer *w, const struct gateway *g)
{
	size_t len = strlen(g->name);

	if (len) {
		wr_u8(w, IDENT_FQDN);
		wr_u8(w, (uint8_t)len);
		wr_bytes(w, g->name, len);
	} else if (addr_is_v4(&g->addr)) {
		wr_u8(w, IDENT_IPV4);
		wr_u8(w, 4);
		wr_u32(w, addr_to_v4(&g->addr));
	} else {
		wr_u8(w, IDENT_IPV6);
		wr_u8(w, sizeof(g->addr));
		wr_bytes(w, &g->addr, sizeof(g->addr));
	}
}
