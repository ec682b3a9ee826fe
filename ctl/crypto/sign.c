/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/sign.h"

#include <errno.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#define ECDSA_DER_MAX 160 /* two integers of 66 bytes */

static const EVP_MD *md_of(const struct scheme *scheme)
{
	switch (scheme->hash) {
	case SIGN_SHA2_256:
		return EVP_sha256();
	case SIGN_SHA2_384:
		return EVP_sha384();
	case SIGN_SHA2_512:
		return EVP_sha512();
	default:
		return NULL; /* SIGN_IDENTITY */
	}
}

static bool is_of_curve(const struct scheme *scheme, const struct key *key)
{
	char name[32] = "";

	return !scheme->curve ||
	       (EVP_PKEY_get_group_name((EVP_PKEY *)key, name, sizeof(name), NULL) == 1 &&
		strcmp(name, scheme->curve) == 0);
}

static bool pad(const struct scheme *scheme, EVP_PKEY_CTX *ctx)
{
	if (scheme->type != KEY_RSA)
		return true;
	if (!scheme->is_pss)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

/* Bytes of r and of s. */
static size_t half_len(const struct key *key)
{
	return ((size_t)EVP_PKEY_get_bits((EVP_PKEY *)key) + 7) / 8;
}

/* RFC 4754 7: r | s, each as long as the curve's field. */
static int to_raw(const struct key *key, uint8_t *signature, size_t *len)
{
	const uint8_t *at = signature;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)*len);
	int half = (int)half_len(key);
	bool is_good = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, half) == half &&
		       BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + half, half) == half;

	ECDSA_SIG_free(sig);
	*len = 2 * (size_t)half;
	return is_good ? 0 : -EIO;
}

static int from_raw(const struct key *key, struct reader raw, uint8_t der[ECDSA_DER_MAX],
		    size_t *ret_len)
{
	size_t half = half_len(key);
	ECDSA_SIG *sig = rd_left(&raw) == 2 * half ? ECDSA_SIG_new() : NULL;
	int len = 0;

	if (!sig)
		return -EBADMSG;
	BIGNUM *r = BN_bin2bn(raw.at, (int)half, NULL);
	BIGNUM *s = BN_bin2bn(raw.at + half, (int)half, NULL);
	if (r && s && ECDSA_SIG_set0(sig, r, s) && i2d_ECDSA_SIG(sig, NULL) <= ECDSA_DER_MAX)
		len = i2d_ECDSA_SIG(sig, &der);
	ECDSA_SIG_free(sig);
	*ret_len = (size_t)len;
	return len > 0 ? 0 : -EBADMSG;
}

int sign_make(const struct scheme *scheme, const struct key *key, struct reader octets,
	      uint8_t *ret_signature, size_t *ret_len)
{
	EVP_MD_CTX *ctx;
	EVP_PKEY_CTX *pctx = NULL;
	size_t len = SIGN_LEN_MAX;
	int err = -EIO;

	if (scheme->type != key_type(key) || !is_of_curve(scheme, key))
		return -EINVAL;
	ctx = EVP_MD_CTX_new();
	if (ctx && EVP_DigestSignInit(ctx, &pctx, md_of(scheme), NULL, (EVP_PKEY *)key) > 0 &&
	    pad(scheme, pctx) &&
	    EVP_DigestSign(ctx, ret_signature, &len, octets.at, rd_left(&octets)) > 0)
		err = scheme->curve ? to_raw(key, ret_signature, &len) : 0;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	if (!err)
		*ret_len = len;
	return err;
}

int sign_check(const struct scheme *scheme, const struct key *key, struct reader octets,
	       struct reader signature)
{
	uint8_t der[ECDSA_DER_MAX];
	EVP_PKEY_CTX *pctx = NULL;
	EVP_MD_CTX *ctx;
	int err = -EBADMSG;

	if (scheme->type != key_type(key) || !is_of_curve(scheme, key))
		return -EINVAL;
	if (scheme->curve) {
		size_t len;

		if (from_raw(key, signature, der, &len))
			return -EBADMSG;
		signature = rd_from(der, len);
	}
	ctx = EVP_MD_CTX_new();
	if (ctx && EVP_DigestVerifyInit(ctx, &pctx, md_of(scheme), NULL, (EVP_PKEY *)key) > 0 &&
	    pad(scheme, pctx) &&
	    EVP_DigestVerify(ctx, signature.at, rd_left(&signature), octets.at,
			     rd_left(&octets)) == 1)
		err = 0;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return err;
}
