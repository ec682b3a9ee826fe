/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/digest.h"

#include <errno.h>
#include <openssl/evp.h>

static int digest(const EVP_MD *md, const struct reader *parts, size_t n_parts, uint8_t *ret_out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex2(ctx, md, NULL) == 1;

	for (size_t i = 0; ok && i < n_parts; i++)
		if (rd_more(&parts[i]))
			ok = EVP_DigestUpdate(ctx, parts[i].at, rd_left(&parts[i])) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, ret_out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

int digest_md5(const struct reader *parts, size_t n_parts, uint8_t ret_out[MD5_LEN])
{
	return digest(EVP_md5(), parts, n_parts, ret_out);
}

int digest_sha1(const struct reader *parts, size_t n_parts, uint8_t ret_out[SHA1_LEN])
{
	return digest(EVP_sha1(), parts, n_parts, ret_out);
}

int digest_sha256(const struct reader *parts, size_t n_parts, uint8_t ret_out[SHA256_LEN])
{
	return digest(EVP_sha256(), parts, n_parts, ret_out);
}
