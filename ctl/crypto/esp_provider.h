/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ESP crypto providers behind one batch interface: AES-GCM with a 16-byte ICV (RFC 4106), and
 * ChaCha20-Poly1305 (RFC 7634), whose salt, IV, ICV and AAD are of the same lengths.
 * The worker fills an array of jobs, one call works them all off in place. Every provider
 * gives the same bytes; known-answer tests prove it each time the worker starts.
 *
 * A key belongs to one SA and one provider. Not thread safe: one thread per key.
 */
#ifndef CRYPTO_ESP_PROVIDER_H
#define CRYPTO_ESP_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sekisho/esp.h>
#include "base/must.h"

#define ESP_BITS_CHACHA20 0 /* its key_bits: it has one length only, so none is negotiated */
#define ESP_CHACHA20_LEN 32u
#define ESP_AAD_MAX 12u /* SPI and sequence number, 12 bytes with ESN (RFC 4106 5) */

struct esp_provider;

/* Head of every provider's key; the expanded key follows in the provider's own struct. */
struct esp_key {
	const struct esp_provider *provider;
	uint16_t key_bits;
	uint8_t salt[ESP_GCM_SALT_LEN];
};

struct esp_job {
	struct esp_key *key;
	uint8_t *text; /* text_len bytes, worked on in place */
	uint8_t *icv;  /* ESP_GCM_ICV_LEN bytes: seal writes them, open compares them */
	uint32_t text_len;
	uint16_t aad_len;
	int16_t result; /* 0, -EBADMSG: not authentic (text is garbage then), -EIO: refused */
	uint8_t iv[ESP_GCM_IV_LEN];
	uint8_t aad[ESP_AAD_MAX];
};

struct esp_provider {
	const char *name;
	/* 0, or -ENOTSUP when this CPU lacks what it needs. Called before everything else. */
	int (*start)(void);
	/* enc: cipher key followed by its salt, as in struct sa_secret; key_bits 128 or 256, or
	 * ESP_BITS_CHACHA20.
	 * -EINVAL: lengths that do not fit together; -ENOMEM. */
	int (*key_new)(uint16_t key_bits, const uint8_t *enc, size_t enc_len,
		       struct esp_key **ret_key);
	void (*key_free)(struct esp_key *key); /* wipes; NULL is fine */
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

#endif
