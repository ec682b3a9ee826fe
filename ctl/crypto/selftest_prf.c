/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/prf.h"

#include <string.h>
#include "crypto/selftest_in.h"

struct prf_vector {
	uint16_t prf;
	const char *what, *out;
};

/* RFC 4231 4.3 and RFC 2202 3: test case 2. */
static const struct prf_vector prf_vectors[] = {
	{ PRF_HMAC_SHA1, "prfsha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ PRF_HMAC_SHA2_256, "prfsha256",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ PRF_HMAC_SHA2_384, "prfsha384",
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca"
	  "5e69e2c78b3239ecfab21649" },
	{ PRF_HMAC_SHA2_512, "prfsha512",
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75"
	  "c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
};

static bool prf_passes(const struct prf_vector *v)
{
	static const char text[] = "what do ya want for nothing?";
	struct reader part = rd_from(text, sizeof(text) - 1);
	uint8_t out[PRF_LEN_MAX];

	return prf_compute(v->prf, rd_from("Jefe", 4), &part, 1, out) == 0 &&
	       vector_is(out, v->out);
}

struct fixed_vector {
	uint16_t prf;
	const char *what;
	size_t message_len; /* 00 01 02 ... */
	const char *key, *out;
};

/* RFC 3566 4.6 (no, 3, 16, 20, 32 bytes) and RFC 4434 2; RFC 4493 4 has other messages; RFC 4615 4.
 */
static const struct fixed_vector fixed_vectors[] = {
	{ PRF_AES128_XCBC, "prfaesxcbc", 0, "000102030405060708090a0b0c0d0e0f",
	  "75f0251d528ac01c4573dfd584d79f29" },
	{ PRF_AES128_XCBC, "prfaesxcbc", 3, "000102030405060708090a0b0c0d0e0f",
	  "5b376580ae2f19afe7219ceef172756f" },
	{ PRF_AES128_XCBC, "prfaesxcbc", 16, "000102030405060708090a0b0c0d0e0f",
	  "d2a246fa349b68a79998a4394ff7a263" },
	{ PRF_AES128_XCBC, "prfaesxcbc", 32, "000102030405060708090a0b0c0d0e0f",
	  "f54f0ec8d2b9f3d36807734bd5283fd4" },
	{ PRF_AES128_XCBC, "prfaesxcbc", 20, "000102030405060708090a0b0c0d0e0f",
	  "47f51b4564966215b8985c63055ed308" },
	{ PRF_AES128_XCBC, "prfaesxcbc", 20, "00010203040506070809",
	  "0fa087af7d866e7653434e602fdde835" },
	{ PRF_AES128_XCBC, "prfaesxcbc", 20, "000102030405060708090a0b0c0d0e0fedcb",
	  "8cd3c93ae598a9803006ffb67c40e9e4" },
	{ PRF_AES128_CMAC, "prfaescmac", 20, "000102030405060708090a0b0c0d0e0fedcb",
	  "84a348a4a45d235babfffc0d2b4da09a" },
	{ PRF_AES128_CMAC, "prfaescmac", 20, "000102030405060708090a0b0c0d0e0f",
	  "980ae87b5f4c9c5214f5b6a8455e4c2d" },
	{ PRF_AES128_CMAC, "prfaescmac", 20, "00010203040506070809",
	  "290d9e112edb09ee141fcf64c0b72f3d" },
};

static bool fixed_passes(const struct fixed_vector *v)
{
	struct bytes key = vector_hex(v->key);
	uint8_t text[32], out[PRF_LEN_MAX];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)i;
	struct reader part = rd_from(text, v->message_len);
	return prf_compute(v->prf, vector_view(&key), &part, 1, out) == 0 && vector_is(out, v->out);
}

/* NIST CAVP, SP 800-135 IKEv2 key derivation with SHA-256: the first 132 bytes of DKM. */
static const char plus_key[] = "efaa7ab0eaa85a3d0be2100cd4b6fe00ff5025a9eafddb3ef518e9f0d3fe60e6";
static const char plus_seed[] = "3651fef5c9c35e93c09a8b90a3f04d598e5c3ae507221684b1f201bb155c3acd";
static const char plus_out[] =
	"462b9dd525d4fd71169174272779e704baf62c6231779ae9efe8c58b21916b42010164af"
	"2111ebd762f6916ca9a6f0ee05c8b320e4ee27705521de2589adea1878f1a551738af7c8"
	"8dc4f0bb0c096a3f7d1f1a670fc79f49f678d60d665bb3710c8657f03ba9f62b9a818d7a"
	"228968c506e237ae9502aa6db395c61ea6a3e79504f86b73";

static bool prf_plus_passes(void)
{
	struct bytes key = vector_hex(plus_key), seed = vector_hex(plus_seed);
	struct reader part = vector_view(&seed);
	uint8_t out[132];

	return prf_plus(PRF_HMAC_SHA2_256, vector_view(&key), &part, 1, out, sizeof(out)) == 0 &&
	       vector_is(out, plus_out);
}

const char *selftest_prf(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(prf_vectors); i++)
		if (!prf_passes(&prf_vectors[i]))
			return prf_vectors[i].what;
	for (size_t i = 0; i < ARRAY_SIZE(fixed_vectors); i++)
		if (!fixed_passes(&fixed_vectors[i]))
			return fixed_vectors[i].what;
	return prf_plus_passes() ? NULL : "prf+";
}
