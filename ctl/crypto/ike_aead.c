/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/ike_aead.h"

#include <errno.h>
#include <openssl/evp.h>
#include "crypto/prf.h"
#include "crypto/secret.h"

#define BLOCK_MAX 16
#define NONCE_MAX 16
#define TEXT_MAX (1u << 20) /* far above any datagram; OpenSSL counts in int */

struct aead_sizes aead_sizes(struct aead_alg alg)
{
	const struct encr_info *encr = encr_find(alg.encr);
	const struct integ_info *integ = integ_find(alg.integ);
	size_t key = encr ? encr_key_len(encr, alg.key_bits) : 0;
	bool is_aead = encr && encr_is_aead(alg.encr);

	if (!key || encr->mode == MODE_GMAC || (is_aead ? alg.integ != INTEG_NONE : !integ))
		return (struct aead_sizes){ 0 };
	return (struct aead_sizes){ .enc_len = key + encr->salt_len,
				    .auth_len = is_aead ? 0 : prf_len(integ->prf),
				    .iv_len = encr->iv_len,
				    .icv_len = is_aead ? encr->icv_len : integ->icv_len,
				    .block = encr->block };
}

/* One pass over a text. */
struct pass {
	bool is_seal;
	uint8_t nonce[NONCE_MAX]; /* or IV, or counter block */
	struct reader aad, in;
	uint8_t *out;
	uint8_t *tag; /* AEAD's: written, or to be checked */
};

/* Nonce and tag lengths come before the key; CCM also wants the tag and the length of the text. */
static bool aead_begin(EVP_CIPHER_CTX *ctx, const struct encr_info *info, const struct pass *pass)
{
	int nonce_len = info->salt_len + info->iv_len;
	bool wants_tag = !pass->is_seal || info->mode == MODE_CCM;

	return EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, nonce_len, NULL) == 1 &&
	       (!wants_tag || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, info->icv_len,
						  pass->is_seal ? NULL : pass->tag) == 1);
}

static bool aead_header(EVP_CIPHER_CTX *ctx, const struct encr_info *info, const struct pass *pass)
{
	int n, len = (int)rd_left(&pass->in), aad_len = (int)rd_left(&pass->aad);

	return (info->mode != MODE_CCM || EVP_CipherUpdate(ctx, NULL, &n, NULL, len) == 1) &&
	       (!aad_len || EVP_CipherUpdate(ctx, NULL, &n, pass->aad.at, aad_len) == 1);
}

static int cipher_run(const struct aead_key *key, const struct pass *pass)
{
	const struct encr_info *info = encr_find(key->alg.encr);
	const EVP_CIPHER *cipher = encr_evp(info, key->alg.key_bits);
	bool is_aead = info->mode >= MODE_GCM, is_ccm = info->mode == MODE_CCM;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n, len = (int)rd_left(&pass->in);
	uint8_t end[BLOCK_MAX];
	bool ok = ctx && EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, pass->is_seal, NULL) == 1;

	ok = ok && (!is_aead || aead_begin(ctx, info, pass)) &&
	     EVP_CipherInit_ex2(ctx, NULL, key->enc, pass->nonce, pass->is_seal, NULL) == 1 &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
	ok = ok && (!is_aead || aead_header(ctx, info, pass));
	if (ok && (len || is_ccm)) /* CCM computes the tag here */
		ok = EVP_CipherUpdate(ctx, pass->out, &n, pass->in.at, len) == 1 && n == len;
	ok = ok && EVP_CipherFinal_ex(ctx, end, &n) == 1;
	if (ok && is_aead && pass->is_seal)
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, info->icv_len, pass->tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

/* What the cipher starts from: the IV; with a salt salt | IV, and for CTR a block counter of 1
 * after it (RFC 3686 4). */
static void nonce_make(const struct aead_key *key, const uint8_t *iv, uint8_t nonce[NONCE_MAX])
{
	const struct encr_info *info = encr_find(key->alg.encr);
	struct writer w = wr_into(nonce, NONCE_MAX);

	wr_bytes(&w, key->enc + encr_key_len(info, key->alg.key_bits), info->salt_len);
	wr_bytes(&w, iv, info->iv_len);
	if (info->mode == MODE_CTR)
		wr_u32(&w, 1);
}

/* Encrypt-then-MAC: over header, IV and ciphertext. */
static int mac_make(const struct aead_key *key, struct reader aad, struct reader iv,
		    struct reader text, uint8_t ret_full[PRF_LEN_MAX])
{
	const struct integ_info *integ = integ_find(key->alg.integ);
	struct reader parts[] = { aad, iv, text };

	return prf_compute(integ->prf, rd_from(key->auth, prf_len(integ->prf)), parts,
			   ARRAY_SIZE(parts), ret_full);
}

/* CBC's IV: the counter, enciphered. */
static int iv_hide(const struct aead_key *key, uint8_t *iv, size_t len)
{
	struct pass pass = { .is_seal = true, .in = rd_from(iv, len), .out = iv };

	return cipher_run(key, &pass);
}

int aead_seal(struct aead_key *key, struct reader aad, uint8_t *ret_iv, uint8_t *text, size_t len,
	      uint8_t *ret_icv)
{
	struct aead_sizes size = aead_sizes(key->alg);
	struct pass pass = { .is_seal = true, .aad = aad, .in = rd_from(text, len), .out = text };
	uint8_t mac[PRF_LEN_MAX];

	if (!size.enc_len || len % size.block || len > TEXT_MAX || rd_left(&aad) > TEXT_MAX)
		return -EINVAL;
	if (key->next_iv == UINT64_MAX)
		return -EOVERFLOW;
	struct writer iv = wr_into(ret_iv, size.iv_len);
	wr_uint(&iv, 0, (unsigned)size.iv_len - sizeof(key->next_iv));
	wr_u64(&iv, key->next_iv++);
	int err = size.block > 1 ? iv_hide(key, ret_iv, size.iv_len) : 0;
	nonce_make(key, ret_iv, pass.nonce);
	pass.tag = ret_icv;
	if (!err)
		err = cipher_run(key, &pass);
	if (err || encr_is_aead(key->alg.encr))
		return err;
	err = mac_make(key, aad, rd_from(ret_iv, size.iv_len), rd_from(text, len), mac);
	if (!err)
		memcpy(ret_icv, mac, size.icv_len);
	return err;
}

static int body_open(const struct aead_key *key, struct reader aad, struct reader iv,
		     struct reader text, struct reader icv, uint8_t *out)
{
	struct pass pass = { .aad = aad, .in = text, .out = out };
	uint8_t mac[PRF_LEN_MAX], tag[AEAD_ICV_MAX];

	if (!encr_is_aead(key->alg.encr) &&
	    (mac_make(key, aad, iv, text, mac) || !memeq_ct(mac, icv.at, rd_left(&icv))))
		return -EBADMSG;
	memcpy(tag, icv.at, rd_left(&icv));
	pass.tag = tag;
	nonce_make(key, iv.at, pass.nonce);
	return cipher_run(key, &pass);
}

int aead_open(const struct aead_key *key, struct reader aad, struct reader body, uint8_t *ret_out,
	      size_t size, size_t *ret_len)
{
	struct aead_sizes sizes = aead_sizes(key->alg);

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
	if (body_open(key, aad, iv, text, body, ret_out)) {
		secret_wipe(ret_out, len);
		return -EBADMSG;
	}
	*ret_len = len;
	return 0;
}
