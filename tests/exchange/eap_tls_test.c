/* SPDX-License-Identifier: BSD-2-Clause */
/* EAP-TLS between two cores: a is the client, b the server, which signs in IKE, too. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include "crypto/revocation.h"
#include "ike/auth_eap.h"
#include "ike/id.h"
#include "support/certs.h"

static struct pair pair;
static struct made ca, other_ca, gateway, alice, mallory;

static int make_all(void **state)
{
	(void)state;
	ca = make((struct made_of){ .kind = "p256", .subject = "CN=ca", .is_ca = true });
	other_ca =
		make((struct made_of){ .kind = "p256", .subject = "CN=other ca", .is_ca = true });
	gateway = make((struct made_of){
		.kind = "rsa", .subject = "CN=gw", .san = "DNS:b.example", .issuer = &ca });
	alice = make((struct made_of){ .kind = "p256",
				       .subject = "CN=alice",
				       .san = "email:alice@example",
				       .issuer = &ca,
				       .serial = 88 });
	mallory = make((struct made_of){ .kind = "p256",
					 .subject = "CN=m",
					 .san = "email:alice@example",
					 .issuer = &other_ca });
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	made_free(&ca);
	made_free(&other_ca);
	made_free(&gateway);
	made_free(&alice);
	made_free(&mallory);
	return 0;
}

static void eap(struct conn *a, struct conn *b, uint8_t can)
{
	a->local_auth = b->remote_auth = CONN_AUTH_EAP;
	a->local_eap = b->remote_eap = can;
}

static int setup(void **state)
{
	const char *why;

	(void)state;
	pair_init(&pair, 17, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	struct conn *a = &pair.a.conns[0], *b = &pair.b.conns[0];
	side_trusts(&pair.a, &ca);
	side_trusts(&pair.b, &ca);
	side_signs(&pair.b, &gateway, NULL);
	side_signs(&pair.a, &alice, NULL);
	eap(a, b, EAP_CAN_TLS);
	return id_parse("alice@example", &a->eap_id, &why);
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	conn_creds_fini(&pair.a.conns[0]);
	conn_creds_fini(&pair.b.conns[0]);
	return 0;
}

static void try(void)
{
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
}

static void assert_refused(struct side *by, const char *why)
{
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a) + side_n_ike(&pair.b), 0);
	assert_true(side_logged(by, why));
}

/* The other one hears it by an alert, then the Failure ends it: nothing about it is said twice. */
static void assert_alerted(struct side *by, struct side *other)
{
	const char *line = strstr(by->log, "authentication of peer");

	assert_true(side_logged(other, "failed: TLS: it sends alert 'bad certificate'"));
	assert_non_null(line);
	line = strchr(line, '\n');
	assert_false(line && strstr(line, "] authentication of peer"));
	assert_false(side_logged(by, "AUTHENTICATION_FAILED"));
	assert_false(side_logged(other, "AUTHENTICATION_FAILED"));
}

static void certificates_on_both_sides(void **state)
{
	(void)state;
	try();
	assert_true(pair_is_up(&pair) && pair_fits(&pair));
	assert_true(side_logged(&pair.b, "EAP-TLS of 'alice@example' succeeded"));
	assert_true(side_logged(&pair.b, "[alice@example]"));
}

static void a_lossy_road_does_not_matter(void **state)
{
	(void)state;
	pair.loss = 20;
	pair.twice = 20;
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
	assert_true(pair_run_until(&pair, pair_is_up, 300000));
	assert_int_equal(side_n_ike(&pair.b), 1);
}

static void sign_anew(struct side *s, const struct made *own)
{
	struct conn_own old = s->conns[0].own;

	x509_free(old.certs[0]);
	key_free(old.key);
	s->conns[0].own = (struct conn_own){ 0 };
	side_signs(s, own, NULL);
	s->conns[0].local_auth = s == &pair.a ? CONN_AUTH_EAP : CONN_AUTH_PUBKEY;
}

static void a_certificate_of_another_ca_is_refused(void **state)
{
	(void)state;
	sign_anew(&pair.a, &mallory);
	try();
	assert_refused(&pair.b, "is not of a CA that is trusted here");
	assert_alerted(&pair.b, &pair.a);
}

static void a_revoked_certificate_is_refused(void **state)
{
	struct revocations *known = revocations_new();
	uint8_t crl[1024];
	size_t len = make_crl(&ca, 88, 3600, crl, sizeof(crl));

	(void)state;
	assert_int_equal(revocations_add_crl(known, rd_from(crl, len)), 0);
	trust_set_revocations(pair.b.conns[0].trust, known);
	revocations_free(known);
	try();
	assert_refused(&pair.b, "certificate 'CN=alice' is revoked since 20");
}

/* What EAP-Identity says is what the certificate has to say. */
static void a_certificate_of_another_name_is_refused(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(id_parse("bob@example", &pair.a.conns[0].eap_id, &why), 0);
	try();
	assert_refused(&pair.b, "does not name it");
}

/* IDi may say what it likes: it is not what was proved. */
static void a_connection_of_somebody_else_is_refused(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(id_parse("bob@example", &pair.b.conns[0].their_eap_id, &why), 0);
	try();
	assert_refused(&pair.b, "EAP has proved somebody else than remote.eap_id");
}

static void a_connection_of_many_is_for_them(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(id_parse("*@example", &pair.b.conns[0].their_eap_id, &why), 0);
	try();
	assert_true(pair_is_up(&pair) && pair_fits(&pair));
}

/* The server that IKE has authenticated is not the one that TLS speaks with, unless aaa_id says so.
 */
static void the_eap_server_has_a_name(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(id_parse("aaa.example", &pair.a.conns[0].aaa_id, &why), 0);
	try();
	assert_refused(&pair.a, "does not name it");
}

static void the_methods_are_negotiated(void **state)
{
	struct eap_user user = { .secret = "secret", .secret_len = 6 };
	const char *why;

	(void)state;
	assert_int_equal(id_parse("alice@example", &user.id, &why), 0);
	pair.b.conns[0].remote_eap = EAP_CAN_TLS | EAP_CAN_MSCHAPV2;
	pair.a.conns[0].local_eap = EAP_CAN_MSCHAPV2; /* NAKs EAP-TLS */
	pair.a.conns[0].eap_users = pair.b.conns[0].eap_users = &user;
	pair.a.conns[0].n_eap_users = pair.b.conns[0].n_eap_users = 1;
	try();
	assert_true(pair_is_up(&pair) && pair_fits(&pair));
	assert_true(side_logged(&pair.b, "EAP-MSCHAPv2 of 'alice@example' succeeded"));
}

static void nothing_in_common_is_refused(void **state)
{
	(void)state;
	pair.a.conns[0].local_eap = EAP_CAN_MSCHAPV2;
	try();
	assert_refused(&pair.b, "it wants none of our EAP methods");
}

/* ---- EAP alone, RFC 5998 ----------------------------------------------------------- */

static void alone(void)
{
	struct conn *a = &pair.a.conns[0], *b = &pair.b.conns[0];

	a->remote_auth = b->local_auth = CONN_AUTH_EAP;
	b->local_eap = a->remote_eap = EAP_CAN_TLS;
}

static void eap_alone_proves_both(void **state)
{
	(void)state;
	alone();
	try();
	assert_true(pair_is_up(&pair) && pair_fits(&pair));
	assert_true(side_logged(&pair.b, "EAP-TLS of 'alice@example' succeeded"));
	assert_false(side_logged(&pair.a, "peer signed by"));
}

static void eap_alone_with_a_ppk(void **state)
{
	(void)state;
	alone();
	side_ppk(&pair.a, "p1", "a postquantum secret", true);
	side_ppk(&pair.b, "p1", "a postquantum secret", true);
	try();
	assert_true(pair_fits(&pair));
	assert_true(side_logged(&pair.a, "uses a PPK") && side_logged(&pair.b, "uses a PPK"));
}

static void alone_the_server_needs_its_certificate(void **state)
{
	struct made false_gateway = make((struct made_of){
		.kind = "p256", .subject = "CN=gw", .san = "DNS:b.example", .issuer = &other_ca });

	(void)state;
	sign_anew(&pair.b, &false_gateway);
	alone();
	try();
	assert_refused(&pair.a, "is not of a CA that is trusted here");
	assert_alerted(&pair.a, &pair.b);
	made_free(&false_gateway);
}

static void alone_the_server_has_to_be_whom_it_names(void **state)
{
	(void)state;
	sign_anew(&pair.b, &alice); /* of the right CA, but another one */
	alone();
	try();
	assert_refused(&pair.a, "does not name it");
}

static void a_client_may_want_more_than_eap(void **state)
{
	(void)state;
	alone();
	pair.a.conns[0].remote_auth = CONN_AUTH_PUBKEY;
	try();
	assert_refused(&pair.b, "it does not do with EAP alone");
}

/* As if we had not said EAP_ONLY_AUTHENTICATION: from the responder's second message on. */
static bool changes_its_mind(struct pair *p, struct flight *f, void *arg)
{
	unsigned *n = arg;

	if (addr_equal(&f->from.addr, &p->b.home.addr) && ++*n == 2)
		p->a.conns[0].remote_auth = CONN_AUTH_PUBKEY;
	return true;
}

static void nobody_leaves_out_auth_unasked(void **state)
{
	unsigned n = 0;

	(void)state;
	alone();
	pair.on_wire = changes_its_mind;
	pair.arg = &n;
	try();
	assert_refused(&pair.a, "it begins EAP without having proved who it is");
}

/* ---- Packets of somebody who means no good ------------------------------------------ */

enum { TLS_LENGTH = 0x80, TLS_MORE = 0x40, BIG_PART = 3000 };
static struct eap client, server;

/* What the server makes of a response with this data; slow work included. */
static enum eap_result server_hears(uint8_t type, const uint8_t *data, size_t len)
{
	static uint8_t packet[EAP_PACKET_MAX + 64];
	struct writer w = wr_into(packet, sizeof(packet));
	enum eap_result r;

	wr_u8(&w, EAP_RESPONSE);
	wr_u8(&w, server.id);
	wr_u16(&w, (uint16_t)(5 + len));
	wr_u8(&w, type);
	wr_bytes(&w, data, len);
	assert_true(wr_ok(&w));
	r = eap_take(&server, &pair.b.conns[0], rd_from(packet, wr_len(&w)));
	if (r != EAP_WORK)
		return r;
	struct tls *session = server.tls.session;
	server.tls.session = NULL;
	tls_run(session);
	return eap_worked(&server, session);
}

static void server_begins(void)
{
	static const uint8_t random[EAP_RANDOM_LEN] = { 7 };
	static const char name[] = "alice@example";

	eap_fini(&server);
	eap_server_start(&server, random);
	assert_int_equal(server_hears(EAP_IDENTITY, (const uint8_t *)name, strlen(name)),
			 EAP_GO_ON);
	assert_int_equal(server.out[4], EAP_TLS);
}

/* The data of a client's first packet: flags and ClientHello. */
static struct reader hello(void)
{
	static const uint8_t random[EAP_RANDOM_LEN] = { 9 };

	server_begins();
	eap_fini(&client);
	eap_client_start(&client, &pair.a.conns[0], &pair.b.conns[0].local_id, random);
	assert_int_equal(eap_take(&client, &pair.a.conns[0], rd_from(server.out, server.out_len)),
			 EAP_GO_ON);
	return rd_from(client.out + 5, client.out_len - 5);
}

static void assert_why(const char *text)
{
	if (!strstr(server.why, text))
		fail_msg("the server said '%s'", server.why);
}

static int forget(void **state)
{
	eap_fini(&client);
	eap_fini(&server);
	return teardown(state);
}

static void a_flight_has_an_end(void **state)
{
	static uint8_t part[1 + BIG_PART] = { TLS_MORE };
	size_t n = 0;

	(void)state;
	server_begins();
	while (server_hears(EAP_TLS, part, sizeof(part)) == EAP_GO_ON)
		n++;
	assert_int_equal(n, TLS_FLIGHT_MAX / BIG_PART);
	assert_why("its flight is too long");
	server_begins();
	for (n = 1; server_hears(EAP_TLS, part, 1) == EAP_GO_ON; n++) /* of nothing at all */
		;
	assert_int_equal(n, EAP_ROUNDS_MAX);
	assert_why("one too many");
}

static void a_length_is_not_believed(void **state)
{
	static const uint8_t long_one[] = { TLS_LENGTH | TLS_MORE, 0xff, 0xff, 0xff, 0xff, 0x16 };

	(void)state;
	for (size_t len = 0; len <= sizeof(long_one); len++) {
		server_begins();
		assert_int_equal(server_hears(EAP_TLS, long_one, len), EAP_FAILED);
	}
}

static void a_cut_flight_leads_to_nothing(void **state)
{
	uint8_t data[EAP_PACKET_MAX];

	(void)state;
	struct reader first = hello();
	size_t len = rd_left(&first);
	rd_copy(&first, data, len);
	for (size_t i = 0; i < len; i++) {
		server_begins();
		assert_int_equal(server_hears(EAP_TLS, data, i), EAP_FAILED);
	}
	server_begins();
	assert_int_equal(server_hears(EAP_TLS, data, len), EAP_GO_ON);
}

static void an_alert_is_the_end(void **state)
{
	static const uint8_t alert[] = { 0, 0x15, 3, 3, 0, 2, 2, 40 }; /* fatal, handshake_failure */
	static const uint8_t got_it[] = { 0 };

	(void)state;
	struct reader first = hello();
	assert_int_equal(server_hears(EAP_TLS, first.at, rd_left(&first)), EAP_GO_ON);
	while (server.out[5] & TLS_MORE)
		assert_int_equal(server_hears(EAP_TLS, got_it, sizeof(got_it)), EAP_GO_ON);
	uint8_t asked = server.out[1];
	assert_int_equal(server_hears(EAP_TLS, alert, sizeof(alert)), EAP_FAILED);
	assert_why("TLS: it sends alert 'handshake failure'");
	assert_int_equal(server.out[0], EAP_FAILURE);
	assert_int_equal(server.out[1], asked); /* RFC 3748 4.2 */
	assert_int_equal(server.out_len, 4);
}

/* Our alert is out: whatever comes then, the Failure follows. */
static void after_our_alert_nothing_helps(void **state)
{
	static const uint8_t junk[] = { 0, 0x16, 3, 3, 0, 4, 0xff, 0, 0, 0 }, nak = EAP_MSCHAPV2;

	(void)state;
	pair.b.conns[0].remote_eap = EAP_CAN_TLS | EAP_CAN_MSCHAPV2;
	for (unsigned i = 0; i < 2; i++) {
		struct reader first = hello();

		assert_int_equal(server_hears(EAP_TLS, junk, sizeof(junk)), EAP_LAST_WORD);
		assert_int_equal(server.out[6], 0x15); /* an alert, behind the flags */
		assert_int_equal(i ? server_hears(EAP_NAK, &nak, 1)
				   : server_hears(EAP_TLS, first.at, rd_left(&first)),
				 EAP_FAILED);
		assert_why("TLS: ");
		assert_int_equal(server.out[0], EAP_FAILURE);
	}
}

/* It does not wait until our flight is over; says that it has got what was not sent; begins anew.
 */
static void out_of_order_is_refused(void **state)
{
	static const uint8_t start[] = { 0x20 }, nothing[] = { 0 }, more[] = { 0, 0x16, 3, 3 };

	(void)state;
	server_begins();
	assert_int_equal(server_hears(EAP_TLS, start, sizeof(start)), EAP_FAILED);
	server_begins();
	assert_int_equal(server_hears(EAP_TLS, nothing, sizeof(nothing)), EAP_FAILED);
	struct reader first = hello();
	assert_int_equal(server_hears(EAP_TLS, first.at, rd_left(&first)), EAP_GO_ON);
	assert_int_equal(server_hears(EAP_TLS, more, sizeof(more)), EAP_FAILED);
	assert_why("does not wait for our flight");
}

/* Both have succeeded, but not with each other. */
static bool bends_msk(struct pair *p, struct flight *f, void *arg)
{
	struct ike_sa *sa = p->b.ike->sas;
	bool *is_bent = arg;

	(void)f;
	if (!*is_bent && sa && sa->eap && sa->eap->eap.is_done) {
		sa->eap->eap.msk[0] ^= 1;
		*is_bent = true;
	}
	return true;
}

static void another_msk_is_refused(void **state)
{
	bool is_bent = false;

	(void)state;
	pair.on_wire = bends_msk;
	pair.arg = &is_bent;
	try();
	assert_true(is_bent);
	assert_refused(&pair.b, "AUTH does not fit what EAP has made");
}

#define HOSTILE(f) cmocka_unit_test_setup_teardown(f, setup, forget)
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(certificates_on_both_sides),
		TEST(a_lossy_road_does_not_matter),
		TEST(a_certificate_of_another_ca_is_refused),
		TEST(a_certificate_of_another_name_is_refused),
		TEST(a_revoked_certificate_is_refused),
		TEST(a_connection_of_somebody_else_is_refused),
		TEST(a_connection_of_many_is_for_them),
		TEST(the_eap_server_has_a_name),
		TEST(the_methods_are_negotiated),
		TEST(nothing_in_common_is_refused),
		TEST(eap_alone_proves_both),
		TEST(eap_alone_with_a_ppk),
		TEST(alone_the_server_needs_its_certificate),
		TEST(alone_the_server_has_to_be_whom_it_names),
		TEST(a_client_may_want_more_than_eap),
		TEST(nobody_leaves_out_auth_unasked),
		HOSTILE(a_flight_has_an_end),
		HOSTILE(a_length_is_not_believed),
		HOSTILE(a_cut_flight_leads_to_nothing),
		HOSTILE(an_alert_is_the_end),
		HOSTILE(after_our_alert_nothing_helps),
		HOSTILE(out_of_order_is_refused),
		TEST(another_msk_is_refused),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
