/* SPDX-License-Identifier: BSD-2-Clause */
/* ctl/crypto without the vectors, which are in crypto_selftest(). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include "crypto/digest.h"
#include "crypto/ike_aead.h"
#include "crypto/ke.h"
#include "crypto/prf.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "crypto/selftest.h"
#include "support/bytes.h"

#define TEXT_MAX 256

static const uint16_t groups[] = {
	KE_X25519,	  KE_X448,	    KE_ECP_256,	      KE_ECP_384,   KE_ECP_521,
	KE_BRAINPOOL_256, KE_BRAINPOOL_384, KE_BRAINPOOL_512, KE_MODP_2048, KE_MODP_3072,
	KE_MODP_4096,	  KE_MODP_6144,	    KE_MODP_8192,
};

static const struct aead_alg algs[] = {
	{ ENCR_AES_GCM_16, 128, INTEG_NONE },
	{ ENCR_AES_GCM_16, 192, INTEG_NONE },
	{ ENCR_AES_GCM_16, 256, INTEG_NONE },
	{ ENCR_AES_CBC, 128, INTEG_HMAC_SHA2_256_128 },
	{ ENCR_AES_CBC, 192, INTEG_HMAC_SHA2_384_192 },
	{ ENCR_AES_CBC, 256, INTEG_HMAC_SHA2_512_256 },
	{ ENCR_AES_GCM_12, 128, INTEG_NONE },
	{ ENCR_AES_GCM_8, 256, INTEG_NONE },
	{ ENCR_AES_CCM_16, 128, INTEG_NONE },
	{ ENCR_AES_CCM_12, 192, INTEG_NONE },
	{ ENCR_AES_CCM_8, 256, INTEG_NONE },
	{ ENCR_CHACHA20_POLY1305, 0, INTEG_NONE },
	{ ENCR_AES_CTR, 128, INTEG_HMAC_SHA2_256_128 },
	{ ENCR_AES_CTR, 256, INTEG_AES_XCBC_96 },
	{ ENCR_AES_CBC, 128, INTEG_AES_CMAC_96 },
	{ ENCR_3DES, 0, INTEG_HMAC_SHA1_96 },
};

static void selftest_passes(void **state)
{
	const char *what = "";

	(void)state;
	assert_int_equal(crypto_selftest(&what), 0);
	assert_string_equal(what, "");
}

static void compare_is_exact(void **state)
{
	(void)state;
	assert_true(memeq_ct("abc", "abc", 3));
	assert_false(memeq_ct("abc", "abd", 3));
	assert_true(memeq_ct("abc", "abd", 2));
}

static void random_bytes_differ(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	(void)state;
	assert_int_equal(random_bytes(a, sizeof(a)), 0);
	assert_int_equal(random_bytes(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void digests_of_abc(void **state)
{
	struct reader parts[] = { rd_from("a", 1), rd_from(NULL, 0), rd_from("bc", 2) };
	uint8_t out[SHA256_LEN];

	(void)state; /* FIPS 180-2, B.1 and A.1 */
	assert_int_equal(digest_sha256(parts, 3, out), 0);
	assert_bytes(rd_from(out, 32), hex("ba7816bf8f01cfea414140de5dae2223"
					   "b00361a396177a9cb410ff61f20015ad"));
	assert_int_equal(digest_sha1(parts, 3, out), 0);
	assert_bytes(rd_from(out, 20), hex("a9993e364706816aba3e25717850c26c9cd0d89d"));
}

static void prf_takes_an_empty_key_and_empty_parts(void **state)
{
	uint8_t a[PRF_LEN_MAX], b[PRF_LEN_MAX];
	struct reader none = rd_from(NULL, 0), x = rd_from("x", 1);
	struct reader parts[] = { none, x, none };

	(void)state; /* HMAC-SHA256 with the empty key over "x" */
	assert_int_equal(prf_compute(PRF_HMAC_SHA2_256, none, &x, 1, a), 0);
	assert_bytes(rd_from(a, 32), hex("4cbc96099a6467ce002461f10549b489"
					 "8265ebe6188b45efacc44293516e62c4"));
	assert_int_equal(prf_compute(PRF_HMAC_SHA2_256, none, parts, 3, b), 0);
	assert_memory_equal(a, b, 32);
	assert_int_equal(prf_compute(1, none, &x, 1, a), -ENOTSUP);
	assert_int_equal(prf_len(1), 0);
}

static void prf_plus_ends_at_255_blocks(void **state)
{
	static uint8_t out[255 * 32 + 1];
	struct reader x = rd_from("x", 1);

	(void)state;
	assert_int_equal(prf_plus(PRF_HMAC_SHA2_256, x, &x, 1, out, 255 * 32), 0);
	assert_int_equal(prf_plus(PRF_HMAC_SHA2_256, x, &x, 1, out, 255 * 32 + 1), -ERANGE);
}

static void both_sides_share_a_secret(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		uint8_t one[KE_SECRET_MAX], other[KE_SECRET_MAX];
		struct ke_pair a, b;

		assert_int_equal(ke_generate(groups[i], &a), 0);
		assert_int_equal(ke_generate(groups[i], &b), 0);
		assert_int_equal(a.public_len, ke_public_len(groups[i]));
		assert_memory_not_equal(a.public_value, b.public_value, a.public_len);
		assert_int_equal(ke_shared(&a, rd_from(b.public_value, b.public_len), one), 0);
		assert_int_equal(ke_shared(&b, rd_from(a.public_value, a.public_len), other), 0);
		assert_memory_equal(one, other, ke_secret_len(groups[i]));
		ke_fini(&a);
		ke_fini(&b);
		ke_fini(&b); /* empty by now */
	}
}

/* Made from a seed, as only a test wants it. */
static struct evp_pkey_st *kem_from_seed(const char *type, struct reader seed)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string("seed", (void *)seed.at, rd_left(&seed)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static void ml_kem_as_published(void **state)
{
	static const char file[] = "tests/vectors/mlkem512.txt";
	struct ke_pair pair = { .group = KE_ML_KEM_512 };
	uint8_t secret[KE_SECRET_MAX];

	(void)state;
	if (!ke_is_available(KE_ML_KEM_512))
		skip();
	pair.key = kem_from_seed("ML-KEM-512", hex_file_field(file, "seed"));
	assert_int_equal(ke_shared(&pair, hex_file_field(file, "c"), secret), 0);
	assert_bytes(rd_from(secret, ke_secret_len(pair.group)), hex_file_field(file, "K"));
	ke_fini(&pair);
}

/* The responder's half makes no key pair of its own: a ciphertext for the initiator's. */
static void kems_share_a_secret(void **state)
{
	static const uint16_t kems[] = { KE_ML_KEM_512, KE_ML_KEM_768, KE_ML_KEM_1024 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kems); i++) {
		uint8_t one[KE_SECRET_MAX], other[KE_SECRET_MAX];
		struct ke_pair a = { 0 }, b = { 0 };

		if (!ke_is_available(kems[i])) {
			assert_true(ke_generate(kems[i], &a) < 0);
			continue;
		}
		assert_int_equal(ke_generate(kems[i], &a), 0);
		assert_int_equal(a.public_len, ke_public_len(kems[i]));
		struct reader key = rd_from(a.public_value, a.public_len);
		assert_int_equal(ke_answer(kems[i], rd_from(key.at, a.public_len - 1), &b, other),
				 -EBADMSG);
		assert_int_equal(ke_answer(kems[i], key, &b, other), 0);
		assert_int_equal(b.public_len, ke_answer_len(kems[i]));
		struct reader answer = rd_from(b.public_value, b.public_len);
		assert_int_equal(ke_shared(&a, answer, one), 0);
		assert_memory_equal(one, other, ke_secret_len(kems[i]));
		b.public_value[7] ^= 1; /* FIPS 203 6.3: another secret, no error */
		assert_int_equal(ke_shared(&a, answer, one), 0);
		assert_memory_not_equal(one, other, ke_secret_len(kems[i]));
		assert_int_equal(ke_shared(&a, rd_from(answer.at, b.public_len - 1), one),
				 -EBADMSG);
		memset(a.public_value, 0xff, a.public_len); /* above the modulus, 7.2 */
		ke_fini(&b);
		assert_int_equal(ke_answer(kems[i], key, &b, other), -EBADMSG);
		ke_fini(&a);
	}
}

static void unknown_group_is_refused(void **state)
{
	struct ke_pair pair = { 0 };
	uint8_t secret[KE_SECRET_MAX];

	(void)state;
	assert_int_equal(ke_generate(2, &pair), -ENOTSUP);
	assert_int_equal(ke_public_len(2), 0);
	assert_int_equal(ke_shared(&pair, rd_from("", 0), secret), -EBADMSG);
}

static void assert_refused(uint16_t group, struct reader theirs)
{
	uint8_t secret[KE_SECRET_MAX];
	struct ke_pair pair;

	assert_int_equal(ke_generate(group, &pair), 0);
	assert_int_equal(ke_shared(&pair, theirs, secret), -EBADMSG);
	ke_fini(&pair);
}

static void public_value_of_wrong_length_is_refused(void **state)
{
	static const uint8_t two[KE_PUBLIC_MAX + 1] = { [KE_PUBLIC_MAX - 1] = 4 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		size_t len = ke_public_len(groups[i]);

		assert_refused(groups[i], rd_from(two, 0));
		assert_refused(groups[i], rd_from(two, len - 1));
		assert_refused(groups[i], rd_from(two, len + 1));
	}
}

/* RFC 7748 6.1, RFC 8031 2.3: points of small order give an all-zero secret. */
static void x25519_small_order_is_refused(void **state)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(points); i++)
		assert_refused(KE_X25519, hex(points[i]));
}

static void ecp_point_off_the_curve_is_refused(void **state)
{
	uint8_t point[64];
	struct ke_pair pair;

	(void)state;
	assert_int_equal(ke_generate(KE_ECP_256, &pair), 0);
	memcpy(point, pair.public_value, sizeof(point));
	ke_fini(&pair);
	point[63] ^= 1;
	assert_refused(KE_ECP_256, rd_from(point, sizeof(point)));
	memset(point, 0, sizeof(point));
	assert_refused(KE_ECP_256, rd_from(point, sizeof(point)));
	memset(point, 0xff, sizeof(point));
	assert_refused(KE_ECP_256, rd_from(point, sizeof(point)));
}

/* 1 < y < p - 1 */
static void modp_out_of_range_is_refused(void **state)
{
	struct reader p = hex("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
			      "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
			      "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
			      "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
			      "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
			      "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
			      "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
			      "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF");
	uint8_t y[256] = { 0 };

	(void)state;
	assert_refused(KE_MODP_2048, rd_from(y, sizeof(y)));
	y[255] = 1;
	assert_refused(KE_MODP_2048, rd_from(y, sizeof(y)));
	assert_refused(KE_MODP_2048, p);
	memcpy(y, p.at, sizeof(y));
	y[255] = 0xfe;
	assert_refused(KE_MODP_2048, rd_from(y, sizeof(y)));
	memset(y, 0xff, sizeof(y));
	assert_refused(KE_MODP_2048, rd_from(y, sizeof(y)));
}

static struct aead_key some_key(struct aead_alg alg)
{
	struct aead_key key = { .alg = alg };

	memset(key.enc, 0x11, aead_sizes(alg).enc_len);
	memset(key.auth, 0x22, aead_sizes(alg).auth_len);
	return key;
}

/* Seals len bytes 0, 1, 2... with "head" before them; body is IV | ciphertext | ICV. */
static size_t some_body(struct aead_key *key, size_t len, uint8_t body[TEXT_MAX])
{
	struct aead_sizes size = aead_sizes(key->alg);

	for (size_t i = 0; i < len; i++)
		body[size.iv_len + i] = (uint8_t)i;
	assert_int_equal(aead_seal(key, rd_from("head", 4), body, body + size.iv_len, len,
				   body + size.iv_len + len),
			 0);
	return size.iv_len + len + size.icv_len;
}

static void what_is_sealed_opens(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++) {
		struct aead_key key = some_key(algs[i]);

		for (size_t len = 0; len <= 64; len += aead_sizes(algs[i]).block) {
			uint8_t body[TEXT_MAX], text[TEXT_MAX];
			size_t n = some_body(&key, len, body), got = 99;

			assert_int_equal(aead_open(&key, rd_from("head", 4), rd_from(body, n), text,
						   sizeof(text), &got),
					 0);
			assert_int_equal(got, len);
			for (size_t j = 0; j < len; j++)
				assert_int_equal(text[j], j);
		}
	}
}

static void every_changed_byte_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++) {
		struct aead_key key = some_key(algs[i]);
		uint8_t body[TEXT_MAX], text[TEXT_MAX];
		size_t n = some_body(&key, 32, body), got;

		for (size_t j = 0; j < n; j++) {
			body[j] ^= 0x80;
			memset(text, 7, sizeof(text));
			assert_int_equal(aead_open(&key, rd_from("head", 4), rd_from(body, n), text,
						   sizeof(text), &got),
					 -EBADMSG);
			for (size_t k = 0; k < 32; k++) /* no plaintext that is not authentic */
				assert_true(text[k] == 0 || text[k] == 7);
			body[j] ^= 0x80;
		}
		assert_int_equal(aead_open(&key, rd_from("Head", 4), rd_from(body, n), text,
					   sizeof(text), &got),
				 -EBADMSG);
		assert_int_equal(
			aead_open(&key, rd_from("head", 4), rd_from(body, n), text, 31, &got),
			-ENOSPC);
	}
}

static void every_truncation_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++) {
		struct aead_key key = some_key(algs[i]);
		uint8_t body[TEXT_MAX], text[TEXT_MAX];
		size_t n = some_body(&key, 32, body), got;

		for (size_t cut = 0; cut < n; cut++) {
			struct reader part = exact_copy(rd_from(body, n), cut);

			assert_int_equal(
				aead_open(&key, rd_from("head", 4), part, text, sizeof(text), &got),
				-EBADMSG);
			free((void *)part.at);
		}
	}
}

static void ivs_never_repeat(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++) {
		struct aead_key key = some_key(algs[i]);
		size_t iv_len = aead_sizes(algs[i]).iv_len;
		uint8_t a[TEXT_MAX], b[TEXT_MAX];

		some_body(&key, 16, a);
		some_body(&key, 16, b);
		assert_memory_not_equal(a, b, iv_len);
		assert_memory_not_equal(a + iv_len, b + iv_len, 16);
		key.next_iv = UINT64_MAX;
		assert_int_equal(aead_seal(&key, rd_from("", 0), a, a + iv_len, 16, b), -EOVERFLOW);
	}
}

static void odd_algorithms_have_no_sizes(void **state)
{
	static const struct aead_alg odd[] = {
		{ ENCR_AES_GCM_16, 128, INTEG_HMAC_SHA2_256_128 },
		{ ENCR_AES_CBC, 128, INTEG_NONE },
		{ ENCR_AES_GCM_16, 64, INTEG_NONE },
		{ ENCR_3DES, 192, INTEG_HMAC_SHA2_256_128 },
		{ ENCR_CHACHA20_POLY1305, 256, INTEG_NONE },
		{ ENCR_AES_CCM_16, 0, INTEG_NONE },
		{ ENCR_AES_CTR, 128, INTEG_NONE },
		{ 2, 0, INTEG_HMAC_SHA2_256_128 },
	};
	uint8_t buf[64] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		struct aead_key key = { .alg = odd[i] };
		size_t len;

		assert_int_equal(aead_sizes(odd[i]).enc_len, 0);
		assert_int_equal(aead_seal(&key, rd_from("", 0), buf, buf, 0, buf), -EINVAL);
		assert_int_equal(aead_open(&key, rd_from("", 0), rd_from(buf, 64), buf, 64, &len),
				 -EBADMSG);
	}
	struct aead_key cbc = some_key(algs[3]);
	assert_int_equal(aead_seal(&cbc, rd_from("", 0), buf, buf, 15, buf), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selftest_passes),
		cmocka_unit_test(compare_is_exact),
		cmocka_unit_test(random_bytes_differ),
		cmocka_unit_test(digests_of_abc),
		cmocka_unit_test(prf_takes_an_empty_key_and_empty_parts),
		cmocka_unit_test(prf_plus_ends_at_255_blocks),
		cmocka_unit_test(both_sides_share_a_secret),
		cmocka_unit_test(ml_kem_as_published),
		cmocka_unit_test(kems_share_a_secret),
		cmocka_unit_test(unknown_group_is_refused),
		cmocka_unit_test(public_value_of_wrong_length_is_refused),
		cmocka_unit_test(x25519_small_order_is_refused),
		cmocka_unit_test(ecp_point_off_the_curve_is_refused),
		cmocka_unit_test(modp_out_of_range_is_refused),
		cmocka_unit_test(what_is_sealed_opens),
		cmocka_unit_test(every_changed_byte_is_noticed),
		cmocka_unit_test(every_truncation_is_noticed),
		cmocka_unit_test(ivs_never_repeat),
		cmocka_unit_test(odd_algorithms_have_no_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
