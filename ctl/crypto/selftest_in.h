/* SPDX-License-Identifier: BSD-2-Clause */
/* Between selftest.c and the files with the vectors: each function names what failed, or NULL. */
#ifndef CRYPTO_SELFTEST_IN_H
#define CRYPTO_SELFTEST_IN_H

#include <stdbool.h>
#include "base/cursor.h"

#define VECTOR_MAX 256

struct bytes {
	uint8_t b[VECTOR_MAX];
	size_t len;
};

/* Of our own lower-case constants. */
struct bytes vector_hex(const char *text);
bool vector_is(const uint8_t *got, const char *want);
static inline struct reader vector_view(const struct bytes *v)
{
	return rd_from(v->b, v->len);
}

const char *selftest_prf(void);
const char *selftest_aead(void);
const char *selftest_ke(void);

#endif
