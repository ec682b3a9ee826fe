/* SPDX-License-Identifier: BSD-2-Clause */
/* OCSP and CRLs between two cores: who is asked, in which order, what of it counts, how the
 * policies judge. Side b checks a's certificate; the fetches are answered here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crypto/revocation.h"
#include "support/certs.h"

#define OCSP "http://ocsp.example/"
#define CRL "http://crl.example/root.crl"
#define SUB_CRL "http://crl.example/sub.crl"

static struct pair pair;
#define RESPONDER_SERIAL 66

static struct made root, sub, other_root, responder, unchecked, plain, other_responder;
static struct made a; /* of each test */

/* What the world answers; NULL: not reachable. */
static struct world {
	struct made_ocsp *ocsp;
	const struct made *crl_of; /* the issuer of the CRL */
	long crl_revokes, crl_next_s;
	const uint8_t *junk;
	char asked[512];
} world;

static int make_all(void **state)
{
	(void)state;
	root = make((struct made_of){ .kind = "p256", .subject = "CN=root", .is_ca = true });
	sub = make((struct made_of){ .kind = "p256",
				     .subject = "CN=sub",
				     .is_ca = true,
				     .issuer = &root,
				     .serial = 5,
				     .crl_uri = CRL });
	other_root = make((struct made_of){ .kind = "p256", .subject = "CN=root", .is_ca = true });
	responder = make((struct made_of){ .kind = "p256",
					   .subject = "CN=responder",
					   .issuer = &root,
					   .serial = RESPONDER_SERIAL,
					   .extended_key_usage = "OCSPSigning" });
	unchecked = make((struct made_of){ .kind = "p256",
					   .subject = "CN=responder",
					   .issuer = &root,
					   .serial = RESPONDER_SERIAL,
					   .is_nocheck = true,
					   .extended_key_usage = "OCSPSigning" });
	plain = make((struct made_of){ .kind = "p256", .subject = "CN=plain", .issuer = &root });
	other_responder = make((struct made_of){ .kind = "p256",
						 .subject = "CN=responder",
						 .issuer = &other_root,
						 .extended_key_usage = "OCSPSigning" });
	return 0;
}

static int free_all(void **state)
{
	struct made *all[] = { &root,	   &sub,   &other_root,	    &responder,
			       &unchecked, &plain, &other_responder };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		made_free(all[i]);
	return 0;
}

static void answer(struct fetch *what, const uint8_t *bytes, size_t len)
{
	what->answer = malloc(len);
	assert_non_null(what->answer);
	memcpy(what->answer, bytes, len);
	what->answer_len = len;
}

static void on_fetch(struct pair *p, struct fetch *what)
{
	size_t used = strlen(world.asked);
	uint8_t der[4096];

	(void)p;
	snprintf(world.asked + used, sizeof(world.asked) - used, "%.100s ", what->uri);
	if (world.junk)
		answer(what, world.junk, 16);
	else if (what->kind == FETCH_OCSP && world.ocsp)
		answer(what, der,
		       make_ocsp(world.ocsp, rd_from(what->request, what->request_len), der,
				 sizeof(der)));
	else if (what->kind == FETCH_CRL && !strcmp(what->uri, CRL) && world.crl_of)
		answer(what, der,
		       make_crl(world.crl_of, world.crl_revokes,
				world.crl_next_s ? world.crl_next_s : 3600, der, sizeof(der)));
	else if (what->kind == FETCH_CRL && !strcmp(what->uri, SUB_CRL) && world.crl_of)
		answer(what, der, make_crl(&sub, 0, 3600, der, sizeof(der)));
	else
		snprintf(what->why, sizeof(what->why), "nobody there");
}

static int setup(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	pair_init(&pair, 1, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	pair.on_fetch = on_fetch;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	conn_creds_fini(&pair.a.conns[0]);
	conn_creds_fini(&pair.b.conns[0]);
	made_free(&a);
	return 0;
}

/* a's certificate is number 77 of `issuer`. */
static void sides(enum revocation policy, const struct made *issuer, const char *ocsp,
		  const char *crl)
{
	teardown(NULL);
	struct world was = world;
	setup(NULL);
	world = was;
	*world.asked = '\0';
	a = make((struct made_of){ .kind = "p256",
				   .subject = "CN=a",
				   .san = "DNS:a.example",
				   .issuer = issuer,
				   .serial = 77,
				   .ocsp_uri = ocsp,
				   .crl_uri = crl });
	side_signs(&pair.a, &a, issuer == &sub ? &sub : NULL);
	conn_trusts(&pair.b.conns[0], &root, policy);
	pair_configure(&pair);
}

static void up(const char *line)
{
	pair_up(&pair);
	if (line && !side_logged(&pair.b, line))
		fail_msg("b did not log '%s' but:\n%s", line, pair.b.log);
}

static void refused(const char *line)
{
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 400000);
	if (!side_logged(&pair.b, line))
		fail_msg("b did not log '%s' but:\n%s", line, pair.b.log);
	assert_false(pair_is_up(&pair));
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
}

/* ---- Files -------------------------------------------------------------------------- */

/* crl_of: 0 none, -1 an old one, else what is revoked. */
static void file_is(enum revocation policy, long crl_of, const char *why)
{
	uint8_t crl[1024];
	struct revocations *known = revocations_new();

	sides(policy, &root, NULL, NULL);
	if (crl_of) {
		size_t len = make_crl(&root, crl_of > 0 ? crl_of : 0, crl_of > 0 ? 3600 : -3600,
				      crl, sizeof(crl));

		assert_int_equal(revocations_add_crl(known, rd_from(crl, len)), 0);
	}
	trust_set_revocations(pair.b.conns[0].trust, known);
	revocations_free(known);
	if (why)
		refused(why);
	else
		up(NULL);
	assert_int_equal(pair.n_fetched, 0);
}

static void crls_in_files(void **state)
{
	(void)state;
	file_is(REVOCATION_RELAXED, 0, NULL);
	file_is(REVOCATION_RELAXED, 78, NULL);
	file_is(REVOCATION_RELAXED, -1, NULL);
	file_is(REVOCATION_RELAXED, 77, "certificate 'CN=a' is revoked since 20");
	file_is(REVOCATION_IFURI, 0, NULL);
	file_is(REVOCATION_IFURI, -1, NULL);
	file_is(REVOCATION_STRICT, 78, NULL);
	file_is(REVOCATION_STRICT, 77, "certificate 'CN=a' is revoked since 20");
	file_is(REVOCATION_STRICT, 0,
		"whether certificate 'CN=a' is revoked is not known, and revocation = strict asks "
		"for it (no OCSP responder, no CRL)");
	file_is(REVOCATION_STRICT, -1, "revocation = strict asks for it (CRL: only an old CRL)");
}

/* ---- OCSP --------------------------------------------------------------------------- */

static void ocsp_is(struct made_ocsp of, const char *why)
{
	of.ca = &root;
	world = (struct world){ .ocsp = &of };
	sides(REVOCATION_STRICT, &root, OCSP, NULL);
	if (why)
		refused(why);
	else
		up("revocation of 'CN=a': good by OCSP " OCSP " (until 20");
	assert_string_equal(world.asked, OCSP " ");
	world.ocsp = NULL;
}

static void ocsp_says(void **state)
{
	(void)state;
	ocsp_is((struct made_ocsp){ 0 }, NULL);
	ocsp_is((struct made_ocsp){ .responder = &responder }, NULL);
	ocsp_is((struct made_ocsp){ .is_nonce_missing = true }, NULL);
	ocsp_is((struct made_ocsp){ .is_revoked = true }, "(key compromise), by OCSP " OCSP);
	ocsp_is((struct made_ocsp){ .is_unknown = true },
		"does not know the certificate (unknown)");
	ocsp_is((struct made_ocsp){ .is_nonce_wrong = true }, "the nonce is of another request");
	ocsp_is((struct made_ocsp){ .serial = 78 }, "the answer is about another certificate");
	ocsp_is((struct made_ocsp){ .this_s = -7200, .next_s = -3600 },
		"the answer is not of this time");
	ocsp_is((struct made_ocsp){ .this_s = 3600, .next_s = 7200 },
		"the answer is not of this time");
	/* without nextUpdate it counts while it is new, or is an answer to us */
	ocsp_is((struct made_ocsp){ .has_no_next = true, .is_nonce_missing = true }, NULL);
	ocsp_is((struct made_ocsp){ .has_no_next = true, .this_s = -86400 }, NULL);
	ocsp_is((struct made_ocsp){ .has_no_next = true,
				    .this_s = -86400,
				    .is_nonce_missing = true },
		"the answer is not of this time");
	ocsp_is((struct made_ocsp){ .responder = &plain },
		"not signed by the issuer or whom it allows to");
	ocsp_is((struct made_ocsp){ .responder = &other_responder },
		"not signed by the issuer or whom it allows to");
	ocsp_is((struct made_ocsp){ .responder = &other_root },
		"not signed by the issuer or whom it allows to");
}

static void not_an_answer(void **state)
{
	static const uint8_t junk[16] = { 0x30, 0x82, 0xff, 0xff };

	(void)state;
	world = (struct world){ .junk = junk };
	sides(REVOCATION_STRICT, &root, OCSP, CRL);
	refused("OCSP " OCSP ": not an OCSP answer; CRL " CRL ": not a CRL");
}

/* ---- The responder itself -------------------------------------------------------------- */

/* With a CRL of `by` in a file that revokes this number. */
static void responder_is(const struct made *who, const struct made *by, long revokes, long next_s,
			 const char *line)
{
	struct made_ocsp good = { .ca = &root, .responder = who };
	struct revocations *known = revocations_new();
	uint8_t crl[1024];
	size_t len = make_crl(by, revokes, next_s, crl, sizeof(crl));

	world = (struct world){ .ocsp = &good };
	sides(REVOCATION_RELAXED, &root, OCSP, NULL);
	assert_int_equal(revocations_add_crl(known, rd_from(crl, len)), 0);
	trust_set_revocations(pair.b.conns[0].trust, known);
	revocations_free(known);
	up(line);
	assert_string_equal(world.asked, OCSP " "); /* nobody about the responder */
	world.ocsp = NULL;
}

#define GOOD_BY_OCSP "revocation of 'CN=a': good by OCSP " OCSP
#define NOT_BY_OCSP "revocation of 'CN=a': OCSP " OCSP ": the responder's certificate is revoked; "

static void a_responder_may_be_revoked(void **state)
{
	(void)state;
	responder_is(&responder, &root, RESPONDER_SERIAL, 3600, NOT_BY_OCSP "good by CRL");
	responder_is(&responder, &root, RESPONDER_SERIAL,
		     -3600, /* an old one, and no less revoked */
		     NOT_BY_OCSP "CRL: only an old CRL; not known");
	responder_is(&responder, &root, RESPONDER_SERIAL + 1, 3600, GOOD_BY_OCSP);
	responder_is(&responder, &other_root, RESPONDER_SERIAL, 3600, GOOD_BY_OCSP);
	responder_is(&unchecked, &root, RESPONDER_SERIAL, 3600, GOOD_BY_OCSP);
	responder_is(NULL, &root, RESPONDER_SERIAL, 3600, GOOD_BY_OCSP);
}

/* ---- Order and policies --------------------------------------------------------------- */

static void ocsp_first_then_the_crl(void **state)
{
	struct made_ocsp good = { .ca = &root }, unknown = { .ca = &root, .is_unknown = true };

	(void)state;
	world = (struct world){ .ocsp = &good, .crl_of = &root, .crl_revokes = 77 };
	sides(REVOCATION_STRICT, &root, OCSP, CRL);
	up("good by OCSP");
	assert_string_equal(world.asked, OCSP " ");
	world.ocsp = NULL;
	world.crl_revokes = 0;
	sides(REVOCATION_STRICT, &root, OCSP, CRL);
	up("revocation of 'CN=a': OCSP " OCSP ": nobody there; good by CRL " CRL);
	assert_string_equal(world.asked, OCSP " " CRL " ");
	world.crl_revokes = 77;
	sides(REVOCATION_RELAXED, &root, OCSP, CRL);
	refused("certificate 'CN=a' is revoked since 20");
	world.ocsp = &unknown;
	sides(REVOCATION_RELAXED, &root, OCSP, CRL);
	refused("by CRL " CRL);
	world.ocsp = NULL;
}

static void nobody_answers(void **state)
{
	(void)state;
	world = (struct world){ 0 };
	sides(REVOCATION_STRICT, &root, OCSP, CRL);
	refused("revocation = strict asks for it (OCSP " OCSP ": nobody there; CRL " CRL
		": nobody there)");
	sides(REVOCATION_IFURI, &root, OCSP, NULL);
	refused("revocation = ifuri asks for it (OCSP " OCSP ": nobody there)");
	sides(REVOCATION_IFURI, &root, "ldap://ocsp.example/", "file:///etc/passwd");
	up(NULL);
	assert_int_equal(pair.n_fetched, 0); /* nothing to ask by HTTP */
	sides(REVOCATION_RELAXED, &root, OCSP, CRL);
	up("revocation of 'CN=a': OCSP " OCSP ": nobody there; CRL " CRL
	   ": nobody there; not known");
}

static void a_crl_that_does_not_count(void **state)
{
	(void)state;
	world = (struct world){ .crl_of = &other_root };
	sides(REVOCATION_STRICT, &root, NULL, CRL);
	refused("CRL " CRL ": not a CRL of the issuer");
	world = (struct world){ .crl_of = &root, .crl_next_s = -3600 };
	sides(REVOCATION_STRICT, &root, NULL, CRL);
	refused("CRL " CRL ": only an old CRL");
	world.crl_revokes = 77;
	sides(REVOCATION_RELAXED, &root, NULL, CRL);
	refused("certificate 'CN=a' is revoked");
}

static void addresses_of_the_configuration(void **state)
{
	struct made_ocsp good = { .ca = &root };
	struct revocations *known = revocations_new();

	(void)state;
	world = (struct world){ .ocsp = &good };
	sides(REVOCATION_STRICT, &root, "http://theirs.example/", NULL);
	assert_int_equal(revocations_add_uri(known, root.cert, FETCH_OCSP, "http://ours/"), 0);
	assert_int_equal(revocations_add_uri(known, other_root.cert, FETCH_OCSP, OCSP), 0);
	assert_int_equal(revocations_add_uri(known, root.cert, FETCH_OCSP, "ftp://x/"), -EINVAL);
	trust_set_revocations(pair.b.conns[0].trust, known);
	revocations_free(known);
	up("good by OCSP http://ours/");
	assert_string_equal(world.asked, "http://ours/ ");
	world.ocsp = NULL;
}

static void the_ca_between(void **state)
{
	(void)state;
	world = (struct world){ .crl_of = &root, .crl_revokes = 6 };
	sides(REVOCATION_STRICT, &sub, NULL, SUB_CRL);
	up("revocation of 'CN=sub': good by CRL " CRL);
	assert_string_equal(world.asked, CRL " " SUB_CRL " ");
	world.crl_revokes = 5;
	sides(REVOCATION_RELAXED, &sub, NULL, SUB_CRL);
	refused("certificate 'CN=sub' is revoked");
	assert_string_equal(world.asked, CRL " "); /* its word is worth nothing: nobody is asked */
	/* it is here, too, and no less revoked */
	sides(REVOCATION_RELAXED, &sub, NULL, SUB_CRL);
	assert_int_equal(trust_add_ca(pair.b.conns[0].trust, sub.cert), 0);
	refused("certificate 'CN=sub' is revoked");
}

/* ---- Who makes us ask ------------------------------------------------------------------ */

static void only_who_is_vouched_for(void **state)
{
	struct made stranger;

	(void)state;
	world = (struct world){ 0 };
	sides(REVOCATION_STRICT, &other_root, OCSP, CRL);
	refused("certificate 'CN=a' has a wrong signature");
	assert_int_equal(pair.n_fetched, 0);
	/* somebody else's certificate, without its key */
	sides(REVOCATION_STRICT, &root, OCSP, CRL);
	stranger = make((struct made_of){ .kind = "p256", .subject = "CN=x" });
	key_free(pair.a.conns[0].own.key);
	pair.a.conns[0].own.key = key_ref(stranger.key);
	refused("its signature is wrong");
	assert_int_equal(pair.n_fetched, 0);
	made_free(&stranger);
}

/* ---- What is remembered ----------------------------------------------------------------- */

static void down(void)
{
	assert_int_equal(ike_terminate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 5000);
	assert_false(pair_is_up(&pair));
}

static void an_answer_is_remembered(void **state)
{
	struct made_ocsp good = { .ca = &root };

	(void)state;
	world = (struct world){ .ocsp = &good };
	sides(REVOCATION_STRICT, &root, OCSP, NULL);
	up("good by OCSP");
	assert_int_equal(pair.n_fetched, 1);
	down();
	world.ocsp = NULL; /* and would not be there any more */
	pair_up(&pair);
	assert_int_equal(pair.n_fetched, 1);
}

static void so_are_a_crl_and_a_failure(void **state)
{
	(void)state;
	world = (struct world){ .crl_of = &root };
	sides(REVOCATION_STRICT, &root, OCSP, CRL);
	up("good by CRL");
	assert_int_equal(pair.n_fetched, 2);
	down();
	pair_up(&pair);
	assert_int_equal(pair.n_fetched, 2);
}

/* One CRL is about all that the CA has issued. */
static void a_crl_is_fetched_once_for_all(void **state)
{
	(void)state;
	world = (struct world){ .crl_of = &root };
	sides(REVOCATION_STRICT, &root, NULL, CRL);
	up("good by CRL");
	assert_int_equal(pair.n_fetched, 1);
	down();
	made_free(&a);
	conn_creds_fini(&pair.a.conns[0]);
	a = make((struct made_of){ .kind = "p256",
				   .subject = "CN=again",
				   .san = "DNS:a.example",
				   .issuer = &root,
				   .serial = 79,
				   .crl_uri = CRL });
	side_signs(&pair.a, &a, NULL);
	up("revocation of 'CN=again': good by CRL");
	assert_int_equal(pair.n_fetched, 1);
}

/* And is asked about a responder that comes later. */
static void a_crl_is_about_responders_too(void **state)
{
	struct made_ocsp good = { .ca = &root, .responder = &responder };

	(void)state;
	world = (struct world){ .crl_of = &root, .crl_revokes = RESPONDER_SERIAL, .ocsp = &good };
	sides(REVOCATION_STRICT, &root, NULL, CRL);
	up("good by CRL");
	down();
	made_free(&a);
	conn_creds_fini(&pair.a.conns[0]);
	a = make((struct made_of){ .kind = "p256",
				   .subject = "CN=again",
				   .san = "DNS:a.example",
				   .issuer = &root,
				   .ocsp_uri = OCSP });
	side_signs(&pair.a, &a, NULL);
	refused("CN=again' is revoked is not known, and revocation = strict asks for it (OCSP " OCSP
		": the responder's certificate is revoked)");
	assert_int_equal(pair.n_fetched, 2);
	world.ocsp = NULL;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(crls_in_files),
		CASE(ocsp_says),
		CASE(a_responder_may_be_revoked),
		CASE(not_an_answer),
		CASE(ocsp_first_then_the_crl),
		CASE(nobody_answers),
		CASE(a_crl_that_does_not_count),
		CASE(addresses_of_the_configuration),
		CASE(the_ca_between),
		CASE(only_who_is_vouched_for),
		CASE(an_answer_is_remembered),
		CASE(so_are_a_crl_and_a_failure),
		CASE(a_crl_is_fetched_once_for_all),
		CASE(a_crl_is_about_responders_too),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
