/* SPDX-License-Identifier: BSD-2-Clause */
/* Section connections: drafts of connections and children, completed with what depends on what. */
#include <stdlib.h>
#include <string.h>
#include "conf/build.h"
#include "conf/creds.h"
#include "crypto/secret.h"
#include "ike/id.h"
#include "ike/ts.h"

#define CHILDREN_MAX 1024u /* of one connection */

bool name_take(struct build *b, const struct node *at, char ret_name[CONN_NAME_MAX])
{
	size_t len = strlen(at->name);

	for (size_t i = 0; i < len; i++)
		if (at->name[i] < 0x21 || at->name[i] > 0x7e) {
			mistake(b, at, "names of connections and children are printable ASCII");
			return false;
		}
	if (len >= CONN_NAME_MAX) {
		mistake(b, at, "the name '%s' is longer than %d bytes", at->name,
			CONN_NAME_MAX - 1);
		return false;
	}
	memcpy(ret_name, at->name, len + 1);
	return true;
}

/* ---- Children --------------------------------------------------------------------- */

static uint64_t or_else(const struct given *g, uint64_t otherwise)
{
	return g->is_set ? g->n : otherwise;
}

/* swanctl.conf(5): rekey 1h, life 10 % more, rand the difference of the two. Of life alone,
 * rekey follows so that life is 10 % more. */
static void child_lifetimes(struct build *b, struct child_draft *d)
{
	uint64_t rekey = or_else(&d->rekey, d->life.is_set ? d->life.n * 10 / 11 : 3600);
	uint64_t life = or_else(&d->life, rekey + rekey / 10);
	uint64_t rand = or_else(&d->rand, life > rekey ? life - rekey : 0);

	if (rekey && life && life <= rekey)
		mistake(b, d->at, "life_time has to be longer than rekey_time");
	if (rekey && rand >= rekey)
		mistake(b, d->at, "rand_time has to be shorter than rekey_time");
	d->child.rekey_s = (uint32_t)rekey;
	d->child.life_s = (uint32_t)life;
	d->child.rand_s = (uint32_t)rand;
}

/* What is counted, in the same proportions. */
static void child_volume(struct build *b, struct child_draft *d, const char *unit,
			 const struct given *soft, const struct given *hard,
			 const struct given *spread, uint64_t ret[3])
{
	uint64_t rekey = or_else(soft, hard->n * 10 / 11), life = or_else(hard, rekey + rekey / 10);
	uint64_t rand = or_else(spread, life > rekey ? life - rekey : 0);

	if (rekey && life && life <= rekey)
		mistake(b, d->at, "life_%s has to be more than rekey_%s", unit, unit);
	if (rekey && rand >= rekey)
		mistake(b, d->at, "rand_%s has to be less than rekey_%s", unit, unit);
	ret[0] = rekey;
	ret[1] = life;
	ret[2] = rand;
}

static void child_volumes(struct build *b, struct child_draft *d)
{
	uint64_t n[3];

	child_volume(b, d, "packets", &d->rekey_packets, &d->life_packets, &d->rand_packets, n);
	d->child.rekey_packets = n[0];
	d->child.life_packets = n[1];
	d->child.rand_packets = n[2];
	child_volume(b, d, "bytes", &d->rekey_bytes, &d->life_bytes, &d->rand_bytes, n);
	d->child.rekey_bytes = n[0];
	d->child.life_bytes = n[1];
	d->child.rand_bytes = n[2];
}

/* A shunt has no peer whose address "dynamic" could be: it means any then, as in strongSwan. */
static void shunt_selectors(struct ts_val *list, size_t *n, bool *is_dynamic)
{
	if (!*is_dynamic)
		return;
	list[0] = ts_of_family(true);
	list[1] = ts_of_family(false);
	*n = 2;
	*is_dynamic = false;
}

/* ESP unless AH is named; never one within the other. */
static void child_ah(struct build *b, const struct conn *conn, struct child_draft *d)
{
	const struct node *esp = node_find(d->at, "esp_proposals");
	struct conn_child *c = &d->child;

	if (!d->n_ah)
		return;
	if (esp && *esp->value)
		mistake(b, esp, "esp_proposals besides ah_proposals: a child is of one of them");
	if (conn->is_encap_forced)
		mistake(b, d->at, "ah_proposals: AH does not go in UDP, as encap = yes wants");
	if (c->tfc)
		mistake(b, d->at, "tfc_padding: AH has no padding");
	memcpy(c->proposals, d->ah, sizeof(c->proposals));
	c->n_proposals = d->n_ah;
}

/* The routing table decides instead of policies, which are of tunnel mode and one peer. */
static void child_tunnel(struct build *b, const struct child_draft *d)
{
	const struct conn_child *c = &d->child;

	if (!c->tunnel[0])
		return;
	if (c->action != SPD_PROTECT || c->mode != SA_TUNNEL)
		mistake(b, d->at, "tunnel_interface: only with mode = tunnel");
	if (c->interface[0] || c->priority)
		mistake(b, d->at,
			"tunnel_interface: there are no policies, so no interface or priority of "
			"theirs");
}

static void build_child(struct build *b, struct conn *conn, const struct node *section)
{
	struct child_draft d = { .at = section };
	struct conn_child *c = &d.child;

	scope_take(b, SCOPE_CHILD, section, &d);
	(void)name_take(b, section, c->name);
	child_volumes(b, &d);
	child_lifetimes(b, &d);
	child_ah(b, conn, &d);
	child_tunnel(b, &d);
	if (c->action == SPD_PROTECT && c->dir != SPD_BOTH)
		mistake(b, section, "direction: an SA protects both; only with mode = pass or drop");
	if (c->action != SPD_DISCARD && c->is_answered)
		mistake(b, section, "reject: only with mode = drop");
	if (c->action != SPD_PROTECT) {
		shunt_selectors(c->local_ts, &c->n_local_ts, &c->is_local_dynamic);
		shunt_selectors(c->remote_ts, &c->n_remote_ts, &c->is_remote_dynamic);
	}
	conn->children[conn->n_children++] = *c;
}

static void build_children(struct build *b, struct conn *conn, const struct node *section)
{
	size_t n = 0;

	for (const struct node *m = section->first; m; m = m->next) {
		if (m->value && !m->is_junk)
			mistake(b, m, "'%s' in children is a key: a section for each child",
				m->name);
		n += !m->value && !m->is_junk;
	}
	if (n > CHILDREN_MAX) {
		mistake(b, section, "more than %u children", CHILDREN_MAX);
		return;
	}
	conn->children = calloc(n + 1, sizeof(*conn->children));
	if (!conn->children) {
		b->is_out_of_memory = true;
		return;
	}
	for (const struct node *m = section->first; m; m = m->next)
		if (!m->value && !m->is_junk)
			build_child(b, conn, m);
}

/* ---- Connections ------------------------------------------------------------------ */

/* swanctl.conf(5): rekey 4h unless reauth is given, over 10 % of the longer, rand as over. */
static void conn_lifetimes(struct build *b, struct conn_draft *d)
{
	uint64_t reauth = or_else(&d->reauth, 0);
	uint64_t rekey = or_else(&d->rekey, reauth ? 0 : 4 * 3600);
	uint64_t longer = rekey > reauth ? rekey : reauth;
	uint64_t shorter = rekey && (!reauth || rekey < reauth) ? rekey : reauth;
	uint64_t over = or_else(&d->over, longer / 10);
	uint64_t rand = or_else(&d->rand, over);

	if (shorter && rand >= shorter)
		mistake(b, d->at, "rand_time has to be shorter than rekey_time and reauth_time");
	d->conn.rekey_s = (uint32_t)rekey;
	d->conn.reauth_s = (uint32_t)reauth;
	d->conn.over_s = (uint32_t)over;
	d->conn.rand_s = (uint32_t)rand;
}

static void auth_section(struct build *b, enum scope scope, const struct node *section,
			 const struct node **seen, struct auth_draft *auth)
{
	if (*seen) {
		mistake(b, section,
			"not supported yet: %s besides %s (several rounds of authentication)",
			section->name, (*seen)->name);
		return;
	}
	*seen = section;
	scope_take(b, scope, section, auth);
}

static void conn_sections(struct build *b, struct conn_draft *d, const struct node *section)
{
	for (const struct node *n = section->first; n; n = n->next) {
		if (n->value || n->is_junk)
			continue;
		if (!strcmp(n->name, "children"))
			build_children(b, &d->conn, n);
		else if (!strncmp(n->name, "local", 5))
			auth_section(b, SCOPE_LOCAL, n, &d->local_at, &d->local);
		else if (!strncmp(n->name, "remote", 6))
			auth_section(b, SCOPE_REMOTE, n, &d->remote_at, &d->remote);
	}
}

static bool has_only_shunts(const struct conn *conn)
{
	for (size_t i = 0; i < conn->n_children; i++)
		if (conn->children[i].action == SPD_PROTECT)
			return false;
	return conn->n_children > 0;
}

/* Ours: the first address when none is given, as the peer sees it in the IP header; without any
 * it stays %any, which the core makes the address that an IKE SA runs from. */
static void conn_local_id(struct build *b, struct conn_draft *d)
{
	struct conn *conn = &d->conn;

	if (d->local.has_id)
		conn->local_id = d->local.id;
	else if (conn->n_local && !addr_is_any(&conn->local[0]))
		conn->local_id = id_from_addr(&conn->local[0]);
	if (d->local.has_id && id_is_any(&d->local.id))
		mistake(b, d->local_at, "local.id cannot be %%any");
}

static void conn_secret(struct build *b, struct conn_draft *d)
{
	struct conn *conn = &d->conn;
	const struct secret *s = secret_match(b, &conn->local_id, &conn->remote_id);
	char local[ID_TEXT_MAX], remote[ID_TEXT_MAX];

	if (s) {
		memcpy(conn->psk, s->psk, s->psk_len);
		conn->psk_len = s->psk_len;
		return;
	}
	id_print(&conn->local_id, local, sizeof(local));
	id_print(&conn->remote_id, remote, sizeof(remote));
	mistake(b, d->at, "no secret: none of secrets.ike<suffix> is for '%.100s' and '%.100s'",
		local, remote);
}

static void conn_ppk(struct build *b, struct conn_draft *d)
{
	struct conn *conn = &d->conn;
	const struct secret *ppk = conn->ppk_id.type ? ppk_match(b, &conn->ppk_id) : NULL;
	char id[ID_TEXT_MAX];

	if (ppk) {
		memcpy(conn->ppk, ppk->psk, ppk->psk_len);
		conn->ppk_len = ppk->psk_len;
	} else if (conn->ppk_id.type) {
		mistake(b, d->at, "no PPK: none of secrets.ppk<suffix> is for '%.100s'",
			id_print(&conn->ppk_id, id, sizeof(id)));
	} else if (conn->is_ppk_required) {
		mistake(b, d->at, "ppk_required needs a ppk_id");
	}
}

static void conn_auth(struct build *b, struct conn_draft *d)
{
	if (!d->local_at)
		mistake(b, d->at, "'%s' has no section local { auth = ... }", d->at->name);
	if (!d->remote_at)
		mistake(b, d->at, "'%s' has no section remote { auth = ... }", d->at->name);
	if (!d->local_at || !d->remote_at)
		return;
	const struct auth_method *ours = auth_method_of(d->local.auth);
	const struct auth_method *theirs = auth_method_of(d->remote.auth);
	unsigned our_needs = ours->needs(&d->local.words, false);
	unsigned needs = our_needs | theirs->needs(&d->remote.words, true);

	d->conn.local_auth = d->local.auth;
	d->conn.remote_auth = d->remote.auth;
	if (our_needs & NEEDS_OWN)
		creds_own(b, d);
	conn_local_id(b, d);
	if (d->remote.has_id)
		d->conn.remote_id = d->remote.id;
	/* Gateways leave it to EAP who comes; EAP alone (RFC 5998) is what a client knows its gateway by. */
	if (id_is_any(&d->conn.remote_id) &&
	    (d->conn.remote_auth != CONN_AUTH_EAP || d->conn.local_auth == CONN_AUTH_EAP))
		warning(b, d->remote_at, "no remote id: whoever %s '%s' may be its peer",
			theirs->whose, d->at->name);
	if (needs & NEEDS_TRUST)
		creds_trust(b, d);
	if (needs & NEEDS_PSK)
		conn_secret(b, d);
	conn_ppk(b, d);
	conn_eap(b, d);
}

static bool knows_peer(const struct conn *conn)
{
	for (size_t i = 0; i < conn->n_remote; i++)
		if (!addr_is_any(&conn->remote[i]))
			return true;
	return false;
}

/* Somebody has to be called. */
static void conn_starts(struct build *b, const struct conn_draft *d)
{
	const struct conn *conn = &d->conn;

	for (size_t i = 0; i < conn->n_children && !knows_peer(conn); i++) {
		const struct conn_child *c = &conn->children[i];

		if (c->action == SPD_PROTECT && c->start != START_NONE)
			mistake(b, d->at,
				"child '%s' has a start_action, but remote_addrs has no address",
				c->name);
		if (c->tunnel[0])
			mistake(b, d->at,
				"child '%s' has a tunnel_interface, but remote_addrs has no "
				"address",
				c->name);
	}
}

static void conn_keep(struct build *b, const struct conn_draft *d)
{
	struct conf *conf = b->conf;
	struct conn **conns = realloc(conf->conns, (conf->n_conns + 1) * sizeof(struct conn *));
	struct conn *conn = malloc(sizeof(*conn));

	if (conns)
		conf->conns = conns;
	if (!conns || !conn) {
		b->is_out_of_memory = true;
		free(d->conn.children);
		free(conn);
		return; /* keys and certificates are left to the end of the process */
	}
	*conn = d->conn;
	conf->conns[conf->n_conns++] = conn;
}

static void build_connection(struct build *b, const struct node *section)
{
	struct conn_draft d = { .at = section };

	(void)name_take(b, section, d.conn.name);
	scope_take(b, SCOPE_CONN, section, &d);
	conn_sections(b, &d, section);
	conn_lifetimes(b, &d);
	if (!has_only_shunts(&d.conn)) {
		conn_auth(b, &d);
		conn_starts(b, &d);
	}
	conn_keep(b, &d);
	secret_wipe(&d, sizeof(d));
}

void build_connections(struct build *b, const struct node *section)
{
	for (const struct node *n = section->first; n && !b->is_out_of_memory; n = n->next) {
		if (n->is_junk)
			continue;
		if (n->value)
			mistake(b, n, "'%s' in connections is a key: a section for each one",
				n->name);
		else
			build_connection(b, n);
	}
}
