/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slow half of authentication with public keys: look whether the peer's certificate or key is
 * to be trusted, names the peer, and signed; then sign ourselves. Self-contained, as any job:
 * it owns copies of what it reads and references to keys, which never change. Where it has to
 * know whether a certificate was revoked and does not, it stops short (job_fetch() in ike.h).
 */
#ifndef IKE_AUTH_JOB_H
#define IKE_AUTH_JOB_H

#include "crypto/revocation.h"
#include "ike/conn.h"
#include "ike/keymat.h"

#define AUTH_WHY_MAX REVOCATION_WHY_MAX

struct octets {
	uint8_t *bytes;
	size_t len;
};

struct auth_job {
	struct trust *trust; /* NULL: there is nothing to check */
	uint32_t their_schemes;
	struct ike_id their_id;
	uint8_t method; /* enum auth_number of their AUTH payload */
	struct octets their_auth, their_octets;
	struct octets certs[CHAIN_MAX]; /* of encoding X.509, in their order */
	size_t n_certs;
	struct octets their_key; /* of encoding raw public key; empty: none */
	bool is_by_url;          /* it would have its certificate fetched */

	struct key *key; /* NULL: there is nothing to sign */
	const struct scheme *scheme;
	struct octets our_octets;
	struct octets no_ppk_octets; /* the same as if without PPK (RFC 8784); empty: not wanted */

	char why[AUTH_WHY_MAX]; /* of result */
	int result; /* 0; -EPERM: the peer is not who it says; -EIO: we cannot sign; -EAGAIN: fetch,
		     * then run it again */
	struct revocation_check revocation;
	const struct scheme *their_scheme;
	uint8_t signature[SIGN_LEN_MAX];
	size_t signature_len;
	uint8_t no_ppk[SIGN_LEN_MAX];
	size_t no_ppk_len;
};

/* A copy of the parts, one after the other. */
struct octets octets_copy(const struct reader *parts, size_t n);
struct reader octets_view(const struct octets *octets);

void auth_job_run(struct auth_job *job);
void auth_job_free(struct auth_job *job); /* wipes; NULL is fine */

#endif
