/* SPDX-License-Identifier: BSD-2-Clause */
/* Authentication with certificates between two cores: what comes up, and each way it must not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ike/auth_job.h"
#include "ike/auth_ops.h"
#include "ike/id.h"
#include "support/certs.h"

#define IKE_KEYWORDS "aes256gcm16-prfsha256-x25519"
#define ESP_KEYWORDS "aes256gcm16"

static struct pair pair;
static struct made root, sub, a, b, other_root;

static int make_all(void **state)
{
	(void)state;
	root = make(
		(struct made_of){ .kind = "p256", .subject = "O=Test, CN=root", .is_ca = true });
	other_root = make((struct made_of){ .kind = "p256", .subject = "CN=other", .is_ca = true });
	sub = make((struct made_of){
		.kind = "p384", .subject = "O=Test, CN=sub", .is_ca = true, .issuer = &root });
	a = make((struct made_of){ .kind = "p256",
				   .subject = "C=CH, O=Test, CN=a",
				   .san = "DNS:a.example,email:a@example.com,IP:192.0.2.1",
				   .issuer = &sub,
				   .serial = 77 });
	b = make((struct made_of){ .kind = "ed25519",
				   .subject = "C=CH, O=Test, CN=b",
				   .san = "DNS:b.example",
				   .issuer = &root });
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	made_free(&root);
	made_free(&other_root);
	made_free(&sub);
	made_free(&a);
	made_free(&b);
	return 0;
}

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
	for (size_t i = 0; i < 3; i++) {
		conn_creds_fini(&pair.a.conns[i]);
		conn_creds_fini(&pair.b.conns[i]);
	}
	return 0;
}

static void again(void)
{
	teardown(NULL);
	setup(NULL);
}

static void comes_up(void)
{
	pair_configure(&pair);
	pair_up(&pair);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
}

/* The one who refuses says why; nobody is left with anything. */
static void fails_with(struct side *refuses, const char *text)
{
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 400000);
	if (!side_logged(refuses, text))
		fail_msg("%c did not log '%s' but:\n%s", refuses->name, text, refuses->log);
	assert_false(pair_is_up(&pair));
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
	assert_int_equal(pair.a.n_failed, 1);
}

static void id_set(struct ike_id *id, const char *text)
{
	const char *why;

	assert_int_equal(id_parse(text, id, &why), 0);
}

/* a's certificate is of the intermediate CA. */
static void a_signs(void)
{
	side_signs(&pair.a, &a, &sub);
	side_trusts(&pair.b, &root);
}

static void both_sign(void)
{
	a_signs();
	side_signs(&pair.b, &b, NULL);
	side_trusts(&pair.a, &root);
}

/* ---- Comes up ---------------------------------------------------------------------- */

static void certificates_both_ways(void **state)
{
	(void)state;
	both_sign();
	comes_up();
	assert_true(side_logged(&pair.b, "peer signed by ECDSA with SHA2-256"));
	assert_true(side_logged(&pair.a, "peer signed by Ed25519"));
}

static void every_kind_of_key(void **state)
{
	static const struct {
		const char *kind, *auth, *logged;
	} kinds[] = {
		{ "rsa", "pubkey", "RSA with SHA2-256" },
		{ "rsa", "rsa-sha512", "RSA with SHA2-512" },
		{ "rsa", "rsa/pss", "RSASSA-PSS with SHA2-256" },
		{ "rsa", "rsa/pss-sha384", "RSASSA-PSS with SHA2-384" },
		{ "p256", "pubkey", "ECDSA with SHA2-256" },
		{ "p384", "pubkey", "ECDSA with SHA2-384" },
		{ "p521", "pubkey", "ECDSA with SHA2-512" },
		{ "p256", "ecdsa-sha512", "ECDSA with SHA2-512" },
		{ "ed25519", "ed25519", "Ed25519" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct made one = make((struct made_of){ .kind = kinds[i].kind,
							 .subject = "CN=a",
							 .san = "DNS:a.example",
							 .issuer = &root });
		again();
		side_signs(&pair.a, &one, NULL);
		assert_int_equal(scheme_parse(kinds[i].auth, &pair.a.conns[0].own.schemes), 0);
		side_trusts(&pair.a, &root);
		side_signs(&pair.b, &b, NULL);
		side_trusts(&pair.b, &root);
		comes_up();
		if (!side_logged(&pair.b, kinds[i].logged))
			fail_msg("no '%s' in\n%s", kinds[i].logged, pair.b.log);
		made_free(&one);
	}
}

static void psk_one_way(void **state)
{
	(void)state;
	side_signs(&pair.b, &b, NULL);
	side_trusts(&pair.a, &root);
	comes_up();
	again();
	a_signs();
	comes_up();
}

static void identities_of_the_certificate(void **state)
{
	static const char *const ids[] = { "C=CH, O=Test, CN=a", "a.example", "A.Example",
					   "a@example.com", "192.0.2.1" };

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		again();
		a_signs();
		id_set(&pair.a.conns[0].local_id, ids[i]);
		id_set(&pair.b.conns[0].remote_id, i ? ids[i] : "C=CH, O=*, CN=a");
		comes_up();
	}
}

static void connection_is_chosen_by_identity_and_method(void **state)
{
	struct conn *psk = &pair.b.conns[1];

	(void)state;
	/* The first one would take anybody with a certificate, the second one wants a PSK of a. */
	*psk = pair.b.conns[0];
	snprintf(psk->name, sizeof(psk->name), "with-psk");
	snprintf(pair.b.conns[0].name, sizeof(psk->name), "with-cert");
	pair.b.children[1][0] = pair.b.children[0][0];
	psk->children = pair.b.children[1];
	conn_trusts(&pair.b.conns[0], &root, REVOCATION_RELAXED);
	comes_up();
	assert_true(side_logged(&pair.b, "with-psk"));
	assert_false(side_logged(&pair.b, "failed"));
}

/* Two connections that differ in their CAs only. */
static void connection_is_chosen_by_ca(void **state)
{
	struct conn *second = &pair.b.conns[1];

	(void)state;
	side_signs(&pair.a, &a, &sub);
	*second = pair.b.conns[0];
	snprintf(second->name, sizeof(second->name), "with-root");
	pair.b.children[1][0] = pair.b.children[0][0];
	second->children = pair.b.children[1];
	conn_trusts(&pair.b.conns[0], &other_root, REVOCATION_RELAXED);
	conn_trusts(second, &root, REVOCATION_RELAXED);
	comes_up();
	assert_true(side_logged(&pair.b, "with-root[1] IKE_SA established"));
	again();
	side_signs(&pair.a, &a, &sub);
	*second = pair.b.conns[0];
	snprintf(second->name, sizeof(second->name), "with-root");
	second->n_children = 0;
	conn_trusts(&pair.b.conns[0], &other_root, REVOCATION_RELAXED);
	conn_trusts(second, &b, REVOCATION_RELAXED); /* this one neither */
	fails_with(&pair.b, "is not of a CA that is trusted here");
}

/* ---- Must not ---------------------------------------------------------------------- */

static void untrusted(void **state)
{
	(void)state;
	side_signs(&pair.a, &a, &sub);
	side_trusts(&pair.b, &other_root);
	fails_with(&pair.b, "is not of a CA that is trusted here");
}

static void intermediate_missing(void **state)
{
	(void)state;
	side_signs(&pair.a, &a, NULL);
	side_trusts(&pair.b, &root);
	fails_with(&pair.b, "is not of a CA that is trusted here");
}

static void refused_by_the_initiator(void **state)
{
	(void)state;
	side_signs(&pair.b, &b, NULL);
	side_trusts(&pair.a, &other_root);
	fails_with(&pair.a, "authentication of peer b.example failed: certificate 'C=CH, O=Test, "
			    "CN=b' is not of a CA");
}

/* refused NULL: it comes up. */
static void one_is(struct made_of of, const char *refused)
{
	struct made one;

	of.kind = "p256";
	of.subject = "CN=one";
	of.san = of.san ? of.san : "DNS:a.example";
	of.issuer = of.issuer ? of.issuer : &root;
	one = make(of);
	again();
	side_signs(&pair.a, &one, NULL);
	side_trusts(&pair.b, &root);
	if (refused)
		fails_with(&pair.b, refused);
	else
		comes_up();
	made_free(&one);
}

static void certificate_of_no_use(void **state)
{
	struct made leaf = make((struct made_of){
		.kind = "p256", .subject = "CN=leaf", .issuer = &root, .san = "DNS:leaf" });
	(void)state;
	one_is((struct made_of){ .from_s = -7200, .until_s = -3600 },
	       "certificate 'CN=one' has expired");
	one_is((struct made_of){ .from_s = 3600 }, "is not valid yet");
	one_is((struct made_of){ .san = "DNS:b.example" }, "certificate 'CN=one' does not name it");
	one_is((struct made_of){ .san = "DNS:*.example" }, "does not name it");
	one_is((struct made_of){ .key_usage = "critical,keyEncipherment" },
	       "is not for signatures");
	made_free(&leaf);
}

/* An end entity's certificate signs another one. */
static void leaf_is_no_ca(void **state)
{
	struct made leaf = make((struct made_of){
		.kind = "p256", .subject = "CN=leaf", .issuer = &root, .san = "DNS:leaf" });
	struct made forged = make((struct made_of){
		.kind = "p256", .subject = "CN=a", .issuer = &leaf, .san = "DNS:a.example" });

	(void)state;
	side_signs(&pair.a, &forged, &leaf);
	side_trusts(&pair.b, &root);
	fails_with(&pair.b, "certificate");
	made_free(&leaf);
	made_free(&forged);
}

/* A chain of root, `of` and perhaps one more CA. */
static void constrained(struct made_of of, bool is_longer, const char *refused)
{
	struct made ca, more, leaf;

	of.kind = "p256";
	of.subject = "CN=constrained";
	of.is_ca = true;
	of.issuer = &root;
	ca = make(of);
	more = make((struct made_of){
		.kind = "p256", .subject = "CN=more", .is_ca = true, .issuer = &ca });
	leaf = make((struct made_of){ .kind = "p256",
				      .subject = "CN=leaf",
				      .issuer = is_longer ? &more : &ca,
				      .san = "DNS:a.example" });
	again();
	side_signs(&pair.a, &leaf, &ca);
	if (is_longer)
		pair.a.conns[0].own.certs[pair.a.conns[0].own.n_certs++] = x509_ref(more.cert);
	side_trusts(&pair.b, &root);
	if (refused)
		fails_with(&pair.b, refused);
	else
		comes_up();
	made_free(&ca);
	made_free(&more);
	made_free(&leaf);
}

/* RFC 5280 4.2.1.3, 4.2.1.9, 4.2.1.10 */
static void cas_are_constrained(void **state)
{
	(void)state;
	constrained((struct made_of){ .constraints = "critical,CA:TRUE,pathlen:0" }, false, NULL);
	constrained((struct made_of){ .constraints = "critical,CA:TRUE,pathlen:0" }, true,
		    "certificate 'CN=constrained': path length constraint exceeded");
	constrained((struct made_of){ .constraints = "critical,CA:TRUE,pathlen:1" }, true, NULL);
	constrained((struct made_of){ .name_constraints = "critical,permitted;DNS:example" }, false,
		    NULL);
	constrained((struct made_of){ .name_constraints = "critical,permitted;DNS:b.example" },
		    false, "certificate 'CN=leaf': permitted subtree violation");
	constrained((struct made_of){ .name_constraints = "critical,excluded;DNS:a.example" },
		    false, "certificate 'CN=leaf': excluded subtree violation");
	constrained((struct made_of){ .key_usage = "critical,digitalSignature" }, false,
		    "certificate 'CN=constrained' is no CA certificate, and signs one");
}

/* As strongSwan: extendedKeyUsage is not looked at. */
static void extended_key_usage_is_free(void **state)
{
	(void)state;
	one_is((struct made_of){ .extended_key_usage = "serverAuth" }, NULL);
}

static void certificate_by_url(void **state)
{
	struct auth_job *job = calloc(1, sizeof(*job));

	(void)state;
	assert_non_null(job);
	job->trust = trust_new(REVOCATION_RELAXED);
	job->method = 9; /* ECDSA with P-256, RFC 4754 */
	job->their_schemes = ~0u;
	job->their_auth.bytes = calloc(1, job->their_auth.len = 64);
	job->is_by_url = true;
	auth_job_run(job);
	assert_int_equal(job->result, -EPERM);
	assert_non_null(strstr(job->why, "as hash and URL, which is not fetched here"));
	auth_job_free(job);
}

static void signed_with_another_key(void **state)
{
	struct made other = make((struct made_of){ .kind = "p256", .subject = "CN=x" });

	(void)state;
	side_signs(&pair.a, &a, &sub);
	key_free(pair.a.conns[0].own.key);
	pair.a.conns[0].own.key = key_ref(other.key);
	side_trusts(&pair.b, &root);
	fails_with(&pair.b, "its signature is wrong");
	made_free(&other);
}

static void another_identity_than_configured(void **state)
{
	(void)state;
	side_signs(&pair.b, &b, NULL);
	side_trusts(&pair.a, &root);
	id_set(&pair.b.conns[0].local_id, "C=CH, O=Test, CN=b");
	id_set(&pair.a.conns[0].remote_id, "C=CH, O=Test, CN=else");
	id_set(&pair.a.conns[0].remote_id, "*.example");
	fails_with(&pair.a, "we want *.example");
}

static void methods_that_do_not_fit(void **state)
{
	(void)state;
	side_trusts(&pair.b, &root);
	fails_with(&pair.b, "it proves itself by a pre-shared key, we want a signature");
	again();
	side_signs(&pair.a, &a, &sub);
	fails_with(&pair.b, "it proves itself by a signature, we want a pre-shared key");
	again();
	a_signs();
	assert_int_equal(scheme_parse("rsa", &pair.b.conns[0].remote_schemes), 0);
	fails_with(&pair.b, "ECDSA with SHA2-256, which remote.auth does not allow");
	again();
	a_signs();
	assert_int_equal(scheme_parse("rsa", &pair.a.conns[0].own.schemes), 0);
	fails_with(&pair.a, "no signature algorithm of local.auth is one that the peer knows");
}

static void certificate_not_sent(void **state)
{
	(void)state;
	side_signs(&pair.a, &a, &sub);
	pair.a.conns[0].send_cert = SEND_CERT_NEVER;
	side_trusts(&pair.b, &root);
	fails_with(&pair.b, "it sends no certificate, and none of its name is here");
	again();
	side_signs(&pair.a, &a, &sub); /* but b has it */
	pair.a.conns[0].send_cert = SEND_CERT_NEVER;
	side_trusts(&pair.b, &root);
	assert_int_equal(trust_add_cert(pair.b.conns[0].trust, a.cert), 0);
	comes_up();
}

/* ---- Raw public keys ---------------------------------------------------------------- */

static void side_signs_raw(struct side *s, const struct made *own)
{
	side_signs(s, own, NULL);
	x509_free(s->conns[0].own.certs[0]);
	s->conns[0].own.n_certs = 0;
}

static void side_knows(struct side *s, const struct made *key)
{
	side_trusts(s, &other_root);
	trust_pin(s->conns[0].trust);
	assert_int_equal(trust_add_key(s->conns[0].trust, key->key), 0);
}

static void raw_public_keys(void **state)
{
	(void)state;
	side_signs_raw(&pair.a, &a);
	side_knows(&pair.b, &a);
	comes_up();
	again();
	side_signs_raw(&pair.a, &a); /* none is sent: the only one there is is tried */
	pair.a.conns[0].send_cert = SEND_CERT_NEVER;
	side_knows(&pair.b, &a);
	comes_up();
	again();
	side_signs_raw(&pair.a, &b);
	side_knows(&pair.b, &a);
	fails_with(&pair.b, "its raw public key is none of remote.pubkeys");
}

/* No AUTH payload is of two methods, and nobody gets in by one that checks nothing. */
static void methods_are_told_apart(void **state)
{
	uint32_t seen = 0;

	(void)state;
	for (enum conn_auth i = 0; i < CONN_AUTH_COUNT; i++) {
		const struct auth_method *m = auth_method_of(i);

		assert_int_equal(seen & m->numbers, 0);
		seen |= m->numbers;
		assert_true(m->ops->check || m->numbers == 1u << AUTH_NONE);
	}
}

/* ---- PPK, RFC 8784 ------------------------------------------------------------------ */

static void ppk_is_used(void **state)
{
	(void)state;
	for (int with_certs = 0; with_certs < 2; with_certs++) {
		again();
		side_ppk(&pair.a, "p1", "a postquantum secret", true);
		side_ppk(&pair.b, "p1", "a postquantum secret", true);
		if (with_certs)
			both_sign();
		comes_up();
		assert_true(side_logged(&pair.a, "uses a PPK"));
		assert_true(side_logged(&pair.b, "uses a PPK"));
		assert_int_equal(ike_rekey(pair.a.ike, "gw-gw", pair.now_ms), 0);
		side_effects(&pair.a);
		pair_run(&pair, 5000);
		assert_true(pair_fits(&pair));
	}
}

/* RFC 9370 and RFC 8784 together: the PPK comes after the last key exchange. */
static void ppk_after_more_key_exchanges(void **state)
{
	(void)state;
	for (int with_certs = 0; with_certs < 2; with_certs++) {
		teardown(NULL);
		pair_init(&pair, 1, "aes256gcm16-prfsha256-x25519-ke1_ecp256", ESP_KEYWORDS);
		side_ppk(&pair.a, "p1", "a postquantum secret", false);
		side_ppk(&pair.b, "p1", "a postquantum secret", false);
		if (with_certs)
			both_sign();
		comes_up();
		assert_true(side_logged(&pair.a, "uses a PPK"));
	}
}

/* Optional on both sides: without it when the other one has none, or another one. */
static void ppk_is_left_out(void **state)
{
	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		again();
		if (kind != 0)
			side_ppk(&pair.a, "p1", "a postquantum secret", false);
		if (kind != 1)
			side_ppk(&pair.b, "p2", "a postquantum secret", false);
		if (kind == 3)
			a_signs();
		comes_up();
		assert_false(side_logged(&pair.a, "uses a PPK"));
		assert_false(side_logged(&pair.b, "uses a PPK"));
	}
}

static void ppk_is_missed(void **state)
{
	(void)state;
	side_ppk(&pair.a, "p1", "a postquantum secret", true);
	fails_with(&pair.a, "the peer does not use PPKs, and ppk_required");
	again();
	side_ppk(&pair.b, "p1", "a postquantum secret", true);
	fails_with(&pair.b, "it uses no PPK, and ppk_required");
	again();
	side_ppk(&pair.a, "p1", "a postquantum secret", true);
	side_ppk(&pair.b, "p2", "a postquantum secret", false);
	fails_with(&pair.b, "it insists on a PPK that we do not have");
	again();
	side_ppk(&pair.a, "p1", "a postquantum secret", false);
	side_ppk(&pair.b, "p2", "a postquantum secret", true);
	fails_with(&pair.b, "it names another PPK than ours, and ppk_required");
	again();
	side_ppk(&pair.a, "p1", "a postquantum secret", true);
	side_ppk(&pair.b, "p1", "another postquantum secret", true);
	fails_with(&pair.b, "AUTH is wrong");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(certificates_both_ways),
		CASE(every_kind_of_key),
		CASE(psk_one_way),
		CASE(identities_of_the_certificate),
		CASE(connection_is_chosen_by_identity_and_method),
		CASE(connection_is_chosen_by_ca),
		CASE(untrusted),
		CASE(intermediate_missing),
		CASE(refused_by_the_initiator),
		CASE(certificate_of_no_use),
		CASE(leaf_is_no_ca),
		CASE(cas_are_constrained),
		CASE(extended_key_usage_is_free),
		CASE(certificate_by_url),
		CASE(signed_with_another_key),
		CASE(another_identity_than_configured),
		CASE(methods_that_do_not_fit),
		CASE(methods_are_told_apart),
		CASE(certificate_not_sent),
		CASE(raw_public_keys),
		CASE(ppk_is_used),
		CASE(ppk_after_more_key_exchanges),
		CASE(ppk_is_left_out),
		CASE(ppk_is_missed),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
