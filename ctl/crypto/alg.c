/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/alg.h"

#include <openssl/evp.h>
#include "base/must.h"

static const struct encr_info encrs[] = {
	{ ENCR_3DES, MODE_CBC, 0, 8, 0, 8, false, 24 },	   /* RFC 2451 */
	{ ENCR_NULL, MODE_NULL, 0, 0, 0, 1, false, 0 },	   /* RFC 2410 */
	{ ENCR_AES_CBC, MODE_CBC, 0, 16, 0, 16, true, 0 }, /* RFC 3602 */
	{ ENCR_AES_CTR, MODE_CTR, 4, 8, 0, 1, true, 0 },   /* RFC 3686, 5930 */
	{ ENCR_AES_CCM_8, MODE_CCM, 3, 8, 8, 1, true, 0 }, /* RFC 4309, 5282 */
	{ ENCR_AES_CCM_12, MODE_CCM, 3, 8, 12, 1, true, 0 },
	{ ENCR_AES_CCM_16, MODE_CCM, 3, 8, 16, 1, true, 0 },
	{ ENCR_AES_GCM_8, MODE_GCM, 4, 8, 8, 1, true, 0 }, /* RFC 4106, 5282 */
	{ ENCR_AES_GCM_12, MODE_GCM, 4, 8, 12, 1, true, 0 },
	{ ENCR_AES_GCM_16, MODE_GCM, 4, 8, 16, 1, true, 0 },
	{ ENCR_NULL_AUTH_AES_GMAC, MODE_GMAC, 4, 8, 16, 1, true, 0 },	 /* RFC 4543 */
	{ ENCR_CHACHA20_POLY1305, MODE_CHACHA, 4, 8, 16, 1, false, 32 }, /* RFC 7634 */
};

/* RFC 2404, 3566, 4494, 4868. */
static const struct integ_info integs[] = {
	{ INTEG_HMAC_SHA1_96, PRF_HMAC_SHA1, 12 },
	{ INTEG_AES_XCBC_96, PRF_AES128_XCBC, 12 },
	{ INTEG_AES_CMAC_96, PRF_AES128_CMAC, 12 },
	{ INTEG_HMAC_SHA2_256_128, PRF_HMAC_SHA2_256, 16 },
	{ INTEG_HMAC_SHA2_384_192, PRF_HMAC_SHA2_384, 24 },
	{ INTEG_HMAC_SHA2_512_256, PRF_HMAC_SHA2_512, 32 },
};

const struct encr_info *encr_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(encrs); i++)
		if (encrs[i].id == id)
			return &encrs[i];
	return NULL;
}

const struct integ_info *integ_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(integs); i++)
		if (integs[i].id == id)
			return &integs[i];
	return NULL;
}

size_t encr_key_len(const struct encr_info *info, uint16_t key_bits)
{
	if (!info->has_bits)
		return key_bits ? 0 : info->key_len;
	return key_bits == 128 || key_bits == 192 || key_bits == 256 ? key_bits / 8 : 0;
}

bool encr_is_aead(uint16_t encr)
{
	const struct encr_info *info = encr_find(encr);

	return info && info->mode >= MODE_GCM;
}

typedef const EVP_CIPHER *(*cipher_fn)(void);

const EVP_CIPHER *encr_evp(const struct encr_info *info, uint16_t key_bits)
{
	static const cipher_fn aes[][3] = {
		[MODE_CBC] = { EVP_aes_128_cbc, EVP_aes_192_cbc, EVP_aes_256_cbc },
		[MODE_CTR] = { EVP_aes_128_ctr, EVP_aes_192_ctr, EVP_aes_256_ctr },
		[MODE_GCM] = { EVP_aes_128_gcm, EVP_aes_192_gcm, EVP_aes_256_gcm },
		[MODE_CCM] = { EVP_aes_128_ccm, EVP_aes_192_ccm, EVP_aes_256_ccm },
		[MODE_GMAC] = { EVP_aes_128_gcm, EVP_aes_192_gcm, EVP_aes_256_gcm },
	};

	if (info->id == ENCR_3DES)
		return EVP_des_ede3_cbc();
	if (info->mode == MODE_CHACHA)
		return EVP_chacha20_poly1305();
	return aes[info->mode][(key_bits - 128) / 64]();
}
