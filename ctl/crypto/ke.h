/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Key exchange: x25519 and x448 (RFC 8031), ECP (RFC 5903), Brainpool (RFC 6954), MODP (RFC 3526),
 * and ML-KEM (FIPS 203) where OpenSSL has it. The initiator's half is ke_generate(), then
 * ke_shared(); the responder's is ke_answer(), since a KEM answers with something else than a key.
 * Slow: the core does it in a job, on any one thread at a time.
 */
#ifndef CRYPTO_KE_H
#define CRYPTO_KE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sekisho/ike_num.h>
#include "base/cursor.h"
#include "base/must.h"

#define KE_PUBLIC_MAX 1568 /* ML-KEM-1024; modp8192 has 1024 */
#define KE_SECRET_MAX 1024

/* Owns the private key. May be moved by assignment; all zero is a valid empty pair. */
struct ke_pair {
	uint16_t group; /* enum ke_id */
	struct evp_pkey_st *key;
	size_t public_len;
	uint8_t public_value[KE_PUBLIC_MAX]; /* as in a KE payload */
};

/* Known here, and OpenSSL can do it (ML-KEM: 3.5 and later). */
bool ke_is_available(uint16_t group);
/* Bytes of the initiator's public value in a KE payload; 0: group not known here. */
size_t ke_public_len(uint16_t group);
/* Of the responder's: a KEM's ciphertext, else the same. */
size_t ke_answer_len(uint16_t group);
/* Bytes of the shared secret, leading zeros kept (RFC 7296 2.14). */
size_t ke_secret_len(uint16_t group);

/* -ENOTSUP: unknown group; -EIO: OpenSSL failed. */
int ke_generate(uint16_t group, struct ke_pair *ret_pair) MUST_USE;
/* A pair from its two halves, for vectors: private value as a big-endian scalar (x25519: its
 * 32 bytes), public value as in a KE payload. -EBADMSG: they are none. */
int ke_load(uint16_t group, struct reader private_value, struct reader public_value,
	    struct ke_pair *ret_pair) MUST_USE;
/* ke_secret_len() bytes, which the caller wipes. -EBADMSG: the peer's public value is wrong:
 * length, not on the curve, not in 1 < y < p-1, or it leads to an all-zero secret. */
int ke_shared(const struct ke_pair *pair, struct reader their_public,
	      uint8_t ret_secret[KE_SECRET_MAX]) MUST_USE;
/* The responder's half: what to answer with is ret_pair->public_value. The pair must be empty
 * before, and is to be freed in any case. Errors as ke_generate() and ke_shared(). */
int ke_answer(uint16_t group, struct reader their_public, struct ke_pair *ret_pair,
	      uint8_t ret_secret[KE_SECRET_MAX]) MUST_USE;
/* Frees and wipes; the pair is empty afterwards. */
void ke_fini(struct ke_pair *pair);

#endif
