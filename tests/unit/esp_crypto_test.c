/* SPDX-License-Identifier: BSD-2-Clause */
/* ESP crypto providers: known answers, and byte-identical results among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>
#include "crypto/esp_provider.h"

#define TEXT_MAX 2048u
#define BATCH 64u

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

static void unknown_names_and_key_lengths_are_refused(void **state)
{
	const struct esp_provider *p = NULL;
	struct esp_key *key = NULL;
	uint8_t enc[36] = { 0 };

	(void)state;
	assert_int_equal(esp_provider_choose("rot13", &p), -ENOENT);
	assert_int_equal(esp_provider_choose("openssl", &p), 0);
	assert_ptr_equal(p, &esp_openssl);
	assert_int_equal(esp_provider_choose(NULL, &p), 0);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		assert_int_equal(all[i]->key_new(128, enc, 36, &key), -EINVAL);
		assert_int_equal(all[i]->key_new(256, enc, 20, &key), -EINVAL);
		assert_int_equal(all[i]->key_new(192, enc, 28, &key), -EINVAL);
		assert_int_equal(all[i]->key_new(ESP_BITS_CHACHA20, enc, 32, &key), -EINVAL);
	}
	assert_null(key);
}

/* One job per text length around `base`: text is sealed by `p` into out[i], tag behind it. */
static void seal_batch(const struct esp_provider *p, uint16_t key_bits, unsigned base,
		       uint8_t (*out)[TEXT_MAX + 16])
{
	struct esp_job jobs[BATCH];
	struct esp_key *key;
	uint8_t enc[36];

	noise(enc, sizeof(enc), key_bits);
	assert_int_equal(p->key_new(key_bits, enc, key_bits ? key_bits / 8u + 4u : 36, &key), 0);
	for (unsigned i = 0; i < BATCH; i++) {
		struct esp_job *j = &jobs[i];

		*j = (struct esp_job){ .key = key, .text = out[i], .text_len = base + i };
		j->icv = out[i] + j->text_len;
		j->aad_len = i & 1 ? 12 : 8;
		noise(j->aad, sizeof(j->aad), i);
		noise(j->iv, sizeof(j->iv), i + 7);
		noise(out[i], j->text_len, i + 99);
	}
	p->seal(jobs, BATCH);
	for (unsigned i = 0; i < BATCH; i++)
		assert_int_equal(jobs[i].result, 0);
	p->key_free(key);
}

static void providers_agree_byte_for_byte(void **state)
{
	static uint8_t a[BATCH][TEXT_MAX + 16], b[BATCH][TEXT_MAX + 16];

	(void)state;
	if (esp_ipsec_mb.start())
		skip();
	for (uint16_t bits = ESP_BITS_CHACHA20; bits <= 256; bits += 128)
		for (unsigned base = 1; base < 1600; base += 300) {
			seal_batch(&esp_ipsec_mb, bits, base, a);
			seal_batch(&esp_openssl, bits, base, b);
			for (unsigned i = 0; i < BATCH; i++)
				assert_memory_equal(a[i], b[i], base + i + 16);
		}
}

/* What one seals the other opens; any flipped bit of text, ICV, IV or AAD is noticed. */
static void one_opens_what_the_other_seals(const struct esp_provider *one,
					   const struct esp_provider *other, uint16_t bits)
{
	uint8_t enc[36], plain[100], text[116];
	struct esp_job j = { .text = text, .icv = text + 100, .text_len = 100, .aad_len = 12 };
	struct esp_key *k1, *k2;

	noise(enc, sizeof(enc), 5);
	noise(plain, sizeof(plain), 6);
	size_t len = bits ? bits / 8u + 4u : sizeof(enc);
	assert_int_equal(one->key_new(bits, enc, len, &k1), 0);
	assert_int_equal(other->key_new(bits, enc, len, &k2), 0);
	for (unsigned flip = 0; flip < 5; flip++) {
		memcpy(text, plain, sizeof(plain));
		j.key = k1;
		one->seal(&j, 1);
		uint8_t *bit[] = { NULL, text + 50, j.icv + 15, j.iv + 3, j.aad + 11 };
		if (bit[flip])
			*bit[flip] ^= 0x80;
		j.key = k2;
		other->open(&j, 1);
		assert_int_equal(j.result, flip ? -EBADMSG : 0);
		if (!flip)
			assert_memory_equal(text, plain, sizeof(plain));
	}
	one->key_free(k1);
	other->key_free(k2);
}

static void sealed_by_one_opened_by_the_other(void **state)
{
	(void)state;
	if (esp_ipsec_mb.start())
		skip();
	one_opens_what_the_other_seals(&esp_ipsec_mb, &esp_openssl, 128);
	one_opens_what_the_other_seals(&esp_ipsec_mb, &esp_openssl, ESP_BITS_CHACHA20);
	one_opens_what_the_other_seals(&esp_openssl, &esp_ipsec_mb, 128);
	one_opens_what_the_other_seals(&esp_openssl, &esp_ipsec_mb, ESP_BITS_CHACHA20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers_of_every_provider),
		cmocka_unit_test(self_test_notices_wrong_bytes),
		cmocka_unit_test(unknown_names_and_key_lengths_are_refused),
		cmocka_unit_test(providers_agree_byte_for_byte),
		cmocka_unit_test(sealed_by_one_opened_by_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
