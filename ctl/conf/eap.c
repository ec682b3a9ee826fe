/* SPDX-License-Identifier: BSD-2-Clause */
/* EAP of a connection: whose password is whose. */
#include <stdlib.h>
#include <string.h>
#include "conf/build.h"
#include "ike/id.h"

void take_eap_id(struct build *b, const struct row *row, const struct node *at, const char *text,
		 void *to)
{
	struct auth_draft parsed = {};

	take_id(b, row, at, text, &parsed);
	*(struct ike_id *)to = parsed.id;
}

void take_their_eap_id(struct build *b, const struct row *row, const struct node *at,
		       const char *text, void *to)
{
	struct auth_draft *auth = to;

	take_eap_id(b, row, at, text, &auth->eap_id);
	auth->has_eap_id = true;
}

bool take_eap_auth(const char *text, struct auth_draft *auth)
{
	static const struct {
		const char *name;
		uint8_t can;
	} methods[] = {
		{ "eap", EAP_CAN_MSCHAPV2 },
		{ "eap-mschapv2", EAP_CAN_MSCHAPV2 },
		{ "eap-tls", EAP_CAN_TLS },
		{ "eap-dynamic", EAP_CAN_TLS | EAP_CAN_MSCHAPV2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].name, text) != 0)
			continue;
		auth->auth = CONN_AUTH_EAP;
		auth->eap = methods[i].can;
		return true;
	}
	return false;
}

/* The bytes are what EAP sends: of what type they look is of no interest. */
static bool is_same(const struct ike_id *a, const struct ike_id *b)
{
	return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

static struct eap_user *users_new(struct build *b, struct conn *conn, size_t n)
{
	conn->eap_users = calloc(n + 1, sizeof(*conn->eap_users));
	if (!conn->eap_users)
		b->is_out_of_memory = true;
	return conn->eap_users;
}

static void user_add(struct conn *conn, const struct ike_id *id, const struct secret *s)
{
	struct eap_user *user = &conn->eap_users[conn->n_eap_users++];

	user->id = *id;
	user->secret_len = s->psk_len;
	memcpy(user->secret, s->psk, s->psk_len);
}

/* Who may come: everybody who has a password. */
static void eap_peers(struct build *b, struct conn_draft *d)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_eaps; i++)
		n += b->eaps[i].n_owners;
	if (!n)
		mistake(b, d->at, "no EAP secret: no secrets.eap<suffix> has an id");
	if (!users_new(b, &d->conn, n))
		return;
	for (size_t i = 0; i < b->n_eaps; i++)
		for (size_t j = 0; j < b->eaps[i].n_owners; j++)
			user_add(&d->conn, &b->eaps[i].owners[j], &b->eaps[i]);
}

static void eap_self(struct build *b, struct conn_draft *d)
{
	const struct ike_id *id = d->local.eap_id.type ? &d->local.eap_id : &d->conn.local_id;
	char text[ID_TEXT_MAX];

	if (!users_new(b, &d->conn, 1))
		return;
	for (size_t i = 0; i < b->n_eaps && !d->conn.n_eap_users; i++)
		for (size_t j = 0; j < b->eaps[i].n_owners && !d->conn.n_eap_users; j++)
			if (is_same(&b->eaps[i].owners[j], id))
				user_add(&d->conn, id, &b->eaps[i]);
	if (!d->conn.n_eap_users)
		mistake(b, d->at, "no EAP secret: none of secrets.eap<suffix> is for '%.100s'",
			id_print(id, text, sizeof(text)));
}

/* The methods, and what they need. */
static void eap_local(struct build *b, struct conn_draft *d)
{
	d->conn.local_eap = d->local.eap;
	d->conn.aaa_id = d->local.aaa_id;
	d->conn.eap_id = d->local.eap_id.type ? d->local.eap_id : d->conn.local_id;
	if (d->local.eap & EAP_CAN_MSCHAPV2)
		eap_self(b, d);
}

static void eap_remote(struct build *b, struct conn_draft *d)
{
	d->conn.remote_eap = d->remote.eap;
	d->conn.their_eap_id = d->remote.has_eap_id ? d->remote.eap_id : d->conn.remote_id;
	d->conn.is_aaa = d->remote.is_aaa;
	if (d->remote.is_aaa && !b->conf->radius.n_servers)
		mistake(b, d->at, "no RADIUS server: section radius has no servers");
	if (d->remote.eap & EAP_CAN_MSCHAPV2)
		eap_peers(b, d);
	if (d->remote.eap & EAP_CAN_TLS && !d->conn.own.n_certs)
		mistake(b, d->remote_at, "auth = eap-tls needs a certificate of ours: local.certs");
}

void conn_eap(struct build *b, struct conn_draft *d)
{
	bool is_local = d->conn.local_auth == CONN_AUTH_EAP;
	bool is_remote = d->conn.remote_auth == CONN_AUTH_EAP;

	if (!is_local && !is_remote)
		return;
	if (is_local && is_remote && (d->local.eap != EAP_CAN_TLS || d->remote.eap != EAP_CAN_TLS))
		/* Who answers is nobody yet, and must not learn what helps to guess a password. */
		mistake(b, d->at,
			"EAP for both sides (RFC 5998) is for auth = eap-tls in both sections: with "
			"other methods one of them has to be psk or pubkey");
	if (is_local)
		eap_local(b, d);
	if (is_remote)
		eap_remote(b, d);
}
