/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration changes while a computation of IKE_AUTH is under way. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include "ike/id.h"
#include "ike/job.h"
#include "support/certs.h"

static struct pair pair;
static struct made ca, a, b;

static int make_all(void **state)
{
	(void)state;
	ca = make((struct made_of){ .kind = "p256", .subject = "CN=ca", .is_ca = true });
	a = make((struct made_of){
		.kind = "p256", .subject = "CN=a", .san = "DNS:a.example", .issuer = &ca });
	b = make((struct made_of){
		.kind = "p256", .subject = "CN=b", .san = "DNS:b.example", .issuer = &ca });
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	made_free(&ca);
	made_free(&a);
	made_free(&b);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	pair_init(&pair, 5, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	side_trusts(&pair.a, &ca);
	side_trusts(&pair.b, &ca);
	side_signs(&pair.a, &a, NULL);
	side_signs(&pair.b, &b, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	conn_creds_fini(&pair.a.conns[0]);
	conn_creds_fini(&pair.b.conns[0]);
	return 0;
}

static bool is_signature_under_way(struct pair *p)
{
	for (const struct work *w = p->works; w; w = w->next)
		if (w->job->auth && w->side == &p->b)
			return true;
	return false;
}

/* b has read IKE_AUTH and computes; then its connection goes, or becomes that of others. */
static void begin(void)
{
	pair.job_ms = 100;
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	assert_true(pair_run_until(&pair, is_signature_under_way, 10000));
}

static void assert_nothing_is_up(void)
{
	pair_run(&pair, 5000);
	assert_int_equal(side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.b), 0);
}

static void connection_goes_while_a_signature_is_checked(void **state)
{
	(void)state;
	begin();
	assert_int_equal(ike_configure(pair.b.ike, NULL, 0, pair.now_ms), 0);
	side_effects(&pair.b);
	assert_nothing_is_up();
	assert_true(side_logged(&pair.b, "not configured any more"));
}

static void connection_goes_before_eap_begins(void **state)
{
	const char *why;

	(void)state;
	pair.a.conns[0].local_auth = pair.b.conns[0].remote_auth = CONN_AUTH_EAP;
	pair.a.conns[0].local_eap = pair.b.conns[0].remote_eap = EAP_CAN_TLS;
	assert_int_equal(id_parse("a.example", &pair.a.conns[0].eap_id, &why), 0);
	connection_goes_while_a_signature_is_checked(state);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(connection_goes_while_a_signature_is_checked),
		CASE(connection_goes_before_eap_begins),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
