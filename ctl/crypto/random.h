/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include <stddef.h>
#include "base/must.h"

/* Cryptographic random bytes. -EIO: the generator failed; buf holds nothing of use then. */
int random_bytes(void *buf, size_t len) MUST_USE;

#endif
