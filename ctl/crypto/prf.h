/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pseudo-random functions of IKEv2: HMAC-SHA1 and -SHA2 (RFC 2104, 4868), AES-XCBC-PRF-128
 * (RFC 4434), AES-CMAC-PRF-128 (RFC 4615), and prf+ (RFC 7296 2.13).
 * Inputs are lists of views, so that "Ni | Nr | SPIi | SPIr" needs no buffer.
 */
#ifndef CRYPTO_PRF_H
#define CRYPTO_PRF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sekisho/ike_num.h>
#include "base/cursor.h"
#include "base/must.h"

#define PRF_LEN_MAX 64

struct mac;

/* Output length in bytes, which is also the preferred key length; 0: not known here. */
size_t prf_len(uint16_t prf);
/* AES-XCBC and AES-CMAC: with them SKEYSEED takes 8 bytes of each nonce (RFC 7296 2.14). */
bool prf_is_fixed_key(uint16_t prf);

/* The MAC under this key, to be run many times. NULL: unknown prf, or OpenSSL failed. */
struct mac *prf_keyed(uint16_t prf, struct reader key);

/* prf(key, parts[0] | parts[1] | ...), prf_len() bytes. -ENOTSUP: unknown prf; -EIO. */
int prf_compute(uint16_t prf, struct reader key, const struct reader *parts, size_t n_parts,
		uint8_t *ret_out) MUST_USE;

/* prf+(key, parts...): len bytes. -ERANGE: more than 255 blocks; -ENOTSUP; -EIO. */
int prf_plus(uint16_t prf, struct reader key, const struct reader *parts, size_t n_parts,
	     uint8_t *ret_out, size_t len) MUST_USE;

#endif
