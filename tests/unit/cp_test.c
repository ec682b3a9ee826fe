/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration payloads, RFC 7296 3.15: values of both families, requests of other clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include "ike/payload.h"
#include "ike/ts.h"
#include "support/bytes.h"

static struct cp parsed(const char *text)
{
	struct cp cp;

	assert_int_equal(cp_parse(hex(text), &cp), 0);
	return cp;
}

static struct ip_addr address(const char *text)
{
	struct ip_addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

/* An IPv6 address with its prefix length behind it, and without. */
static void addresses_are_read(void **state)
{
	struct cp cp = parsed("02000000 0001 0004 0a630001"
			      "0008 0011 fd990000000000000000000000000007 40"
			      "000a 0010 fd020000000000000000000000000053");
	const char *const want[] = { "10.99.0.1", "fd99::7", "fd02::53" };

	(void)state;
	assert_int_equal(cp.n, 3);
	for (size_t i = 0; i < cp.n; i++) {
		struct ip_addr addr, right = address(want[i]);

		assert_true(cp_addr(&cp.attrs[i], &addr));
		assert_true(addr_equal(&addr, &right));
	}
}

static void short_values_are_no_addresses(void **state)
{
	struct cp cp = parsed("01000000 0001 0000 0008 0000 0001 0003 0a6300 0008 0004 0a630001");
	struct ip_addr addr;

	(void)state;
	assert_int_equal(cp.n, 4);
	for (size_t i = 0; i < cp.n; i++)
		assert_false(cp_addr(&cp.attrs[i], &addr));
}

static void values_are_written(void **state)
{
	struct ts_val v4 = { .port_last = TS_PORT_MAX }, v6 = v4;
	struct ip_addr vip = address("fd99::7"), dns = address("fd02::53"), any = address("10.99.0.1");
	uint8_t buf[CP_VALUE_MAX];

	(void)state;
	assert_int_equal(addr_parse_range("10.1.0.0/20", &v4.addr), 0);
	assert_int_equal(addr_parse_range("fd02::/48", &v6.addr), 0);
	assert_bytes(cp_vip_value(&vip, buf), hex("fd990000000000000000000000000007 80"));
	assert_bytes(cp_vip_value(&any, buf), hex("0a630001"));
	assert_bytes(cp_addr_value(&dns, buf), hex("fd020000000000000000000000000053"));
	assert_bytes(cp_subnet_value(&v4, buf), hex("0a010000 fffff000"));
	assert_bytes(cp_subnet_value(&v6, buf), hex("fd020000000000000000000000000000 30"));
	v6 = ts_of_family(false);
	assert_bytes(cp_subnet_value(&v6, buf), hex("00000000000000000000000000000000 00"));
	v4 = ts_of_family(true);
	assert_bytes(cp_subnet_value(&v4, buf), hex("00000000 00000000"));
}

/* Windows asks for servers, too, by numbers of its own; they are read over. */
static void what_is_not_known_is_kept_apart(void **state)
{
	struct cp cp = parsed("01000000 0001 0000 0003 0000 0004 0000 5ba0 0000"
			      "0008 0000 000a 0000 5ba1 0000");

	(void)state;
	assert_int_equal(cp.type, CFG_REQUEST);
	assert_int_equal(cp.n, 7);
	assert_int_equal(cp.attrs[3].type, 0x5ba0);
}

static void every_truncation_is_refused(void **state)
{
	struct reader whole = hex("02000000 0008 0011 fd990000000000000000000000000007 40");
	size_t len = rd_left(&whole);
	struct cp cp;

	(void)state;
	for (size_t n = 0; n < len; n++)
		if (n != 4) /* no attribute at all is a payload */
			assert_int_equal(cp_parse(rd_from(whole.at, n), &cp), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(short_values_are_no_addresses),
		cmocka_unit_test(values_are_written),
		cmocka_unit_test(what_is_not_known_is_kept_apart),
		cmocka_unit_test(every_truncation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
