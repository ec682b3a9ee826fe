/* SPDX-License-Identifier: BSD-2-Clause */
/* Child SAs of AH: made, rekeyed, deleted, and refused where it cannot be (RFC 7296 3.3, 2.17). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include "ike/ike_sa.h"
#include "support/pair.h"

static struct pair pair;

static void of(struct side *s, size_t child, uint8_t protocol, const char *words)
{
	struct conn_child *cc = &s->children[0][child];

	pair_proposal(protocol, words, cc->proposals, &cc->n_proposals);
}

static void begin(const char *a, const char *b)
{
	pair_init(&pair, 11, "aes256gcm16-prfsha256-x25519", "aes256gcm16");
	of(&pair.a, 0, PROTO_AH, a);
	of(&pair.b, 0, PROTO_AH, b);
}

static void up(void)
{
	pair_configure(&pair);
	pair_up(&pair);
	assert_true(pair_fits(&pair));
}

static int teardown(void **state)
{
	(void)state;
	pair_fini(&pair);
	return 0;
}

static void assert_is(const char *words, size_t auth_len)
{
	char text[PROPOSAL_TEXT_MAX];

	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
		const struct child_sa *c = &side_in_use(s)->sa;

		assert_int_equal(c->chosen.protocol, PROTO_AH);
		assert_string_equal(proposal_print(&c->chosen, text, sizeof(text)), words);
		assert_int_equal(c->key_len, 0);
		assert_int_equal(c->auth_len, auth_len);
	}
}

static void every_algorithm(void **state)
{
	static const struct {
		const char *words, *chosen;
		size_t auth_len;
	} rows[] = {
		{ "sha256", "sha256-noesn", 32 },   { "sha384-esn", "sha384-esn", 48 },
		{ "sha512", "sha512-noesn", 64 },   { "sha1-esn-noesn", "sha1-esn", 20 },
		{ "aesxcbc", "aesxcbc-noesn", 16 }, { "aescmac", "aescmac-noesn", 16 },
		{ "default", "sha256-noesn", 32 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(rows[i].words, rows[i].words);
		up();
		assert_is(rows[i].chosen, rows[i].auth_len);
		teardown(state);
	}
	begin("sha512-sha256", "sha256");
	pair.a.children[0][0].mode = pair.b.children[0][0].mode = SA_TRANSPORT;
	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL)
		s->children[0][0].is_local_dynamic = s->children[0][0].is_remote_dynamic = true;
	up();
	assert_is("sha256-noesn", 32);
	assert_int_equal(side_in_use(&pair.b)->sa.mode, SA_TRANSPORT);
	assert_true(side_logged(&pair.a, ", AH, transport mode"));
	assert_false(side_in_use(&pair.b)->sa.is_tfc_refused); /* AH pads nothing */
}

/* Under traffic, with keys of its own: its Child SA ends, and only that. */
static void either_side_rekeys_and_deletes(void **state)
{
	(void)state;
	begin("sha256-x25519", "sha256-x25519");
	up();
	pair.flow_ms = 1;
	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
		uint32_t before = side_in_use(&pair.a)->sa.spi_in;

		assert_int_equal(ike_rekey_child(s->ike, "gw-gw", "net", pair.now_ms), 0);
		side_effects(s);
		pair_run(&pair, 20000);
		assert_true(side_in_use(&pair.a)->sa.spi_in != before);
		assert_is("sha256-x25519-noesn", 32);
		assert_int_equal(side_n_sas(&pair.a), 1);
		assert_int_equal(side_n_sas(&pair.b), 1);
	}
	assert_true(pair_fits(&pair));
	assert_int_equal(pair.n_data_lost + pair.n_data_unsent, 0);
	pair.flow_ms = 0;
	assert_int_equal(ike_terminate(pair.b.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.b);
	pair_run(&pair, 1000);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a), 1);
}

/* What is configured meanwhile: the old one is named and deleted as ESP, the new one is AH. */
static void a_rekey_takes_the_new_protocol(void **state)
{
	(void)state;
	begin("sha256", "sha256");
	of(&pair.a, 0, PROTO_ESP, "aes256gcm16");
	of(&pair.b, 0, PROTO_ESP, "aes256gcm16");
	up();
	of(&pair.a, 0, PROTO_AH, "sha256");
	of(&pair.b, 0, PROTO_AH, "sha256");
	pair_configure(&pair);
	pair.flow_ms = 1;
	assert_int_equal(ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
	assert_is("sha256-noesn", 32);
	assert_int_equal(side_n_sas(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
	assert_int_equal(pair.n_data_lost + pair.n_data_unsent, 0);
}

/* A message of a that a's core knows nothing of. */
static void say_to_b(void (*put)(struct payload_writer *pw, uint32_t spi), uint32_t spi)
{
	uint8_t buf[1024];
	struct payload_writer pw = side_writes(pair.a.ike->sas, EX_INFORMATIONAL,
					       pair.b.ike->sas->due_id, false, buf, sizeof(buf));
	struct datagram d = { .local = pair.b.home, .remote = pair.a.home, .data = buf };

	put(&pw, spi);
	assert_int_equal(message_finish(&pw, &d.len), 0);
	ike_input(pair.b.ike, &d, pair.now_ms);
	side_effects(&pair.b);
}

static void put_delete_esp(struct payload_writer *pw, uint32_t spi)
{
	delete_emit(pw, PROTO_ESP, &spi, 1);
}

static void put_delete_ah(struct payload_writer *pw, uint32_t spi)
{
	delete_emit(pw, PROTO_AH, &spi, 1);
}

/* RFC 4301 4.1: what an SA is called by has its protocol in it. */
static void an_spi_of_esp_is_another_one(void **state)
{
	(void)state;
	begin("sha256", "sha256");
	up();
	uint32_t spi = side_in_use(&pair.a)->sa.spi_in;
	say_to_b(put_delete_esp, spi);
	assert_int_equal(side_n_sas(&pair.b), 1);
	say_to_b(put_delete_ah, spi);
	assert_int_equal(side_n_sas(&pair.b), 0);
}

/* As strongSwan, if so configured; ESP first. */
static void offers_both(struct side *s)
{
	struct conn_child *cc = &s->children[0][0];
	size_t n;

	of(s, 0, PROTO_ESP, "aes256gcm16");
	pair_proposal(PROTO_AH, "sha256", &cc->proposals[cc->n_proposals], &n);
	cc->n_proposals += n;
}

static void assert_refused(const char *ours, const char *theirs)
{
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	if (!strstr(pair.a.last_error, ours))
		fail_msg("a: '%s' instead of '%s'", pair.a.last_error, ours);
	if (theirs && !side_logged(&pair.b, theirs))
		fail_msg("b does not say '%s': %s", theirs, pair.b.log);
}

static void ah_and_esp_do_not_meet(void **state)
{
	(void)state;
	begin("sha256", "sha256");
	of(&pair.b, 0, PROTO_ESP, "aes128-sha256");
	assert_refused("NO_PROPOSAL_CHOSEN (14), we offer sha256",
		       "first difference: we want ESP, they AH");
	assert_int_equal(side_n_ike(&pair.a), 1);
	teardown(state);

	/* One that offers both gets what is configured here. */
	begin("sha256", "sha256");
	offers_both(&pair.a);
	up();
	assert_is("sha256-noesn", 32);
}

static void put_nat(void)
{
	pair.nat_500 = (struct endpoint){ addr_from_v4(0xc6336401), 40000 };
	pair.nat_4500 = (struct endpoint){ addr_from_v4(0xc6336401), 40001 };
	pair.b.conns[0].n_remote = 0; /* %any */
}

static void a_nat_refuses_it(void **state)
{
	(void)state;
	begin("sha256", "sha256");
	put_nat();
	assert_refused("AH does not pass a NAT", NULL);
	teardown(state);

	/* Asked for after IKE_AUTH. */
	begin("sha256", "sha256");
	put_nat();
	pair.a.conns[0].childless = CHILDLESS_PREFER;
	assert_refused("CHILD_SA net is not asked for: AH does not pass a NAT", NULL);
	assert_int_equal(side_n_ike(&pair.a), 1);
	teardown(state);

	/* By who asks for it all the same, its first wish is ESP. */
	begin("sha256", "sha256");
	offers_both(&pair.a);
	put_nat();
	assert_refused("NO_PROPOSAL_CHOSEN", "NO_PROPOSAL_CHOSEN (net): AH does not pass a NAT");
}

/* The child that can be had comes up, though the other one was asked for first. */
static void beside_it_esp_goes_on(void **state)
{
	(void)state;
	begin("sha256", "sha256");
	for (struct side *s = &pair.a; s; s = s == &pair.a ? &pair.b : NULL) {
		struct conn_child *cc = &s->children[0][1];
		bool is_a = s == &pair.a;

		*cc = s->children[0][0];
		snprintf(cc->name, sizeof(cc->name), "dmz");
		cc->child = PAIR_SLOT + 1;
		cc->local_ts[0] = pair_ts(is_a ? "10.3.0.0/16" : "10.4.0.0/16");
		cc->remote_ts[0] = pair_ts(is_a ? "10.4.0.0/16" : "10.3.0.0/16");
		s->conns[0].n_children = 2;
		of(s, 1, PROTO_ESP, "aes256gcm16");
	}
	put_nat();
	pair_configure(&pair);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", "dmz", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 20000);
	assert_int_equal(side_n_sas(&pair.a), 1);
	assert_int_equal(side_n_sas(&pair.b), 1);
	assert_non_null(
		strstr(pair.a.last_error, "CHILD_SA net is not asked for: AH does not pass"));
}

/* MOBIKE: it moves, but not behind a NAT. */
static void a_nat_that_comes_later_ends_it(void **state)
{
	(void)state;
	begin("sha256", "sha256");
	pair.a.conns[0].is_mobike = pair.b.conns[0].is_mobike = true;
	pair.b.conns[0].n_remote = 0;
	pair_configure(&pair);
	pair_up(&pair);
	for (uint32_t to = 0xc6336414; to < 0xc6336416; to++) {
		pair.a.home.addr = addr_from_v4(to);
		ike_addresses(pair.a.ike, &pair.a.home.addr, 1, pair.now_ms);
		side_effects(&pair.a);
		pair_run(&pair, 1000);
		if (to == 0xc6336414) {
			assert_true(pair_fits(&pair));
			put_nat();
		}
	}
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_true(side_logged(&pair.b, "is AH, and there is a NAT") ||
		    side_logged(&pair.a, "is AH, and there is a NAT"));
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_algorithm),
		TEST(either_side_rekeys_and_deletes),
		TEST(a_rekey_takes_the_new_protocol),
		TEST(an_spi_of_esp_is_another_one),
		TEST(ah_and_esp_do_not_meet),
		TEST(a_nat_refuses_it),
		TEST(beside_it_esp_goes_on),
		TEST(a_nat_that_comes_later_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
