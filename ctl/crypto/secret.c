/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/secret.h"

#include <openssl/crypto.h>

void secret_wipe(void *secret, size_t len)
{
	if (len)
		OPENSSL_cleanse(secret, len);
}

bool memeq_ct(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}
