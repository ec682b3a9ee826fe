/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Redirect (RFC 5685). b is two gateways, at its home and at a second address, and sends a from the
 * first to the second.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include "ike/ike_sa.h"
#include "ike/redirect.h"
#include "support/pair.h"

#define SECOND "192.0.2.3"
#define NAME "gw2.example"

static struct pair pair;

static int setup(void **state)
{
	struct conn *c;

	(void)state;
	pair_init(&pair, 11, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	assert_int_equal(addr_parse(SECOND, &pair.b.second), 0);
	c = &pair.b.conns[0];
	c->n_local = 0; /* at both addresses */
	c->redirect_at = REDIRECT_AT_INIT;
	c = &pair.a.conns[0];
	c->is_redirect_followed = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static void send_to(const char *gateway)
{
	assert_int_equal(gateway_parse(gateway, &pair.b.conns[0].redirect_to), 0);
}

static void initiate(uint64_t ms)
{
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, ms);
}

static const struct ike_sa *only_sa(const struct side *s)
{
	assert_non_null(s->ike->sas);
	assert_null(s->ike->sas->next);
	return s->ike->sas;
}

static void assert_is_at(const char *where)
{
	struct ip_addr addr;

	assert_int_equal(addr_parse(where, &addr), 0);
	assert_true(pair_is_up(&pair) && pair_fits(&pair));
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_int_equal(side_n_sas(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
	assert_true(addr_equal(&only_sa(&pair.a)->remote.addr, &addr));
	assert_true(addr_equal(&side_in_use(&pair.a)->sa.remote.addr, &addr));
	assert_int_equal(pair.a.n_failed, 0);
}

static unsigned redirect(struct side *s, const char *gateway)
{
	struct ike_redirect what = { .conn = "gw-gw" };

	assert_int_equal(gateway_parse(gateway, &what.to), 0);
	unsigned n = ike_redirect(s->ike, &what, pair.now_ms);
	side_effects(s);
	return n;
}

/* ---- IKE_SA_INIT ------------------------------------------------------------------ */

static void in_the_first_answer(void **state)
{
	(void)state;
	send_to(SECOND);
	pair_configure(&pair);
	initiate(20000);
	assert_is_at(SECOND);
	assert_true(side_logged(&pair.b, "192.0.2.1 is redirected to 192.0.2.3"));
	assert_true(side_logged(&pair.b, "peer was redirected here by 192.0.2.2"));
	assert_int_equal(pair.b.ike->n_half_open, 0);
}

static void several_children_move_along(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct side *s = i ? &pair.b : &pair.a;
		struct conn_child *cc = &s->children[0][1];

		*cc = s->children[0][0];
		snprintf(cc->name, sizeof(cc->name), "dmz");
		cc->child = PAIR_SLOT + 1;
		cc->local_ts[0] = pair_ts(i ? "10.12.0.0/16" : "10.11.0.0/16");
		cc->remote_ts[0] = pair_ts(i ? "10.11.0.0/16" : "10.12.0.0/16");
		s->conns[0].n_children = 2;
	}
	send_to(SECOND);
	pair_configure(&pair);
	initiate(20000);
	assert_int_equal(side_n_sas(&pair.a), 2);
	assert_int_not_equal(pair.a.out[PAIR_SLOT + 1], 0);
	assert_int_equal(side_n_ike(&pair.b), 1);
}

static void with_a_cookie_before(void **state)
{
	struct ike_settings settings = ike_settings_default();

	(void)state;
	settings.cookie_threshold = 0;
	ike_tune(pair.b.ike, &settings);
	send_to(SECOND);
	pair_configure(&pair);
	initiate(20000);
	assert_is_at(SECOND);
}

/* Changes the last byte of the first REDIRECT: of its nonce. */
static bool forge_nonce(struct pair *p, struct flight *f, void *arg)
{
	unsigned *n = arg;

	if (addr_equal(&f->from.addr, &p->b.home.addr) && f->bytes[18] == EX_IKE_SA_INIT && !(*n)++)
		f->bytes[f->len - 1] ^= 1;
	return true;
}

static void another_nonce_is_not_believed(void **state)
{
	unsigned n = 0;

	(void)state;
	send_to(SECOND);
	pair_configure(&pair);
	pair.on_wire = forge_nonce;
	pair.arg = &n;
	initiate(1000);
	assert_int_equal(n, 1);
	assert_string_equal(side_state(&pair.a), "CONNECTING");
	assert_false(side_logged(&pair.a, "redirects"));
	pair_run(&pair, 20000); /* the true one, after a retransmission */
	assert_is_at(SECOND);
}

static void a_name_is_resolved(void **state)
{
	(void)state;
	pair.a.resolved = pair.b.second;
	send_to(NAME);
	pair.b.conns[0].n_local = 1; /* at the second address there is no redirect */
	pair.b.conns[1] = pair.b.conns[0];
	pair.b.conns[1].redirect_to = (struct gateway){ 0 };
	pair.b.conns[1].local[0] = pair.b.second;
	snprintf(pair.b.conns[1].name, sizeof(pair.b.conns[1].name), "other");
	pair_configure(&pair);
	initiate(20000);
	assert_string_equal(pair.a.resolving, NAME);
	assert_is_at(SECOND);
}

static void a_name_that_is_not_there(void **state)
{
	(void)state;
	send_to(NAME);
	pair_configure(&pair);
	initiate(5000);
	assert_null(pair.a.ike->sas);
	assert_int_equal(pair.a.n_failed, 1);
	assert_non_null(strstr(pair.a.last_error, "no address for its name"));
}

static void an_ipv6_gateway(void **state)
{
	(void)state;
	assert_int_equal(addr_parse("2001:db8::2", &pair.b.second), 0);
	assert_int_equal(addr_parse("2001:db8::1", &pair.a.second), 0);
	pair.a.conns[0].n_local = pair.b.conns[0].n_remote = 0;
	send_to("2001:db8::2");
	pair_configure(&pair);
	initiate(20000);
	assert_is_at("2001:db8::2");
	assert_true(addr_equal(&only_sa(&pair.a)->local.addr, &pair.a.second));
}

/* The name of the gateway is that of the one that redirects. */
static void a_loop_has_an_end(void **state)
{
	(void)state;
	pair.a.resolved = pair.b.second;
	send_to(NAME);
	pair_configure(&pair);
	initiate(REDIRECTS_MS / 2);
	assert_int_equal(pair.a.ike->last_ike_id, 1 + REDIRECTS_MAX);
	assert_null(pair.a.ike->sas);
	assert_int_equal(pair.a.n_failed, 1);
	assert_non_null(strstr(pair.a.last_error, "a loop"));
}

static void who_cannot_is_served(void **state)
{
	(void)state;
	pair.a.conns[0].is_redirect_followed = false;
	send_to(SECOND);
	pair_configure(&pair);
	initiate(20000);
	assert_is_at("192.0.2.2");
	assert_int_equal(redirect(&pair.b, SECOND), 0);
}

/* ---- IKE_AUTH --------------------------------------------------------------------- */

static void after_authentication(void **state)
{
	(void)state;
	send_to(SECOND);
	pair.b.conns[0].redirect_at = REDIRECT_AT_AUTH;
	pair_configure(&pair);
	initiate(20000);
	assert_is_at(SECOND);
	assert_true(side_logged(&pair.a, "gw-gw[1] gateway redirects us to 192.0.2.3: IKE_SA [2]"));
	assert_true(side_logged(&pair.b, "peer is redirected to 192.0.2.3"));
}

static bool no_info_from_a(struct pair *p, struct flight *f, void *arg)
{
	(void)arg;
	return !addr_equal(&f->from.addr, &p->a.home.addr) || f->bytes[18] != EX_INFORMATIONAL;
}

static void the_gateway_deletes_what_the_client_leaves(void **state)
{
	(void)state;
	send_to(SECOND);
	pair.b.conns[0].redirect_at = REDIRECT_AT_AUTH;
	pair.b.conns[0].unique = UNIQUE_NEVER; /* else INITIAL_CONTACT ends it */
	pair_configure(&pair);
	pair.on_wire = no_info_from_a;
	initiate(REDIRECT_WAIT_MS + 1000);
	assert_true(side_logged(&pair.b, "deleting IKE_SA"));
	assert_true(pair_is_up(&pair));
}

static void who_is_no_gateway_cannot_redirect(void **state)
{
	(void)state;
	send_to(SECOND);
	pair.b.conns[0].redirect_at = REDIRECT_AT_AUTH;
	side_psk(&pair.b, "another secret");
	pair_configure(&pair);
	initiate(20000);
	assert_int_equal(pair.a.n_failed, 1);
	assert_false(side_logged(&pair.a, "redirects us"));
}

/* ---- Later ------------------------------------------------------------------------ */

static void during_the_session(void **state)
{
	(void)state;
	pair_configure(&pair);
	pair_up(&pair);
	pair.flow_ms = 1;
	assert_int_equal(redirect(&pair.a, SECOND), 0); /* b is no client */
	assert_int_equal(redirect(&pair.b, SECOND), 1);
	pair_run(&pair, CLOSED_MS + CHILD_LINGER_MS + 5000);
	assert_is_at(SECOND);
	assert_int_equal(pair.n_data_lost + pair.n_data_unsent, 0);
	assert_true(side_logged(&pair.a, "gw-gw[1] gateway redirects us to 192.0.2.3: IKE_SA [2]"));
}

/* Each name is a question to the resolver, and a new IKE SA. */
static void again_and_again_in_vain(void **state)
{
	(void)state;
	pair_configure(&pair);
	initiate(20000);
	pair.a.conns[0].keyingtries = 1;
	for (unsigned i = 0; i < 2 * REDIRECTS_MAX; i++) {
		assert_int_equal(redirect(&pair.b, NAME), 1);
		pair_run(&pair, 1000);
	}
	assert_int_equal(pair.a.ike->last_ike_id, 1 + REDIRECTS_MAX);
	assert_true(side_logged(&pair.a, "a loop"));
	assert_is_at("192.0.2.2");
}

static void after_a_rekey_by_the_gateway(void **state)
{
	(void)state;
	pair_configure(&pair);
	pair_up(&pair);
	assert_int_equal(ike_rekey(pair.b.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, CLOSED_MS + 2000);
	assert_true(only_sa(&pair.b)->is_initiator);
	assert_int_equal(redirect(&pair.b, SECOND), 1);
	pair_run(&pair, CLOSED_MS + CHILD_LINGER_MS + 5000);
	assert_is_at(SECOND);
}

/* What was to be sent on the old IKE SA is sent on the new one. */
static void during_a_rekey_of_the_ike_sa(void **state)
{
	struct side *sides[] = { &pair.a, &pair.b };

	for (unsigned i = 0; i < 60; i++) {
		teardown(state);
		setup(state);
		pair_configure(&pair);
		pair_up(&pair);
		for (unsigned k = 0; k < 2; k++) {
			if (i % 3 != k && i % 3 != 2)
				continue;
			assert_int_equal(ike_rekey(sides[k]->ike, "gw-gw", pair.now_ms), 0);
			side_effects(sides[k]);
		}
		pair_run(&pair, i / 3 * 2);
		assert_int_equal(redirect(&pair.b, SECOND), 1);
		pair_run(&pair, 120000);
		assert_is_at(SECOND);
	}
}

static void it_stays_there_when_it_reauthenticates(void **state)
{
	(void)state;
	pair_configure(&pair);
	pair_up(&pair);
	assert_int_equal(redirect(&pair.b, SECOND), 1);
	pair_run(&pair, CLOSED_MS + CHILD_LINGER_MS + 5000);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(ike_reauth(pair.a.ike, "gw-gw", pair.now_ms), 0);
		side_effects(&pair.a);
		pair_run(&pair, CLOSED_MS + CHILD_LINGER_MS + 5000);
		assert_is_at(SECOND);
	}
}

static void not_followed_when_the_connection_says_so(void **state)
{
	(void)state;
	pair_configure(&pair);
	pair_up(&pair);
	pair.a.conns[0].is_redirect_followed = false;
	assert_int_equal(redirect(&pair.b, SECOND), 1);
	pair_run(&pair, CLOSED_MS + CHILD_LINGER_MS + 5000);
	assert_is_at("192.0.2.2");
	assert_true(side_logged(&pair.a, "not followed (follow_redirects = no)"));
}

static void the_other_gateway_is_not_there(void **state)
{
	(void)state;
	pair_configure(&pair);
	pair_up(&pair);
	pair.flow_ms = 100;
	assert_int_equal(redirect(&pair.b, "192.0.2.99"), 1);
	pair_run(&pair, 400000);
	assert_is_at("192.0.2.2"); /* make before break: nothing is lost */
	assert_int_equal(pair.n_data_lost + pair.n_data_unsent, 0);
}

static void only_who_is_meant(void **state)
{
	struct ike_redirect what = { .conn = "gw-gw" };
	struct addr_range range;

	(void)state;
	pair_configure(&pair);
	pair_up(&pair);
	assert_int_equal(gateway_parse(SECOND, &what.to), 0);
	what.unique_id = 99;
	assert_int_equal(ike_redirect(pair.b.ike, &what, pair.now_ms), 0);
	what.unique_id = 1;
	assert_int_equal(addr_parse_range("198.51.100.0/24", &range), 0);
	what.peers = &range;
	assert_int_equal(ike_redirect(pair.b.ike, &what, pair.now_ms), 0);
	assert_int_equal(addr_parse_range("192.0.2.0/24", &range), 0);
	what.peer_id = &pair.b.conns[0].local_id;
	assert_int_equal(ike_redirect(pair.b.ike, &what, pair.now_ms), 0);
	what.peer_id = &pair.b.conns[0].remote_id;
	assert_int_equal(ike_redirect(pair.b.ike, &what, pair.now_ms), 1);
}

/* ---- On the wire ------------------------------------------------------------------ */

static void names_of_gateways(void **state)
{
	static const char *const good[] = { "192.0.2.3", "2001:db8::3", "gw2.Example-1.org" };
	static const char *const bad[] = { "",	  "0.0.0.0", "::",   "gw 2",
					   "-gw", "192.0.2", "gw\n", "a/b" };
	uint8_t bytes[GATEWAY_LEN_MAX];
	char text[GATEWAY_NAME_MAX];
	struct gateway g, back;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(gateway_parse(bad[i], &g), 0);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct writer w = wr_into(bytes, sizeof(bytes));

		assert_int_equal(gateway_parse(good[i], &g), 0);
		assert_string_equal(gateway_text(&g, text), good[i]);
		gateway_write(&w, &g);
		assert_true(wr_ok(&w));
		for (size_t n = 0; n < wr_len(&w); n++) {
			struct reader r = rd_from(bytes, n);
			assert_int_not_equal(gateway_read(&r, &back), 0);
		}
		struct reader r = rd_from(bytes, wr_len(&w));
		assert_int_equal(gateway_read(&r, &back), 0);
		assert_true(rd_done(&r) && gateway_equal(&g, &back));
	}
	struct reader r = rd_from("\x03\x03g\ng", 5); /* nothing for logs and resolvers */
	assert_int_not_equal(gateway_read(&r, &back), 0);
	r = rd_from("\x01\x04\x7f\0\0\1", 6); /* nor our own host */
	assert_int_not_equal(gateway_read(&r, &back), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_the_first_answer),
		TEST(several_children_move_along),
		TEST(with_a_cookie_before),
		TEST(another_nonce_is_not_believed),
		TEST(a_name_is_resolved),
		TEST(a_name_that_is_not_there),
		TEST(an_ipv6_gateway),
		TEST(a_loop_has_an_end),
		TEST(who_cannot_is_served),
		TEST(after_authentication),
		TEST(the_gateway_deletes_what_the_client_leaves),
		TEST(who_is_no_gateway_cannot_redirect),
		TEST(during_the_session),
		TEST(again_and_again_in_vain),
		TEST(after_a_rekey_by_the_gateway),
		TEST(during_a_rekey_of_the_ike_sa),
		TEST(it_stays_there_when_it_reauthenticates),
		TEST(not_followed_when_the_connection_says_so),
		TEST(the_other_gateway_is_not_there),
		TEST(only_who_is_meant),
		cmocka_unit_test(names_of_gateways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
