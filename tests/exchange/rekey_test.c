/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rekeying (RFC 7296 2.8) under traffic: a data packet each way every millisecond, and not one
 * of them may meet a gap, whoever rekeys, also when both do.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "ike/limits.h"
#include "support/pair.h"

static struct pair pair;

static void begin(const char *esp)
{
	pair_init(&pair, 3, "aes256gcm16-prfsha256-x25519", esp);
}

static void go(void)
{
	pair_configure(&pair);
	pair_up(&pair);
	pair.a.trace[0] = pair.b.trace[0] = '\0';
	pair.flow_ms = 1;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static void assert_no_gap(unsigned n_switched)
{
	assert_int_equal(pair.n_data_lost, 0);
	assert_int_equal(pair.n_data_unsent, 0);
	assert_true(pair_fits(&pair));
	assert_int_equal(pair.a.n_down + pair.b.n_down, 0);
	if (!n_switched)
		return;
	assert_int_equal(pair.a.n_switched, n_switched);
	assert_int_equal(pair.b.n_switched, n_switched);
}

static void rekey(struct side *s)
{
	assert_int_equal(ike_rekey_child(s->ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(s);
}

static void either_side_rekeys(const char *esp)
{
	begin(esp);
	go();
	uint32_t before = side_in_use(&pair.a)->sa.spi_in;
	rekey(&pair.a);
	pair_run(&pair, 20000);
	assert_no_gap(2);
	assert_true(side_in_use(&pair.a)->sa.spi_in != before);
	assert_true(side_in_use(&pair.a)->sa.is_rekey);
	rekey(&pair.b);
	pair_run(&pair, 20000);
	assert_no_gap(3);
	assert_int_equal(side_n_sas(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
	assert_string_equal(side_state(&pair.a), "ESTABLISHED");
}

static void no_packet_is_lost(void **state)
{
	(void)state;
	either_side_rekeys("aes256gcm16");
}

static void no_packet_is_lost_with_pfs(void **state)
{
	(void)state;
	either_side_rekeys("aes256gcm16-x25519");
	pair_fini(&pair);
	either_side_rekeys("aes128gcm16-modp2048-esn");
}

/* Install, switch, delete: in this order on the wire and in the data plane. */
static void effects_come_in_order(void **state)
{
	(void)state;
	begin("aes256gcm16");
	go();
	pair.flow_ms = 0; /* so that the delete is what makes b switch */
	rekey(&pair.a);
	pair_run(&pair, 20000);
	assert_string_equal(pair.a.trace, "SEND ADD SWITCH UP SEND DELETE ");
	assert_string_equal(pair.b.trace, "ADD SEND SWITCH UP SEND DELETE ");
	assert_true(pair_fits(&pair));
}

static bool swallow_delete(struct pair *p, struct flight *f, void *arg)
{
	(void)p;
	(void)arg;
	return f->bytes[18] != EX_INFORMATIONAL;
}

/* The peer's delete does not come: packets on the new SA make the responder switch. */
static void responder_switches_on_traffic(void **state)
{
	(void)state;
	begin("aes256gcm16");
	go();
	pair.on_wire = swallow_delete;
	rekey(&pair.a);
	pair_run(&pair, 2000);
	assert_no_gap(2);
	assert_int_equal(side_n_sas(&pair.b), 2);
	pair.on_wire = NULL;
	pair_run(&pair, 30000);
	assert_no_gap(2);
	assert_int_equal(side_n_sas(&pair.b), 1);
}

/* The answer is lost again and again: the responder may not switch before the initiator can. */
static void responder_waits_while_answers_are_lost(void **state)
{
	unsigned left = 2;

	(void)state;
	begin("aes256gcm16");
	go();
	pair.on_wire = pair_swallow_answers;
	pair.arg = &left;
	rekey(&pair.a);
	pair_run(&pair, 60000);
	assert_no_gap(2);
	assert_int_equal(left, 0);
}

/* The old one's life ends before the answer to its rekey comes: what that made is used. */
static void the_answer_comes_after_the_end(void **state)
{
	unsigned left = 4; /* the last one goes out 4 + 7.2 + 13 + 23.3 s after the first */

	(void)state;
	begin("aes256gcm16");
	pair.a.children[0][0].life_s = 30;
	go();
	pair.on_wire = pair_swallow_answers;
	pair.arg = &left;
	rekey(&pair.a);
	pair_run(&pair, 40000);
	assert_null(side_in_use(&pair.a));
	pair.flow_ms = 0;
	pair_run(&pair, 20000);
	assert_int_equal(left, 0);
	assert_true(pair_fits(&pair));
	assert_int_equal(side_n_sas(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
}

/* Its first delete is lost. */
static bool swallow_delete_of_a(struct pair *p, struct flight *f, void *arg)
{
	(void)arg;
	return f->bytes[18] != EX_INFORMATIONAL || f->bytes[19] & IKE_FLAG_RESPONSE ||
	       !addr_equal(&f->from.addr, &p->a.home.addr);
}

/* The responder rekeys what it was about to use: what it deleted then is not used any more. */
static void rekey_of_a_rekey(void **state)
{
	(void)state;
	for (unsigned ms = 25; ms < 250; ms += 25) {
		begin("aes256gcm16");
		go();
		pair.on_wire = swallow_delete_of_a;
		rekey(&pair.a);
		pair_run(&pair, ms);
		rekey(&pair.b);
		pair_run(&pair, 1000);
		pair.on_wire = NULL;
		uint32_t in_use = pair.b.out[PAIR_SLOT];
		pair_run(&pair, 30000);
		assert_no_gap(0);
		assert_int_equal(pair.b.out[PAIR_SLOT], in_use);
		assert_true(pair_fits(&pair));
		if (ms < 225)
			pair_fini(&pair);
	}
}

static void both_rekey_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		pair_init(&pair, seed, "aes256gcm16-prfsha256-x25519",
			  seed % 2 ? "aes256gcm16" : "aes256gcm16-x25519");
		go();
		pair.jitter_ms = seed;
		rekey(&pair.a);
		pair_run(&pair, seed % 5 * 3);
		rekey(&pair.b);
		pair_run(&pair, 60000);
		assert_no_gap(0);
		assert_int_equal(side_n_sas(&pair.a), 1);
		assert_int_equal(side_n_sas(&pair.b), 1);
		if (seed != 19)
			pair_fini(&pair);
	}
}

static void time_rekeys_for_ever(void **state)
{
	(void)state;
	begin("aes256gcm16");
	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
		s->children[0][0].rekey_s = 300;
		s->children[0][0].rand_s = 60;
		s->children[0][0].life_s = 360;
		s->conns[0].rekey_s = 1000;
		s->conns[0].over_s = 100;
		s->conns[0].rand_s = 100;
	}
	pair_configure(&pair);
	pair_up(&pair);
	pair.flow_ms = 50;
	pair.jitter_ms = 20;
	pair_run(&pair, 6 * 3600 * 1000);
	assert_no_gap(0);
	assert_true(pair.a.n_switched > 60);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_false(side_logged(&pair.a, "carries nothing any more"));
	assert_true(side_logged(&pair.a, "IKE_SA rekeyed") ||
		    side_logged(&pair.b, "IKE_SA rekeyed"));
}

static void both_rekey_the_same_second_for_hours(void **state)
{
	(void)state;
	begin("aes256gcm16-x25519");
	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
		s->children[0][0].rekey_s = 60;
		s->children[0][0].life_s = 120;
		s->conns[0].rekey_s = 150;
		s->conns[0].over_s = 60;
	}
	pair_configure(&pair);
	pair_up(&pair);
	pair.flow_ms = 50;
	pair_run(&pair, 3600 * 1000);
	assert_no_gap(0);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_in_range(side_n_sas(&pair.a), 1, 3);
}

static void packets_rekey_too(void **state)
{
	(void)state;
	begin("aes256gcm16");
	go();
	ike_soft_limit(pair.b.ike, side_in_use(&pair.b)->sa.spi_in, pair.now_ms);
	side_effects(&pair.b);
	pair_run(&pair, 20000);
	assert_no_gap(2);
}

static void hard_limit_ends_it(void **state)
{
	(void)state;
	begin("aes256gcm16");
	pair.a.children[0][0].start = START_NOW;
	pair_configure(&pair);
	assert_true(pair_run_until(&pair, pair_is_up, 10000));
	uint32_t before = side_in_use(&pair.a)->sa.spi_in;
	ike_hard_limit(pair.a.ike, before, pair.now_ms);
	side_effects(&pair.a);
	assert_null(side_in_use(&pair.a));
	pair_run(&pair, 20000);
	assert_true(pair_fits(&pair)); /* start_action start: a new one on the same IKE SA */
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
}

/* One that ends as soon as it is there is not made again at once: it would go on for ever. */
static void no_storm_when_nothing_can_be_installed(void **state)
{
	(void)state;
	begin("aes256gcm16");
	pair.a.children[0][0].start = START_NOW;
	pair_configure(&pair);
	assert_true(pair_run_until(&pair, pair_is_up, 10000));
	for (int i = 0; i < 3; i++) {
		unsigned n_added = pair.a.n_added;

		ike_hard_limit(pair.a.ike, side_in_use(&pair.a)->sa.spi_in, pair.now_ms);
		side_effects(&pair.a);
		pair_run(&pair, INITIATE_RETRY_MS - 1000);
		assert_int_equal(pair.a.n_added, n_added);
		pair_run(&pair, 5000);
		assert_int_equal(pair.a.n_added, n_added + 1);
	}
}

/* The data plane has no room for it: ADD fails, and it is never switched to. */
static void shell_cannot_install(void **state)
{
	struct ike_effect fx;
	uint32_t spi = 0;

	(void)state;
	begin("aes256gcm16");
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	while (pair.a.n_sent < 2)
		pair_step(&pair);
	while (!pair.flights || !addr_equal(&pair.flights->to.addr, &pair.a.home.addr))
		pair_step(&pair);
	struct flight *f = pair.flights; /* the answer to IKE_AUTH */
	struct datagram d = { .local = f->to, .remote = f->from, .data = f->bytes, .len = f->len };
	ike_input(pair.a.ike, &d, pair.now_ms);
	while (ike_effect(pair.a.ike, &fx)) {
		assert_int_not_equal(fx.type, FX_SA_SWITCH);
		assert_int_not_equal(fx.type, FX_CHILD_UP);
		if (fx.type != FX_SA_ADD)
			continue;
		spi = fx.sa->spi_in;
		ike_hard_limit(pair.a.ike, spi, pair.now_ms);
	}
	assert_true(spi);
}

/* ---- IKE SA ----------------------------------------------------------------------- */

static void ike_rekey_by(struct side *s)
{
	assert_int_equal(ike_rekey(s->ike, "gw-gw", pair.now_ms), 0);
	side_effects(s);
}

static void ike_sa_is_rekeyed_by_either_side(void **state)
{
	(void)state;
	begin("aes256gcm16");
	go();
	for (int round = 0; round < 3; round++) {
		ike_rekey_by(round == 1 ? &pair.b : &pair.a);
		pair_run(&pair, 1000);
		assert_no_gap(1); /* the Child SA is untouched */
		assert_int_equal(side_n_ike(&pair.a), 1);
		assert_int_equal(side_n_ike(&pair.b), 1);
	}
	rekey(&pair.a); /* and the new IKE SA carries exchanges, from both sides */
	pair_run(&pair, 1000);
	rekey(&pair.b);
	pair_run(&pair, 20000);
	assert_no_gap(3);
	assert_int_equal(side_n_sas(&pair.a), 1);
}

static void both_rekey_the_ike_sa(void **state)
{
	(void)state;
	begin("aes256gcm16");
	go();
	ike_rekey_by(&pair.a);
	ike_rekey_by(&pair.b);
	pair_run(&pair, 120000);
	assert_no_gap(1);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_true(side_logged(&pair.a, "IKE_SA rekeyed") ||
		    side_logged(&pair.b, "IKE_SA rekeyed"));
}

/* 2.25.2: a rekey of the Child SA meets one of the IKE SA. */
static void child_rekey_meets_ike_rekey(void **state)
{
	(void)state;
	for (int offset = 0; offset < 40; offset += 2) {
		pair_init(&pair, (uint64_t)offset, "aes256gcm16-prfsha256-x25519",
			  "aes256gcm16-x25519");
		go();
		ike_rekey_by(&pair.a);
		pair_run(&pair, (uint64_t)offset);
		rekey(&pair.b);
		pair_run(&pair, 120000);
		assert_no_gap(0);
		assert_int_equal(side_n_sas(&pair.a), 1);
		assert_int_equal(side_n_ike(&pair.a), 1);
		assert_int_equal(side_n_ike(&pair.b), 1);
		assert_int_equal(pair.a.n_switched, 2);
		if (offset != 38)
			pair_fini(&pair);
	}
}

/* The delete of the old Child SA waits behind the rekey of the IKE SA, and is sent on the new one. */
static void a_waiting_delete_moves_with_all_it_says(void **state)
{
	(void)state;
	begin("aes256gcm16-x25519");
	go();
	pair.job_ms = 100;
	rekey(&pair.a);
	pair_run(&pair, 20);
	ike_rekey_by(&pair.a); /* asked for while the other is under way, so before the delete */
	pair_run(&pair, 20000);
	assert_no_gap(2);
	assert_true(side_logged(&pair.a, "takes over"));
	assert_int_equal(side_n_sas(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
}

static void rekey_of_what_the_peer_lost(void **state)
{
	(void)state;
	begin("aes256gcm16");
	pair.b.children[0][0].start = START_NONE;
	go();
	pair.flow_ms = 0;
	pair.on_wire = swallow_delete; /* b forgets it, and a does not hear of that */
	ike_hard_limit(pair.b.ike, side_in_use(&pair.b)->sa.spi_in, pair.now_ms);
	side_effects(&pair.b);
	rekey(&pair.a);
	pair_run(&pair, 1000);
	assert_true(side_logged(&pair.a, "peer knows no CHILD_SA"));
	pair.on_wire = NULL;
	pair_run(&pair, 30000);
	assert_true(pair_fits(&pair));
}

/* Refused or lost for too long: what is rekeyed was to stay, so it is made anew. */
static void expired_for_want_of_a_rekey(void **state)
{
	(void)state;
	begin("aes256gcm16");
	pair.a.children[0][0].start = START_NONE;
	pair.a.children[0][0].rekey_s = 600;
	go();
	pair.flow_ms = 0;
	pair_run(&pair, INITIATE_RETRY_MS);
	ike_hard_limit(pair.a.ike, side_in_use(&pair.a)->sa.spi_in, pair.now_ms);
	side_effects(&pair.a);
	assert_null(side_in_use(&pair.a));
	pair_run(&pair, 5000);
	assert_true(pair_fits(&pair));
}

/* 1.2, 3.3.6: of several proposals, some with a key exchange, the peer has one in common. What we
 * sent for the first one is of no use then, or is missing, and is asked for. */
static void proposals_with_and_without_pfs(void **state)
{
	static const char *const lists[][2] = {
		{ "aes256gcm16-x25519,aes256gcm16", "aes256gcm16" },
		{ "aes256gcm16-x25519,aes128gcm16", "aes128gcm16" },
		{ "aes128gcm16,aes256gcm16-x25519", "aes256gcm16-x25519" },
		{ "aes128gcm16,aes256gcm16-x25519-ke1_ecp256", "aes256gcm16-x25519-ke1_ecp256" },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		begin(lists[i][0]);
		pair_proposal(PROTO_ESP, lists[i][1], pair.b.children[0][0].proposals,
			      &pair.b.children[0][0].n_proposals);
		go();
		rekey(&pair.a);
		pair_run(&pair, 20000);
		assert_no_gap(2);
		assert_int_equal(side_logged(&pair.b, "INVALID_KE_PAYLOAD"), i > 1);
		assert_false(side_logged(&pair.a, "answer of the peer"));
		rekey(&pair.b);
		pair_run(&pair, 20000);
		assert_no_gap(3);
		pair_fini(&pair);
	}
	begin("aes256gcm16");
	go();
}

/* 1.3.2: its configuration has changed, and it names the group that it takes now. */
static void the_peer_wants_another_group_for_the_ike_sa(void **state)
{
	(void)state;
	pair_init(&pair, 3, "aes256gcm16-prfsha256-x25519-ecp256", "aes256gcm16");
	go();
	pair_proposal(PROTO_IKE, "aes256gcm16-prfsha256-ecp256", pair.b.conns[0].ike,
		      &pair.b.conns[0].n_ike);
	pair_configure(&pair);
	assert_int_equal(ike_rekey(pair.a.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
	assert_true(side_logged(&pair.b, "INVALID_KE_PAYLOAD"));
	assert_true(side_logged(&pair.a, "[2] IKE_SA rekeyed, takes over from [1]"));
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 2);
	assert_no_gap(1);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_packet_is_lost),
		TEST(no_packet_is_lost_with_pfs),
		TEST(effects_come_in_order),
		TEST(responder_switches_on_traffic),
		TEST(responder_waits_while_answers_are_lost),
		TEST(rekey_of_a_rekey),
		TEST(the_answer_comes_after_the_end),
		TEST(both_rekey_at_once),
		TEST(time_rekeys_for_ever),
		TEST(both_rekey_the_same_second_for_hours),
		TEST(packets_rekey_too),
		TEST(a_waiting_delete_moves_with_all_it_says),
		TEST(hard_limit_ends_it),
		TEST(no_storm_when_nothing_can_be_installed),
		TEST(shell_cannot_install),
		TEST(ike_sa_is_rekeyed_by_either_side),
		TEST(both_rekey_the_ike_sa),
		TEST(proposals_with_and_without_pfs),
		TEST(the_peer_wants_another_group_for_the_ike_sa),
		TEST(child_rekey_meets_ike_rekey),
		TEST(rekey_of_what_the_peer_lost),
		TEST(expired_for_want_of_a_rekey),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
