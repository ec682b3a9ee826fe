/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/ike_aead.h"

#include <errno.h>
#include <openssl/evp.h>
#include "crypto/prf.h"
#include "crypto/secret.h"

#define BLOCK_MAX 16
#define NONCE_MAX 16
#define TEXT_MAX (1u << 20) /* far above any datagram; OpenSSL counts in int */

enum mode {
	MODE_CBC,
	MODE_CTR,
	MODE_GCM, /* this and what follows is AEAD */
	MODE_CCM,
	MODE_CHACHA,
};

struct encr_info {
	uint16_t id;
	enum mode mode;
	uint8_t salt_len, iv_len, icv_len, block;
	uint8_t key_len; /* 0: AES, by the key length attribute */
};

static const struct encr_info encrs[] = {
	{ ENCR_3DES, MODE_CBC, 0, 8, 0, 8, 24 },     /* RFC 2451 */
	{ ENCR_AES_CBC, MODE_CBC, 0, 16, 0, 16, 0 }, /* RFC 3602 */
	{ ENCR_AES_CTR, MODE_CTR, 4, 8, 0, 1, 0 },   /* RFC 5930 */
	{ ENCR_AES_CCM_8, MODE_CCM, 3, 8, 8, 1, 0 }, /* RFC 5282 */
	{ ENCR_AES_CCM_12, MODE_CCM, 3, 8, 12, 1, 0 },
	{ ENCR_AES_CCM_16, MODE_CCM, 3, 8, 16, 1, 0 },
	{ ENCR_AES_GCM_8, MODE_GCM, 4, 8, 8, 1, 0 },
	{ ENCR_AES_GCM_12, MODE_GCM, 4, 8, 12, 1, 0 },
	{ ENCR_AES_GCM_16, MODE_GCM, 4, 8, 16, 1, 0 },
	{ ENCR_CHACHA20_POLY1305, MODE_CHACHA, 4, 8, 16, 1, 32 }, /* RFC 7634 */
};

struct integ_info {
	uint16_t id, prf;
	size_t icv_len;
};

/* Key as long as the output, the output cut: RFC 2404, 3566, 4494, 4868. */
static const struct integ_info integs[] = {
	{ INTEG_HMAC_SHA1_96, PRF_HMAC_SHA1, 12 },
	{ INTEG_AES_XCBC_96, PRF_AES128_XCBC, 12 },
	{ INTEG_AES_CMAC_96, PRF_AES128_CMAC, 12 },
	{ INTEG_HMAC_SHA2_256_128, PRF_HMAC_SHA2_256, 16 },
	{ INTEG_HMAC_SHA2_384_192, PRF_HMAC_SHA2_384, 24 },
	{ INTEG_HMAC_SHA2_512_256, PRF_HMAC_SHA2_512, 32 },
};

static const struct encr_info *encr_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(encrs); i++)
		if (encrs[i].id == id)
			return &encrs[i];
	return NULL;
}

static const struct integ_info *integ_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(integs); i++)
		if (integs[i].id == id)
			return &integs[i];
	return NULL;
}

bool encr_is_aead(uint16_t encr)
{
	const struct encr_info *info = encr_find(encr);

	return info && info->mode >= MODE_GCM;
}

/* Cipher key without salt; 0: no such length. */
static size_t key_len_of(const struct encr_info *info, uint16_t key_bits)
{
	if (info->key_len)
		return key_bits ? 0 : info->key_len;
	return key_bits == 128 || key_bits == 192 || key_bits == 256 ? key_bits / 8 : 0;
}

struct aead_sizes aead_sizes(struct aead_alg alg)
{
	const struct encr_info *encr = encr_find(alg.encr);
	const struct integ_info *integ = integ_find(alg.integ);
	size_t key = encr ? key_len_of(encr, alg.key_bits) : 0;
	bool is_aead = encr && encr->mode >= MODE_GCM;

	if (!key || (is_aead ? alg.integ != INTEG_NONE : !integ))
		return (struct aead_sizes){ 0 };
	return (struct aead_sizes){ .enc_len = key + encr->salt_len,
				    .auth_len = is_aead ? 0 : prf_len(integ->prf),
				    .iv_len = encr->iv_len,
				    .icv_len = is_aead ? encr->icv_len : integ->icv_len,
				    .block = encr->block };
}

typedef const EVP_CIPHER *(*cipher_fn)(void);

static const EVP_CIPHER *cipher_of(const struct encr_info *info, uint16_t key_bits)
{
	static const cipher_fn aes[][3] = {
		[MODE_CBC] = { EVP_aes_128_cbc, EVP_aes_192_cbc, EVP_aes_256_cbc },
		[MODE_CTR] = { EVP_aes_128_ctr, EVP_aes_192_ctr, EVP_aes_256_ctr },
		[MODE_GCM] = { EVP_aes_128_gcm, EVP_aes_192_gcm, EVP_aes_256_gcm },
		[MODE_CCM] = { EVP_aes_128_ccm, EVP_aes_192_ccm, EVP_aes_256_ccm },
	};

	if (info->id == ENCR_3DES)
		return EVP_des_ede3_cbc();
	if (info->mode == MODE_CHACHA)
		return EVP_chacha20_poly1305();
	return aes[info->mode][(key_bits - 128) / 64]();
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
	const EVP_CIPHER *cipher = cipher_of(info, key->alg.key_bits);
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

	wr_bytes(&w, key->enc + key_len_of(info, key->alg.key_bits), info->salt_len);
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
