/* SPDX-License-Identifier: BSD-2-Clause */
/* Which certificates EAP-TLS lets in, at both ends: what they are for, and whether they were
 * revoked, with answers that have to be fetched. EAP alone (RFC 5998): nobody else checks them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crypto/revocation.h"
#include "ike/auth_eap.h"
#include "ike/id.h"
#include "ike/limits.h"
#include "support/certs.h"

#define OCSP "http://ocsp.example/"
#define CRL "http://crl.example/ca.crl"

static struct pair pair;
static struct made ca, other_ca, own[2];

/* What the world answers; NULL: not reachable. */
static struct made_ocsp *ocsp;
static long crl_revokes; /* -1: no CRL */
static uint64_t fetch_ms;

/* The same for both sides: who is looked at, and by whom. */
static struct end {
	struct side *side, *judge;
	const char *subject, *san, *in_log;
	bool is_server;
} ends[] = {
	{ &pair.a, &pair.b, "CN=alice", "email:alice@example", "'CN=alice'", false },
	{ &pair.b, &pair.a, "CN=gw", "DNS:b.example", "'CN=gw'", true },
};

static int make_all(void **state)
{
	(void)state;
	ca = make((struct made_of){ .kind = "p256", .subject = "CN=ca", .is_ca = true });
	other_ca =
		make((struct made_of){ .kind = "p256", .subject = "CN=other ca", .is_ca = true });
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	made_free(&ca);
	made_free(&other_ca);
	return 0;
}

static void answer(struct fetch *what, const uint8_t *der, size_t len)
{
	what->answer = malloc(len);
	assert_non_null(what->answer);
	memcpy(what->answer, der, len);
	what->answer_len = len;
}

/* While somebody is asked nobody has got anything: no SA, no key, no word of success. */
static void on_fetch(struct pair *p, struct fetch *what)
{
	uint8_t der[4096];

	assert_int_equal(side_n_sas(&p->a) + side_n_sas(&p->b), 0);
	assert_int_equal(side_n_ike(&p->a) + side_n_ike(&p->b), 0);
	p->job_ms = fetch_ms;
	assert_false(p->a.ike->sas->eap->eap.is_done || p->b.ike->sas->eap->eap.is_done);
	if (what->kind == FETCH_OCSP && ocsp)
		answer(what, der,
		       make_ocsp(ocsp, rd_from(what->request, what->request_len), der,
				 sizeof(der)));
	else if (what->kind == FETCH_CRL && crl_revokes >= 0)
		answer(what, der, make_crl(&ca, crl_revokes, 3600, der, sizeof(der)));
	else
		snprintf(what->why, sizeof(what->why), "nobody there");
}

static int setup(void **state)
{
	(void)state;
	ocsp = NULL;
	crl_revokes = -1;
	pair_init(&pair, 17, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	pair.on_fetch = on_fetch;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		conn_creds_fini(&ends[i].side->conns[0]);
		made_free(&own[i]);
	}
	return 0;
}

/* `of` is the certificate of `who`, which the other side judges by `policy`. */
static void meet(const struct end *who, struct made_of of, enum revocation policy)
{
	const char *why;

	teardown(NULL);
	struct made_ocsp *was = ocsp;
	long was_revoked = crl_revokes;
	setup(NULL);
	ocsp = was;
	crl_revokes = was_revoked;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct made_of it = who == &ends[i] ? of : (struct made_of){ .issuer = &ca };
		struct conn *c = &ends[i].side->conns[0];

		it.kind = "p256";
		it.subject = ends[i].subject;
		it.san = ends[i].san;
		own[i] = make(it);
		conn_trusts(c, &ca, ends[i].side == who->judge ? policy : REVOCATION_RELAXED);
		conn_signs(c, &own[i], NULL);
		c->local_auth = c->remote_auth = CONN_AUTH_EAP;
		c->local_eap = c->remote_eap = EAP_CAN_TLS;
	}
	assert_int_equal(id_parse("alice@example", &pair.a.conns[0].eap_id, &why), 0);
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 300000);
}

static void assert_logged(const struct end *who, const char *text)
{
	if (!side_logged(who->judge, text))
		fail_msg("%c did not log '%s' but:\n%s", who->judge->name, text, who->judge->log);
}

static void assert_up(const struct end *who, const char *text)
{
	if (text)
		assert_logged(who, text);
	assert_true(pair_is_up(&pair) && pair_fits(&pair));
}

static void assert_refused(const struct end *who, const char *text)
{
	assert_logged(who, who->in_log);
	assert_logged(who, text);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
}

/* ---- What it is for ----------------------------------------------------------------- */

static void purposes(void **state)
{
	static const struct {
		const char *usage;
		bool is_client, is_server;
	} cases[] = {
		{ NULL, true, true },
		{ "clientAuth", true, false },
		{ "serverAuth", false, true },
		{ "serverAuth,clientAuth", true, true },
		{ "critical,anyExtendedKeyUsage", true, true },
		{ "OCSPSigning", false, false },
		{ "1.3.6.1.5.5.7.3.17", false, false }, /* id-kp-ipsecIKE, RFC 4945: not of TLS */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct made_of of = { .issuer = &ca, .extended_key_usage = cases[i].usage };

		meet(&ends[0], of, REVOCATION_RELAXED);
		if (cases[i].is_client)
			assert_up(&ends[0], NULL);
		else
			assert_refused(&ends[0], "is not for a TLS client (extendedKeyUsage "
						 "without clientAuth)");
		meet(&ends[1], of, REVOCATION_RELAXED);
		if (cases[i].is_server)
			assert_up(&ends[1], NULL);
		else
			assert_refused(&ends[1], "is not for a TLS server (extendedKeyUsage "
						 "without serverAuth)");
	}
}

/* ---- Was it revoked? ------------------------------------------------------------------ */

static void by_ocsp(void **state)
{
	struct made_of of = { .issuer = &ca, .ocsp_uri = OCSP };
	struct made_ocsp good = { .ca = &ca }, revoked = { .ca = &ca, .is_revoked = true };

	(void)state;
	for (const struct end *who = ends; who < ends + ARRAY_SIZE(ends); who++) {
		ocsp = &good;
		meet(who, of, REVOCATION_STRICT);
		assert_up(who, "good by OCSP " OCSP " (until 20");
		assert_int_equal(pair.n_fetched, 1);
		ocsp = &revoked;
		meet(who, of, REVOCATION_RELAXED);
		assert_refused(who, "is revoked since 20");
		assert_logged(who, "(key compromise), by OCSP " OCSP);
		assert_int_equal(pair.n_fetched, 1);
	}
}

static void then_by_crl(void **state)
{
	struct made_of of = { .issuer = &ca, .serial = 77, .ocsp_uri = OCSP, .crl_uri = CRL };

	(void)state;
	for (const struct end *who = ends; who < ends + ARRAY_SIZE(ends); who++) {
		crl_revokes = 0;
		meet(who, of, REVOCATION_STRICT);
		assert_up(who, "OCSP " OCSP ": nobody there; good by CRL " CRL);
		assert_int_equal(pair.n_fetched, 2);
		crl_revokes = 77;
		meet(who, of, REVOCATION_STRICT);
		assert_refused(who, "by CRL " CRL);
	}
}

static void nobody_answers(void **state)
{
	struct made_of of = { .issuer = &ca, .ocsp_uri = OCSP }, without = { .issuer = &ca };

	(void)state;
	for (const struct end *who = ends; who < ends + ARRAY_SIZE(ends); who++) {
		meet(who, of, REVOCATION_STRICT);
		assert_refused(who,
			       "revocation = strict asks for it (OCSP " OCSP ": nobody there)");
		meet(who, of, REVOCATION_IFURI);
		assert_refused(who, "revocation = ifuri asks for it (OCSP " OCSP ": nobody there");
		meet(who, of, REVOCATION_RELAXED);
		assert_up(who, "OCSP " OCSP ": nobody there; not known");
		meet(who, without, REVOCATION_STRICT);
		assert_refused(who, "revocation = strict asks for it (no OCSP responder, no CRL)");
		meet(who, without, REVOCATION_IFURI);
		assert_up(who, NULL);
	}
}

/* Half open is half open: what comes back later finds nobody. */
static void it_may_take_too_long(void **state)
{
	struct made_ocsp good = { .ca = &ca };

	(void)state;
	ocsp = &good;
	fetch_ms = HALF_OPEN_MS + 1000;
	meet(&ends[0], (struct made_of){ .issuer = &ca, .ocsp_uri = OCSP }, REVOCATION_STRICT);
	assert_logged(&ends[0], "its authentication took too long here");
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
	fetch_ms = 0;
	ocsp = NULL;
}

static void only_who_is_vouched_for(void **state)
{
	struct made_of of = { .issuer = &other_ca, .ocsp_uri = OCSP, .crl_uri = CRL };

	(void)state;
	for (const struct end *who = ends; who < ends + ARRAY_SIZE(ends); who++) {
		meet(who, of, REVOCATION_STRICT);
		assert_refused(who, "is not of a CA that is trusted here");
		assert_int_equal(pair.n_fetched, 0);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(purposes),
		CASE(by_ocsp),
		CASE(then_by_crl),
		CASE(nobody_answers),
		CASE(it_may_take_too_long),
		CASE(only_who_is_vouched_for),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
