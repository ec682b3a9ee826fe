/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * X.509 certificates (RFC 5280 as RFC 4945 profiles it for IKE) and what is trusted. Certificates
 * are counted and never change; so is a struct trust once it is filled: threads share both.
 */
#ifndef CRYPTO_X509_H
#define CRYPTO_X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cursor.h"
#include "base/must.h"
#include "crypto/sign.h"

#define CERT_LEN_MAX 16384   /* bytes of one certificate */
#define CERT_TEXT_MAX 256
#define CA_ID_LEN 20         /* RFC 7296 3.7: SHA-1 of the CA's SubjectPublicKeyInfo */
#define CHAIN_MAX 8          /* certificates of one side, the first one included */

struct x509;

/* DER, one; nothing may follow. -EBADMSG. */
int x509_read_der(struct reader der, struct x509 **ret_cert) MUST_USE;
/* A file: DER, or PEM with at most max certificates. *ret_n of them are the caller's. -EBADMSG: it
 * holds none, or a broken one; -E2BIG: more than max. */
int x509_read_file(struct reader file, struct x509 **ret_certs, size_t max,
		   size_t *ret_n) MUST_USE;
struct x509 *x509_ref(struct x509 *cert);
void x509_free(struct x509 *cert);
bool x509_equal(const struct x509 *a, const struct x509 *b);

/* DER. Its length; 0: it does not fit. */
size_t x509_der(const struct x509 *cert, uint8_t *buf, size_t size);
struct key *x509_key(const struct x509 *cert); /* the caller's; NULL: of a kind not known here */
struct reader x509_subject(const struct x509 *cert); /* DER; valid while the certificate is */
/* "C=CH, O=Example, CN=gw" into buf. Returns buf. */
const char *x509_print(const struct x509 *cert, char *buf, size_t size);
int x509_ca_id(const struct x509 *cert, uint8_t ret_id[CA_ID_LEN]) MUST_USE;
bool x509_is_expired(const struct x509 *cert); /* its time is over */
bool x509_is_ca(const struct x509 *cert);
bool x509_is_self_issued(const struct x509 *cert);
/* By its names and key identifiers; signatures are not looked at. */
bool x509_is_issuer(const struct x509 *issuer, const struct x509 *cert);
/* The subject, then each subjectAltName of a type that IKE has: enum id_type and its data as in an
 * ID payload, until `each` returns true. Returns whether it did. */
bool x509_each_name(const struct x509 *cert, bool (*each)(uint8_t type, struct reader, void *arg),
		    void *arg);

/* ---- Trust ------------------------------------------------------------------------- */

/* strongSwan's remote.revocation. */
enum revocation {
	REVOCATION_RELAXED, /* only what is known to be revoked is refused */
	REVOCATION_IFURI,   /* where somebody could be asked (OCSP, CRL), an answer is needed */
	REVOCATION_STRICT,  /* an answer is needed for every certificate below the root */
};

struct trust;
struct revocations; /* revocation.h */
struct revocation_check;

struct trust *trust_new(enum revocation revocation); /* NULL: no memory */
struct trust *trust_ref(struct trust *trust);
void trust_free(struct trust *trust);
/* All take a reference. -ENOMEM. */
int trust_add_ca(struct trust *trust, struct x509 *cert) MUST_USE;
/* An end entity that is trusted by itself, while it is valid. */
int trust_add_cert(struct trust *trust, struct x509 *cert) MUST_USE;
int trust_add_key(struct trust *trust, struct key *key) MUST_USE; /* RFC 7670 */
/* What is known of revoked certificates; several may share it. */
void trust_set_revocations(struct trust *trust, struct revocations *revocations);
/* Only the certificates and keys that were added are accepted, no others of the CAs. */
void trust_pin(struct trust *trust);
bool trust_is_empty(const struct trust *trust);

size_t trust_n_cas(const struct trust *trust);
const uint8_t *trust_ca_id(const struct trust *trust, size_t i); /* CA_ID_LEN */
size_t trust_n_certs(const struct trust *trust);
struct x509 *trust_cert(const struct trust *trust, size_t i); /* borrowed */
size_t trust_n_keys(const struct trust *trust);
struct key *trust_key(const struct trust *trust, size_t i); /* borrowed */

/* May it sign for its subject now, unless it was revoked? chain: what else the peer sent, in any
 * order. Slow: public key operations. -EPERM with the reason, one line, in why. */
int trust_check(const struct trust *trust, const struct x509 *cert, struct x509 *const *chain,
		size_t n_chain, char *why, size_t size) MUST_USE;
/* Was it revoked, or one of the CAs between? After trust_check() and when the peer has shown that it
 * has the key: only who is vouched for makes us ask around. See revocation_check(). */
int trust_check_revocation(const struct trust *trust, const struct x509 *cert,
			   struct x509 *const *chain, size_t n_chain,
			   struct revocation_check *check) MUST_USE;

#endif
