/* SPDX-License-Identifier: BSD-2-Clause */
#include "crypto/selftest.h"

#include <errno.h>
#include <string.h>
#include "crypto/mschapv2.h"
#include "crypto/selftest_in.h"

static uint8_t nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

struct bytes vector_hex(const char *text)
{
	struct bytes v = { .len = 0 };

	for (; text[0] && v.len < VECTOR_MAX; text += 2)
		v.b[v.len++] = (uint8_t)(nibble(text[0]) << 4 | nibble(text[1]));
	return v;
}

bool vector_is(const uint8_t *got, const char *want)
{
	struct bytes v = vector_hex(want);

	return memcmp(got, v.b, v.len) == 0;
}

int crypto_selftest(const char **ret_what)
{
	const char *what = selftest_prf();

	if (!what)
		what = selftest_aead();
	if (!what)
		what = selftest_ke();
	if (!what && mschapv2_selftest())
		what = "MS-CHAPv2";
	if (!what)
		return 0;
	*ret_what = what;
	return -EIO;
}
