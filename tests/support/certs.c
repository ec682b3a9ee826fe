/* SPDX-License-Identifier: BSD-2-Clause */
#include "support/certs.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include "crypto/dn.h"

#define MUST(x)                 \
	do {                    \
		if (!(x))       \
			abort(); \
	} while (0)

static EVP_PKEY *new_key(const char *kind)
{
	if (!strcmp(kind, "rsa"))
		return EVP_RSA_gen(2048);
	if (!strcmp(kind, "ed25519"))
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return EVP_EC_gen(!strcmp(kind, "p256")	  ? "P-256"
			  : !strcmp(kind, "p384") ? "P-384"
						  : "P-521");
}

static const EVP_MD *md_for(EVP_PKEY *key)
{
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
}

static void extend(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	MUST(ext && X509_add_ext(cert, ext, -1));
	X509_EXTENSION_free(ext);
}

static void extend_uri(X509 *cert, int nid, const char *kind, const char *uri)
{
	char value[256];

	snprintf(value, sizeof(value), "%s%s", kind, uri);
	extend(cert, nid, value);
}

static X509_NAME *name_of(const char *text)
{
	uint8_t der[512];
	const unsigned char *at = der;
	size_t len;

	MUST(!dn_parse(text, der, sizeof(der), &len));
	return d2i_X509_NAME(NULL, &at, (long)len);
}

struct made make(struct made_of of)
{
	EVP_PKEY *key = new_key(of.kind);
	X509 *cert = X509_new();
	X509_NAME *subject = name_of(of.subject);
	EVP_PKEY *signer = of.issuer ? (EVP_PKEY *)of.issuer->key : key;
	static long serial = 1000;

	MUST(key && cert && subject && X509_set_version(cert, X509_VERSION_3));
	ASN1_INTEGER_set(X509_get_serialNumber(cert), of.serial ? of.serial : serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), of.from_s ? of.from_s : -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), of.until_s ? of.until_s : 86400);
	X509_set_subject_name(cert, subject);
	X509_set_issuer_name(cert, of.issuer ? X509_get_subject_name((X509 *)of.issuer->cert)
					     : subject);
	X509_set_pubkey(cert, key);
	extend(cert, NID_basic_constraints,
	       of.constraints ? of.constraints
	       : of.is_ca     ? "critical,CA:TRUE"
			      : "critical,CA:FALSE");
	if (of.name_constraints)
		extend(cert, NID_name_constraints, of.name_constraints);
	if (of.san)
		extend(cert, NID_subject_alt_name, of.san);
	if (of.key_usage)
		extend(cert, NID_key_usage, of.key_usage);
	if (of.extended_key_usage)
		extend(cert, NID_ext_key_usage, of.extended_key_usage);
	if (of.is_nocheck)
		extend(cert, NID_id_pkix_OCSP_noCheck, "ignored");
	if (of.ocsp_uri)
		extend_uri(cert, NID_info_access, "OCSP;URI:", of.ocsp_uri);
	if (of.crl_uri)
		extend_uri(cert, NID_crl_distribution_points, "URI:", of.crl_uri);
	MUST(X509_sign(cert, signer, md_for(signer)));
	(void)X509_check_purpose(cert, -1, 0);
	X509_NAME_free(subject);
	return (struct made){ (struct key *)key, (struct x509 *)cert };
}

void made_free(struct made *made)
{
	key_free(made->key);
	x509_free(made->cert);
	*made = (struct made){ 0 };
}

size_t make_crl(const struct made *ca, long revoked, long next_s, uint8_t *buf, size_t size)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, next_s < 0 ? 2 * next_s : -60);
	ASN1_TIME *next = X509_gmtime_adj(NULL, next_s);
	int len;

	MUST(crl && now && next && X509_CRL_set_version(crl, X509_CRL_VERSION_2));
	X509_CRL_set_issuer_name(crl, X509_get_subject_name((X509 *)ca->cert));
	X509_CRL_set1_lastUpdate(crl, now);
	X509_CRL_set1_nextUpdate(crl, next);
	if (revoked) {
		X509_REVOKED *r = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_new();

		ASN1_INTEGER_set(serial, revoked);
		X509_REVOKED_set_serialNumber(r, serial);
		X509_REVOKED_set_revocationDate(r, now);
		MUST(X509_CRL_add0_revoked(crl, r));
		ASN1_INTEGER_free(serial);
	}
	MUST(X509_CRL_sign(crl, (EVP_PKEY *)ca->key, md_for((EVP_PKEY *)ca->key)));
	len = i2d_X509_CRL(crl, NULL);
	MUST(len > 0 && (size_t)len <= size);
	i2d_X509_CRL(crl, &buf);
	X509_CRL_free(crl);
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	return (size_t)len;
}

static void add_status(OCSP_BASICRESP *basic, const struct made_ocsp *of, OCSP_CERTID *id)
{
	ASN1_TIME *now = X509_gmtime_adj(NULL, of->this_s);
	ASN1_TIME *next = X509_gmtime_adj(NULL, of->next_s ? of->next_s : 3600);
	ASN1_TIME *before = X509_gmtime_adj(NULL, -86400);
	ASN1_INTEGER *serial = NULL;
	int status = of->is_revoked   ? V_OCSP_CERTSTATUS_REVOKED
		     : of->is_unknown ? V_OCSP_CERTSTATUS_UNKNOWN
				      : V_OCSP_CERTSTATUS_GOOD;

	if (of->serial) {
		OCSP_id_get0_info(NULL, NULL, NULL, &serial, id);
		ASN1_INTEGER_set(serial, of->serial);
	}
	MUST(OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_KEYCOMPROMISE,
				    of->is_revoked ? before : NULL, now,
				    of->has_no_next ? NULL : next));
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	ASN1_TIME_free(before);
}

size_t make_ocsp(const struct made_ocsp *of, struct reader request, uint8_t *buf, size_t size)
{
	const unsigned char *at = request.at;
	OCSP_REQUEST *asked = d2i_OCSP_REQUEST(NULL, &at, (long)rd_left(&request));
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	const struct made *signer = of->responder ? of->responder : of->ca;
	OCSP_RESPONSE *response;
	int len;

	MUST(asked && basic && OCSP_request_onereq_count(asked) == 1);
	add_status(basic, of, OCSP_onereq_get0_id(OCSP_request_onereq_get0(asked, 0)));
	if (of->is_nonce_wrong)
		OCSP_basic_add1_nonce(basic, NULL, 32);
	else if (!of->is_nonce_missing)
		OCSP_copy_nonce(basic, asked);
	MUST(OCSP_basic_sign(basic, (X509 *)signer->cert, (EVP_PKEY *)signer->key,
			     md_for((EVP_PKEY *)signer->key), NULL, 0));
	response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	len = response ? i2d_OCSP_RESPONSE(response, NULL) : 0;
	MUST(len > 0 && (size_t)len <= size);
	i2d_OCSP_RESPONSE(response, &buf);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_REQUEST_free(asked);
	return (size_t)len;
}

void conn_signs(struct conn *c, const struct made *own, const struct made *chain)
{
	c->local_auth = CONN_AUTH_PUBKEY;
	c->own.key = key_ref(own->key);
	c->own.certs[0] = x509_ref(own->cert);
	c->own.n_certs = 1;
	if (chain)
		c->own.certs[c->own.n_certs++] = x509_ref(chain->cert);
	MUST(!scheme_parse("pubkey", &c->own.schemes));
}

void conn_trusts(struct conn *c, const struct made *ca, enum revocation revocation)
{
	c->remote_auth = CONN_AUTH_PUBKEY;
	c->is_certreq_sent = true;
	c->trust = trust_new(revocation);
	MUST(c->trust && !trust_add_ca(c->trust, ca->cert));
	MUST(!scheme_parse("pubkey", &c->remote_schemes));
}

void conn_creds_fini(struct conn *c)
{
	for (size_t i = 0; i < c->own.n_certs; i++)
		x509_free(c->own.certs[i]);
	key_free(c->own.key);
	trust_free(c->trust);
	c->own = (struct conn_own){ 0 };
	c->trust = NULL;
}

void side_signs(struct side *s, const struct made *own, const struct made *chain)
{
	conn_signs(&s->conns[0], own, chain);
}

void side_trusts(struct side *s, const struct made *ca)
{
	conn_trusts(&s->conns[0], ca, REVOCATION_RELAXED);
}
