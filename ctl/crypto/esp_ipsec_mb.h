/* SPDX-License-Identifier: BSD-2-Clause */
/* The two halves of the ipsec-mb provider: AEAD through the direct API (esp_ipsec_mb.c), the rest
 * as multi-buffer jobs (esp_ipsec_mb_jobs.c). */
#ifndef CRYPTO_ESP_IPSEC_MB_H
#define CRYPTO_ESP_IPSEC_MB_H

#include <intel-ipsec-mb.h>
#include "crypto/esp_in.h"

#define MB_AES_SCHEDULE 240 /* 15 round keys */
#define MB_BLOCK_MAX 128    /* SHA-384 and SHA-512 */

typedef void (*mb_gcm_fn)(const struct gcm_key_data *, struct gcm_context_data *, uint8_t *,
			  const uint8_t *, uint64_t, const uint8_t *, const uint8_t *, uint64_t,
			  uint8_t *, uint64_t);

/* The library wants its round keys aligned to 16 bytes, GCM's to 64. */
#define MB_ALIGNED _Alignas(64)

struct mb_gcm {
	MB_ALIGNED struct gcm_key_data expanded;
	mb_gcm_fn seal, open;
	aes_gmac_init_t gmac_init;
	aes_gmac_update_t gmac_update;
	aes_gmac_finalize_t gmac_final;
};

struct mb_cipher {
	MB_ALIGNED uint8_t enc[MB_AES_SCHEDULE];
	MB_ALIGNED uint8_t dec[MB_AES_SCHEDULE];
	IMB_CIPHER_MODE mode;
	size_t key_len;
};

struct mb_mac {
	MB_ALIGNED uint8_t k1[MB_AES_SCHEDULE];
	MB_ALIGNED uint8_t k2[16];
	MB_ALIGNED uint8_t k3[16];
	MB_ALIGNED uint8_t ipad[64], opad[64]; /* of HMAC: the states after the padded key */
	IMB_HASH_ALG alg;
};

struct mb_key {
	struct esp_key head;
	union {
		struct mb_gcm gcm; /* GCM and GMAC */
		uint8_t chacha[32];
		struct {
			struct mb_cipher cipher; /* CCM's too */
			struct mb_mac mac;
		};
	};
};

void mb_cipher_key(IMB_MGR *m, const struct encr_info *encr, struct reader enc,
		   struct mb_cipher *ret_cipher);
/* 0, -ENOTSUP. */
int mb_mac_key(IMB_MGR *m, const struct integ_info *integ, struct reader auth,
	       struct mb_mac *ret_mac) MUST_USE;
/* Those of the jobs that are CCM's, or encryption with an integrity algorithm. */
void mb_jobs_seal(IMB_MGR *m, struct esp_job *jobs, size_t n);
void mb_jobs_open(IMB_MGR *m, struct esp_job *jobs, size_t n);

#endif
