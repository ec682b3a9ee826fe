/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slow half of an exchange, done off the core's thread: our key pair, then (when the
 * peer's public value is there) the shared secret. Self-contained: it names the IKE SA by
 * number only, so the SA may be gone when the job comes back.
 */
#ifndef IKE_JOB_H
#define IKE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "crypto/ke.h"

struct auth_job;
struct aaa_job;
struct tls;

struct ike_job {
	uint32_t sa_id;  /* ike_sa.unique_id */
	uint32_t serial; /* of the exchange: the message ID, or ours.serial */
	bool is_request; /* the peer's exchange waits for it, not ours */
	uint16_t group;  /* enum ke_id */
	struct ke_pair pair; /* given, or made by the job when empty */
	size_t their_len;    /* 0: only make the pair */
	uint8_t their_public[KE_PUBLIC_MAX];
	size_t secret_len; /* 0 until there is one */
	uint8_t secret[KE_SECRET_MAX];
	struct auth_job *auth; /* instead of the above: signatures (auth_job.h) */
	struct tls *tls;       /* or a step of EAP-TLS (tls.h) */
	struct aaa_job *aaa;   /* or a question to somebody else (aaa.h): FX_ASK */
	int result; /* 0, or what ke_generate() and ke_shared() returned */
};

/* Takes over the pair (which may be empty). their_public of length 0: none. A public value of
 * the wrong length is kept out by the caller: ke_public_len(). */
struct ike_job *job_new(uint16_t group, struct ke_pair *pair, struct reader their_public);
/* Take over the job inside. */
struct ike_job *job_new_auth(struct auth_job *auth);
struct ike_job *job_new_aaa(struct aaa_job *aaa);
struct ike_job *job_new_tls(struct tls *tls);
void job_free(struct ike_job *job); /* wipes */

#endif
