/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/esp_provider.h"

#include <errno.h>
#include <openssl/evp.h>
#include "crypto/esp_in.h"
#include "crypto/prf.h"

/* Fastest first. */
static const struct esp_provider *const providers[] = { &esp_ipsec_mb, &esp_openssl };

static int provider_start(const struct esp_provider *p)
{
	int err = p->start();

	return err ? err : esp_provider_self_test(p);
}

int esp_provider_choose(const char *name, const struct esp_provider **ret_provider)
{
	int err = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(providers); i++) {
		if (name && strcmp(name, providers[i]->name) != 0)
			continue;
		err = provider_start(providers[i]);
		if (!err) {
			*ret_provider = providers[i];
			return 0;
		}
		/* A library that computes wrong bytes is no reason to go on silently. */
		if (name || err == -EBADMSG)
			return err;
	}
	return err;
}

int esp_key_lens(struct aead_alg alg, size_t *ret_enc, size_t *ret_auth)
{
	const struct encr_info *encr = encr_find(alg.encr);
	const struct integ_info *integ = integ_find(alg.integ);

	if (!encr || (encr_is_aead(alg.encr) ? alg.integ != INTEG_NONE : !integ))
		return -ENOTSUP;
	size_t key = encr_key_len(encr, alg.key_bits);
	if (!key && (encr->mode != MODE_NULL || alg.key_bits))
		return -ENOTSUP;
	*ret_enc = key + encr->salt_len;
	*ret_auth = integ ? prf_len(integ->prf) : 0;
	return 0;
}

static void head_fill(struct esp_key *key, struct aead_alg alg, struct reader enc)
{
	const struct encr_info *encr = encr_find(alg.encr);
	const struct integ_info *integ = integ_find(alg.integ);

	key->mode = (uint8_t)encr->mode;
	key->salt_len = encr->salt_len;
	key->iv_len = encr->iv_len;
	key->icv_len = integ ? integ->icv_len : encr->icv_len;
	key->align = encr->block > ESP_ALIGN ? encr->block : ESP_ALIGN;
	rd_skip(&enc, rd_left(&enc) - encr->salt_len);
	rd_copy(&enc, key->salt, encr->salt_len);
}

int esp_key_new(const struct esp_provider *provider, struct aead_alg alg, struct reader enc,
		struct reader auth, struct esp_key **ret_key)
{
	struct esp_key *key;
	size_t enc_len, auth_len;
	int err = esp_key_lens(alg, &enc_len, &auth_len);

	if (err)
		return err;
	if (rd_left(&enc) != enc_len || rd_left(&auth) != auth_len)
		return -EINVAL;
	err = provider->key_new(alg, enc, auth, &key);
	if (err)
		return err;
	head_fill(key, alg, enc);
	key->iv_cipher = key->mode == MODE_CBC ? esp_iv_cipher() : NULL;
	if (key->mode == MODE_CBC && !key->iv_cipher) {
		esp_key_free(key);
		return -EIO;
	}
	*ret_key = key;
	return 0;
}

void esp_key_free(struct esp_key *key)
{
	if (!key)
		return;
	EVP_CIPHER_CTX_free(key->iv_cipher);
	key->provider->key_free(key);
}
