/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP crypto providers: known answers, byte-identical results among them for every algorithm that a
 * proposal can name, and that nothing changed passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>
#include "crypto/esp_provider.h"
#include "support/esp_algs.h"

#define TEXT_MAX 2048u
#define BATCH 70u /* more than the library takes at once */
#define FRONT (ESP_HDR_LEN + ESP_IV_MAX)
#define SLOT (FRONT + TEXT_MAX + ESP_ICV_MAX)

static const struct esp_provider *const all[] = { &esp_ipsec_mb, &esp_openssl };

/* Repeatable pseudo-random bytes (xorshift): failures can be looked at again. */
static void noise(uint8_t *p, size_t n, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 1;

	while (n--) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		*p++ = (uint8_t)x;
	}
}

static struct esp_key *key_of(const struct esp_provider *p, struct aead_alg alg)
{
	uint8_t enc[36], auth[64];
	size_t enc_len, auth_len;
	struct esp_key *key;

	noise(enc, sizeof(enc), 5);
	noise(auth, sizeof(auth), 6);
	assert_int_equal(esp_key_lens(alg, &enc_len, &auth_len), 0);
	assert_true(enc_len <= sizeof(enc) && auth_len <= sizeof(auth));
	assert_int_equal(esp_key_new(p, alg, rd_from(enc, enc_len), rd_from(auth, auth_len), &key),
			 0);
	return key;
}

/* A packet of its own in `slot`, the same for the same seed. */
static void job_make(struct esp_job *j, struct esp_key *key, uint8_t *slot, uint32_t text_len,
		     bool is_esn, uint32_t seed)
{
	*j = (struct esp_job){ .key = key, .text = slot + FRONT, .text_len = text_len };
	j->icv = j->text + text_len;
	j->aad_len = is_esn ? 12 : 8;
	noise(j->aad, sizeof(j->aad), seed);
	noise(j->iv, sizeof(j->iv), seed + 7);
	noise(j->text, text_len, seed + 99);
	memcpy(j->text - key->iv_len, j->iv, key->iv_len);
	memcpy(j->text - key->iv_len - 8, j->aad, 4);
	memcpy(j->text - key->iv_len - 4, j->aad + j->aad_len - 4, 4);
}

static void known_answers_of_every_provider(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i]->start() == -ENOTSUP)
			continue;
		assert_int_equal(esp_provider_self_test(all[i]), 0);
	}
}

static void self_test_notices_wrong_bytes(void **state)
{
	struct esp_provider broken = esp_openssl;

	(void)state;
	broken.seal = esp_openssl.open; /* GCM opens as it seals, but writes no ICV */
	assert_int_equal(esp_provider_self_test(&broken), -EBADMSG);
}

static int key_try(struct aead_alg alg, size_t enc_len, size_t auth_len)
{
	static const uint8_t zero[128];
	struct esp_key *key = NULL;
	int err = esp_key_new(&esp_openssl, alg, rd_from(zero, enc_len), rd_from(zero, auth_len),
			      &key);

	esp_key_free(key);
	return err;
}

static void what_does_not_fit_is_refused(void **state)
{
	static const struct aead_alg gcm = { ENCR_AES_GCM_16, 128, INTEG_NONE };
	static const struct aead_alg bad[] = {
		{ ENCR_AES_GCM_16, 129, INTEG_NONE },
		{ ENCR_AES_GCM_16, 0, INTEG_NONE },
		{ ENCR_AES_GCM_16, 128, INTEG_HMAC_SHA2_256_128 }, /* an AEAD and more */
		{ ENCR_NULL_AUTH_AES_GMAC, 128, INTEG_HMAC_SHA1_96 },
		{ ENCR_AES_CBC, 128, INTEG_NONE }, /* not authentic */
		{ ENCR_AES_CTR, 128, INTEG_NONE },
		{ ENCR_3DES, 0, INTEG_NONE },
		{ ENCR_NULL, 0, INTEG_NONE },
		{ ENCR_NULL, 128, INTEG_HMAC_SHA2_256_128 },
		{ ENCR_3DES, 192, INTEG_HMAC_SHA1_96 },
		{ ENCR_CHACHA20_POLY1305, 256, INTEG_NONE },
		{ 2, 0, INTEG_HMAC_SHA2_256_128 }, /* DES */
		{ ENCR_AES_CBC, 128, 1 },	   /* HMAC-MD5-96 */
	};
	const struct esp_provider *p = NULL;

	(void)state;
	assert_int_equal(esp_provider_choose("rot13", &p), -ENOENT);
	assert_int_equal(esp_provider_choose("openssl", &p), 0);
	assert_ptr_equal(p, &esp_openssl);
	assert_int_equal(esp_provider_choose(NULL, &p), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(key_try(bad[i], 20, 0), -ENOTSUP);
	assert_int_equal(key_try(gcm, 20, 0), 0);
	assert_int_equal(key_try(gcm, 16, 0), -EINVAL);
	assert_int_equal(key_try(gcm, 36, 0), -EINVAL);
	assert_int_equal(key_try(gcm, 20, 32), -EINVAL);
}

/* Text lengths around `base`, with and without ESN, sealed in one batch. */
static void seal_batch(const struct esp_provider *p, struct aead_alg alg, unsigned base,
		       uint8_t (*slot)[SLOT])
{
	struct esp_job jobs[BATCH];
	struct esp_key *key = key_of(p, alg);

	for (unsigned i = 0; i < BATCH; i++) {
		uint32_t len = (base + i) * key->align;

		memset(slot[i], 0, SLOT);
		job_make(&jobs[i], key, slot[i], len > TEXT_MAX ? key->align : len, i & 1, i);
	}
	p->seal(jobs, BATCH);
	for (unsigned i = 0; i < BATCH; i++)
		assert_int_equal(jobs[i].result, 0);
	esp_key_free(key);
}

static void providers_agree_byte_for_byte(void **state)
{
	static uint8_t a[BATCH][SLOT], b[BATCH][SLOT];
	struct aead_alg alg;
	char name[64];

	(void)state;
	if (esp_ipsec_mb.start())
		skip();
	for (size_t n = 0; esp_alg_nth(n, &alg, name, sizeof(name)); n++)
		for (unsigned base = 1; base < 512; base += 100) {
			seal_batch(&esp_ipsec_mb, alg, base, a);
			seal_batch(&esp_openssl, alg, base, b);
			for (unsigned i = 0; i < BATCH; i++)
				if (memcmp(a[i], b[i], SLOT))
					fail_msg("%s: job %u of %u", name, i, base);
		}
}

/* What one seals the other opens; a flipped bit anywhere is noticed, and the text not touched
 * before that where encryption and integrity are two. */
static void one_opens_what_the_other_seals(const struct esp_provider *one,
					   const struct esp_provider *other, struct aead_alg alg,
					   bool is_esn)
{
	struct esp_key *k1 = key_of(one, alg), *k2 = key_of(other, alg);
	uint32_t text_len = 7u * k1->align;
	uint8_t slot[SLOT], plain[SLOT], cipher[SLOT];
	struct esp_job j;

	job_make(&j, k1, plain, text_len, is_esn, 1);
	for (unsigned flip = 0; flip < 7; flip++) {
		job_make(&j, k1, slot, text_len, is_esn, 1);
		one->seal(&j, 1);
		uint8_t *bit[] = { NULL,
				   j.text,
				   j.text + text_len - 1,
				   j.icv,
				   j.icv + k1->icv_len - 1,
				   j.text - k1->iv_len,
				   j.aad + 5 };
		if (bit[flip])
			*bit[flip] ^= 0x80;
		if (flip == 5 && k1->iv_len)
			j.iv[0] ^= 0x80;
		if (flip == 6 && !is_esn) /* the sequence number; it stands in the packet, too */
			j.text[-4 + 1 - k1->iv_len] ^= 0x80;
		memcpy(cipher, j.text, text_len);
		j.key = k2;
		other->open(&j, 1);
		assert_int_equal(j.result, flip ? -EBADMSG : 0);
		if (!flip)
			assert_memory_equal(j.text, plain + FRONT, text_len);
		else if (k1->mode < MODE_GCM)
			assert_memory_equal(j.text, cipher, text_len);
	}
	esp_key_free(k1);
	esp_key_free(k2);
}

static void sealed_by_one_opened_by_the_other(void **state)
{
	struct aead_alg alg;
	char name[64];

	(void)state;
	if (esp_ipsec_mb.start())
		skip();
	for (size_t n = 0; esp_alg_nth(n, &alg, name, sizeof(name)); n++)
		for (unsigned esn = 0; esn < 2; esn++) {
			one_opens_what_the_other_seals(&esp_ipsec_mb, &esp_openssl, alg, esn);
			one_opens_what_the_other_seals(&esp_openssl, &esp_ipsec_mb, alg, esn);
		}
}

/* SAs of every algorithm in one batch; every third packet is not authentic. */
static void batches_mix_algorithms(const struct esp_provider *p)
{
	static uint8_t slot[ESP_ALGS_MAX][SLOT], plain[SLOT];
	struct esp_job jobs[ESP_ALGS_MAX], same;
	struct aead_alg alg;
	char name[64];
	size_t n = 0;

	for (; esp_alg_nth(n, &alg, name, sizeof(name)); n++) {
		assert_true(n < ESP_ALGS_MAX);
		job_make(&jobs[n], key_of(p, alg), slot[n], 160, n & 1, (uint32_t)n);
	}
	assert_true(n > 60); /* a batch that does not fit into one round */
	p->seal(jobs, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(jobs[i].result, 0);
		jobs[i].icv[0] ^= i % 3 == 0;
	}
	p->open(jobs, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(jobs[i].result, i % 3 == 0 ? -EBADMSG : 0);
		job_make(&same, jobs[i].key, plain, 160, i & 1, (uint32_t)i);
		if (i % 3)
			assert_memory_equal(jobs[i].text, same.text, 160);
		esp_key_free(jobs[i].key);
	}
}

static void one_batch_of_all_algorithms(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!all[i]->start())
			batches_mix_algorithms(all[i]);
}

/* Counter modes count; CBC's IVs differ from each other, from the number, and among SAs. */
static void ivs_are_what_the_mode_needs(void **state)
{
	struct aead_alg cbc = { ENCR_AES_CBC, 128, INTEG_HMAC_SHA2_256_128 };
	struct aead_alg ctr = { ENCR_AES_CTR, 128, INTEG_HMAC_SHA2_256_128 };
	static const uint8_t count[8] = { 0, 0, 0, 0, 0, 0, 1, 2 };
	struct esp_key *a = key_of(&esp_openssl, cbc), *b = key_of(&esp_openssl, cbc),
		       *c = key_of(&esp_openssl, ctr);
	uint8_t iv[4][ESP_IV_MAX] = { { 0 } };

	(void)state;
	assert_true(esp_iv_write(c, 0x102, iv[0]));
	assert_memory_equal(iv[0], count, 8);
	assert_true(esp_iv_write(a, 1, iv[1]));
	assert_true(esp_iv_write(a, 2, iv[2]));
	assert_true(esp_iv_write(b, 1, iv[3]));
	for (unsigned i = 1; i < 4; i++)
		for (unsigned k = 0; k < i; k++)
			for (unsigned half = 0; half < 16; half += 8)
				assert_memory_not_equal(iv[i] + half, iv[k] + half, 8);
	esp_key_free(a);
	esp_key_free(b);
	esp_key_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers_of_every_provider),
		cmocka_unit_test(self_test_notices_wrong_bytes),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(providers_agree_byte_for_byte),
		cmocka_unit_test(sealed_by_one_opened_by_the_other),
		cmocka_unit_test(one_batch_of_all_algorithms),
		cmocka_unit_test(ivs_are_what_the_mode_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
