/* SPDX-License-Identifier: BSD-2-Clause */
/* Reauthentication, make before break (RFC 7296 2.8.3): no packet is lost, nothing is left over. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include "support/pair.h"

static struct pair pair;

static void second_child(struct side *s)
{
	struct conn_child *cc = &s->children[0][1];
	bool is_a = s->name == 'a';

	*cc = s->children[0][0];
	snprintf(cc->name, sizeof(cc->name), "dmz");
	cc->child = PAIR_SLOT + 1;
	cc->local_ts[0] = pair_ts(is_a ? "10.11.0.0/16" : "10.12.0.0/16");
	cc->remote_ts[0] = pair_ts(is_a ? "10.12.0.0/16" : "10.11.0.0/16");
	s->conns[0].n_children = 2;
}

static void begin(uint64_t seed)
{
	pair_init(&pair, seed, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	second_child(&pair.a);
	second_child(&pair.b);
}

static int setup(void **state)
{
	(void)state;
	begin(5);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static void go(void)
{
	pair_configure(&pair);
	pair_up(&pair);
	pair_run(&pair, 2000);
	assert_int_equal(side_n_sas(&pair.a), 2);
}

static void assert_whole(void)
{
	struct side *sides[] = { &pair.a, &pair.b };

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(side_n_ike(sides[i]), 1);
		assert_int_equal(side_n_sas(sides[i]), 2);
		assert_int_not_equal(sides[i]->out[PAIR_SLOT + 1], 0);
	}
	assert_true(pair_fits(&pair));
}

static void nothing_is_lost(void **state)
{
	(void)state;
	go();
	pair.flow_ms = 1;
	uint32_t before = pair.a.out[PAIR_SLOT];
	assert_int_equal(ike_reauth(pair.a.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
	assert_int_equal(pair.n_data_lost + pair.n_data_unsent, 0);
	assert_whole();
	assert_int_not_equal(pair.a.out[PAIR_SLOT], before);
	assert_true(side_logged(&pair.a, "gw-gw[1] reauthenticated: IKE_SA [2] has taken over"));
	assert_int_equal(ike_reauth(pair.b.ike, "gw-gw", pair.now_ms), -2); /* not its to do */
}

/* It is for who initiated, whoever rekeyed the IKE SA since. */
static void after_a_rekey_by_the_responder(void **state)
{
	(void)state;
	go();
	assert_int_equal(ike_rekey(pair.b.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, 20000);
	assert_int_equal(ike_reauth(pair.b.ike, "gw-gw", pair.now_ms), -2);
	assert_int_equal(ike_reauth(pair.a.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
	assert_whole();
	assert_true(side_logged(&pair.a, "gw-gw[2] reauthenticated: IKE_SA [3] has taken over"));
}

static void it_comes_in_time(void **state)
{
	(void)state;
	pair.a.conns[0].reauth_s = pair.b.conns[0].reauth_s = 600;
	pair.a.conns[0].over_s = pair.b.conns[0].over_s = 60;
	go();
	pair.flow_ms = 20;
	for (unsigned i = 0; i < 3; i++) {
		pair_run(&pair, 612000);
		assert_whole();
	}
	assert_int_equal(pair.n_data_lost + pair.n_data_unsent, 0);
	assert_true(side_logged(&pair.a, "gw-gw[3] reauthenticated: IKE_SA [4]"));
}

/* Rekeys in between, put it off not at all. */
static void rekeys_do_not_delay_it(void **state)
{
	(void)state;
	pair.a.conns[0].reauth_s = 600;
	pair.a.conns[0].rekey_s = 250;
	go();
	pair.flow_ms = 20;
	pair_run(&pair, 540000);
	assert_true(side_logged(&pair.a, "IKE_SA rekeyed, takes over from [2]"));
	pair_run(&pair, 72000);
	assert_true(side_logged(&pair.a, "reauthenticated: IKE_SA [4] has taken over"));
	assert_whole();
}

/* When, in seconds, `done` is logged the first time; it must not be before `from`, but by `to`. */
static unsigned second_of(const char *done, unsigned from, unsigned to)
{
	unsigned at = from;

	go();
	pair_run(&pair, (from - 5) * 1000);
	assert_false(side_logged(&pair.a, done));
	while (at < to && !side_logged(&pair.a, done)) {
		pair_run(&pair, 1000);
		at++;
	}
	assert_true(side_logged(&pair.a, done));
	return at;
}

/* rand_time: anywhere in the 100 s before, so that tunnels made at once do not do it at once. */
static void they_are_spread(void **state)
{
	static const char *const done[] = { "reauthenticated", "IKE_SA rekeyed", "rekeyed" };
	bool has_come[3][4] = { 0 };

	for (uint64_t seed = 1; seed <= 60; seed++) {
		unsigned kind = seed % 3;
		teardown(state);
		begin(seed);
		struct conn *conn = &pair.a.conns[0];
		conn->rand_s = pair.a.children[0][0].rand_s = 100;
		conn->reauth_s = kind == 0 ? 600 : 0;
		conn->rekey_s = kind == 1 ? 600 : 0;
		pair.a.children[0][0].rekey_s = kind == 2 ? 600 : 0;
		unsigned at = second_of(done[kind], 500, 612);
		has_come[kind][at <= 525 ? 0 : at <= 550 ? 1 : at <= 575 ? 2 : 3] = true;
	}
	for (unsigned i = 0; i < 12; i++)
		assert_true(has_come[i / 4][i % 4]);
}

static void on_a_bad_line_too(void **state)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		teardown(state);
		setup(state);
		go();
		pair.rng = seed;
		pair.loss = 30;
		pair.twice = 20;
		pair.jitter_ms = 100;
		assert_int_equal(ike_reauth(pair.a.ike, "gw-gw", pair.now_ms), 0);
		side_effects(&pair.a);
		pair_run(&pair, 400000);
		pair.loss = 0;
		pair_run(&pair, 200000);
		assert_whole();
	}
}

/* The peer does not let us in again: the old one lives, as long as it may. */
static void refused_the_old_one_lives_on(void **state)
{
	(void)state;
	pair.a.conns[0].reauth_s = 600;
	pair.a.conns[0].over_s = 300;
	go();
	side_psk(&pair.b, "changed meanwhile");
	pair_run(&pair, 800000);
	assert_true(side_logged(&pair.a, "AUTHENTICATION_FAILED"));
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_true(pair_fits(&pair));
	side_psk(&pair.b, "not so secret");
	pair_run(&pair, 95000);
	assert_whole();
	assert_true(side_logged(&pair.a, "reauthenticated"));
}

static void without_answer_it_ends_in_time(void **state)
{
	(void)state;
	pair.a.conns[0].reauth_s = 600;
	pair.a.conns[0].over_s = pair.b.conns[0].over_s = 60;
	go();
	pair.is_cut = true;
	pair_run(&pair, 1200000);
	assert_int_equal(side_n_ike(&pair.a), 0);
	assert_int_equal(side_n_sas(&pair.a), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_lost),
		TEST(it_comes_in_time),
		TEST(they_are_spread),
		TEST(after_a_rekey_by_the_responder),
		TEST(rekeys_do_not_delay_it),
		TEST(on_a_bad_line_too),
		TEST(refused_the_old_one_lives_on),
		TEST(without_answer_it_ends_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
