/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arithmetic of MS-CHAPv2 (RFC 2759) and of the keys that come out of it (RFC 3079 3). Weak
 * by itself (one DES away from the password's hash): only ever run inside an IKE SA whose
 * responder has proved who it is.
 */
#ifndef CRYPTO_MSCHAPV2_H
#define CRYPTO_MSCHAPV2_H

#include <stddef.h>
#include <stdint.h>
#include "base/must.h"

#define MSCHAP_CHALLENGE_LEN 16
#define MSCHAP_RESPONSE_LEN 24
#define MSCHAP_PROOF_LEN 20
#define MSCHAP_MSK_LEN 64

struct mschapv2 {
	uint8_t auth_challenge[MSCHAP_CHALLENGE_LEN]; /* of the server */
	uint8_t peer_challenge[MSCHAP_CHALLENGE_LEN];
	uint8_t nt_response[MSCHAP_RESPONSE_LEN];
	uint8_t proof[MSCHAP_PROOF_LEN]; /* "S=": that the server knows the password, too */
	uint8_t msk[MSCHAP_MSK_LEN];
};

/* Fills nt_response, proof and msk from the challenges. user: without a domain; password: UTF-8, at
 * most 256 bytes. -EINVAL: it is longer; -EIO: libcrypto cannot. */
int mschapv2_compute(struct mschapv2 *m, const char *user, const uint8_t *password,
		     size_t password_len) MUST_USE;
/* RFC 2759 9.2 and RFC 3079 3.5. */
int mschapv2_selftest(void) MUST_USE;

#endif
