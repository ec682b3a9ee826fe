/* SPDX-License-Identifier: BSD-2-Clause */
/* Every combination of algorithms that an ESP proposal can name: each AEAD, each encryption with
 * each integrity algorithm. */
#ifndef TESTS_SUPPORT_ESP_ALGS_H
#define TESTS_SUPPORT_ESP_ALGS_H

#include <stdbool.h>
#include <stddef.h>
#include "crypto/alg.h"

#define ESP_ALGS_MAX 128

/* The nth combination and its keywords ("aes128-sha256"). False: there are no more. */
bool esp_alg_nth(size_t n, struct aead_alg *ret_alg, char *ret_name, size_t size);

#endif
