/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may vouch for whom. OpenSSL builds and checks the chain; what it shall find wrong is
 * decided here, and the words for people. Whether it was revoked is revocation.c's.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crypto/revocation_in.h"
#include "crypto/x509.h"

struct trust {
	atomic_uint refs;
	enum revocation revocation;
	X509_STORE *store; /* CAs */
	struct revocations *revocations;
	bool is_pinned;
	uint8_t (*ca_ids)[CA_ID_LEN];
	struct x509 **certs;
	struct key **keys;
	size_t n_cas, n_certs, n_keys;
};

struct trust *trust_new(enum revocation revocation)
{
	struct trust *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->refs = 1;
	t->revocation = revocation;
	t->store = X509_STORE_new();
	t->revocations = revocations_new();
	if (t->store && t->revocations)
		return t;
	X509_STORE_free(t->store);
	revocations_free(t->revocations);
	free(t);
	return NULL;
}

struct trust *trust_ref(struct trust *t)
{
	if (t)
		t->refs++;
	return t;
}

void trust_free(struct trust *t)
{
	if (!t || --t->refs)
		return;
	for (size_t i = 0; i < t->n_certs; i++)
		x509_free(t->certs[i]);
	for (size_t i = 0; i < t->n_keys; i++)
		key_free(t->keys[i]);
	X509_STORE_free(t->store);
	revocations_free(t->revocations);
	free(t->ca_ids);
	free(t->certs);
	free(t->keys);
	free(t);
}

int trust_add_ca(struct trust *t, struct x509 *cert)
{
	void *ids = realloc(t->ca_ids, (t->n_cas + 1) * sizeof(*t->ca_ids));

	if (!ids)
		return -ENOMEM;
	t->ca_ids = ids;
	if (x509_ca_id(cert, t->ca_ids[t->n_cas]) || !X509_STORE_add_cert(t->store, (X509 *)cert))
		return -ENOMEM;
	t->n_cas++;
	return 0;
}

int trust_add_cert(struct trust *t, struct x509 *cert)
{
	struct x509 **certs = realloc(t->certs, (t->n_certs + 1) * sizeof(*certs));

	if (!certs)
		return -ENOMEM;
	t->certs = certs;
	t->certs[t->n_certs++] = x509_ref(cert);
	return 0;
}

int trust_add_key(struct trust *t, struct key *key)
{
	struct key **keys = realloc(t->keys, (t->n_keys + 1) * sizeof(*keys));

	if (!keys)
		return -ENOMEM;
	t->keys = keys;
	t->keys[t->n_keys++] = key_ref(key);
	return 0;
}

void trust_set_revocations(struct trust *t, struct revocations *revocations)
{
	revocations_free(t->revocations);
	t->revocations = revocations_ref(revocations);
}

void trust_pin(struct trust *t)
{
	t->is_pinned = true;
}

bool trust_is_empty(const struct trust *t)
{
	return !t->n_keys && !t->n_certs && (t->is_pinned || !t->n_cas);
}

size_t trust_n_cas(const struct trust *t)
{
	return t->n_cas;
}

const uint8_t *trust_ca_id(const struct trust *t, size_t i)
{
	return t->ca_ids[i];
}

size_t trust_n_certs(const struct trust *t)
{
	return t->n_certs;
}

struct x509 *trust_cert(const struct trust *t, size_t i)
{
	return t->certs[i];
}

size_t trust_n_keys(const struct trust *t)
{
	return t->n_keys;
}

struct key *trust_key(const struct trust *t, size_t i)
{
	return t->keys[i];
}

/* ---- Checking ---------------------------------------------------------------------- */

/* OpenSSL's words where they are clear. */
static const char *reason(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "has expired";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "is not valid yet";
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
		return "is not of a CA that is trusted here";
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return "has a wrong signature";
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
		return "is no CA certificate, and signs one";
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
		return "has a key that is too short";
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return "is signed with a hash that is too weak";
	default:
		return NULL;
	}
}

static void tell(const X509 *cert, int error, char *why, size_t size)
{
	char name[CERT_TEXT_MAX] = "of the peer";
	const char *text = reason(error);

	if (cert)
		x509_print((const struct x509 *)cert, name, sizeof(name));
	if (text)
		snprintf(why, size, "certificate '%.120s' %s", name, text);
	else
		snprintf(why, size, "certificate '%.120s': %s", name,
			 X509_verify_cert_error_string(error));
}

static bool is_pinned_cert(const struct trust *t, const struct x509 *cert)
{
	for (size_t i = 0; i < t->n_certs; i++)
		if (x509_equal(t->certs[i], cert))
			return true;
	return false;
}

/* Trusted by itself: its time counts all the same. */
static int check_pinned(const X509 *cert, char *why, size_t size)
{
	int error = X509_V_OK;

	if (X509_cmp_current_time(X509_get0_notBefore(cert)) >= 0)
		error = X509_V_ERR_CERT_NOT_YET_VALID;
	else if (X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0)
		error = X509_V_ERR_CERT_HAS_EXPIRED;
	if (error == X509_V_OK)
		return 0;
	tell(cert, error, why, size);
	return -EPERM;
}

static bool verify(X509_STORE_CTX *ctx)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
	X509_VERIFY_PARAM_set_depth(param, CHAIN_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	return X509_verify_cert(ctx) == 1;
}

/* RFC 4945 5.1.3.2: a keyUsage that is there has to allow signatures. */
static bool may_sign(X509 *cert)
{
	return X509_get_key_usage(cert) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
}

/* An intermediate CA that is here ends the path; whether it was revoked its own issuer knows. */
static void path_to_root(X509_STORE_CTX *ctx, STACK_OF(X509) * path)
{
	while (sk_X509_num(path) > 0 && sk_X509_num(path) <= CHAIN_MAX) {
		X509 *last = sk_X509_value(path, sk_X509_num(path) - 1), *issuer = NULL;

		if (X509_get_extension_flags(last) & EXFLAG_SS ||
		    X509_STORE_CTX_get1_issuer(&issuer, ctx, last) != 1)
			return;
		if (!sk_X509_push(path, issuer)) {
			X509_free(issuer);
			return;
		}
	}
}

/* The verified path, from cert up; the caller's. NULL with the reason in why. */
static STACK_OF(X509) * verified_path(const struct trust *t, const struct x509 *cert,
				      struct x509 *const *chain, size_t n_chain, char *why,
				      size_t size)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *untrusted = sk_X509_new_null(), *path = NULL;

	snprintf(why, size, "its certificate could not be checked");
	for (size_t i = 0; untrusted && i < n_chain; i++)
		if (!sk_X509_push(untrusted, (X509 *)chain[i]))
			break;
	if (ctx && X509_STORE_CTX_init(ctx, t->store, (X509 *)cert, untrusted) == 1) {
		if (verify(ctx))
			path = X509_STORE_CTX_get1_chain(ctx);
		else
			tell(X509_STORE_CTX_get_current_cert(ctx), X509_STORE_CTX_get_error(ctx),
			     why, size);
	}
	if (path)
		path_to_root(ctx, path);
	X509_STORE_CTX_free(ctx);
	sk_X509_free(untrusted);
	ERR_clear_error();
	return path;
}

int trust_check(const struct trust *t, const struct x509 *cert, struct x509 *const *chain,
		size_t n_chain, char *why, size_t size)
{
	char name[CERT_TEXT_MAX];
	STACK_OF(X509) * path;

	x509_print(cert, name, sizeof(name));
	if (!may_sign((X509 *)cert)) {
		snprintf(why, size, "certificate '%.120s' is not for signatures", name);
		return -EPERM;
	}
	if (is_pinned_cert(t, cert))
		return check_pinned((const X509 *)cert, why, size);
	if (t->is_pinned) {
		snprintf(why, size, "certificate '%.120s' is none of remote.certs", name);
		return -EPERM;
	}
	path = verified_path(t, cert, chain, n_chain, why, size);
	if (!path)
		return -EPERM;
	sk_X509_pop_free(path, X509_free);
	return 0;
}

int trust_check_revocation(const struct trust *t, const struct x509 *cert,
			   struct x509 *const *chain, size_t n_chain,
			   struct revocation_check *check)
{
	struct x509 *certs[2 * CHAIN_MAX];
	STACK_OF(X509) * path;
	size_t n = 0;
	int err;

	if (is_pinned_cert(t, cert)) /* by itself, not by a CA's word */
		return 0;
	path = verified_path(t, cert, chain, n_chain, check->why, sizeof(check->why));
	if (!path)
		return -EPERM;
	for (; n < (size_t)sk_X509_num(path) && n < ARRAY_SIZE(certs); n++)
		certs[n] = (struct x509 *)sk_X509_value(path, (int)n);
	err = revocation_check(t->revocations, t->revocation, certs, n, check);
	sk_X509_pop_free(path, X509_free);
	return err;
}
