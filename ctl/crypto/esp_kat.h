/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Known answers of ESP algorithms, at least one for each algorithm and key length. "Computed": there
 * is no published one for ESP; it was calculated apart from the code here, with Python, like the ICVs
 * of CBC, CTR and 3DES.
 */
#ifndef CRYPTO_ESP_KAT_H
#define CRYPTO_ESP_KAT_H

#include <stddef.h>
#include "crypto/esp_provider.h"

/* All in hexadecimal, NULL: empty. enc is followed by its salt. cipher NULL: as plain. */
struct esp_kat {
	struct aead_alg alg;
	const char *enc, *auth, *aad, *iv, *plain, *cipher, *icv;
};

extern const struct esp_kat esp_kats_combined[], esp_kats_separate[];
extern const size_t n_esp_kats_combined, n_esp_kats_separate;

#endif
