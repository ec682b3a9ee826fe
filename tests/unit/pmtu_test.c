/* SPDX-License-Identifier: BSD-2-Clause */
/* What was learned of the road holds for PMTU_MINUTES, and never raises the link's MTU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "worker/pmtu.h"
#include "worker/worker.h"

#define NS_PER_MINUTE 60000000000ull

static struct worker worker;
static struct sa_hot hot;
static struct sa_rt sa;

static uint16_t at_minute(uint64_t minute, uint16_t pmtu, uint16_t until)
{
	worker.now_ns = minute * NS_PER_MINUTE;
	hot = (struct sa_hot){ .pmtu = pmtu, .pmtu_until = until };
	sa.hot = &hot;
	sa.hop.mtu = 1500;
	return pmtu_of(&worker, &sa);
}

static void what_was_learned_is_forgotten(void **state)
{
	(void)state;
	assert_int_equal(at_minute(100, 1280, 110), 1280);
	assert_int_equal(at_minute(110, 1280, 110), 1280);
	assert_int_equal(at_minute(111, 1280, 110), 1500);
	assert_int_equal(at_minute(65535, 1280, 9), 1280); /* minutes are counted modulo 65536 */
	assert_int_equal(at_minute(65536 + 9, 1280, 9), 1280);
	assert_int_equal(at_minute(65536 + 10, 1280, 9), 1500);
}

static void the_link_is_the_limit(void **state)
{
	(void)state;
	assert_int_equal(at_minute(100, 0, 0), 1500);
	assert_int_equal(at_minute(100, 9000, 110), 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_learned_is_forgotten),
		cmocka_unit_test(the_link_is_the_limit),
	};

	return cmocka_run_group_tests_name("pmtu", tests, NULL, NULL);
}
