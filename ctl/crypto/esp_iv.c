/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IVs for CBC, which nobody may predict (RFC 3602 3, NIST SP 800-38A appendix C): the sequence
 * number, enciphered by AES under a random key of this process and SA alone. Not under the SA's
 * own key: whoever chooses plaintexts may have had that one encipher a sequence number.
 */
#include "crypto/esp_in.h"

#include <openssl/evp.h>
#include "crypto/random.h"
#include "crypto/secret.h"

#define BLOCK 16

EVP_CIPHER_CTX *esp_iv_cipher(void)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[BLOCK];

	if (!ctx || random_bytes(key, sizeof(key)) ||
	    EVP_EncryptInit_ex2(ctx, EVP_aes_128_ecb(), key, NULL, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	}
	secret_wipe(key, sizeof(key));
	return ctx;
}

bool esp_iv_hide(const struct esp_key *key, uint64_t seq, uint8_t *ret_iv)
{
	uint8_t block[BLOCK] = { 0 };
	int n;

	memcpy(block, &seq, sizeof(seq));
	if (EVP_EncryptUpdate(key->iv_cipher, block, &n, block, BLOCK) != 1 || n != BLOCK)
		return false;
	memcpy(ret_iv, block, key->iv_len);
	return true;
}
