/* SPDX-License-Identifier: BSD-2-Clause */
/* Between revocation.c (what is decided), answers.c (what is remembered), ocsp.c and crl.c (the two
 * protocols). OpenSSL's types. */
#ifndef CRYPTO_REVOCATION_IN_H
#define CRYPTO_REVOCATION_IN_H

#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include "crypto/revocation.h"

#define SECURITY_LEVEL 2 /* OpenSSL's: 112 bits, so RSA 2048 and SHA-2; RFC 8247 4.1 */
#define CLOCK_SKEW_S 300 /* thisUpdate may be that far ahead of our clock */

enum status {
	STATUS_NONE,    /* nobody says */
	STATUS_GOOD,
	STATUS_REVOKED,
	STATUS_OLD,     /* only a CRL whose time is over */
};

struct cert_status {
	enum status what;
	time_t until;      /* of an answer: as long as it is true */
	time_t revoked_at; /* STATUS_REVOKED */
	int reason;        /* RFC 5280 5.3.1; -1: not said */
	char why[128];     /* STATUS_NONE, STATUS_OLD */
};

/* Somebody's certificate and who signed it. */
struct issued {
	X509 *cert, *issuer;
	uint8_t id[32]; /* SHA-256 of both */
	uint8_t issuer_id[32];
};

/* Something fetched, or that it could not be. */
struct answer {
	struct answer *next;
	enum fetch_kind kind;
	char uri[URI_MAX];
	uint8_t id[32]; /* of struct issued; FETCH_CRL: issuer_id, as it is for all that are issued */
	struct cert_status status; /* FETCH_OCSP; of both: until, why when it failed */
	X509_CRL *crl;             /* FETCH_CRL */
	size_t len;                /* bytes of the CRL */
};

struct authority_uri {
	struct x509 *ca;
	enum fetch_kind kind;
	char uri[URI_MAX];
};

struct revocations {
	atomic_uint refs;
	STACK_OF(X509_CRL) *crls; /* of files; not changed once threads share it, as is uris */
	struct authority_uri *uris;
	size_t n_uris;
	pthread_mutex_t lock; /* of answers */
	struct answer *answers;
};

/* ---- answers.c ---------------------------------------------------------------------- */

/* A copy, the caller's: answer_fini(). False: never asked, or its time is over. */
bool answer_find(struct revocations *all, const struct answer *like, struct answer *ret_answer);
/* Takes over its CRL. */
void answer_keep(struct revocations *all, struct answer *answer);
void answer_fini(struct answer *answer);
/* Adds the CRLs of this issuer, at most REVOCATION_DELEGATE_CRLS_MAX. */
void answers_crls(struct revocations *all, const uint8_t issuer_id[32], STACK_OF(X509_CRL) * crls);

/* ---- ocsp.c ------------------------------------------------------------------------- */

/* DER, with a nonce; the caller's to free(). 0 or -EIO. */
int ocsp_request(const struct issued *who, uint8_t **ret_der, size_t *ret_len) MUST_USE;
/* crls: what is here to tell whether the responder itself was revoked. */
struct cert_status ocsp_answer(struct reader answer, struct reader request,
			       const struct issued *who, STACK_OF(X509_CRL) * crls);

/* ---- crl.c -------------------------------------------------------------------------- */

X509_CRL *crl_read(struct reader file); /* NULL: none */
/* What the newest of them that is about it says. */
struct cert_status crl_status(STACK_OF(X509_CRL) *crls, const struct issued *who);
/* Is it the issuer's, with a true signature? *ret_until: nextUpdate. */
bool crl_is_good(X509_CRL *crl, X509 *issuer, time_t *ret_until);
time_t asn1_time(const ASN1_TIME *t); /* 0: none, or none that can be */

#endif
