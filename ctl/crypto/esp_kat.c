/* SPDX-License-Identifier: BSD-2-Clause */
/* Known-answer tests of an ESP provider, at each start. */
#include "crypto/esp_kat.h"

#include <errno.h>
#include <stdlib.h>

#define KAT_TEXT_MAX 96u
#define KAT_FRONT (ESP_HDR_LEN + ESP_IV_MAX)

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = hex ? strlen(hex) / 2 : 0;

	for (size_t i = 0; i < n; i++) {
		char byte[3] = { hex[2 * i], hex[2 * i + 1], 0 };
		out[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return n;
}

/* The packet of a vector, as often as a library may have lanes, and once more: what is right for
 * one job may be wrong for several. */
#define KAT_COPIES 17u

struct trial {
	struct esp_job job[KAT_COPIES];
	size_t n; /* of them in a batch */
	uint8_t packet[KAT_COPIES][KAT_FRONT + KAT_TEXT_MAX + ESP_ICV_MAX];
	uint8_t plain[KAT_TEXT_MAX], cipher[KAT_TEXT_MAX], icv[ESP_ICV_MAX];
};

/* Every packet as the vector has it, with its plain text or its ciphertext and ICV. */
static void trial_set(struct trial *t, const uint8_t *text)
{
	for (struct esp_job *j = t->job; j < t->job + t->n; j++) {
		uint8_t *esp = j->text - j->key->iv_len - ESP_HDR_LEN;

		if (j->aad_len >= ESP_HDR_LEN) {
			memcpy(esp, j->aad, 4);
			memcpy(esp + 4, j->aad + j->aad_len - 4, 4);
		}
		memcpy(esp + ESP_HDR_LEN, j->iv, j->key->iv_len);
		memcpy(j->text, text, j->text_len);
		memcpy(j->icv, t->icv, j->key->icv_len);
	}
}

static bool seals(const struct esp_provider *p, struct trial *t)
{
	bool ok = true;

	trial_set(t, t->plain);
	for (struct esp_job *j = t->job; j < t->job + t->n; j++)
		memset(j->icv, 0, j->key->icv_len);
	p->seal(t->job, t->n);
	for (const struct esp_job *j = t->job; j < t->job + t->n; j++)
		ok = ok && j->result == 0 && memcmp(j->text, t->cipher, j->text_len) == 0 &&
		     memcmp(j->icv, t->icv, j->key->icv_len) == 0;
	return ok;
}

static bool opens(const struct esp_provider *p, struct trial *t)
{
	bool ok = true;

	trial_set(t, t->cipher);
	p->open(t->job, t->n);
	for (const struct esp_job *j = t->job; j < t->job + t->n; j++)
		ok = ok && j->result == 0 && memcmp(j->text, t->plain, j->text_len) == 0;
	return ok;
}

/* Every second packet has one bit changed. */
static bool refuses(const struct esp_provider *p, struct trial *t)
{
	bool ok = true;

	trial_set(t, t->cipher);
	for (size_t i = 0; i < t->n; i += 2)
		t->job[i].text[t->job[i].text_len - 1] ^= 1;
	p->open(t->job, t->n);
	for (size_t i = 0; i < t->n; i++)
		ok = ok && t->job[i].result == (i % 2 ? 0 : -EBADMSG);
	return ok;
}

static void trial_init(struct trial *t, const struct esp_kat *kat, struct esp_key *key)
{
	struct esp_job job = { .key = key };

	memset(t, 0, sizeof(*t));
	job.aad_len = (uint16_t)unhex(kat->aad, job.aad);
	job.text_len = (uint32_t)unhex(kat->plain, t->plain);
	unhex(kat->iv, job.iv);
	unhex(kat->cipher ? kat->cipher : kat->plain, t->cipher);
	unhex(kat->icv, t->icv);
	for (size_t i = 0; i < KAT_COPIES; i++) {
		job.text = t->packet[i] + KAT_FRONT;
		job.icv = job.text + job.text_len;
		t->job[i] = job;
	}
}

static bool passes(const struct esp_provider *p, struct trial *t, size_t n)
{
	t->n = n;
	return seals(p, t) && opens(p, t) && refuses(p, t);
}

static int kat_run(const struct esp_provider *p, const struct esp_kat *kat)
{
	uint8_t enc[36], auth[64];
	struct reader enc_key = rd_from(enc, unhex(kat->enc, enc));
	struct reader auth_key = rd_from(auth, unhex(kat->auth, auth));
	struct esp_key *key;
	struct trial t;
	int err = esp_key_new(p, kat->alg, enc_key, auth_key, &key);

	if (err)
		return err;
	trial_init(&t, kat, key);
	bool ok = strlen(kat->icv) == 2u * key->icv_len && passes(p, &t, 1) &&
		  passes(p, &t, KAT_COPIES);
	esp_key_free(key);
	return ok ? 0 : -EBADMSG;
}

static int run_all(const struct esp_provider *p, const struct esp_kat *kats, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = kat_run(p, &kats[i]);
	return err;
}

int esp_provider_self_test(const struct esp_provider *p)
{
	int err = run_all(p, esp_kats_combined, n_esp_kats_combined);

	return err ? err : run_all(p, esp_kats_separate, n_esp_kats_separate);
}
