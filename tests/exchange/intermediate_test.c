/* SPDX-License-Identifier: BSD-2-Clause */
/* Additional key exchanges (RFC 9370) in IKE_INTERMEDIATE (RFC 9242) between two cores; with ML-KEM
 * where OpenSSL has it, and everywhere with what all have. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>
#include "crypto/ke.h"
#include "ike/ike_sa.h"
#include "support/pair.h"

#define ESP "aes128gcm16"

static struct pair pair;

static void begin(const char *ike_a, const char *ike_b)
{
	pair_init(&pair, 1, ike_a, ESP);
	pair_proposal(PROTO_IKE, ike_b, pair.b.conns[0].ike, &pair.b.conns[0].n_ike);
	pair_configure(&pair);
}

static void initiate(void)
{
	assert_int_equal(ike_initiate(pair.a.ike, "gw-gw", NULL, pair.now_ms), 0);
	side_effects(&pair.a);
}

/* With n messages from each side until it is up. */
static void comes_up(const char *ike_a, const char *ike_b, unsigned n, const char *chosen)
{
	begin(ike_a, ike_b);
	pair_up(&pair);
	assert_true(pair_fits(&pair));
	if (n) { /* else some go in fragments */
		assert_int_equal(pair.a.n_sent, n);
		assert_int_equal(pair.b.n_sent, n);
	}
	if (!side_logged(&pair.a, chosen) || !side_logged(&pair.b, chosen))
		fail_msg("not '%s' but:\n%s", chosen, pair.a.log);
	assert_int_equal(ike_rekey(pair.a.ike, "gw-gw", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 5000);
	assert_int_equal(side_n_ike(&pair.a), 1);
	assert_int_equal(side_n_ike(&pair.b), 1);
	assert_true(pair_fits(&pair));
	pair_fini(&pair);
}

static void one_and_seven_more(void **state)
{
	(void)state;
	comes_up("aes128gcm16-prfsha256-x25519-ke1_ecp256",
		 "aes128gcm16-prfsha256-x25519-ke1_ecp256", 3, "prfsha256-x25519-ke1_ecp256");
	comes_up("aes128-sha256-x25519-ke1_ecp384-ke2_modp2048",
		 "aes128-sha256-x25519-ke1_ecp384-ke2_modp2048", 4,
		 "x25519-ke1_ecp384-ke2_modp2048");
	comes_up("aes256-aesxcbc-x25519-ke1_x448-ke2_ecp256-ke3_ecp384-ke4_ecp521-ke5_ecp256bp-"
		 "ke6_modp3072-ke7_modp2048",
		 "aes256-aesxcbc-x25519-ke1_x448-ke2_ecp256-ke3_ecp384-ke4_ecp521-ke5_ecp256bp-"
		 "ke6_modp3072-ke7_modp2048",
		 9, "ke6_modp3072-ke7_modp2048");
}

static unsigned n_followups;

static bool count_followups(struct pair *p, struct flight *f, void *arg)
{
	(void)p;
	(void)arg;
	n_followups += f->len > 18 && f->bytes[18] == EX_IKE_FOLLOWUP_KE;
	return true;
}

static void rekey_of(struct side *s)
{
	assert_int_equal(ike_rekey(s->ike, "gw-gw", pair.now_ms), 0);
	side_effects(s);
}

/* RFC 9370 2.2.4: the same key exchanges in a rekey, whoever asks. */
static void rekeys_have_them_too(void **state)
{
	(void)state;
	begin("aes128gcm16-x25519-ke1_ecp256-ke2_x448", "aes128gcm16-x25519-ke1_ecp256-ke2_x448");
	pair_up(&pair);
	pair.on_wire = count_followups;
	for (unsigned i = 1; i <= 4; i++) {
		n_followups = 0;
		rekey_of(i % 2 ? &pair.a : &pair.b);
		pair_run(&pair, 8000);
		assert_int_equal(n_followups, 4);
		assert_int_equal(side_n_ike(&pair.a), 1);
		assert_int_equal(side_n_ike(&pair.b), 1);
		assert_true(pair_fits(&pair));
	}
	assert_int_equal(ike_rekey_child(pair.a.ike, "gw-gw", "net", pair.now_ms), 0);
	side_effects(&pair.a);
	pair_run(&pair, 8000);
	assert_true(pair_fits(&pair));
	pair_fini(&pair);
}

/* Both at once, at every offset within the exchanges: one IKE SA is left in the end. */
static void crossed_rekeys_settle(void **state)
{
	(void)state;
	for (uint64_t offset_ms = 0; offset_ms < 120; offset_ms += 5) {
		begin("aes128gcm16-x25519-ke1_ecp256-ke2_x448",
		      "aes128gcm16-x25519-ke1_ecp256-ke2_x448");
		pair_up(&pair);
		pair_run(&pair, 3000);
		rekey_of(&pair.a);
		pair_run(&pair, offset_ms);
		if (ike_rekey(pair.b.ike, "gw-gw", pair.now_ms) == 0)
			side_effects(&pair.b);
		pair_run(&pair, 200000);
		assert_int_equal(side_n_ike(&pair.a), 1);
		assert_int_equal(side_n_ike(&pair.b), 1);
		assert_true(pair_fits(&pair));
		pair_fini(&pair);
	}
}

static void rekeys_survive_loss(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		pair_init(&pair, seed, "aes128gcm16-x25519-ke1_ecp256", ESP);
		pair_configure(&pair);
		pair_up(&pair);
		pair.loss = 20;
		pair.twice = 20;
		pair.jitter_ms = 50;
		rekey_of(&pair.a);
		pair_run(&pair, 160000);
		pair.loss = 0;
		pair_run(&pair, 1000);
		assert_int_equal(side_n_ike(&pair.a), 1);
		assert_int_equal(side_n_ike(&pair.b), 1);
		assert_true(pair_fits(&pair));
		pair_fini(&pair);
	}
}

static void may_be_left_out(void **state)
{
	(void)state;
	comes_up("aes128gcm16-x25519-ke1_ecp256-ke1_none", "aes128gcm16-x25519", 2, "x25519");
	comes_up("aes128gcm16-x25519", "aes128gcm16-x25519-ke1_ecp256-ke1_none", 2, "x25519");
	comes_up("aes128gcm16-x25519-ke1_ecp256,aes128gcm16-x25519", "aes128gcm16-x25519", 2,
		 "x25519");
}

/* RFC 9370 2.2.1: each method once. */
static void no_method_twice(void **state)
{
	(void)state;
	comes_up("aes128gcm16-x25519-ke1_x25519-ke1_ecp256",
		 "aes128gcm16-x25519-ke1_x25519-ke1_ecp256", 3, "x25519-ke1_ecp256");
}

static void ml_kem(void **state)
{
	(void)state;
	if (!ke_is_available(KE_ML_KEM_768))
		skip();
	comes_up("aes256gcm16-prfsha384-x25519-ke1_mlkem768",
		 "aes256gcm16-prfsha384-x25519-ke1_mlkem768", 0, "x25519-ke1_mlkem768");
	comes_up("aes256gcm16-x25519-ke1_mlkem512-ke2_mlkem1024",
		 "aes256gcm16-x25519-ke1_mlkem512-ke2_mlkem1024", 0, "ke1_mlkem512-ke2_mlkem1024");
	comes_up("aes256gcm16-mlkem768", "aes256gcm16-mlkem768", 0, "mlkem768");
}

static void not_in_common(void **state)
{
	(void)state;
	begin("aes128gcm16-x25519-ke1_ecp256", "aes128gcm16-x25519-ke1_ecp384");
	initiate();
	pair_run(&pair, 400000);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_true(side_logged(&pair.a, "NO_PROPOSAL_CHOSEN"));
	pair_fini(&pair);
}

static void loss_is_made_up_for(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		pair_init(&pair, seed, "aes128gcm16-x25519-ke1_ecp256-ke2_x448", ESP);
		pair_configure(&pair);
		pair.loss = 25;
		pair.twice = 25;
		pair.jitter_ms = 50;
		initiate();
		assert_true(pair_run_until(&pair, pair_is_up, 160000));
		pair.loss = 0;
		pair_run(&pair, 1000);
		assert_true(pair_fits(&pair));
		pair_fini(&pair);
	}
}

static void wrong_secret_is_noticed_with_them_too(void **state)
{
	(void)state;
	begin("aes128gcm16-x25519-ke1_ecp256", "aes128gcm16-x25519-ke1_ecp256");
	side_psk(&pair.b, "another one");
	initiate();
	pair_run(&pair, 400000);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_true(side_logged(&pair.a, "AUTHENTICATION_FAILED"));
	pair_fini(&pair);
}

static bool swallow_second(struct pair *p, struct flight *f, void *arg)
{
	unsigned *n = arg;

	(void)p;
	/* exchange type at 18: IKE_INTERMEDIATE */
	if (f->len > 18 && f->bytes[18] == EX_IKE_INTERMEDIATE)
		++*n;
	return *n < 2; /* nothing after its request arrives */
}

static void silence_ends_it(void **state)
{
	unsigned n = 0;

	(void)state;
	begin("aes128gcm16-x25519-ke1_ecp256", "aes128gcm16-x25519-ke1_ecp256");
	pair.on_wire = swallow_second;
	pair.arg = &n;
	initiate();
	pair_run(&pair, 400000);
	assert_true(n > 2); /* retransmitted */
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_string_equal(side_state(&pair.a), "");
	assert_string_equal(side_state(&pair.b), "");
	assert_true(side_logged(&pair.a, "does not answer IKE_INTERMEDIATE"));
	pair_fini(&pair);
}

/* RFC 9242 3.3.2: what is signed is the whole message, however many pieces it came in. */
static void in_fragments(void **state)
{
	struct ike_settings settings = ike_settings_default();

	(void)state;
	settings.fragment_size = FRAGMENT_SIZE_MIN;
	begin("aes128-sha256-x25519-ke1_modp8192-ke2_ecp256",
	      "aes128-sha256-x25519-ke1_modp8192-ke2_ecp256");
	ike_tune(pair.a.ike, &settings);
	ike_tune(pair.b.ike, &settings);
	pair_up(&pair);
	assert_true(pair_fits(&pair));
	assert_true(pair.a.n_sent > 10);
	pair_fini(&pair);
}

/* RFC 9242 3.3.1: AUTH covers both messages of it, for whichever method of authentication. */
static void what_was_exchanged_is_signed(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct ike_sa *half_open;

		begin("aes128gcm16-x25519-ke1_ecp256", "aes128gcm16-x25519-ke1_ecp256");
		initiate();
		while (!(half_open = pair.b.ike->sas) || !half_open->init ||
		       !half_open->init->n_inter)
			assert_true(pair_step(&pair));
		*(i ? half_open->init->int_i : half_open->init->int_r) ^= 1;
		pair_run(&pair, 400000);
		assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
		assert_true(side_logged(&pair.b, "authentication of peer"));
		pair_fini(&pair);
	}
}

static void set_ppk(struct side *s)
{
	struct conn *c = &s->conns[0];

	c->ppk_id = (struct ike_id){ .type = ID_KEY_ID, .len = 2, .data = "p1" };
	c->ppk_len = 6;
	memcpy(c->ppk, "secret", 6);
	c->is_ppk_required = true;
}

/* RFC 8784 with RFC 9370: the PPK goes into the keys that are there when AUTH is made. */
static void with_a_ppk(void **state)
{
	(void)state;
	pair_init(&pair, 1, "aes128gcm16-x25519-ke1_ecp256", ESP);
	set_ppk(&pair.a);
	set_ppk(&pair.b);
	pair_configure(&pair);
	pair_up(&pair);
	assert_true(pair_fits(&pair));
	assert_true(side_logged(&pair.a, "uses a PPK"));
	pair_fini(&pair);
}

/* Who leaves IKE_INTERMEDIATE out is refused, though its AUTH may be right: no downgrade. Here b
 * has agreed to more than a knows of. */
static void skipping_is_refused(void **state)
{
	struct ike_sa *half_open;

	(void)state;
	begin("aes128gcm16-x25519", "aes128gcm16-x25519-ke1_ecp256-ke1_none");
	initiate();
	while (!(half_open = pair.b.ike->sas) || half_open->state != ST_INIT_REPLIED)
		assert_true(pair_step(&pair));
	struct transform *t = &half_open->chosen.transforms[half_open->chosen.n_transforms++];
	*t = (struct transform){ .type = TRANSFORM_ADDKE1, .id = KE_ECP_256 };
	pair_run(&pair, 400000);
	assert_int_equal(side_n_sas(&pair.a) + side_n_sas(&pair.b), 0);
	assert_true(side_logged(&pair.b, "left out a key exchange"));
	pair_fini(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_and_seven_more),
		cmocka_unit_test(rekeys_have_them_too),
		cmocka_unit_test(crossed_rekeys_settle),
		cmocka_unit_test(rekeys_survive_loss),
		cmocka_unit_test(may_be_left_out),
		cmocka_unit_test(no_method_twice),
		cmocka_unit_test(ml_kem),
		cmocka_unit_test(not_in_common),
		cmocka_unit_test(loss_is_made_up_for),
		cmocka_unit_test(wrong_secret_is_noticed_with_them_too),
		cmocka_unit_test(silence_ends_it),
		cmocka_unit_test(in_fragments),
		cmocka_unit_test(skipping_is_refused),
		cmocka_unit_test(what_was_exchanged_is_signed),
		cmocka_unit_test(with_a_ppk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
