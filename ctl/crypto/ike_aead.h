/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protection of IKE's SK payload behind one interface: AES-GCM and AES-CCM (RFC 5282) and
 * ChaCha20-Poly1305 (RFC 7634), or AES-CBC, AES-CTR (RFC 5930) and 3DES with a MAC of their own
 * (RFC 7296 3.14). One key per direction.
 *
 * The key counts its IVs: counter modes take the counter itself (never twice under one key), CBC
 * the counter enciphered with the key, which nobody else can predict (NIST SP 800-38A, app. C).
 */
#ifndef CRYPTO_IKE_AEAD_H
#define CRYPTO_IKE_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sekisho/ike_num.h>
#include "base/cursor.h"
#include "base/must.h"
#include "crypto/alg.h"

#define AEAD_ENC_MAX 36 /* a key of 256 bits and 4 bytes of salt */
#define AEAD_AUTH_MAX 64
#define AEAD_IV_MAX 16
#define AEAD_ICV_MAX 32

/* Sizes in bytes; enc_len is 0 for what is not known here. */
struct aead_sizes {
	size_t enc_len;	 /* SK_e: cipher key, then the salt of counter modes */
	size_t auth_len; /* SK_a; 0 with AEAD */
	size_t iv_len, icv_len;
	size_t block; /* the plaintext with padding is a multiple of this */
};

struct aead_key {
	struct aead_alg alg;
	uint64_t next_iv;
	uint8_t enc[AEAD_ENC_MAX];
	uint8_t auth[AEAD_AUTH_MAX];
};

struct aead_sizes aead_sizes(struct aead_alg alg);

/* Takes the next IV, enciphers text (len bytes, whole blocks) in place and writes iv and icv.
 * aad: everything of the message before the IV. -EINVAL, -EIO; -EOVERFLOW: no IV is left. */
int aead_seal(struct aead_key *key, struct reader aad, uint8_t *ret_iv, uint8_t *text, size_t len,
	      uint8_t *ret_icv) MUST_USE;

/* body: IV | ciphertext | ICV. Verifies, then writes the plaintext: body less IV and ICV, also
 * *ret_len. out may not overlap body. -EBADMSG: not authentic or not whole blocks, and out
 * holds zeros then; -ENOSPC. */
int aead_open(const struct aead_key *key, struct reader aad, struct reader body, uint8_t *ret_out,
	      size_t size, size_t *ret_len) MUST_USE;

#endif
