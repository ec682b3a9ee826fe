/* SPDX-License-Identifier: BSD-2-Clause */
/* What the encryption and integrity algorithms of IKE and ESP are like: lengths in bytes and
 * modes, by IANA's transform ids. The one home of these numbers. */
#ifndef CRYPTO_ALG_H
#define CRYPTO_ALG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sekisho/ike_num.h>

/* The algorithms of one SA. */
struct aead_alg {
	uint16_t encr;	   /* enum encr_id */
	uint16_t key_bits; /* of AES; 0 for what has one key length only */
	uint16_t integ;	   /* enum integ_id; INTEG_NONE with AEAD */
};

enum cipher_mode {
	MODE_NULL, /* ESP only */
	MODE_CBC,
	MODE_CTR,
	MODE_GCM, /* this and what follows authenticates by itself */
	MODE_CCM,
	MODE_CHACHA,
	MODE_GMAC, /* ESP only: no encryption */
};

struct encr_info {
	uint16_t id;
	enum cipher_mode mode;
	uint8_t salt_len, iv_len, icv_len;
	uint8_t block;	 /* the text with padding is a multiple of this */
	bool has_bits;	 /* AES: the key length attribute says how long the key is */
	uint8_t key_len; /* otherwise */
};

struct integ_info {
	uint16_t id, prf; /* key and full output are as long as the PRF's */
	uint8_t icv_len;  /* the output is cut to that */
};

/* NULL: not known here. */
const struct encr_info *encr_find(uint16_t id);
const struct integ_info *integ_find(uint16_t id);
/* Cipher key without salt; 0: no such length, or NULL encryption. */
size_t encr_key_len(const struct encr_info *info, uint16_t key_bits);
/* Authenticates by itself: no integrity algorithm beside it. */
bool encr_is_aead(uint16_t encr);
/* OpenSSL's EVP_CIPHER for a key length that encr_key_len() takes; not for NULL encryption. */
const struct evp_cipher_st *encr_evp(const struct encr_info *info, uint16_t key_bits);

#endif
