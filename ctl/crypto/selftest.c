/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/selftest.h"

#include <errno.h>
#include <string.h>
#include "crypto/ike_aead.h"
#include "crypto/ke.h"
#include "crypto/prf.h"
#include "crypto/secret.h"

#define VECTOR_MAX 256

struct bytes {
	uint8_t b[VECTOR_MAX];
	size_t len;
};

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Of our own lower-case constants below. */
static struct bytes hex(const char *text)
{
	struct bytes v = { .len = 0 };

	for (; text[0] && v.len < VECTOR_MAX; text += 2)
		v.b[v.len++] = (uint8_t)(nibble(text[0]) << 4 | nibble(text[1]));
	return v;
}

static struct reader view(const struct bytes *v)
{
	return rd_from(v->b, v->len);
}

static bool is_hex(const uint8_t *got, const char *want)
{
	struct bytes v = hex(want);

	return memcmp(got, v.b, v.len) == 0;
}

struct prf_vector {
	uint16_t prf;
	const char *what, *out;
};

/* RFC 4231 4.3: test case 2. */
static const struct prf_vector prf_vectors[] = {
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

	return prf_compute(v->prf, rd_from("Jefe", 4), &part, 1, out) == 0 && is_hex(out, v->out);
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
	struct bytes key = hex(plus_key), seed = hex(plus_seed);
	struct reader part = view(&seed);
	uint8_t out[132];

	return prf_plus(PRF_HMAC_SHA2_256, view(&key), &part, 1, out, sizeof(out)) == 0 &&
	       is_hex(out, plus_out);
}

struct aead_vector {
	struct aead_alg alg;
	const char *what, *enc, *auth, *aad, *body, *text;
};

/* GCM: the specification's test cases 4, 10 and 16 (salt cafebabe). CBC: NIST SP 800-38A F.2.1,
 * F.2.3, F.2.5, two blocks; HMAC over aad | IV | ciphertext computed apart from OpenSSL. */
static const struct aead_vector aead_vectors[] = {
	{ { ENCR_AES_GCM_16, 128, INTEG_NONE },
	  "aes128gcm16",
	  "feffe9928665731c6d6a8f9467308308cafebabe",
	  "",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf88842831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e23"
	  "29aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc"
	  "3221a5db94fae95ae7121a47",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
	  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" },
	{ { ENCR_AES_GCM_16, 192, INTEG_NONE },
	  "aes192gcm16",
	  "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
	  "",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf8883980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b4"
	  "0ca1e19c7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda27102519498e"
	  "80f1478f37ba55bd6d27618c",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
	  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" },
	{ { ENCR_AES_GCM_16, 256, INTEG_NONE },
	  "aes256gcm16",
	  "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308cafebabe",
	  "",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "facedbaddecaf888522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd"
	  "2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece"
	  "0f4e1768cddf8853bb2d551b",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95"
	  "956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" },
	{ { ENCR_AES_CBC, 128, INTEG_HMAC_SHA2_256_128 },
	  "aes128-sha256",
	  "2b7e151628aed2a6abf7158809cf4f3c",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "000102030405060708090a0b0c0d0e0f7649abac8119b246cee98e9b12e9197d5086cb9b"
	  "507219ee95db113a917678b230c5047b6db7cfebfaed75cb903ab536",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
	{ { ENCR_AES_CBC, 192, INTEG_HMAC_SHA2_384_192 },
	  "aes192-sha384",
	  "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
	  "2425262728292a2b2c2d2e2f",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "000102030405060708090a0b0c0d0e0f4f021db243bc633d7178183a9fa071e8b4d9ada9"
	  "ad7dedf4e5e738763f69145af139891a07a83abd240800d0a4688db0d55413f2c06cd908",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
	{ { ENCR_AES_CBC, 256, INTEG_HMAC_SHA2_512_256 },
	  "aes256-sha512",
	  "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
	  "2425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b",
	  "000102030405060708090a0b0c0d0e0ff58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e96"
	  "7edb808d679f777bc6702c7d1e0c35d2680ee6280dcbadc38b042b081ae9cec8d94aa3d9"
	  "2d0226c6bd3e1dac",
	  "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" },
};

static bool aead_passes(const struct aead_vector *v)
{
	struct bytes enc = hex(v->enc), auth = hex(v->auth), aad = hex(v->aad), body = hex(v->body);
	struct aead_sizes size = aead_sizes(v->alg);
	struct aead_key key = { .alg = v->alg };
	uint8_t text[VECTOR_MAX];
	size_t len;

	if (enc.len != size.enc_len || auth.len != size.auth_len)
		return false;
	memcpy(key.enc, enc.b, enc.len);
	memcpy(key.auth, auth.b, auth.len);
	if (aead_open(&key, view(&aad), view(&body), text, sizeof(text), &len) ||
	    len != strlen(v->text) / 2 || !is_hex(text, v->text))
		return false;
	body.b[size.iv_len] ^= 1; /* a changed message must be refused */
	return aead_open(&key, view(&aad), view(&body), text, sizeof(text), &len) == -EBADMSG;
}

/* Sealing is checked by opening: the vectors say that opening is right. */
static bool seal_passes(const struct aead_vector *v)
{
	struct aead_key key = { .alg = v->alg, .next_iv = 1 };
	struct aead_sizes size = aead_sizes(v->alg);
	struct reader aad = rd_from("header", 6);
	uint8_t body[VECTOR_MAX] = { 0 }, text[VECTOR_MAX];
	size_t len;

	if (aead_seal(&key, aad, body, body + size.iv_len, 64, body + size.iv_len + 64) ||
	    aead_open(&key, aad, rd_from(body, size.iv_len + 64 + size.icv_len), text, sizeof(text),
		      &len))
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i])
			return false;
	return len == 64;
}

struct ke_vector {
	uint16_t group;
	const char *what, *private_value, *public_value, *theirs, *secret;
};

/* RFC 7748 6.1; RFC 5903 8.1; modp2048 computed apart from OpenSSL, chosen so that the secret
 * begins with a zero byte, which must stay (RFC 7296 2.14). */
static const struct ke_vector ke_vectors[] = {
	{ KE_X25519, "x25519", "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	  "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
	  "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
	  "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
	{ KE_ECP_256, "ecp256", "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
	  "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a046"
	  "1cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
	  "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca"
	  "366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
	  "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de" },
	{ KE_MODP_2048, "modp2048",
	  "f28a96965207562843dc10c6acda828db0673a8d9d16eba2c97932c503715ade",
	  "f76d32d23682a0e7c6e5db6794e1925fdeb969d4bd6c91563f42dd33c68dcf93eef8ff7a"
	  "ed6162714f3c15ea2740b194a99e348c015cf0ea7dccfd41cef0e812d6bf6902f7ba54ae"
	  "99d0a83d1c0ce8b17d87441d92e62fba880f3f4776a36bd91998fff13730622ac7560f00"
	  "292e34d39fd13c4bc39c018fa117589ab55777f48c38483496c99f49604902a6f0db1e69"
	  "a4b0db04ac426c87573ca8ac0d89953332890388b70d6777bc5817da3e33b317f352e910"
	  "adbc6d7a54523b7dbb77936a44f2d49668c1a6bb62acb6ae6eeb82e10be0fa6a8aff7b5d"
	  "859f18911d5b95874b4954c8f2dc166cb5b235a6465d0a483d6934596ffff3896d623d85"
	  "685e9e4b",
	  "c68a6434c5e21a9d420c340af82c2120d22c07d2a1a4af4db1e11def509f79fc0c4a7153"
	  "28553dab3918264321cb4b7866afed592cebdf6867104efe59f0f9e925438b7d81ddfe5a"
	  "d4280175efbeb0ee47a27d448aaadb4d52168d522bf9bc7c10d20a745462e51344a966a7"
	  "b54ac1157469afb7fc427c73c8ce76ea96db293745403a9c8a5cdfedbef21812b5e455af"
	  "66aaa0b2eab813d4b7003125f6376ffa6989fa5428136a47398b9f4a2bff9a709fa86269"
	  "ab56e1f5d2fb73cdcd944de817a27ebf80951f301eb67273b2e2cc4a7b417b45dfcd5b10"
	  "b895fbfa3eaa20ce1893af0a6623c6e69757cb7fb5119703cf1313035e647c2e5a4a6b6d"
	  "1e91fa3e",
	  "00b0f2092871334f2864d28dc38417cd1b830351fff5a09b6c2613b2b5e1f65ecd337600"
	  "121f913a29b70790286b6fff3577290dcc5a30688f1cda1d8dda75741b9189d4c3b7643a"
	  "3c444dbcd07fa6218f4a7517fe432cf9b1620fe6f7af088c677f610ed0069977b9870b66"
	  "3b486c7407ee8e548609f34ed82d2ff4645d3069e1a5b43c00fd07a9749bf73d9f877702"
	  "571e8c561fa959ece7301328391afba3edeaa13dc028e21129cb7b61439288a818bb1d70"
	  "73e5f56f7c7eeac0df2ce8862cac899e0652a2294a5adcd36e44358d7908966ce096f3ec"
	  "9d717f4792326037f2f9e08aa6d67f0e9a99972619d8332137afb09078ae904524d0d53f"
	  "3e8a5d16" },
};

static bool ke_passes(const struct ke_vector *v)
{
	struct bytes ours = hex(v->private_value), pub = hex(v->public_value),
		     theirs = hex(v->theirs);
	uint8_t secret[KE_SECRET_MAX];
	struct ke_pair pair;

	if (ke_load(v->group, view(&ours), view(&pub), &pair))
		return false;
	bool ok = memcmp(pair.public_value, pub.b, pub.len) == 0 &&
		  ke_shared(&pair, view(&theirs), secret) == 0 && is_hex(secret, v->secret);
	ke_fini(&pair);
	return ok;
}

int crypto_selftest(const char **ret_what)
{
	const char *what = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(prf_vectors) && !what; i++)
		if (!prf_passes(&prf_vectors[i]))
			what = prf_vectors[i].what;
	if (!what && !prf_plus_passes())
		what = "prf+";
	for (size_t i = 0; i < ARRAY_SIZE(aead_vectors) && !what; i++)
		if (!aead_passes(&aead_vectors[i]) || !seal_passes(&aead_vectors[i]))
			what = aead_vectors[i].what;
	for (size_t i = 0; i < ARRAY_SIZE(ke_vectors) && !what; i++)
		if (!ke_passes(&ke_vectors[i]))
			what = ke_vectors[i].what;
	if (!what)
		return 0;
	*ret_what = what;
	return -EIO;
}
