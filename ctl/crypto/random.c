/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/random.h"

#include <errno.h>
#include <openssl/rand.h>

#define CHUNK 65536 /* RAND_bytes takes an int */

int random_bytes(void *buf, size_t len)
{
	unsigned char *at = buf;

	while (len) {
		size_t n = len < CHUNK ? len : CHUNK;

		if (RAND_bytes(at, (int)n) != 1)
			return -EIO;
		at += n;
		len -= n;
	}
	return 0;
}
