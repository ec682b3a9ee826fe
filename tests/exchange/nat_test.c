/* SPDX-License-Identifier: BSD-2-Clause */
/* NAT traversal (RFC 7296 2.23): detected, faked, followed, kept alive. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include "ike/limits.h"
#include "support/pair.h"

static struct pair pair;

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, 7, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static void put_nat(uint16_t port)
{
	pair.nat_500 = (struct endpoint){ addr_from_v4(0xc6336401), port };
	pair.nat_4500 = (struct endpoint){ addr_from_v4(0xc6336401), (uint16_t)(port + 1) };
	pair.b.conns[0].n_remote = 0; /* %any */
}

static void up(void)
{
	pair_configure(&pair);
	pair_up(&pair);
}

static void without_nat_nothing_floats(void **state)
{
	(void)state;
	up();
	assert_false(side_in_use(&pair.a)->sa.is_encap);
	assert_int_equal(side_in_use(&pair.a)->sa.remote.port, 500);
	pair_run(&pair, 60000);
	assert_int_equal(pair.a.n_keepalives + pair.b.n_keepalives, 0);
}

static void behind_a_nat_it_floats(void **state)
{
	(void)state;
	put_nat(40000);
	up();
	const struct child_sa *a = &side_in_use(&pair.a)->sa, *b = &side_in_use(&pair.b)->sa;
	assert_true(a->is_encap && b->is_encap);
	assert_int_equal(a->local.port, 4500);
	assert_int_equal(a->remote.port, 4500);
	assert_int_equal(b->local.port, 4500);
	assert_int_equal(b->remote.port, 40001);
	assert_true(side_logged(&pair.a, "we are behind a NAT"));
	assert_true(side_logged(&pair.b, "peer is behind a NAT"));
	pair_run(&pair, 10 * KEEPALIVE_MS + 1000);
	assert_int_equal(pair.a.n_keepalives, 10);
	assert_int_equal(pair.b.n_keepalives, 0);

	struct ike_settings settings = ike_settings_default();
	settings.keep_alive_s = 5; /* from the next one on */
	ike_tune(pair.a.ike, &settings);
	pair_run(&pair, KEEPALIVE_MS + 20000);
	assert_int_equal(pair.a.n_keepalives, 15);
	settings.keep_alive_s = 0;
	ike_tune(pair.a.ike, &settings);
	pair_run(&pair, 5 * KEEPALIVE_MS);
	assert_int_equal(pair.a.n_keepalives, 16);
}

/* To another port than 500 the marker goes first, so it has to leave from 4500. */
static void begun_at_4500_it_leaves_from_4500(void **state)
{
	(void)state;
	pair.a.conns[0].remote_port = 4500;
	up();
	assert_int_equal(side_in_use(&pair.a)->sa.local.port, 4500);
	assert_int_equal(side_in_use(&pair.b)->sa.local.port, 4500);
}

/* Both ways the exchange that follows goes through the NAT, too. */
static void rekeys_through_the_nat(void **state)
{
	(void)state;
	put_nat(40000);
	up();
	pair.flow_ms = 1;
	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
		assert_int_equal(ike_rekey_child(s->ike, "gw-gw", "net", pair.now_ms), 0);
		side_effects(s);
		pair_run(&pair, 10000);
	}
	assert_int_equal(pair.n_data_lost + pair.n_data_unsent, 0);
	assert_true(pair_fits(&pair));
	assert_true(side_in_use(&pair.b)->sa.is_encap);
}

static void encap_can_be_forced(void **state)
{
	(void)state;
	pair.a.conns[0].is_encap_forced = true;
	up();
	assert_true(side_in_use(&pair.a)->sa.is_encap && side_in_use(&pair.b)->sa.is_encap);
	assert_int_equal(side_in_use(&pair.b)->sa.remote.port, 4500);
	teardown(state);
	setup(state);
	pair.b.conns[0].is_encap_forced = true;
	up();
	assert_true(side_in_use(&pair.a)->sa.is_encap && side_in_use(&pair.b)->sa.is_encap);
	assert_int_equal(side_in_use(&pair.b)->sa.remote.port, 4500);
}

/* encap = never on either side: no NAT is seen, nothing floats. */
static void encap_can_be_forbidden(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		teardown(state);
		setup(state);
		(i ? &pair.a : &pair.b)->conns[0].is_encap_forbidden = true;
		(i ? &pair.b : &pair.a)->conns[0].is_encap_forced = true;
		up();
		assert_int_equal(side_in_use(&pair.a)->sa.remote.port, 500);
		assert_false(side_in_use(i ? &pair.a : &pair.b)->sa.is_encap);
	}
}

static void peer_that_moves_is_followed(void **state)
{
	(void)state;
	put_nat(40000);
	pair.a.conns[0].dpd_delay_s = 10;
	up();
	put_nat(50000); /* the NAT restarted: another mapping */
	pair_run(&pair, 15000);
	assert_int_equal(side_in_use(&pair.b)->sa.remote.port, 50001);
	assert_int_equal(pair.b.n_moved, 1);
	assert_int_equal(pair.a.n_moved, 0);
	assert_true(side_logged(&pair.b, "peer moved to 198.51.100.1:50001"));
	assert_int_equal(ike_rekey_child(pair.b.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, 10000);
	assert_true(pair_fits(&pair));
	assert_int_equal(pair.b.n_switched, 2);
}

/* A replayed or forged datagram from elsewhere moves nobody. */
static bool copy_from_elsewhere(struct pair *p, struct flight *f, void *arg)
{
	struct endpoint *evil = arg;
	struct datagram d = { .local = f->to, .remote = *evil, .data = f->bytes, .len = f->len };

	if (!addr_equal(&f->to.addr, &p->b.home.addr) || f->len < 100)
		return true;
	f->bytes[f->len - 1] ^= 1;
	ike_input(p->b.ike, &d, p->now_ms);
	side_effects(&p->b);
	f->bytes[f->len - 1] ^= 1;
	return true;
}

static void forged_ones_move_nobody(void **state)
{
	struct endpoint evil = { addr_from_v4(0xcb007105), 666 };

	(void)state;
	put_nat(40000);
	up();
	pair.on_wire = copy_from_elsewhere;
	pair.arg = &evil;
	assert_int_equal(ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 10000);
	assert_int_equal(pair.b.n_moved, 0);
	assert_true(pair_fits(&pair));
	assert_true(ike_counts(pair.b.ike)[IKE_COUNT_NOT_AUTHENTIC] >= 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_nat_nothing_floats),  TEST(behind_a_nat_it_floats),
		TEST(begun_at_4500_it_leaves_from_4500),
		TEST(encap_can_be_forbidden), TEST(rekeys_through_the_nat),	   TEST(encap_can_be_forced),
		TEST(peer_that_moves_is_followed), TEST(forged_ones_move_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
