/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer that holds a key and plays foul: what it says is authentic and still not to be believed.
 * Its messages are sealed with the keys of an IKE SA of the true core at the other end.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ike/id.h"
#include "ike/ike_sa.h"
#include "support/pair.h"

static struct pair pair;

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, 21, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static struct ike_id id_of(const char *text)
{
	struct ike_id id;
	const char *why;

	assert_int_equal(id_parse(text, &id, &why), 0);
	return id;
}

/* Nothing is left of any IKE SA, closed ones too. */
static size_t n_left(const struct side *s)
{
	return s->ike->n_sas;
}

/* One message of b's end of the newest IKE SA, with one payload, into buf. */
static size_t forge(uint8_t *buf, size_t size, uint8_t exchange, uint32_t id, bool is_response)
{
	static const uint8_t nonce[32] = { 1 };
	struct payload_writer pw = side_writes(pair.b.ike->sas, exchange, id, is_response, buf, size);
	size_t len = 0;

	nonce_emit(&pw, rd_from(nonce, sizeof(nonce)));
	assert_int_equal(message_finish(&pw, &len), 0);
	return len;
}

/* ---- Answers ---------------------------------------------------------------------- */

/* What a asks in INFORMATIONAL is answered with a nonce, which has no business there. */
static bool spoil_answers(struct pair *p, struct flight *f, void *arg)
{
	static uint8_t buf[512];

	(void)arg;
	if (!addr_equal(&f->to.addr, &p->b.home.addr) || f->bytes[18] != EX_INFORMATIONAL)
		return true;
	f->len = forge(buf, sizeof(buf), EX_INFORMATIONAL, f->bytes[23], true);
	f->bytes = buf;
	f->from = p->b.home;
	f->to = p->a.home;
	return true;
}

static void a_spoilt_answer_to_our_delete_ends_it(void **state)
{
	(void)state;
	pair_configure(&pair);
	pair_up(&pair);
	pair.on_wire = spoil_answers;
	assert_int_equal(ike_terminate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 600000);
	assert_int_equal(side_n_sas(&pair.a), 0);
	assert_string_equal(side_state(&pair.a), "");
	assert_int_equal(n_left(&pair.a), 0);
}

/* What a asks in CREATE_CHILD_SA is answered with a notify that is no error, and nothing else. */
static bool answer_with_cookie(struct pair *p, struct flight *f, void *arg)
{
	static uint8_t buf[512];

	(void)arg;
	if (!addr_equal(&f->from.addr, &p->b.home.addr) || f->bytes[18] != EX_CREATE_CHILD_SA)
		return true;
	struct ike_sa *oldest = p->b.ike->sas;
	while (oldest->next)
		oldest = oldest->next;
	struct payload_writer pw =
		side_writes(oldest, EX_CREATE_CHILD_SA, f->bytes[23], true, buf, sizeof(buf));
	notify_emit_plain(&pw, N_COOKIE, rd_from(buf, 8));
	assert_int_equal(message_finish(&pw, &f->len), 0);
	f->bytes = buf;
	return true;
}

static void a_cookie_is_no_answer_to_create_child_sa(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		pair.b.children[0][0].close = START_NOW;
		pair_configure(&pair);
		pair_up(&pair);
		pair.on_wire = answer_with_cookie;
		assert_int_equal(i ? ike_rekey(pair.a.ike, "gw-gw", pair.now_ms)
				   : ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
		side_effects(&pair.a);
		pair_run(&pair, 2000);
		assert_true(side_logged(&pair.a, "message that does not fit: INVALID_SYNTAX"));
		pair.on_wire = NULL;
		pair_run(&pair, 30000);
		assert_true(i || pair_fits(&pair)); /* b has another IKE SA still */
		teardown(state);
		setup(state);
	}
}

static unsigned n_lines(const char *log)
{
	unsigned n = 0;

	for (; *log; log++)
		n += *log == '\n';
	return n;
}

/* Well-formed, and an answer to nothing that a offered: who saw a's request can send it. */
static size_t worthless_answer(uint8_t *buf, size_t size)
{
	struct ike_header h = {
		.spi_i = pair.a.ike->sas->spi_i,
		.spi_r = 1,
		.exchange = EX_IKE_SA_INIT,
		.flags = IKE_FLAG_RESPONSE,
	};
	static const uint8_t bytes[32] = { 9 };
	struct ke ke = { KE_X25519, rd_from(bytes, sizeof(bytes)) };
	struct payload_writer pw;
	struct proposal other;
	size_t n, len = 0;

	pair_proposal(PROTO_IKE, "aes128-sha512-x25519", &other, &n);
	message_start(&pw, buf, size, &h);
	sa_emit(&pw, &other, 1);
	ke_emit(&pw, &ke);
	nonce_emit(&pw, rd_from(bytes, sizeof(bytes)));
	assert_int_equal(message_finish(&pw, &len), 0);
	return len;
}

/* However often it comes, the initiator retransmits and ends as ever. */
static void worthless_answers_delay_nothing(void **state)
{
	struct datagram d = { .local = pair.a.home, .remote = pair.b.home };
	uint8_t buf[512];

	(void)state;
	pair_configure(&pair);
	pair.is_cut = true;
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 100);
	d.data = buf;
	d.len = worthless_answer(buf, sizeof(buf));
	for (unsigned s = 0; s < 170; s++) {
		if (!pair.a.n_failed)
			ike_input(pair.a.ike, &d, pair.now_ms);
		side_effects(&pair.a);
		pair_run(&pair, 1000);
	}
	assert_true(ike_counts(pair.a.ike)[IKE_COUNT_REFUSED] > 100);
	assert_int_equal(pair.a.n_sent, 1 + RETRANSMIT_TRIES);
	assert_int_equal(pair.a.n_failed, 1);
	/* One line on all of them, and it is the reason in the end. */
	assert_non_null(
		strstr(pair.a.last_error, "to IKE_SA_INIT does not fit: ours: aes256gcm16"));
	assert_non_null(strstr(pair.a.last_error, "theirs: aes128-sha512-prfsha512-x25519; first "
						  "difference: encryption"));
	assert_int_equal(n_lines(pair.a.log), 1 + 1 + RETRANSMIT_TRIES + 1);
}

/* What anybody who sees a's request can send. */
static void tell_a(uint16_t notify, struct reader data)
{
	struct ike_header h = {
		.spi_i = pair.a.ike->sas->spi_i,
		.exchange = EX_IKE_SA_INIT,
		.flags = IKE_FLAG_RESPONSE,
	};
	uint8_t buf[64];
	struct datagram d = { .local = pair.a.home, .remote = pair.b.home, .data = buf };
	struct payload_writer pw;

	message_start(&pw, buf, sizeof(buf), &h);
	notify_emit_plain(&pw, notify, data);
	assert_int_equal(message_finish(&pw, &d.len), 0);
	ike_input(pair.a.ike, &d, pair.now_ms);
	side_effects(&pair.a);
}

static void refuse_a(void)
{
	tell_a(N_NO_PROPOSAL_CHOSEN, rd_from(NULL, 0));
}

/* 1.2: who sees the request cannot have a weaker group, or none, or end it. */
static void a_forged_group_is_not_taken(void **state)
{
	static const uint8_t groups[][2] = { { 0, 14 }, { 0, 2 }, { 0, 0 }, { 0, 31 } };

	(void)state;
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	while (!pair.a.n_sent)
		pair_step(&pair);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		tell_a(N_INVALID_KE_PAYLOAD, rd_from(groups[i], i < 3 ? 2 : 1));
	assert_false(side_logged(&pair.a, "peer wants key exchange group"));
	assert_true(pair_run_until(&pair, pair_is_up, 1000));
}

/* 2.21.1: nobody's word that it is refused counts as long as the true answer may come. */
static void a_forged_refusal_ends_nothing(void **state)
{
	(void)state;
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	while (!pair.a.n_sent)
		pair_step(&pair);
	refuse_a();
	assert_true(pair_run_until(&pair, pair_is_up, REFUSED_MS - 1000));
	pair_run(&pair, 10000);
	assert_int_equal(pair.a.n_failed, 0);
	assert_true(pair_fits(&pair));
}

static void a_refusal_counts_if_nothing_else_comes(void **state)
{
	(void)state;
	pair_configure(&pair);
	pair.is_cut = true;
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	while (!pair.a.n_sent)
		pair_step(&pair);
	uint64_t since_ms = pair.now_ms;
	refuse_a();
	pair_run(&pair, REFUSED_MS - 100);
	refuse_a(); /* does not prolong it */
	assert_int_equal(pair.a.n_failed, 0);
	pair_run(&pair, 100);
	assert_int_equal(pair.a.n_failed, 1);
	assert_true(pair.now_ms - since_ms <= REFUSED_MS);
	assert_true(side_logged(&pair.a, "refuses IKE_SA_INIT: NO_PROPOSAL_CHOSEN"));
}

static bool swallow_one_auth_answer(struct pair *p, struct flight *f, void *arg)
{
	unsigned *left = arg;

	if (!*left || f->bytes[18] != EX_IKE_AUTH || !addr_equal(&f->from.addr, &p->b.home.addr))
		return true;
	--*left;
	return false;
}

/* b is up and asks for a rekey while its answer to IKE_AUTH is lost: a waits for that. */
static void requests_may_overtake_the_answer_to_auth(void **state)
{
	unsigned left = 1;

	(void)state;
	pair.on_wire = swallow_one_auth_answer;
	pair.arg = &left;
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 1000);
	assert_int_equal(left, 0);
	assert_int_equal(ike_rekey_child(pair.b.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, 30000);
	assert_int_equal(pair.a.n_failed, 0);
	assert_true(pair_fits(&pair));
	assert_true(side_logged(&pair.b, "net{2} rekeyed"));
}

/* ---- Identities ------------------------------------------------------------------- */

/* Who knows the key of a connection for anybody calls itself as the peer of another connection is
 * called, and says INITIAL_CONTACT: that other one's SAs are none of its business. */
static void initial_contact_is_of_one_connection(void **state)
{
	struct conn *any = &pair.b.conns[1];

	(void)state;
	*any = pair.b.conns[0];
	any->children = pair.b.children[1];
	pair.b.children[1][0] = pair.b.children[0][0];
	pair.b.children[1][0].child = PAIR_SLOT + 10;
	snprintf(any->name, sizeof(any->name), "any");
	any->n_remote = 0;
	any->remote_id = id_of("%any");
	any->psk_len = 6;
	memcpy(any->psk, "shared", 6);
	pair_configure(&pair);
	pair_up(&pair);
	pair_run(&pair, 60000);
	/* The same host with another address and the other key, so that gw-gw does not fit. */
	uint32_t in_use = pair.b.out[PAIR_SLOT];
	pair.a.home.addr = addr_from_v4(0xc0000242);
	pair.a.conns[0].local[0] = pair.a.home.addr;
	side_psk(&pair.a, "shared");
	side_restart(&pair.a, false);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 5000);
	assert_true(side_logged(&pair.b, "any[2] IKE_SA established"));
	assert_false(side_logged(&pair.b, "INITIAL_CONTACT"));
	assert_int_equal(pair.b.out[PAIR_SLOT], in_use);
}

/* ---- Many ------------------------------------------------------------------------- */

/* IKE SAs whose peer never authenticated count against the limit of half-open ones as long as
 * they are kept, also after IKE_AUTH failed: else they would take all room there is. */
static void failed_ones_count_as_half_open(void **state)
{
	struct ike_sa *sa;

	(void)state;
	side_psk(&pair.a, "a wrong one");
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 2000);
	assert_true(side_logged(&pair.b, "AUTH is wrong"));
	sa = pair.b.ike->sas;
	assert_non_null(sa);
	assert_int_equal(sa->state, ST_CLOSED);
	assert_int_equal(pair.b.ike->n_half_open, 1);
	pair_run(&pair, CLOSED_MS);
	assert_int_equal(n_left(&pair.b), 0);
	assert_int_equal(pair.b.ike->n_half_open, 0);
	/* One that did authenticate does not. */
	side_psk(&pair.b, "a wrong one");
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	assert_true(pair_run_until(&pair, pair_is_up, 2000));
	assert_int_equal(ike_terminate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 1000);
	assert_int_equal(pair.b.ike->n_half_open, 0);
}

static bool keep_request(struct pair *p, struct flight *f, void *arg)
{
	struct flight *kept = arg;

	(void)p;
	*kept = *f;
	kept->bytes = malloc(f->len);
	memcpy(kept->bytes, f->bytes, f->len);
	return false;
}

/* Anybody can be refused as often as he likes; the disk is not his to fill. */
static void strangers_come(void)
{
	struct flight first = { 0 };

	pair_configure(&pair);
	pair.on_wire = keep_request;
	pair.arg = &first;
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 100);
	pair.on_wire = NULL;
	struct datagram d = { first.to, first.from, first.bytes, first.len };
	for (unsigned i = 0; i < 1000; i++) {
		first.bytes[0] = (uint8_t)i;
		ike_input(pair.b.ike, &d, pair.now_ms);
		side_effects(&pair.b);
	}
	assert_int_equal(ike_counts(pair.b.ike)[IKE_COUNT_REFUSED], 1000);
	assert_int_equal(n_lines(pair.b.log), STRANGER_LINES);
	ike_input(pair.b.ike, &d, pair.now_ms + STRANGER_MS);
	side_effects(&pair.b);
	assert_int_equal(n_lines(pair.b.log), STRANGER_LINES + 1);
	free(first.bytes);
}

static void strangers_do_not_fill_the_log(void **state)
{
	(void)state;
	pair.b.conns[0].remote[0] = addr_from_v4(0xc0000263);
	strangers_come();
}

static void nor_when_they_are_malformed(void **state)
{
	uint8_t bytes[28 + 4] = { [8] = 0,	  [16] = PL_NONCE,    0x20,
				  EX_IKE_SA_INIT, IKE_FLAG_INITIATOR, [27] = sizeof(bytes),
				  [31] = 4 };
	struct datagram d = {
		.local = pair.b.home, .remote = pair.a.home, .data = bytes, .len = sizeof(bytes)
	};

	(void)state;
	pair_configure(&pair);
	for (unsigned i = 1; i < 255; i++) {
		bytes[0] = (uint8_t)i;
		ike_input(pair.b.ike, &d, pair.now_ms);
		side_effects(&pair.b);
	}
	assert_true(
		side_logged(&pair.b, "IKE_SA_INIT of peer 192.0.2.1 is malformed: INVALID_SYNTAX"));
	assert_int_equal(n_lines(pair.b.log), STRANGER_LINES);
}

static void nor_when_they_are_redirected(void **state)
{
	(void)state;
	pair.a.conns[0].is_redirect_followed = true;
	pair.b.conns[0].redirect_at = REDIRECT_AT_INIT;
	assert_int_equal(gateway_parse("192.0.2.3", &pair.b.conns[0].redirect_to), 0);
	strangers_come();
}

static void nor_with_another_group(void **state)
{
	struct conn *a = &pair.a.conns[0], *b = &pair.b.conns[0];

	(void)state;
	pair_proposal(PROTO_IKE, "aes256gcm16-prfsha256-x25519-ecp256", a->ike, &a->n_ike);
	pair_proposal(PROTO_IKE, "aes256gcm16-prfsha256-ecp256", b->ike, &b->n_ike);
	strangers_come();
}

/* ---- A child that was asked for --------------------------------------------------- */

static bool swallow_create_child(struct pair *p, struct flight *f, void *arg)
{
	(void)p;
	(void)arg;
	return f->bytes[18] != EX_CREATE_CHILD_SA;
}

static void second_child(void)
{
	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
		struct conn_child *cc = s->children[0];

		cc[1] = cc[0];
		snprintf(cc[1].name, sizeof(cc[1].name), "second");
		cc[1].child = PAIR_SLOT + 1;
		s->conns[0].n_children = 2;
	}
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	assert_true(pair_run_until(&pair, pair_is_up, 2000));
	pair.on_wire = swallow_create_child;
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", "second", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 100);
}

/* Who waits for a child hears of the end of its IKE SA, whoever ended that. */
static void a_waiting_child_fails_with_its_ike_sa(void **state)
{
	(void)state;
	second_child();
	assert_int_equal(ike_terminate(pair.b.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, 1000);
	assert_int_equal(side_n_ike(&pair.a), 0);
	assert_int_equal(pair.a.n_failed, 1);
}

/* The peer began anew, so our own IKE SA goes; the child is asked for on its new one. */
static void a_waiting_child_moves_to_the_new_ike_sa(void **state)
{
	(void)state;
	second_child();
	pair_run(&pair, 3000);
	pair.on_wire = NULL;
	side_restart(&pair.b, false);
	assert_int_equal(ike_initiate(pair.b.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, 5000);
	assert_true(side_logged(&pair.a, "INITIAL_CONTACT"));
	assert_true(pair.a.out[PAIR_SLOT + 1] != 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_spoilt_answer_to_our_delete_ends_it),
		TEST(a_cookie_is_no_answer_to_create_child_sa),
		TEST(worthless_answers_delay_nothing),
		TEST(a_forged_refusal_ends_nothing),
		TEST(a_forged_group_is_not_taken),
		TEST(a_refusal_counts_if_nothing_else_comes),
		TEST(requests_may_overtake_the_answer_to_auth),
		TEST(initial_contact_is_of_one_connection),
		TEST(failed_ones_count_as_half_open),
		TEST(strangers_do_not_fill_the_log),
		TEST(nor_when_they_are_malformed),
		TEST(nor_when_they_are_redirected),
		TEST(nor_with_another_group),
		TEST(a_waiting_child_fails_with_its_ike_sa),
		TEST(a_waiting_child_moves_to_the_new_ike_sa),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
