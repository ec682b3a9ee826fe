/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All methods through OpenSSL's EVP_PKEY. What differs is the form of a public value: x25519,
 * x448 and ML-KEM have raw bytes; ECP and Brainpool have x | y, OpenSSL wants a byte 4 before
 * them (SEC 1 2.3.3); MODP has a number padded with leading zeros.
 */
#include "crypto/ke.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include "crypto/secret.h"

#define EC_UNCOMPRESSED 4
#define EC_POINT_MAX (1 + 132) /* ecp521 */

enum ke_form {
	FORM_RAW,
	FORM_POINT,
	FORM_NUMBER,
	FORM_KEM,
};

struct ke_info {
	uint16_t id;
	enum ke_form form;
	const char *type, *group; /* OpenSSL's names */
	size_t public_len, secret_len;
	size_t answer_len; /* 0: as public_len */
};

/* RFC 8031; RFC 5903; RFC 6954; RFC 3526; draft-ietf-ipsecme-ikev2-mlkem with FIPS 203, table 3. */
static const struct ke_info infos[] = {
	{ KE_X25519, FORM_RAW, "X25519", NULL, 32, 32, 0 },
	{ KE_X448, FORM_RAW, "X448", NULL, 56, 56, 0 },
	{ KE_ECP_256, FORM_POINT, "EC", "P-256", 64, 32, 0 },
	{ KE_ECP_384, FORM_POINT, "EC", "P-384", 96, 48, 0 },
	{ KE_ECP_521, FORM_POINT, "EC", "P-521", 132, 66, 0 },
	{ KE_BRAINPOOL_256, FORM_POINT, "EC", "brainpoolP256r1", 64, 32, 0 },
	{ KE_BRAINPOOL_384, FORM_POINT, "EC", "brainpoolP384r1", 96, 48, 0 },
	{ KE_BRAINPOOL_512, FORM_POINT, "EC", "brainpoolP512r1", 128, 64, 0 },
	{ KE_MODP_2048, FORM_NUMBER, "DH", "modp_2048", 256, 256, 0 },
	{ KE_MODP_3072, FORM_NUMBER, "DH", "modp_3072", 384, 384, 0 },
	{ KE_MODP_4096, FORM_NUMBER, "DH", "modp_4096", 512, 512, 0 },
	{ KE_MODP_6144, FORM_NUMBER, "DH", "modp_6144", 768, 768, 0 },
	{ KE_MODP_8192, FORM_NUMBER, "DH", "modp_8192", 1024, 1024, 0 },
	{ KE_ML_KEM_512, FORM_KEM, "ML-KEM-512", NULL, 800, 32, 768 },
	{ KE_ML_KEM_768, FORM_KEM, "ML-KEM-768", NULL, 1184, 32, 1088 },
	{ KE_ML_KEM_1024, FORM_KEM, "ML-KEM-1024", NULL, 1568, 32, 1568 },
};

static const struct ke_info *ke_find(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_SIZE(infos); i++)
		if (infos[i].id == id)
			return &infos[i];
	return NULL;
}

size_t ke_public_len(uint16_t group)
{
	const struct ke_info *info = ke_find(group);

	return info ? info->public_len : 0;
}

size_t ke_answer_len(uint16_t group)
{
	const struct ke_info *info = ke_find(group);

	return info && info->answer_len ? info->answer_len : ke_public_len(group);
}

size_t ke_secret_len(uint16_t group)
{
	const struct ke_info *info = ke_find(group);

	return info ? info->secret_len : 0;
}

bool ke_is_available(uint16_t group)
{
	const struct ke_info *info = ke_find(group);

	if (!info || info->form != FORM_KEM)
		return info;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, info->type, NULL);
	EVP_PKEY_CTX_free(ctx);
	return ctx;
}

static EVP_PKEY *key_generate(const struct ke_info *info)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, info->type, NULL);
	EVP_PKEY *key = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)info->group,
						 0),
		OSSL_PARAM_construct_end(),
	};
	bool ok = ctx && EVP_PKEY_keygen_init(ctx) == 1 &&
		  (!info->group || EVP_PKEY_CTX_set_params(ctx, params) == 1) &&
		  EVP_PKEY_generate(ctx, &key) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok ? key : NULL;
}

/* The public value of a key in a KE payload's form. */
static int public_export(const struct ke_info *info, const EVP_PKEY *key, uint8_t *ret_value)
{
	uint8_t point[EC_POINT_MAX];
	size_t len = info->public_len;
	BIGNUM *y = NULL;
	int ok;

	switch (info->form) {
	case FORM_RAW:
	case FORM_KEM:
		return EVP_PKEY_get_raw_public_key(key, ret_value, &len) == 1 ? 0 : -EIO;
	case FORM_POINT:
		if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point,
						    sizeof(point), &len) != 1 ||
		    len != 1 + info->public_len || point[0] != EC_UNCOMPRESSED)
			return -EIO;
		memcpy(ret_value, point + 1, info->public_len);
		return 0;
	default:
		ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PUB_KEY, &y) == 1 &&
		     BN_bn2binpad(y, ret_value, (int)len) == (int)len;
		BN_free(y);
		return ok ? 0 : -EIO;
	}
}

/* Adds group, public value and (if there is one) private value; the BIGNUMs are the caller's. */
static bool params_push(OSSL_PARAM_BLD *bld, const struct ke_info *info, const uint8_t *point,
			const BIGNUM *public_number, const BIGNUM *private_number)
{
	bool ok = OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, info->group, 0);

	if (info->form == FORM_POINT)
		ok = ok && OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point,
							    1 + info->public_len);
	else
		ok = ok && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PUB_KEY, public_number);
	if (private_number)
		ok = ok && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, private_number);
	return ok;
}

static EVP_PKEY *key_from_params(const struct ke_info *info, OSSL_PARAM *params, int selection)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, info->type, NULL);
	EVP_PKEY *key = NULL;

	if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* A key of FORM_POINT or FORM_NUMBER from the wire form; private_value is empty for a peer's key.
 */
static EVP_PKEY *key_import(const struct ke_info *info, struct reader public_value,
			    struct reader private_value)
{
	bool is_pair = rd_more(&private_value);
	int selection = is_pair ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
	uint8_t point[EC_POINT_MAX] = { EC_UNCOMPRESSED };
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (info->form == FORM_POINT)
		memcpy(point + 1, public_value.at, info->public_len);
	BIGNUM *y = BN_bin2bn(public_value.at, (int)rd_left(&public_value), NULL);
	BIGNUM *x = is_pair ? BN_secure_new() : NULL;
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	if (x && !BN_bin2bn(private_value.at, (int)rd_left(&private_value), x))
		goto out;
	if (y && bld && (x || !is_pair) && params_push(bld, info, point, y, x))
		params = OSSL_PARAM_BLD_to_param(bld);
	key = key_from_params(info, params, selection);
out:
	OSSL_PARAM_BLD_free(bld);
	OSSL_PARAM_free(params);
	BN_clear_free(x);
	BN_free(y);
	return key;
}

/* The peer's key, checked; NULL: not a public value of this method. The quick check is range (1 < y
 * < p-1) and, of a point, on the curve; no group here has other small subgroups than those of
 * x25519 and x448, which give an all-zero secret. ML-KEM's import checks the modulus (FIPS
 * 203 7.2). */
static EVP_PKEY *key_of_peer(const struct ke_info *info, struct reader value)
{
	const struct reader none = { 0 };

	if (info->form == FORM_RAW || info->form == FORM_KEM)
		return EVP_PKEY_new_raw_public_key_ex(NULL, info->type, NULL, value.at,
						      rd_left(&value));
	EVP_PKEY *key = key_import(info, value, none);
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	bool ok = ctx && EVP_PKEY_public_check_quick(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	if (!ok) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static int pair_from_key(const struct ke_info *info, EVP_PKEY *key, struct ke_pair *ret_pair)
{
	struct ke_pair pair = { .group = info->id, .key = key, .public_len = info->public_len };

	if (public_export(info, key, pair.public_value)) {
		EVP_PKEY_free(key);
		return -EIO;
	}
	*ret_pair = pair;
	return 0;
}

int ke_generate(uint16_t group, struct ke_pair *ret_pair)
{
	const struct ke_info *info = ke_find(group);

	if (!info)
		return -ENOTSUP;
	EVP_PKEY *key = key_generate(info);
	return key ? pair_from_key(info, key, ret_pair) : -EIO;
}

int ke_load(uint16_t group, struct reader private_value, struct reader public_value,
	    struct ke_pair *ret_pair)
{
	const struct ke_info *info = ke_find(group);
	EVP_PKEY *key;

	if (!info)
		return -ENOTSUP;
	if (rd_left(&public_value) != info->public_len)
		return -EBADMSG;
	if (info->form == FORM_RAW || info->form == FORM_KEM)
		key = EVP_PKEY_new_raw_private_key_ex(NULL, info->type, NULL, private_value.at,
						      rd_left(&private_value));
	else
		key = key_import(info, public_value, private_value);
	return key ? pair_from_key(info, key, ret_pair) : -EBADMSG;
}

static int derive(EVP_PKEY *ours, EVP_PKEY *theirs, const struct ke_info *info, uint8_t *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
	size_t len = info->secret_len;
	bool ok = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
		  (info->form != FORM_NUMBER || EVP_PKEY_CTX_set_dh_pad(ctx, 1) == 1) &&
		  EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) == 1 &&
		  EVP_PKEY_derive(ctx, out, &len) == 1 && len == info->secret_len;

	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : -EBADMSG;
}

/* FIPS 203 7.3. A ciphertext that was not made for our key gives another secret, not an error. */
static int decapsulate(EVP_PKEY *ours, struct reader ciphertext, uint8_t *out, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
	size_t got = len;
	bool ok = ctx && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
		  EVP_PKEY_decapsulate(ctx, out, &got, ciphertext.at, rd_left(&ciphertext)) == 1 &&
		  got == len;

	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : -EBADMSG;
}

/* FIPS 203 7.2. */
static int encapsulate(EVP_PKEY *theirs, const struct ke_info *info, uint8_t *ciphertext,
		       uint8_t *secret)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, theirs, NULL);
	size_t len = info->answer_len, secret_len = info->secret_len;
	bool ok = ctx && EVP_PKEY_encapsulate_init(ctx, NULL) == 1 &&
		  EVP_PKEY_encapsulate(ctx, ciphertext, &len, secret, &secret_len) == 1 &&
		  len == info->answer_len && secret_len == info->secret_len;

	EVP_PKEY_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

int ke_shared(const struct ke_pair *pair, struct reader their_public,
	      uint8_t ret_secret[KE_SECRET_MAX])
{
	static const uint8_t zero[KE_SECRET_MAX];
	const struct ke_info *info = ke_find(pair->group);
	uint8_t secret[KE_SECRET_MAX];

	if (!info || !pair->key || rd_left(&their_public) != ke_answer_len(info->id))
		return -EBADMSG;
	if (info->form == FORM_KEM)
		return decapsulate(pair->key, their_public, ret_secret, info->secret_len);
	EVP_PKEY *theirs = key_of_peer(info, their_public);
	int err = theirs ? derive(pair->key, theirs, info, secret) : -EBADMSG;
	if (!err && memeq_ct(secret, zero, info->secret_len)) /* RFC 7748 6.1 */
		err = -EBADMSG;
	if (!err)
		memcpy(ret_secret, secret, info->secret_len);
	EVP_PKEY_free(theirs);
	secret_wipe(secret, sizeof(secret));
	return err;
}

static int kem_answer(const struct ke_info *info, struct reader their_public,
		      struct ke_pair *ret_pair, uint8_t *ret_secret)
{
	if (rd_left(&their_public) != info->public_len)
		return -EBADMSG;
	EVP_PKEY *theirs = key_of_peer(info, their_public);
	int err = theirs ? encapsulate(theirs, info, ret_pair->public_value, ret_secret) : -EBADMSG;
	EVP_PKEY_free(theirs);
	if (err)
		return err;
	ret_pair->group = info->id;
	ret_pair->public_len = info->answer_len;
	return 0;
}

int ke_answer(uint16_t group, struct reader their_public, struct ke_pair *ret_pair,
	      uint8_t ret_secret[KE_SECRET_MAX])
{
	const struct ke_info *info = ke_find(group);

	if (info && info->form == FORM_KEM)
		return kem_answer(info, their_public, ret_pair, ret_secret);
	int err = ke_generate(group, ret_pair);
	return err ? err : ke_shared(ret_pair, their_public, ret_secret);
}

void ke_fini(struct ke_pair *pair)
{
	EVP_PKEY_free(pair->key);
	secret_wipe(pair, sizeof(*pair));
}
