/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/conn.h"

#include <stdlib.h>
#include <string.h>
#include "crypto/secret.h"

void conn_free(struct conn *conn)
{
	if (!conn)
		return;
	for (size_t i = 0; i < conn->own.n_certs; i++)
		x509_free(conn->own.certs[i]);
	key_free(conn->own.key);
	trust_free(conn->trust);
	secret_wipe(conn->eap_users, conn->n_eap_users * sizeof(*conn->eap_users));
	free(conn->eap_users);
	free(conn->children);
	secret_wipe(conn, sizeof(*conn));
	free(conn);
}

/* %any is of both families, 0.0.0.0 is IPv4. */
static bool is_any_of(const struct ip_addr *any, const struct ip_addr *addr)
{
	return addr_is_any(any) && (!addr_is_v4(any) || addr_is_v4(addr));
}

/* 2: named, 1: %any, 0: neither. No address at all is %any. */
static int match_list(const struct ip_addr *list, size_t n, const struct ip_addr *addr)
{
	int best = n ? 0 : 1;

	for (size_t i = 0; i < n; i++) {
		if (addr_equal(&list[i], addr))
			return 2;
		if (is_any_of(&list[i], addr))
			best = 1;
	}
	return best;
}

int conn_match_addr(const struct conn *conn, const struct ip_addr *local,
		    const struct ip_addr *remote)
{
	int l = match_list(conn->local, conn->n_local, local);
	int r = match_list(conn->remote, conn->n_remote, remote);

	return l && r ? l + r : 0;
}

const struct ip_addr *conn_local_for(const struct conn *conn, const struct ip_addr *remote)
{
	static const struct ip_addr any;

	for (size_t i = 0; i < conn->n_local; i++) {
		const struct ip_addr *local = &conn->local[i];

		if (is_any_of(local, remote) ||
		    (!addr_is_any(local) && addr_is_v4(local) == addr_is_v4(remote)))
			return local;
	}
	return conn->n_local ? NULL : &any;
}

bool conn_has_peers(const struct conn *conn)
{
	for (size_t i = 0; i < conn->n_remote; i++)
		if (addr_is_any(&conn->remote[i]))
			return true;
	return conn->n_remote == 0;
}

uint8_t conn_child_protocol(const struct conn_child *child)
{
	return child->proposals[0].protocol;
}

const struct conn_child *conn_child_by_name(const struct conn *conn, const char *name)
{
	for (size_t i = 0; i < conn->n_children; i++)
		if (strcmp(conn->children[i].name, name) == 0)
			return &conn->children[i];
	return NULL;
}
