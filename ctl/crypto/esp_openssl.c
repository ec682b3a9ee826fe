/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenSSL EVP: for every CPU. One context per SA keeps the expanded key between packets. */
#include "crypto/esp_provider.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#define NONCE_LEN (ESP_GCM_SALT_LEN + ESP_GCM_IV_LEN)

struct evp_key {
	struct esp_key head;
	EVP_CIPHER_CTX *seal, *open;
};

static int evp_start(void)
{
	return 0;
}

static void evp_key_free(struct esp_key *key)
{
	struct evp_key *k = (struct evp_key *)key;

	if (!k)
		return;
	EVP_CIPHER_CTX_free(k->seal); /* cleanses the key schedule */
	EVP_CIPHER_CTX_free(k->open);
	OPENSSL_cleanse(k, sizeof(*k));
	free(k);
}

static EVP_CIPHER_CTX *context_new(const EVP_CIPHER *cipher, const uint8_t *key, int encrypt)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	if (c && EVP_CipherInit_ex(c, cipher, NULL, key, NULL, encrypt) == 1)
		return c;
	EVP_CIPHER_CTX_free(c);
	return NULL;
}

/* NULL: no such key length. */
static const EVP_CIPHER *cipher_of(uint16_t key_bits)
{
	switch (key_bits) {
	case ESP_BITS_CHACHA20:
		return EVP_chacha20_poly1305();
	case 128:
		return EVP_aes_128_gcm();
	case 256:
		return EVP_aes_256_gcm();
	default:
		return NULL;
	}
}

static int evp_key_new(uint16_t key_bits, const uint8_t *enc, size_t enc_len,
		       struct esp_key **ret_key)
{
	const EVP_CIPHER *cipher = cipher_of(key_bits);
	size_t len = key_bits == ESP_BITS_CHACHA20 ? ESP_CHACHA20_LEN : key_bits / 8u;

	if (!cipher || enc_len != len + ESP_GCM_SALT_LEN)
		return -EINVAL;
	struct evp_key *k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->head = (struct esp_key){ .provider = &esp_openssl, .key_bits = key_bits };
	memcpy(k->head.salt, enc + len, ESP_GCM_SALT_LEN);
	k->seal = context_new(cipher, enc, 1);
	k->open = context_new(cipher, enc, 0);
	if (!k->seal || !k->open) {
		evp_key_free(&k->head);
		return -ENOMEM;
	}
	*ret_key = &k->head;
	return 0;
}

/* Nonce, AAD and text; what both directions share (RFC 4106 3, 4, 5). */
static bool evp_run(EVP_CIPHER_CTX *c, const struct esp_job *j)
{
	uint8_t nonce[NONCE_LEN];
	int len;

	memcpy(nonce, j->key->salt, ESP_GCM_SALT_LEN);
	memcpy(nonce + ESP_GCM_SALT_LEN, j->iv, ESP_GCM_IV_LEN);
	if (EVP_CipherInit_ex(c, NULL, NULL, NULL, nonce, -1) != 1)
		return false;
	if (j->aad_len && EVP_CipherUpdate(c, NULL, &len, j->aad, j->aad_len) != 1)
		return false;
	return EVP_CipherUpdate(c, j->text, &len, j->text, (int)j->text_len) == 1;
}

static void evp_seal(struct esp_job *jobs, size_t n)
{
	for (struct esp_job *j = jobs; j < jobs + n; j++) {
		EVP_CIPHER_CTX *c = ((struct evp_key *)j->key)->seal;
		int len;
		bool ok =
			evp_run(c, j) && EVP_CipherFinal_ex(c, j->icv, &len) == 1 &&
			EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, ESP_GCM_ICV_LEN, j->icv) == 1;

		j->result = ok ? 0 : -EIO;
	}
}

static void evp_open(struct esp_job *jobs, size_t n)
{
	for (struct esp_job *j = jobs; j < jobs + n; j++) {
		EVP_CIPHER_CTX *c = ((struct evp_key *)j->key)->open;
		uint8_t none[16];
		int len;

		if (!evp_run(c, j) ||
		    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, ESP_GCM_ICV_LEN, j->icv) != 1)
			j->result = -EIO;
		else
			j->result = EVP_CipherFinal_ex(c, none, &len) == 1 ? 0 : -EBADMSG;
	}
}

const struct esp_provider esp_openssl = {
	.name = "openssl",
	.start = evp_start,
	.key_new = evp_key_new,
	.key_free = evp_key_free,
	.seal = evp_seal,
	.open = evp_open,
};
