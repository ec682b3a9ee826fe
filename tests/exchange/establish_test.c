/* SPDX-License-Identifier: BSD-2-Clause */
/* Coming up: IKE_SA_INIT and IKE_AUTH between two cores, and what can go wrong there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include "support/pair.h"

static struct pair pair;

static void comes_up_with(const char *ike, const char *esp)
{
	pair_init(&pair, 1, ike, esp);
	pair_configure(&pair);
	pair_up(&pair);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_int_equal(side_n_sas(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
	assert_int_equal(pair.a.n_sent, 2);
	assert_int_equal(pair.b.n_sent, 2);
	pair_fini(&pair);
}

static void establishes_with_every_group(void **state)
{
	(void)state;
	comes_up_with("aes256gcm16-prfsha256-x25519", "aes256gcm16");
	comes_up_with("aes128-sha256-ecp256", "aes128gcm16");
	comes_up_with("aes256-sha512-modp2048", "aes256gcm16-esn");
	comes_up_with("default", "default");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(establishes_with_every_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
