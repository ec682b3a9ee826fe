/* SPDX-License-Identifier: BSD-2-Clause */
/* Ends: deletes by either side, both at once, and a peer that is gone. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include "ike/limits.h"
#include "support/pair.h"

static struct pair pair;

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, 5, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static void up(void)
{
	pair_configure(&pair);
	pair_up(&pair);
	pair.a.trace[0] = pair.b.trace[0] = '\0';
}

static void terminate(struct side *s, const char *child)
{
	assert_int_equal(ike_terminate(s->ike, "gw-gw", child, pair.now_ms), 0);
	side_effects(s);
}

static void assert_all_gone(void)
{
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
	assert_int_equal(pair.a.n_down, 1);
	assert_int_equal(pair.b.n_down, 1);
}

static void ike_sa_is_deleted_by_either_side(void **state)
{
	(void)state;
	up();
	terminate(&pair.a, NULL);
	pair_run(&pair, 1000);
	assert_all_gone();
	assert_string_equal(pair.a.trace, "SEND DELETE DOWN ");
	assert_string_equal(pair.b.trace, "SEND DELETE DOWN ");
	teardown(state);
	setup(state);
	up();
	terminate(&pair.b, NULL);
	pair_run(&pair, 1000);
	assert_all_gone();
	assert_int_equal(ike_terminate(pair.b.ike, "gw-gw", NULL, pair.now_ms), -ENOENT);
}

/* After a while nothing is left that wants to happen: no IKE SA, no timer. */
static void nothing_is_left_behind(void **state)
{
	(void)state;
	up();
	terminate(&pair.a, NULL);
	pair_run(&pair, CLOSED_MS * 2);
	assert_false(pair_step(&pair));
	assert_string_equal(side_state(&pair.a), "");
	assert_string_equal(side_state(&pair.b), "");
}

static void child_is_deleted_by_either_side(void **state)
{
	(void)state;
	up();
	terminate(&pair.a, "net");
	pair_run(&pair, 20000);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 2);
	assert_int_equal(pair.a.n_down, 1);
	assert_int_equal(pair.b.n_down, 1);
	/* and comes up again, asked for by the other side, on the same IKE SA */
	assert_int_equal(ike_initiate(pair.b.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.b);
	assert_true(pair_run_until(&pair, pair_is_up, 1000));
	assert_true(pair_fits(&pair));
	assert_int_equal(side_n_ike(&pair.b), 1);
	terminate(&pair.b, "net");
	pair_run(&pair, 20000);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
}

/* RFC 7296 2.25.1, 2.25.2: both at once. */
static void both_delete_at_once(void **state)
{
	(void)state;
	up();
	terminate(&pair.a, "net");
	terminate(&pair.b, "net");
	pair_run(&pair, 20000);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 2);
	terminate(&pair.a, NULL);
	terminate(&pair.b, NULL);
	pair_run(&pair, 20000);
	assert_all_gone();
}

static void delete_meets_rekey(void **state)
{
	(void)state;
	for (unsigned offset = 0; offset < 40; offset += 2) {
		teardown(state);
		setup(state);
		up();
		assert_int_equal(ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
		side_effects(&pair.a);
		pair_run(&pair, offset);
		terminate(&pair.b, "net");
		pair_run(&pair, 60000);
		/* Either the delete came too late for the new one, or nothing is up. */
		assert_int_equal(side_n_sas(&pair.a), side_n_sas(&pair.b));
		assert_in_range(side_n_sas(&pair.a), 0, 1);
		assert_true(side_n_sas(&pair.a) == 0 || pair_fits(&pair));
		assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 2);
	}
}

/* Who is told to terminate a child means it, with all that its rekeys make. */
static void terminated_is_what_it_is_rekeyed_to(void **state)
{
	struct side *rekeys[] = { &pair.a, &pair.b, &pair.a };

	for (unsigned i = 0; i < 3 * 30; i++) {
		teardown(state);
		setup(state);
		up();
		unsigned who = i % 3;
		assert_int_equal(ike_rekey_child(rekeys[who]->ike, "gw-gw", "net", pair.now_ms), 0);
		side_effects(rekeys[who]);
		if (who == 2) {
			(void)!ike_rekey_child(pair.b.ike, "gw-gw", "net", pair.now_ms);
			side_effects(&pair.b);
		}
		pair_run(&pair, i / 3 * 2);
		terminate(&pair.a, "net");
		pair_run(&pair, 240000);
		assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
		assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 2);
	}
}

static void terminating_while_connecting(void **state)
{
	(void)state;
	for (unsigned ms = 0; ms < 45; ms += 5) {
		teardown(state);
		setup(state);
		pair_configure(&pair);
		assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
		side_effects(&pair.a);
		pair_run(&pair, ms);
		terminate(&pair.a, NULL);
		pair_run(&pair, 1000);
		assert_int_equal(side_n_sas(&pair.a), 0);
		assert_int_equal(side_n_ike(&pair.a), 0);
		assert_string_equal(side_state(&pair.a), "");
	}
}

static void close_action_starts_again(void **state)
{
	(void)state;
	pair.b.children[0][0].close = START_NOW;
	up();
	terminate(&pair.a, "net");
	pair_run(&pair, 1000);
	assert_true(pair_fits(&pair));
	assert_int_equal(side_n_ike(&pair.a), 1);
	terminate(&pair.a, NULL);
	pair_run(&pair, 1000);
	assert_true(pair_fits(&pair));
	assert_int_equal(side_n_ike(&pair.a), 1);
}

/* The delete's answer is lost: the duplicate is answered though the IKE SA is over. */
static bool swallow_one(struct pair *p, struct flight *f, void *arg)
{
	unsigned *n = arg;

	if (!addr_equal(&f->from.addr, &p->b.home.addr) || !*n)
		return true;
	--*n;
	return false;
}

static void lost_answer_to_delete(void **state)
{
	unsigned n = 1;

	(void)state;
	up();
	pair.on_wire = swallow_one;
	pair.arg = &n;
	terminate(&pair.a, NULL);
	pair_run(&pair, 5000);
	assert_all_gone();
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_ANSWERED_AGAIN], 1);
}

/* ---- Dead peers ------------------------------------------------------------------- */

static void dpd_asks_and_is_answered(void **state)
{
	(void)state;
	pair.a.conns[0].dpd_delay_s = 10;
	up();
	pair_run(&pair, 100000);
	assert_in_range(pair.a.n_sent, 11, 13);
	assert_int_equal(pair.a.n_sent, pair.b.n_sent);
	assert_int_equal(pair.a.n_down, 0);
}

static void inbound_esp_is_life_too(void **state)
{
	(void)state;
	pair.a.conns[0].dpd_delay_s = 10;
	up();
	pair.flow_ms = 500;
	pair_run(&pair, 100000);
	assert_int_equal(pair.a.n_sent, 2);
}

static void dead_peer_is_cleared(void **state)
{
	(void)state;
	pair.a.conns[0].dpd_delay_s = 10;
	pair.a.children[0][0].is_dpd_clear = true;
	up();
	pair.is_cut = true;
	pair_run(&pair, 10000 + 164000);
	assert_int_equal(pair.a.n_down, 0);
	pair_run(&pair, 5000);
	assert_int_equal(pair.a.n_down, 1);
	assert_int_equal(side_n_sas(&pair.a), 0);
	assert_true(side_logged(&pair.a, "peer 192.0.2.2 is dead"));
	unsigned n = pair.a.n_sent;
	pair_run(&pair, 600000);
	assert_int_equal(pair.a.n_sent, n);
}

static void dead_peer_is_called_again(void **state)
{
	(void)state;
	pair.a.conns[0].dpd_delay_s = 10;
	pair.a.conns[0].keyingtries = 0;
	pair.a.children[0][0].dpd = START_NOW;
	up();
	pair.is_cut = true;
	pair_run(&pair, 500000);
	assert_false(side_in_use(&pair.a));
	side_restart(&pair.b, false);
	pair.is_cut = false;
	pair_run(&pair, 120000);
	assert_true(pair_fits(&pair));
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
}

/* Packets keep it, rekeys do not; the IKE SA stays. */
static void what_is_idle_is_closed(void **state)
{
	(void)state;
	pair.a.conns[0].children[0].inactivity_s = 30;
	pair.a.conns[0].children[0].rekey_s = 8;
	pair.a.conns[0].children[0].life_s = 16;
	up();
	pair.flow_ms = 1000;
	pair_run(&pair, 100000);
	assert_true(pair_is_up(&pair));
	assert_true(side_logged(&pair.a, "rekeyed"));
	pair.flow_ms = 0;
	pair_run(&pair, 25000);
	assert_true(pair_is_up(&pair));
	pair_run(&pair, 10000);
	assert_true(side_logged(&pair.a, "had no packet for 30 s: closing it"));
	assert_int_equal(side_n_sas(&pair.a), 0);
	assert_int_equal(side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a), 1);
	pair_run(&pair, 100000);
	assert_int_equal(side_n_sas(&pair.a), 0);
}

static void both_begin_at_once(void **state)
{
	(void)state;
	pair.a.children[0][0].start = pair.b.children[0][0].start = START_NOW;
	pair_configure(&pair);
	pair.flow_ms = 1;
	pair_run(&pair, 60000);
	assert_true(pair_is_up(&pair));
	assert_int_equal(pair.n_data_lost, 0);
	/* Whatever each side uses, the other side decrypts; one IKE SA is enough. */
	assert_int_equal(side_n_ike(&pair.a), side_n_ike(&pair.b));
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_true(pair_fits(&pair));
}

/* Other connections may have a child of the same name. */
static void only_the_child_of_that_connection_is_rekeyed(void **state)
{
	(void)state;
	up();
	unsigned n_added = pair.a.n_added;

	assert_int_equal(ike_rekey_child(pair.a.ike, "another", "net", pair.now_ms), -ENOENT);
	side_effects(&pair.a);
	pair_run(&pair, 10000);
	assert_int_equal(pair.a.n_added, n_added);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ike_sa_is_deleted_by_either_side),
		TEST(nothing_is_left_behind),
		TEST(child_is_deleted_by_either_side),
		TEST(both_delete_at_once),
		TEST(delete_meets_rekey),
		TEST(terminated_is_what_it_is_rekeyed_to),
		TEST(terminating_while_connecting),
		TEST(close_action_starts_again),
		TEST(only_the_child_of_that_connection_is_rekeyed),
		TEST(lost_answer_to_delete),
		TEST(what_is_idle_is_closed),
		TEST(dpd_asks_and_is_answered),
		TEST(inbound_esp_is_life_too),
		TEST(dead_peer_is_cleared),
		TEST(dead_peer_is_called_again),
		TEST(both_begin_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
