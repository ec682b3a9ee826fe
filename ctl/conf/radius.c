/* SPDX-License-Identifier: BSD-2-Clause */
/* Section radius: the servers of auth = eap-radius. */
#include <stdio.h>
#include <string.h>
#include "conf/build.h"
#include "crypto/secret.h"

void take_radius_address(struct build *b, const struct row *row, const struct node *at,
			 const char *text, void *to)
{
	struct ip_addr *addr = to;

	if (addr_parse(text, addr) || addr_is_any(addr))
		mistake(b, at, "%s = %s: no IP address; names are not resolved", row->name, text);
}

void take_radius_port(struct build *b, const struct row *row, const struct node *at,
		      const char *text, void *to)
{
	uint16_t *port = to;

	*port = 1; /* also of a number that is too big: no second complaint */
	take_port(b, row, at, text, port);
	if (!*port)
		mistake(b, at, "%s = %s: 1 to 65535", row->name, text);
}

void take_nas_identifier(struct build *b, const struct row *row, const struct node *at,
			 const char *text, void *to)
{
	if (strlen(text) > RADIUS_VALUE_MAX)
		mistake(b, at, "%s: more than %d bytes", row->name, RADIUS_VALUE_MAX);
	else
		snprintf(to, RADIUS_VALUE_MAX + 1, "%s", text);
}

static void build_server(struct build *b, const struct node *section, struct radius_settings *all)
{
	struct radius_draft d = {};
	const struct node *address = node_find(section, "address");
	const struct node *secret = node_find(section, "secret");

	scope_take(b, SCOPE_RADIUS_SERVER, section, &d);
	if (!address || !address->value || !*address->value)
		mistake(b, section, "server '%s' has no address", section->name);
	if (!secret || !secret->value || !*secret->value)
		mistake(b, section, "server '%s' has no secret", section->name);
	d.server.secret_len = d.secret.psk_len;
	memcpy(d.server.secret, d.secret.psk, d.secret.psk_len);
	if (all->n_servers == RADIUS_SERVERS_MAX)
		mistake(b, section, "more than %d servers", RADIUS_SERVERS_MAX);
	else if (name_take(b, section, d.server.name))
		all->servers[all->n_servers++] = d.server;
	secret_wipe(&d, sizeof(d));
}

void build_radius(struct build *b, const struct node *section)
{
	const struct node *servers = node_find(section, "servers");

	scope_take(b, SCOPE_RADIUS, section, &b->conf->radius);
	if (!servers || servers->value)
		return;
	for (const struct node *m = servers->first; m; m = m->next) {
		if (m->value && !m->is_junk)
			mistake(b, m, "'%s' in servers is a key: a section for each one", m->name);
		else if (!m->is_junk)
			build_server(b, m, &b->conf->radius);
	}
}
