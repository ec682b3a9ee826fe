/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/ike_aead.h"

#include <errno.h>
#include <openssl/evp.h>
#include "crypto/prf.h"
#include "crypto/secret.h"

#define GCM_SALT_LEN 4 /* RFC 5282 4 */
#define GCM_IV_LEN 8
#define GCM_NONCE_LEN (GCM_SALT_LEN + GCM_IV_LEN)
#define GCM_ICV_LEN 16
#define AES_BLOCK 16
#define TEXT_MAX (1u << 20) /* far above any datagram; OpenSSL counts in int */

struct integ_info {
	uint16_t id, prf;
	size_t icv_len;
};

/* RFC 4868: key as long as the output, the output cut to half. */
static const struct integ_info integs[] = {
	{ INTEG_HMAC_SHA2_256_128, PRF_HMAC_SHA2_256, 16 },
	{ INTEG_HMAC_SHA2_384_192, PRF_HMAC_SHA2_384, 24 },
	{ INTEG_HMAC_SHA2_512_256, PRF_HMAC_SHA2_512, 32 },
};

static const struct integ_info *integ_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(integs); i++)
		if (integs[i].id == id)
			return &integs[i];
	return NULL;
}

struct aead_sizes aead_sizes(struct aead_alg alg)
{
	const struct integ_info *integ = integ_find(alg.integ);
	size_t key = alg.key_bits / 8;
	bool is_aes = alg.key_bits == 128 || alg.key_bits == 192 || alg.key_bits == 256;

	if (is_aes && alg.encr == ENCR_AES_GCM_16 && alg.integ == INTEG_NONE)
		return (struct aead_sizes){ .enc_len = key + GCM_SALT_LEN,
					    .iv_len = GCM_IV_LEN,
					    .icv_len = GCM_ICV_LEN,
					    .block = 1 };
	if (is_aes && alg.encr == ENCR_AES_CBC && integ)
		return (struct aead_sizes){ .enc_len = key,
					    .auth_len = prf_len(integ->prf),
					    .iv_len = AES_BLOCK,
					    .icv_len = integ->icv_len,
					    .block = AES_BLOCK };
	return (struct aead_sizes){ 0 };
}

static const EVP_CIPHER *cipher_of(struct aead_alg alg)
{
	bool is_gcm = alg.encr == ENCR_AES_GCM_16;

	switch (alg.key_bits) {
	case 128:
		return is_gcm ? EVP_aes_128_gcm() : EVP_aes_128_cbc();
	case 192:
		return is_gcm ? EVP_aes_192_gcm() : EVP_aes_192_cbc();
	default:
		return is_gcm ? EVP_aes_256_gcm() : EVP_aes_256_cbc();
	}
}

/* One pass of AES over text; aad, tag and direction by the arguments. tag: GCM's, else NULL. */
static int cipher_run(const struct aead_key *key, bool is_seal, const uint8_t *nonce,
		      struct reader aad, struct reader in, uint8_t *out, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n, len = (int)rd_left(&in);
	uint8_t end[AES_BLOCK];
	bool ok =
		ctx &&
		EVP_CipherInit_ex2(ctx, cipher_of(key->alg), key->enc, nonce, is_seal, NULL) == 1 &&
		EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;

	if (ok && tag && rd_more(&aad))
		ok = EVP_CipherUpdate(ctx, NULL, &n, aad.at, (int)rd_left(&aad)) == 1;
	if (ok && tag && !is_seal)
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_ICV_LEN, tag) == 1;
	if (ok && len)
		ok = EVP_CipherUpdate(ctx, out, &n, in.at, len) == 1 && n == len;
	ok = ok && EVP_CipherFinal_ex(ctx, end, &n) == 1;
	if (ok && tag && is_seal)
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, GCM_ICV_LEN, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

static void gcm_nonce(const struct aead_key *key, const uint8_t *iv, uint8_t nonce[GCM_NONCE_LEN])
{
	memcpy(nonce, key->enc + key->alg.key_bits / 8, GCM_SALT_LEN);
	memcpy(nonce + GCM_SALT_LEN, iv, GCM_IV_LEN);
}

static int cbc_icv(const struct aead_key *key, struct reader aad, struct reader iv,
		   struct reader text, uint8_t ret_full[PRF_LEN_MAX])
{
	const struct integ_info *integ = integ_find(key->alg.integ);
	struct reader parts[] = { aad, iv, text };

	return prf_compute(integ->prf, rd_from(key->auth, prf_len(integ->prf)), parts,
			   ARRAY_SIZE(parts), ret_full);
}

static int gcm_seal(struct aead_key *key, struct reader aad, const uint8_t *iv, uint8_t *text,
		    size_t len, uint8_t *ret_icv)
{
	uint8_t nonce[GCM_NONCE_LEN];

	gcm_nonce(key, iv, nonce);
	return cipher_run(key, true, nonce, aad, rd_from(text, len), text, ret_icv);
}

static int cbc_seal(struct aead_key *key, struct reader aad, uint8_t *iv, uint8_t *text, size_t len,
		    uint8_t *ret_icv)
{
	static const uint8_t zero_iv[AES_BLOCK];
	const struct reader none = { 0 };
	uint8_t mac[PRF_LEN_MAX];
	int err = cipher_run(key, true, zero_iv, none, rd_from(iv, AES_BLOCK), iv, NULL);

	if (!err)
		err = cipher_run(key, true, iv, none, rd_from(text, len), text, NULL);
	if (!err)
		err = cbc_icv(key, aad, rd_from(iv, AES_BLOCK), rd_from(text, len), mac);
	if (!err)
		memcpy(ret_icv, mac, aead_sizes(key->alg).icv_len);
	return err;
}

int aead_seal(struct aead_key *key, struct reader aad, uint8_t *ret_iv, uint8_t *text, size_t len,
	      uint8_t *ret_icv)
{
	struct aead_sizes size = aead_sizes(key->alg);

	if (!size.enc_len || len % size.block || len > TEXT_MAX || rd_left(&aad) > TEXT_MAX)
		return -EINVAL;
	if (key->next_iv == UINT64_MAX)
		return -EOVERFLOW;
	struct writer iv = wr_into(ret_iv, size.iv_len);
	wr_uint(&iv, 0, (unsigned)size.iv_len - sizeof(key->next_iv));
	wr_u64(&iv, key->next_iv++);
	if (key->alg.encr == ENCR_AES_GCM_16)
		return gcm_seal(key, aad, ret_iv, text, len, ret_icv);
	return cbc_seal(key, aad, ret_iv, text, len, ret_icv);
}

static int gcm_open(const struct aead_key *key, struct reader aad, struct reader iv,
		    struct reader text, struct reader icv, uint8_t *out)
{
	uint8_t nonce[GCM_NONCE_LEN], tag[GCM_ICV_LEN];

	gcm_nonce(key, iv.at, nonce);
	memcpy(tag, icv.at, sizeof(tag));
	return cipher_run(key, false, nonce, aad, text, out, tag);
}

static int cbc_open(const struct aead_key *key, struct reader aad, struct reader iv,
		    struct reader text, struct reader icv, uint8_t *out)
{
	const struct reader none = { 0 };
	uint8_t mac[PRF_LEN_MAX];

	if (cbc_icv(key, aad, iv, text, mac) || !memeq_ct(mac, icv.at, rd_left(&icv)))
		return -EBADMSG;
	return cipher_run(key, false, iv.at, none, text, out, NULL);
}

int aead_open(const struct aead_key *key, struct reader aad, struct reader body, uint8_t *ret_out,
	      size_t size, size_t *ret_len)
{
	struct aead_sizes sizes = aead_sizes(key->alg);
	bool is_gcm = key->alg.encr == ENCR_AES_GCM_16;

	if (!sizes.enc_len || rd_left(&body) < sizes.iv_len + sizes.icv_len ||
	    rd_left(&body) > TEXT_MAX || rd_left(&aad) > TEXT_MAX)
		return -EBADMSG;
	struct reader iv = rd_carve(&body, sizes.iv_len);
	struct reader text = rd_carve(&body, rd_left(&body) - sizes.icv_len);
	size_t len = rd_left(&text);

	if (len % sizes.block)
		return -EBADMSG;
	if (len > size)
		return -ENOSPC;
	if (is_gcm ? gcm_open(key, aad, iv, text, body, ret_out)
		   : cbc_open(key, aad, iv, text, body, ret_out)) {
		secret_wipe(ret_out, len);
		return -EBADMSG;
	}
	*ret_len = len;
	return 0;
}
