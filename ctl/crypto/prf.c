/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/prf.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include "crypto/secret.h"

#define PRF_PLUS_BLOCKS 255 /* the block counter is one byte, RFC 7296 2.13 */
#define PRF_PLUS_PARTS 8

struct prf_info {
	uint16_t id;
	size_t len;
	const char *digest;
};

static const struct prf_info prfs[] = {
	{ PRF_HMAC_SHA2_256, 32, "SHA2-256" },
	{ PRF_HMAC_SHA2_384, 48, "SHA2-384" },
	{ PRF_HMAC_SHA2_512, 64, "SHA2-512" },
};

static const struct prf_info *prf_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(prfs); i++)
		if (prfs[i].id == id)
			return &prfs[i];
	return NULL;
}

size_t prf_len(uint16_t prf)
{
	const struct prf_info *info = prf_find(prf);

	return info ? info->len : 0;
}

/* A keyed HMAC context; NULL: OpenSSL failed. */
static EVP_MAC_CTX *hmac_new(const struct prf_info *info, struct reader key)
{
	static const unsigned char none[1]; /* OpenSSL takes a NULL key for "no key given" */
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)info->digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	if (ctx && EVP_MAC_init(ctx, key.at ? key.at : none, rd_left(&key), params) != 1) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

/* One round: restarts ctx with the same key. */
static int hmac_run(EVP_MAC_CTX *ctx, const struct reader *parts, size_t n_parts, uint8_t *ret_out)
{
	size_t len;

	if (EVP_MAC_init(ctx, NULL, 0, NULL) != 1)
		return -EIO;
	for (size_t i = 0; i < n_parts; i++)
		if (rd_more(&parts[i]) && EVP_MAC_update(ctx, parts[i].at, rd_left(&parts[i])) != 1)
			return -EIO;
	return EVP_MAC_final(ctx, ret_out, &len, PRF_LEN_MAX) == 1 ? 0 : -EIO;
}

int prf_compute(uint16_t prf, struct reader key, const struct reader *parts, size_t n_parts,
		uint8_t *ret_out)
{
	const struct prf_info *info = prf_find(prf);
	uint8_t out[PRF_LEN_MAX];

	if (!info)
		return -ENOTSUP;
	EVP_MAC_CTX *ctx = hmac_new(info, key);
	int err = ctx ? hmac_run(ctx, parts, n_parts, out) : -EIO;
	EVP_MAC_CTX_free(ctx);
	if (!err)
		memcpy(ret_out, out, info->len);
	secret_wipe(out, sizeof(out));
	return err;
}

/* T1 = prf(K, S | 1), Tn = prf(K, Tn-1 | S | n). all[0] is Tn-1, the last one is n. */
static int plus_blocks(EVP_MAC_CTX *ctx, size_t block, struct reader *all, size_t n_all,
		       uint8_t *ret_out, size_t len)
{
	uint8_t t[PRF_LEN_MAX], counter = 0;
	int err = 0;

	all[n_all - 1] = rd_from(&counter, 1);
	while (len && !err) {
		size_t n = len < block ? len : block;

		counter++;
		err = hmac_run(ctx, all, n_all, t);
		if (!err)
			memcpy(ret_out, t, n);
		all[0] = rd_from(t, block);
		ret_out += n;
		len -= n;
	}
	secret_wipe(t, sizeof(t));
	return err;
}

int prf_plus(uint16_t prf, struct reader key, const struct reader *parts, size_t n_parts,
	     uint8_t *ret_out, size_t len)
{
	const struct prf_info *info = prf_find(prf);
	struct reader all[PRF_PLUS_PARTS + 2] = { 0 };

	if (!info)
		return -ENOTSUP;
	if (n_parts > PRF_PLUS_PARTS || len > PRF_PLUS_BLOCKS * info->len)
		return -ERANGE;
	for (size_t i = 0; i < n_parts; i++)
		all[i + 1] = parts[i];
	EVP_MAC_CTX *ctx = hmac_new(info, key);
	int err = ctx ? plus_blocks(ctx, info->len, all, n_parts + 2, ret_out, len) : -EIO;
	EVP_MAC_CTX_free(ctx);
	return err;
}
