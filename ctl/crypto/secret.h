/* SPDX-License-Identifier: BSD-2-Clause */
/* What every secret needs: wiping that the compiler keeps, comparing that tells no time. */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* NULL is fine with len 0. */
void secret_wipe(void *secret, size_t len);
/* Equal, in time that depends on len only. */
bool memeq_ct(const void *a, const void *b, size_t len);

#endif
