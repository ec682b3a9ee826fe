/* SPDX-License-Identifier: BSD-2-Clause */
/* Childless IKE SAs (RFC 6023): IKE_AUTH without a Child SA, which follows in CREATE_CHILD_SA. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include "support/pair.h"

static struct pair pair;
static unsigned n_create;

static bool count(struct pair *p, struct flight *f, void *arg)
{
	(void)p;
	(void)arg;
	n_create += f->bytes[18] == EX_CREATE_CHILD_SA;
	return true;
}

static int setup(void **state)
{
	(void)state;
	n_create = 0;
	pair_init(&pair, 13, "aes256gcm16-prfsha256-x25519", "aes256gcm16-x25519");
	pair.on_wire = count;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static void come_up(enum conn_childless a, enum conn_childless b, unsigned n_messages)
{
	pair.a.conns[0].childless = a;
	pair.b.conns[0].childless = b;
	pair_configure(&pair);
	pair_up(&pair);
	assert_int_equal(n_create, n_messages);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
}

static void the_child_follows(void **state)
{
	(void)state;
	come_up(CHILDLESS_PREFER, CHILDLESS_ALLOW, 2);
	teardown(state);
	setup(state);
	come_up(CHILDLESS_FORCE, CHILDLESS_FORCE, 2);
}

static void who_does_not_ask_gets_it_at_once(void **state)
{
	(void)state;
	come_up(CHILDLESS_ALLOW, CHILDLESS_ALLOW, 0);
}

static void never_says_nothing_of_it(void **state)
{
	(void)state;
	come_up(CHILDLESS_PREFER, CHILDLESS_NEVER, 0);
}

static void fails(enum conn_childless a, enum conn_childless b, struct side *who, const char *why)
{
	pair.a.conns[0].childless = a;
	pair.b.conns[0].childless = b;
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 60000);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
	assert_true(side_logged(who, why));
}

static void force_takes_nothing_else(void **state)
{
	(void)state;
	fails(CHILDLESS_FORCE, CHILDLESS_NEVER, &pair.a, "childless = force");
	teardown(state);
	setup(state);
	fails(CHILDLESS_ALLOW, CHILDLESS_FORCE, &pair.b, "childless = force");
}

/* Two connections for one peer: what each of them says of childless counts for it alone. */
static void it_is_the_connections_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct conn *first = &pair.b.conns[0], *second = &pair.b.conns[1];

		teardown(state);
		setup(state);
		*second = *first;
		second->children = pair.b.children[1];
		pair.b.children[1][0] = pair.b.children[0][0];
		snprintf(second->name, sizeof(second->name), "second");
		first->psk[0] ^= 1;
		first->childless = i ? CHILDLESS_ALLOW : CHILDLESS_FORCE;
		second->childless = i ? CHILDLESS_FORCE : CHILDLESS_ALLOW;
		pair_configure(&pair);
		assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
		side_effects(&pair.a);
		pair_run(&pair, 60000);
		assert_int_equal(side_n_ike(&pair.a), !i);
		assert_int_equal(side_logged(&pair.b, "second[1] IKE_SA established"), !i);
		assert_true(!i || side_logged(&pair.b, "childless = force"));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_child_follows),	TEST(who_does_not_ask_gets_it_at_once),
		TEST(never_says_nothing_of_it), TEST(force_takes_nothing_else),
		TEST(it_is_the_connections_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
