/* SPDX-License-Identifier: BSD-2-Clause */
/* What the configuration decides over the exchanges: uniqueness, retransmission, cookies; and
 * what people read when two sides do not come together. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ike/explain.h"
#include "ike/ike_sa.h"
#include "support/pair.h"

static struct pair pair;

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, 3, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static void initiate(struct side *s)
{
	assert_int_equal(ike_initiate(s->ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(s);
}

/* ---- unique ----------------------------------------------------------------------- */

/* A second connection on a's side to the same peer, with the same identities. */
static void second_from_a(void)
{
	struct conn *c = &pair.a.conns[1];

	*c = pair.a.conns[0];
	snprintf(c->name, sizeof(c->name), "again");
	c->children = pair.a.children[1];
	pair.a.children[1][0] = pair.a.children[0][0];
	pair.a.children[1][0].child = PAIR_SLOT + 1;
}

/* Where a is when it tries again; any: where it was. */
static struct ip_addr second_elsewhere;

static void try_twice(enum conn_unique unique)
{
	second_from_a();
	pair.a.conns[0].unique = pair.a.conns[1].unique = UNIQUE_NEVER; /* no INITIAL_CONTACT */
	pair.b.conns[0].unique = unique;
	pair_configure(&pair);
	pair_up(&pair);
	pair_run(&pair, 5000);
	if (!addr_is_any(&second_elsewhere))
		pair.a.home.addr = pair.a.conns[1].local[0] = second_elsewhere;
	second_elsewhere = (struct ip_addr){ 0 };
	assert_int_equal(ike_initiate(pair.a.ike, "again", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 10000);
}

static void without_a_policy_both_live(void **state)
{
	(void)state;
	try_twice(UNIQUE_NO);
	assert_int_equal(side_n_ike(&pair.b), 2);
	assert_int_equal(side_n_ike(&pair.a), 2);
}

static void replace_ends_the_older(void **state)
{
	(void)state;
	try_twice(UNIQUE_REPLACE);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_true(side_logged(&pair.b, "unique = replace"));
	assert_true(side_logged(&pair.a, "gw-gw[1] peer deletes IKE_SA"));
	assert_int_equal(side_n_sas(&pair.b), 1);
}

static void keep_refuses_the_newer(void **state)
{
	(void)state;
	pair.b.conns[0].n_remote = 0; /* %any */
	second_elsewhere = addr_from_v4(0xc0000242);
	try_twice(UNIQUE_KEEP);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_true(side_logged(&pair.b, "unique = keep"));
	assert_true(pair_fits(&pair));
}

/* strongSwan's rule: from the same address and port it is no second peer. */
static void keep_lets_the_peer_reauthenticate(void **state)
{
	(void)state;
	pair.b.conns[0].unique = UNIQUE_KEEP;
	pair_configure(&pair);
	pair_up(&pair);
	pair_run(&pair, 5000);
	assert_int_equal(ike_reauth(pair.a.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
	assert_true(side_logged(&pair.a, "gw-gw[1] reauthenticated: IKE_SA [2] has taken over"));
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_true(pair_fits(&pair));
}

/* A peer that begins anew is let in by keep, and never leaves what was there. */
static void restart(enum conn_unique unique, unsigned n_left)
{
	pair.b.conns[0].unique = unique;
	pair_configure(&pair);
	pair_up(&pair);
	pair_run(&pair, 5000);
	side_restart(&pair.a, false);
	initiate(&pair.a);
	pair_run(&pair, 10000);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), n_left);
}

static void initial_contact_counts(void **state)
{
	(void)state;
	restart(UNIQUE_KEEP, 1);
	teardown(state);
	setup(state);
	restart(UNIQUE_NO, 1);
	teardown(state);
	setup(state);
	restart(UNIQUE_NEVER, 2);
}

/* ---- Retransmission ---------------------------------------------------------------- */

static struct {
	unsigned n;
	uint64_t at_ms[32];
} sent;

static bool note(struct pair *p, struct flight *f, void *arg)
{
	(void)f;
	(void)arg;
	if (sent.n < 32)
		sent.at_ms[sent.n++] = p->now_ms;
	return false;
}

static void send_in_vain(const struct ike_settings *settings)
{
	memset(&sent, 0, sizeof(sent));
	pair.on_wire = note;
	ike_tune(pair.a.ike, settings);
	pair_configure(&pair);
	initiate(&pair.a);
	pair_run(&pair, 4000000);
	assert_true(side_logged(&pair.a, "does not answer IKE_SA_INIT"));
}

static void assert_gaps(const uint64_t *gaps_ms, unsigned n)
{
	assert_int_equal(sent.n, n + 1);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(sent.at_ms[i + 1] - sent.at_ms[i], gaps_ms[i]);
}

static void tries_follow_the_settings(void **state)
{
	struct ike_settings s = ike_settings_default();

	(void)state;
	send_in_vain(&s);
	assert_gaps((uint64_t[]){ 4000, 7200, 12960, 23328, 41990 }, 5);
	teardown(state);
	setup(state);
	s.retransmit_timeout_ms = 500;
	s.retransmit_base_thousandths = 2000;
	s.retransmit_tries = 6;
	s.retransmit_limit_ms = 3000;
	send_in_vain(&s);
	assert_gaps((uint64_t[]){ 500, 1000, 2000, 3000, 3000, 3000 }, 6);
	teardown(state);
	setup(state);
	s.retransmit_tries = 0;
	send_in_vain(&s);
	assert_int_equal(sent.n, 1);
}

static void jitter_shortens(void **state)
{
	struct ike_settings s = ike_settings_default();
	bool is_odd = false;

	(void)state;
	s.retransmit_jitter = 20;
	s.retransmit_base_thousandths = 1000;
	s.retransmit_tries = 20;
	send_in_vain(&s);
	assert_int_equal(sent.n, 21);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t gap_ms = sent.at_ms[i + 1] - sent.at_ms[i];

		assert_in_range(gap_ms, 3200, 4000);
		is_odd |= gap_ms != 4000;
	}
	assert_true(is_odd);
}

static void cookies_from_the_first_one_on(void **state)
{
	struct ike_settings s = ike_settings_default();

	(void)state;
	s.cookie_threshold = 0;
	ike_tune(pair.b.ike, &s);
	pair_configure(&pair);
	pair_up(&pair);
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_COOKIE_ASKED], 1);
}

/* One address, which does answer cookies, and is never done with IKE_AUTH. */
static struct flight first_one;

static bool keep_first(struct pair *p, struct flight *f, void *arg)
{
	(void)arg;
	p->on_wire = NULL;
	first_one = *f;
	first_one.bytes = memcpy(malloc(f->len), f->bytes, f->len);
	return false;
}

/* The request with another SPIi. The nonce stays, and with it what a cookie is for. */
static void knock(unsigned n)
{
	struct datagram d = { first_one.to, first_one.from, first_one.bytes, first_one.len };

	for (unsigned i = 1; i <= n; i++) {
		first_one.bytes[0] = (uint8_t)i;
		ike_input(pair.b.ike, &d, pair.now_ms);
		side_effects(&pair.b);
	}
}

static void one_address_does_not_take_all_room(void **state)
{
	struct ike_settings s = ike_settings_default();
	const uint64_t *counts = ike_counts(pair.b.ike);

	(void)state;
	pair.b.conns[0].n_remote = 0; /* %any */
	pair_configure(&pair);
	pair.on_wire = keep_first;
	initiate(&pair.a);
	pair_run(&pair, 100);
	knock(20); /* forged, that is without a cookie */
	assert_int_equal(counts[IKE_COUNT_COOKIE_ASKED], 20 - COOKIE_FROM_ONE);
	assert_int_equal(counts[IKE_COUNT_TOO_MANY], 0);
	s.block_threshold = COOKIE_FROM_ONE; /* as if it had answered the cookies */
	ike_tune(pair.b.ike, &s);
	knock(255);
	assert_int_equal(counts[IKE_COUNT_TOO_MANY], 255 - COOKIE_FROM_ONE);
	first_one.from.addr = addr_from_v4(0xc0000299); /* somebody else */
	knock(1);
	assert_int_equal(counts[IKE_COUNT_TOO_MANY], 255 - COOKIE_FROM_ONE);
	pair_run(&pair, 1000);
	assert_string_equal(side_state(&pair.b), "CONNECTING");
	free(first_one.bytes);
}

/* a's request with the cookie is kept. */
static bool keep_with_cookie(struct pair *p, struct flight *f, void *arg)
{
	bool is_it = f->len > 32 && f->bytes[16] == PL_NOTIFY && f->bytes[19] & IKE_FLAG_INITIATOR;

	return is_it ? keep_first(p, f, arg) : true;
}

/* It comes with its cookie from there. True: it was asked for another one. */
static bool is_asked_again(const struct ip_addr *from)
{
	struct datagram d = { first_one.to, first_one.from, first_one.bytes, first_one.len };
	uint64_t before = ike_counts(pair.b.ike)[IKE_COUNT_COOKIE_ASKED];

	d.remote.addr = *from;
	ike_input(pair.b.ike, &d, pair.now_ms);
	side_effects(&pair.b);
	return ike_counts(pair.b.ike)[IKE_COUNT_COOKIE_ASKED] == before + 1;
}

/* 2.6: of one address, and of now or the minute before. */
static void a_cookie_is_good_there_and_then(void **state)
{
	struct ike_settings s = ike_settings_default();
	struct ip_addr other = addr_from_v4(0xc0000277);

	s.cookie_threshold = 0;
	for (unsigned minutes = 0; minutes < 3; minutes++) {
		pair.b.conns[0].n_remote = 0; /* %any */
		ike_tune(pair.b.ike, &s);
		pair_configure(&pair);
		pair.on_wire = keep_with_cookie;
		initiate(&pair.a);
		pair_run(&pair, 100);
		pair.is_cut = true;
		assert_true(is_asked_again(&other));
		for (unsigned i = 0; i < minutes; i++) {
			pair_run(&pair, COOKIE_SECRET_MS + 1000);
			assert_true(is_asked_again(&other)); /* with the secret of that minute */
		}
		assert_int_equal(is_asked_again(&first_one.from.addr), minutes == 2);
		free(first_one.bytes);
		teardown(state);
		setup(state);
	}
}

/* From many addresses. */
static void half_open_ones_have_a_limit(void **state)
{
	struct ike_settings s = ike_settings_default();
	const unsigned n = IKE_HALF_OPEN_MAX + 50;

	(void)state;
	s.cookie_threshold = UINT32_MAX;
	ike_tune(pair.b.ike, &s);
	pair.b.conns[0].n_remote = 0; /* %any */
	pair_configure(&pair);
	pair.on_wire = keep_first;
	initiate(&pair.a);
	pair_run(&pair, 100);
	for (unsigned i = 0; i < n; i++) {
		first_one.from.addr = addr_from_v4(0xcb007100 + i);
		knock(1);
	}
	assert_int_equal(pair.b.ike->n_half_open, IKE_HALF_OPEN_MAX);
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_TOO_MANY], n - IKE_HALF_OPEN_MAX);
	free(first_one.bytes);
}

/* One client behind a NAT with a wrong password must not lock the others out. */
static void failures_do_not_block_an_address(void **state)
{
	(void)state;
	side_psk(&pair.a, "a wrong one");
	pair_configure(&pair);
	for (unsigned i = 0; i < 3 * IKE_HALF_OPEN_OF_ONE; i++) {
		initiate(&pair.a);
		pair_run(&pair, 500);
		assert_int_equal(pair.a.n_failed, i + 1);
	}
	assert_int_equal(pair.b.ike->n_half_open, IKE_HALF_OPEN_OF_ONE);
	side_psk(&pair.a, "the secret");
	side_psk(&pair.b, "the secret");
	initiate(&pair.a);
	assert_true(pair_run_until(&pair, pair_is_up, 500));
}

/* Copies of one request must not be answered now with a cookie and now without. */
static void cookies_go_on_for_a_while(void **state)
{
	struct ike_settings s = ike_settings_default();
	const uint64_t *counts = ike_counts(pair.b.ike);

	(void)state;
	pair_configure(&pair);
	pair.on_wire = keep_first;
	initiate(&pair.a);
	pair_run(&pair, 100);
	s.cookie_threshold = 0;
	ike_tune(pair.b.ike, &s);
	knock(1);
	s.cookie_threshold = 30;
	ike_tune(pair.b.ike, &s);
	pair.now_ms += COOKIE_CALM_MS - 1;
	knock(1);
	assert_int_equal(counts[IKE_COUNT_COOKIE_ASKED], 2);
	pair.now_ms++;
	knock(1);
	assert_int_equal(counts[IKE_COUNT_COOKIE_ASKED], 2);
	free(first_one.bytes);
}

/* ---- Words ------------------------------------------------------------------------- */

static const char *explained(const char *ours, const char *theirs)
{
	static char text[EXPLAIN_MAX];
	struct proposal a[8], b[8];
	size_t n_a, n_b;

	pair_proposal(PROTO_IKE, ours, a, &n_a);
	pair_proposal(PROTO_IKE, theirs, b, &n_b);
	return explain_proposals(a, n_a, b, n_b, text, sizeof(text));
}

static void the_first_difference_is_named(void **state)
{
	(void)state;
	assert_string_equal(explained("aes256gcm16-prfsha256-x25519", "aes128-sha256-modp2048"),
			    "ours: aes256gcm16-prfsha256-x25519; "
			    "theirs: aes128-sha256-prfsha256-modp2048; "
			    "first difference: encryption, we want aes256gcm16, they aes128");
	assert_non_null(strstr(explained("aes128-sha256-x25519,aes256gcm16-prfsha384-ecp256",
					 "aes256gcm16-prfsha384-modp2048,aes128-sha384-x25519"),
			       "first difference: key exchange, we want ecp256, they modp2048"));
	assert_non_null(strstr(explained("aes128-sha256-x25519", "aes128-sha384-prfsha256-x25519"),
			       "first difference: integrity, we want sha256, they sha384"));
}

static void refusals_name_both_sides(void **state)
{
	(void)state;
	pair_proposal(PROTO_ESP, "aes128gcm16", pair.b.children[0][0].proposals,
		      &pair.b.children[0][0].n_proposals);
	pair_configure(&pair);
	initiate(&pair.a);
	pair_run(&pair, 5000);
	assert_true(side_logged(&pair.b, "CHILD_SA of the peer refused: NO_PROPOSAL_CHOSEN (net): "
					 "ours: aes128gcm16-noesn; theirs: aes256gcm16-noesn; "
					 "first difference: encryption, we want aes128gcm16"));
	teardown(state);
	setup(state);
	pair.b.children[0][0].local_ts[0] = pair_ts("10.9.0.0/16");
	pair_configure(&pair);
	initiate(&pair.a);
	pair_run(&pair, 5000);
	assert_true(side_logged(&pair.b, "TS_UNACCEPTABLE (net): ours: 10.9.0.0/16 === 10.1.0.0/16;"
					 " theirs: 10.2.0.0/16 === 10.1.0.0/16; first difference:"
					 " local selectors"));
}

/* Where the peer only says no, the line has at least our offer. */
static void refused_selectors_are_named(void **state)
{
	(void)state;
	pair.b.children[0][0].remote_ts[0] = pair_ts("10.9.0.0/16");
	pair_configure(&pair);
	initiate(&pair.a);
	pair_run(&pair, 1000);
	assert_true(side_logged(&pair.a, "CHILD_SA net was refused: TS_UNACCEPTABLE (38), we offer "
					 "10.1.0.0/16 === 10.2.0.0/16"));
	assert_true(side_logged(&pair.b, "first difference: remote selectors"));
}

static void ikev1_is_told(void **state)
{
	static uint8_t bytes[28] = { [7] = 1, [16] = 1, [17] = 0x10, [18] = 2, [27] = 28 };
	struct datagram d = {
		.local = pair.b.home, .remote = pair.a.home, .data = bytes, .len = sizeof(bytes)
	};

	(void)state;
	pair_configure(&pair);
	for (unsigned i = 0; i < 3; i++) {
		ike_input(pair.b.ike, &d, pair.now_ms);
		side_effects(&pair.b);
	}
	assert_int_equal(pair.b.n_sent, 3);
	const char *line = strstr(pair.b.log, "peer 192.0.2.1 speaks IKEv1");
	assert_non_null(line); /* once */
	assert_null(strstr(line + 40, "speaks IKEv1"));
	bytes[15] = 1; /* not the first message: no answer */
	d.data = bytes;
	ike_input(pair.b.ike, &d, pair.now_ms);
	side_effects(&pair.b);
	bytes[15] = 0;
	assert_int_equal(pair.b.n_sent, 3);
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_BAD_VERSION], 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_policy_both_live),
		TEST(replace_ends_the_older),
		TEST(keep_refuses_the_newer),
		TEST(keep_lets_the_peer_reauthenticate),
		TEST(initial_contact_counts),
		TEST(tries_follow_the_settings),
		TEST(jitter_shortens),
		TEST(cookies_from_the_first_one_on),
		TEST(one_address_does_not_take_all_room),
		TEST(cookies_go_on_for_a_while),
		TEST(half_open_ones_have_a_limit),
		TEST(a_cookie_is_good_there_and_then),
		TEST(failures_do_not_block_an_address),
		TEST(the_first_difference_is_named),
		TEST(refusals_name_both_sides),
		TEST(refused_selectors_are_named),
		TEST(ikev1_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
