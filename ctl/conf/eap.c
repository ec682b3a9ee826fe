/* SPDX-License-Identifier: BSD-2-Clause */
/* EAP of a connection: whose password is whose. */
#include <stdlib.h>
#include <string.h>
#include "conf/build.h"
#include "ike/eap.h"
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
	d->conn.local_eap = d->local.words.eap;
	d->conn.aaa_id = d->local.aaa_id;
	d->conn.eap_id = d->local.eap_id.type ? d->local.eap_id : d->conn.local_id;
	if (eap_needs(&d->local.words, false) & NEEDS_PASSWORD)
		eap_self(b, d);
}

static void eap_remote(struct build *b, struct conn_draft *d)
{
	unsigned needs = eap_needs(&d->remote.words, true);

	d->conn.remote_eap = d->remote.words.eap;
	d->conn.their_eap_id = d->remote.has_eap_id ? d->remote.eap_id : d->conn.remote_id;
	d->conn.is_aaa = d->remote.words.is_aaa;
	if (d->conn.is_aaa && !b->conf->radius.n_servers)
		mistake(b, d->at, "no RADIUS server: section radius has no servers");
	if (needs & NEEDS_PASSWORD)
		eap_peers(b, d);
	if (needs & NEEDS_OWN && !d->conn.own.n_certs)
		mistake(b, d->remote_at, "auth = eap-tls needs a certificate of ours: local.certs");
}

void conn_eap(struct build *b, struct conn_draft *d)
{
	bool is_local = d->conn.local_auth == CONN_AUTH_EAP;
	bool is_remote = d->conn.remote_auth == CONN_AUTH_EAP;

	if (is_local && is_remote &&
	    (!eap_is_mutual(d->local.words.eap) || !eap_is_mutual(d->remote.words.eap))) {
		/* Who answers is nobody yet, and must not learn what helps to guess a password. */
		mistake(b, d->at,
			"EAP for both sides (RFC 5998) is for methods that prove the gateway first: "
			"auth = eap-tls in both sections, or else psk or pubkey in one of them");
		return; /* one of them at most has passwords */
	}
	if (is_local)
		eap_local(b, d);
	if (is_remote)
		eap_remote(b, d);
}
