/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual addresses of both families: who gets which, and again after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ike/id.h"
#include "sekishod/leases.h"

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...)
{
	(void)format;
}

static struct conn conn;
static struct leases leases;
static char path[] = "/tmp/leases_test.XXXXXX";

static void pool(const char *name, const char *addrs)
{
	struct conn_pool *p = &conn.pools[conn.n_pools++];

	snprintf(p->name, sizeof(p->name), "%s", name);
	assert_int_equal(addr_parse_range(addrs, &p->addrs), 0);
}

static int setup(void **state)
{
	(void)state;
	conn = (struct conn){ .name = "rw" };
	leases = (struct leases){ .n = 0 };
	strcpy(path, "/tmp/leases_test.XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(leases_read(&leases, path), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	leases_fini(&leases);
	return unlink(path);
}

/* "": none is left. */
static const char *take(unsigned who, bool is_v4)
{
	static char text[ADDR_TEXT_MAX];
	struct ike_id id;
	struct ip_addr addr;
	const char *why;
	char name[32];

	snprintf(name, sizeof(name), "rw%u@example", who);
	assert_int_equal(id_parse(name, &id, &why), 0);
	struct lease_request r = { .conn = &conn, .id = &id, .is_v4 = is_v4 };
	int err = leases_take(&leases, &r, &addr);
	if (err)
		assert_int_equal(err, -ENOSPC);
	return err ? "" : addr_print(&addr, text, sizeof(text));
}

static void one_of_each_family(void **state)
{
	(void)state;
	pool("v4", "10.99.0.1-10.99.0.9");
	pool("v6", "fd99::1-fd99::ffff:ffff:ffff:ffff");
	assert_string_equal(take(1, true), "10.99.0.1");
	assert_string_equal(take(1, false), "fd99::1");
	assert_string_equal(take(2, false), "fd99::2");
	assert_string_equal(take(2, true), "10.99.0.2");
}

static void a_family_without_pool_has_none(void **state)
{
	(void)state;
	pool("v4", "10.99.0.0/24");
	assert_string_equal(take(1, false), "");
	assert_string_equal(take(1, true), "10.99.0.0");
}

/* They come back in another order. */
static void both_survive_a_restart(void **state)
{
	(void)state;
	pool("v4", "10.99.0.1-10.99.0.9");
	pool("v6", "fd99::/64");
	assert_string_equal(take(1, true), "10.99.0.1");
	assert_string_equal(take(1, false), "fd99::");
	assert_string_equal(take(2, true), "10.99.0.2");
	assert_string_equal(take(2, false), "fd99::1");
	leases_fini(&leases);
	assert_int_equal(leases_read(&leases, path), 0);
	assert_int_equal(leases.n, 4);
	assert_string_equal(take(2, false), "fd99::1");
	assert_string_equal(take(3, false), "fd99::2");
	assert_string_equal(take(1, false), "fd99::");
	assert_string_equal(take(1, true), "10.99.0.1");
}

/* Across the border of the two halves of a number, to the last address. */
static void a_range_is_used_up(void **state)
{
	(void)state;
	pool("v6", "2001:db8::ffff:ffff:ffff:fffe-2001:db8:0:1::1");
	assert_string_equal(take(1, false), "2001:db8::ffff:ffff:ffff:fffe");
	assert_string_equal(take(2, false), "2001:db8::ffff:ffff:ffff:ffff");
	assert_string_equal(take(3, false), "2001:db8:0:1::");
	assert_string_equal(take(4, false), "2001:db8:0:1::1");
	assert_string_equal(take(5, false), "");
}

static void only_leases_take_room(void **state)
{
	(void)state;
	pool("v6", "2001:db8::/32");
	for (unsigned i = 0; i < 300; i++)
		assert_string_not_equal(take(i, false), "");
	assert_int_equal(leases.n, 300);
	for (size_t i = 0; i < leases.n; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(addr_equal(&leases.list[i].addr, &leases.list[j].addr));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_of_each_family),
		TEST(a_family_without_pool_has_none),
		TEST(both_survive_a_restart),
		TEST(a_range_is_used_up),
		TEST(only_leases_take_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
