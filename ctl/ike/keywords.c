/* SPDX-License-Identifier: BSD-2-Clause */
#include "ike/keywords.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/nearest.h"
#include "crypto/ke.h"

#define FOR_IKE 1u
#define FOR_ESP 2u
#define FOR_AH 4u
#define BOTH (FOR_IKE | FOR_ESP)
#define ALL (BOTH | FOR_AH)

struct keyword {
	const char *word;
	struct transform t;
	unsigned use; /* FOR_*: may be configured there */
};

/* clang-format off */
#define ENCR(word, id_, bits, use) { word, { .type = TRANSFORM_ENCR, .id = id_, .key_bits = bits }, use }
#define INTEG(word, id_) { word, { .type = TRANSFORM_INTEG, .id = INTEG_##id_ }, ALL }
#define PRF(word, id_) { word, { .type = TRANSFORM_PRF, .id = PRF_##id_ }, FOR_IKE }
#define KE(word, id_) { word, { .type = TRANSFORM_KE, .id = KE_##id_ }, ALL }
#define ESN(word, id_) { word, { .type = TRANSFORM_ESN, .id = id_ }, FOR_ESP | FOR_AH }
/* The length of the ICV in bytes and in bits. */
#define AES(mode, id_, len, bits, use) \
	ENCR("aes128" mode #len, id_##_##len, 128, use), ENCR("aes128" mode #bits, id_##_##len, 128, use), \
	ENCR("aes192" mode #len, id_##_##len, 192, use), \
	ENCR("aes192" mode #bits, id_##_##len, 192, use), \
	ENCR("aes256" mode #len, id_##_##len, 256, use), ENCR("aes256" mode #bits, id_##_##len, 256, use)

/* The first word of a transform is the one that is printed. */
static const struct keyword keywords[] = {
	AES("gcm", ENCR_AES_GCM, 16, 128, BOTH),
	ENCR("aes128gcm", ENCR_AES_GCM_16, 128, BOTH),
	ENCR("aes192gcm", ENCR_AES_GCM_16, 192, BOTH),
	ENCR("aes256gcm", ENCR_AES_GCM_16, 256, BOTH),
	AES("gcm", ENCR_AES_GCM, 12, 96, BOTH),
	AES("gcm", ENCR_AES_GCM, 8, 64, BOTH),
	ENCR("chacha20poly1305", ENCR_CHACHA20_POLY1305, 0, BOTH),
	AES("ccm", ENCR_AES_CCM, 16, 128, BOTH),
	ENCR("aes128ccm", ENCR_AES_CCM_16, 128, BOTH),
	ENCR("aes192ccm", ENCR_AES_CCM_16, 192, BOTH),
	ENCR("aes256ccm", ENCR_AES_CCM_16, 256, BOTH),
	AES("ccm", ENCR_AES_CCM, 12, 96, BOTH),
	AES("ccm", ENCR_AES_CCM, 8, 64, BOTH),
	ENCR("aes128", ENCR_AES_CBC, 128, BOTH),
	ENCR("aes", ENCR_AES_CBC, 128, BOTH),
	ENCR("aes192", ENCR_AES_CBC, 192, BOTH),
	ENCR("aes256", ENCR_AES_CBC, 256, BOTH),
	ENCR("aes128ctr", ENCR_AES_CTR, 128, BOTH),
	ENCR("aes192ctr", ENCR_AES_CTR, 192, BOTH),
	ENCR("aes256ctr", ENCR_AES_CTR, 256, BOTH),
	ENCR("3des", ENCR_3DES, 0, BOTH),
	ENCR("aes128gmac", ENCR_NULL_AUTH_AES_GMAC, 128, FOR_ESP),
	ENCR("aes192gmac", ENCR_NULL_AUTH_AES_GMAC, 192, FOR_ESP),
	ENCR("aes256gmac", ENCR_NULL_AUTH_AES_GMAC, 256, FOR_ESP),
	ENCR("null", ENCR_NULL, 0, FOR_ESP),
	INTEG("sha256", HMAC_SHA2_256_128),
	INTEG("sha2_256", HMAC_SHA2_256_128),
	INTEG("sha384", HMAC_SHA2_384_192),
	INTEG("sha2_384", HMAC_SHA2_384_192),
	INTEG("sha512", HMAC_SHA2_512_256),
	INTEG("sha2_512", HMAC_SHA2_512_256),
	INTEG("aesxcbc", AES_XCBC_96),
	INTEG("aescmac", AES_CMAC_96),
	INTEG("sha1", HMAC_SHA1_96),
	INTEG("sha", HMAC_SHA1_96),
	PRF("prfsha256", HMAC_SHA2_256),
	PRF("prfsha384", HMAC_SHA2_384),
	PRF("prfsha512", HMAC_SHA2_512),
	PRF("prfaesxcbc", AES128_XCBC),
	PRF("prfaescmac", AES128_CMAC),
	PRF("prfsha1", HMAC_SHA1),
	KE("x25519", X25519),
	KE("curve25519", X25519),
	KE("x448", X448),
	KE("curve448", X448),
	KE("ecp256", ECP_256),
	KE("ecp384", ECP_384),
	KE("ecp521", ECP_521),
	KE("ecp256bp", BRAINPOOL_256),
	KE("ecp384bp", BRAINPOOL_384),
	KE("ecp512bp", BRAINPOOL_512),
	KE("modp2048", MODP_2048),
	KE("modp3072", MODP_3072),
	KE("modp4096", MODP_4096),
	KE("modp6144", MODP_6144),
	KE("modp8192", MODP_8192),
	KE("mlkem512", ML_KEM_512),
	KE("mlkem768", ML_KEM_768),
	KE("mlkem1024", ML_KEM_1024),
	ESN("esn", ESN_YES),
	ESN("noesn", ESN_NO),
};

/* What strongSwan knows and nobody should use: RFC 8247 and 8221 forbid or discourage them, and
 * small or unexplained groups. Their numbers, so that what a peer offers can be named. */
static const struct {
	const char *word;
	struct transform t;
} weak[] = {
	{ "des", { TRANSFORM_ENCR, false, 2, 0 } },
	{ "blowfish", { TRANSFORM_ENCR, false, 7, 128 } },
	{ "blowfish128", { TRANSFORM_ENCR, false, 7, 128 } },
	{ "blowfish192", { TRANSFORM_ENCR, false, 7, 192 } },
	{ "blowfish256", { TRANSFORM_ENCR, false, 7, 256 } },
	{ "cast128", { TRANSFORM_ENCR, false, 6, 128 } },
	{ "md5", { TRANSFORM_INTEG, false, 1, 0 } },
	{ "md5_128", { TRANSFORM_INTEG, false, 6, 0 } },
	{ "prfmd5", { TRANSFORM_PRF, false, 1, 0 } },
	{ "sha1_160", { TRANSFORM_INTEG, false, 7, 0 } },
	{ "modp768", { TRANSFORM_KE, false, 1, 0 } },
	{ "modp1024", { TRANSFORM_KE, false, 2, 0 } },
	{ "modp1536", { TRANSFORM_KE, false, 5, 0 } },
	{ "modp1024s160", { TRANSFORM_KE, false, 22, 0 } },
	{ "modp2048s224", { TRANSFORM_KE, false, 23, 0 } },
	{ "modp2048s256", { TRANSFORM_KE, false, 24, 0 } },
	{ "ecp192", { TRANSFORM_KE, false, 25, 0 } },
	{ "ecp224", { TRANSFORM_KE, false, 26, 0 } },
	{ "ecp224bp", { TRANSFORM_KE, false, 27, 0 } },
	/* strongSwan's own numbers */
	{ "sha256_96", { 0, false, 0, 0 } },
	{ "sha2_256_96", { 0, false, 0, 0 } },
	{ "modpnull", { 0, false, 0, 0 } },
};
/* clang-format on */

const char *protocol_text(uint8_t protocol)
{
	return protocol == PROTO_IKE ? "IKE" : protocol == PROTO_ESP ? "ESP" : "AH";
}

static bool is_weak(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(weak); i++)
		if (!strcmp(weak[i].word, word))
			return true;
	return false;
}

/* In the way of a "did you mean", a weak one has no neighbours: it is explained instead. */
static void explain(const char *word, char *ret_why, size_t why_size)
{
	const char *near =
		nearest_word(word, &keywords[0].word, ARRAY_SIZE(keywords), sizeof(keywords[0]));

	if (is_weak(word))
		snprintf(ret_why, why_size, "algorithm '%s' is weak and does not exist here", word);
	else
		snprintf(ret_why, why_size, "unknown algorithm '%s'%s%s%s", word,
			 near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static unsigned use_of(uint8_t protocol)
{
	return protocol == PROTO_IKE ? FOR_IKE : protocol == PROTO_ESP ? FOR_ESP : FOR_AH;
}

/* NULL: *ret_why says what is wrong with the word. */
static const struct keyword *keyword_find(uint8_t protocol, const char *word, char *ret_why,
					  size_t why_size)
{
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		const struct keyword *k = &keywords[i];

		if (strcmp(k->word, word))
			continue;
		if (!(k->use & use_of(protocol))) {
			snprintf(ret_why, why_size, "algorithm '%s' is not available for %s", word,
				 protocol_text(protocol));
			return NULL;
		}
		if (k->t.type != TRANSFORM_KE || ke_is_available(k->t.id))
			return k;
		snprintf(ret_why, why_size, "'%s' needs OpenSSL 3.5, and this machine's is older",
			 word);
		return NULL;
	}
	explain(word, ret_why, why_size);
	return NULL;
}

/* "ke1_" to "ke7_" before a key exchange: an additional one, RFC 9370. 0: it is none. */
static uint8_t addke_prefix(const char *word)
{
	if (strncmp(word, "ke", 2) || word[2] < '1' || word[2] > '7' || word[3] != '_')
		return 0;
	return (uint8_t)(TRANSFORM_ADDKE1 + word[2] - '1');
}

static int addke_parse(uint8_t protocol, const char *word, struct transform *ret_transform,
		       char *ret_why, size_t why_size)
{
	struct transform t = { 0 };

	if (strcmp(word + 4, "none") && keyword_parse(protocol, word + 4, &t, ret_why, why_size))
		return -EINVAL;
	if (t.type && t.type != TRANSFORM_KE) {
		snprintf(ret_why, why_size, "'%s' is not a key exchange", word);
		return -EINVAL;
	}
	t.type = addke_prefix(word);
	*ret_transform = t;
	return 0;
}

int keyword_parse(uint8_t protocol, const char *word, struct transform *ret_transform,
		  char *ret_why, size_t why_size)
{
	if (addke_prefix(word))
		return addke_parse(protocol, word, ret_transform, ret_why, why_size);
	const struct keyword *found = keyword_find(protocol, word, ret_why, why_size);

	if (!found)
		return -EINVAL;
	*ret_transform = found->t;
	return 0;
}

const char *keyword_nth(uint8_t protocol, size_t i, struct transform *ret_transform)
{
	unsigned use = use_of(protocol);

	for (size_t k = 0; k < ARRAY_SIZE(keywords); k++) {
		const struct transform *t = &keywords[k].t;

		if (!(keywords[k].use & use) ||
		    (t->type == TRANSFORM_KE && !ke_is_available(t->id)) || i--)
			continue;
		*ret_transform = *t;
		return keywords[k].word;
	}
	return NULL;
}

static bool is_same(const struct transform *a, const struct transform *b)
{
	return a->type == b->type && a->id == b->id && a->key_bits == b->key_bits;
}

static const char *name_of(const struct transform *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
		if (is_same(&keywords[i].t, t))
			return keywords[i].word;
	for (size_t i = 0; i < ARRAY_SIZE(weak); i++)
		if (weak[i].t.type && is_same(&weak[i].t, t))
			return weak[i].word;
	return NULL;
}

const char *keyword_print(const struct transform *t, char *buf, size_t size)
{
	static const char *const types[] = { "type", "encr", "prf", "integ", "ke", "esn" };

	if (t->type >= TRANSFORM_ADDKE1 && t->type <= TRANSFORM_ADDKE7) {
		struct transform ke = { .type = TRANSFORM_KE, .id = t->id };
		char word[KEYWORD_MAX];

		snprintf(buf, size, "ke%u_%s", t->type - TRANSFORM_ADDKE1 + 1u,
			 t->id ? keyword_print(&ke, word, sizeof(word)) : "none");
		return buf;
	}
	const char *name = name_of(t);
	if (name) {
		snprintf(buf, size, "%s", name);
		return buf;
	}
	if (t->type >= ARRAY_SIZE(types))
		snprintf(buf, size, "type%u:%u", t->type, t->id);
	else if (t->key_bits)
		snprintf(buf, size, "%s%u:%u", types[t->type], t->id, t->key_bits);
	else
		snprintf(buf, size, "%s%u", types[t->type], t->id);
	return buf;
}
