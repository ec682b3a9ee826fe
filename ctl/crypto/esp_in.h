/* SPDX-License-Identifier: BSD-2-Clause */
/* What the ESP providers share among themselves. */
#ifndef CRYPTO_ESP_IN_H
#define CRYPTO_ESP_IN_H

#include "crypto/esp_provider.h"

#define ESP_NONCE_MAX 16u

/* NULL: no memory, or no random bytes. */
struct evp_cipher_ctx_st *esp_iv_cipher(void);

/* salt | IV; of CBC, the IV alone. */
static inline void esp_nonce(const struct esp_job *job, uint8_t nonce[ESP_NONCE_MAX])
{
	memcpy(nonce, job->key->salt, job->key->salt_len);
	memcpy(nonce + job->key->salt_len, job->iv, job->key->iv_len);
}

/* What an integrity algorithm covers of the packet: ESP header, IV, text. */
static inline uint8_t *esp_covered(const struct esp_job *job, uint32_t *ret_len)
{
	uint32_t before = ESP_HDR_LEN + job->key->iv_len;

	*ret_len = before + job->text_len;
	return job->text - before;
}

/* The high half of the ESN, covered behind all that; NULL: 32-bit numbers. */
static inline const uint8_t *esp_seq_high(const struct esp_job *job)
{
	return job->aad_len == ESP_AAD_MAX ? job->aad + 4 : NULL;
}

#endif
