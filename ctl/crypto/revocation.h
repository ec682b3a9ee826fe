/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Revoked certificates: OCSP (RFC 6960), then CRLs (RFC 5280 6.3). struct revocations is what is
 * known: CRLs of files, the addresses of authorities, and what was fetched, as long as it says
 * that it is true. Counted; threads share it, there is a lock inside.
 *
 * It fetches nothing. revocation_check() returns -EAGAIN with what it misses in check->fetch; who
 * calls gets that, fills in the answer, and calls again with the same arguments. What a fetch
 * brought, or that it failed, is remembered for all checks, so a later one does without.
 */
#ifndef CRYPTO_REVOCATION_H
#define CRYPTO_REVOCATION_H

#include "crypto/x509.h"

#define URI_MAX 512
#define URIS_MAX 4                       /* of one kind, for one certificate */
#define OCSP_LEN_MAX 65536               /* bytes of an answer */
#define CRL_LEN_MAX (8 * 1024 * 1024)    /* bytes of a CRL that is fetched */
#define REVOCATION_FETCHES_MAX 16        /* of one check */
#define REVOCATION_FAILED_S 60           /* a responder that failed is left alone that long */
#define REVOCATION_NO_NEXT_S 300         /* how long an answer without nextUpdate is good for */
#define REVOCATION_ANSWERS_MAX 1024      /* remembered; the first to end makes room */
#define REVOCATION_CRLS_LEN_MAX (64 * 1024 * 1024) /* bytes of all remembered CRLs */
#define REVOCATION_DELEGATE_CRLS_MAX 8 /* fetched ones that are asked about one OCSP responder */
#define REVOCATION_WHY_MAX 640
#define REVOCATION_NOTES_MAX 2048

enum fetch_kind {
	FETCH_NONE,
	FETCH_OCSP, /* POST request, at most OCSP_LEN_MAX bytes come back */
	FETCH_CRL,  /* GET, at most CRL_LEN_MAX */
};

struct fetch {
	enum fetch_kind kind;
	char uri[URI_MAX]; /* http:// or https:// */
	uint8_t *request;  /* DER, of OCSP */
	size_t request_len;
	uint8_t for_what[32]; /* which certificate of which issuer; of FETCH_CRL: which issuer */
	uint8_t *answer;      /* malloc()ed by who fetched it, owned here */
	size_t answer_len;
	char why[128]; /* it failed, and why; empty: the answer is there */
	bool is_refused; /* there was no time or room to try: nothing is to be remembered */
};

struct revocation_check {
	struct fetch fetch; /* of kind FETCH_NONE: nothing to fetch */
	unsigned n_fetches;
	bool is_over; /* no more of them */
	char why[REVOCATION_WHY_MAX];     /* of -EPERM */
	char notes[REVOCATION_NOTES_MAX]; /* a line per certificate: what came out; '\n' after each */
};

void revocation_check_fini(struct revocation_check *check);

struct revocations;

struct revocations *revocations_new(void); /* NULL: no memory */
struct revocations *revocations_ref(struct revocations *all);
void revocations_free(struct revocations *all); /* NULL is fine */
/* PEM or DER. -EBADMSG: no CRL; -ENOMEM. Its signature is checked when it is used. */
int revocations_add_crl(struct revocations *all, struct reader file) MUST_USE;
/* Where this CA's OCSP or CRLs are, besides what certificates say. -ENOMEM; -EINVAL: not http:// or
 * https://, or longer than URI_MAX - 1. */
int revocations_add_uri(struct revocations *all, struct x509 *ca, enum fetch_kind kind,
			const char *uri) MUST_USE;

/* path: verified, from the end entity up to the trust anchor, which itself is not looked at. 0;
 * -EAGAIN: see above; -EPERM with check->why. */
int revocation_check(struct revocations *all, enum revocation policy, struct x509 *const *path,
		     size_t n_path, struct revocation_check *check) MUST_USE;

#endif
