/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys and signatures of IKEv2 authentication: RFC 7427 (any algorithm by its AlgorithmIdentifier),
 * RFC 8420 (Ed25519, Ed448), RFC 4754 (ECDSA with a fixed hash). Keys are counted and never
 * change, so several threads may use one. Slow ones: RSA signatures take milliseconds.
 */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/cursor.h"
#include "base/must.h"

#define SIGN_LEN_MAX 2048 /* bytes of a signature: RSA with 16384 bits */
#define KEY_TEXT_MAX 64

/* RFC 7427 4, the registry of SIGNATURE_HASH_ALGORITHMS. */
enum sign_hash {
	SIGN_SHA1 = 1,
	SIGN_SHA2_256 = 2,
	SIGN_SHA2_384 = 3,
	SIGN_SHA2_512 = 4,
	SIGN_IDENTITY = 5, /* RFC 8420: the algorithm hashes by itself */
};

enum key_type {
	KEY_RSA = 1,
	KEY_EC,
	KEY_ED25519,
	KEY_ED448,
};

struct key; /* private or public */

/* PEM or DER: PKCS#8, RSAPrivateKey or ECPrivateKey. password NULL: none. -EBADMSG: no such key,
 * -EACCES: it is encrypted, and not with this password; -ENOTSUP: of a kind not known here. */
int key_read_private(struct reader file, const char *password, struct key **ret_key) MUST_USE;
/* PEM or DER SubjectPublicKeyInfo. -EBADMSG, -ENOTSUP. */
int key_read_public(struct reader file, struct key **ret_key) MUST_USE;
struct key *key_ref(struct key *key);
void key_free(struct key *key); /* wipes the last one; NULL is fine */
enum key_type key_type(const struct key *key);
/* Do they hold the same public key? */
bool key_equal(const struct key *a, const struct key *b);
const char *key_print(const struct key *key, char *buf, size_t size); /* "RSA 2048" */
/* DER SubjectPublicKeyInfo. Its length; 0: it does not fit. */
size_t key_spki(const struct key *key, uint8_t *buf, size_t size);

/* One way to sign. A set of them is a mask of scheme_bit(). */
struct scheme {
	const char *name;    /* "ECDSA with SHA2-256" */
	uint8_t method;      /* of the AUTH payload: 14, or 9 to 11 */
	uint8_t type;        /* enum key_type */
	uint8_t hash;        /* enum sign_hash */
	bool is_pss;
	const char *curve;   /* RFC 4754: of this curve only; NULL: any */
	const uint8_t *id;   /* RFC 7427: DER AlgorithmIdentifier */
	size_t id_len;
};

uint32_t scheme_bit(const struct scheme *scheme);
/* "pubkey", "rsa", "rsa/pss", "ecdsa", "ed25519", "ed448", each perhaps with hashes behind it:
 * "rsa/pss-sha384-sha512". As strongSwan, except for key lengths. -EINVAL. */
int scheme_parse(const char *text, uint32_t *ret_schemes) MUST_USE;
/* The best one for our key within `allowed`. their_hashes: bits 1 << enum sign_hash of the peer's
 * SIGNATURE_HASH_ALGORITHMS, 0 when it sent none. NULL: none. */
const struct scheme *scheme_choose(const struct key *key, uint32_t allowed,
				   uint16_t their_hashes);
/* Which one is the AUTH payload of? *ret_signature: what is left of data. NULL: why tells. */
const struct scheme *scheme_of_auth(uint8_t method, struct reader data,
				    struct reader *ret_signature, const char **ret_why);

/* -EIO; -EINVAL: the key is of another kind. ret_signature has SIGN_LEN_MAX bytes. */
int sign_make(const struct scheme *scheme, const struct key *key, struct reader octets,
	      uint8_t *ret_signature, size_t *ret_len) MUST_USE;
/* -EBADMSG: not of this key and these octets; -EINVAL: the key is of another kind. */
int sign_check(const struct scheme *scheme, const struct key *key, struct reader octets,
	       struct reader signature) MUST_USE;

#endif
