/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keyed hashes: HMAC (RFC 2104) and AES-128-CMAC (RFC 4493) from OpenSSL, AES-128-XCBC (RFC 3566)
 * over its AES. One object is one key; it may be run many times.
 */
#ifndef CRYPTO_MAC_H
#define CRYPTO_MAC_H

#include <stddef.h>
#include <stdint.h>
#include "base/cursor.h"
#include "base/must.h"

#define MAC_LEN_MAX 64
#define MAC_AES_LEN 16 /* output, and key, of CMAC and XCBC */

enum mac_kind {
	MAC_HMAC,
	MAC_CMAC,
	MAC_XCBC,
};

struct mac;

/* digest: OpenSSL's name, for HMAC. CMAC and XCBC want MAC_AES_LEN bytes of key. NULL: not such a
 * key, or OpenSSL failed. */
struct mac *mac_new(enum mac_kind kind, const char *digest, struct reader key);
/* Over parts[0] | parts[1] | ...; the full output. 0, -EIO. */
int mac_run(struct mac *mac, const struct reader *parts, size_t n_parts,
	    uint8_t ret_out[MAC_LEN_MAX]) MUST_USE;
void mac_free(struct mac *mac); /* wipes; NULL is fine */

#endif
