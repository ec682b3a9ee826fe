/* SPDX-License-Identifier: BSD-2-Clause */
/* EAP passed through to an AAA server: a is the client, b the gateway, and the server is our own
 * EAP-MSCHAPv2, which b does not see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "ike/aaa.h"
#include "ike/eap.h"
#include "ike/id.h"
#include "ike/limits.h"
#include "support/pair.h"

static struct pair pair;
static struct eap_user user;  /* of the client */
static struct eap_user known; /* to the server */
static struct conn server_conn = { .eap_users = &known, .n_eap_users = 1 };
static struct eap server;
static void (*spoil)(struct aaa_job *answer); /* what the server says */
static unsigned n_asked;

static void user_set(struct eap_user *u, const char *name, const char *password)
{
	*u = (struct eap_user){ .id = { .type = ID_KEY_ID, .len = (uint16_t)strlen(name) } };
	memcpy(u->id.data, name, u->id.len);
	u->secret_len = strlen(password);
	memcpy(u->secret, password, u->secret_len);
}

static void answer(struct pair *p, struct aaa_job *job)
{
	static const uint8_t random[EAP_RANDOM_LEN] = { 1, 2, 3 };
	static const char state[] = "conversation 1";

	(void)p;
	n_asked++;
	assert_string_equal(job->conn, "gw-gw");
	assert_true(job->ike_id);
	if (!*job->session.server) {
		assert_int_equal(job->session.state_len, 0);
		eap_fini(&server);
		eap_server_start(&server, random);
		server.id = job->packet[1];
	} else {
		assert_string_equal(job->session.server, "aaa");
		assert_memory_equal(job->session.state, state, sizeof(state));
	}
	enum eap_result r = eap_take(&server, &server_conn, rd_from(job->packet, job->packet_len));
	assert_string_equal(job->user, server.name);
	snprintf(job->session.server, sizeof(job->session.server), "aaa");
	memcpy(job->session.state, state, job->session.state_len = sizeof(state));
	job->result = r == EAP_DONE ? AAA_ACCEPTED : r == EAP_FAILED ? AAA_REJECTED : AAA_GO_ON;
	memcpy(job->packet, server.out, job->packet_len = server.out_len);
	job->has_msk = r == EAP_DONE;
	memcpy(job->msk, server.msk, sizeof(job->msk));
	snprintf(job->why, sizeof(job->why), "aaa rejects it");
	if (spoil)
		spoil(job);
}

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, 17, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	pair.on_ask = answer;
	spoil = NULL;
	n_asked = 0;
	user_set(&user, "alice", "her password");
	known = user;
	pair.a.conns[0].local_auth = CONN_AUTH_EAP;
	pair.a.conns[0].eap_users = &user;
	pair.a.conns[0].n_eap_users = 1;
	pair.b.conns[0].remote_auth = CONN_AUTH_EAP;
	pair.b.conns[0].is_aaa = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	eap_fini(&server);
	pair_fini(&pair);
	return 0;
}

static void try(void)
{
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 60000);
}

static void assert_refused(const char *why)
{
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
	if (!strstr(pair.b.last_error, why))
		fail_msg("'%s' instead of '%s'", pair.b.last_error, why);
	assert_int_equal(pair.a.n_failed, 1);
}

static void the_server_lets_it_in(void **state)
{
	(void)state;
	try();
	assert_true(pair_is_up(&pair) && pair_fits(&pair));
	assert_true(side_logged(&pair.b, "EAP of 'alice' accepted by AAA server aaa"));
	assert_true(side_logged(&pair.b, "[alice]"));
	assert_int_equal(n_asked, 3); /* identity, response, its success */
}

static void a_slow_server_on_a_lossy_road(void **state)
{
	(void)state;
	pair.loss = 20;
	pair.twice = 20;
	pair.job_ms = 3000;
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	assert_true(pair_run_until(&pair, pair_is_up, 300000));
	assert_int_equal(side_n_ike(&pair.b), 1);
}

static void a_wrong_password_is_refused(void **state)
{
	(void)state;
	user_set(&known, "alice", "his password");
	try();
	assert_refused("aaa rejects it");
	assert_true(side_logged(&pair.a, "peer refuses us as"));
}

static void rename_it(struct aaa_job *job)
{
	if (job->result == AAA_ACCEPTED)
		snprintf(job->user, sizeof(job->user), "Alice Liddell");
}

static void the_server_knows_the_name_better(void **state)
{
	(void)state;
	spoil = rename_it;
	try();
	assert_true(pair_is_up(&pair));
	assert_true(side_logged(&pair.b, "EAP of 'Alice Liddell' accepted"));
}

static void frame_it(struct aaa_job *job)
{
	job->framed = addr_from_v4(0x0a630042);
}

static int lease_take(void *arg, const struct lease_request *r, struct ip_addr *ret_addr)
{
	(void)arg;
	if (!r->is_fixed || !r->wanted || addr_to_v4(r->wanted) != 0x0a630042)
		return -1;
	*ret_addr = *r->wanted;
	return 0;
}

static void the_server_says_which_address(void **state)
{
	(void)state;
	pair.a.conns[0].n_vips = pair.b.conns[0].n_pools = 1;
	pair.b.conns[0].pools[0].addrs = pair_ts("10.99.0.0/16").addr;
	pair.a.conns[0].vips[0] = addr_from_v4(0x0a630001); /* it would like another one */
	pair.a.children[0][0].is_local_dynamic = pair.b.children[0][0].is_remote_dynamic = true;
	pair_hooks = (struct pair_hooks){ .lease_take = lease_take };
	side_restart(&pair.b, false); /* with the hook */
	spoil = frame_it;
	try();
	assert_true(pair_is_up(&pair));
	assert_int_equal(addr_to_v4(&pair.a.vip), 0x0a630042);
	pair_hooks = (struct pair_hooks){};
}

static void give_ten_minutes(struct aaa_job *job)
{
	job->session_s = 600;
}

static void the_server_says_for_how_long(void **state)
{
	(void)state;
	spoil = give_ten_minutes;
	try();
	assert_true(pair_is_up(&pair));
	assert_int_equal(ike_rekey(pair.b.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, 200000);
	assert_true(side_logged(&pair.b, "takes over from [1]"));
	assert_int_equal(ike_rekey(pair.a.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 300000);
	assert_true(side_logged(&pair.b, "takes over from [2]"));
	assert_true(pair_is_up(&pair));
	pair_run(&pair, 60000);
	assert_true(side_logged(&pair.b, "the time that the AAA server gave is over"));
	assert_int_equal(side_n_ike(&pair.b) + side_n_sas(&pair.b), 0);
}

static void be_silent(struct aaa_job *job)
{
	job->result = AAA_FAILED;
	snprintf(job->why, sizeof(job->why), "aaa does not answer");
}

static void a_silent_server_is_told(void **state)
{
	(void)state;
	spoil = be_silent;
	try();
	assert_refused("aaa does not answer");
	assert_true(side_logged(&pair.a, "peer refuses us as"));
}

static void be_slow(struct aaa_job *job)
{
	(void)job;
	pair.job_ms = HALF_OPEN_MS + 10000;
}

/* The half-open IKE SA ends before, and the answer finds nobody. */
static void an_answer_may_come_too_late(void **state)
{
	(void)state;
	spoil = be_slow;
	try();
	pair_run(&pair, 200000);
	assert_refused("the AAA server did not answer in time");
}

static void forget_the_key(struct aaa_job *job)
{
	job->has_msk = false;
}

static void spoil_the_key(struct aaa_job *job)
{
	job->msk[63] ^= 1;
}

static void without_the_key_nobody_comes_in(void **state)
{
	(void)state;
	spoil = forget_the_key;
	try();
	assert_refused("gives no key");
	assert_true(side_logged(&pair.a, "peer refuses us as"));
}

static void a_wrong_key_is_refused(void **state)
{
	(void)state;
	spoil = spoil_the_key;
	try();
	assert_refused("AUTH does not fit what EAP has made");
}

static void say_failure(struct aaa_job *job)
{
	if (job->result == AAA_ACCEPTED)
		job->packet[0] = EAP_FAILURE;
}

static void say_success_early(struct aaa_job *job)
{
	job->packet[0] = EAP_SUCCESS;
	job->packet[2] = 0;
	job->packet[3] = (uint8_t)(job->packet_len = 4);
}

static void say_response(struct aaa_job *job)
{
	job->packet[0] = EAP_RESPONSE;
}

static void cut_it(struct aaa_job *job)
{
	job->packet_len--;
}

static void say_nothing(struct aaa_job *job)
{
	job->packet_len = 0;
}

static void say_no_type(struct aaa_job *job)
{
	if (job->result == AAA_GO_ON)
		job->packet[3] = (uint8_t)(job->packet_len = 4);
}

static void contradictions_are_refused(void **state)
{
	static void (*const all[])(struct aaa_job *) = { say_failure, say_success_early,
							 say_response, cut_it, say_nothing,
							 say_no_type };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		spoil = all[i];
		try();
		assert_refused("EAP packet does not fit its answer");
		teardown(state);
		setup(state);
	}
}

static void notify_for_ever(struct pair *p, struct aaa_job *job)
{
	static const uint8_t notification[] = { EAP_REQUEST, 0, 0, 6, EAP_NOTIFICATION, 'x' };

	(void)p;
	job->result = AAA_GO_ON;
	memcpy(job->packet, notification, job->packet_len = sizeof(notification));
	job->packet[1] = (uint8_t)++n_asked;
}

/* Of both sides: here the client, which saw the request for its identity, too, counts faster. */
static void rounds_have_a_limit(void **state)
{
	(void)state;
	pair.on_ask = notify_for_ever;
	try();
	assert_refused("peer ended the IKE_SA: AUTHENTICATION_FAILED");
	assert_true(side_logged(&pair.a, "one too many"));
	assert_int_equal(n_asked, EAP_ROUNDS_MAX);
}

static void a_name_may_be_too_long_for_it(void **state)
{
	char name[AAA_USER_MAX + 2];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	user_set(&user, name, "her password");
	try();
	assert_refused("too long to pass on");
	assert_true(side_logged(&pair.a, "peer refuses us as"));
	assert_int_equal(n_asked, 0);
}

static void a_name_holds_no_nul(void **state)
{
	static const uint8_t random[EAP_RANDOM_LEN], good[] = { 2, 0, 0, 8, 1, 'a', 'b', 'c' };
	static const uint8_t nul[] = { 2, 0, 0, 8, 1, 'a', 0, 'c' }, empty[] = { 2, 0, 0, 5, 1 };
	const struct conn conn = { .is_aaa = true };
	struct eap eap;

	(void)state;
	eap_server_start(&eap, random);
	assert_int_equal(eap_take(&eap, &conn, rd_from(good, sizeof(good))), EAP_ASK);
	eap_server_start(&eap, random);
	assert_int_equal(eap_take(&eap, &conn, rd_from(nul, sizeof(nul))), EAP_FAILED);
	eap_server_start(&eap, random);
	assert_int_equal(eap_take(&eap, &conn, rd_from(empty, sizeof(empty))), EAP_FAILED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_server_lets_it_in),
		TEST(a_slow_server_on_a_lossy_road),
		TEST(a_wrong_password_is_refused),
		TEST(the_server_knows_the_name_better),
		TEST(the_server_says_which_address),
		TEST(the_server_says_for_how_long),
		TEST(a_silent_server_is_told),
		TEST(an_answer_may_come_too_late),
		TEST(without_the_key_nobody_comes_in),
		TEST(a_wrong_key_is_refused),
		TEST(contradictions_are_refused),
		TEST(rounds_have_a_limit),
		TEST(a_name_holds_no_nul),
		TEST(a_name_may_be_too_long_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
