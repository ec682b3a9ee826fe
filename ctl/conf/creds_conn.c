/* SPDX-License-Identifier: BSD-2-Clause */
/* Of all certificates and keys those of one connection. */
#include <string.h>
#include "conf/creds.h"
#include "ike/id.h"

#define FILE_NAME_MAX 512

/* ---- Ours -------------------------------------------------------------------------- */

static bool is_name_of(uint8_t type, struct reader data, void *arg)
{
	struct ike_id name = { .type = type, .len = (uint16_t)rd_left(&data) };

	if (rd_left(&data) > IKE_ID_MAX)
		return false;
	rd_copy(&data, name.data, name.len);
	return id_equal(&name, arg);
}

static bool names(const struct x509 *cert, const struct ike_id *id)
{
	return x509_each_name(cert, is_name_of, (void *)id);
}

static struct key *private_of(const struct creds *c, const struct key *public)
{
	for (size_t i = 0; i < c->n_keys; i++)
		if (key_equal(c->keys[i], public))
			return key_ref(c->keys[i]);
	return NULL;
}

/* The one file of a list; false: none, or a mistake told. */
static bool only_item(struct build *b, const struct node *at, char item[FILE_NAME_MAX])
{
	const char *text = at->value;
	char more[FILE_NAME_MAX];

	if (!value_next(&text, item, FILE_NAME_MAX))
		return false;
	if (value_next(&text, more, sizeof(more)))
		mistake(b, at, "not supported yet: more than one of local.%s", at->name);
	return true;
}

/* local.certs, or of folder x509 the first one of our name that we have the key of. */
static void own_certs(struct build *b, struct conn_draft *d)
{
	struct conn_own *own = &d->conn.own;
	char item[FILE_NAME_MAX];

	if (d->local.certs) {
		if (only_item(b, d->local.certs, item))
			own->n_certs = creds_named_certs(b, d->local.certs, "x509", item,
							 own->certs);
		return;
	}
	for (size_t i = 0; i < b->creds->n_certs && d->local.has_id && !own->n_certs; i++) {
		struct key *public = x509_key(b->creds->certs[i]);
		struct key *key = public ? private_of(b->creds, public) : NULL;

		if (key && names(b->creds->certs[i], &d->local.id))
			own->certs[own->n_certs++] = x509_ref(b->creds->certs[i]);
		key_free(public);
		key_free(key);
	}
	if (!own->n_certs)
		mistake(b, d->local_at, "auth = pubkey needs certs, or a certificate in folder "
					"x509 that names local.id and whose private key is here");
}

static const struct x509 *issuer_of(const struct creds *c, const struct x509 *cert)
{
	for (size_t i = 0; i < c->n_cas; i++)
		if (x509_is_issuer(c->cas[i], cert))
			return c->cas[i];
	return NULL;
}

/* RFC 7296 3.6: intermediates go along, the root does not: who trusts it has it. */
static void own_chain(struct build *b, struct conn_own *own)
{
	while (own->n_certs && own->n_certs < CHAIN_MAX) {
		const struct x509 *issuer = issuer_of(b->creds, own->certs[own->n_certs - 1]);

		if (!issuer || x509_is_self_issued(issuer))
			return;
		own->certs[own->n_certs++] = x509_ref((struct x509 *)issuer);
	}
}

static void own_id(struct build *b, struct conn_draft *d)
{
	struct x509 *cert = d->conn.own.certs[0];
	struct reader subject = x509_subject(cert);
	char id[ID_TEXT_MAX], name[CERT_TEXT_MAX];

	if (!d->local.has_id && rd_left(&subject) && rd_left(&subject) <= IKE_ID_MAX) {
		d->local.has_id = true;
		d->local.id = (struct ike_id){ .type = ID_DER_ASN1_DN,
					       .len = (uint16_t)rd_left(&subject) };
		rd_copy(&subject, d->local.id.data, d->local.id.len);
	}
	if (x509_is_expired(cert))
		warning(b, d->local_at, "our certificate '%.150s' has expired: peers will refuse it",
			x509_print(cert, name, sizeof(name)));
	if (d->local.has_id && !names(cert, &d->local.id))
		mistake(b, d->local_at,
			"local.id '%.80s' is not in our certificate '%.80s' (neither subject nor "
			"subjectAltName): no peer would believe it",
			id_print(&d->local.id, id, sizeof(id)), x509_print(cert, name, sizeof(name)));
}

/* RFC 7670: a raw key, without any certificate. */
static struct key *own_raw_key(struct build *b, struct conn_draft *d)
{
	struct creds_file file = { 0 };
	char item[FILE_NAME_MAX];
	struct key *key = NULL;

	if (!only_item(b, d->local.pubkeys, item) ||
	    !creds_named(b, d->local.pubkeys, "pubkey", item, &file))
		return NULL;
	if (key_read_public(rd_from(file.bytes, file.len), &key)) {
		mistake(b, d->local.pubkeys, "pubkeys: %.150s is no public key (PEM or DER)", item);
		key = NULL;
	}
	creds_file_fini(&file);
	return key;
}

void creds_own(struct build *b, struct conn_draft *d)
{
	struct conn_own *own = &d->conn.own;
	char name[CERT_TEXT_MAX] = "of pubkeys";
	struct key *public;

	own->schemes = d->local.words.schemes;
	if (!creds_of(b))
		return;
	if (d->local.pubkeys && !d->local.certs)
		public = own_raw_key(b, d);
	else {
		own_certs(b, d);
		if (!own->n_certs)
			return;
		own_chain(b, own);
		own_id(b, d);
		public = x509_key(own->certs[0]);
		x509_print(own->certs[0], name, sizeof(name));
	}
	if (!public)
		return;
	own->key = private_of(b->creds, public);
	if (!own->key)
		mistake(b, d->local_at,
			"no private key for '%.150s' in the folders private, rsa, ecdsa, pkcs8",
			name);
	key_free(public);
}

/* ---- Theirs ------------------------------------------------------------------------ */

static void added(struct build *b, int err)
{
	if (err)
		b->is_out_of_memory = true;
}

static void trust_certs(struct build *b, struct trust *trust, const struct node *at, bool is_ca)
{
	const char *text = at->value;
	struct x509 *certs[CHAIN_MAX];
	char item[FILE_NAME_MAX];

	while (value_next(&text, item, sizeof(item))) {
		size_t n = creds_named_certs(b, at, is_ca ? "x509ca" : "x509", item, certs);

		if (is_ca && !creds_are_cas(certs, n))
			mistake(b, at, "%s: %.150s is no CA certificate", at->name, item);
		for (size_t i = 0; i < n; i++) {
			if (is_ca)
				added(b, trust_add_ca(trust, certs[i]));
			else if (i == 0)
				added(b, trust_add_cert(trust, certs[i]));
			x509_free(certs[i]);
		}
	}
}

static void trust_keys(struct build *b, struct trust *trust, const struct node *at)
{
	const char *text = at->value;
	char item[FILE_NAME_MAX];

	while (value_next(&text, item, sizeof(item))) {
		struct creds_file file = { 0 };
		struct key *key = NULL;

		if (!creds_named(b, at, "pubkey", item, &file))
			continue;
		if (key_read_public(rd_from(file.bytes, file.len), &key))
			mistake(b, at, "pubkeys: %.150s is no public key (PEM or DER)", item);
		else
			added(b, trust_add_key(trust, key));
		key_free(key);
		creds_file_fini(&file);
	}
}

/* Nothing is named: all of folder x509ca, and the end entities of folder x509. */
static void trust_all(struct build *b, struct trust *trust)
{
	for (size_t i = 0; i < b->creds->n_cas; i++)
		added(b, trust_add_ca(trust, b->creds->cas[i]));
	for (size_t i = 0; i < b->creds->n_certs; i++)
		added(b, trust_add_cert(trust, b->creds->certs[i]));
}

void creds_trust(struct build *b, struct conn_draft *d)
{
	const struct auth_draft *a = &d->remote;
	struct trust *trust = creds_of(b) ? trust_new(a->revocation) : NULL;

	d->conn.trust = trust;
	d->conn.remote_schemes = a->words.schemes;
	if (!trust) {
		b->is_out_of_memory = true;
		return;
	}
	if (a->cacerts)
		trust_certs(b, trust, a->cacerts, true);
	if (a->certs)
		trust_certs(b, trust, a->certs, false);
	if (a->pubkeys)
		trust_keys(b, trust, a->pubkeys);
	if (a->certs || a->pubkeys)
		trust_pin(trust);
	else if (!a->cacerts)
		trust_all(b, trust);
	trust_set_revocations(trust, b->creds->revocations);
	if (trust_is_empty(trust))
		mistake(b, d->remote_at,
			"auth = pubkey, and nobody is trusted: no CA in cacerts or folder x509ca, "
			"no certs, no pubkeys");
}
