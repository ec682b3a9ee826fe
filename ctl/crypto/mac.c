/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/mac.h"

#include <errno.h>
#include <stdlib.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include "crypto/secret.h"

struct mac {
	EVP_MAC_CTX *evp;    /* HMAC and CMAC */
	EVP_CIPHER_CTX *aes; /* XCBC: AES with K1 */
	uint8_t k2[MAC_AES_LEN],
		k3[MAC_AES_LEN]; /* XCBC: for a whole and for a padded last block */
};

/* ---- AES-128-XCBC, RFC 3566 4 -------------------------------------------------- */

static bool aes_block(EVP_CIPHER_CTX *aes, const uint8_t in[MAC_AES_LEN], uint8_t out[MAC_AES_LEN])
{
	int n;

	return EVP_EncryptUpdate(aes, out, &n, in, MAC_AES_LEN) == 1 && n == MAC_AES_LEN;
}

static bool aes_key(EVP_CIPHER_CTX *aes, const uint8_t key[MAC_AES_LEN])
{
	return EVP_EncryptInit_ex2(aes, EVP_aes_128_ecb(), key, NULL, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(aes, 0) == 1;
}

/* K1, K2, K3 = the key's encryption of 0x01.., 0x02.., 0x03.. */
static bool xcbc_key(struct mac *mac, const uint8_t key[MAC_AES_LEN])
{
	uint8_t in[MAC_AES_LEN], k1[MAC_AES_LEN];
	bool ok = aes_key(mac->aes, key);

	memset(in, 1, sizeof(in));
	ok = ok && aes_block(mac->aes, in, k1);
	memset(in, 2, sizeof(in));
	ok = ok && aes_block(mac->aes, in, mac->k2);
	memset(in, 3, sizeof(in));
	ok = ok && aes_block(mac->aes, in, mac->k3) && aes_key(mac->aes, k1);
	secret_wipe(k1, sizeof(k1));
	return ok;
}

/* E[i] = AES(K1, M[i] xor E[i-1]) */
static bool xcbc_absorb(const struct mac *mac, const uint8_t block[MAC_AES_LEN],
			const uint8_t *last_key, uint8_t e[MAC_AES_LEN])
{
	for (size_t i = 0; i < MAC_AES_LEN; i++)
		e[i] ^= block[i] ^ (last_key ? last_key[i] : 0);
	return aes_block(mac->aes, e, e);
}

static int xcbc_run(const struct mac *mac, const struct reader *parts, size_t n_parts,
		    uint8_t *ret_out)
{
	uint8_t e[MAC_AES_LEN] = { 0 }, block[MAC_AES_LEN] = { 0 };
	size_t have = 0;
	bool ok = true;

	for (size_t i = 0; i < n_parts; i++) {
		struct reader part = parts[i];

		while (rd_more(&part) && ok) {
			if (have == MAC_AES_LEN) { /* not the last one, then */
				ok = xcbc_absorb(mac, block, NULL, e);
				have = 0;
			}
			block[have++] = rd_u8(&part);
		}
	}
	bool is_whole = have == MAC_AES_LEN;
	if (!is_whole) {
		memset(block + have, 0, MAC_AES_LEN - have);
		block[have] = 0x80;
	}
	ok = ok && xcbc_absorb(mac, block, is_whole ? mac->k2 : mac->k3, e);
	if (ok)
		memcpy(ret_out, e, sizeof(e));
	return ok ? 0 : -EIO;
}

/* ---- HMAC and CMAC --------------------------------------------------------------- */

static bool evp_key(struct mac *mac, enum mac_kind kind, const char *digest, struct reader key)
{
	static const unsigned char none[1]; /* OpenSSL takes a NULL key for "no key given" */
	bool is_hmac = kind == MAC_HMAC;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(is_hmac ? OSSL_MAC_PARAM_DIGEST
							 : OSSL_MAC_PARAM_CIPHER,
						 (char *)(is_hmac ? digest : "AES-128-CBC"), 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *evp = EVP_MAC_fetch(NULL, is_hmac ? "HMAC" : "CMAC", NULL);

	mac->evp = evp ? EVP_MAC_CTX_new(evp) : NULL;
	EVP_MAC_free(evp);
	return mac->evp &&
	       EVP_MAC_init(mac->evp, key.at ? key.at : none, rd_left(&key), params) == 1;
}

/* Restarts with the same key. */
static int evp_run(EVP_MAC_CTX *evp, const struct reader *parts, size_t n_parts, uint8_t *ret_out)
{
	size_t len;

	if (EVP_MAC_init(evp, NULL, 0, NULL) != 1)
		return -EIO;
	for (size_t i = 0; i < n_parts; i++)
		if (rd_more(&parts[i]) && EVP_MAC_update(evp, parts[i].at, rd_left(&parts[i])) != 1)
			return -EIO;
	return EVP_MAC_final(evp, ret_out, &len, MAC_LEN_MAX) == 1 ? 0 : -EIO;
}

/* ---- All ------------------------------------------------------------------------- */

struct mac *mac_new(enum mac_kind kind, const char *digest, struct reader key)
{
	struct mac *mac = calloc(1, sizeof(*mac));
	bool ok = mac && (kind == MAC_HMAC || rd_left(&key) == MAC_AES_LEN);

	if (ok && kind == MAC_XCBC) {
		mac->aes = EVP_CIPHER_CTX_new();
		ok = mac->aes && xcbc_key(mac, key.at);
	} else if (ok) {
		ok = evp_key(mac, kind, digest, key);
	}
	if (ok)
		return mac;
	mac_free(mac);
	return NULL;
}

int mac_run(struct mac *mac, const struct reader *parts, size_t n_parts,
	    uint8_t ret_out[MAC_LEN_MAX])
{
	return mac->aes ? xcbc_run(mac, parts, n_parts, ret_out)
			: evp_run(mac->evp, parts, n_parts, ret_out);
}

void mac_free(struct mac *mac)
{
	if (!mac)
		return;
	EVP_MAC_CTX_free(mac->evp);
	EVP_CIPHER_CTX_free(mac->aes);
	secret_wipe(mac, sizeof(*mac));
	free(mac);
}
