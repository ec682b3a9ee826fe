/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of ways to sign, and which one is meant: by a word, by our key, by an AUTH payload. */
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include "base/addr.h"
#include "crypto/sign.h"

enum { METHOD_RSA_SHA1 = 1, METHOD_DIGITAL_SIGNATURE = 14 };

/* AlgorithmIdentifiers, RFC 7427 appendix A and RFC 8420 appendix A. */
#define RSA_ID(n) \
	{ 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, n, 0x05, 0x00 }
#define SHA2_ID(n) \
	0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, n, 0x05, 0x00
#define PSS_ID(n, salt)                                                                        \
	{ 0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30,  \
	  0x34, 0xa0, 0x0f, SHA2_ID(n), 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48,  \
	  0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, SHA2_ID(n), 0xa2, 0x03, 0x02, 0x01, salt }
#define ECDSA_ID(n) { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, n }
#define EDDSA_ID(n) { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, n }

static const uint8_t rsa_256[] = RSA_ID(0x0b), rsa_384[] = RSA_ID(0x0c), rsa_512[] = RSA_ID(0x0d);
static const uint8_t pss_256[] = PSS_ID(1, 32), pss_384[] = PSS_ID(2, 48);
static const uint8_t pss_512[] = PSS_ID(3, 64);
static const uint8_t ec_256[] = ECDSA_ID(2), ec_384[] = ECDSA_ID(3), ec_512[] = ECDSA_ID(4);
static const uint8_t ed_25519[] = EDDSA_ID(0x70), ed_448[] = EDDSA_ID(0x71);
static const uint8_t rsa_sha1[] = RSA_ID(0x05);
static const uint8_t ec_sha1[] = { 0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 1 };

#define BY_ID(name, type, hash, is_pss, id) \
	{ name, METHOD_DIGITAL_SIGNATURE, type, hash, is_pss, NULL, id, sizeof(id) }
#define BY_METHOD(name, method, hash, curve) { name, method, KEY_EC, hash, false, curve, NULL, 0 }

/* Of those that fit, the first is taken: PKCS#1 before PSS, as strongSwan does, since more
 * peers know it. */
static const struct scheme schemes[] = {
	BY_ID("RSA with SHA2-256", KEY_RSA, SIGN_SHA2_256, false, rsa_256),
	BY_ID("RSA with SHA2-384", KEY_RSA, SIGN_SHA2_384, false, rsa_384),
	BY_ID("RSA with SHA2-512", KEY_RSA, SIGN_SHA2_512, false, rsa_512),
	BY_ID("RSASSA-PSS with SHA2-256", KEY_RSA, SIGN_SHA2_256, true, pss_256),
	BY_ID("RSASSA-PSS with SHA2-384", KEY_RSA, SIGN_SHA2_384, true, pss_384),
	BY_ID("RSASSA-PSS with SHA2-512", KEY_RSA, SIGN_SHA2_512, true, pss_512),
	BY_ID("ECDSA with SHA2-256", KEY_EC, SIGN_SHA2_256, false, ec_256),
	BY_ID("ECDSA with SHA2-384", KEY_EC, SIGN_SHA2_384, false, ec_384),
	BY_ID("ECDSA with SHA2-512", KEY_EC, SIGN_SHA2_512, false, ec_512),
	BY_ID("Ed25519", KEY_ED25519, SIGN_IDENTITY, false, ed_25519),
	BY_ID("Ed448", KEY_ED448, SIGN_IDENTITY, false, ed_448),
	BY_METHOD("ECDSA P-256 with SHA2-256 (RFC 4754)", 9, SIGN_SHA2_256, "prime256v1"),
	BY_METHOD("ECDSA P-384 with SHA2-384 (RFC 4754)", 10, SIGN_SHA2_384, "secp384r1"),
	BY_METHOD("ECDSA P-521 with SHA2-512 (RFC 4754)", 11, SIGN_SHA2_512, "secp521r1"),
};

uint32_t scheme_bit(const struct scheme *scheme)
{
	return 1u << (scheme - schemes);
}

/* ---- Words of the configuration ---------------------------------------------------- */

static bool is_of_word(const struct scheme *s, const char *word, size_t len)
{
	static const struct {
		const char *word;
		uint8_t type;
	} words[] = {
		{ "pubkey", 0 },	   { "rsa", KEY_RSA },	       { "rsa/pss", KEY_RSA },
		{ "ecdsa", KEY_EC },	   { "ed25519", KEY_ED25519 }, { "ed448", KEY_ED448 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		bool is_pss = strchr(words[i].word, '/');

		if (strlen(words[i].word) == len && !memcmp(words[i].word, word, len))
			return !words[i].type ||
			       (words[i].type == s->type && (!is_pss || s->is_pss));
	}
	return false;
}

static int hash_of_word(const char *word, size_t len)
{
	if (len != 6)
		return 0;
	if (!memcmp(word, "sha256", len))
		return SIGN_SHA2_256;
	if (!memcmp(word, "sha384", len))
		return SIGN_SHA2_384;
	return memcmp(word, "sha512", len) ? 0 : SIGN_SHA2_512;
}

int scheme_parse(const char *text, uint32_t *ret_schemes)
{
	size_t len = strcspn(text, "-");
	uint32_t found = 0;
	unsigned hashes = 0;

	for (const char *at = text + len; *at;) {
		size_t n = strcspn(++at, "-");
		int hash = hash_of_word(at, n);

		if (!hash)
			return -EINVAL;
		hashes |= 1u << hash | 1u << SIGN_IDENTITY;
		at += n;
	}
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (is_of_word(&schemes[i], text, len) &&
		    (!hashes || hashes & 1u << schemes[i].hash))
			found |= 1u << i;
	if (!found)
		return -EINVAL;
	*ret_schemes = found;
	return 0;
}

/* ---- Ours and theirs --------------------------------------------------------------- */

static bool is_curve(const struct key *key, const char *curve)
{
	char name[32] = "";

	return EVP_PKEY_get_group_name((EVP_PKEY *)key, name, sizeof(name), NULL) == 1 &&
	       strcmp(name, curve) == 0;
}

static bool is_pss_key(const struct key *key)
{
	return EVP_PKEY_get_base_id((EVP_PKEY *)key) == EVP_PKEY_RSA_PSS;
}

/* The hash as strong as the curve goes first (RFC 7427 has no rule; strongSwan does so). */
static bool is_matched(const struct scheme *s, const struct key *key)
{
	int bits = EVP_PKEY_get_bits((EVP_PKEY *)key);
	int hash = bits <= 256 ? SIGN_SHA2_256 : bits <= 384 ? SIGN_SHA2_384 : SIGN_SHA2_512;

	return s->type != KEY_EC || s->hash == hash;
}

static bool is_usable(const struct scheme *s, const struct key *key, uint16_t their_hashes)
{
	if (s->type != key_type(key) || (is_pss_key(key) && !s->is_pss))
		return false;
	if (s->curve)
		return !their_hashes && is_curve(key, s->curve);
	return their_hashes & 1u << s->hash;
}

const struct scheme *scheme_choose(const struct key *key, uint32_t allowed, uint16_t their_hashes)
{
	const struct scheme *second = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (!(allowed & 1u << i) || !is_usable(&schemes[i], key, their_hashes))
			continue;
		if (is_matched(&schemes[i], key))
			return &schemes[i];
		second = second ? second : &schemes[i];
	}
	return second;
}

static bool is_id(struct reader id, const uint8_t *bytes, size_t len)
{
	return rd_left(&id) == len && !memcmp(id.at, bytes, len);
}

/*  RFC 7427 3:   length:8   AlgorithmIdentifier   signature:rest  */
static const struct scheme *by_id(struct reader data, struct reader *ret_signature,
				  const char **ret_why)
{
	struct reader id = rd_carve(&data, rd_u8(&data));

	if (!rd_ok(&data)) {
		*ret_why = "its AUTH payload is malformed";
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (schemes[i].id && is_id(id, schemes[i].id, schemes[i].id_len)) {
			*ret_signature = data;
			return &schemes[i];
		}
	*ret_why = "it signs with an algorithm that is not known here";
	if (is_id(id, rsa_sha1, sizeof(rsa_sha1)) || is_id(id, ec_sha1, sizeof(ec_sha1)))
		*ret_why = "it signs with SHA-1, which is too weak";
	return NULL;
}

const struct scheme *scheme_of_auth(uint8_t method, struct reader data,
				    struct reader *ret_signature, const char **ret_why)
{
	if (method == METHOD_DIGITAL_SIGNATURE)
		return by_id(data, ret_signature, ret_why);
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (schemes[i].method == method) {
			*ret_signature = data;
			return &schemes[i];
		}
	*ret_why = method == METHOD_RSA_SHA1
			   ? "it signs with RSA and SHA-1 (method 1), which is too weak: it has to "
			     "support RFC 7427"
			   : "its authentication method is not known here";
	return NULL;
}
