/* SPDX-License-Identifier: BSD-2-Clause */
/* EAP-MSCHAPv2 between two cores: a is the client, b the server. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include "ike/auth.h"
#include "ike/auth_eap.h"
#include "ike/id.h"
#include "support/pair.h"

static struct pair pair;

static void user_add(struct conn *conn, const char *name, const char *password)
{
	struct eap_user *user;
	const char *why;

	conn->eap_users = realloc(conn->eap_users, (conn->n_eap_users + 1) * sizeof(*user));
	assert_non_null(conn->eap_users);
	user = &conn->eap_users[conn->n_eap_users++];
	memset(user, 0, sizeof(*user));
	assert_int_equal(id_parse(name, &user->id, &why), 0);
	user->secret_len = strlen(password);
	memcpy(user->secret, password, user->secret_len);
}

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, 13, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	pair.a.conns[0].local_auth = CONN_AUTH_EAP;
	pair.b.conns[0].remote_auth = CONN_AUTH_EAP;
	user_add(&pair.b.conns[0], "bob", "his password");
	user_add(&pair.b.conns[0], "alice@example", "p\xc3\xa4ssword");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	free(pair.a.conns[0].eap_users);
	free(pair.b.conns[0].eap_users);
	return 0;
}

static void try(const char *name, const char *password)
{
	if (name)
		user_add(&pair.a.conns[0], name, password);
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 10000);
}

static void the_right_password_is_enough(void **state)
{
	(void)state;
	try("alice@example", "p\xc3\xa4ssword");
	assert_true(pair_is_up(&pair) && pair_fits(&pair));
	assert_true(side_logged(&pair.b, "EAP-MSCHAPv2 of 'alice@example' succeeded"));
	assert_true(side_logged(&pair.b, "[alice@example]")); /* not IDi: a.example */
}

/* RFC 6023: the last answer has AUTH, and nothing of a Child SA. */
static void without_a_child_at_first(void **state)
{
	(void)state;
	pair.a.conns[0].childless = pair.b.conns[0].childless = CHILDLESS_FORCE;
	try("bob", "his password");
	assert_true(pair_is_up(&pair) && pair_fits(&pair));
	assert_int_equal(side_n_ike(&pair.a), 1);
}

/* EAP took its messages; what the last answer says about MOBIKE counts all the same. */
static void a_refused_child_is_not_the_end(void **state)
{
	(void)state;
	pair.a.conns[0].is_mobike = pair.b.conns[0].is_mobike = true;
	pair.b.children[0][0].local_ts[0] = pair_ts("10.77.0.0/16");
	try("bob", "his password");
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 2);
	assert_true(pair.a.ike->sas->is_mobike && pair.b.ike->sas->is_mobike);
	assert_true(side_logged(&pair.a, "CHILD_SA net was refused: TS_UNACCEPTABLE"));
}

/* A client that has forgotten all is let in by `keep`, too: INITIAL_CONTACT was in its first message. */
static void who_begins_anew_says_so(void **state)
{
	(void)state;
	pair.b.conns[0].unique = UNIQUE_KEEP;
	try("bob", "his password");
	assert_true(pair_is_up(&pair));
	side_restart(&pair.a, false);
	try(NULL, NULL);
	assert_true(side_logged(&pair.b, "began anew (INITIAL_CONTACT)"));
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_true(pair_fits(&pair));
}

static void a_lossy_road_does_not_matter(void **state)
{
	(void)state;
	pair.loss = 20;
	pair.twice = 20;
	user_add(&pair.a.conns[0], "bob", "his password");
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	assert_true(pair_run_until(&pair, pair_is_up, 300000));
	assert_int_equal(side_n_ike(&pair.b), 1);
}

static void assert_refused(const char *why)
{
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
	assert_true(side_logged(&pair.b, why));
	assert_int_equal(pair.a.n_failed, 1);
}

static void a_wrong_password_is_refused(void **state)
{
	(void)state;
	try("alice@example", "password");
	assert_refused("the password is wrong");
	assert_true(side_logged(&pair.a, "peer refuses us as 'alice@example': EAP-Failure "
					 "(EAP-MSCHAPv2: is the password right?)"));
	assert_false(side_logged(&pair.a, "AUTHENTICATION_FAILED"));
}

static bool is_over(struct pair *p)
{
	return p->a.n_failed > 0;
}

/* The first EAP-Failure does not arrive. */
static bool loses_the_failure(struct pair *p, struct flight *f, void *arg)
{
	unsigned *n_lost = arg;

	if (*n_lost || !addr_equal(&f->from.addr, &p->b.home.addr) ||
	    !side_logged(&p->b, "the password is wrong"))
		return true;
	++*n_lost;
	return false;
}

/* 2.1: the IKE SA is over, and its last answer is kept. After it nothing is said any more. */
static void the_failure_is_said_again(void **state)
{
	unsigned n_lost = 0, n_sent;

	(void)state;
	pair.on_wire = loses_the_failure;
	pair.arg = &n_lost;
	try("alice@example", "password");
	assert_true(pair_run_until(&pair, is_over, 60000));
	assert_int_equal(n_lost, 1);
	assert_refused("the password is wrong");
	assert_true(side_logged(&pair.a, "peer refuses us"));
	n_sent = pair.a.n_sent + pair.b.n_sent;
	pair_run(&pair, 1000);
	assert_int_equal(pair.a.n_sent + pair.b.n_sent, n_sent);
}

/* EAP does not get beyond its first packet. */
static bool swallow_eap(struct pair *p, struct flight *f, void *arg)
{
	(void)p;
	(void)arg;
	return f->bytes[18] != EX_IKE_AUTH || f->bytes[23] < 2;
}

/* The second message of IKE_AUTH by s: AUTH by the key that EAP has before it has made one. */
static void prove_with_nothing(struct side *s, struct side *to)
{
	static const uint8_t zero[EAP_MSK_LEN];
	struct ike_sa *sa = s->ike->sas;
	uint8_t buf[512];
	struct payload_writer pw =
		side_writes(sa, EX_IKE_AUTH, 2, s == &pair.b, buf, sizeof(buf));
	struct turn t = { .ike = s->ike, .sa = sa, .out = &pw };
	struct datagram d = { .local = to->home, .remote = s->home, .data = buf };

	assert_int_equal(auth_emit_mac(&t, AUTH_PSK, rd_from(zero, sizeof(zero))), STEP_NEXT);
	assert_int_equal(message_finish(&pw, &d.len), 0);
	ike_input(to->ike, &d, pair.now_ms);
	side_effects(to);
}

/* Neither a client without a password, nor a server that knows none (its own AUTH was good). */
static void nobody_gets_by_without_eap(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		pair.on_wire = swallow_eap;
		try("bob", "his password");
		prove_with_nothing(i ? &pair.b : &pair.a, i ? &pair.a : &pair.b);
		assert_true(side_logged(i ? &pair.a : &pair.b,
					i ? "it sends AUTH before the end of EAP"
					  : "AUTH does not fit what EAP has made"));
		assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
		assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
		teardown(state);
		setup(state);
	}
}

static void an_unknown_name_is_refused(void **state)
{
	(void)state;
	try("mallory", "p");
	assert_refused("no secrets.eap<suffix> is for its EAP identity");
}

/* Who knows the pre-shared key of the server is not let in by it. */
static void a_psk_is_no_eap(void **state)
{
	(void)state;
	pair.a.conns[0].local_auth = CONN_AUTH_PSK;
	try(NULL, NULL);
	assert_refused("it proves itself by a pre-shared key, we want EAP");
}

static void eap_is_refused_where_it_is_not_configured(void **state)
{
	(void)state;
	pair.b.conns[0].remote_auth = CONN_AUTH_PSK;
	try("bob", "his password");
	assert_refused("it wants EAP, which is not configured");
}

/* The server proves itself before the client says anything of worth. */
static void a_false_server_gets_no_response(void **state)
{
	(void)state;
	side_psk(&pair.b, "another secret");
	try("bob", "his password");
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
	assert_true(side_logged(&pair.a, "AUTH is wrong"));
	assert_false(side_logged(&pair.b, "EAP-MSCHAPv2"));
}

/* ---- PPK, RFC 8784 ------------------------------------------------------------------ */

static bool is_ppk_used(void)
{
	bool is_used = side_logged(&pair.a, "uses a PPK");

	assert_int_equal(is_used, side_logged(&pair.b, "uses a PPK"));
	return is_used;
}

/* The server's first AUTH is without, the last ones and all keys of Child SAs are with it. */
static void with_a_ppk(void **state)
{
	(void)state;
	side_ppk(&pair.a, "p1", "a postquantum secret", true);
	side_ppk(&pair.b, "p1", "a postquantum secret", true);
	try("bob", "his password");
	assert_true(pair_fits(&pair) && is_ppk_used());
	assert_int_equal(ike_rekey(pair.a.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 5000);
	assert_true(pair_fits(&pair));
}

/* Neither needs it: NO_PPK_AUTH says so where the server has another one. */
static void without_a_ppk_that_need_not_be(void **state)
{
	for (int kind = 0; kind < 3; kind++) {
		teardown(state);
		setup(state);
		if (kind != 0)
			side_ppk(&pair.a, "p1", "a postquantum secret", false);
		if (kind != 1)
			side_ppk(&pair.b, "p2", "another postquantum secret", false);
		try("bob", "his password");
		assert_true(pair_fits(&pair) && !is_ppk_used());
	}
}

static void ppk_refused(const char *name, const char *secret, bool we_must, bool they_must,
			struct side *who, const char *why)
{
	teardown(NULL);
	setup(NULL);
	if (we_must || name)
		side_ppk(&pair.a, "p1", "a postquantum secret", we_must);
	if (they_must || name)
		side_ppk(&pair.b, name ? name : "p1", secret, they_must);
	try("bob", "his password");
	assert_true(side_logged(who, why));
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
}

static void a_ppk_that_has_to_be(void **state)
{
	const char *secret = "a postquantum secret";

	(void)state;
	ppk_refused(NULL, secret, true, false, &pair.a, "the peer does not use PPKs");
	ppk_refused(NULL, secret, false, true, &pair.b, "it uses no PPK, and ppk_required");
	ppk_refused("p2", secret, true, false, &pair.b, "it insists on a PPK that we do not have");
	ppk_refused("p2", secret, false, true, &pair.b, "it names another PPK than ours");
	ppk_refused("p1", "another", true, true, &pair.b, "AUTH does not fit");
	ppk_refused("p1", "another", false, false, &pair.b, "AUTH does not fit");
}

/* A server that answers without the PPK that we insist on, after all: its AUTH would fit. */
static bool forgets_the_ppk(struct pair *p, struct flight *f, void *arg)
{
	unsigned *n = arg;

	if (addr_equal(&f->from.addr, &p->a.home.addr) && ++*n == 6) /* with AUTH */
		p->a.conns[0].is_ppk_required = true;
	return true;
}

static void a_server_cannot_leave_it_out(void **state)
{
	unsigned n = 0;

	(void)state;
	side_ppk(&pair.a, "p1", "a postquantum secret", false);
	side_ppk(&pair.b, "p2", "a postquantum secret", false);
	pair.on_wire = forgets_the_ppk;
	pair.arg = &n;
	try("bob", "his password");
	assert_true(side_logged(&pair.a, "it does not use our PPK, and ppk_required"));
	assert_int_equal(side_n_sas(&pair.a), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_right_password_is_enough),
		TEST(without_a_child_at_first),
		TEST(a_refused_child_is_not_the_end),
		TEST(who_begins_anew_says_so),
		TEST(a_lossy_road_does_not_matter),
		TEST(a_wrong_password_is_refused),
		TEST(the_failure_is_said_again),
		TEST(nobody_gets_by_without_eap),
		TEST(an_unknown_name_is_refused),
		TEST(a_psk_is_no_eap),
		TEST(eap_is_refused_where_it_is_not_configured),
		TEST(a_false_server_gets_no_response),
		TEST(with_a_ppk),
		TEST(without_a_ppk_that_need_not_be),
		TEST(a_ppk_that_has_to_be),
		TEST(a_server_cannot_leave_it_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
