/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CBC, CTR, CCM and the integrity algorithms, as jobs that the library works off several at
 * a time: a chain of blocks of one packet leaves most of the CPU idle. Encryption and integrity are
 * two rounds over the batch, because opening must not decipher what is not authentic.
 */
#include "crypto/esp_ipsec_mb.h"

#include <errno.h>
#include "crypto/secret.h"

#define ROUND 64u /* jobs at a time: what lies on the stack for them */

struct round {
	IMB_MGR *m;
	bool is_seal;
	size_t n;
	struct esp_job *job[ROUND];
	uint8_t nonce[ROUND][ESP_NONCE_MAX];
	uint8_t tag[ROUND][64];
};

/* ---- Keys ------------------------------------------------------------------------ */

void mb_cipher_key(IMB_MGR *m, const struct encr_info *encr, struct reader enc,
		   struct mb_cipher *ret_cipher)
{
	static const IMB_CIPHER_MODE modes[] = {
		[MODE_CBC] = IMB_CIPHER_CBC,
		[MODE_CTR] = IMB_CIPHER_CNTR,
		[MODE_CCM] = IMB_CIPHER_CCM,
	};
	struct mb_cipher *c = ret_cipher;

	c->key_len = rd_left(&enc) - encr->salt_len;
	c->mode = IMB_CIPHER_NULL;
	if (encr->mode == MODE_NULL)
		return;
	if (c->key_len == 16)
		IMB_AES_KEYEXP_128(m, enc.at, c->enc, c->dec);
	else if (c->key_len == 24)
		IMB_AES_KEYEXP_192(m, enc.at, c->enc, c->dec);
	else
		IMB_AES_KEYEXP_256(m, enc.at, c->enc, c->dec);
	c->mode = modes[encr->mode];
}

struct hmac_info {
	uint16_t integ;
	IMB_HASH_ALG alg;
	uint8_t block;
	size_t one_block; /* where the manager has its function for one block */
};

static const struct hmac_info hmacs[] = {
	{ INTEG_HMAC_SHA1_96, IMB_AUTH_HMAC_SHA_1, 64, offsetof(IMB_MGR, sha1_one_block) },
	{ INTEG_HMAC_SHA2_256_128, IMB_AUTH_HMAC_SHA_256, 64, offsetof(IMB_MGR, sha256_one_block) },
	{ INTEG_HMAC_SHA2_384_192, IMB_AUTH_HMAC_SHA_384, 128,
	  offsetof(IMB_MGR, sha384_one_block) },
	{ INTEG_HMAC_SHA2_512_256, IMB_AUTH_HMAC_SHA_512, 128,
	  offsetof(IMB_MGR, sha512_one_block) },
};

/* RFC 2104: the states after the key, which is never longer than a block, xor ipad and opad. */
static void hmac_key(IMB_MGR *m, const struct hmac_info *info, struct reader auth,
		     struct mb_mac *mac)
{
	void (*one_block)(const void *, void *);
	uint8_t block[MB_BLOCK_MAX] = { 0 };

	memcpy(&one_block, (const uint8_t *)m + info->one_block, sizeof(one_block));
	rd_copy(&auth, block, rd_left(&auth));
	for (size_t i = 0; i < info->block; i++)
		block[i] ^= 0x36;
	one_block(block, mac->ipad);
	for (size_t i = 0; i < info->block; i++)
		block[i] ^= 0x36 ^ 0x5c;
	one_block(block, mac->opad);
	secret_wipe(block, sizeof(block));
	mac->alg = info->alg;
}

int mb_mac_key(IMB_MGR *m, const struct integ_info *integ, struct reader auth,
	       struct mb_mac *ret_mac)
{
	uint8_t unused[MB_AES_SCHEDULE];

	for (size_t i = 0; i < ARRAY_SIZE(hmacs); i++) {
		if (hmacs[i].integ == integ->id) {
			hmac_key(m, &hmacs[i], auth, ret_mac);
			return 0;
		}
	}
	if (integ->id == INTEG_AES_XCBC_96) {
		IMB_AES_XCBC_KEYEXP(m, auth.at, ret_mac->k1, ret_mac->k2, ret_mac->k3);
		ret_mac->alg = IMB_AUTH_AES_XCBC;
	} else if (integ->id == INTEG_AES_CMAC_96) {
		IMB_AES_KEYEXP_128(m, auth.at, ret_mac->k1, unused);
		IMB_AES_CMAC_SUBKEY_GEN_128(m, ret_mac->k1, ret_mac->k2, ret_mac->k3);
		secret_wipe(unused, sizeof(unused));
		ret_mac->alg = IMB_AUTH_AES_CMAC;
	} else {
		return -ENOTSUP;
	}
	return 0;
}

/* ---- Jobs ------------------------------------------------------------------------ */

static void finish(const IMB_JOB *done)
{
	struct esp_job *j = done->user_data;

	j->result = done->status == IMB_STATUS_COMPLETED ? 0 : -EIO;
}

static void submit(IMB_MGR *m)
{
	for (const IMB_JOB *done = IMB_SUBMIT_JOB(m); done; done = IMB_GET_COMPLETED_JOB(m))
		finish(done);
}

static void flush(IMB_MGR *m)
{
	for (const IMB_JOB *done = IMB_FLUSH_JOB(m); done; done = IMB_FLUSH_JOB(m))
		finish(done);
}

static IMB_JOB *job_new(const struct round *r, struct esp_job *j)
{
	IMB_JOB *job = IMB_GET_NEXT_JOB(r->m);

	memset(job, 0, sizeof(*job));
	job->user_data = j;
	job->cipher_direction = r->is_seal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
	job->cipher_mode = IMB_CIPHER_NULL;
	job->hash_alg = IMB_AUTH_NULL;
	j->result = -EIO; /* until it comes back */
	return job;
}

static void cipher_fill(const struct round *r, size_t i, IMB_JOB *job)
{
	static const uint8_t one[4] = { 0, 0, 0, 1 };
	const struct esp_job *j = r->job[i];
	const struct mb_cipher *c = &((const struct mb_key *)j->key)->cipher;
	uint8_t *nonce = (uint8_t *)r->nonce[i];

	esp_nonce(j, nonce);
	if (j->key->mode == MODE_CTR) /* RFC 3686 4 */
		memcpy(nonce + ESP_NONCE_MAX - sizeof(one), one, sizeof(one));
	job->iv = nonce;
	job->iv_len_in_bytes =
		j->key->mode == MODE_CTR ? ESP_NONCE_MAX : j->key->salt_len + j->key->iv_len;
	job->cipher_mode = c->mode;
	job->enc_keys = c->enc;
	job->dec_keys = c->dec;
	job->key_len_in_bytes = c->key_len;
	job->src = job->dst = j->text;
	job->msg_len_to_cipher_in_bytes = j->text_len;
	job->chain_order = r->is_seal ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
}

static void cipher_round(const struct round *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->job[i]->result || r->job[i]->key->mode == MODE_NULL)
			continue;
		cipher_fill(r, i, job_new(r, r->job[i]));
		submit(r->m);
	}
	flush(r->m);
}

static void mac_keys(const struct mb_mac *mac, IMB_JOB *job)
{
	job->hash_alg = mac->alg;
	if (mac->alg == IMB_AUTH_AES_XCBC) {
		job->u.XCBC._k1_expanded = (const uint32_t *)mac->k1;
		job->u.XCBC._k2 = mac->k2;
		job->u.XCBC._k3 = mac->k3;
	} else if (mac->alg == IMB_AUTH_AES_CMAC) {
		job->u.CMAC._key_expanded = mac->k1;
		job->u.CMAC._skey1 = mac->k2;
		job->u.CMAC._skey2 = mac->k3;
	} else {
		job->u.HMAC._hashed_auth_key_xor_ipad = mac->ipad;
		job->u.HMAC._hashed_auth_key_xor_opad = mac->opad;
	}
}

/* The high half of the ESN comes behind the text for as long as it takes: where the ICV has its
 * place, which has been copied or is still to be written. */
static void mac_fill(struct round *r, size_t i, IMB_JOB *job)
{
	struct esp_job *j = r->job[i];
	const uint8_t *high = esp_seq_high(j);
	uint32_t len;

	job->src = esp_covered(j, &len);
	if (high)
		memcpy(j->icv, high, 4);
	job->msg_len_to_hash_in_bytes = high ? len + 4 : len;
	job->auth_tag_output = r->tag[i];
	job->auth_tag_output_len_in_bytes = j->key->icv_len;
	job->chain_order = IMB_ORDER_HASH_CIPHER;
	mac_keys(&((const struct mb_key *)j->key)->mac, job);
}

static void mac_round(struct round *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->job[i]->result)
			continue;
		mac_fill(r, i, job_new(r, r->job[i]));
		submit(r->m);
	}
	flush(r->m);
}

/* ---- Rounds ---------------------------------------------------------------------- */

static void etm_seal(struct round *r)
{
	cipher_round(r);
	mac_round(r);
	for (size_t i = 0; i < r->n; i++)
		if (!r->job[i]->result)
			memcpy(r->job[i]->icv, r->tag[i], r->job[i]->key->icv_len);
}

static void etm_open(struct round *r)
{
	uint8_t icv[ROUND][ESP_ICV_MAX];

	for (size_t i = 0; i < r->n; i++)
		memcpy(icv[i], r->job[i]->icv, r->job[i]->key->icv_len);
	mac_round(r);
	for (size_t i = 0; i < r->n; i++)
		if (!r->job[i]->result && !memeq_ct(r->tag[i], icv[i], r->job[i]->key->icv_len))
			r->job[i]->result = -EBADMSG;
	cipher_round(r);
}

/* RFC 4309. The order in which the library wants the two halves of CCM is this one. */
static void ccm_round(struct round *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct esp_job *j = r->job[i];
		IMB_JOB *job = job_new(r, j);

		cipher_fill(r, i, job);
		job->hash_alg = IMB_AUTH_AES_CCM;
		job->msg_len_to_hash_in_bytes = j->text_len;
		job->u.CCM.aad = j->aad;
		job->u.CCM.aad_len_in_bytes = j->aad_len;
		job->auth_tag_output = r->tag[i];
		job->auth_tag_output_len_in_bytes = j->key->icv_len;
		job->chain_order = r->is_seal ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
		submit(r->m);
	}
	flush(r->m);
	for (size_t i = 0; i < r->n; i++) {
		struct esp_job *j = r->job[i];

		if (!j->result && r->is_seal)
			memcpy(j->icv, r->tag[i], j->key->icv_len);
		else if (!j->result && !memeq_ct(r->tag[i], j->icv, j->key->icv_len))
			j->result = -EBADMSG;
	}
}

static void run(struct round *r, void (*round_fn)(struct round *))
{
	if (r->n)
		round_fn(r);
	r->n = 0;
}

static void take(struct round *r, struct esp_job *j, void (*round_fn)(struct round *))
{
	j->result = 0;
	r->job[r->n++] = j;
	if (r->n == ROUND)
		run(r, round_fn);
}

static void all_rounds(IMB_MGR *m, bool is_seal, struct esp_job *jobs, size_t n)
{
	struct round etm, ccm;

	etm.m = ccm.m = m;
	etm.is_seal = ccm.is_seal = is_seal;
	etm.n = ccm.n = 0;
	for (struct esp_job *j = jobs; j < jobs + n; j++) {
		if (j->key->provider != &esp_ipsec_mb)
			continue;
		if (j->key->mode == MODE_CCM)
			take(&ccm, j, ccm_round);
		else if (j->key->mode < MODE_GCM)
			take(&etm, j, is_seal ? etm_seal : etm_open);
	}
	run(&etm, is_seal ? etm_seal : etm_open);
	run(&ccm, ccm_round);
}

void mb_jobs_seal(IMB_MGR *m, struct esp_job *jobs, size_t n)
{
	all_rounds(m, true, jobs, n);
}

void mb_jobs_open(IMB_MGR *m, struct esp_job *jobs, size_t n)
{
	all_rounds(m, false, jobs, n);
}
