/* SPDX-License-Identifier: BSD-2-Clause */
/* Certificates made on the spot, for tests: keys, CAs, end entities, CRLs. */
#ifndef TESTS_CERTS_H
#define TESTS_CERTS_H

#include "support/pair.h"

struct made {
	struct key *key;
	struct x509 *cert;
};

/* What a certificate says; 0 and NULL: the usual. */
struct made_of {
	const char *kind;    /* "rsa", "p256", "p384", "p521", "ed25519" */
	const char *subject; /* "C=CH, CN=x" */
	const char *san;     /* "DNS:a.example" */
	const struct made *issuer; /* NULL: itself */
	bool is_ca;
	const char *constraints;      /* basicConstraints; NULL: by is_ca */
	const char *name_constraints; /* "critical,permitted;DNS:.example" */
	long from_s, until_s; /* against now; until 0: a day */
	const char *key_usage, *extended_key_usage;
	bool is_nocheck; /* id-pkix-ocsp-nocheck */
	const char *ocsp_uri, *crl_uri; /* "http://ocsp.example/" */
	long serial;
};

struct made make(struct made_of of);
void made_free(struct made *made);
/* A CRL of this CA, DER into buf. revoked: serial number, 0: none. next_s: next update. */
size_t make_crl(const struct made *ca, long revoked, long next_s, uint8_t *buf, size_t size);

/* A responder's answer, DER into buf, to a request with one CertID. `responder` signs (NULL: the
 * issuer `ca`), whose certificate goes along. revoked: since yesterday, of key compromise. */
struct made_ocsp {
	const struct made *ca, *responder;
	bool is_revoked, is_unknown, is_nonce_wrong, is_nonce_missing;
	long serial; /* 0: as asked */
	long this_s, next_s; /* against now; next_s 0: an hour */
	bool has_no_next;
};
size_t make_ocsp(const struct made_ocsp *of, struct reader request, uint8_t *buf, size_t size);

/* The side signs with `own` (and sends the chain behind it), and trusts `ca` for its peer. NULL:
 * pre-shared key. */
void side_signs(struct side *s, const struct made *own, const struct made *chain);
void side_trusts(struct side *s, const struct made *ca);
/* Both by their halves of one connection. */
void conn_signs(struct conn *c, const struct made *own, const struct made *chain);
void conn_trusts(struct conn *c, const struct made *ca, enum revocation revocation);
void conn_creds_fini(struct conn *c);

#endif
