/* SPDX-License-Identifier: BSD-2-Clause */
/* Coming up: IKE_SA_INIT and IKE_AUTH between two cores, and what can go wrong there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ike/id.h"
#include "ike/limits.h"
#include "support/pair.h"

#define IKE_KEYWORDS "aes256gcm16-prfsha256-x25519"
#define ESP_KEYWORDS "aes256gcm16"

static struct pair pair;

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, 1, IKE_KEYWORDS, ESP_KEYWORDS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static void initiate(int expected)
{
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), expected);
	side_effects(&pair.a);
}

/* Establishment that must not succeed; nothing may be left behind. */
static void fails_with(const char *text_a, const char *text_b)
{
	initiate(0);
	pair_run(&pair, 400000);
	assert_false(pair_is_up(&pair));
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
	assert_int_equal(pair.a.n_failed, 1);
	if (text_a && !side_logged(&pair.a, text_a))
		fail_msg("a did not log '%s' but:\n%s", text_a, pair.a.log);
	if (text_b && !side_logged(&pair.b, text_b))
		fail_msg("b did not log '%s' but:\n%s", text_b, pair.b.log);
}

static void comes_up_with(const char *ike, const char *esp)
{
	pair_fini(&pair);
	pair_init(&pair, 1, ike, esp);
	pair_configure(&pair);
	pair_up(&pair);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_int_equal(side_n_sas(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
	assert_int_equal(pair.a.n_sent, 2);
	assert_int_equal(pair.b.n_sent, 2);
}

static void establishes_with_every_group(void **state)
{
	(void)state;
	comes_up_with("aes256gcm16-prfsha256-x25519", "aes256gcm16");
	comes_up_with("aes128-sha256-ecp256", "aes128gcm16");
	comes_up_with("aes256-sha512-modp2048", "aes256gcm16-esn");
	assert_true(side_in_use(&pair.a)->sa.is_esn);
	comes_up_with("default", "default");
}

/* The order on each side: installed before it is used; the responder answers before it sends. */
static void effects_come_in_order(void **state)
{
	(void)state;
	pair_configure(&pair);
	pair_up(&pair);
	assert_string_equal(pair.a.trace, "SEND SEND ADD SWITCH UP ");
	assert_string_equal(pair.b.trace, "SEND ADD SEND SWITCH UP ");
}

static void initiating_twice_is_already(void **state)
{
	(void)state;
	pair_configure(&pair);
	initiate(0);
	initiate(-EALREADY);
	assert_true(pair_run_until(&pair, pair_is_up, 10000));
	initiate(-EALREADY);
	assert_int_equal(ike_initiate(pair.a.ike, "nobody", NULL, pair.now_ms), -ENOENT);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", "nothing", pair.now_ms), -ENOENT);
}

static void start_and_acquire_bring_it_up(void **state)
{
	(void)state;
	pair.a.children[0][0].start = START_TRAP;
	pair_configure(&pair);
	pair_run(&pair, 1000);
	assert_int_equal(pair.a.n_sent, 0);
	ike_acquire(pair.b.ike, PAIR_SLOT, pair.now_ms); /* b is passive: start_action none */
	side_effects(&pair.b);
	pair_run(&pair, 1000);
	assert_int_equal(pair.b.n_sent, 0);
	ike_acquire(pair.a.ike, PAIR_SLOT, pair.now_ms);
	side_effects(&pair.a);
	ike_acquire(pair.a.ike, PAIR_SLOT, pair.now_ms); /* the next packet does nothing more */
	side_effects(&pair.a);
	assert_true(pair_run_until(&pair, pair_is_up, 10000));
	assert_int_equal(pair.a.n_sent, 2);

	pair_fini(&pair);
	pair_init(&pair, 1, IKE_KEYWORDS, ESP_KEYWORDS);
	pair.b.children[0][0].start = START_NOW;
	pair_configure(&pair);
	assert_true(pair_run_until(&pair, pair_is_up, 10000));
	assert_int_equal(pair.b.n_sent, 2);
}

/* ---- Retransmission -------------------------------------------------------------- */

struct tape {
	struct flight of[64];
	unsigned n, swallow; /* swallow: so many first ones of b */
};
static struct tape tape;

static bool record(struct pair *p, struct flight *f, void *arg)
{
	(void)p;
	(void)arg;
	if (tape.n < 64) {
		tape.of[tape.n] = *f;
		tape.of[tape.n].bytes = malloc(f->len);
		memcpy(tape.of[tape.n++].bytes, f->bytes, f->len);
	}
	if (!tape.swallow || !addr_equal(&f->from.addr, &pair.b.home.addr))
		return true;
	tape.swallow--;
	return false;
}

static void tape_clear(void)
{
	for (unsigned i = 0; i < tape.n; i++)
		free(tape.of[i].bytes);
	memset(&tape, 0, sizeof(tape));
}

static void assert_same(const struct flight *x, const struct flight *y)
{
	assert_int_equal(x->len, y->len);
	assert_memory_equal(x->bytes, y->bytes, x->len);
}

/* The answer to each request is lost once: request and answer come again, octet by octet. */
static void retransmits_the_same_bytes(void **state)
{
	(void)state;
	pair.on_wire = record;
	tape.swallow = 1;
	pair_configure(&pair);
	initiate(0);
	pair_run(&pair, 4100);
	tape.swallow = 1; /* now of IKE_AUTH, which went out at once */
	pair_run(&pair, 6000);
	assert_true(pair_fits(&pair));
	assert_true(tape.n >= 6);
	assert_same(&tape.of[0], &tape.of[2]);
	assert_same(&tape.of[1], &tape.of[3]);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
	assert_true(ike_counts(pair.b.ike)[IKE_COUNT_ANSWERED_AGAIN] >= 1);
	tape_clear();
}

static void auth_is_retransmitted_too(void **state)
{
	(void)state;
	pair_configure(&pair);
	pair.on_wire = record;
	initiate(0);
	while (tape.n < 3) /* INIT, its answer, AUTH */
		pair_step(&pair);
	tape.swallow = 1;
	pair_run(&pair, 9000);
	assert_true(pair_fits(&pair));
	assert_int_equal(tape.n, 6);
	assert_same(&tape.of[2], &tape.of[4]);
	assert_same(&tape.of[3], &tape.of[5]);
	assert_int_equal(side_n_sas(&pair.b), 1);
	tape_clear();
}

/* Every request delivered twice: one IKE SA, and both answers are the same. */
static void duplicates_get_the_same_answer(void **state)
{
	(void)state;
	pair.twice = 100;
	pair.on_wire = record;
	pair_configure(&pair);
	initiate(0);
	pair_run(&pair, 1000);
	assert_true(pair_fits(&pair));
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
	for (unsigned i = 0; i < tape.n; i++)
		for (unsigned j = i + 1; j < tape.n; j++)
			if (tape.of[i].bytes[18] == tape.of[j].bytes[18] &&
			    tape.of[i].bytes[19] == tape.of[j].bytes[19])
				assert_same(&tape.of[i], &tape.of[j]);
	tape_clear();
}

static void gives_up_after_all_tries(void **state)
{
	(void)state;
	pair.is_cut = true;
	pair_configure(&pair);
	fails_with("does not answer IKE_SA_INIT", NULL);
	assert_int_equal(pair.a.n_sent, 1 + RETRANSMIT_TRIES);
}

static void keyingtries_begin_again(void **state)
{
	(void)state;
	pair.a.conns[0].keyingtries = 3;
	pair.is_cut = true;
	pair_configure(&pair);
	initiate(0);
	pair_run(&pair, 3 * 170000);
	assert_int_equal(pair.a.n_sent, 3 * (1 + RETRANSMIT_TRIES));
	assert_int_equal(pair.a.n_failed, 3);
}

/* ---- Cookie, group ---------------------------------------------------------------- */

static bool flood(unsigned n)
{
	uint8_t bytes[INIT_LEN_MAX];
	struct flight *first = &tape.of[0];
	struct datagram d = {
		.local = first->to, .remote = first->from, .data = bytes, .len = first->len
	};

	memcpy(bytes, first->bytes, first->len);
	for (unsigned i = 1; i <= n; i++) {
		memcpy(bytes, &i, sizeof(i)); /* another SPIi, another address */
		d.remote.addr.b[15] = (uint8_t)(i | 0x80);
		d.remote.addr.b[14] = (uint8_t)(i >> 7);
		ike_input(pair.b.ike, &d, pair.now_ms);
		side_effects(&pair.b);
	}
	return true;
}

static void cookie_is_asked_for_and_given(void **state)
{
	(void)state;
	pair_configure(&pair);
	pair.on_wire = record;
	pair.b.conns[0].n_remote = 0; /* %any: the flood's addresses too */
	pair_configure(&pair);
	initiate(0);
	while (tape.n < 1)
		pair_step(&pair);
	flood(IKE_COOKIE_FROM);
	pair_run(&pair, 2000);
	assert_true(pair_fits(&pair));
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_COOKIE_ASKED], 1);
	flood(5000); /* what comes without a cookie takes no memory */
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_COOKIE_ASKED], 5001 - IKE_COOKIE_FROM);
	tape_clear();
}

static void half_open_ones_end(void **state)
{
	(void)state;
	pair.b.conns[0].n_remote = 0;
	pair_configure(&pair);
	pair.on_wire = record;
	initiate(0);
	while (tape.n < 1)
		pair_step(&pair);
	flood(10);
	pair_run(&pair, 5);
	assert_string_equal(side_state(&pair.b), "CONNECTING");
	pair_run(&pair, HALF_OPEN_MS + CLOSED_MS + 1000);
	assert_int_equal(side_n_ike(&pair.b), 1); /* that of a */
	tape_clear();
}

static void another_group_is_asked_for(void **state)
{
	(void)state;
	pair_fini(&pair);
	pair_init(&pair, 1, "aes256gcm16-prfsha256-x25519-ecp256-modp2048", ESP_KEYWORDS);
	pair_proposal(PROTO_IKE, "aes256gcm16-prfsha256-modp2048", pair.b.conns[0].ike,
		      &pair.b.conns[0].n_ike);
	pair_configure(&pair);
	pair_up(&pair);
	assert_int_equal(pair.a.n_sent, 3);
	assert_true(side_logged(&pair.b, "INVALID_KE_PAYLOAD"));

	pair_fini(&pair);
	pair_init(&pair, 1, "aes256gcm16-prfsha256-x25519-ecp256-modp2048", ESP_KEYWORDS);
	pair_proposal(PROTO_IKE, "aes256gcm16-prfsha256-ecp256-x25519", pair.b.conns[0].ike,
		      &pair.b.conns[0].n_ike);
	pair_configure(&pair);
	pair_up(&pair);
}

/* ---- Refusals --------------------------------------------------------------------- */

static void wrong_psk_fails(void **state)
{
	(void)state;
	side_psk(&pair.b, "quite another one");
	pair_configure(&pair);
	fails_with("peer refuses IKE_AUTH: AUTHENTICATION_FAILED", "AUTH is wrong");
}

static void no_common_proposal_fails(void **state)
{
	(void)state;
	pair_proposal(PROTO_IKE, "aes128-sha384-ecp256", pair.b.conns[0].ike,
		      &pair.b.conns[0].n_ike);
	pair_configure(&pair);
	fails_with("NO_PROPOSAL_CHOSEN",
		   "first difference: encryption, we want aes128, they aes256gcm16");
}

static void unknown_peer_fails(void **state)
{
	(void)state;
	pair.b.conns[0].remote[0] = addr_from_v4(0xc0000263);
	pair_configure(&pair);
	fails_with("NO_PROPOSAL_CHOSEN", "no connection for peer 192.0.2.1");
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_NO_CONNECTION], 1);
}

static struct ike_id id_of(const char *text)
{
	struct ike_id id;
	const char *why;

	assert_int_equal(id_parse(text, &id, &why), 0);
	return id;
}

static void other_identity_fails(void **state)
{
	(void)state;
	pair.b.conns[0].remote_id = id_of("c.example");
	pair_configure(&pair);
	fails_with("AUTHENTICATION_FAILED (24), we are a.example and want b.example",
		   "gw-gw[1] authentication of peer a.example failed: no connection for these "
		   "identities: ours: b.example for c.example; theirs: b.example for a.example; "
		   "first difference: who the peer is");
}

/* The initiator finds out; it tells the peer, whose SAs go too. */
static void initiator_rejects_the_responder(void **state)
{
	(void)state;
	pair.a.conns[0].remote_id = id_of("%any");
	pair_configure(&pair);
	pair.a.conns[0].remote_id = id_of("*.elsewhere");
	fails_with("we want *.elsewhere", "peer ended the IKE_SA: AUTHENTICATION_FAILED");
}

static void no_common_esp_keeps_the_ike_sa(void **state)
{
	(void)state;
	pair_proposal(PROTO_ESP, "aes128gcm16", pair.b.children[0][0].proposals,
		      &pair.b.children[0][0].n_proposals);
	pair_configure(&pair);
	initiate(0);
	pair_run(&pair, 5000);
	assert_false(pair_is_up(&pair));
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_int_equal(pair.a.n_failed, 1);
	assert_true(side_logged(&pair.a,
				"CHILD_SA net was refused: NO_PROPOSAL_CHOSEN (14), we offer aes"));
}

static void unacceptable_selectors_keep_the_ike_sa(void **state)
{
	(void)state;
	pair.b.children[0][0].local_ts[0] = pair_ts("10.99.0.0/16");
	pair_configure(&pair);
	initiate(0);
	pair_run(&pair, 5000);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 2);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_true(side_logged(&pair.a, "TS_UNACCEPTABLE"));
	/* It can be tried again on the same IKE SA once b is configured right. */
	pair.b.children[0][0].local_ts[0] = pair_ts("10.2.0.0/16");
	initiate(0);
	assert_true(pair_run_until(&pair, pair_is_up, 1000));
	assert_true(pair_fits(&pair));
	assert_int_equal(side_n_ike(&pair.a), 1);
}

static void selectors_are_narrowed(void **state)
{
	struct ts_val want = pair_ts("10.2.3.0/24");

	(void)state;
	pair.b.children[0][0].local_ts[0] = want;
	pair_configure(&pair);
	pair_up(&pair);
	assert_memory_equal(&side_in_use(&pair.a)->sa.remote_ts[0], &want, sizeof(want));
	assert_memory_equal(&side_in_use(&pair.b)->sa.local_ts[0], &want, sizeof(want));
}

static void dynamic_is_the_own_address(void **state)
{
	struct ts_val want = pair_ts("192.0.2.1/32");

	(void)state;
	pair.a.children[0][0].is_local_dynamic = pair.b.children[0][0].is_remote_dynamic = true;
	pair_configure(&pair);
	pair_up(&pair);
	assert_memory_equal(&side_in_use(&pair.b)->sa.remote_ts[0], &want, sizeof(want));
}

/* ---- Several connections ----------------------------------------------------------- */

static void second_conn(struct side *s, const char *name, const char *remote_id, const char *psk)
{
	s->conns[1] = s->conns[0];
	s->conns[1].children = s->children[1];
	s->children[1][0] = s->children[0][0];
	s->children[1][0].child = PAIR_SLOT + 10;
	snprintf(s->conns[1].name, sizeof(s->conns[1].name), "%s", name);
	s->conns[1].remote_id = id_of(remote_id);
	s->conns[1].psk_len = strlen(psk);
	memcpy(s->conns[1].psk, psk, strlen(psk));
}

static void responder_chooses_by_identity(void **state)
{
	(void)state;
	pair.b.conns[0].remote_id = id_of("%any");
	second_conn(&pair.b, "for-a", "a.example", "the right one");
	side_psk(&pair.a, "the right one");
	pair_configure(&pair);
	initiate(0);
	pair_run(&pair, 1000);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_true(side_logged(&pair.b, "for-a[1] IKE_SA established"));
	assert_int_equal(pair.b.out[PAIR_SLOT + 10] != 0, 1);
}

static void several_children_come_up(void **state)
{
	(void)state;
	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
		struct conn_child *cc = s->children[0];

		cc[1] = cc[2] = cc[0];
		snprintf(cc[1].name, sizeof(cc[1].name), "second");
		snprintf(cc[2].name, sizeof(cc[2].name), "third");
		cc[1].child = PAIR_SLOT + 1;
		cc[2].child = PAIR_SLOT + 2;
		cc[1].local_ts[0] = pair_ts(s == &pair.a ? "10.3.0.0/16" : "10.4.0.0/16");
		cc[1].remote_ts[0] = pair_ts(s == &pair.a ? "10.4.0.0/16" : "10.3.0.0/16");
		cc[2].local_ts[0] = pair_ts(s == &pair.a ? "10.5.0.0/16" : "10.6.0.0/16");
		cc[2].remote_ts[0] = pair_ts(s == &pair.a ? "10.6.0.0/16" : "10.5.0.0/16");
		s->conns[0].n_children = 3;
	}
	pair_configure(&pair);
	pair_up(&pair);
	pair_run(&pair, 1000);
	assert_int_equal(side_n_sas(&pair.a), 3);
	assert_int_equal(side_n_sas(&pair.b), 3);
	for (unsigned slot = PAIR_SLOT; slot < PAIR_SLOT + 3; slot++)
		assert_true(pair.a.out[slot] && pair.b.out[slot]);
	assert_int_equal(side_n_ike(&pair.a), 1);
}

/* ---- Restarted, removed ------------------------------------------------------------- */

static void initial_contact_drops_the_old_ones(void **state)
{
	(void)state;
	pair_configure(&pair);
	pair_up(&pair);
	assert_false(side_logged(&pair.b, "INITIAL_CONTACT"));
	pair_run(&pair, 60000);
	side_restart(&pair.a, false);
	initiate(0);
	pair_run(&pair, 30000);
	assert_true(pair_fits(&pair));
	assert_true(side_logged(&pair.b, "began anew (INITIAL_CONTACT)"));
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
	assert_int_equal(pair.b.n_down, 0);
}

/* DESIGN rule 4: the controller is killed and started again under traffic, no packet is lost. */
static void restarted_controller_loses_nothing(void **state)
{
	(void)state;
	for (int which = 0; which < 2; which++) {
		struct side *s = which ? &pair.b : &pair.a;

		teardown(state);
		setup(state);
		pair_configure(&pair);
		pair_up(&pair);
		s->children[0][0].start = START_NOW;
		pair.flow_ms = 1;
		pair.jitter_ms = 5;
		pair_run(&pair, 2000);
		side_restart(s, true);
		pair_run(&pair, 30000);
		assert_int_equal(pair.n_data_lost, 0);
		assert_int_equal(pair.n_data_unsent, 0);
		assert_true(pair_fits(&pair));
		assert_int_equal(pair.a.n_switched, 2);
		assert_int_equal(pair.b.n_switched, 2);
		assert_int_equal(side_n_ike(&pair.a), 1);
		assert_int_equal(side_n_ike(&pair.b), 1);
		assert_int_equal(side_n_sas(which ? &pair.a : &pair.b), 1);
	}
}

static void removed_connection_is_deleted(void **state)
{
	(void)state;
	pair_configure(&pair);
	pair_up(&pair);
	assert_int_equal(ike_configure(pair.a.ike, NULL, 0, pair.now_ms), 0);
	memset(&pair.a.conns[0].psk, 0xee, sizeof(pair.a.conns[0].psk));
	side_effects(&pair.a);
	pair_run(&pair, 30000);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(establishes_with_every_group),
		TEST(effects_come_in_order),
		TEST(initiating_twice_is_already),
		TEST(start_and_acquire_bring_it_up),
		TEST(retransmits_the_same_bytes),
		TEST(auth_is_retransmitted_too),
		TEST(duplicates_get_the_same_answer),
		TEST(gives_up_after_all_tries),
		TEST(keyingtries_begin_again),
		TEST(cookie_is_asked_for_and_given),
		TEST(half_open_ones_end),
		TEST(another_group_is_asked_for),
		TEST(wrong_psk_fails),
		TEST(no_common_proposal_fails),
		TEST(unknown_peer_fails),
		TEST(other_identity_fails),
		TEST(initiator_rejects_the_responder),
		TEST(no_common_esp_keeps_the_ike_sa),
		TEST(unacceptable_selectors_keep_the_ike_sa),
		TEST(selectors_are_narrowed),
		TEST(dynamic_is_the_own_address),
		TEST(responder_chooses_by_identity),
		TEST(several_children_come_up),
		TEST(initial_contact_drops_the_old_ones),
		TEST(restarted_controller_loses_nothing),
		TEST(removed_connection_is_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
