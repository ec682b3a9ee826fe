/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ESP crypto providers behind one batch interface: every algorithm of RFC 8221 that alg.c knows,
 * AEAD or encryption with an integrity algorithm of its own. The worker fills an array of jobs,
 * one call works them all off in place. Every provider gives the same bytes; known-answer tests
 * prove it each time the worker starts.
 *
 * Where encryption and integrity are two algorithms, seal encrypts, then authenticates; open
 * compares the ICV, in constant time, and deciphers only what is authentic.
 *
 * A key belongs to one SA, one provider, and the thread that made it: no other may use it.
 */
#ifndef CRYPTO_ESP_PROVIDER_H
#define CRYPTO_ESP_PROVIDER_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sekisho/esp.h>
#include "base/cursor.h"
#include "base/must.h"
#include "crypto/alg.h"

#define ESP_AAD_MAX 12u /* SPI and sequence number, 12 bytes with ESN (RFC 4106 5) */

struct esp_provider;
struct evp_cipher_ctx_st; /* OpenSSL's EVP_CIPHER_CTX */

/* Head of every provider's key; the expanded key follows in the provider's own struct. */
struct esp_key {
	const struct esp_provider *provider; /* whose key it is, not always whom it was asked of */
	uint8_t mode;			     /* enum cipher_mode */
	uint8_t salt_len, iv_len, icv_len;
	uint8_t align; /* the text is a multiple of it: at least ESP_ALIGN, a power of two */
	uint8_t salt[ESP_SALT_MAX];
	struct evp_cipher_ctx_st *iv_cipher; /* CBC: makes the IVs; else NULL */
};

/*
 * The text stands in the packet, right behind ESP header and IV: integrity algorithms cover all
 * three. With ESN, aad says the high half, which they cover too, at the end (RFC 4303 2.2.1).
 */
struct esp_job {
	struct esp_key *key;
	uint8_t *text; /* text_len bytes, worked on in place */
	uint8_t *
		icv; /* icv_len bytes, behind text: seal writes, open compares and may spoil them */
	uint32_t text_len;
	uint16_t aad_len; /* 12 with ESN, else 8 */
	int16_t result;	  /* 0, -EBADMSG: not authentic (text is garbage then), -EIO: refused */
	uint8_t iv[ESP_IV_MAX];
	uint8_t aad[ESP_AAD_MAX];
};

struct esp_provider {
	const char *name;
	/* 0, or -ENOTSUP when this CPU lacks what it needs. Called before everything else; threads
	 * that make keys need not call it. */
	int (*start)(void);
	/* The calling thread has freed all its keys and makes no more. */
	void (*thread_end)(void);
	/* For esp_key_new(), which fills the head; lengths are right. -ENOMEM, -EIO, -ENOTSUP. */
	int (*key_new)(struct aead_alg alg, struct reader enc, struct reader auth,
		       struct esp_key **ret_key);
	void (*key_free)(struct esp_key *key); /* wipes */
	void (*seal)(struct esp_job *jobs, size_t n);
	void (*open)(struct esp_job *jobs, size_t n);
};

extern const struct esp_provider esp_ipsec_mb;
extern const struct esp_provider esp_openssl;

/* The provider of that name, or with NULL the fastest that this CPU can run, started and
 * through its known-answer tests. -ENOENT: no such name; -ENOTSUP: not on this CPU;
 * -EBADMSG: its known-answer tests failed. */
int esp_provider_choose(const char *name, const struct esp_provider **ret_provider) MUST_USE;
/* Known-answer tests of one started provider, both directions. -EBADMSG: wrong bytes. */
int esp_provider_self_test(const struct esp_provider *provider) MUST_USE;

/* enc: cipher key, then its salt; auth: the integrity algorithm's, as in struct sa_secret.
 * -ENOTSUP: no such combination of algorithms, or one that does not authenticate; -EINVAL: keys
 * of other lengths; -ENOMEM, -EIO. */
int esp_key_new(const struct esp_provider *provider, struct aead_alg alg, struct reader enc,
		struct reader auth, struct esp_key **ret_key) MUST_USE;
void esp_key_free(struct esp_key *key); /* NULL is fine */
/* The lengths of both keys, salt included. -ENOTSUP as above. */
int esp_key_lens(struct aead_alg alg, size_t *ret_enc, size_t *ret_auth) MUST_USE;

/* CBC's: unpredictable (RFC 3602 3). False: OpenSSL failed. */
bool esp_iv_hide(const struct esp_key *key, uint64_t seq, uint8_t *ret_iv) MUST_USE;

/* The IV of a packet, iv_len bytes. Counter modes: the sequence number, which no key sees twice
 * (NULL encryption: nobody reads it). */
static inline bool esp_iv_write(const struct esp_key *key, uint64_t seq, uint8_t ret_iv[ESP_IV_MAX])
{
	uint64_t counter = htobe64(seq);

	if (key->iv_cipher)
		return esp_iv_hide(key, seq, ret_iv);
	memcpy(ret_iv, &counter, sizeof(counter));
	return true;
}

#endif
