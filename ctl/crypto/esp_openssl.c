/* SPDX-License-Identifier: BSD-2-Clause */
/* OpenSSL EVP: for every CPU. One context per SA keeps the expanded key between packets. */
#include "crypto/esp_in.h"

#include <errno.h>
#include <stdlib.h>
#include <openssl/evp.h>
#include "crypto/mac.h"
#include "crypto/prf.h"
#include "crypto/secret.h"

struct evp_key {
	struct esp_key head;
	EVP_CIPHER_CTX *seal, *open; /* NULL with NULL encryption */
	struct mac *mac;	     /* NULL with AEAD */
};

static int evp_start(void)
{
	return 0;
}

static void evp_thread_end(void)
{
}

static void evp_key_free(struct esp_key *key)
{
	struct evp_key *k = (struct evp_key *)key;

	EVP_CIPHER_CTX_free(k->seal); /* cleanses the key schedule */
	EVP_CIPHER_CTX_free(k->open);
	mac_free(k->mac);
	OPENSSL_cleanse(k, sizeof(*k));
	free(k);
}

/* Nonce length, and with CCM that of the tag, come before the key. */
static EVP_CIPHER_CTX *context_new(const struct encr_info *info, uint16_t key_bits,
				   const uint8_t *key, int encrypt)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int nonce_len = info->salt_len + info->iv_len;

	if (c && EVP_CipherInit_ex(c, encr_evp(info, key_bits), NULL, NULL, NULL, encrypt) == 1 &&
	    (info->mode < MODE_GCM ||
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, nonce_len, NULL) == 1) &&
	    (info->mode != MODE_CCM ||
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, info->icv_len, NULL) == 1) &&
	    EVP_CipherInit_ex(c, NULL, NULL, key, NULL, encrypt) == 1 &&
	    EVP_CIPHER_CTX_set_padding(c, 0) == 1)
		return c;
	EVP_CIPHER_CTX_free(c);
	return NULL;
}

static int evp_key_new(struct aead_alg alg, struct reader enc, struct reader auth,
		       struct esp_key **ret_key)
{
	const struct encr_info *encr = encr_find(alg.encr);
	const struct integ_info *integ = integ_find(alg.integ);
	struct evp_key *k = calloc(1, sizeof(*k));
	bool ok = true;

	if (!k)
		return -ENOMEM;
	k->head.provider = &esp_openssl;
	if (encr->mode != MODE_NULL) {
		k->seal = context_new(encr, alg.key_bits, enc.at, 1);
		k->open = context_new(encr, alg.key_bits, enc.at, 0);
		ok = k->seal && k->open;
	}
	if (ok && integ) {
		k->mac = prf_keyed(integ->prf, auth);
		ok = k->mac;
	}
	if (!ok) {
		evp_key_free(&k->head);
		return -EIO;
	}
	*ret_key = &k->head;
	return 0;
}

static bool update(EVP_CIPHER_CTX *c, uint8_t *out, const uint8_t *in, uint32_t in_len)
{
	int len;

	return !in_len || EVP_CipherUpdate(c, out, &len, in, (int)in_len) == 1;
}

/* ---- AEAD ---------------------------------------------------------------------- */

/* Nonce, AAD and text; what both directions share (RFC 4106, 4309, 7634). CCM wants the length of
 * the text first; GMAC covers IV and text as AAD does (RFC 4543 3.3). */
static bool aead_run(EVP_CIPHER_CTX *c, const struct esp_job *j)
{
	uint8_t nonce[ESP_NONCE_MAX];
	int len;

	esp_nonce(j, nonce);
	if (EVP_CipherInit_ex(c, NULL, NULL, NULL, nonce, -1) != 1)
		return false;
	if (j->key->mode == MODE_CCM &&
	    EVP_CipherUpdate(c, NULL, &len, NULL, (int)j->text_len) != 1)
		return false;
	if (!update(c, NULL, j->aad, j->aad_len))
		return false;
	if (j->key->mode == MODE_GMAC)
		return update(c, NULL, j->iv, j->key->iv_len) &&
		       update(c, NULL, j->text, j->text_len);
	return update(c, j->text, j->text, j->text_len);
}

static int aead_seal_one(const struct evp_key *k, const struct esp_job *j)
{
	uint8_t none[16];
	int len;

	return aead_run(k->seal, j) && EVP_CipherFinal_ex(k->seal, none, &len) == 1 &&
			       EVP_CIPHER_CTX_ctrl(k->seal, EVP_CTRL_AEAD_GET_TAG, j->key->icv_len,
						   j->icv) == 1
		       ? 0
		       : -EIO;
}

/* CCM verifies as it goes, the others in the end. */
static int aead_open_one(const struct evp_key *k, const struct esp_job *j)
{
	uint8_t none[16];
	int len;

	if (EVP_CIPHER_CTX_ctrl(k->open, EVP_CTRL_AEAD_SET_TAG, j->key->icv_len, j->icv) != 1)
		return -EIO;
	if (!aead_run(k->open, j))
		return j->key->mode == MODE_CCM ? -EBADMSG : -EIO;
	if (j->key->mode == MODE_CCM)
		return 0;
	return EVP_CipherFinal_ex(k->open, none, &len) == 1 ? 0 : -EBADMSG;
}

/* ---- Encryption and integrity ---------------------------------------------------- */

static bool cipher_run(EVP_CIPHER_CTX *c, const struct esp_job *j)
{
	static const uint8_t one[4] = { 0, 0, 0, 1 };
	uint8_t nonce[ESP_NONCE_MAX];

	if (!c)
		return true;
	esp_nonce(j, nonce);
	if (j->key->mode == MODE_CTR) /* RFC 3686 4 */
		memcpy(nonce + ESP_NONCE_MAX - sizeof(one), one, sizeof(one));
	return EVP_CipherInit_ex(c, NULL, NULL, NULL, nonce, -1) == 1 &&
	       update(c, j->text, j->text, j->text_len);
}

static int mac_of(const struct evp_key *k, const struct esp_job *j, uint8_t ret_mac[MAC_LEN_MAX])
{
	uint32_t len;
	const uint8_t *covered = esp_covered(j, &len), *high = esp_seq_high(j);
	struct reader parts[] = { rd_from(covered, len), rd_from(high, high ? 4 : 0) };

	return mac_run(k->mac, parts, ARRAY_SIZE(parts), ret_mac);
}

static int etm_seal_one(const struct evp_key *k, const struct esp_job *j)
{
	uint8_t mac[MAC_LEN_MAX];

	if (!cipher_run(k->seal, j) || mac_of(k, j, mac))
		return -EIO;
	memcpy(j->icv, mac, j->key->icv_len);
	return 0;
}

static int etm_open_one(const struct evp_key *k, const struct esp_job *j)
{
	uint8_t mac[MAC_LEN_MAX];

	if (mac_of(k, j, mac))
		return -EIO;
	if (!memeq_ct(mac, j->icv, j->key->icv_len))
		return -EBADMSG;
	return cipher_run(k->open, j) ? 0 : -EIO;
}

/* ---- Batches --------------------------------------------------------------------- */

static void evp_seal(struct esp_job *jobs, size_t n)
{
	for (struct esp_job *j = jobs; j < jobs + n; j++) {
		const struct evp_key *k = (const struct evp_key *)j->key;

		j->result = (int16_t)(k->mac ? etm_seal_one(k, j) : aead_seal_one(k, j));
	}
}

static void evp_open(struct esp_job *jobs, size_t n)
{
	for (struct esp_job *j = jobs; j < jobs + n; j++) {
		const struct evp_key *k = (const struct evp_key *)j->key;

		j->result = (int16_t)(k->mac ? etm_open_one(k, j) : aead_open_one(k, j));
	}
}

const struct esp_provider esp_openssl = {
	.name = "openssl",
	.start = evp_start,
	.thread_end = evp_thread_end,
	.key_new = evp_key_new,
	.key_free = evp_key_free,
	.seal = evp_seal,
	.open = evp_open,
};
