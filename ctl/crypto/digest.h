/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include "base/cursor.h"
#include "base/must.h"

#define MD5_LEN 16 /* only what RADIUS is made of */
#define SHA1_LEN 20 /* only where the protocol says so: NAT detection, key identifiers */
#define SHA256_LEN 32

/* The digest of parts[0] | parts[1] | ... -EIO: OpenSSL failed. */
int digest_md5(const struct reader *parts, size_t n_parts, uint8_t ret_out[MD5_LEN]) MUST_USE;
int digest_sha1(const struct reader *parts, size_t n_parts, uint8_t ret_out[SHA1_LEN]) MUST_USE;
int digest_sha256(const struct reader *parts, size_t n_parts, uint8_t ret_out[SHA256_LEN]) MUST_USE;

#endif
